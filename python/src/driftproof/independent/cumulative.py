# SPDX-License-Identifier: Apache-2.0
"""What a chain's links may add up to (specification/chain.md, section 5). Exact integers; roots to the safe side."""

from dataclasses import dataclass, replace
from math import isqrt, prod

from .errors import NotCovered, OutsideCumulativePolicy
from .identity import BaseIdentity, BaseTensor
from .manifest import Manifest
from .policy import (
    ABSOLUTE,
    ANY,
    CLAUSES,
    COLUMNS,
    ENTRIES,
    NO_SPARSE,
    OF_DRIFT,
    OF_SLICES,
    ROWS,
    Bound,
    Clause,
    Heads,
    Policy,
    Rule,
    ZeroPattern,
)
from .rules import blocks, check_sizes, count_blocks
from .verifier import Verified, derive, derive_tensors

#: Norms are integers in units of 10^-40·2^-24.
DECIMAL_UNITS = 10**40
BINARY_UNITS = 1 << 24
MAXIMUM_SUMS = 64
REVISED_VERSION = 4


# --- numbers --------------------------------------------------------------------------------------------------------


def _reduced(square: int) -> tuple[int, int]:
    half = max(0, (square.bit_length() - 125) // 2)
    return square >> (2 * half), half


def root_down(square: int) -> int:
    head, half = _reduced(square)
    return isqrt(head) << half


def root_up(square: int) -> int:
    head, half = _reduced(square)
    if head << (2 * half) != square:
        head += 1
    root = isqrt(head)
    return (root if root * root == head else root + 1) << half


def scaled(bound: Bound) -> int:
    """B·10^40."""
    return bound.number.mantissa * 10 ** (bound.number.exponent + 40)


def norm_of_base(tensors: list[BaseTensor]) -> int:
    """S: the squared norm in units of 4^-24."""
    return sum(t.sum_of_squares * 4 ** (24 - t.fraction_bits) for t in tensors if t.has_integers)


def norm_square(bound: Bound, tensors: list[BaseTensor]) -> int:
    if bound.kind == ABSOLUTE:
        return (scaled(bound) * BINARY_UNITS) ** 2
    return scaled(bound) ** 2 * norm_of_base(tensors)


def entry_square(bound: Bound, base: BaseTensor) -> int:
    if bound.kind == ABSOLUTE:
        return (scaled(bound) * BINARY_UNITS) ** 2
    return scaled(bound) ** 2 * (base.max_abs << (24 - base.fraction_bits)) ** 2


def precision_square(entries: int, bits: int) -> int:
    """What units of 2^-f hide in so many entries."""
    unit = DECIMAL_UNITS * BINARY_UNITS
    return entries * (unit >> bits if bits >= 0 else unit << -bits) ** 2


# --- links ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LinkTensor:
    """What a link says of a tensor: its clauses (none where it is frozen), heads, f, and matrix."""

    base: BaseTensor
    rule: Rule
    bits: int
    shape: tuple[int, ...]

    @property
    def heads(self) -> Heads | None:
        return self.rule.heads

    @property
    def head_count(self) -> int:
        return count_blocks(self.shape, self.rule.heads)

    @property
    def entries(self) -> int:
        return prod(self.shape)

    @property
    def head_matrix(self) -> tuple[int, int]:
        return next((rows, columns) for _, rows, columns in blocks("", self.shape, self.rule.heads))

    def norm(self, total: int | None) -> int | None:
        squares = [] if total is None else [total]
        for clause in self.rule.clauses:
            if clause.norm:
                squares.append(self.head_count * norm_square(clause.norm, [self.base]))
            elif clause.entrywise and clause.rank is None and not (clause.blocks or clause.circulant or clause.sparse):
                squares.append(self.entries * entry_square(clause.entrywise, self.base))
        return min(squares, default=None)


class Link:
    """A verified link as a step of a chain."""

    def __init__(self, verified: Verified, identity: BaseIdentity):
        self.verified, self.identity = verified, identity
        self.tensors = {
            name: LinkTensor(
                identity.by_name[name], verified.decisions[name], bits, verified.manifest.by_name[name].shape
            )
            for name, bits in verified.certified.items()
        }
        total = verified.policy.total
        self.policy_total = None if total is None else norm_square(total, list(identity.tensors))

    def excludes(self, name: str) -> bool:
        rule = self.verified.decisions.get(name)
        return rule is None or rule.kind == ANY

    @property
    def total(self) -> int | None:
        totals = [] if self.policy_total is None else [self.policy_total]
        norms = [tensor.norm(None) for tensor in self.tensors.values()]
        if None not in norms:
            totals.append(sum(norms))
        return min(totals, default=None)

    @property
    def total_precision(self) -> int:
        return sum(precision_square(tensor.entries, tensor.bits) for tensor in self.tensors.values())


# --- clauses --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """What one clause of a link allows; squares of residual and entry."""

    rank: int
    sparse: int
    count: int
    residual: int
    entry: int


@dataclass(frozen=True, order=True)
class Sum:
    residual: int
    rank: int
    count: int
    entry: int


#: In a rank's place: 0 is no change, this one of circulant blocks of the limit's size, and more is any matrix.
CIRCULANT = 1


class Limit:
    """One clause of the cumulative policy on one tensor."""

    def __init__(self, clause: Clause, base: BaseTensor, rows: int, columns: int, heads: Heads | None):
        self.rows, self.columns, self.heads = rows, columns, heads
        self.blocks, self.circulant = clause.blocks, clause.circulant
        self.rank = clause.blocks.terms if clause.blocks else CIRCULANT if clause.circulant else clause.rank or 0
        self.sparse, self.count = clause.sparse, clause.count
        ball = clause.norm or clause.residual
        self.residual = None if ball is None else root_down(norm_square(ball, [base]))
        self.entry = None if clause.entrywise is None else root_down(entry_square(clause.entrywise, base))

    @property
    def is_exact(self) -> bool:
        return self.residual is None and self.entry is None

    def most(self, form: int) -> int:
        return {NO_SPARSE: 0, ENTRIES: self.rows * self.columns, ROWS: self.rows, COLUMNS: self.columns}[form]

    def converted(self, form: int, count: int) -> int | None:
        """The count in this limit's form."""
        if form == self.sparse or (form == ENTRIES and self.sparse in (ROWS, COLUMNS)):
            return count
        if self.sparse == ENTRIES:
            return count * (self.columns if form == ROWS else self.rows)
        return None

    def parts(self, tensor: LinkTensor, link: Link) -> list[Part]:
        same = tensor.heads == self.heads
        times = 1 if same else tensor.head_count
        reread = not same and any(heads and heads.axis == OF_SLICES for heads in (tensor.heads, self.heads))
        parts = []
        for clause in tensor.rule.clauses:
            if clause.norm:
                square = norm_square(clause.norm, [tensor.base])
                parts.append(Part(0, NO_SPARSE, 0, times * square, square))
            elif clause.pattern:
                if clause.pattern.form == OF_DRIFT:
                    parts.append(self._pattern_part(clause.pattern))
            elif not clause.rounding:
                parts.append(self._sum_part(clause, tensor, times, reread))
        if link.policy_total is not None:
            parts.append(Part(0, NO_SPARSE, 0, link.policy_total, link.policy_total))
        return parts

    def _pattern_part(self, pattern: ZeroPattern) -> Part:
        """n of m neighbours are so many entries; two groups more where they do not begin with the rows."""
        groups = self.columns // pattern.m + (2 if self.columns % pattern.m else 0)
        count = min(self.rows * self.columns, self.rows * groups * pattern.n)
        return Part(0, ENTRIES, count, 0, 0)

    def _sum_part(self, clause: Clause, tensor: LinkTensor, times: int, reread: bool) -> Part:
        rank = self._rank(clause, tensor, times, reread)
        sparse, count = clause.sparse, clause.count * times
        if sparse and reread:
            rows, columns = tensor.head_matrix
            held = {ENTRIES: rows * columns, ROWS: rows, COLUMNS: columns}[sparse]
            width = {ENTRIES: 1, ROWS: columns, COLUMNS: rows}[sparse]
            sparse, count = ENTRIES, min(clause.count, held) * width * times
        residuals, entries = [], []
        if clause.residual:
            square = norm_square(clause.residual, [tensor.base])
            residuals.append(times * square)
            entries.append(square)
        if clause.entrywise:
            square = entry_square(clause.entrywise, tensor.base)
            residuals.append(self.rows * self.columns * square)
            entries.append(square)
        return Part(rank, sparse, count, min(residuals, default=0), min(entries, default=0))

    @property
    def most_rank(self) -> int:
        if self.circulant:
            return CIRCULANT + 1
        return self.blocks.most(self.rows, self.columns) if self.blocks else min(self.rows, self.columns)

    def _rank(self, clause: Clause, tensor: LinkTensor, times: int, reread: bool) -> int:
        """Of a link's low-rank part, in the order of this limit's."""
        own = clause.blocks
        if clause.rank is None and own is None and not clause.circulant:
            return 0
        if reread:
            return self.most_rank
        if self.circulant or clause.circulant:
            return CIRCULANT if self.circulant == clause.circulant else self.most_rank
        if own is None:
            return clause.rank * times if self.blocks is None else self.most_rank
        if self.blocks:
            same = (own.rows, own.columns) == (self.blocks.rows, self.blocks.columns)
            return min(own.terms * times, self.most_rank) if same else self.most_rank
        rows, columns = tensor.head_matrix
        one = min(rows // own.rows, columns // own.columns) * min(own.rows, own.columns)
        return min(min(own.terms * one, rows, columns) * times, self.most_rank)

    def _rank_of(self, form: int, count: int) -> int:
        """Of a matrix that is not zero in so many places or lines."""
        if self.circulant:
            return self.most_rank
        if form == ENTRIES or not self.blocks:
            return count
        if form == ROWS:
            return count * min(self.columns // self.blocks.columns, self.blocks.columns)
        return count * min(self.rows // self.blocks.rows, self.blocks.rows)

    def steps(self, part: Part) -> list[Sum]:
        if self.is_exact and part.residual:
            return []
        residual, entry = root_up(part.residual), root_up(part.entry)
        if not part.sparse:
            found = [Sum(residual, part.rank, 0, entry)]
        else:
            count = min(part.count, self.most(part.sparse))
            found = [Sum(residual, part.rank + self._rank_of(part.sparse, count), 0, entry)]
            converted = self.converted(part.sparse, count)
            if converted is not None:
                found.append(Sum(residual, part.rank, converted, entry))
        return [s for s in found if (s.rank == 0 or self.rank > 0) and (s.count == 0 or self.sparse)]

    def added(self, sums: list[Sum], steps: list[Sum]) -> list[Sum]:
        most_rank, most_count = self.most_rank, self.most(self.sparse)
        together = sorted(
            Sum(
                a.residual + b.residual,
                max(a.rank, b.rank) if self.circulant else min(a.rank + b.rank, most_rank),
                min(a.count + b.count, most_count),
                a.entry + b.entry,
            )
            for a in sums
            for b in steps
        )
        kept: list[Sum] = []
        for candidate in together:
            if len(kept) == MAXIMUM_SUMS:
                break
            if not any(
                k.rank <= candidate.rank and k.count <= candidate.count and k.entry <= candidate.entry for k in kept
            ):
                kept.append(candidate)
        return kept

    def admits(self, name: str, links: list[Link], bits: int) -> bool:
        """Whether the links' clauses on the tensor add up to this one; `bits` is f of the cumulative statement."""
        sums, precision, entry_precision, units = [Sum(0, 0, 0, 0)], 0, 0, set()
        for link in links:
            tensor = link.tensors.get(name)
            if tensor is None:
                continue
            steps = [step for part in self.parts(tensor, link) for step in self.steps(part)]
            if not steps:
                return False
            sums = self.added(sums, steps)
            precision += root_up(precision_square(self.rows * self.columns, tensor.bits))
            entry_precision += root_up(precision_square(1, tensor.bits))
            units.add(tensor.bits)
        if self.is_exact and (len(units) > 1 or any(unit < bits for unit in units)):
            return False
        return any(
            s.rank <= self.rank
            and s.count <= (self.count if self.sparse else 0)
            and (s.residual == 0 if self.is_exact else True)
            and (self.residual is None or s.residual + precision <= self.residual)
            and (self.entry is None or s.entry + entry_precision <= self.entry)
            for s in sums
        )


def pattern_of_link(tensor: LinkTensor, m: int) -> int | None:
    """How many of m neighbours a link changes at most, if its clauses say so."""
    found = []
    for clause in tensor.rule.clauses:
        if clause.pattern and clause.pattern.form == OF_DRIFT:
            n, own = clause.pattern.n, clause.pattern.m
            found.append(n * m // own if own <= m else min(n, m))
        others = clause.blocks or clause.circulant or clause.residual or clause.entrywise or clause.rounding
        alone = clause.rank is None and not others
        if clause.sparse == ENTRIES and alone and tensor.heads is None:
            found.append(min(clause.count, m))
    return min(found, default=None)


def admits_pattern(pattern: ZeroPattern, name: str, links: list[Link], bits: int) -> bool:
    """Whether the links' changes of m neighbours add up to at most n; `bits` is f of the cumulative statement."""
    tensors = [link.tensors[name] for link in links if name in link.tensors]
    units = {tensor.bits for tensor in tensors}
    if pattern.form != OF_DRIFT or len(units) > 1 or any(unit < bits for unit in units):
        return False
    counts = [pattern_of_link(tensor, pattern.m) for tensor in tensors]
    return None not in counts and sum(counts) <= pattern.n


def check_cumulative(identity: BaseIdentity, manifest: Manifest, policy: Policy, links: list[Link]) -> None:
    """Whether the drift of all links together, from the base to the last, obeys the cumulative policy."""
    if policy.needs_linked_base and identity.linked is None:
        raise NotCovered("a cumulative policy about the base's weights needs a linked identity")
    revised = replace(manifest, version=REVISED_VERSION, parent=None)
    decisions, rules = derive(identity, revised, policy, cumulative=True)
    tensors, _, certified = derive_tensors(identity, revised, rules)
    check_sizes(tensors)
    shapes = {name: manifest.by_name[name].shape for name in certified}
    check_sums(identity, policy, decisions, certified, shapes, links)


def check_sums(
    identity: BaseIdentity,
    policy: Policy,
    decisions: dict[str, Rule],
    certified: dict[str, int],
    shapes: dict[str, tuple[int, ...]],
    links: list[Link],
) -> None:
    """The sums of section 5; of the tensors with clauses f and shape."""
    for name, rule in decisions.items():
        if rule.kind == ANY:
            continue
        if any(link.excludes(name) for link in links):
            raise OutsideCumulativePolicy(f"{name}: a link excludes it")
        if rule.kind != CLAUSES or name not in certified:
            if any(name in link.tensors for link in links):
                raise OutsideCumulativePolicy(f"{name}: is not frozen in every link")
            continue
        _, rows, columns = next(blocks("", shapes[name], rule.heads))
        for clause in rule.clauses:
            if clause.pattern:
                admitted = admits_pattern(clause.pattern, name, links, certified[name])
            else:
                limit = None if clause.rounding else Limit(clause, identity.by_name[name], rows, columns, rule.heads)
                admitted = limit is not None and limit.admits(name, links, certified[name])
            if not admitted:
                raise OutsideCumulativePolicy(f"{name}: the links may add up to more than the cumulative policy allows")
    if policy.total is not None:
        _check_total(root_down(norm_square(policy.total, list(identity.tensors))), links)


def _check_total(limit: int, links: list[Link]) -> None:
    found = []
    totals = [link.total for link in links]
    if None not in totals:
        found.append(sum(root_up(t) + root_up(link.total_precision) for t, link in zip(totals, links, strict=True)))
    names = {name for link in links for name in link.tensors}
    square, complete = 0, True
    for name in names:
        if any(link.excludes(name) for link in links):
            continue
        way = 0
        for link in links:
            tensor = link.tensors.get(name)
            if tensor is None:
                continue
            norm = tensor.norm(link.policy_total)
            if norm is None:
                complete = False
                break
            way += root_up(norm) + root_up(precision_square(tensor.entries, tensor.bits))
        square += way * way
    if complete:
        found.append(root_up(square))
    if not found or min(found) > limit:
        raise OutsideCumulativePolicy("the links' totals may add up to more than the cumulative policy's")
