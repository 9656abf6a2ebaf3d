# SPDX-License-Identifier: Apache-2.0
"""The argument over the curve (specification/curve-argument.md, sections 3 to 5)."""

from itertools import count

import numpy as np

from .curve_channel import POINTS, CurveChannel, decode_points
from .curve_opening import Claim, EqTerm, Part, SetupKey, ValuesTerm, verify_opening
from .curve_points import G1_BYTES
from .curve_scalars import R, eq_at, eq_table, interpolate, one_less, powers, product
from .curve_statement import FROZEN, CurveSizes, CurveStatement
from .errors import InvalidProof
from .statement import ceil_log2

PROTOCOL = "driftproof/curve/argument/v1"
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
        self.sizes = CurveSizes(statement)
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
        channel = self.channel = CurveChannel(proof, PROTOCOL)
        channel.state_public("binding", self.binding)
        channel.state_public("statement", self.statement.canonical())
        channel.state_public("base rows", self.base, POINTS)
        channel.state_public("tuned rows", self.tuned, POINTS)
        self.matrices = [
            channel.transcript.challenge_bytes(f"R/{number}", (2 * sizes.projections // 8) << bits)
            for number, bits in enumerate(sizes.group_bits, 1)
        ]
        self.committed = channel.points("P2", sizes.d_rows + 4)
        self._stage()
        self._opening()
        if channel.proof.remaining:
            raise InvalidProof(f"trailingBytes: {channel.proof.remaining} bytes behind the proof")

    # --- section 4 ----------------------------------------------------------------------------------------------------

    def _stage(self) -> None:
        """Stage A: it leaves ρ, E(ρ), D(ρ) and g(ρ) in `point`, `e`, `d`, `g`."""
        channel, sizes = self.channel, self.sizes
        self.lam = channel.challenge("lambda")
        m_star = channel.challenges("m*", ceil_log2(sizes.projections))
        self.z = channel.challenges("z bits", sizes.d_variables)
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
        self.g = channel.scalar("A/g")
        if (claim - gamma * self.g) % R:
            raise InvalidProof("sumcheckFinal: stage A does not end at what the evaluations say")

    def _bound_weights(self) -> list[int]:
        """λ^3, λ^4, …, one for each tensor with a bound."""
        return powers(self.lam, 3 + self.sizes.bounds)[3:]

    def _first_claim(self) -> int:
        bounds = [tensor.bound for tensor in self.statement.norms if tensor.bound is not None]
        claim = -sum(self.mu) << 60
        claim += self.lam**2 * (self.statement.total or 0)
        claim += sum(weight * bound for weight, bound in zip(self._bound_weights(), bounds, strict=True))
        return claim % R

    def _tensor_weights(self) -> list[int]:
        """w of the rows of each tensor with a norm claim."""
        largest = max((tensor.fraction_bits for tensor in self.statement.counted), default=0)
        weights, result = iter(self._bound_weights()), []
        for tensor in self.statement.norms:
            weight = next(weights) if tensor.bound is not None else 0
            if tensor.counts:
                weight += self.lam**2 * 4 ** (largest - tensor.fraction_bits)
            result.append(weight % R)
        return result

    def _drift_contribution(self, x: list[int], value: int) -> int:
        """What is lowered after `A/E`."""
        sizes, weights = self.sizes, self._tensor_weights()
        if sizes.several:
            rows, at, norms = eq_table(x[sizes.log_length :]), 0, 0
            for tensor, weight in zip(self.statement.norms, weights, strict=True):
                norms += weight * sum(rows[at : at + tensor.row_count])
                at += tensor.row_count
        else:
            norms = weights[0]
        factors, low = [1] * sizes.projections, 0
        for content, bits in zip(self.matrices, sizes.group_bits, strict=True):
            projected = project(content, sizes.projections, eq_table(x[low : low + bits]))
            factors = [a * b % R for a, b in zip(factors, projected, strict=True)]
            low += bits
        projections = sum(weight * factor for weight, factor in zip(self.mu, factors, strict=True))
        return (1 - self.point[0]) * value * (norms * value + projections) % R

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
        sizes, log_length, d_variables = self.sizes, self.sizes.log_length, self.sizes.d_variables
        tau = self.channel.challenge("tau")
        top, x = self.point[0], self.point[1:]
        drift = self.drift
        rows = drift + [[(point, 1)] for point in self.committed]
        numbers = count()
        shared = min(log_length, d_variables)
        drift_weights = eq_table(x[log_length : sizes.e_variables])
        bit_weights = eq_table(x[shared:d_variables])
        weights = [(next(numbers), (1 - top) * drift_weights[t]) for t in range(len(drift))]
        weights += [(next(numbers), tau * (1 - top) * bit_weights[t]) for t in range(sizes.d_rows)]
        weights.append((next(numbers), tau * top * one_less(x[shared:d_variables])))
        weights.append((next(numbers), top * one_less(x[log_length : sizes.e_variables])))
        mask, libra = next(numbers), next(numbers)
        value = (self.e + tau * self.d * one_less(x[shared:log_length])) % R
        masked = Claim([Part([EqTerm(x[:log_length])], weights, mask)], value, is_masked=True)
        coefficients = [1]
        for coordinate, degree in zip(self.point, sizes.degrees, strict=True):
            coefficients += powers(coordinate, degree + 1)[1:]
        clear = Claim([Part([ValuesTerm(coefficients)], [(libra, 1)])], self.g)
        verify_opening(self.channel, [masked, clear], rows, self.key)

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
