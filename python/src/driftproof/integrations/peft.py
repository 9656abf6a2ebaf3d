# SPDX-License-Identifier: Apache-2.0
"""Certificates of models that `peft` adapts: of the adapter as it is, or of the merged model."""

import re
from pathlib import Path
from typing import Any

from .. import _models
from .._process import PathLike
from .bundle import Certified, Policy, certify

__all__ = ["certify_adapter", "certify_merged", "lora_policy"]


def _peft_model(model: Any) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ImportError("driftproof.integrations.peft needs peft: pip install 'driftproof[peft]'") from error
    if not isinstance(model, PeftModel):
        raise TypeError(f"a peft.PeftModel is expected, not {type(model).__name__}")
    return model


def _base(model: Any, base: PathLike | None) -> PathLike:
    if base is not None:
        return base
    name = str(getattr(model.get_base_model(), "name_or_path", "") or "")
    if name and Path(name).is_dir():
        return name
    raise ValueError(f"where is the base? The model was loaded from {name!r}, which is no folder: give base=FOLDER")


def _save(model: Any, folder: Path) -> None:
    if folder.exists():
        raise FileExistsError(f"{folder}: exists already; an adapter of another run in it would be certified")
    if list(model.peft_config) != ["default"]:
        raise ValueError(
            f"one adapter named 'default' is expected, found {sorted(model.peft_config)}: save the one you mean, and "
            "call driftproof.integrations.certify(folder, kind='adapter')"
        )
    model.save_pretrained(folder)


def lora_policy(model: Any, *, name: str | None = None, residual: float | None = None) -> dict[str, Any]:
    """A policy that allows what this LoRA adapter's settings allow: rank r in the adapted matrices, nothing else.

    Numbers of layers are replaced by `*` where all layers agree. It bounds no norm; add one before others rely on it.

    Args:
        model: a `peft.PeftModel` with one LoRA adapter.
        name: the policy's name.
        residual: for the merged model, what rounding may leave beside the rank, as a fraction of each matrix's norm
            (about 0.003 for bf16, 1e-6 for f32). None for the adapter itself, which needs none.
    """
    model = _peft_model(model)
    ranks: dict[str, int] = {}
    for path, module in model.get_base_model().named_modules():
        r = getattr(module, "r", None)
        if isinstance(r, dict) and "default" in r and getattr(module, "base_layer", None) is not None:
            ranks[f"{path}.weight"] = int(r["default"])
    if not ranks:
        raise ValueError("no module of this model has a LoRA adapter named 'default'")
    patterns: dict[str, set[int]] = {}
    for tensor, rank in ranks.items():
        patterns.setdefault(re.sub(r"(?<=\.)\d+(?=\.)", "*", tensor), set()).add(rank)
    # An adapter on some layers only must not open the others.
    names = [re.sub(r"\.base_layer\.weight$", ".weight", key) for key, _ in model.get_base_model().named_parameters()]
    allowed: dict[str, int] = {}
    for pattern, found in patterns.items():
        expression = re.compile(re.escape(pattern).replace(r"\*", ".*"))
        matching = {each for each in names if expression.fullmatch(each)}
        if len(found) == 1 and matching <= ranks.keys():
            allowed[pattern] = found.pop()
        else:
            allowed.update({each: rank for each, rank in ranks.items() if expression.fullmatch(each)})

    def clause(rank: int) -> dict[str, Any]:
        return {"rank": rank} if residual is None else {"rank": rank, "residual": {"relative": residual}}

    rules: list[dict[str, Any]] = [{"tensors": each, "allow": clause(rank)} for each, rank in sorted(allowed.items())]
    return {
        "driftPolicy": 1,
        "name": name or f"LoRA of rank {max(ranks.values())}",
        "securityBits": 128,
        "rules": [*rules, {"tensors": "*", "allow": "frozen"}],
    }


def certify_adapter(
    model: Any, folder: PathLike, *, policy: Policy | None = None, base: PathLike | None = None, **options: Any
) -> Certified:
    """Saves the adapter of a `peft.PeftModel` and certifies it unmerged: the work grows with the adapter, not the base.

    Args:
        folder: where the adapter is saved; it must not exist.
        policy: `lora_policy(model)` unless given. Others should hold it to one of their own.
        base: the base checkpoint; without it the folder that the base was loaded from.
        options: as for `driftproof.integrations.certify`.
    """
    model, place = _peft_model(model), Path(folder)
    policy = lora_policy(model) if policy is None else policy
    _save(model, place)
    return certify(place, base=_base(model, base), policy=policy, kind="adapter", **options)


def certify_merged(
    model: Any,
    folder: PathLike,
    *,
    policy: Policy,
    adapter: PathLike,
    base: PathLike | None = None,
    bounds_rounding: bool = False,
    **options: Any,
) -> Certified:
    """Saves the adapter, merges it with `driftproof.merge` (rounded once, the same everywhere), certifies the result.

    Args:
        folder: where the merged model is written; it must not exist.
        policy: must leave room for rounding, such as `lora_policy(model, residual=0.003)`.
        adapter: where the adapter is saved; it must not exist.
        bounds_rounding: the policy has rounding bounds: the adapter helps to prove it, and `identity` must be one of
            `driftproof.identify(commit=True)`.
        options: as for `driftproof.integrations.certify`.
    """
    model, place = _peft_model(model), Path(folder)
    origin = _base(model, base)
    _save(model, Path(adapter))
    _models.merge(origin, adapter, place)
    return certify(
        place, base=origin, policy=policy, kind="merge", adapter=adapter if bounds_rounding else None, **options
    )
