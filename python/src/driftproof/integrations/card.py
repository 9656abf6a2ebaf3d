# SPDX-License-Identifier: Apache-2.0
"""The facts of a certificate in a model card: members of its metadata, and a section of its text."""

import hashlib
import re
from pathlib import Path
from typing import Any

from .._process import PathLike
from ..results import Verification

BEGIN, END = "<!-- driftproof:begin -->", "<!-- driftproof:end -->"


def _plain(text: str) -> str:
    """Text of a policy, whose writer is not the card's, as Markdown that shows it and means nothing else."""
    return re.sub(r"([\\`*_{}\[\]<>|#!~&])", r"\\\1", " ".join(text.split()))


def facts(certificate: PathLike, verification: Verification) -> dict[str, Any]:
    """The members under `drift_certificate` in a card's metadata."""
    place = Path(certificate)
    return {
        "file": place.name,
        "sha256": hashlib.sha256(place.read_bytes()).hexdigest(),
        "base_identity": verification.base_identity,
        "tuned_commitment": verification.tuned_commitment,
        "policy": {"name": verification.policy_name, "digest": verification.policy_digest},
        "security_bits": verification.security_bits,
        "proves_nothing": verification.proves_nothing,
        "coverage": {
            "proved": verification.certified_parameters,
            "identical": verification.frozen_parameters,
            "excluded_tensors": list(verification.coverage.excluded),
        },
    }


def section(certificate: PathLike, verification: Verification) -> str:
    """The section for people, between two marks by which it is found again."""
    name = Path(certificate).name
    bits = verification.security_bits
    excluded = verification.coverage.excluded
    lines = [
        BEGIN,
        "## Drift certificate",
        "",
        f"`{name}` proves, without showing the weights, that this model differs from its base only as the policy "
        f"“{_plain(verification.policy_name)}” allows.",
        "",
        "| | |",
        "|---|---|",
        f"| base identity | `{verification.base_identity}` |",
        f"| tuned commitment | `{verification.tuned_commitment}` |",
        f"| policy | `{verification.policy_digest}` |",
        f"| parameters | {verification.certified_parameters:,} within proved bounds, "
        f"{verification.frozen_parameters:,} identical |",
    ]
    if bits is not None:
        lines.append(f"| soundness | {int(bits * 10) / 10} bits |")
    if excluded:
        lines.append(f"| **not covered** | {len(excluded)} tensors: {_plain(', '.join(excluded[:8]))}"
                     f"{' …' if len(excluded) > 8 else ''} |")  # fmt: skip
    if verification.proves_nothing:
        lines.append("| **note** | this policy proves nothing |")
    lines += [
        "",
        "Verify it with a base identity from someone you trust:",
        "",
        f"    driftproof verify {name} --base-identity base.identity.json --policy policy.json",
        "",
        "The certificate is about weights. Whether these files are the certified ones, a signed attestation says, or a",
        "check with the opening.",
        END,
    ]
    return "\n".join(lines)


def write_facts(
    model: PathLike,
    certificate: PathLike,
    verification: Verification,
    *,
    relation: str = "finetune",
    base_model: str | None = None,
) -> Path:
    """Writes the facts into a model's README.md, beside what is there; a second call replaces the first one's.

    Args:
        model: the model's folder.
        certificate: the file that `verification` is about.
        relation: `base_model_relation` of the card: "finetune", "adapter", "merge" or "quantized".
        base_model: `base_model` of the card, a name on the Hub; what the card says already stays without it.
    """
    from huggingface_hub import ModelCard, ModelCardData

    place = Path(model) / "README.md"
    if place.exists():
        card = ModelCard(place.read_text(encoding="utf-8"), ignore_metadata_errors=False)
    else:
        card = ModelCard(f"---\n{ModelCardData().to_yaml()}\n---\n\n# {_plain(Path(model).name)}\n")
    data: Any = card.data
    if base_model is not None:
        data["base_model"] = base_model
    data["base_model_relation"] = relation
    data["tags"] = [*dict.fromkeys([*(data.get("tags") or []), "drift-certificate"])]
    data["drift_certificate"] = facts(certificate, verification)
    text, new = card.text, section(certificate, verification)
    if BEGIN in text and END in text:
        text = re.sub(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: new, text, count=1, flags=re.DOTALL)
    else:
        text = text.rstrip() + "\n\n" + new + "\n"
    card.text = text
    card.content = f"---\n{data.to_yaml()}\n---\n{text}"
    card.save(place)
    return place
