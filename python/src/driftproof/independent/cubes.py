# SPDX-License-Identifier: Apache-2.0
"""Polynomials on cubes (specification/transcript-and-field.md, section 4). Points are lists of `Cubic`, the first
coordinate belonging to the lowest bit of an index."""

from .field import ONE, ZERO, Cubic, equality, equality_points

Point = list[Cubic]


def less(point: Point, count: int) -> Cubic:
    """less(x, n) = Σ_{i<n} eq(x, i)."""
    if count == 1 << len(point):
        return ONE
    result, prefix = ZERO, ONE
    for bit in reversed(range(len(point))):
        coordinate = point[bit]
        if count >> bit & 1:
            result = result + prefix * (1 - coordinate)
            prefix = prefix * coordinate
        else:
            prefix = prefix * (1 - coordinate)
    return result


def less_of_two(left: Point, right: Point, count: int) -> Cubic:
    """less(a, b, n) = Σ_{i<n} eq(a, i)·eq(b, i)."""
    if count == 1 << len(left):
        return equality_points(left, right)
    result, prefix = ZERO, ONE
    for bit in reversed(range(len(left))):
        both_zero = (1 - left[bit]) * (1 - right[bit])
        if count >> bit & 1:
            result = result + prefix * both_zero * equality_points(left[:bit], right[:bit])
            prefix = prefix * left[bit] * right[bit]
        else:
            prefix = prefix * both_zero
    return result


def place(point: Point, cell: int, log: int) -> Cubic:
    """eq(x[n…), o >> n): the aligned run of 2^n cells from cell o on."""
    return equality(point[log:], cell >> log)


def zeros(point: Point) -> Cubic:
    """Π (1 - x_v): the point's share of index 0."""
    result = ONE
    for coordinate in point:
        result = result * (1 - coordinate)
    return result


def padded(point: Point, length: int) -> Point:
    """The point, filled with zeros."""
    return point + [ZERO] * (length - len(point))


def fixed(point: Point, free: set[int], origin: int) -> Cubic:
    """Π over the variables that are not free (x_v or 1 - x_v, by bit v of the origin)."""
    result = ONE
    for variable, coordinate in enumerate(point):
        if variable not in free:
            result = result * (coordinate if origin >> variable & 1 else 1 - coordinate)
    return result
