# SPDX-License-Identifier: Apache-2.0
"""Where factors, slots and masks lie in G (specification/curve-argument.md, 6, "Cells of G")."""

from collections.abc import Callable

from .policy import COLUMNS, ENTRIES, ROWS
from .statement import ceil_log2

CHUNK_BITS = 8
LOG_USED, LOG_RUNS = 25, 24


class FactorLine:
    """A line whose clause has a rank: r columns of U and V, padded to 2^rho."""

    def __init__(self, line):
        self.line, self.rank = line, line.clause.rank
        self.log = ceil_log2(self.rank)
        self.log_columns, self.log_rows = line.tensor.log_columns, line.tensor.log_rows
        #: First cells of U and V, and the number of the first column.
        self.left = self.right = self.base = 0


class SlotLine:
    """A line with a sparse part: n slots, padded to 2^m; which of x are a slot's address, and which its vector."""

    def __init__(self, line):
        self.line, self.count = line, line.clause.count
        self.log = ceil_log2(self.count)
        columns = range(line.tensor.log_columns)
        rows = range(line.tensor.log_columns, line.tensor.log_columns + line.tensor.log_rows)
        self.address, self.vector = {
            ENTRIES: (range(rows.stop), range(0)),
            ROWS: (rows, columns),
            COLUMNS: (columns, rows),
        }[line.clause.form]
        self.chunks = -(-len(self.address) // CHUNK_BITS)
        #: First cell of the values, and the number of the first slot.
        self.values = self.base = 0

    def chunk(self, number: int) -> range:
        """Which of x are a chunk of the address."""
        return self.address[CHUNK_BITS * number : CHUNK_BITS * (number + 1)]


def place(runs: list[tuple[int, Callable[[int], None]]], first: int) -> int:
    """Runs by falling size, equal ones in order, each told where: at the next multiple of its size; the end of all."""
    for size, told in sorted(runs, key=lambda run: -run[0]):
        first = -(-first // size) * size
        told(first)
        first += size
    return first


def telling(entry, name: str) -> Callable[[int], None]:
    return lambda cell: setattr(entry, name, cell)


class FactorCells:
    """Everything about G that follows from the lines."""

    def __init__(self, lines: list):
        self.factors = [FactorLine(line) for line in lines if line.clause and line.clause.rank]
        self.slots = [SlotLine(line) for line in lines if line.clause and line.clause.form]
        factor_cells = self._place_factors()
        self.factor_variables = ceil_log2(factor_cells) if self.factors else 0
        self.chunks = max((slots.chunks for slots in self.slots), default=0)
        self.has_region = self.chunks > 0
        columns = place([(1 << each.log, telling(each, "base")) for each in self.factors], 0)
        slots = place([(1 << each.log, telling(each, "base")) for each in self.slots], 0)
        self.column_bits, self.slot_bits = ceil_log2(columns), ceil_log2(slots)
        self.stage_variables = max(self.column_bits, self.slot_bits)
        #: Bits of an address (q, slot), and of the region of chunks.
        self.sum_bits = self.slot_bits + ceil_log2(self.chunks)
        self.region_bits = CHUNK_BITS + self.sum_bits
        self.region = 0
        at = self._place_slots(1 << self.factor_variables if self.factors else 0)
        self.value_names = (["U", "V"] if self.factors else []) + (["values"] if self.slots else [])
        self.value_names += [f"chunk {number}" for number in range(self.chunks)] + ["dummy"]
        self.first_mask = at
        self.delta = at + len(self.value_names)
        self.used = self.delta + 1
        self.variables = ceil_log2(self.used)
        self._runs = factor_cells + sum(
            (1 << (each.log + len(each.vector))) + (each.chunks << (each.log + CHUNK_BITS)) for each in self.slots
        )

    def _place_factors(self) -> int:
        runs = []
        for each in self.factors:
            runs.append((1 << (each.log_rows + each.log), telling(each, "left")))
            runs.append((1 << (each.log_columns + each.log), telling(each, "right")))
        return place(runs, 0)

    def _place_slots(self, first: int) -> int:
        runs = [(1 << self.region_bits, telling(self, "region"))] if self.has_region else []
        runs += [(1 << (each.log + len(each.vector)), telling(each, "values")) for each in self.slots]
        return place(runs, first)

    @property
    def problem(self) -> str | None:
        if self.used > 1 << LOG_USED:
            return "more than 2^25 cells of factors and slots"
        return "factors and slots of more than 2^24 cells" if self._runs > 1 << LOG_RUNS else None

    @property
    def degrees(self) -> list[int]:
        """Of Stage B's rounds."""
        most = max(2 if self.factors else 1, 1 + self.chunks if self.slots else 1)
        return [most + 1] + [most] * self.stage_variables

    def chunk_cell(self, number: int, slot: int) -> int:
        """The first cell of a slot's chunk."""
        return self.region + (((number << self.slot_bits) + slot) << CHUNK_BITS)

    def addressed(self, number: int) -> list[SlotLine]:
        """Slot lines whose addresses have this chunk."""
        return [slots for slots in self.slots if number < slots.chunks]

    def sums(self):
        """Numbers (q, t) of all chunks that an address has."""
        for each in self.slots:
            for number in range(each.chunks):
                first = (number << self.slot_bits) + each.base
                yield from range(first, first + (1 << each.log))
