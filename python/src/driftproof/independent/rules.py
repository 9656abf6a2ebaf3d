# SPDX-License-Identifier: Apache-2.0
"""How base identity, manifest and policy become the statement that is proved (specification/statement.md)."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor, isqrt, prod

from .errors import InvalidProof, NotCovered, OperationalError
from .identity import BaseIdentity, BaseTensor, LinkedTensor
from .layout import Grid
from .manifest import DENSE_KINDS, KRONECKER, PRODUCT, PRODUCT_KINDS, Manifest, TunedTensor
from .parameters import CodeParameters
from .policy import (
    ABSOLUTE,
    CLAUSES,
    COLUMNS,
    ENTRIES,
    NO_SPARSE,
    OF_COLUMNS,
    OF_ROWS,
    OF_SLICES,
    ROWS,
    Bound,
    Clause,
    Heads,
    Policy,
    Rule,
)
from .statement import (
    TENSOR_LIMBS,
    EntryClaim,
    PatternClaim,
    Statement,
    StructuredClause,
    TableauTensor,
    ceil_log2,
    limbs,
    total_limbs,
)

MAXIMUM_SQUARE = 1 << 37
HIDDEN_SQUARE = 1 << 30
MINIMUM_SQUARE = 1 << 31
#: Of q² in a claim that bounds entries by a fraction of weights.
MAXIMUM_BASE_COEFFICIENT = 8
MINIMUM_BASE_SQUARE = 1 << 42
MAXIMUM_BLOCKS = 1 << 16
MAXIMUM_LOG_ENTRIES = 41
MAXIMUM_CELLS = 1 << 41
MAXIMUM_FACTOR_CELLS = 1 << 34
MAXIMUM_ROWS = 1 << 16
SIGNIFICANT_BITS = {"BF16": 8, "F16": 11}


def power_of_four(exponent: int) -> Fraction:
    return Fraction(4) ** exponent


def matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of a shape (section 2)."""
    if prod(shape) == 0:
        return 0, 0
    if len(shape) < 2:
        return 1, prod(shape)
    return shape[0], prod(shape[1:])


# --- section 2: blocks ----------------------------------------------------------------------------------------------


def fits_heads(shape: tuple[int, ...], heads: Heads) -> bool:
    """Whether a shape can be cut like this."""
    rows, columns = matrix(shape)
    if heads.axis == OF_SLICES:
        return heads.size <= len(shape) - 2
    return (rows if heads.axis == OF_ROWS else columns) % heads.size == 0


def count_blocks(shape: tuple[int, ...], heads: Heads | None) -> int:
    if heads is None:
        return 1
    if heads.axis == OF_SLICES:
        return prod(shape[: heads.size])
    rows, columns = matrix(shape)
    return (rows if heads.axis == OF_ROWS else columns) // heads.size


def blocks(name: str, shape: tuple[int, ...], heads: Heads | None):
    """(name, rows, columns) of a tensor's heads, or of the tensor itself."""
    rows, columns = matrix(shape)
    if heads is None:
        yield name, rows, columns
    elif heads.axis == OF_SLICES:
        for number in range(prod(shape[: heads.size])):
            yield f"{name}[slice {number}]", shape[heads.size], prod(shape[heads.size + 1 :])
    elif heads.axis == OF_ROWS:
        for first in range(0, rows, heads.size):
            yield f"{name}[rows {first}-{first + heads.size - 1}]", heads.size, columns
    else:
        assert heads.axis == OF_COLUMNS
        for first in range(0, columns, heads.size):
            yield f"{name}[columns {first}-{first + heads.size - 1}]", rows, heads.size


# --- sections 3 to 6 ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measures:
    """What a clause is measured by: the base tensor, and the matrix of the statement's tensor."""

    base: BaseTensor
    rows: int
    columns: int

    @property
    def padded_log(self) -> int:
        return max(6, ceil_log2(self.rows) + ceil_log2(self.columns))

    @property
    def neighbours_log(self) -> int:
        """ν: tensors like this one that share a chunk."""
        return max(0, 14 - self.padded_log)

    def square(self, bound: Bound, bits: int, factor: Fraction = Fraction(1)) -> int:
        """N of a bound in units of 2^-bits (section 3)."""
        value = bound.value**2 * factor
        if bound.kind == ABSOLUTE:
            return floor(value * power_of_four(bits))
        return floor(value * self.base.sum_of_squares * power_of_four(bits - self.base.fraction_bits))

    def entry_square(self, bound: Bound, bits: int) -> int:
        """T²(f) of a bound of entries (section 4)."""
        if bound.kind == ABSOLUTE:
            return floor(bound.value**2 * power_of_four(bits))
        return floor(bound.value**2 * self.base.max_abs**2 * power_of_four(bits - self.base.fraction_bits))

    def coarsening_by_norm(self, square: int) -> int:
        """t_N for the least norm bound in the identity's units."""
        chunks = 1 << max(0, self.padded_log - 14)
        scaled = (square << self.neighbours_log) * min(chunks, 16) // chunks
        return max(0, -(-(ceil_log2(scaled) - 51) // 2))

    def fraction_bits(self, clauses: tuple[Clause, ...]) -> int:
        """f = g - t (section 4)."""
        g = self.base.fraction_bits
        room = max(0, g + 20)
        norms = [self.square(clause.norm, g) for clause in clauses if clause.norm]
        t = self.coarsening_by_norm(min(norms)) if norms else 0
        for clause in clauses:
            if clause.entrywise:
                least = next(
                    (u for u in range(room) if self.entry_square(clause.entrywise, g - u) <= MAXIMUM_SQUARE), room
                )
                t = max(t, least)
        return g - min(room, t)


def factor_limit(rank: int, square: int, top: int) -> int:
    """The largest scale up to `top` for which factors' chunks stay provable (section 6)."""
    return max(0, min((102 - ceil_log2(rank * square)) // 2, top))


class TensorRules:
    """One tensor of the statement from its clauses (sections 4 to 7)."""

    def __init__(self, measures: Measures, clauses: tuple[Clause, ...], context: "StatementRules", name: str):
        self.measures, self.clauses, self.context, self.name = measures, clauses, context, name
        self.linked: LinkedTensor | None = None
        of_base = any(clause.rounding or (clause.pattern and clause.pattern.is_of_weights) for clause in clauses)
        if context.manifest.aligned or of_base:
            self.linked = context.linked_tensor(measures.base)
            self.bits = self.linked.fraction_bits
        else:
            self.bits = measures.fraction_bits(clauses)
        norms = [measures.square(clause.norm, self.bits) for clause in clauses if clause.norm]
        self.norm_square = min(norms) if norms else None

    def tensor(self) -> TableauTensor:
        structured = tuple(self._clause(clause) for clause in self.clauses if not clause.norm and not clause.pattern)
        patterns = tuple(
            PatternClaim(clause.pattern.form, clause.pattern.n, ceil_log2(clause.pattern.m))
            for clause in self.clauses
            if clause.pattern
        )
        plain = (
            self.norm_square is not None
            or bool(patterns)
            or self.context.policy.total is not None
            or any(c.scale > 0 or (c.entry_claim and c.entry_claim.is_rounding) for c in structured)
        )
        bound = None if self.norm_square is None else limbs(self.norm_square, TENSOR_LIMBS)
        place = self.context.identity.linked.places[self.measures.base.name] if self.linked else None
        shape = (self.measures.rows, self.measures.columns)
        return TableauTensor(self.name, *shape, self.bits, plain, bound, structured, False, place, patterns)

    def _held(self, clause: Clause) -> tuple[int, int]:
        """Rank and count, held at what the shape allows."""
        rows, columns = self.measures.rows, self.measures.columns
        rank = 0 if clause.rank is None else min(clause.rank, rows, columns)
        if clause.blocks:
            rank = min(clause.blocks.terms, clause.blocks.most(rows, columns))
        most = {NO_SPARSE: 0, ENTRIES: rows * columns, ROWS: rows, COLUMNS: columns}[clause.sparse]
        return rank, min(clause.count, most)

    @property
    def drift_square(self) -> int:
        """D: what ‖Δ‖² is reckoned with."""
        if self.norm_square is not None:
            return self.norm_square
        finer = max(0, min(15, self.bits - self.measures.base.fraction_bits))
        squares = self.measures.base.sum_of_squares << (2 * finer)
        return 16 * max(squares, MINIMUM_BASE_SQUARE)

    def _clause(self, clause: Clause) -> StructuredClause:
        found = self._sum(clause)
        if clause.circulant:
            return replace(found, circulant=ceil_log2(clause.circulant))
        if clause.blocks is None:
            return found
        return replace(found, blocks=(ceil_log2(clause.blocks.rows), ceil_log2(clause.blocks.columns)))

    def _sum(self, clause: Clause) -> StructuredClause:
        rank, count = self._held(clause)
        exact = StructuredClause(rank, clause.sparse, count)
        if clause.rounding:
            if clause.residual:
                raise NotCovered(f"{self.name}: a residual beside a rounding bound")
            scale, claim = self._rounding(clause, rank)
            return StructuredClause(rank, clause.sparse, count, scale, None, claim)
        if clause.entrywise:
            return self._entrywise(clause, rank, count, exact)
        if clause.residual is None:
            return exact
        measures, scale = self.measures, 0
        if rank:
            first = measures.square(clause.residual, self.bits)
            neighbours = measures.neighbours_log if self.context.revised else 0
            own = 25 - (ceil_log2(first << neighbours) + 1) // 2
            scale = max(0, min(own, factor_limit(rank, self.drift_square, 20)))
        square = measures.square(clause.residual, self.bits + scale)
        if square == 0:
            return exact
        return StructuredClause(rank, clause.sparse, count, scale, limbs(square, TENSOR_LIMBS))

    def _entrywise(self, clause: Clause, rank: int, count: int, exact: StructuredClause) -> StructuredClause:
        measures = self.measures
        rounding = self.context.policy.bounds_rounding
        if rounding and clause.residual:
            raise NotCovered(f"{self.name}: a residual beside a bound of entries in a policy with rounding bounds")
        top = factor_limit(rank, self.drift_square, 20) if rank else 20
        scale = 0
        for candidate in range(top, 0, -1):
            if measures.entry_square(clause.entrywise, self.bits + candidate) <= MAXIMUM_SQUARE:
                scale = candidate
                break
        square = min(measures.entry_square(clause.entrywise, self.bits + scale), MAXIMUM_SQUARE)
        if square < MINIMUM_SQUARE:
            raise NotCovered(f"{self.name}: the bound of entries is too small to be proved")
        bound = None
        if clause.residual:
            residual = measures.square(clause.residual, self.bits + scale)
            if residual == 0:
                return exact
            bound = limbs(residual, TENSOR_LIMBS)
        claim = EntryClaim(square - HIDDEN_SQUARE, is_rounding=rounding)
        return StructuredClause(rank, clause.sparse, count, scale, bound, claim)

    # --- section 7 ---

    def _rounding(self, clause: Clause, rank: int) -> tuple[int, EntryClaim]:
        base, linked, number = self.measures.base, self.linked, clause.rounding.number.value
        p, g, f = SIGNIFICANT_BITS[base.dtype], base.fraction_bits, self.bits
        if clause.rounding.of_weight:
            return self._weight_fraction(clause, rank)
        log_cells = ceil_log2(self.measures.rows) + ceil_log2(self.measures.columns)
        n = 1 << min(14, max(6, log_cells))
        if clause.rounding.quantities == 0:
            scale = p
            beta = floor(number * (1 << 14))
            classes = max(1, min(13, ceil_log2(base.max_abs) + 2 + f - g - 14))
            heaviest = floor(780**2 * number**2 * linked.heaviest_chunk * power_of_four(f - g) / n)
            half = min(1 << 30, isqrt(max(heaviest, floor(780**2 * number**2 * (1 << 30)))) + 1)
            constants = dict(e=1, beta=beta, classes=classes, half_range=half)
            tau_squared = beta << (6 if p == 8 else 10)
        else:
            named = clause.rounding.quantities
            quantities = [named >> bit & 1 for bit in range(3)]
            limit = min(4 * number**2 * sum(quantities), 192)
            c, t = 1, 0
            best = 0
            for candidate_t in range(4):
                for candidate_c in range(1, 7):
                    value = candidate_c << (2 * candidate_t)
                    if best < value <= limit:
                        best, c, t = value, candidate_c, candidate_t
            scale = p - t
            constants = dict(
                e=4, tuned=c * quantities[0], base=c * quantities[1], update=c * quantities[2], half_range=1 << 30
            )
            tau_squared = 1 << 30
        w = 0
        if rank:
            finest = factor_limit(rank, self._rounding_drift_square(), 22 if p == 8 else 23)
            if (finest - p) & 1:
                finest -= 1
            while finest - scale > 16:
                finest -= 2
            if finest < scale:
                raise NotCovered(f"{self.name}: factors cannot be fine enough for the rounding bound")
            if finest - scale >= 7:
                w, scale = finest - scale, finest
        return scale, EntryClaim(tau_squared, is_rounding=True, w=w, **constants)

    def _rounding_drift_square(self) -> int:
        """D beside rounding bounds: without a norm clause half the base's norm."""
        if self.norm_square is not None:
            return self.norm_square
        base = self.measures.base
        return floor(base.sum_of_squares * power_of_four(self.bits - base.fraction_bits) / 4) + 1

    def _weight_fraction(self, clause: Clause, rank: int) -> tuple[int, EntryClaim]:
        """Section 7, "Fractions of weights"."""
        fraction = clause.rounding.number.value
        least = None if clause.rounding.least is None else clause.rounding.least.value

        def square(scale: int) -> int:
            return floor(4 * least**2 * power_of_four(self.bits + scale))

        def fits(scale: int) -> bool:
            share = floor(fraction**2 * power_of_four(scale + 1) * (1 << 40))
            return share <= 8 << 40 and (least is None or square(scale) <= MAXIMUM_SQUARE)

        limit = factor_limit(rank, self._rounding_drift_square(), 20) if rank else 20
        scale = next((candidate for candidate in range(limit, 0, -1) if fits(candidate)), 0)
        base = min(floor(4 * fraction**2 * power_of_four(scale)), MAXIMUM_BASE_COEFFICIENT)
        if base == 0:
            raise NotCovered(f"{self.name}: the fraction of weights is too small to be proved")
        tau_squared = HIDDEN_SQUARE
        if least is not None:
            tau_squared = max(min(square(scale), MAXIMUM_SQUARE) - MINIMUM_SQUARE, HIDDEN_SQUARE)
        return scale, EntryClaim(tau_squared, is_rounding=True, e=4, base=base, half_range=HIDDEN_SQUARE)


# --- section 8 ------------------------------------------------------------------------------------------------------


def factor_share(rank: int, columns: int, revised: bool) -> int:
    """2^share rows of Â, or of neighbours, meet in a chunk at most."""
    if not revised:
        return max(0, 14 - ceil_log2(columns))
    factor = TableauTensor("", rank, columns, 0, True)
    rho, kappa = factor.row_bits, factor.column_bits
    share = max(0, 14 - kappa)
    for log_length in range(14, 27):
        if rho + kappa >= log_length:
            share = max(share, min(rho, max(0, 14 - Grid.of(factor, log_length).w)))
    return share


@dataclass(frozen=True)
class ProductShrinkage:
    """2^x/d: how much smaller the bound of B̂ is."""

    numerator: int
    denominator: int

    @staticmethod
    def of(bits: int, rank: int) -> "ProductShrinkage":
        x = max(0, min(30, 2 * bits - 29))
        return ProductShrinkage(1 << x, (1 << x) + rank)

    @property
    def factor(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


def product_sizes(tensor: TunedTensor) -> tuple[int, int, int] | None:
    """Rows of B̂, columns of Â, their rank (section 8); None without a product, or if blocks do not fill the matrix."""
    rows, columns = matrix(tensor.shape)
    if tensor.kind == PRODUCT:
        return rows, columns, tensor.rank
    height, width = tensor.inner
    if tensor.kind != KRONECKER or not height or not width or not rows or not columns:
        return None
    if rows % height or columns % width:
        return None
    return height * width, (rows // height) * (columns // width), 1


def largest_rank(tensor: TunedTensor) -> int:
    """The rank that the form of a product gives it."""
    if tensor.kind == PRODUCT:
        return tensor.rank
    (rows, columns), (height, width) = matrix(tensor.shape), tensor.inner
    return min(rows // height, columns // width) * min(height, width)


def product_tensors(
    tensor: TunedTensor, base: BaseTensor, rule: Rule, policy: Policy, revised: bool
) -> tuple[list[TableauTensor], ProductShrinkage]:
    """Â and B̂ of a product (section 8)."""
    sizes = product_sizes(tensor)
    if sizes is None:
        raise InvalidProof(f"{tensor.name}: no product of these sizes")
    rows, columns, rank = sizes
    blocks_of = f"{tensor.inner[0]}x{tensor.inner[1]}"
    names = ("lora A", "lora B") if tensor.kind == PRODUCT else (f"lokr w1 {blocks_of}", f"lokr w2 {blocks_of}")
    share = factor_share(rank, columns, revised)
    bits_a = min(24, 23 if rank > 256 else 24, (51 - share) // 2)
    measures = Measures(base, rows, rank)
    norms = [clause.norm for clause in rule.clauses if clause.norm]
    g = base.fraction_bits
    least = min(
        (measures.square(norm, g) for norm in norms), default=16 * max(base.sum_of_squares, MINIMUM_BASE_SQUARE)
    )
    bits_b = max(-20, g - measures.coarsening_by_norm(least))
    shrinkage = ProductShrinkage.of(bits_a, rank)
    orthonormal = bool(norms) or policy.total is not None
    bound_a = limbs(rank * (4**bits_a + (1 << 29)), TENSOR_LIMBS) if orthonormal else None
    bound_b = None
    if norms:
        bound_b = limbs(min(_shrunk(measures, norm, bits_b, shrinkage) for norm in norms), TENSOR_LIMBS)
    first = TableauTensor(f"{tensor.name}[{names[0]}]", rank, columns, bits_a, True, bound_a, (), orthonormal)
    return [first, TableauTensor(f"{tensor.name}[{names[1]}]", rows, rank, bits_b, True, bound_b)], shrinkage


def _shrunk(measures: Measures, norm: Bound, bits: int, shrinkage: ProductShrinkage) -> int:
    value = norm.value**2 * shrinkage.factor
    if norm.kind == ABSOLUTE:
        return floor(value * power_of_four(bits))
    return floor(value * measures.base.sum_of_squares * power_of_four(bits - measures.base.fraction_bits))


# --- the whole ------------------------------------------------------------------------------------------------------


class StatementRules:
    """Derives the statement of a certificate whose coverage has been checked."""

    def __init__(self, identity: BaseIdentity, manifest: Manifest, policy: Policy, decisions: dict[str, Rule]):
        self.identity, self.manifest, self.policy, self.decisions = identity, manifest, policy, decisions
        self.revised = manifest.has_revised_rules

    def linked_tensor(self, base: BaseTensor) -> LinkedTensor:
        linked = self.identity.linked and self.identity.linked.tensors.get(base.name)
        if not linked:
            raise NotCovered(f"{base.name}: needs to be in the identity's linked part")
        return linked

    def certified(self) -> list[tuple[TunedTensor, BaseTensor, Rule]]:
        """The tensors that become tensors of the statement, in name order (section 2)."""
        result = []
        for tensor in self.manifest.tensors:
            base, rule = self.identity.by_name.get(tensor.name), self.decisions.get(tensor.name)
            if base is None or rule is None or rule.kind != CLAUSES or prod(tensor.shape) == 0:
                continue
            if tensor.kind in DENSE_KINDS or tensor.kind in PRODUCT_KINDS:
                result.append((tensor, base, rule))
        return result

    def tensors_of(self, tuned: TunedTensor, base: BaseTensor, rule: Rule, shrinkages: list[ProductShrinkage]):
        """The statement's tensors of one tensor; a product's shrinkage is added to the list."""
        if tuned.kind in PRODUCT_KINDS:
            own, shrinkage = product_tensors(tuned, base, rule, self.policy, self.revised)
            shrinkages.append(shrinkage)
            yield from own
            return
        for name, rows, columns in blocks(tuned.name, tuned.shape, rule.heads):
            yield TensorRules(Measures(base, rows, columns), rule.clauses, self, name).tensor()

    def statement(
        self, code: CodeParameters, tensors: list[TableauTensor], shrinkages: list[ProductShrinkage]
    ) -> Statement:
        numbers = sorted({tensor.place.tree for tensor in tensors if tensor.speaks_of_base and tensor.place})
        linked = self.identity.linked
        trees = tuple(linked.base_trees[number] for number in numbers)
        total = self._total(tensors, shrinkages)
        return Statement(code, tuple(tensors), total, trees, self.manifest.aligned)

    def _total(self, tensors: list[TableauTensor], shrinkages: list[ProductShrinkage]) -> tuple[int, ...] | None:
        """Section 9."""
        bits = [tensor.fraction_bits for tensor in tensors if not tensor.orthonormal]
        bound = self.policy.total
        if bound is None or not bits:
            return None
        largest = max(bits)
        value = bound.value**2
        for shrinkage in sorted(shrinkages, key=lambda each: each.factor)[:1]:
            value *= shrinkage.factor
        if bound.kind == ABSOLUTE:
            square = floor(value * power_of_four(largest))
        else:
            based = [base for base in self.identity.tensors if base.has_integers]
            units = max([largest] + [base.fraction_bits for base in based])
            sum_of_squares = sum(base.sum_of_squares * 4 ** (units - base.fraction_bits) for base in based)
            square = floor(value * sum_of_squares * power_of_four(largest - units))
        return limbs(square, total_limbs(bits))


# --- section 11 -----------------------------------------------------------------------------------------------------


def padded_log(rows: int, columns: int) -> int:
    return max(6, ceil_log2(rows) + ceil_log2(columns))


def factor_cells(tensor: TableauTensor, clause: StructuredClause) -> int:
    row_bits = ceil_log2(tensor.rows)
    column_bits = max(ceil_log2(tensor.columns), 6 - row_bits)
    cells = 0
    if clause.rank:
        left, right = row_bits, column_bits
        if clause.blocks is not None:
            right = sum(clause.blocks)
            left = row_bits + column_bits - right
        cells += (1 << (left + ceil_log2(clause.rank))) + (1 << (right + ceil_log2(clause.rank)))
    if clause.circulant:
        cells += 1 << (row_bits + column_bits - clause.circulant)
    log = ceil_log2(clause.count)
    if clause.sparse == ENTRIES:
        cells += (row_bits + column_bits + 1) << log
    elif clause.sparse == ROWS:
        cells += 1 << (log + column_bits)
    elif clause.sparse == COLUMNS:
        cells += 1 << (log + row_bits)
    return cells


def check_sizes(tensors: list[TableauTensor]) -> None:
    """Limits that do not depend on the certificate (1)."""
    cells = factors = 0
    for tensor in tensors:
        size = 1 << padded_log(tensor.rows, tensor.columns)
        cells += (len(tensor.clauses) + (1 if tensor.plain else 0)) * size
        factors += sum(factor_cells(tensor, clause) for clause in tensor.clauses)
    if cells > MAXIMUM_CELLS or factors > MAXIMUM_FACTOR_CELLS:
        raise OperationalError("the statement is too large to be verified")


def check_validity(statement: Statement) -> None:
    """Section 11, "Invalid"."""
    positions = sum(1 << padded_log(tensor.rows, tensor.columns) for tensor in statement.tensors)
    if positions >> statement.code.log_length > MAXIMUM_ROWS:
        raise InvalidProof("the code's rows are too short for the statement")
    counted = [tensor.fraction_bits for tensor in statement.tensors if not tensor.orthonormal]
    if not statement.tensors or (statement.total is not None and not counted):
        raise InvalidProof("a statement about no tensor")
    if statement.total is not None and total_limbs(counted) > 16:
        raise InvalidProof("the tensors' units are too far apart for a total")
    chunks = sum(
        1 << max(0, min(48, ceil_log2(tensor.rows) + ceil_log2(tensor.columns)) - 14) for tensor in statement.tensors
    )
    if chunks > 1 << 27:
        raise InvalidProof("the statement has too many chunks")
    for tensor in statement.tensors:
        for pattern in tensor.patterns:
            grid = Grid.of(tensor, statement.code.log_length)
            if pattern.log_group > (grid.w if grid else tensor.column_bits) or tensor.columns % (
                1 << pattern.log_group
            ):
                raise InvalidProof(f"{tensor.name}: a pattern's groups do not fit into its rows")
        for clause in tensor.clauses:
            if clause.blocks is not None and any(
                size % (1 << log) for size, log in zip((tensor.rows, tensor.columns), clause.blocks, strict=True)
            ):
                raise InvalidProof(f"{tensor.name}: blocks do not fill it")
            if clause.circulant and any(size % (1 << clause.circulant) for size in (tensor.rows, tensor.columns)):
                raise InvalidProof(f"{tensor.name}: circulant blocks do not fill it")
            if clause.scale > 0 and not tensor.plain:
                raise InvalidProof(f"{tensor.name}: a scaled residual without a bound of the drift")
        if tensor.orthonormal and (tensor.rows > 1024 or not 0 <= tensor.fraction_bits <= 28 or tensor.bound is None):
            raise InvalidProof(f"{tensor.name}: cannot be claimed to be orthonormal")
        if tensor.orthonormal and sum(limb << (15 * index) for index, limb in enumerate(tensor.bound)) >= 1 << 60:
            raise InvalidProof(f"{tensor.name}: its bound is too large for an orthonormal tensor")
