# SPDX-License-Identifier: Apache-2.0
"""Results about models: identities, inspections, calibrations, merges, digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .base import Result, table


@dataclass(frozen=True, kw_only=True)
class TiedAlias(Result):
    """A tied output layer `head` that is the same as `embedding`; `stored` where the file has it nevertheless."""

    head: str
    embedding: str
    stored: bool


@dataclass(frozen=True, kw_only=True)
class NameMapping(Result):
    """A part of names in the adapter, and what it is in the base."""

    adapter: str
    base: str


@dataclass(frozen=True, kw_only=True)
class AdapterNames(Result):
    """How an adapter's names were read: the `scheme`, such as "PEFT", and what was replaced."""

    scheme: str
    mapping: tuple[NameMapping, ...]


@dataclass(frozen=True, kw_only=True)
class Identity(Result):
    """A base's identity, written to `out`.

    Attributes:
        base_identity: its root, 64 hexadecimal digits.
        linked_root: with `commit`, the root that also commits to every weight; None without.
        linked_tensors: how many tensors it commits to.
        tensors_without_norm: tensors with NaN, infinity or weights beyond 2^41, which can only be frozen or excluded.
        bytes: size of the file.
        proofs_allowed: with `hiding`, how many proofs the `opening` may be used for.
        opening: with `hiding`, where the secret opening is.
    """

    base_identity: str
    linked_root: str | None
    linked_tensors: int
    tensors_without_norm: int
    tensors: int
    parameters: int
    out: str
    bytes: int
    files_left_out: tuple[str, ...]
    proofs_allowed: int | None = None
    opening: str | None = None


@dataclass(frozen=True, kw_only=True)
class RankResidual(Result):
    """The norm of what the best approximation of `rank` leaves of the drift."""

    rank: int
    residual: float


@dataclass(frozen=True, kw_only=True)
class KroneckerFinding(Result):
    """The change is a sum of `terms` Kronecker products with second factors of `inner` rows and columns, but for
    `residual`, a norm, which is `residual_of_base` of the base's."""

    terms: int
    inner: tuple[int, ...]
    residual: float
    residual_of_base: float | None


@dataclass(frozen=True, kw_only=True)
class CirculantFinding(Result):
    """The change has circulant blocks of `block` rows, but for `residual`, a norm, which is `residual_of_base` of the
    base's."""

    block: int
    residual: float
    residual_of_base: float | None


@dataclass(frozen=True, kw_only=True)
class TensorInspection(Result):
    """How one tensor changed. None stands where something does not apply, such as the rank of a vector.

    Attributes:
        shape, tuned_shape: as stored; `rows` x `columns` is the matrix that the tuned tensor is read as.
        status: "identical", "drifted", "belowPrecision", "bytesDiffer" or "notEncodable" (then `problem` says why).
        base_norm, drift_norm: Frobenius norms of W and of the change; `relative_drift` is their ratio.
        max_drift: the largest change of one weight; `max_share_of_weight` the largest as a fraction of its base weight.
        rank: the smallest of 1, 2, 4, ..., 64 that explains the drift; `residual` is the norm of what it leaves,
            `residual_of_drift` and `residual_of_base` that as fractions, `largest_residual` its largest entry.
        unit: the step in which weights of this tensor are encoded.
        kronecker: where the drift is a sum of few Kronecker products of sizes as LoKr cuts them.
        circulant: where the drift has circulant blocks, the largest of which it has any.
        pattern: "n:m" where at most n of every m neighbours in a row changed, the tightest such.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    tuned_dtype: str
    tuned_shape: tuple[int, ...]
    added_rows: int
    common_norm: float | None
    rows: int
    columns: int
    status: str
    base_norm: float | None
    drift_norm: float | None
    relative_drift: float | None
    max_drift: float | None
    max_share_of_weight: float | None
    changed_entries: int | None
    changed_rows: int | None
    changed_columns: int | None
    rank: int | None
    residual: float | None
    residual_of_drift: float | None
    residual_of_base: float | None
    largest_residual: float | None
    residuals: tuple[RankResidual, ...] | None
    unit: float | None
    kronecker: KroneckerFinding | None
    circulant: CirculantFinding | None
    pattern: str | None
    zeros: int | None
    refilled_zeros: int | None
    unit_is_coarse: bool
    rank_claim_is_weak: bool
    warning: str | None
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class LoneTensor(Result):
    """A tensor that only one side has."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class MismatchedTensor(Result):
    """A tensor whose shape or type is another one on the other side."""

    name: str
    base_dtype: str
    tuned_dtype: str
    base_shape: tuple[int, ...]
    tuned_shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NamePrefix(Result):
    """`names` names `of` one side ("base" or "tuned") begin with `parts` that the other's do not have."""

    of: str
    parts: tuple[str, ...]
    names: int


@dataclass(frozen=True, kw_only=True)
class InspectionTotal(Result):
    """All compared tensors together; norms are None where none was measured."""

    tensors: int
    changed_tensors: int
    parameters: int
    not_compared_tensors: int
    base_norm: float | None
    drift_norm: float | None
    relative_drift: float | None


@dataclass(frozen=True, kw_only=True)
class Inspection(Result):
    """How a tuned checkpoint differs from its base."""

    tensors: tuple[TensorInspection, ...]
    missing: tuple[LoneTensor, ...]
    added: tuple[LoneTensor, ...]
    reshaped: tuple[MismatchedTensor, ...]
    recast: tuple[MismatchedTensor, ...]
    missing_count: int
    added_count: int
    prefix: NamePrefix | None
    notes: tuple[str, ...]
    total: InspectionTotal
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None

    def _repr_html_(self) -> str:
        rows: dict[str, object] = {}
        for tensor in self.tensors:
            drift = "" if tensor.relative_drift is None else f", {tensor.relative_drift:.4g} of the base's norm"
            rank = "" if tensor.rank is None else f", rank {tensor.rank}"
            rows[tensor.name] = f"{tensor.dtype} {list(tensor.shape)}: {tensor.status}{drift}{rank}"
        total = self.total
        return table(f"{total.changed_tensors} of {total.tensors} tensors changed", rows)


@dataclass(frozen=True, kw_only=True)
class AdapterProduct(Result):
    """One module of an adapter: `scale` * B A is `rows` x `columns`; `norm` is that product's norm. With `inner`, rows
    and columns of W2, it is `scale` * (W1 kron W2), and `rank` what its form allows at most."""

    name: str
    rows: int
    columns: int
    rank: int
    inner: tuple[int, ...] | None
    scale: float
    base_norm: float | None
    norm: float
    relative_norm: float | None


@dataclass(frozen=True, kw_only=True)
class AdapterInspection(Result):
    """What an unmerged adapter adds: products, and the tensors that it holds as a whole."""

    products: tuple[AdapterProduct, ...]
    replaced: tuple[str, ...]
    wholes: tuple[TensorInspection, ...]
    norm: float
    whole_norm: float | None
    files_left_out: tuple[str, ...]
    adapter_names: AdapterNames | None


@dataclass(frozen=True, kw_only=True)
class ReferenceRun(Result):
    """A reference fine-tune: its drift, and that as a fraction of the base's norm."""

    path: str
    changed_tensors: int
    drift_norm: float | None
    relative_drift: float | None


@dataclass(frozen=True, kw_only=True)
class DriftDistribution(Result):
    """The runs' drift of a group, as a fraction of each tensor's norm if `relative`."""

    relative: bool
    minimum: float
    median: float
    maximum: float


@dataclass(frozen=True, kw_only=True)
class Admitted(Result):
    """What the bounds admit and what a run had, for the tensor where that ratio is largest."""

    tensor: str
    admitted: float
    seen: float
    ratio: float | None


@dataclass(frozen=True, kw_only=True)
class AdmittedFigures(Result):
    """What a group's bounds admit beyond the runs."""

    norm: Admitted | None
    spectral_norm: Admitted | None
    rank: Admitted | None
    entries: Admitted | None
    residual: Admitted | None


@dataclass(frozen=True, kw_only=True)
class Group(Result):
    """Tensors that share a rule. `allow` is the rule's value as in a policy file."""

    patterns: tuple[str, ...]
    tensors: tuple[str, ...]
    dtype: str
    parameters: int
    form: str
    allow: Any
    drift: DriftDistribution | None
    admitted: AdmittedFigures


@dataclass(frozen=True, kw_only=True)
class CalibrationWarning(Result):
    """What to look at before the policy is used."""

    kind: str
    pattern: str | None
    tensor: str | None
    admitted: float | None
    seen: float | None
    message: str


@dataclass(frozen=True, kw_only=True)
class Calibration(Result):
    """A policy from reference fine-tunes: `policy` is the file's content, `out` where it was written."""

    margin: float
    runs: tuple[ReferenceRun, ...]
    groups: tuple[Group, ...]
    frozen_tensors: int
    warnings: tuple[CalibrationWarning, ...]
    policy: Mapping[str, Any]
    out: str | None
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None


@dataclass(frozen=True, kw_only=True)
class GrownRows(Result):
    """A tensor to which the adapter added rows."""

    tensor: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Merge(Result):
    """A merged model, written to `out`.

    Attributes:
        merged, replaced, copied: numbers of tensors.
        bytes: of all weight files together.
        companions: other files that were copied beside the weights; `left_behind` those that were not.
    """

    merged: int
    replaced: int
    copied: int
    weight_files: tuple[str, ...]
    bytes: int
    companions: tuple[str, ...]
    left_behind: tuple[str, ...]
    grown: tuple[GrownRows, ...]
    out: str
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None


@dataclass(frozen=True, kw_only=True)
class FileDigest(Result):
    """One file of a model: its path below the folder, SHA-256 in hexadecimal, size."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Digest(Result):
    """The digest of a model's files as OpenSSF Model Signing computes it, 64 hexadecimal digits."""

    model_digest: str
    name: str
    bytes: int
    files: tuple[FileDigest, ...]


@dataclass(frozen=True, kw_only=True)
class PolicyDraft(Result):
    """A commented policy for a base, from a preset: `policy` is the file's text, `out` where it was written."""

    preset: str
    policy: str
    files_left_out: tuple[str, ...]
    out: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExplainedRule(Result):
    """A rule in words, the tensors that it decides, what is wrong with it, and what stays possible within it."""

    rule: int
    pattern: str
    allows: str
    tensors: tuple[str, ...]
    problem: str | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExplainedTensor(Result):
    """A tensor and what its rule allows: `largest_norm` of its change, None where unbounded; `base_norm` of itself."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    rule: int | None
    allows: str
    base_norm: float | None
    largest_norm: float | None


@dataclass(frozen=True, kw_only=True)
class PolicyExplanation(Result):
    """What a policy gives each tensor of a base, and what it leaves open.

    Attributes:
        assume: what proofs may rest on besides hashes, such as "bls12-381"; None for nothing.
        resolves: whether `prove` would accept the policy for this base; `problems` says why not.
        total_norm: the bound on all changes together; None without one. `base_norm` is that of the whole base.
    """

    policy_name: str
    assume: str | None
    resolves: bool
    problems: tuple[str, ...]
    rules: tuple[ExplainedRule, ...]
    tensors: tuple[ExplainedTensor, ...]
    total_norm: float | None
    base_norm: float | None
    remarks: tuple[str, ...]
    files_left_out: tuple[str, ...]
