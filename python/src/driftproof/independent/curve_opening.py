# SPDX-License-Identifier: Apache-2.0
"""Openings of rows on the curve (specification/curve.md, "Rows and their openings")."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .curve_channel import CurveChannel
from .curve_group import group
from .curve_points import BLINDING_GENERATOR, G1_BYTES, G2_BYTES, G2_GENERATOR, PointRefused
from .curve_scalars import R, inverse, powers
from .errors import InvalidProof
from .wire import sha256, text, u8

KEY_BYTES = G1_BYTES + 2 * G2_BYTES


class SetupKey:
    """[τ]_1, [τ]_2, [τ²]_2 ("Setups"). Reading one checks that its points are powers of one τ."""

    def __init__(self, content: bytes, what: str = "setup"):
        if len(content) != KEY_BYTES:
            raise InvalidProof(f"{what}: a key has {KEY_BYTES} bytes")
        self.content = content
        curve = group()
        parts = (content[:G1_BYTES], content[G1_BYTES : G1_BYTES + G2_BYTES], content[G1_BYTES + G2_BYTES :])
        for part in parts:
            if part[0] & 0x40:
                raise InvalidProof(f"{what}: infinity in the key")
        try:
            self.first, self.second, self.square = (curve.decode(part, n == 0) for n, part in enumerate(parts))
        except PointRefused as refused:
            raise PointRefused(refused.reason, f"{what}: key") from None
        negative = curve.combine([curve.g1], [R - 1]), curve.combine([self.first], [R - 1])
        if not curve.product_is_one([(self.first, curve.g2), (negative[0], self.second)]) or not curve.product_is_one(
            [(negative[1], self.second), (curve.g1, self.square)]
        ):
            raise InvalidProof(f"{what}: the key is not [τ]_1, [τ]_2, [τ²]_2 of one τ")

    @property
    def id(self) -> bytes:
        return setup_id(self.content)


def setup_id(key: bytes) -> bytes:
    return sha256(text("driftproof/setup/v1"), u8(0), key)


@dataclass(frozen=True)
class EqTerm:
    """scale·Π_j (ρ_j where bit j of x - offset is set, else 1 - ρ_j) on offset ≤ x < offset + 2^n."""

    point: list[int]
    offset: int = 0
    scale: int = 1

    def at(self, x: int) -> int:
        """Σ_x c[x]·X^x."""
        result, power = self.scale * pow(x, self.offset, R) % R, x
        for coordinate in self.point:
            result = result * (1 - coordinate + coordinate * power) % R
            power = power * power % R
        return result


@dataclass(frozen=True)
class ValuesTerm:
    """Values at offset, offset + 1, …"""

    values: list[int]
    offset: int = 0

    def at(self, x: int) -> int:
        result = 0
        for value in reversed(self.values):
            result = (result * x + value) % R
        return result * pow(x, self.offset, R) % R


class Term(Protocol):
    """A summand of a functional c: `at` gives Σ_x c[x]·X^x."""

    def at(self, x: int) -> int: ...


Functional = Sequence[Term]


@dataclass(frozen=True)
class Part:
    """⟨c, Σ w·row⟩: the functional, rows as numbers into the list of points, their weights, perhaps a mask row."""

    functional: Functional
    weights: list[tuple[int, int]]
    mask: int | None = None

    def at(self, x: int) -> int:
        return sum(term.at(x) for term in self.functional) % R


@dataclass(frozen=True)
class Claim:
    """The sum over its parts is `value`."""

    parts: list[Part]
    value: int
    is_masked: bool = False


@dataclass
class PointSum:
    """Σ s·P, collected so that it is computed once."""

    points: list = field(default_factory=list)
    scalars: list[int] = field(default_factory=list)

    def add(self, point, scalar: int) -> None:
        self.points.append(point)
        self.scalars.append(scalar % R)

    def compute(self):
        return group().combine(self.points, self.scalars)


def verify_opening(channel: CurveChannel, claims: list[Claim], rows: list[list[tuple]], key: SetupKey) -> None:
    """Verifies claims about rows. A row is a list of (point, sign), so that a difference of points is one, too."""
    curve = group()
    masks = iter(channel.scalars("opening/masks", sum(claim.is_masked for claim in claims)))
    mask_values = [next(masks) if claim.is_masked else 0 for claim in claims]
    beta = channel.challenge("opening/beta")
    chi = channel.challenge("opening/chi")
    remainder = channel.point("opening/remainder")
    while True:
        zeta = channel.challenge("opening/zeta")
        if zeta not in (0, 1, R - 1):
            break
    inverted = inverse(zeta)
    parts = [(number, part) for number, claim in enumerate(claims) for part in claim.parts]
    evaluations = channel.scalars("opening/evaluations", 2 * len(parts) + 1)
    at_zeta, at_inverse, s = evaluations[:-1:2], evaluations[1::2], evaluations[-1]
    gamma = channel.challenge("opening/gamma")
    quotient = channel.point("opening/quotient")
    blinding = channel.scalar("opening/blinding")

    values = [
        (mask + beta * claim.value) if claim.is_masked else claim.value
        for mask, claim in zip(mask_values, claims, strict=True)
    ]
    chis, gammas = powers(chi, len(claims)), powers(gamma, len(parts) + 1)
    left = 0
    for (number, part), u, u_inverse in zip(parts, at_zeta, at_inverse, strict=True):
        left += chis[number] * (u * part.at(inverted) + u_inverse * part.at(zeta))
    twice = 2 * sum(weight * value for weight, value in zip(chis, values, strict=True))
    s_inverse = zeta * (left - twice - zeta * s) % R
    y = sum(weight * value for weight, value in zip(gammas, [*at_zeta, s], strict=True))
    y_inverse = sum(weight * value for weight, value in zip(gammas, [*at_inverse, s_inverse], strict=True))
    b = (y - y_inverse) * inverse(zeta - inverted) % R
    a = (y - b * zeta) % R

    total = PointSum()
    for weight, (number, part) in zip(gammas, parts, strict=False):
        masked = claims[number].is_masked
        if masked:
            for point, sign in rows[part.mask]:
                total.add(point, weight * sign)
        for row, row_weight in part.weights:
            scalar = weight * row_weight * (beta if masked else 1)
            for point, sign in rows[row]:
                total.add(point, scalar * sign)
    total.add(remainder, gammas[-1])
    total.add(curve.decode(BLINDING_GENERATOR, is_g1=True), -blinding)
    total.add(curve.g1, -a)
    total.add(key.first, -b)
    total.add(quotient, -1)
    shifted = curve.combine([quotient], [(zeta + inverted) % R])
    negative = curve.combine([quotient], [R - 1])
    generator = curve.decode(G2_GENERATOR, is_g1=False)
    if not curve.product_is_one([(total.compute(), generator), (shifted, key.second), (negative, key.square)]):
        raise InvalidProof("opening: the pairings' product is not one")
