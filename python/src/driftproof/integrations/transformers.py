# SPDX-License-Identifier: Apache-2.0
"""A callback that certifies the trained model when `transformers.Trainer` is done."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .._process import PathLike
from ..errors import DriftProofError
from ..progress import ProgressOption
from .bundle import Certified, Policy, certify

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from transformers import TrainerCallback
else:
    try:
        from transformers import TrainerCallback
    except ImportError as error:
        raise ImportError(
            "driftproof.integrations.transformers needs transformers: pip install 'driftproof[transformers]'"
        ) from error


def _unwrapped(model: Any) -> Any:
    """The model inside the wrappers of data parallelism and `torch.compile`."""
    while True:
        inner = getattr(model, "module", None) if type(model).__name__.endswith("DataParallel") else None
        inner = inner if inner is not None else getattr(model, "_orig_mod", None)
        if inner is None:
            return model
        model = inner


def _is_adapter(model: Any) -> bool:
    """Whether saving writes an adapter and no whole model, as a `peft.PeftModel` does."""
    return hasattr(model, "peft_config") and hasattr(model, "get_base_model")


class DriftProofCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Saves the model at the end of training, certifies it, and writes the certificate beside it.

    The model is saved into `OUTPUT_DIR/certified` as it is in memory then: the best one with `load_best_model_at_end`.
    Of a `peft` model that is the adapter, and the certificate is about the adapter. The model card gets the facts.

        trainer = Trainer(..., callbacks=[DriftProofCallback(base="base", policy="policy.json")])
        trainer.train()
        trainer.callback_handler.callbacks[-1].certified.verification

    Args:
        base: the base checkpoint on disk; without it the folder that the model was loaded from.
        policy: a policy file, or its content.
        folder: where the model is saved in place of `OUTPUT_DIR/certified`. It must not exist.
        on_failure: "raise" lets `train()` fail where the model is not certified (it is saved all the same); "warn"
            writes the reason into the log and into `error`.
        others: as for `driftproof.integrations.certify`.

    Attributes:
        certified: the certificate; None before the end, after a failure, and in all processes but the first.
        error: why there is none.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        base: PathLike | None = None,
        folder: PathLike | None = None,
        identity: PathLike | None = None,
        secrets: PathLike | None = None,
        key: PathLike | None = None,
        base_model: str | None = None,
        model_card: bool = True,
        cross_check: bool = False,
        leave_out: Iterable[str] = (),
        on_failure: Literal["raise", "warn"] = "raise",
        progress: ProgressOption = None,
    ) -> None:
        if on_failure not in ("raise", "warn"):
            raise ValueError(f"on_failure: 'raise' or 'warn' is expected, not {on_failure!r}")
        self.base = base
        self.folder = folder
        self.on_failure = on_failure
        self.options: dict[str, Any] = {
            "policy": policy,
            "identity": identity,
            "secrets": secrets,
            "key": key,
            "base_model": base_model,
            "model_card": model_card,
            "cross_check": cross_check,
            "leave_out": tuple(leave_out),
            "progress": progress,
        }
        self.certified: Certified | None = None
        self.error: Exception | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Finds what would fail at the end before anything is trained."""
        if getattr(args, "deepspeed", None) or getattr(args, "fsdp", None):
            raise ValueError(
                "DriftProofCallback saves the model from one process, which has only a part under DeepSpeed or FSDP; "
                "save it with trainer.save_model() and call driftproof.integrations.certify"
            )
        place = self._place(args)
        if state.is_world_process_zero and place.exists():
            raise FileExistsError(f"{place}: exists already; move it away, or give DriftProofCallback another folder")
        if state.is_world_process_zero:
            self._base(_unwrapped(kwargs["model"]))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        model, place = _unwrapped(kwargs["model"]), self._place(args)
        # What cannot be saved is lost: that fails in any case.
        model.save_pretrained(place)
        processor = kwargs.get("processing_class")
        if processor is not None:
            processor.save_pretrained(place)
        try:
            kind = "adapter" if _is_adapter(model) else "finetune"
            self.certified = certify(place, base=self._base(model), kind=kind, **self.options)
        except (DriftProofError, OSError, ValueError) as error:
            self.error = error
            if self.on_failure == "raise":
                raise
            log.warning("the model in %s is NOT certified: %s", place, error)

    def _place(self, args: Any) -> Path:
        return Path(self.folder) if self.folder is not None else Path(args.output_dir) / "certified"

    def _base(self, model: Any) -> PathLike:
        if self.base is not None:
            return self.base
        inner = model.get_base_model() if _is_adapter(model) else model
        name = str(getattr(inner, "name_or_path", "") or "")
        if name and Path(name).is_dir():
            return name
        raise ValueError(f"where is the base? The model was loaded from {name!r}, which is no folder: give base=FOLDER")
