# SPDX-License-Identifier: Apache-2.0
"""F = F_p with p = 2^64 - 2^32 + 1, and K = F[X]/(X^3 - 7) (protocol.md, section 2).

Single elements of K are `Cubic`, exact Python integers. Vectors are numpy arrays of uint64: shape (n,) over F,
(n, 3) over K, all values canonical, that is below p.
"""

import numpy as np

P = 2**64 - 2**32 + 1
#: The cube of X (protocol.md, section 2).
NON_RESIDUE = 7
#: A generator of the multiplicative group of F; 7^((p-1)/2^k) is the root of unity of order 2^k.
GENERATOR = 7

_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_P = np.uint64(P)
_EPSILON = np.uint64(2**32 - 1)  # 2^64 mod p


def root_of_unity(log_order: int) -> int:
    """The primitive 2^k-th root of unity from which code positions are made."""
    return pow(GENERATOR, (P - 1) >> log_order, P)


# --- vectors over F -------------------------------------------------------------------------------------------------


def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    total = a + b
    total = np.where(total < a, total + _EPSILON, total)
    return np.where(total >= _P, total - _P, total)


def sub(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = a - b
    return np.where(a < b, difference + _P, difference)


def mul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product, by halves of 32 bits: 2^64 = 2^32 - 1 and 2^96 = -1 modulo p."""
    a_low, a_high = a & _LOW, a >> _32
    b_low, b_high = b & _LOW, b >> _32
    low, middle, other, high = a_low * b_low, a_low * b_high, a_high * b_low, a_high * b_high
    carry = (low >> _32) + (middle & _LOW) + (other & _LOW)
    low = (low & _LOW) | (carry << _32)
    high = high + (middle >> _32) + (other >> _32) + (carry >> _32)
    top, bottom = high >> _32, high & _LOW  # value = low + 2^64·bottom + 2^96·top
    reduced = low - top
    reduced = np.where(low < top, reduced - _EPSILON, reduced)
    return add(np.where(reduced >= _P, reduced - _P, reduced), bottom * _EPSILON)


def power_vector(base: int, count: int) -> np.ndarray:
    """1, base, base², …"""
    powers = np.ones(1, dtype=np.uint64)
    step = base % P
    while len(powers) < count:
        powers = np.concatenate([powers, mul(powers, np.uint64(step))])
        step = step * step % P
    return powers[:count]


def power_array(base: np.ndarray, exponent: int) -> np.ndarray:
    """Each element of `base` to one power."""
    result = np.ones_like(base)
    square = base
    while exponent:
        if exponent & 1:
            result = mul(result, square)
        square = mul(square, square)
        exponent >>= 1
    return result


def sum_over(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """The sum along one axis, modulo p: halves of 32 bits add up exactly for up to 2^32 summands."""
    low = np.sum(values & _LOW, axis=axis, dtype=np.uint64)
    high = np.sum(values >> _32, axis=axis, dtype=np.uint64)
    # high·2^32 = (high >> 32)·2^64 + (high & low)·2^32
    folded = mul(high % _P, np.full_like(high, 1 << 32))
    return add(low % _P, folded)


# --- single elements of K -------------------------------------------------------------------------------------------


class Cubic:
    """An element a + b·X + c·X² of K."""

    __slots__ = ("a", "b", "c")

    def __init__(self, a: int = 0, b: int = 0, c: int = 0):
        self.a, self.b, self.c = a % P, b % P, c % P

    @property
    def is_in_base_field(self) -> bool:
        return self.b == 0 and self.c == 0

    def __add__(self, other):
        if isinstance(other, int):
            return Cubic(self.a + other, self.b, self.c)
        return Cubic(self.a + other.a, self.b + other.b, self.c + other.c)

    __radd__ = __add__

    def __neg__(self):
        return Cubic(-self.a, -self.b, -self.c)

    def __sub__(self, other):
        if isinstance(other, int):
            return Cubic(self.a - other, self.b, self.c)
        return Cubic(self.a - other.a, self.b - other.b, self.c - other.c)

    def __rsub__(self, other):
        return Cubic(other - self.a, -self.b, -self.c)

    def __mul__(self, other):
        if isinstance(other, int):
            return Cubic(self.a * other, self.b * other, self.c * other)
        a, b, c, d, e, f = self.a, self.b, self.c, other.a, other.b, other.c
        return Cubic(a * d + NON_RESIDUE * (b * f + c * e), a * e + b * d + NON_RESIDUE * c * f, a * f + b * e + c * d)

    __rmul__ = __mul__

    def __pow__(self, exponent: int):
        result, square = ONE, self
        while exponent:
            if exponent & 1:
                result = result * square
            square = square * square
            exponent >>= 1
        return result

    def __eq__(self, other):
        if isinstance(other, int):
            return self.b == 0 and self.c == 0 and self.a == other % P
        return isinstance(other, Cubic) and (self.a, self.b, self.c) == (other.a, other.b, other.c)

    def __hash__(self):
        return hash(self.a) if self.is_in_base_field else hash((self.a, self.b, self.c))

    def __repr__(self):
        return f"Cubic({self.a}, {self.b}, {self.c})"

    def to_bytes(self) -> bytes:
        return b"".join(value.to_bytes(8, "little") for value in (self.a, self.b, self.c))

    def array(self) -> np.ndarray:
        return np.array([self.a, self.b, self.c], dtype=np.uint64)

    @staticmethod
    def from_array(values: np.ndarray) -> "Cubic":
        return Cubic(int(values[0]), int(values[1]), int(values[2]))


ZERO = Cubic()
ONE = Cubic(1)
X = Cubic(0, 1)
X_SQUARED = Cubic(0, 0, 1)


def powers(base: Cubic, count: int) -> list[Cubic]:
    """1, base, base², …"""
    result = [ONE] * min(count, 1)
    while len(result) < count:
        result.append(result[-1] * base)
    return result


# --- vectors over K -------------------------------------------------------------------------------------------------


def cubic_array(elements: list[Cubic]) -> np.ndarray:
    """Elements of K as an array (n, 3)."""
    return np.array([[e.a, e.b, e.c] for e in elements], dtype=np.uint64).reshape(-1, 3)


def cubic_mul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products of elements of K, arrays (…, 3) that broadcast."""
    a0, a1, a2 = a[..., 0], a[..., 1], a[..., 2]
    b0, b1, b2 = b[..., 0], b[..., 1], b[..., 2]
    seven = np.uint64(NON_RESIDUE)
    first = add(mul(a0, b0), mul(add(mul(a1, b2), mul(a2, b1)), seven))
    second = add(add(mul(a0, b1), mul(a1, b0)), mul(mul(a2, b2), seven))
    third = add(add(mul(a0, b2), mul(a1, b1)), mul(a2, b0))
    return np.stack([first, second, third], axis=-1)


def cubic_scale(a: np.ndarray, scalars: np.ndarray) -> np.ndarray:
    """Elements of K (…, 3) times elements of F (…)."""
    return mul(a, scalars[..., None])


def cubic_sum(values: np.ndarray) -> Cubic:
    """The sum of an array (n, 3)."""
    return Cubic.from_array(sum_over(values, axis=0))


def cubic_dot(a: np.ndarray, b: np.ndarray) -> Cubic:
    """⟨a, b⟩ of arrays (n, 3)."""
    return cubic_sum(cubic_mul(a, b))


def equality_table(point: list[Cubic]) -> np.ndarray:
    """eq(point, i) for all i below 2^n, the first of n coordinates belonging to the lowest bit: an array (2^n, 3)."""
    table = ONE.array().reshape(1, 3)
    for coordinate in point:
        upper = cubic_mul(table, coordinate.array())
        table = np.concatenate([sub(table, upper), upper])
    return table


def equality(point: list[Cubic], index: int) -> Cubic:
    """eq(point, index), the first coordinate belonging to the lowest bit."""
    result = ONE
    for bit, coordinate in enumerate(point):
        result = result * (coordinate if index >> bit & 1 else 1 - coordinate)
    return result


def equality_points(left: list[Cubic], right: list[Cubic]) -> Cubic:
    """eq of two points of the same length."""
    result = ONE
    for x, y in zip(left, right, strict=True):
        product = x * y
        result = result * (1 - x - y + product + product)
    return result
