# SPDX-License-Identifier: Apache-2.0
"""Points of BLS12-381 as bytes, with every reason to refuse them (specification/curve.md, "Fields", "Groups", "Bytes").

This module needs no package. It is exact and slow; `curve_group` asks it where a package may be laxer, and for reasons.
"""

from dataclasses import dataclass

from .curve_scalars import R, X
from .errors import InvalidProof

P = (X - 1) ** 2 * R // 3 + X
G1_BYTES, G2_BYTES = 48, 96
COMPRESSED, INFINITY, SIGN = 0x80, 0x40, 0x20

G1_GENERATOR = bytes.fromhex(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
)
G2_GENERATOR = bytes.fromhex(
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)
#: H, which carries blindings ("Hashing to the groups").
BLINDING_GENERATOR = bytes.fromhex(
    "b3e8ae8a699f592ae5f987ff934e308e690b27f6b17d912b2f3b9e5905335ad4273190258ffa4fccc8d36a15632f669a"
)
G1_INFINITY = bytes([COMPRESSED | INFINITY]) + bytes(G1_BYTES - 1)


class PointRefused(InvalidProof):
    """Bytes that are no point. `reason` is the name that curve.md gives the check."""

    def __init__(self, reason: str, what: str = "point"):
        super().__init__(f"{what}: {reason}")
        self.reason = reason


# --- Fp and Fp2 ("Fields") --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fp2:
    """c0 + c1·u with u² = -1. Fp is the part with c1 = 0, and G1's coordinates are such elements, too."""

    c0: int
    c1: int = 0

    def __add__(self, other: "Fp2") -> "Fp2":
        return Fp2((self.c0 + other.c0) % P, (self.c1 + other.c1) % P)

    def __sub__(self, other: "Fp2") -> "Fp2":
        return Fp2((self.c0 - other.c0) % P, (self.c1 - other.c1) % P)

    def __mul__(self, other: "Fp2") -> "Fp2":
        return Fp2(
            (self.c0 * other.c0 - self.c1 * other.c1) % P,
            (self.c0 * other.c1 + self.c1 * other.c0) % P,
        )

    def negative(self) -> "Fp2":
        return Fp2(-self.c0 % P, -self.c1 % P)

    @property
    def is_larger(self) -> bool:
        """Whether it is the larger of itself and its negative: c1 decides, and c0 where c1 is zero."""
        return (self.c1 or self.c0) > (P - 1) // 2


def _root_in_fp(value: int) -> int | None:
    root = pow(value, (P + 1) // 4, P)
    return root if root * root % P == value % P else None


def square_root(value: Fp2, in_fp: bool) -> Fp2 | None:
    """A square root in Fp, or in Fp2, or None."""
    if in_fp:
        found = _root_in_fp(value.c0)
        return None if found is None else Fp2(found)
    if value.c1 == 0:
        real = _root_in_fp(value.c0)
        if real is not None:
            return Fp2(real)
        imaginary = _root_in_fp(-value.c0)
        return None if imaginary is None else Fp2(0, imaginary)
    # (a + b·u)² = (a² - b²) + 2ab·u, and a² + b² is a root of the norm.
    norm = _root_in_fp(value.c0 * value.c0 + value.c1 * value.c1)
    if norm is None:
        return None
    half = pow(2, -1, P)
    for sign in (norm, -norm):
        real = _root_in_fp((value.c0 + sign) * half)
        if real:
            result = Fp2(real, value.c1 * half * pow(real, -1, P) % P)
            return result if result * result == value else None
    return None


# --- groups -----------------------------------------------------------------------------------------------------------

Affine = tuple[Fp2, Fp2]
_Jacobian = tuple[Fp2, Fp2, Fp2]
_ZERO, _ONE = Fp2(0), Fp2(1)


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    yy = y * y
    s = x * yy
    s = s + s
    s = s + s
    xx = x * x
    m = xx + xx + xx
    x3 = m * m - s - s
    eight = yy * yy
    eight = eight + eight
    eight = eight + eight
    eight = eight + eight
    return x3, m * (s - x3) - eight, (y + y) * z


def _add(point: _Jacobian, other: Affine) -> _Jacobian:
    x, y, z = point
    if z == _ZERO:
        return other[0], other[1], _ONE
    zz = z * z
    h, s = other[0] * zz - x, other[1] * zz * z - y
    if h == _ZERO:
        return _double(point) if s == _ZERO else (_ONE, _ONE, _ZERO)
    hh = h * h
    hhh, v = hh * h, x * hh
    x3 = s * s - hhh - v - v
    return x3, s * (v - x3) - y * hhh, z * h


def has_group_order(point: Affine) -> bool:
    """Whether r times it is infinity ("Groups"), by nothing but additions."""
    result: _Jacobian = (_ONE, _ONE, _ZERO)
    for bit in bin(R)[2:]:
        result = _double(result)
        if bit == "1":
            result = _add(result, point)
    return result[2] == _ZERO


def _right_side(x: Fp2, is_g1: bool) -> Fp2:
    return x * x * x + (Fp2(4) if is_g1 else Fp2(4, 4))


# --- bytes ------------------------------------------------------------------------------------------------------------


def _numbers(content: bytes) -> list[int]:
    return [int.from_bytes(content[at : at + 48], "big") for at in range(0, len(content), 48)]


def check_form(content: bytes, is_g1: bool, compressed: bool) -> list[Fp2] | None:
    """Checks 1 to 5 of "Bytes": the coordinates that the bytes hold, x or x and y, or None for infinity."""
    coordinate = G1_BYTES if is_g1 else G2_BYTES
    if len(content) != coordinate * (1 if compressed else 2):
        raise PointRefused("length")
    flags = content[0] & (COMPRESSED | INFINITY | SIGN)
    if bool(flags & COMPRESSED) != compressed:
        raise PointRefused("compressionFlag")
    body = bytes([content[0] & 0x1F]) + content[1:]
    if flags & INFINITY:
        if flags & SIGN:
            raise PointRefused("signFlag")
        if any(body):
            raise PointRefused("infinityNotCanonical")
        return None
    if flags & SIGN and not compressed:
        raise PointRefused("signFlag")
    numbers = _numbers(body)
    if any(number >= P for number in numbers):
        raise PointRefused("coordinateNotCanonical")
    if is_g1:
        return [Fp2(number) for number in numbers]
    return [Fp2(low, high) for high, low in zip(numbers[::2], numbers[1::2], strict=True)]


def decode_point(content: bytes, is_g1: bool, compressed: bool = True) -> Affine | None:
    """All checks of "Bytes", in order: the point, or None for infinity."""
    coordinates = check_form(content, is_g1, compressed)
    if coordinates is None:
        return None
    x, right = coordinates[0], _right_side(coordinates[0], is_g1)
    if compressed:
        y = square_root(right, is_g1)
        if y is None:
            raise PointRefused("notOnCurve")
        if y.is_larger != bool(content[0] & SIGN):
            y = y.negative()
    else:
        y = coordinates[1]
        if y * y != right:
            raise PointRefused("notOnCurve")
    if not has_group_order((x, y)):
        raise PointRefused("wrongOrder")
    return x, y
