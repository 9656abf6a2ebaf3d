# SPDX-License-Identifier: Apache-2.0
"""Results of `report`: the page for people, and all that it says."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .base import Result, table
from .certificates import Claims, Transition
from .models import AdapterNames, TiedAlias


@dataclass(frozen=True, kw_only=True)
class StatedClaims(Result):
    """What a certificate's file says of itself, true or not."""

    base_identity: str
    tuned_commitment: str
    policy_name: str
    policy_digest: str


@dataclass(frozen=True, kw_only=True)
class CoverageShare(Result):
    """A part of a model: numbers of tensors and of weights."""

    tensors: int
    parameters: int


@dataclass(frozen=True, kw_only=True)
class ReportCoverage(Result):
    """What may have changed within bounds that are proved, what is identical, and what nothing is said about."""

    proved: CoverageShare
    identical: CoverageShare
    excluded: CoverageShare


@dataclass(frozen=True, kw_only=True)
class ReportedRule(Result):
    """A rule in words, and what stays possible within it."""

    rule: int
    pattern: str
    allows: str
    tensors: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportedTensor(Result):
    """A tensor and its rule's bounds in words; `largest_norm` is the largest change's norm, None where unbounded."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    class_: str
    rule: int
    allows: str
    largest_norm: float | None


@dataclass(frozen=True, kw_only=True)
class ReportedCertificate(Result):
    """One certificate of a page. From `verification` on, None where it could not be verified."""

    file: str
    sha256: str
    verified: bool
    verdict: str
    sentence: str
    advice: tuple[str, ...]
    reason: str | None
    exit_code: int
    policy_source: str
    claims: StatedClaims | None
    chain: Mapping[str, Any] | None
    measured: Mapping[str, Any] | None
    verification: Claims | None = None
    transition: Transition | None = None
    verify_seconds: float | None = None
    coverage: ReportCoverage | None = None
    rules: tuple[ReportedRule, ...] | None = None
    total_norm: float | None = None
    base_norm: float | None = None
    remarks: tuple[str, ...] | None = None
    tensors: tuple[ReportedTensor, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Report(Result):
    """A page about certificates, written to `out`; notebooks show it."""

    verified: bool
    reason: str | None
    out: str
    bytes: int
    certificates: tuple[ReportedCertificate, ...]
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None

    def html(self) -> str:
        """The page, one HTML document that needs nothing else."""
        return Path(self.out).read_text(encoding="utf-8")

    def _repr_html_(self) -> str:
        try:
            page = self.html()
        except OSError:
            return table("Report", {each.file: each.verdict for each in self.certificates})
        # A frame of its own: the page's styles stay inside it, and it cannot reach the notebook.
        return (
            '<iframe sandbox="allow-scripts" style="width:100%;height:40em;border:1px solid #8888" '
            f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
        )
