# SPDX-License-Identifier: Apache-2.0
"""Ranks and sparse parts: what G adds to Stage A, Stage B, and the rows of P1 (specification/curve-argument.md, 6)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .curve_cells import CHUNK_BITS, FactorCells, FactorLine, SlotLine
from .curve_channel import CurveChannel
from .curve_scalars import R, eq_at, eq_table, interpolate, one_less, powers, product
from .curve_statement import CurveSizes
from .errors import InvalidProof
from .statement import ceil_log2

# --- functionals of rows of P1 ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Weights of 2^n cells, one by one."""

    values: list[int]

    @property
    def bits(self) -> int:
        return ceil_log2(len(self.values))

    def at(self, x: int) -> int:
        result = 0
        for value in reversed(self.values):
            result = (result * x + value) % R
        return result

    def part(self, bits: int, index: int) -> tuple["Table", int]:
        """The index-th 2^bits cells, and what they are to be multiplied by."""
        return Table(self.values[index << bits : (index + 1) << bits]), 1


@dataclass(frozen=True)
class Product:
    """eq(point, ·) on 2^n cells."""

    point: list[int]

    @property
    def bits(self) -> int:
        return len(self.point)

    def at(self, x: int) -> int:
        result = 1
        for coordinate in self.point:
            result = result * (1 - coordinate + coordinate * x) % R
            x = x * x % R
        return result

    def part(self, bits: int, index: int) -> tuple["Product", int]:
        return Product(self.point[:bits]), eq_at(self.point[bits:], index)


Weights = Table | Product


@dataclass(frozen=True)
class RunTerm:
    """scale·low[y]·high[z] at cell offset + z·2^(bits of low) + y."""

    low: Weights
    high: Weights
    offset: int
    scale: int

    def at(self, x: int) -> int:
        value = self.low.at(x) * self.high.at(pow(x, 1 << self.low.bits, R)) % R
        return self.scale * value * pow(x, self.offset, R) % R

    def rows(self, log_length: int) -> Iterator[tuple[int, "RunTerm"]]:
        """Cut into rows of 2^l cells: number of the row, and what it has of this. Runs are aligned."""
        bits, low, high = self.low.bits + self.high.bits, self.low, self.high
        first, offset = divmod(self.offset, 1 << log_length)
        if bits <= log_length:
            yield first, RunTerm(low, high, offset, self.scale)
            return
        beyond = max(0, low.bits - log_length)
        for row in range(1 << (bits - log_length)):
            low_part, low_scale = low.part(low.bits - beyond, row & ((1 << beyond) - 1))
            high_part, high_scale = high.part(max(0, log_length - low.bits), row >> beyond)
            yield first + row, RunTerm(low_part, high_part, 0, self.scale * low_scale * high_scale % R)


def cell(number: int, weight: int) -> RunTerm:
    return RunTerm(Table([weight % R]), Product([]), number, 1)


# --- Stage A ----------------------------------------------------------------------------------------------------------


class StageAChunks:
    """Two claims about the region of chunks: its cells are bits, and those of a slot's chunk add up to one."""

    def __init__(self, cells: FactorCells, channel: CurveChannel):
        self.cells = cells
        self.z_hot = channel.challenges("z hot", cells.region_bits)
        self.sums = eq_table(channel.challenges("z sums", cells.sum_bits))

    def first_claim(self) -> int:
        """What λ^(4 + B) multiplies in C."""
        return sum(self.sums[number] for number in self.cells.sums()) % R

    def contribution(self, x: list[int], value: int, lam: int, bounds: int) -> int:
        """What `A/G` lowers, but for (1 - top)·V; x are G's coordinates."""
        cells = self.cells
        region = eq_at(x[cells.region_bits :], cells.region >> cells.region_bits)
        bits = product(a * b + (1 - a) * (1 - b) for a, b in zip(self.z_hot, x, strict=False))
        high = eq_table(x[CHUNK_BITS : cells.region_bits])
        sums = sum(self.sums[number] * high[number] for number in cells.sums())
        return pow(lam, 3 + bounds, R) * region * (bits * (value - 1) + lam * sums) % R


# --- Stage B ----------------------------------------------------------------------------------------------------------


class StageB:
    """It leaves (top_B, κ), the values, g_B(top_B, κ) in `top`, `kappa`, `values`, `g`."""

    def __init__(self, sizes: CurveSizes, cells: FactorCells, point: list[int], claimed: int, channel: CurveChannel):
        self.sizes, self.cells = sizes, cells
        self.a_top, self.x = point[0], point[1:]
        self._run(channel, claimed)
        self.columns = eq_table(self.kappa)
        self.theta, self.mask = 1 - self.top, self.top * one_less(self.kappa) % R

    def _run(self, channel: CurveChannel, claimed: int) -> None:
        sum_g = channel.scalar("B/sum g")
        gamma = channel.challenge("B/gamma")
        claim = (claimed + gamma * sum_g) % R
        self.point: list[int] = []
        for degree in self.cells.degrees:
            values = channel.scalars("B/round", degree)
            self.point.append(channel.challenge("B/r"))
            claim = interpolate([claim - values[0], *values], self.point[-1])
        self.top, self.kappa = self.point[0], self.point[1:]
        self.values = channel.scalars("B/values", len(self.cells.value_names))
        self.g = channel.scalar("B/g")
        found = dict(zip(self.cells.value_names, self.values, strict=True))
        expected = self.a_top * one_less(self.x[: self.sizes.e_variables]) * found["dummy"]
        if "U" in found:
            expected += found["U"] * found["V"]
        if "values" in found:
            expected += product([found["values"], *(found[f"chunk {q}"] for q in range(self.cells.chunks))])
        if (claim - (1 - self.top) * expected - gamma * self.g) % R:
            raise InvalidProof("sumcheckFinal: stage B does not end at what the values say")

    def _line_weight(self, line) -> int:
        """u_e."""
        matrix, length = line.tensor.log_columns + line.tensor.log_rows, self.sizes.log_length
        inside = one_less(self.x[matrix:length])
        rows = eq_at(self.x[max(length, matrix) : self.sizes.e_variables], line.first >> max(0, matrix - length))
        return (1 - self.a_top) * inside * rows % R

    def _without_address(self, chunk: int) -> int:
        """The first summand of a chunk's value: one where no slot has this chunk."""
        held = sum(eq_at(self.kappa[each.log :], each.base >> each.log) for each in self.cells.addressed(chunk))
        return self.theta * (1 - held) % R

    def _factor_terms(self, each: FactorLine, is_left: bool) -> RunTerm:
        columns = [*self.columns[each.base : each.base + each.rank], *([0] * ((1 << each.log) - each.rank))]
        low, high = each.log_columns, each.log_columns + each.log_rows
        if is_left:
            scale = self.theta * self._line_weight(each.line) % R
            return RunTerm(Table(columns), Product(self.x[low:high]), each.left, scale)
        return RunTerm(Table(columns), Product(self.x[:low]), each.right, self.theta)

    def _value_terms(self, each: SlotLine) -> RunTerm:
        slots = [*self.columns[each.base : each.base + each.count], *([0] * ((1 << each.log) - each.count))]
        scale = self.theta * self._line_weight(each.line) % R
        return RunTerm(Product([self.x[j] for j in each.vector]), Table(slots), each.values, scale)

    def _chunk_terms(self, each: SlotLine, chunk: int) -> RunTerm:
        point = [self.x[j] for j in each.chunk(chunk)]
        point += [0] * (CHUNK_BITS - len(point))
        slots = self.columns[each.base : each.base + (1 << each.log)]
        return RunTerm(Product(point), Table(slots), self.cells.chunk_cell(chunk, each.base), self.theta)

    def _terms(self, number: int) -> list[RunTerm]:
        """Which cells of G value `number` weighs, and how."""
        cells, name = self.cells, self.cells.value_names[number]
        if name in ("U", "V"):
            terms = [self._factor_terms(each, name == "U") for each in cells.factors]
        elif name == "values":
            terms = [self._value_terms(each) for each in cells.slots]
        elif name == "dummy":
            terms = [cell(cells.delta, self.theta * one_less(self.kappa))]
        else:
            chunk = int(name.split()[1])
            terms = [self._chunk_terms(each, chunk) for each in cells.addressed(chunk)]
        return [*terms, cell(cells.first_mask + number, self.mask)]

    def opened(self, tau: int) -> tuple[list[list[RunTerm]], int]:
        """The functional of each row of P1, and what all of them give together."""
        rows: dict[int, list[RunTerm]] = defaultdict(list)
        total, weights = 0, powers(tau, 3 + len(self.values))[3:]
        for number, (weight, value) in enumerate(zip(weights, self.values, strict=True)):
            name = self.cells.value_names[number]
            constant = self._without_address(int(name.split()[1])) if name.startswith("chunk") else 0
            total += weight * (value - constant)
            for term in self._terms(number):
                for row, part in term.rows(self.sizes.log_length):
                    rows[row].append(RunTerm(part.low, part.high, part.offset, part.scale * weight % R))
        return [rows[row] for row in range(self.sizes.g_rows)], total % R
