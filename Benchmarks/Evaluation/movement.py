# SPDX-License-Identifier: Apache-2.0
"""How far somebody who knows a clause can move the weights inside it, beyond an honest merge: computed, not proved.

The cheater has the low-rank part P, chooses a direction for every weight, and stores the number of the type that is
farthest in that direction among those the *proven* bound allows (`verify` prints it). The measure is
‖W' - RN(W + P)‖/‖W‖. P is the adapter's; a cheater may choose another one, which changes remainders and little else.
"""

import numpy as np

from weights import PRECISION, doubles, norm, stored

STEPS = 40


def unit_of(values, kind):
    """The distance of neighbouring numbers of the type."""
    return np.exp2(np.floor(np.log2(np.maximum(np.abs(values), 1e-30))) - PRECISION[kind] + 1)


def farthest(exact, nearest, signs, kind, allows):
    """Of each weight the farthest number in its direction that `allows`, step by step from the nearest one."""
    best, current, idle = nearest.copy(), nearest.copy(), 0
    for _ in range(STEPS):
        unit = unit_of(current, kind)
        # Below a power of two numbers are twice as close: half a step there, for both directions the smaller one.
        following = doubles(stored(current + signs * unit * 0.51, kind))
        following = np.where(following == current, doubles(stored(current + signs * unit, kind)), following)
        allowed = allows(following, exact)
        best = np.where(allowed, following, best)
        current = following
        # Where the next binade begins, a bound grows faster than a step: none may be allowed for a while.
        idle = 0 if allowed.any() else idle + 1
        if idle == 4:
            break
    return best


def half_ulps(rounded, kind):
    """The proven bound of a half-ulps clause: h_j half-ulps of class j, from the floor on."""
    floor, bounds = rounded["floor"], np.array(rounded["halfUlps"])

    def allows(values, exact):
        binade = np.floor(np.log2(np.maximum(np.abs(values), floor) / floor)).astype(int)
        half = floor * np.exp2(binade - PRECISION[kind])
        return np.abs(values - exact) <= bounds[np.minimum(binade, len(bounds) - 1)] * half

    return allows


def roundoffs(rounded, kind):
    """Of a roundoffs clause of the tuned weights: h·u·|W'| and the floor, 1.7 of its half-ulps."""
    floor, number = rounded["floor"], rounded["roundoffs"]
    least = 1.7 * floor * 2.0 ** -PRECISION[kind]

    def allows(values, exact):
        return np.square(values - exact) <= np.square(number * 2.0 ** -PRECISION[kind] * values) + least**2

    return allows


def entrywise(bound):
    return lambda values, exact: np.abs(values - exact) <= bound


def ball(exact, nearest, signs, kind, radius):
    """One step for as many weights as the ball has room for, the cheapest ones first: by what a step adds to the
    residual's square for what it adds to the movement's."""
    unit = unit_of(nearest, kind)
    following = doubles(stored(nearest + signs * unit * 0.51, kind))
    following = np.where(following == nearest, doubles(stored(nearest + signs * unit, kind)), following)
    gain = np.square(following - nearest).ravel()
    cost = (np.square(following - exact) - np.square(nearest - exact)).ravel()
    room = radius**2 - float(np.square(nearest - exact).sum())
    if room <= 0:
        return nearest
    order = np.argsort(cost / gain)
    count = int(np.searchsorted(np.cumsum(cost[order]), room, side="right"))
    moved = nearest.ravel().copy()
    moved[order[:count]] = following.ravel()[order[:count]]
    return moved.reshape(nearest.shape)


def movements(weight, product, direction, kind, proven, residual, entry_bound):
    """(clause, share of weights moved, movement) of every clause.

    proven: clause → what `verify` says of it, for the matrix; residual: of a ball, as a fraction of ‖W‖.
    """
    exact = weight + product
    nearest = doubles(stored(exact, kind))
    signs = np.where(direction >= 0, 1.0, -1.0)
    length = norm(weight)
    found = []

    def add(clause, moved):
        found.append(
            {"clause": clause, "share": float(np.mean(moved != nearest)), "movement": norm(moved - nearest) / length}
        )

    add(f"rank + residual {residual}", ball(exact, nearest, signs, kind, residual * length))
    add("rank + entrywise", farthest(exact, nearest, signs, kind, entrywise(entry_bound)))
    for clause, rounded in proven.items():
        allows = half_ulps(rounded, kind) if rounded["halfUlps"] else roundoffs(rounded, kind)
        add(clause, farthest(exact, nearest, signs, kind, allows))
    return found
