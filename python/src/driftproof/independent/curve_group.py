# SPDX-License-Identifier: Apache-2.0
"""The groups and the pairing, by a package that has them (specification/curve.md, "Groups", "Pairing").

`py_arkworks_bls12381` is fast, `py_ecc` is pure Python; either does (`pip install 'driftproof[curve]'`). What bytes are
points, `curve_points` decides first, since packages are laxer than curve.md.
"""

from functools import cache

from .curve_points import G1_GENERATOR, G2_GENERATOR, PointRefused, check_form, decode_point
from .curve_scalars import R, encode_scalar
from .errors import OperationalError

NEEDED = (
    "certificates of the curve backend need py_arkworks_bls12381 or py_ecc: pip install 'driftproof[curve]' (or py_ecc)"
)


class Arkworks:
    """By py_arkworks_bls12381. Points are its own; its reader checks the curve and the order."""

    name = "py_arkworks_bls12381"

    def __init__(self):
        import py_arkworks_bls12381 as package

        self._package = package
        self.g1, self.g2 = package.G1Point(), package.G2Point()

    def decode(self, content: bytes, is_g1: bool):
        kind = self._package.G1Point if is_g1 else self._package.G2Point
        check_form(content, is_g1, compressed=True)
        try:
            return kind.from_compressed_bytes(content)
        except ValueError:
            decode_point(content, is_g1)
            raise PointRefused("refused by py_arkworks_bls12381 alone") from None

    def combine(self, points: list, scalars: list[int]):
        """Σ s·P in G1."""
        package = self._package
        numbers = [package.Scalar.from_le_bytes(encode_scalar(scalar)) for scalar in scalars]
        return package.G1Point.multiexp_unchecked(points, numbers)

    def product_is_one(self, pairs: list[tuple]) -> bool:
        """Whether Π e(P, Q) is one."""
        return self._package.GT.pairing_check([first for first, _ in pairs], [second for _, second in pairs])

    def encode(self, point) -> bytes:
        return bytes(point.to_compressed_bytes())


class PyEcc:
    """By py_ecc, whose points are projective and checked by nobody: `curve_points` does all of it."""

    name = "py_ecc"

    def __init__(self):
        from py_ecc import optimized_bls12_381 as package

        self._package = package
        self.g1, self.g2 = package.G1, package.G2

    def decode(self, content: bytes, is_g1: bool):
        package, point = self._package, decode_point(content, is_g1)
        if is_g1:
            return package.Z1 if point is None else tuple(package.FQ(n) for n in (point[0].c0, point[1].c0, 1))
        if point is None:
            return package.Z2
        return (*(package.FQ2([each.c0, each.c1]) for each in point), package.FQ2.one())

    def combine(self, points: list, scalars: list[int]):
        """Σ s·P in G1, the scalars bit by bit together."""
        package = self._package
        numbers = [scalar % R for scalar in scalars]
        result = package.Z1
        for bit in range(254, -1, -1):
            result = package.double(result)
            for point, number in zip(points, numbers, strict=True):
                if number >> bit & 1:
                    result = package.add(result, point)
        return result

    def product_is_one(self, pairs: list[tuple]) -> bool:
        """Whether Π e(P, Q) is one: the final exponentiation is done once."""
        package, product = self._package, self._package.FQ12.one()
        for first, second in pairs:
            product *= package.pairing(second, first, final_exponentiate=False)
        return package.final_exponentiate(product) == package.FQ12.one()

    def encode(self, point) -> bytes:
        if self._package.is_inf(point):
            return b"\xc0" + bytes(47)
        x, y = (int(each) for each in self._package.normalize(point))
        larger = y > (self._package.field_modulus - 1) // 2
        content = bytearray(x.to_bytes(48, "big"))
        content[0] |= 0xA0 if larger else 0x80
        return bytes(content)


@cache
def group():
    """The package that is there; without one an operational error that names them."""
    for kind in (Arkworks, PyEcc):
        try:
            found = kind()
        except ImportError:
            continue
        if found.encode(found.g1) != G1_GENERATOR or found.decode(G2_GENERATOR, is_g1=False) != found.g2:
            raise OperationalError(f"{found.name}: other generators than those of curve.md")
        return found
    raise OperationalError(NEEDED)
