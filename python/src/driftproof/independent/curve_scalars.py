# SPDX-License-Identifier: Apache-2.0
"""Fr, the scalars of BLS12-381, and polynomials on cubes over it (specification/curve.md, "Fields"; curve-argument.md).

Scalars are Python integers from 0 to r - 1; every product here is taken modulo r at once.
"""

from collections.abc import Sequence

from .errors import InvalidProof

X = -0xD201000000010000
R = X**4 - X**2 + 1
SCALAR_BYTES = 32


def decode_scalar(content: bytes, what: str = "scalar") -> int:
    """A scalar from its 32 bytes, lowest first ("Bytes")."""
    if len(content) != SCALAR_BYTES:
        raise InvalidProof(f"{what}: length: a scalar has {SCALAR_BYTES} bytes")
    value = int.from_bytes(content, "little")
    if value >= R:
        raise InvalidProof(f"{what}: a number that is not below r")
    return value


def encode_scalar(value: int) -> bytes:
    return (value % R).to_bytes(SCALAR_BYTES, "little")


def inverse(value: int) -> int:
    return pow(value, -1, R)


def product(values) -> int:
    result = 1
    for value in values:
        result = result * value % R
    return result


def one_less(values: Sequence[int]) -> int:
    """Π (1 - x_j)."""
    return product(1 - value for value in values)


def eq_at(point: Sequence[int], index: int) -> int:
    """eq(p, i) for an integer i: the first coordinate is that of the lowest bit."""
    return product(value if index >> bit & 1 else 1 - value for bit, value in enumerate(point))


def eq(left: Sequence[int], right: Sequence[int]) -> int:
    """eq(p, x) for two points of one length."""
    assert len(left) == len(right)
    return product(a * b + (1 - a) * (1 - b) for a, b in zip(left, right, strict=True))


def eq_table(point: Sequence[int]) -> list[int]:
    """eq(p, 0), eq(p, 1), …"""
    table = [1]
    for value in point:
        high = [entry * value % R for entry in table]
        table = [(entry - top) % R for entry, top in zip(table, high, strict=True)] + high
    return table


def _aligned(first: int, count: int) -> list[tuple[int, int]]:
    """Aligned powers of two that make up a range: where each begins, and its logarithm."""
    parts, end = [], first + count
    while first < end:
        log = (end - first).bit_length() - 1
        if first:
            log = min(log, (first & -first).bit_length() - 1)
        parts.append((first, log))
        first += 1 << log
    return parts


def eq_range(point: Sequence[int], first: int, count: int) -> list[int]:
    """eq(p, i) for so many i from the first on, in the memory of these alone."""
    values = []
    for start, log in _aligned(first, count):
        high = eq_at(point[log:], start >> log)
        values += [high * low % R for low in eq_table(point[:log])]
    return values


def eq_sum(point: Sequence[int], first: int, count: int) -> int:
    """The sum of these: over all values of the low bits eq is 1."""
    return sum(eq_at(point[log:], start >> log) for start, log in _aligned(first, count)) % R


def powers(base: int, count: int) -> list[int]:
    """1, b, …, b^(count - 1)."""
    result = [1] if count else []
    for _ in range(count - 1):
        result.append(result[-1] * base % R)
    return result


def interpolate(values: Sequence[int], at: int) -> int:
    """The value at `at` of the polynomial with these values at 0, 1, …, degree."""
    total = 0
    for i, value in enumerate(values):
        numerator, denominator = value, 1
        for j in range(len(values)):
            if j != i:
                numerator = numerator * (at - j) % R
                denominator = denominator * (i - j) % R
        total += numerator * inverse(denominator)
    return total % R
