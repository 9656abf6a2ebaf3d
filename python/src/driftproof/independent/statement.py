# SPDX-License-Identifier: Apache-2.0
"""The statement that the argument proves, and its canonical bytes (format.md, "Statement")."""

from dataclasses import dataclass, field

from .field import Cubic
from .parameters import CodeParameters
from .policy import NO_SPARSE, OF_BASE, OF_DRIFT
from .wire import i64, sha256, text, u8, u16, u64

#: H_d of a bound of E's entries in a statement without rounding claims is 2^29 (protocol.md, section 4).
PLAIN_HALF_RANGE = 1 << 29


@dataclass(frozen=True)
class EntryClaim:
    """A bound of every entry (τ² alone), or a rounding claim with its constants (protocol.md, section 4)."""

    tau_squared: int
    is_rounding: bool = False
    w: int = 0
    e: int = 1
    beta: int = 0
    classes: int = 0
    tuned: int = 0
    base: int = 0
    update: int = 0
    half_range: int = PLAIN_HALF_RANGE

    @property
    def has_classes(self) -> bool:
        return self.classes > 0

    @property
    def kind(self) -> int:
        """Of a rounding claim: 1 with classes, 0 relative to weights otherwise, 2 of a bound by a number."""
        if self.has_classes:
            return 1
        return 0 if self.tuned or self.base or self.update else 2


@dataclass(frozen=True)
class StructuredClause:
    """A sum of a rank, a sparse part and a residual. `bound` are limbs of N; without bound and claim it is exact."""

    rank: int = 0
    sparse: int = NO_SPARSE
    count: int = 0
    scale: int = 0
    bound: tuple[int, ...] | None = None
    entry_claim: EntryClaim | None = None
    #: Logs of rows and columns of a Kronecker product's inner factor; None where the rank is the matrix' own.
    blocks: tuple[int, int] | None = None
    #: Log of the rows of circulant blocks; 0 for none.
    circulant: int = 0

    @property
    def is_exact(self) -> bool:
        return self.bound is None and self.entry_claim is None


@dataclass(frozen=True)
class PatternClaim:
    """N of 2^log_group neighbours of drift or tuned weights; or the base's zeros (0, 0)."""

    form: int
    count: int = 0
    log_group: int = 0

    @property
    def is_of_weights(self) -> bool:
        return self.form != OF_DRIFT

    @property
    def has_groups(self) -> bool:
        return self.form != OF_BASE


@dataclass(frozen=True)
class BasePlace:
    """Where the base's tableau has a tensor: tree, row, whether it shares the row, and its offset there."""

    tree: int
    row: int
    shares_row: bool
    offset: int


@dataclass(frozen=True)
class TableauTensor:
    name: str
    rows: int
    columns: int
    fraction_bits: int
    plain: bool
    bound: tuple[int, ...] | None = None
    clauses: tuple[StructuredClause, ...] = ()
    orthonormal: bool = False
    place: BasePlace | None = None
    patterns: tuple[PatternClaim, ...] = ()

    @property
    def speaks_of_base(self) -> bool:
        """Whether a claim about it, by its rounding or a pattern of weights, may need the base's tableau."""
        return self.has_rounding_claims or any(pattern.is_of_weights for pattern in self.patterns)

    @property
    def has_rounding_claims(self) -> bool:
        return any(clause.entry_claim and clause.entry_claim.is_rounding for clause in self.clauses)

    @property
    def row_bits(self) -> int:
        return ceil_log2(self.rows)

    @property
    def column_bits(self) -> int:
        return max(ceil_log2(self.columns), 6 - self.row_bits)


@dataclass(frozen=True)
class BaseTree:
    number: int
    rows: int
    root: bytes
    #: Of a base that hides its weights.
    pins: bytes = b""
    #: Of a next base: where all of its trees are pinned.
    point: Cubic | None = None


@dataclass(frozen=True)
class Statement:
    code: CodeParameters
    tensors: tuple[TableauTensor, ...]
    total: tuple[int, ...] | None = None
    base_trees: tuple[BaseTree, ...] = field(default=())
    #: Whether the drift has the units and places of the base's tableau (protocol.md, section 13).
    aligned: bool = False

    @property
    def has_entry_claims(self) -> bool:
        return any(clause.entry_claim for tensor in self.tensors for clause in tensor.clauses)

    @property
    def has_rounding_claims(self) -> bool:
        return any(tensor.has_rounding_claims for tensor in self.tensors)

    @property
    def has_patterns(self) -> bool:
        return any(tensor.patterns for tensor in self.tensors)

    @property
    def has_blocks(self) -> bool:
        return any(clause.blocks is not None for tensor in self.tensors for clause in tensor.clauses)

    @property
    def has_circulants(self) -> bool:
        return any(clause.circulant for tensor in self.tensors for clause in tensor.clauses)

    @property
    def _version(self) -> int:
        """The version of the bytes; the layout's is one more, but for blocks of any kind, which change no layout."""
        if self.has_circulants:
            return 6
        return 5 if self.has_blocks else self._version_without_blocks

    @property
    def _version_without_blocks(self) -> int:
        if self.has_patterns:
            return 4
        return 3 if self.has_rounding_claims else 2 if self.has_entry_claims else 1

    def canonical(self) -> bytes:
        """The statement's bytes."""
        version = self._version
        parts = [self._places("driftproof/statement/aligned/v1")]
        if self.code.base_trees:
            hiding = (self.code.base_trees, self.code.base_tail, len(self.base_trees))
            parts += [text("driftproof/statement/hiding/v1"), *map(u64, hiding)]
            parts += [u64(tree.number) + sha256(tree.pins) for tree in self.base_trees]
        if self.code.bands > 1:
            parts += [text("driftproof/statement/bands/v1"), u64(self.code.bands)]
        parts += [text(f"driftproof/statement/v{version}"), self.code.numbers, _bound(self.total)]
        if version >= 3:
            parts.append(u64(len(self.base_trees)))
            parts += [u64(tree.number) + u64(tree.rows) + tree.root for tree in self.base_trees]
        parts.append(u64(len(self.tensors)))
        for tensor in self.tensors:
            flags = u8((1 if tensor.plain else 0) + (2 if tensor.orthonormal else 0))
            parts += [text(tensor.name), u64(tensor.rows), u64(tensor.columns), i64(tensor.fraction_bits), flags]
            parts += [_bound(tensor.bound), u64(len(tensor.clauses))]
            parts += [_clause(clause, version) for clause in tensor.clauses]
            if version >= 4:
                parts.append(u64(len(tensor.patterns)))
                parts += [u8(each.form) + u64(each.count) + u64(each.log_group) for each in tensor.patterns]
        return b"".join(parts)

    def layout_digest(self) -> bytes:
        """Where the tensors lie and in which units (format.md, "Manifest")."""
        version = self._version_without_blocks + 1
        parts = [self._places("driftproof/layout/aligned/v1")]
        parts += [text(f"driftproof/layout/v{version}"), u64(self.code.log_length), u64(len(self.tensors))]
        for tensor in self.tensors:
            parts += [text(tensor.name), u64(tensor.rows), u64(tensor.columns), i64(tensor.fraction_bits)]
            parts.append(u64(len(tensor.clauses) + (1 if tensor.plain else 0)))
            if tensor.plain:
                parts.append(_set(0, 0, None, version))
            for clause in tensor.clauses:
                kind = 2 if clause.entry_claim else 1 if clause.is_exact else 0
                parts.append(_set(clause.scale, kind, clause.entry_claim, version))
            if version >= 4:
                parts.append(_place(tensor.place))
        return sha256(*parts)

    def _places(self, start: str) -> bytes:
        """What an aligned statement's bytes begin with (format.md, "Manifest"), nothing for others."""
        if not self.aligned:
            return b""
        return text(start) + u64(len(self.tensors)) + b"".join(_place_numbers(tensor.place) for tensor in self.tensors)


def _bound(limbs: tuple[int, ...] | None) -> bytes:
    if limbs is None:
        return u8(0)
    return u8(1) + u64(len(limbs)) + b"".join(u16(limb) for limb in limbs)


def _clause(clause: StructuredClause, version: int) -> bytes:
    result = u64(clause.rank)
    if version >= 5:
        logs = clause.blocks
        result += u8(0) if logs is None else u8(1) + u64(logs[0]) + u64(logs[1])
    if version >= 6:
        result += u8(1) + u64(clause.circulant) if clause.circulant else u8(0)
    result += u8(clause.sparse) + u64(clause.count) + u64(clause.scale) + _bound(clause.bound)
    claim = clause.entry_claim
    if version >= 2:
        result += u8(0) if claim is None else u8(1) + u64(claim.tau_squared)
    if version >= 3:
        if claim is None or not claim.is_rounding:
            return result + u8(0)
        numbers = (claim.w, claim.e, claim.beta, claim.classes, claim.tuned, claim.base, claim.update, claim.half_range)
        result += u8(1) + b"".join(u64(number) for number in numbers)
    return result


def _set(scale: int, kind: int, claim: EntryClaim | None, version: int) -> bytes:
    result = u64(scale) + u8(kind)
    if version >= 4:
        result += u64(claim.w if claim else 0) + u8(claim.kind if claim and claim.is_rounding else 0)
    return result


def _place(place: BasePlace | None) -> bytes:
    return u8(0) if place is None else u8(1) + _place_numbers(place)


def _place_numbers(place: BasePlace) -> bytes:
    return u64(place.tree) + u64(place.row) + u8(1 if place.shares_row else 0) + u64(place.offset)


def ceil_log2(value: int) -> int:
    """⌈log2 value⌉, 0 for values up to 1."""
    return (value - 1).bit_length() if value > 1 else 0


def limbs(number: int, count: int) -> tuple[int, ...]:
    """The base-2^15 digits, lowest first; what does not fit is held at the largest number that does."""
    number = min(number, (1 << (15 * count)) - 1)
    return tuple(number >> (15 * index) & 0x7FFF for index in range(count))


TENSOR_LIMBS = 6


def total_limbs(fraction_bits: list[int]) -> int:
    return TENSOR_LIMBS + 2 * (max(fraction_bits) - min(fraction_bits)) // 15 + 1
