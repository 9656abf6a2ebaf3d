# SPDX-License-Identifier: Apache-2.0
"""Stage A: norms, projections, ranges of digits, exact clauses, bounds of entries
(specification/stages.md, sections 3 and 4)."""

import numpy as np

from . import field as f
from .channel import Channel
from .cubes import Point, fixed, less, less_of_two, place, zeros
from .field import Cubic, equality, equality_points
from .layout import LOG_CHUNK, PROJECTION_ROWS, Layout, Piece
from .orthonormal_stage import OrthonormalStage, mask_places
from .projection import combine_rows
from .statement import PLAIN_HALF_RANGE, ceil_log2
from .sumcheck import Evaluations, Finish, Outcome, run

SQUARES, PROJECTIONS, EXACT, DIGITS, FACTORS, BITS, FIRST_LINE = range(7)
H = PLAIN_HALF_RANGE
FLOOR_SQUARE = 1 << 28  # φ², φ = 2^14
FAMILIES = Layout.FAMILIES
#: Values of which Σ eq(x, c) is needed: weights of a limb's eight digits.
LIMB = [4**i for i in range(8)]


def digit_weights(half_range: int) -> list[int]:
    """Weights of the 16 cells of a number of this range (specification/layout.md, section 6)."""
    if half_range == 0:
        return [0] * 16
    count = 8 if half_range > H else 7
    k = (2 * half_range - (1 << 16)) // (4**count - 1)
    weights = [4**i for i in range(8)] + [k * 4**i for i in range(count)]
    return weights + [0] * (16 - len(weights))


class BoundsStage:
    """The stage's challenges and weights. Names are those of the specification."""

    def __init__(self, channel: Channel, layout: Layout, projection: np.ndarray, orthonormal: OrthonormalStage | None):
        self.layout, self.orthonormal = layout, orthonormal
        self.statement = layout.statement
        base = channel.challenge("lambda")
        self.s = channel.challenges("s", ceil_log2(layout.square_chunks))
        self.s_projections = channel.challenges("s'", ceil_log2(layout.projection_chunks))
        self.m = channel.challenges("m*", 8)
        self.z = channel.challenges("z", layout.e_variables)
        self.z_digits = channel.challenges("z digits", layout.d_variables)
        self.s_factors = channel.challenges("s factors", ceil_log2(layout.factor_chunks))
        self.z_bits = channel.challenges("z bits", layout.bits_log)
        self.z_patterns = channel.challenges("z patterns", layout.z_variables) if layout.has_patterns else []
        self.line_count = sum(len(line.limbs) for line in layout.bound_lines)
        self.powers = f.powers(base, FIRST_LINE + self.line_count + 15)
        row_weights = [equality(self.m, row) for row in range(PROJECTION_ROWS)]
        self.row_sum = sum(row_weights, f.ZERO)
        self.combined = combine_rows(projection, row_weights)
        self.lines: list[list[Cubic]] = []
        at = FIRST_LINE
        for line in layout.bound_lines:
            self.lines.append(self.powers[at : at + len(line.limbs)])
            at += len(line.limbs)
        self.members = layout.region_members() if layout.has_region else []
        self.pattern_members = layout.pattern_members()

    # --- powers of λ ---

    def _behind_lines(self, number: int) -> Cubic:
        return self.powers[FIRST_LINE + self.line_count + number]

    @property
    def left(self) -> Cubic:
        return self._behind_lines(0)

    @property
    def right(self) -> Cubic:
        return self._behind_lines(1)

    @property
    def blind(self) -> Cubic:
        return self._behind_lines(2)

    @property
    def products(self) -> Cubic:
        return self._behind_lines(3)

    def family(self, name: str) -> Cubic:
        return self._behind_lines(4 + FAMILIES.index(name))

    @property
    def inverses(self) -> Cubic:
        """The power of u·v = 2^J."""
        return self._behind_lines(11)

    @property
    def pattern_bits(self) -> Cubic:
        return self._behind_lines(12)

    @property
    def pattern_support(self) -> Cubic:
        return self._behind_lines(13)

    @property
    def pattern_groups(self) -> Cubic:
        return self._behind_lines(14)

    # --- section 3 ---

    def total(self) -> Cubic:
        layout, powers = self.layout, self.powers
        result = -(powers[PROJECTIONS] * (H * self.row_sum) * less(self.s_projections, layout.projection_chunks))
        if layout.factor_chunks:
            result = result - powers[FACTORS] * (H * self.row_sum) * less(self.s_factors, layout.factor_chunks)
        for line, lambdas in zip(layout.bound_lines, self.lines, strict=True):
            for limb, power in zip(line.limbs, lambdas, strict=True):
                result = result + power * limb
        if layout.has_region:
            result = result + self._entries_total()
        for claim, free, origin in self.pattern_members:
            if claim.has_groups:
                outside = fixed(self.z_patterns, set(free), origin)
                result = result + self.pattern_groups * claim.count * outside
        if self.orthonormal:
            result = result + self._orthonormal_total()
        return result

    def _entries_total(self) -> Cubic:
        layout, result = self.layout, f.ZERO
        for block, piece in layout.projection_pieces:
            if not block.is_entrywise:
                continue
            share = self.powers[PROJECTIONS] * (H - layout.residual_half_range(block))
            for name in FAMILIES:
                if layout.has_family(name, block):
                    share = share - self.family(name) * layout.half_range(name, block)
            result = result + self.row_sum * piece.base_weight(self.s_projections) * share
        for block, index, member, first, log in self.members:
            claim = layout.clause_of(index, block.set_number).entry_claim
            share = -(self.family("d") * claim.tau_squared)
            if claim.has_classes:
                share = share - self.family("d2") * FLOOR_SQUARE + self.inverses * (1 << claim.classes)
            places = f.cubic_sum(self.combined[first : first + (1 << log)])
            result = result + member.base_weight(self.s_projections) * places * share
        return result

    def _orthonormal_total(self) -> Cubic:
        layout, o = self.layout, self.orthonormal
        values = o.outcome.values
        result = self.products * o.sigma + self.left * values["left"] + self.right * values["right"]
        result = result + self.blind * values["blind"]
        for number, index in enumerate(layout.orthonormal):
            tensor, bits = layout.tensors[index], layout.orthonormal_row_bits(index)
            alpha, beta = o.alpha[:bits], o.beta[:bits]
            diagonal = less_of_two(alpha, beta, tensor.rows) * 4**tensor.fraction_bits
            shifted = less(alpha, tensor.rows) * less(beta, tensor.rows) * H
            result = result - self.products * equality(o.s, number) * (diagonal - shifted)
        return result

    # --- section 4: D ---

    def _runs(self, x: Point, runs, weights: Cubic, kernel) -> Cubic:
        """A piece's digits, main and rest, times a power of λ; `kernel(j)` is K(j)."""
        (main, rest), log_chunks = runs
        m = self.m
        n1, n2 = log_chunks + 11, log_chunks + 6
        first = place(x, main, n1) * (1 - m[7]) * equality_points(m[:7], x[4:11]) * kernel(11)
        second = place(x, rest, n2) * m[7] * zeros(m[2:7]) * equality_points(m[:2], x[4:6]) * kernel(6)
        return -(weights * (first + second))

    def _digit(self, half_range: int, low: list[Cubic]) -> Cubic:
        return sum((weight * value for weight, value in zip(digit_weights(half_range), low, strict=True)), f.ZERO)

    def digit_weight(self, x: Point) -> Cubic:
        """w_D at a point of D's variables."""
        layout, powers = self.layout, self.powers
        low = [equality(x[:4], cell) for cell in range(16)]
        result = f.ZERO

        def own_kernel(piece: Piece):
            m = piece.log_chunks
            base = piece.base_weight(self.s_projections)
            return lambda j: base * equality_points(self.s_projections[:m], x[j : j + m])

        for (block, piece), runs in zip(layout.projection_pieces, layout.projection_runs, strict=True):
            weight = powers[PROJECTIONS] * self._digit(layout.residual_half_range(block), low)
            result = result + self._runs(x, (runs, piece.log_chunks), weight, own_kernel(piece))
        for name, block, piece, main, rest in layout.family_runs:
            weight = self.family(name) * self._digit(layout.half_range(name, block), low)
            result = result + self._runs(x, ((main, rest), piece.log_chunks), weight, own_kernel(piece))
        if layout.factor_runs:
            m = len(self.s_factors)

            def factor_kernel(j: int) -> Cubic:
                return less_of_two(self.s_factors, x[j : j + m], layout.factor_chunks)

            weight = powers[FACTORS] * self._digit(H, low)
            result = result + self._runs(x, (layout.factor_runs, m), weight, factor_kernel)
        if layout.square_run is not None:
            result = result + self._square_digits(x)
        for line, lambdas, offset in zip(layout.bound_lines, self.lines, layout.line_runs, strict=True):
            result = result + self._line_digits(x, len(line.limbs), lambdas, offset)
        if self.orthonormal:
            result = result + self._product_digits(x, low)
        return result

    def _square_digits(self, x: Point) -> Cubic:
        layout, n = self.layout, 5 + len(self.s)
        five = [equality(x[:5], cell) for cell in range(32)]
        limbs = [sum((LIMB[i] * five[8 * j + i] for i in range(8)), f.ZERO) for j in range(4)]
        weighed = sum((limbs[j] * (1 << (15 * j)) for j in range(4)), f.ZERO)
        result = -(self.powers[SQUARES] * equality_points(self.s, x[5:n]) * weighed)
        for line, lambdas in zip(layout.bound_lines, self.lines, strict=True):
            shifted: dict[int, Cubic] = {}
            for piece, shift, factor in line.terms:
                if shift not in shifted:
                    shifted[shift] = sum((limbs[j] * lambdas[j + shift] for j in range(4)), f.ZERO)
                m = piece.log_chunks
                where = equality(x[5 + m : n], piece.base >> m)
                result = result + where * factor * shifted[shift]
        return place(x, layout.square_run, n) * result

    def _line_digits(self, x: Point, limbs: int, lambdas: list[Cubic], offset: int) -> Cubic:
        n = 5 + ceil_log2(limbs)
        cells = [equality(x[:5], cell) for cell in range(32)]
        slack = sum((LIMB[i] * cells[i] for i in range(8)), f.ZERO)
        carry = sum((4**i * cells[8 + i] for i in range(23)), f.ZERO)
        result = f.ZERO
        for j in range(limbs):
            here = equality(x[5:n], j)
            result = result + here * lambdas[j] * slack
            if j + 1 < limbs:
                result = result + here * carry * (lambdas[j + 1] - lambdas[j] * (1 << 15))
        return place(x, offset, n) * result

    def _product_digits(self, x: Point, low: list[Cubic]) -> Cubic:
        layout, o, result = self.layout, self.orthonormal, f.ZERO
        number_of_cells = sum((4**c * low[c] for c in range(15)), f.ZERO)
        for number, (index, offset) in enumerate(zip(layout.orthonormal, layout.product_runs, strict=True)):
            bits, rows = layout.orthonormal_row_bits(index), layout.tensors[index].rows
            columns = less_of_two(o.beta[:bits], x[4 : 4 + bits], rows)
            lines = less_of_two(o.alpha[:bits], x[4 + bits : 4 + 2 * bits], rows)
            result = result + equality(o.s, number) * place(x, offset, 4 + 2 * bits) * columns * lines
        return self.products * number_of_cells * result

    def d_contribution(self, point: Point, values: Evaluations) -> Cubic:
        top, x, v = point[0], point[1 : 1 + self.layout.d_variables], values["D"]
        ranges = equality_points(x, self.z_digits) * self.powers[DIGITS] * v * (v - 1) * (v - 2) * (v - 3)
        return (1 - top) * (ranges + self.digit_weight(x) * v)

    # --- section 4: E ---

    def chunk_projection(self, x: Point) -> Cubic:
        """Y = Σ R*(x')·eq(x[0,14), x')."""
        return f.cubic_dot(self.combined, f.equality_table(x[:LOG_CHUNK]))

    def region_weight(self, x: Point, y: Cubic) -> Cubic:
        """P(x) at a point of R-space or E-space."""
        pieces = [piece for block, piece in self.layout.projection_pieces if block.is_entrywise]
        return y * sum((piece.weight(self.s_projections, x) for piece in pieces), f.ZERO)

    def e_contribution(self, point: Point, values: Evaluations) -> Cubic:
        layout, powers = self.layout, self.powers
        top, x, v = point[0], point[1 : 1 + layout.e_variables], values["E"]
        y = self.chunk_projection(x)
        squares = sum((square.piece.weight(self.s, x) for square in layout.square_pieces), f.ZERO)
        quadratic = powers[SQUARES] * squares
        if layout.has_region and not self.statement.has_rounding_claims:
            quadratic = quadratic - self.family("d") * self.region_weight(x, y)
        pieces = sum((piece.weight(self.s_projections, x) for _, piece in layout.projection_pieces), f.ZERO)
        linear = powers[PROJECTIONS] * y * pieces
        for free, origin in layout.exact_cubes:
            inside = equality_points([x[v] for v in free], [self.z[v] for v in free])
            linear = linear + powers[EXACT] * inside * fixed(x, set(free), origin) * fixed(self.z, set(free), origin)
        if self.orthonormal:
            linear = linear + self._orthonormal_rows(x)
        return (1 - top) * (quadratic * v * v + linear * v)

    def _orthonormal_rows(self, x: Point) -> Cubic:
        layout, o, result = self.layout, self.orthonormal, f.ZERO
        for number, (index, offset) in enumerate(zip(layout.orthonormal, layout.orthonormal_offsets, strict=True)):
            rows, columns, origin = layout.cube(index, 0)
            bits, count, n = layout.orthonormal_row_bits(index), layout.tensors[index].rows, len(columns)
            outside = fixed(x, set(rows) | set(columns), origin)
            across = place(o.y, offset, n) * equality_points(o.y[:n], [x[v] for v in columns])
            down = [x[v] for v in rows] + [f.ZERO] * (bits - len(rows))
            left = self.left * equality(o.s, number) * less_of_two(o.alpha[:bits], down, count)
            right = self.right * less_of_two(o.beta[:bits], down, count)
            result = result + outside * across * (left + right)
        return (1 - o.top) * result

    # --- section 4: G, R-space, O ---

    def g_contribution(self, point: Point, values: Evaluations) -> Cubic:
        layout, powers = self.layout, self.powers
        top, x, v = point[0], point[1 : 1 + layout.g_variables], values["G"]
        quadratic = f.ZERO
        if layout.bit_count:
            n = layout.bits_log
            quadratic = powers[BITS] * place(x, layout.bits_offset, n) * equality_points(self.z_bits, x[:n])
        linear = -quadratic
        if layout.factor_chunks:
            m = len(self.s_factors)
            chunks = less_of_two(self.s_factors, x[LOG_CHUNK : LOG_CHUNK + m], layout.factor_chunks)
            linear = linear + powers[FACTORS] * self.chunk_projection(x) * chunks * zeros(x[LOG_CHUNK + m :])
        return (1 - top) * (quadratic * v * v + linear * v)

    def region_contribution(self, point: Point, values: Evaluations) -> Cubic:
        layout = self.layout
        top, x = point[0], point[1 : 1 + layout.region_variables]
        y = self.chunk_projection(x)
        if not self.statement.has_rounding_claims:
            a, weight = values["a"], self.region_weight(x, y)
            return (1 - top) * weight * (self.family("a") * a - self.family("d") * a * a)
        value = {name: values.get(name, f.ZERO) for name in ("a", "r", "a2", "u", "v", "X", "T")}
        a, r, a2, u, v, drift, base = value.values()
        tuned = drift + base
        result = f.ZERO
        for block, piece in layout.projection_pieces:
            if not block.is_entrywise:
                continue
            w = layout.block_claims(block)[0].w
            inner = self.family("a") * a + (self.family("r") - (1 << w) * self.powers[PROJECTIONS]) * r
            if layout.has_family("u", block):
                inner = inner + self.family("a2") * a2 + self.family("u") * u + self.family("v") * v
            result = result + y * piece.weight(self.s_projections, x) * inner
        table = f.equality_table(x[:LOG_CHUNK])
        products = f.cubic_mul(self.combined, table)
        for block, index, member, first, log in self.members:
            claim = layout.clause_of(index, block.set_number).entry_claim
            places = f.cubic_sum(products[first : first + (1 << log)])
            inner = self.family("d") * (
                -(claim.e * (a * a + r * r))
                + claim.tuned * (tuned * tuned)
                + claim.base * (base * base)
                + claim.update * (drift * drift)
                + claim.beta**2 * (u * u)
            )
            if claim.has_classes:
                inner = inner + self.family("d2") * (tuned * tuned - FLOOR_SQUARE * (u * u) - a2 * a2)
                inner = inner + self.inverses * u * v
            result = result + member.weight(self.s_projections, x) * places * inner
        return (1 - top) * result

    def pattern_contribution(self, point: Point, values: Evaluations) -> Cubic:
        top, x, t = point[0], point[1 : 1 + self.layout.z_variables], self.z_patterns
        z, drift, base = values["z"], values["Xz"], values.get("Tz", f.ZERO)
        result = f.ZERO
        for claim, free, origin in self.pattern_members:
            outside = fixed(x, set(free), origin) * fixed(t, set(free), origin)
            above = [v for v in free if v >= claim.log_group]
            groups = outside * equality_points([x[v] for v in above], [t[v] for v in above])
            inside = [v for v in free if v < claim.log_group]
            places = groups * equality_points([x[v] for v in inside], [t[v] for v in inside])
            if claim.has_groups:
                others = drift + base if claim.is_of_weights else drift
                result = result + self.pattern_bits * places * (z * z - z) + self.pattern_groups * groups * z
                result = result + self.pattern_support * places * (1 - z) * others
            else:
                result = result + self.pattern_support * places * (drift - z * base)
        return (1 - top) * result

    def o_mask_weights(self) -> list[Cubic]:
        """W_c of the cells of O."""
        o = self.orthonormal
        places = mask_places(o.y)
        weights = [factor * o.top * each for factor in (self.left, self.right, self.blind) for each in places]
        weights += [f.ZERO] * 8
        for index, unit in enumerate((f.ONE, f.X, f.X_SQUARED)):
            weights[24 + index] = self.blind * (1 - o.top) * places[index] + self.products * unit
        return weights

    def o_contribution(self, point: Point, values: Evaluations) -> Cubic:
        top, x = point[0], point[1:6]
        weights = self.o_mask_weights()
        total = sum((weight * equality(x, cell) for cell, weight in enumerate(weights)), f.ZERO)
        return (1 - top) * values["O"] * total

    # --- the sumcheck ---

    def run(self, channel: Channel) -> Outcome:
        layout = self.layout
        _, rounds, degree = layout.stage_shapes()[0]
        finishes = [
            Finish(1 + layout.d_variables, ["D"], self.d_contribution),
            Finish(1 + layout.e_variables, ["E"], self.e_contribution),
        ]
        if layout.has_factors:
            finishes.append(Finish(1 + layout.g_variables, ["G"], self.g_contribution))
        if layout.has_region:
            finishes.append(Finish(1 + layout.region_variables, layout.region_oracles, self.region_contribution))
        if layout.has_patterns:
            finishes.append(Finish(1 + layout.z_variables, layout.pattern_oracles, self.pattern_contribution))
        if layout.orthonormal:
            finishes.append(Finish(6, ["O"], self.o_contribution))
        return run(channel, "A", rounds, degree, self.total(), finishes)
