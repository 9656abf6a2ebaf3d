# SPDX-License-Identifier: Apache-2.0
"""The statement of the argument over the curve, its bytes and its sizes (specification/curve-argument.md, 1 and 2)."""

from dataclasses import dataclass

from .errors import InvalidProof
from .statement import ceil_log2
from .wire import i64, text, u8, u64

NORM, FROZEN, ANY = 0, 1, 2
MAXIMUM_TENSORS = 1 << 16
LOG_CELLS = 40
BOUND_BITS, TOTAL_BITS = 120, 208
MAXIMUM_SPREAD = 44


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

    @property
    def has_norm(self) -> bool:
        return self.claim == NORM


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
        """The table of section 1; any other statement is `unsupported`."""
        problem = self._problem()
        if problem:
            raise InvalidProof(f"statement: unsupported: {problem}")

    def _problem(self) -> str | None:
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
        if tensor.row_count < 1 or tensor.rows * tensor.columns > tensor.row_count << self.log_length:
            return "too few rows"
        if tensor.bound is not None and tensor.bound >> BOUND_BITS:
            return "a bound is below 2^120"
        if tensor.has_norm:
            return None if tensor.counts or tensor.bound is not None else "a norm claim without bound or total"
        return "only norm claims have bounds and count" if tensor.counts or tensor.bound is not None else None

    def canonical(self) -> bytes:
        """Section 1, "Bytes"."""
        parts = [text("driftproof/curve/statement/v1"), u64(self.log_length), u64(32), self.setup_id]
        parts.append(u64(len(self.tensors)))
        for tensor in self.tensors:
            parts += [text(tensor.name), u64(tensor.rows), u64(tensor.columns), i64(tensor.fraction_bits)]
            parts += [u64(tensor.row_count), u8(tensor.claim)]
            parts += [_bound(tensor.bound)] if tensor.has_norm else []
            parts.append(u8(1 if tensor.counts else 0))
        return b"".join([*parts, _bound(self.total)])


def _bound(value: int | None) -> bytes:
    return u8(0) if value is None else u8(1) + value.to_bytes(32, "little")


class CurveSizes:
    """Section 2: numbers of variables and rows, R's groups, where slacks begin, and the rounds' degrees."""

    def __init__(self, statement: CurveStatement):
        norms, self.log_length = statement.norms, statement.log_length
        self.row_bits = ceil_log2(sum(tensor.row_count for tensor in norms))
        self.e_variables = self.log_length + self.row_bits
        self.groups, self.projections = next(
            (k, m) for most, k, m in ((14, 1, 132), (24, 2, 320), (40, 3, 704)) if self.e_variables <= most
        )
        #: Bits of group j, group 0 the lowest.
        self.group_bits = [-(-(self.e_variables - j) // self.groups) for j in range(self.groups)]
        self.has_total = statement.total is not None
        self.bounds = sum(tensor.bound is not None for tensor in norms)
        cells = 64 * self.projections + 256 * self.has_total + 128 * self.bounds
        self.d_variables = ceil_log2(cells)
        self.d_rows = 1 << max(0, self.d_variables - self.log_length)
        self.several = len(norms) > 1
        self.rounds = 1 + max(self.e_variables, self.d_variables)

    def degree(self, number: int) -> int:
        cubic = number <= self.d_variables or (self.several and self.log_length < number <= self.e_variables)
        return 3 if cubic else 2

    @property
    def degrees(self) -> list[int]:
        return [self.degree(number) for number in range(self.rounds)]
