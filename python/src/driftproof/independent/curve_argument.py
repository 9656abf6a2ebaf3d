# SPDX-License-Identifier: Apache-2.0
"""The argument over the curve (specification/curve-argument.md, sections 3 to 6)."""

from itertools import count

import numpy as np

from .curve_channel import POINTS, CurveChannel, decode_points
from .curve_opening import Claim, EqTerm, Part, SetupKey, ValuesTerm, verify_opening
from .curve_points import G1_BYTES
from .curve_scalars import R, eq_at, eq_range, eq_sum, eq_table, interpolate, one_less, powers, product
from .curve_statement import FROZEN, CurveStatement
from .curve_structure import StageAChunks, StageB
from .errors import InvalidProof
from .statement import ceil_log2

PROTOCOL = "driftproof/curve/argument/v"
#: Columns of R that are projected at once, so that memory is bounded.
COLUMNS_AT_ONCE = 1 << 12
LIMB_BITS, LIMBS = 32, 8


class CurveArgumentVerifier:
    """Verifies one proof. `base` and `tuned` are all rows' points, compressed, one after the other."""

    def __init__(self, statement: CurveStatement, key: SetupKey, binding: bytes, base: bytes, tuned: bytes):
        statement.check()
        if key.id != statement.setup_id:
            raise InvalidProof("otherSetup: the setup is not the statement's")
        self.statement, self.key, self.binding = statement, key, binding
        self.base, self.tuned = base, tuned
        self.sizes = statement.sizes
        self._check_rows()
        self.drift = self._drift_rows()

    def _check_rows(self) -> None:
        """Numbers of rows, and rows of frozen tensors (section 3)."""
        expected = G1_BYTES * sum(tensor.row_count for tensor in self.statement.tensors)
        if len(self.base) != expected or len(self.tuned) != expected:
            raise InvalidProof("rowCount: other numbers of rows than the statement's tensors have")
        for tensor, place in self._places():
            if tensor.claim == FROZEN and self.base[place] != self.tuned[place]:
                raise InvalidProof(f"frozenTensorChanged: {tensor.name}")

    def _places(self):
        """Each tensor, and where its points' bytes are."""
        at = 0
        for tensor in self.statement.tensors:
            end = at + G1_BYTES * tensor.row_count
            yield tensor, slice(at, end)
            at = end

    def verify(self, proof: bytes) -> None:
        sizes = self.sizes
        channel = self.channel = CurveChannel(proof, f"{PROTOCOL}{self.statement.version}")
        channel.state_public("binding", self.binding)
        channel.state_public("statement", self.statement.canonical())
        channel.state_public("base rows", self.base, POINTS)
        channel.state_public("tuned rows", self.tuned, POINTS)
        cells = sizes.cells
        self.first = channel.points("P1", sizes.g_rows) if cells else []
        self.matrices = self._matrices("R", sizes.group_bits)
        if cells and cells.factors:
            self.factor_matrices = self._matrices("R factors", sizes.factor_group_bits)
        self.committed = channel.points("P2", sizes.d_rows + (5 + sizes.g_rows if cells else 4))
        self._stage()
        if cells:
            self.drift_value = channel.scalar("A/d")
            self.stage_b = StageB(sizes, cells, self.point, self.drift_value - self.e, channel)
        self._opening()
        if channel.proof.remaining:
            raise InvalidProof(f"trailingBytes: {channel.proof.remaining} bytes behind the proof")

    def _matrices(self, label: str, group_bits: list[int]) -> list[bytes]:
        return [
            self.channel.transcript.challenge_bytes(f"{label}/{number}", (2 * self.sizes.projections // 8) << bits)
            for number, bits in enumerate(group_bits, 1)
        ]

    # --- section 4 ----------------------------------------------------------------------------------------------------

    def _stage(self) -> None:
        """Stage A: it leaves ρ, E(ρ), D(ρ) and g(ρ) in `point`, `e`, `d`, `g`."""
        channel, sizes = self.channel, self.sizes
        self.lam = channel.challenge("lambda")
        m_star = channel.challenges("m*", ceil_log2(sizes.projections))
        self.z = channel.challenges("z bits", sizes.d_variables)
        has_region = sizes.cells is not None and sizes.cells.has_region
        self.chunks = StageAChunks(sizes.cells, channel) if sizes.cells and has_region else None
        self.mu = eq_table(m_star)[: sizes.projections]
        sum_g = channel.scalar("A/sum g")
        gamma = channel.challenge("A/gamma")
        claim = (self._first_claim() + gamma * sum_g) % R
        self.point: list[int] = []
        for number in range(sizes.rounds):
            values = channel.scalars("A/round", sizes.degree(number))
            self.point.append(channel.challenge("A/r"))
            claim = interpolate([claim - values[0], *values], self.point[-1])
            if number == sizes.e_variables:
                self.e = channel.scalar("A/E")
                claim -= self._drift_contribution(self.point[1:], self.e)
            if number == sizes.d_variables:
                self.d = channel.scalar("A/D")
                claim -= self._bits_contribution(self.point[1:], self.d)
            if sizes.cells and number == sizes.g_variables:
                self.cells_value = channel.scalar("A/G")
                claim -= self._cells_contribution(self.point[1:], self.cells_value)
        self.g = channel.scalar("A/g")
        if (claim - gamma * self.g) % R:
            raise InvalidProof("sumcheckFinal: stage A does not end at what the evaluations say")

    def _bound_weights(self) -> list[int]:
        """λ^3, λ^4, …, one for each line with a bound."""
        return powers(self.lam, 3 + self.sizes.bounds)[3:]

    def _first_claim(self) -> int:
        bounds = [line.bound for line in self.sizes.lines if line.bound is not None]
        claim = -sum(self.mu) << 60
        claim += self.lam**2 * (self.statement.total or 0)
        claim += sum(weight * bound for weight, bound in zip(self._bound_weights(), bounds, strict=True))
        if self.chunks:
            claim += pow(self.lam, 4 + self.sizes.bounds, R) * self.chunks.first_claim()
        return claim % R

    def _line_weights(self) -> list[int]:
        """w of the rows of each line."""
        largest = max((tensor.fraction_bits for tensor in self.statement.counted), default=0)
        weights, result = iter(self._bound_weights()), []
        for line in self.sizes.lines:
            weight = next(weights) if line.bound is not None else 0
            if line.counts:
                weight += self.lam**2 * 4 ** (largest - line.tensor.fraction_bits)
            result.append(weight % R)
        return result

    def _drift_contribution(self, x: list[int], value: int) -> int:
        """What is lowered after `A/E`."""
        sizes, weights = self.sizes, self._line_weights()
        if sizes.several:
            rows, norms = x[sizes.log_length :], 0
            for line, weight in zip(sizes.lines, weights, strict=True):
                norms += weight * eq_sum(rows, line.first, line.row_count)
        else:
            norms = weights[0]
        projections = self._projected(self.matrices, sizes.group_bits, x)
        return (1 - self.point[0]) * value * (norms * value + projections) % R

    def _projected(self, matrices: list[bytes], group_bits: list[int], x: list[int]) -> int:
        """Σ_m μ_m·Π_j R~_j[m]."""
        projections = self.sizes.projections
        factors, low = [1] * projections, 0
        for content, bits in zip(matrices, group_bits, strict=True):
            projected = project(content, projections, eq_table(x[low : low + bits]))
            factors = [a * b % R for a, b in zip(factors, projected, strict=True)]
            low += bits
        return sum(weight * factor for weight, factor in zip(self.mu, factors, strict=True)) % R

    def _cells_contribution(self, x: list[int], value: int) -> int:
        """What is lowered after `A/G`."""
        sizes = self.sizes
        weight = self.chunks.contribution(x, value, self.lam, sizes.bounds) if self.chunks else 0
        if sizes.cells.factors:
            beyond = one_less(x[sizes.cells.factor_variables :])
            weight += beyond * self._projected(self.factor_matrices, sizes.factor_group_bits, x)
        return (1 - self.point[0]) * value * weight % R

    def _bits_contribution(self, x: list[int], value: int) -> int:
        """What is lowered after `A/D`."""
        sizes, lam = self.sizes, self.lam
        high = eq_table(x[6:])
        weights = -sum(mu * high[m] for m, mu in enumerate(self.mu)) * number_weight(x, 61, 6)
        if sizes.has_total:
            weights += lam**2 * eq_at(x[8:], sizes.projections // 4) * number_weight(x, 208, 8)
        first = sizes.projections // 2 + 2 * sizes.has_total
        slack = number_weight(x, 120, 7)
        for index, weight in enumerate(self._bound_weights()):
            weights += weight * eq_at(x[7:], first + index) * slack
        bits = lam * product(a * b + (1 - a) * (1 - b) for a, b in zip(self.z, x, strict=True))
        return (1 - self.point[0]) * value * (bits * (value - 1) + weights) % R

    # --- section 5 ----------------------------------------------------------------------------------------------------

    def _opening(self) -> None:
        sizes, cells = self.sizes, self.sizes.cells
        tau = self.channel.challenge("tau")
        rows = self.drift + [[(point, 1)] for point in [*self.first, *self.committed]]
        numbers = count()
        weights = [(next(numbers), weight) for weight in self._drift_row_weights()]
        first_numbers = [next(numbers) for _ in self.first]
        value = (self.drift_value if cells else self.e) + tau * self.d * self._shortened(sizes.d_variables)
        payload, mask = self._oracle(sizes.d_variables, sizes.d_rows)
        weights += [(next(numbers), tau * weight) for weight in payload]
        weights.append((next(numbers), tau * mask))
        weights.append((next(numbers), self.point[0] * one_less(self.point[1:][sizes.log_length : sizes.e_variables])))
        coefficients, g, parts = self._monomials(self.point, sizes.degrees), self.g, []
        if cells:
            payload, mask = self._oracle(sizes.g_variables, sizes.g_rows)
            weights += [(number, tau**2 * weight) for number, weight in zip(first_numbers, payload, strict=True)]
            weights.append((next(numbers), tau**2 * mask))
            value += tau**2 * self.cells_value * self._shortened(sizes.g_variables)
        first_part = Part([EqTerm(self.point[1:][: sizes.log_length])], weights, next(numbers))
        if cells:
            functionals, opened = self.stage_b.opened(tau)
            parts = [
                Part(list(functional), [(number, 1)], next(numbers))
                for number, functional in zip(first_numbers, functionals, strict=True)
            ]
            value += opened
            coefficients += [tau * each for each in self._monomials(self.stage_b.point, cells.degrees)]
            g += tau * self.stage_b.g
        masked = Claim([first_part, *parts], value % R, is_masked=True)
        clear = Claim([Part([ValuesTerm(coefficients)], [(next(numbers), 1)])], g % R)
        verify_opening(self.channel, [masked, clear], rows, self.key)

    def _drift_row_weights(self) -> list[int]:
        """Of the rows of E's tensors in claim 1."""
        sizes, top = self.sizes, self.point[0]
        # Lines together may be many times the rows that anybody stores: no table over all of them.
        x = self.point[1:][sizes.log_length : sizes.e_variables]
        weights = [[0] * tensor.row_count for tensor in self.statement.norms]
        for line in sizes.lines:
            own = weights[line.number]
            for row, weight in enumerate(eq_range(x, line.first, len(own))):
                own[row] += (1 - top) * weight << line.scale
        return [weight % R for own in weights for weight in own]

    def _oracle(self, variables: int, count: int) -> tuple[list[int], int]:
        """Weights of an oracle's rows, and that of its mask."""
        shared, top = min(self.sizes.log_length, variables), self.point[0]
        rest = self.point[1:][shared:variables]
        return [(1 - top) * weight for weight in eq_table(rest)[:count]], top * one_less(rest)

    def _shortened(self, variables: int) -> int:
        """Π (1 - x_j) over the coordinates of a row that an oracle does not have."""
        length = self.sizes.log_length
        return one_less(self.point[1:][min(length, variables) : length])

    @staticmethod
    def _monomials(point: list[int], degrees: list[int]) -> list[int]:
        coefficients = [1]
        for coordinate, degree in zip(point, degrees, strict=True):
            coefficients += powers(coordinate, degree + 1)[1:]
        return coefficients

    def _drift_rows(self) -> list[list[tuple]]:
        """Rows of E: C_tuned - C_base. All rows are decoded, as invalid ones are refused whatever is claimed."""
        rows = []
        for tensor, place in self._places():
            base = decode_points(self.base[place], f"base rows of {tensor.name}")
            tuned = decode_points(self.tuned[place], f"tuned rows of {tensor.name}")
            if tensor.has_norm:
                rows += [[(new, 1), (old, -1)] for old, new in zip(base, tuned, strict=True)]
        return rows


def number_weight(x: list[int], bits: int, log: int) -> int:
    """num(b, n) = Σ_{j<b} 2^j·eq(x[0, n), j)."""
    return sum(weight << j for j, weight in enumerate(eq_table(x[:log])[:bits])) % R


def project(content: bytes, rows: int, weights: list[int]) -> list[int]:
    """Σ_y R[m][y]·weights[y] for all m: entry m of a column is its bit m plus its bit m + M less 1 (section 3).

    Weights are cut into limbs of 32 bits, so that sums over 2^14 columns are exact in floating point.
    """
    columns = np.frombuffer(content, dtype=np.uint8).reshape(len(weights), 2 * rows // 8)
    limbs = np.frombuffer(b"".join(weight.to_bytes(32, "little") for weight in weights), dtype="<u4")
    limbs = limbs.reshape(len(weights), LIMBS).astype(np.float64)
    sums = np.zeros((rows, LIMBS))
    for first in range(0, len(weights), COLUMNS_AT_ONCE):
        some = slice(first, first + COLUMNS_AT_ONCE)
        bits = np.unpackbits(columns[some], axis=1, bitorder="little")
        entries = bits[:, :rows].astype(np.float64) + bits[:, rows:] - 1
        sums += entries.T @ limbs[some]
    return [sum(int(limb) << (LIMB_BITS * place) for place, limb in enumerate(line)) % R for line in sums]
