# SPDX-License-Identifier: Apache-2.0
"""The clauses, of each an honest drift inside it and attacks outside of it. Nothing is trained here."""

from dataclasses import dataclass

import numpy as np

from program import policy
from weights import PRECISION, doubles, norm, stored

ATTACKS = ["least excess", "10 % above", "0.1 % flipped", "head backdoor", "full fine-tune"]
# What a residual of a merge needs (the presets' numbers), and half-ulps.
RESIDUAL = {"fp32": 1e-5, "fp16": 0.0004, "bf16": 0.003}
HALF_ULPS = {"fp16": 1.04, "bf16": 1.01}
RANK, ENTRIES, ROWS, CHANNELS = 8, 500, 20, 8
NORM = 0.02
# Of the weights' norm: of the size of what a merge in bf16 loses.
ROUNDING_SIZE = 0.002


@dataclass
class Drift:
    """A tuned model and the policy that it is claimed to obey."""

    words: str
    tensors: dict
    policy: dict
    adapter: object = None
    # Whether the policy is obeyed.
    is_inside: bool = False


class Clauses:
    """Of one subject in one type."""

    def __init__(self, subject, base, kind, random):
        self.subject, self.base, self.kind, self.random = subject, base, kind, random
        self.weight = doubles(base[subject.matrix])
        self.norm = norm(self.weight)

    # Building blocks

    def changed(self, tensor, values):
        return {**self.base, tensor: stored(values, self.kind)}

    def kept(self, tensor, tuned):
        """The stored change."""
        return doubles(tuned[tensor]) - doubles(self.base[tensor])

    def scaled(self, direction, target):
        """A change along a direction whose norm, stored, is `target` within 0.01 %."""
        low, high = 0.0, 4 * target / norm(direction)
        for _ in range(40):
            middle = (low + high) / 2
            length = norm(doubles(stored(self.weight + middle * direction, self.kind)) - self.weight)
            low, high = (middle, high) if length < target else (low, middle)
        # The norm may jump past the target, as steps between numbers are large: then some entries stay.
        tuned = stored(self.weight + high * direction, self.kind)
        squares = np.square(doubles(tuned) - self.weight).ravel()
        order = self.random.permutation(np.flatnonzero(squares))
        left = squares.sum() - np.cumsum(squares[order])
        count = int(np.searchsorted(-left, -(target**2)))
        values = tuned.ravel().copy()
        values[order[:count]] = self.base[self.subject.matrix].ravel()[order[:count]]
        tuned = {**self.base, self.subject.matrix: values.reshape(self.weight.shape)}
        return tuned, norm(self.kept(self.subject.matrix, tuned))

    def flipped(self, tuned, tensor):
        """The sign of 0.1 % of a tensor's weights turns, of those that are not small."""
        before = doubles(self.base[tensor])
        values = doubles(tuned[tensor]).ravel().copy()
        large = np.flatnonzero(np.abs(before.ravel()) > np.std(before) / 2)
        places = self.random.choice(large, max(1, values.size // 1000), replace=False)
        values[places] *= -1
        return {**tuned, tensor: stored(values.reshape(before.shape), self.kind)}

    def backdoored(self, tuned):
        """One head reacts to one direction of its input: a matrix of rank 1 and half of the head's norm."""
        tensor = self.subject.head_tensor
        values = doubles(tuned[tensor]).copy()
        head = slice(2 * self.subject.head, 3 * self.subject.head)
        own = np.outer(self.random.standard_normal(self.subject.head), self.random.standard_normal(values.shape[1]))
        values[head] += own * (0.5 * norm(doubles(self.base[tensor])[head]) / norm(own))
        return {**tuned, tensor: stored(values, self.kind)}

    def small(self, tensor):
        """A full fine-tune of the base, scaled to the size of what rounding loses."""
        before = doubles(self.base[tensor])
        is_matrix = tensor == self.subject.matrix
        direction = self.subject.direction if is_matrix else self.random.standard_normal(before.shape)
        return self.changed(tensor, before + direction * (ROUNDING_SIZE * norm(before) / norm(direction)))

    # Clauses: name → (honest drift, attacks by name)

    def all(self):
        return {
            "norm": self.norms(),
            "rank 8 + residual": self.ranks(is_rounding=False),
            "rank 8 + rounding": self.ranks(is_rounding=True),
            "500 entries": self.entries(),
            "20 rows": self.lines(self.subject.rows, ROWS, "rows"),
            "8 channels": self.lines(self.subject.channels, CHANNELS, "channels"),
            "entrywise": self.entrywise(),
        }

    def common(self, honest, rules, adapter=None, is_small_inside=False, tensor=None):
        """The attacks that are the same for every clause, on top of the honest drift."""
        own = policy("evaluation", rules)
        tensor = tensor or self.subject.matrix
        return {
            "0.1 % flipped": Drift("signs of 0.1 % of the weights", self.flipped(honest, tensor), own, adapter),
            "head backdoor": Drift("rank 1 in one head", self.backdoored(honest), own, adapter),
            "full fine-tune": Drift(
                f"a full fine-tune of {ROUNDING_SIZE} of the norm", self.small(tensor), own, adapter, is_small_inside
            ),
        }

    def norms(self):
        tensor = self.subject.matrix
        direction = self.subject.direction
        rules = [(tensor, {"norm": {"relative": NORM}})]
        bound = NORM * self.norm
        honest, _ = self.scaled(direction, 0.99 * bound)
        attacks = self.common(honest, rules, is_small_inside=True)
        for attack, factor in (("least excess", 1.001), ("10 % above", 1.1)):
            tuned, length = self.scaled(direction, factor * bound)
            attacks[attack] = Drift(f"{length / bound:.4f} × the bound", tuned, policy("evaluation", rules))
        return Drift("0.99 × the bound", honest, policy("evaluation", rules), is_inside=True), attacks

    def merged(self, extra=None):
        """W + P, rounded once: what `driftproof merge` stores (compared with it where honest merges are made)."""
        tuned = dict(self.base)
        for name in self.subject.adapter.pairs:
            tuned[name] = stored(doubles(self.base[name]) + self.subject.adapter.product(name), self.kind)
        if extra is not None:
            name = self.subject.matrix
            exact = doubles(self.base[name]) + self.subject.adapter.product(name) + extra
            tuned[name] = stored(exact, self.kind)
        return tuned

    def rank_rules(self, is_rounding):
        rounded = {"rank": RANK, "rounding": {"halfUlps": HALF_ULPS.get(self.kind, 1.01)}}
        ball = {"rank": RANK, "residual": {"relative": RESIDUAL[self.kind]}}
        allowance = [{"norm": {"relative": 0.5}}, rounded] if is_rounding else ball
        return [(name, allowance) for name in sorted(self.subject.adapter.pairs)]

    def ranks(self, is_rounding):
        adapter, matrix = self.subject.adapter, self.subject.matrix
        rules = self.rank_rules(is_rounding)
        own = policy("evaluation", rules)
        hint = adapter if is_rounding else None
        honest = self.merged()
        attacks = self.common(honest, rules, hint, is_small_inside=not is_rounding)
        ninth = np.outer(
            self.random.standard_normal(self.weight.shape[0]), self.random.standard_normal(self.weight.shape[1])
        )
        ninth *= 0.02 * self.norm / norm(ninth)
        attacks["least excess"] = Drift("rank 9", self.merged(ninth), own, hint)
        if is_rounding:
            tuned, count = self.at_another_number(honest)
            attacks["10 % above"] = Drift(f"{count:,} weights 1.1 to 1.3 half-ulps away", tuned, own, hint)
        else:
            tuned, factor = self.above_residual()
            attacks["10 % above"] = Drift(f"a residual of {factor:.3f} × the bound", tuned, own, hint)
        return Drift("the adapter, merged with one rounding", honest, own, hint, is_inside=True), attacks

    def above_residual(self):
        """W + P + noise whose distance to W + P, stored, is 1.1 × the residual's bound, before any fit of rank 8."""
        matrix = self.subject.matrix
        exact = self.weight + self.subject.adapter.product(matrix)
        target = 1.1 * RESIDUAL[self.kind] * self.norm
        noise = self.random.standard_normal(exact.shape)
        low, high = 0.0, 2 * target / norm(noise)
        for _ in range(40):
            middle = (low + high) / 2
            tuned = stored(exact + middle * noise, self.kind)
            low, high = (middle, high) if norm(doubles(tuned) - exact) < target else (low, middle)
        return {**self.merged(), matrix: tuned}, norm(doubles(tuned) - exact) / (target / 1.1)

    def at_another_number(self, honest):
        """Weights whose second nearest number is hardly farther than the nearest one are stored as that."""
        matrix = self.subject.matrix
        exact = self.weight + self.subject.adapter.product(matrix)
        nearest = doubles(honest[matrix])
        unit = np.exp2(np.floor(np.log2(np.maximum(np.abs(nearest), 1e-30))) - PRECISION[self.kind] + 1)
        second = nearest + np.where(exact >= nearest, unit, -unit)
        half_ulps = np.abs(second - exact) / (unit / 2)
        # Not where the binade or the statement's floor changes the unit.
        large = np.abs(nearest) > np.std(self.weight)
        same = np.floor(np.log2(np.maximum(np.abs(second), 1e-30))) == np.floor(
            np.log2(np.maximum(np.abs(nearest), 1e-30))
        )
        chosen = large & same & (half_ulps > 1.1) & (half_ulps < 1.3)
        return {**honest, matrix: stored(np.where(chosen, second, nearest), self.kind)}, int(chosen.sum())

    def entries(self):
        tensor = self.subject.matrix
        rules = [(tensor, {"entries": ENTRIES})]
        places = self.random.permutation(self.weight.size)

        def tuned(count):
            values = self.weight.ravel().copy()
            # By a quarter of the weights' deviation and more: none rounds to no change.
            step = np.std(self.weight) * self.random.uniform(0.25, 2, count)
            values[places[:count]] += np.where(values[places[:count]] > 0, step, -step)
            return self.changed(tensor, values.reshape(self.weight.shape))

        honest = tuned(ENTRIES)
        attacks = self.common(honest, rules)
        attacks["least excess"] = Drift("501 entries", tuned(ENTRIES + 1), policy("evaluation", rules))
        attacks["10 % above"] = Drift("550 entries", tuned(ENTRIES * 11 // 10), policy("evaluation", rules))
        return Drift("500 entries", honest, policy("evaluation", rules), is_inside=True), attacks

    def lines(self, tensor, count, words):
        rules = [(tensor, {"rows": count})]
        weight = doubles(self.base[tensor])
        chosen = self.random.permutation(weight.shape[0])

        def tuned(number):
            values = weight.copy()
            values[chosen[:number]] *= 1 + self.random.uniform(0.1, 0.5, (number, 1))
            return self.changed(tensor, values)

        honest = tuned(count)
        attacks = self.common(honest, rules, tensor=tensor)
        attacks["least excess"] = Drift(f"{count + 1} {words}", tuned(count + 1), policy("evaluation", rules))
        more = -(-count * 11 // 10)
        attacks["10 % above"] = Drift(f"{more} {words}", tuned(more), policy("evaluation", rules))
        return Drift(f"{count} {words}", honest, policy("evaluation", rules), is_inside=True), attacks

    def entrywise(self):
        tensor = self.subject.matrix
        # A hundredth of the largest weight; the others of the matrix, whose numbers lie closer, move by up to that.
        bound = 0.01 * float(np.abs(self.weight).max())
        values = stored(self.weight + self.random.uniform(-0.95, 0.95, self.weight.shape) * bound, self.kind)
        # Large weights have no number of the type as near as that.
        values = np.where(np.abs(doubles(values) - self.weight) <= 0.96 * bound, values, self.base[tensor])
        honest = {**self.base, tensor: values}
        rules = [(tensor, {"entrywise": {"absolute": float(f"{bound:.8g}")}})]
        attacks = self.common(honest, rules, is_small_inside=True)
        # One weight above the bound, all others well below.
        change = np.abs(self.kept(tensor, honest))
        place = np.unravel_index(np.argmax(change), change.shape)
        others = change <= 0.85 * change[place]
        others[place] = True
        tuned = {**self.base, tensor: np.where(others, honest[tensor], self.base[tensor])}
        for attack, factor in (("least excess", 1.001), ("10 % above", 1.1)):
            tight = [(tensor, {"entrywise": {"absolute": float(f"{change[place] / factor:.8g}")}})]
            attacks[attack] = Drift(f"one weight at {factor} × the bound", tuned, policy("evaluation", tight))
        return (
            Drift("each weight within 0.96 × the bound", honest, policy("evaluation", rules), is_inside=True),
            attacks,
        )
