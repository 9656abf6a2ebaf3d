# SPDX-License-Identifier: Apache-2.0
"""The statement of the argument over the curve, its bytes and sizes (specification/curve-argument.md, 1, 2 and 6)."""

from dataclasses import dataclass, replace
from functools import cached_property

from .curve_cells import FactorCells
from .errors import InvalidProof
from .policy import COLUMNS, ENTRIES, MAXIMUM_CLAUSES, MAXIMUM_RANK, NO_SPARSE, ROWS
from .statement import ceil_log2
from .wire import i64, text, u8, u64

NORM, FROZEN, ANY = 0, 1, 2
MAXIMUM_TENSORS = 1 << 16
LOG_CELLS = 40
BOUND_BITS, TOTAL_BITS = 120, 208
MAXIMUM_SPREAD = 44
MAXIMUM_SCALE = 20
RANDOM_CELLS = 16


@dataclass(frozen=True)
class CurveClause:
    """2^scale·Δ is a product of this rank, entries, rows or columns, and a rest with ΣE² ≤ bound (section 6)."""

    rank: int
    form: int
    count: int
    scale: int
    bound: int

    def canonical(self) -> bytes:
        numbers = u64(self.rank) + u8(self.form) + u64(self.count) + u64(self.scale)
        return numbers + self.bound.to_bytes(32, "little")

    def problem(self, rows: int, columns: int) -> str | None:
        if self.form not in (NO_SPARSE, ENTRIES, ROWS, COLUMNS) or not (self.rank or self.form):
            return "a clause has a rank or a sparse form"
        if not 0 <= self.rank <= min(MAXIMUM_RANK, rows, columns):
            return "a rank is at most 1024, rows and columns"
        most = {NO_SPARSE: 0, ENTRIES: rows * columns, ROWS: rows, COLUMNS: columns}[self.form]
        if not (1 if self.form else 0) <= self.count <= most:
            return "a count is what the form has at most"
        if not 0 <= self.scale <= (MAXIMUM_SCALE if self.rank else 0):
            return "a scale is 0 to 20, and 0 without a rank"
        return None if 0 <= self.bound < 1 << BOUND_BITS else "a bound is below 2^120"


@dataclass(frozen=True)
class CurveTensor:
    """A tensor: a matrix of `rows` x `columns` with f `fraction_bits`, in `row_count` rows of cells; its claim."""

    name: str
    rows: int
    columns: int
    fraction_bits: int
    row_count: int
    claim: int
    bound: int | None = None
    counts: bool = False
    clauses: tuple[CurveClause, ...] = ()

    @property
    def has_norm(self) -> bool:
        return self.claim == NORM

    @property
    def is_plain(self) -> bool:
        """Whether the drift itself is a part of E."""
        return self.bound is not None or self.counts or any(clause.scale for clause in self.clauses)

    @property
    def log_columns(self) -> int:
        return ceil_log2(self.columns)

    @property
    def log_rows(self) -> int:
        return ceil_log2(self.rows)


@dataclass(frozen=True)
class CurveStatement:
    log_length: int
    setup_id: bytes
    tensors: tuple[CurveTensor, ...]
    total: int | None = None

    @property
    def norms(self) -> list[CurveTensor]:
        return [tensor for tensor in self.tensors if tensor.has_norm]

    @property
    def counted(self) -> list[CurveTensor]:
        return [tensor for tensor in self.tensors if tensor.counts]

    def check(self) -> None:
        """The tables of sections 1 and 6; any other statement is `unsupported`."""
        problem = self.problem
        if problem:
            raise InvalidProof(f"statement: unsupported: {problem}")

    @property
    def version(self) -> int:
        return 2 if any(tensor.clauses for tensor in self.tensors) else 1

    @cached_property
    def sizes(self) -> "CurveSizes":
        return CurveSizes(self)

    @cached_property
    def problem(self) -> str | None:
        return self._table_problem() or self._size_problem()

    def _size_problem(self) -> str | None:
        """What E-space, G and Libra's row do not take."""
        lines = lines_of(self)
        if sum(line.row_count for line in lines) << self.log_length > 1 << LOG_CELLS:
            return "too many rows of clauses"
        cells = FactorCells(lines) if self.version == 2 else None
        if cells is None or cells.problem:
            return cells and cells.problem
        masked = self.sizes.coefficients(self.sizes.degrees) + self.sizes.coefficients(cells.degrees)
        return "too many coefficients for a row" if masked + RANDOM_CELLS > 1 << self.log_length else None

    def _table_problem(self) -> str | None:
        if not 8 <= self.log_length <= 28 or len(self.setup_id) != 32:
            return "l is 8 to 28, the setup's id has 32 bytes"
        if not 1 <= len(self.tensors) <= MAXIMUM_TENSORS or not self.norms:
            return "1 to 65536 tensors, at least one with a norm claim"
        if len({tensor.name for tensor in self.tensors}) != len(self.tensors):
            return "a name stands twice"
        for tensor in self.tensors:
            problem = self._tensor_problem(tensor)
            if problem:
                return f"{tensor.name}: {problem}"
        if sum(tensor.row_count for tensor in self.tensors) > 1 << (LOG_CELLS - self.log_length):
            return "too many rows"
        if (self.total is not None) != bool(self.counted):
            return "a total stands exactly if a tensor counts"
        bits = [tensor.fraction_bits for tensor in self.counted]
        if self.total is not None and (self.total >> TOTAL_BITS or max(bits) - min(bits) > MAXIMUM_SPREAD):
            return "the total, or the units that it adds up, are too large"
        return None

    def _tensor_problem(self, tensor: CurveTensor) -> str | None:
        if tensor.rows < 1 or tensor.columns < 1 or not -20 <= tensor.fraction_bits <= 28:
            return "sizes are at least 1, f is -20 to 28"
        if tensor.row_count != -(-(tensor.rows << tensor.log_columns) >> self.log_length):
            return "another number of rows than the matrix has"
        if tensor.bound is not None and tensor.bound >> BOUND_BITS:
            return "a bound is below 2^120"
        if not tensor.has_norm:
            bare = tensor.bound is None and not tensor.counts and not tensor.clauses
            return None if bare else "only norm claims have bounds and clauses, and count"
        if len(tensor.clauses) > MAXIMUM_CLAUSES:
            return "up to 16 clauses"
        for clause in tensor.clauses:
            problem = clause.problem(tensor.rows, tensor.columns)
            if problem:
                return problem
        bounded = tensor.counts or tensor.bound is not None or tensor.clauses
        return None if bounded else "a norm claim without bound, clause or total"

    def canonical(self) -> bytes:
        """Section 1, "Bytes", and section 6."""
        parts = [text(f"driftproof/curve/statement/v{self.version}"), u64(self.log_length), u64(32), self.setup_id]
        parts.append(u64(len(self.tensors)))
        for tensor in self.tensors:
            parts += [text(tensor.name), u64(tensor.rows), u64(tensor.columns), i64(tensor.fraction_bits)]
            parts += [u64(tensor.row_count), u8(tensor.claim)]
            parts += [_bound(tensor.bound)] if tensor.has_norm else []
            parts.append(u8(1 if tensor.counts else 0))
            if self.version == 2:
                parts += [u64(len(tensor.clauses)), *(clause.canonical() for clause in tensor.clauses)]
        return b"".join([*parts, _bound(self.total)])


def _bound(value: int | None) -> bytes:
    return u8(0) if value is None else u8(1) + value.to_bytes(32, "little")


@dataclass(frozen=True)
class Line:
    """A part of E: what a clause leaves, or the drift itself of a tensor that is plain."""

    #: Number of the tensor among those with norm claims.
    number: int
    tensor: CurveTensor
    clause: CurveClause | None
    #: Rows of E, those of padding included.
    row_count: int
    first: int = 0

    @property
    def bound(self) -> int | None:
        return self.tensor.bound if self.clause is None else self.clause.bound

    @property
    def counts(self) -> bool:
        return self.clause is None and self.tensor.counts

    @property
    def scale(self) -> int:
        return self.clause.scale if self.clause else 0


def lines_of(statement: CurveStatement) -> list[Line]:
    """Lines in the order of their rows, which are yet to be numbered (section 6, "E-space")."""
    norms = list(enumerate(statement.norms))
    clauses = [
        Line(number, tensor, clause, 1 << ceil_log2(tensor.row_count))
        for number, tensor in norms
        for clause in tensor.clauses
    ]
    clauses.sort(key=lambda line: -line.row_count)
    return clauses + [Line(number, tensor, None, tensor.row_count) for number, tensor in norms if tensor.is_plain]


def numbers_of_projections(variables: int) -> tuple[int, int]:
    """k and M of section 2."""
    return next((k, m) for most, k, m in ((14, 1, 132), (24, 2, 320), (40, 3, 704)) if variables <= most)


class CurveSizes:
    """Sections 2 and 6: lines, numbers of variables and rows, R's groups, where slacks begin, the rounds' degrees."""

    def __init__(self, statement: CurveStatement):
        self.log_length = statement.log_length
        self.lines: list[Line] = []
        rows = 0
        for line in lines_of(statement):
            self.lines.append(replace(line, first=rows))
            rows += line.row_count
        self.e_variables = self.log_length + ceil_log2(rows)
        #: Where the cells of G are; None in version 1.
        self.cells = FactorCells(self.lines) if statement.version == 2 else None
        factor_variables = self.cells.factor_variables if self.cells else 0
        self.groups, self.projections = numbers_of_projections(max(self.e_variables, factor_variables))
        #: Bits of group j, group 0 the lowest.
        self.group_bits = self._groups_of(self.e_variables)
        self.factor_group_bits = self._groups_of(factor_variables)
        self.has_total = statement.total is not None
        self.bounds = sum(line.bound is not None for line in self.lines)
        cells = 64 * self.projections + 256 * self.has_total + 128 * self.bounds
        self.d_variables = ceil_log2(cells)
        self.d_rows = 1 << max(0, self.d_variables - self.log_length)
        self.several = len(self.lines) > 1
        self.g_variables = self.cells.variables if self.cells else 0
        self.g_rows = -(-self.cells.used >> self.log_length) if self.cells else 0
        self.rounds = 1 + max(self.e_variables, self.d_variables, self.g_variables)

    def _groups_of(self, variables: int) -> list[int]:
        return [-(-(variables - j) // self.groups) for j in range(self.groups)]

    def degree(self, number: int) -> int:
        cubic = number <= self.d_variables or (self.several and self.log_length < number <= self.e_variables)
        chunked = self.cells is not None and self.cells.has_region and number <= self.g_variables
        return 3 if cubic or chunked else 2

    @property
    def degrees(self) -> list[int]:
        return [self.degree(number) for number in range(self.rounds)]

    @staticmethod
    def coefficients(degrees: list[int]) -> int:
        """Of a masking polynomial whose rounds have these degrees."""
        return 1 + sum(degrees)
