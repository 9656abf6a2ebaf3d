# SPDX-License-Identifier: Apache-2.0
"""Stage B: the drift without its residual is what U, V and the slots say. Stage C brings Stage B's evaluations to one
point of G (specification/stages.md, sections 6 and 7)."""

from . import field as f
from .channel import Channel
from .cubes import Point, fixed, less_of_two, place, zeros
from .field import Cubic, equality, equality_points
from .layout import Circulant, Layout, Sparse
from .sumcheck import Evaluations, Finish, Outcome, run

DUMMY_RUN, DUMMY_MASK_RUN, FIRST_BIT = 3, 4, 5


def diagonal_weight(rows: Point, columns: Point, at: Point) -> Cubic:
    """κ~: Σ over i, t, j with i + t = j modulo 2^μ of eq(rows, i)·eq(at, t)·eq(columns, j), by bits with the carry."""
    sums = [f.ONE, f.ZERO]
    for i, j, t in zip(rows, columns, at, strict=True):
        following = [f.ZERO, f.ZERO]
        for carry in (0, 1):
            for bit_of_row in (0, 1):
                for bit_of_diagonal in (0, 1):
                    total = bit_of_row + bit_of_diagonal + carry
                    own = (i if bit_of_row else 1 - i) * (t if bit_of_diagonal else 1 - t) * (j if total & 1 else 1 - j)
                    following[total >> 1] = following[total >> 1] + sums[carry] * own
        sums = following
    return sums[0] + sums[1]


class StructureStage:
    """Both stages at Stage A's point (`top`, `x`)."""

    def __init__(self, layout: Layout, bounds: Outcome):
        self.layout = layout
        self.top, self.x = bounds.top, bounds.rest[: layout.e_variables]
        self.has_rank, self.has_sparse = bool(layout.low_rank), bool(layout.sparse)

    def _at(self, variables: list[int]) -> Point:
        return [self.x[variable] for variable in variables]

    def _cube_weight(self, tensor: int, set_number: int) -> Cubic:
        """W_c: (1 - top) times the fixed variables of a clause's cube."""
        rows, columns, origin = self.layout.cube(tensor, set_number)
        return (1 - self.top) * fixed(self.x, set(rows) | set(columns), origin)

    # --- Stage B ---

    @property
    def names(self) -> list[str]:
        names = ["U", "V"] if self.has_rank else []
        if self.has_sparse:
            names += ["values"] + [f"bit/{index}" for index in range(self.layout.bit_count)]
        return names + (["c"] if self.layout.circulants else []) + ["dummy"]

    def _contribution(self, point: Point, values: Evaluations) -> Cubic:
        top, kappa = point[0], point[1:]
        result = f.ZERO
        if self.has_rank:
            result = values["U"] * values["V"]
        if self.has_sparse:
            product = values["values"]
            for index in range(self.layout.bit_count):
                product = product * values[f"bit/{index}"]
            result = result + product
        for each in self.layout.circulants:
            rows, columns, _ = self.layout.circulant_variables(each)
            own = diagonal_weight(self._at(rows), self._at(columns), kappa[: each.log_size])
            result = result + values["c"] * place(kappa, each.diagonals, each.log_size) * own
        masks = sum((equality(kappa[:3], i) * equality(self.x[:3], i) for i in range(8)), f.ZERO)
        dummy = values["dummy"] * zeros(kappa[3:]) * self.top * zeros(self.x[3:]) * masks
        return (1 - top) * (result + dummy)

    def run_structure(self, channel: Channel, difference: Cubic) -> Outcome:
        """Stage B, whose sum is d - e."""
        _, rounds, degree = self.layout.stage_shapes()[1]
        self.outcome = run(channel, "B", rounds, degree, difference, [Finish(rounds, self.names, self._contribution)])
        return self.outcome

    # --- Stage C ---

    def run_merging(self, channel: Channel) -> Outcome:
        layout, values = self.layout, self.outcome.values
        self.chi = f.powers(channel.challenge("chi"), layout.mask_runs)
        self.q, self.kappa = 1 - self.outcome.top, self.outcome.rest
        total = self.chi[DUMMY_RUN] * values["dummy"]
        if self.has_rank:
            total = total + values["U"] + self.chi[1] * values["V"]
        if self.has_sparse:
            total = total + self.chi[2] * values["values"]
            for index in range(layout.bit_count):
                constant = self._bit_constant(index)
                total = total + self.chi[FIRST_BIT + index] * (values[f"bit/{index}"] - self.q * constant)
        if layout.circulants:
            total = total + self.chi[FIRST_BIT + layout.bit_count] * values["c"]
        _, rounds, degree = layout.stage_shapes()[2]

        def contribution(point: Point, found: Evaluations) -> Cubic:
            return (1 - point[0]) * found["G"] * self._weight(point[1:])

        return run(channel, "C", rounds, degree, total, [Finish(rounds, ["G"], contribution)])

    def _slot(self, sparse: Sparse) -> Cubic:
        return place(self.kappa[: self.layout.b_variables], sparse.slots, sparse.log_slots)

    def _bit_constant(self, index: int) -> Cubic:
        """B_i."""
        result = f.ONE
        for sparse in self.layout.sparse:
            variables, _ = self.layout.index_variables(sparse)
            if len(variables) > index:
                result = result - self._slot(sparse) * self.x[variables[index]]
        return result

    def _weight(self, y: Point) -> Cubic:
        """w(y)."""
        result = f.ZERO
        for each in self.layout.low_rank:
            result = result + self._low_rank_weight(each, y)
        for each in self.layout.circulants:
            result = result + self._circulant_weight(each, y)
        for each in self.layout.sparse:
            result = result + self._sparse_weight(each, y)
        return result + self._mask_weight(y)

    def _low_rank_weight(self, each, y: Point) -> Cubic:
        layout, k = self.layout, each.log_rank
        rows, columns = layout.factor_variables(each)
        columns_below = self.q * place(self.kappa, each.columns, k) * less_of_two(self.kappa[:k], y[:k], each.rank)
        u = self._cube_weight(each.tensor, each.set_number) * place(y, each.u, k + len(rows))
        u = u * equality_points(self._at(rows), y[k : k + len(rows)])
        v = self.chi[1] * place(y, each.v, k + len(columns))
        v = v * equality_points(self._at(columns), y[k : k + len(columns)])
        return columns_below * (u + v)

    def _circulant_weight(self, each: Circulant, y: Point) -> Cubic:
        layout, log = self.layout, each.log_size
        _, _, blocks = layout.circulant_variables(each)
        result = self.chi[FIRST_BIT + layout.bit_count] * self.q * place(self.kappa, each.diagonals, log)
        result = result * self._cube_weight(each.tensor, each.set_number) * place(y, each.numbers, log + len(blocks))
        result = result * equality_points(self.kappa[:log], y[:log])
        return result * equality_points(self._at(blocks), y[log : log + len(blocks)])

    def _sparse_weight(self, each: Sparse, y: Point) -> Cubic:
        layout, n, chi = self.layout, each.log_slots, self.chi
        variables, vector = layout.index_variables(each)
        h, slot = len(vector), self.q * self._slot(each)
        values = chi[2] * slot * self._cube_weight(each.tensor, each.set_number) * place(y, each.values, n + h)
        values = values * less_of_two(self.kappa[:n], y[h : h + n], each.count)
        result = values * equality_points(self._at(vector), y[:h])
        size, log_slots = layout.bits_log, layout.log_slots
        own = slot * place(y, layout.bits_offset, size) * equality_points(self.kappa[:n], y[:n])
        own = own * equality(y[n:log_slots], each.slots >> n)
        for index, variable in enumerate(variables):
            x = self.x[variable]
            result = result + chi[FIRST_BIT + index] * own * equality(y[log_slots:size], index) * (x + x - 1)
        return result

    def _mask_weight(self, y: Point) -> Cubic:
        layout, chi, top = self.layout, self.chi, self.outcome.top
        inside = equality_points(self.kappa[:3], y[:3]) * zeros(self.kappa[3:])

        def run_place(number: int) -> Cubic:
            return inside * equality(y[3:], (layout.masks_offset >> 3) + number)

        masks = f.ZERO
        if self.has_rank:
            masks = run_place(0) + chi[1] * run_place(1)
        if self.has_sparse:
            masks = masks + chi[2] * run_place(2)
            for index in range(layout.bit_count):
                masks = masks + chi[FIRST_BIT + index] * run_place(FIRST_BIT + index)
        if layout.circulants:
            masks = masks + chi[FIRST_BIT + layout.bit_count] * run_place(FIRST_BIT + layout.bit_count)
        dummy = self.q * run_place(DUMMY_RUN) + top * run_place(DUMMY_MASK_RUN)
        return top * masks + chi[DUMMY_RUN] * dummy
