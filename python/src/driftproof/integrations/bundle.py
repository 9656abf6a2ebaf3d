# SPDX-License-Identifier: Apache-2.0
"""A certificate with everything that is needed to verify it, in a folder beside the model.

    MODEL/                         the model or adapter; nothing is added but its model card
    MODEL.driftproof/              to be published
        tuned.drift                the certificate
        base.identity.json         the base's identity
        policy.json                the policy
        report.html                a page for people
        tuned.intoto.jsonl         the signed statement, with a key
    SECRETS/MODEL.opening.secret   never to be published

The folder stands beside the model: a file more inside it would change the digest of the model's files.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import _certificates, _models
from .._process import PathLike
from ..progress import CancelToken, ProgressOption
from ..results import Attested, Proof, Report, Verification
from .card import write_facts

Policy = PathLike | Mapping[str, Any]

CERTIFICATE = "tuned.drift"
IDENTITY = "base.identity.json"
POLICY = "policy.json"
REPORT = "report.html"
ATTESTATION = "tuned.intoto.jsonl"


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A model and its certificate.

    Attributes:
        model: the model's or adapter's folder.
        folder: what is to be published beside it.
        opening: the secret opening; `driftproof.check` needs it. Never publish it.
        relation: what the model is to its base: "finetune", "adapter", "merge" or "quantized".
        attested: the signed statement; None without a key.
    """

    model: Path
    folder: Path
    opening: Path
    relation: str
    proof: Proof
    verification: Verification
    report: Report
    attested: Attested | None = None

    @property
    def certificate(self) -> Path:
        return self.folder / CERTIFICATE

    @property
    def identity(self) -> Path:
        return self.folder / IDENTITY

    @property
    def policy(self) -> Path:
        return self.folder / POLICY

    @property
    def attestation(self) -> Path | None:
        return self.folder / ATTESTATION if self.attested is not None else None

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def beside(model: PathLike, suffix: str) -> Path:
    """`MODEL.suffix`, next to the model."""
    place = Path(model).absolute()
    return place.parent / f"{place.name}.{suffix}"


def _write_policy(policy: Policy, place: Path) -> None:
    if isinstance(policy, Mapping):
        place.write_text(json.dumps(policy, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        shutil.copyfile(policy, place)


def _secret_place(model: Path, secrets: PathLike | None) -> Path:
    """A place for a new opening; a folder for it is closed to others. One that is there is another certificate's."""
    folder = beside(model.parent, "secrets") if secrets is None else Path(secrets).absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / f"{model.name}.opening.secret"
    if place.exists():
        raise FileExistsError(
            f"{place}: the opening of an earlier certificate of {model.name}; move both away, or name another folder"
        )
    return place


def certify(
    model: PathLike,
    *,
    base: PathLike,
    policy: Policy,
    kind: str = "finetune",
    adapter: PathLike | None = None,
    identity: PathLike | None = None,
    folder: PathLike | None = None,
    secrets: PathLike | None = None,
    key: PathLike | None = None,
    base_model: str | None = None,
    model_card: bool = True,
    cross_check: bool = False,
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
) -> Certified:
    """Certifies a saved model, verifies the certificate as a stranger would, and writes the folder beside the model.

    Args:
        model: the saved model, or with `kind` "adapter" the saved adapter.
        base: the base checkpoint, a folder or a `.safetensors` file.
        policy: a policy file, or its content.
        kind: "finetune", "adapter", "merge" or "quantized": the relation to the base, in the Hub's vocabulary.
        adapter: beside a merged model, the adapter that was merged, for policies that bound roundings.
        identity: the base's identity file, if known; its owner's is better than one made here.
        folder: what is published; `MODEL.driftproof` beside the model unless given. It must not have a certificate yet.
        secrets: where the opening is kept, with the model's name; beside the model's parent folder unless given, so
            that an upload of that folder does not take it along.
        key: also sign a statement, with this private key (PEM). Its subject has the digest of the model's files.
        base_model: the base's name on the Hub, for the model card and the statement.
        model_card: write the facts into the model's README.md.
        cross_check: verify with the independent verifier, too.

    Raises:
        PolicyViolated and the other errors of `driftproof.prove`: no certificate is written.
        FileExistsError: there is a certificate of this model already.
    """
    model = Path(model).absolute()
    place = beside(model, "driftproof") if folder is None else Path(folder).absolute()
    if (place / CERTIFICATE).exists():
        raise FileExistsError(
            f"{place / CERTIFICATE}: there is a certificate already; move it away, or name another folder"
        )
    opening = _secret_place(model, secrets)
    place.mkdir(parents=True, exist_ok=True)
    _write_policy(policy, place / POLICY)
    if identity is None:
        _models.identify(base, place / IDENTITY, leave_out=leave_out, progress=progress, cancel=cancel)
    elif not (place / IDENTITY).exists() or not os.path.samefile(identity, place / IDENTITY):
        shutil.copyfile(identity, place / IDENTITY)
    is_adapter = kind == "adapter"
    proof = _certificates.prove(
        base,
        None if is_adapter else model,
        adapter=model if is_adapter else adapter,
        policy=place / POLICY,
        identity=place / IDENTITY,
        out=place / CERTIFICATE,
        opening=opening,
        leave_out=leave_out,
        progress=progress,
        cancel=cancel,
    )
    common: dict[str, Any] = {"base_identity": place / IDENTITY, "progress": progress, "cancel": cancel}
    verification = _certificates.verify(place / CERTIFICATE, policy=place / POLICY, cross_check=cross_check, **common)
    report = _certificates.report(place / CERTIFICATE, policy=place / POLICY, out=place / REPORT, **common)
    if model_card and model.is_dir():
        write_facts(model, place / CERTIFICATE, verification, relation=kind, base_model=base_model)
    attested = None
    if key is not None:
        # Last: the statement's digest is of the files as they are now.
        attested = _certificates.attest(
            place / CERTIFICATE,
            key=key,
            out=place / ATTESTATION,
            tuned=model,
            base=base,
            opening=opening,
            base_uri=None if base_model is None else f"pkg:huggingface/{base_model}",
            relation=kind,  # type: ignore[arg-type]
            leave_out=leave_out,
            **common,
        )
    return Certified(
        model=model,
        folder=place,
        opening=opening,
        relation=kind,
        proof=proof,
        verification=verification,
        report=report,
        attested=attested,
    )
