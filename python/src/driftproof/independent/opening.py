# SPDX-License-Identifier: Apache-2.0
"""The argument that opens weighted sums of committed rows
(specification/commitment-and-opening.md, sections 2 and 4 to 6)."""

from dataclasses import dataclass, field

import numpy as np

from . import field as f
from .channel import Channel
from .errors import InvalidProof
from .field import Cubic
from .merkle import NO_SALT, SALT_BYTES, leaf_digests, require_root, root_from_opened, row_leaf_digests
from .parameters import CodeParameters, Layer, folding_plan
from .wire import sha256

#: Products that are held in memory together.
VALUES_AT_ONCE = 1 << 18
GRINDING_END = b"driftproof/grinding/v1" + bytes(2)


@dataclass
class Tree:
    """A committed tree: label, root, rows, bands; point and pins where it is pinned; whether leaves have salts."""

    label: str
    root: bytes
    rows: int
    bands: int
    point: Cubic | None = None
    pins: np.ndarray | None = None
    salted: bool = True

    @property
    def is_pinned(self) -> bool:
        return self.point is not None


@dataclass
class Claim:
    """Σ over trees and rows of weight·⟨functional, row⟩ = value (section 4).

    `weights` has for each tree that the claim weighs an array (rows, 3). `point` are l coordinates of a folded claim,
    with `runs` inside these alone; of a claim in clear `functional` is an array (n, 3). `mask_rows` are three
    rows of the tree with index `mask_tree`.
    """

    weights: dict[int, np.ndarray]
    value: Cubic
    mask_rows: tuple[int, int, int]
    mask_tail: int
    point: list[Cubic] | None = None
    functional: np.ndarray | None = None
    #: Of a folded claim whose functional is eq(point, ·) inside these aligned runs (offset, log) and 0 elsewhere.
    runs: list[tuple[int, int]] | None = None
    pins: list[int] = field(default_factory=list)
    # Found while the opening is verified:
    at_pins: dict[int, dict[int, Cubic]] = field(default_factory=dict)
    mask_at_pins: dict[int, Cubic] = field(default_factory=dict)
    pin_betas: dict[int, Cubic] = field(default_factory=dict)
    mask_value: Cubic = f.ZERO
    beta: Cubic = f.ZERO
    sent: np.ndarray | None = None

    @property
    def is_folded(self) -> bool:
        return self.point is not None

    def coefficient(self, tree: int) -> Cubic:
        """β_g + β_{g,b} (section 5, step 3)."""
        return self.beta + self.pin_betas.get(tree, f.ZERO)

    @property
    def functional_target(self) -> Cubic:
        return self.beta * self.value + self.mask_value

    def pin_target(self, tree: int, trees: list[Tree]) -> Cubic:
        own = f.cubic_dot(self.weights[tree], trees[tree].pins)
        total = self.coefficient(tree) * own + self.mask_at_pins[tree]
        for other, value in self.at_pins[tree].items():
            total = total + self.coefficient(other) * value
        return total


@dataclass
class LayerClaims:
    """Claims on a layer's polynomial: the number of folds before it, points, and for each folded claim powers of γ."""

    start: int
    points: list[Cubic]
    powers: list[list[Cubic]]


def code_points(log_domain: int, positions: np.ndarray) -> np.ndarray:
    """η of code positions: 7·Ω^rev(j) (section 2)."""
    reversed_positions = np.zeros_like(positions)
    for bit in range(log_domain):
        reversed_positions |= ((positions >> bit) & 1) << (log_domain - 1 - bit)
    points = np.full(len(positions), f.GENERATOR, dtype=np.uint64)
    root = f.root_of_unity(log_domain)
    for bit in range(log_domain):
        factor = np.where((reversed_positions >> bit) & 1 == 1, np.uint64(root), np.uint64(1))
        points = f.mul(points, factor)
        root = root * root % f.P
    return points


def evaluate_at_points(coefficients: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A polynomial over K, coefficients (n, 3), at points of F, by blocks of √n coefficients: an array (points, 3)."""
    count = len(coefficients)
    width = 1 << ((count.bit_length() + 1) // 2)
    padded = np.zeros((-(-count // width) * width, 3), dtype=np.uint64)
    padded[:count] = coefficients
    blocks = padded.reshape(-1, width, 3)
    result = np.zeros((len(points), 3), dtype=np.uint64)
    for number, point in enumerate(points):
        low_powers = f.power_vector(int(point), width)
        high_powers = f.power_vector(pow(int(point), width, f.P), len(blocks))
        inner = f.sum_over(f.mul(blocks, low_powers[None, :, None]), axis=1)
        result[number] = f.sum_over(f.mul(inner, high_powers[:, None]), axis=0)
    return result


def evaluate_at_cubic(coefficients: np.ndarray, point: Cubic) -> Cubic:
    """A polynomial over K, coefficients (n, 3), at a point of K."""
    count = len(coefficients)
    if count == 0:
        return f.ZERO
    table = np.zeros((1, 3), dtype=np.uint64)
    table[0, 0] = 1
    step = point
    while len(table) < count:
        table = np.concatenate([table, f.cubic_mul(table, step.array())])
        step = step * step
    return f.cubic_dot(coefficients, table[:count])


def fold_leaves(
    values: np.ndarray, log_domain: int, first_positions: np.ndarray, challenges: list[Cubic]
) -> np.ndarray:
    """Folds leaves (leaves, 2^φ, 3) whose first values lie at `first_positions`: an array (leaves, 3) (section 6)."""
    shift, positions = f.GENERATOR, first_positions
    width = values.shape[1]
    half = pow(2, f.P - 2, f.P)
    for challenge in challenges:
        places = positions[:, None] + np.arange(0, width, 2, dtype=np.int64)[None, :]
        eta = code_points(log_domain, places.reshape(-1))
        if shift != f.GENERATOR:
            eta = f.mul(eta, np.full_like(eta, shift * pow(f.GENERATOR, f.P - 2, f.P) % f.P))
        inverse = f.power_array(f.add(eta, eta), f.P - 2).reshape(places.shape)
        left, right = values[:, 0::2], values[:, 1::2]
        even = f.mul(f.add(left, right), np.full((1, 1, 1), half, dtype=np.uint64))
        odd = f.mul(f.sub(left, right), inverse[..., None])
        values = f.add(even, f.cubic_mul(f.sub(odd, even), challenge.array()))
        positions, width, log_domain = positions >> 1, width // 2, log_domain - 1
        shift = shift * shift % f.P
    return values[:, 0]


def interpolate_quadratic(at_zero: Cubic, at_one: Cubic, at_two: Cubic, point: Cubic) -> Cubic:
    return interpolate([at_zero, at_one, at_two], point)


def interpolate(values: list[Cubic], point: Cubic) -> Cubic:
    """The polynomial with these values at 0, 1, …, at a point (transcript-and-field.md, section 4)."""
    degree = len(values) - 1
    total = f.ZERO
    for i, value in enumerate(values):
        numerator, denominator = f.ONE, 1
        for j in range(degree + 1):
            if j != i:
                numerator = numerator * (point - j)
                denominator = denominator * (i - j) % f.P
        total = total + value * numerator * pow(denominator, f.P - 2, f.P)
    return total


def bind(challenges: list[Cubic], start: int, point: Cubic) -> tuple[Cubic, Cubic]:
    """bind_m(x) = Π_{i≥m} (1 - r_i + r_i·x^(2^(i-m))), and rest_m(x) = x^(2^(n-m)) (section 6, "Final sum")."""
    result, power = f.ONE, point
    for challenge in challenges[start:]:
        result = result * (1 - challenge + challenge * power)
        power = power * power
    return result, power


def verify_opening(
    channel: Channel, code: CodeParameters, trees: list[Tree], mask_tree: int, claims: list[Claim]
) -> None:
    """Verifies all claims, or raises `InvalidProof`."""
    channel.state_public("opening/parameters", code.canonical())
    for claim in claims:
        channel.state_value("opening/value", claim.value)
    _receive_values(channel, trees, claims)
    folded = [claim for claim in claims if claim.is_folded]
    plan = folding_plan(code, len(folded))

    # Initial claim: powers of χ over the folded claims' targets.
    root = channel.digest("opening/layer root")
    chi = channel.challenge("opening/chi")
    current, power, powers_of_chi = f.ZERO, f.ONE, []
    for claim in folded:
        targets = [claim.functional_target]
        for tree in claim.pins:
            point = trees[tree].point
            high = evaluate_at_cubic(claim.sent, point) * point**code.length
            targets.append(claim.pin_target(tree, trees) - high)
        for target in targets:
            current = current + power * target
            powers_of_chi.append(power)
            power = power * chi

    challenges: list[Cubic] = []
    layer_claims: list[LayerClaims] = []
    for number, layer in enumerate(plan.layers):
        own = []
        for _ in range(layer.folds):
            at_one, at_two = channel.elements("opening/sumcheck round", 2)
            own.append(channel.challenge("opening/fold"))
            current = interpolate([current - at_one, at_one, at_two], own[-1])
        challenges += own
        is_last = number == len(plan.layers) - 1
        finals = answers = point = next_root = None
        if is_last:
            finals = [channel.array("opening/final coefficients", 1 << plan.log_final) for _ in folded]
            expected = _final_sum(trees, folded, powers_of_chi, challenges, layer_claims, finals, plan.log_final)
            if current != expected:
                raise InvalidProof("opening: the final sum is another")
        else:
            next_root = channel.digest("opening/layer root")
            point = channel.transcript.point_outside("opening/out-of-domain point")
            answers = [channel.element("opening/out-of-domain answer") for _ in folded]
        if layer.grinding:
            _require_work(channel, layer.grinding)
        leaves, folded_values = _open_layer(channel, code, trees, mask_tree, claims, number, layer, root, own)
        # The point of a leaf: η of its first position to the power 2^φ.
        leaf_points = f.power_array(code_points(layer.log_domain, leaves << layer.folds), 1 << layer.folds)
        if is_last:
            for values, final in zip(folded_values, finals, strict=True):
                if not np.array_equal(values, evaluate_at_points(final, leaf_points)):
                    raise InvalidProof("opening: the last layer's leaves are not the final polynomial's values")
            continue
        # New claims on the next layer, with γ^1 first: claim by claim its answer, then its folded values.
        gamma = channel.challenge("opening/gamma")
        power = gamma
        powers_of_claims = []
        for answer, values in zip(answers, folded_values, strict=True):
            own_powers = [power * each for each in f.powers(gamma, 1 + len(values))]
            current = current + own_powers[0] * answer + f.cubic_dot(f.cubic_array(own_powers[1:]), values)
            power = own_powers[-1] * gamma
            powers_of_claims.append(own_powers)
        points = [point] + [Cubic(int(leaf_point)) for leaf_point in leaf_points]
        layer_claims.append(LayerClaims(len(challenges), points, powers_of_claims))
        root = next_root
    channel.hints.end()


def _receive_values(channel: Channel, trees: list[Tree], claims: list[Claim]) -> None:
    """Section 5: values at pins, masks, and the combinations' parts that are sent."""
    for claim in claims:
        claim.pins = [tree for tree in sorted(claim.weights) if trees[tree].is_pinned]
        for tree in claim.pins:
            others = [other for other in sorted(claim.weights) if other != tree]
            claim.at_pins[tree] = {other: channel.element("opening/tree at a pin") for other in others}
            claim.mask_at_pins[tree] = channel.element("opening/mask at a pin")
    for number, claim in enumerate(claims):
        for index, tree in enumerate(claim.pins):
            claim.pin_betas[tree] = channel.challenge(f"opening/pin beta/{number}/{index}")
    for claim in claims:
        claim.mask_value = channel.element("opening/mask value")
    for number, claim in enumerate(claims):
        claim.beta = channel.challenge(f"opening/beta/{number}")
    for claim in claims:
        if claim.is_folded:
            claim.sent = channel.array("opening/high part", claim.mask_tail)
            continue
        count = len(claim.functional)
        claim.sent = channel.array("opening/clear combination", count + claim.mask_tail)
        if f.cubic_dot(claim.functional, claim.sent[:count]) != claim.functional_target:
            raise InvalidProof("opening: the combination in clear has another value")


def _require_work(channel: Channel, bits: int) -> None:
    """Section 6, layer i, step 3."""
    seed = channel.transcript.challenge_bytes("opening/proof of work", 32)
    nonce = channel.nonce("opening/proof of work")
    digest = int.from_bytes(sha256(seed, nonce, GRINDING_END), "big")
    if digest >> (256 - bits):
        raise InvalidProof("opening: the nonce does not solve the proof of work")


def _open_layer(
    channel: Channel,
    code: CodeParameters,
    trees: list[Tree],
    mask_tree: int,
    claims: list[Claim],
    number: int,
    layer: Layer,
    root: bytes,
    challenges: list[Cubic],
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Section 6, steps 4 to 7: the opened leaves, and for each folded claim the values to which they fold."""
    folded = [claim for claim in claims if claim.is_folded]
    expected = None
    if number == 0:
        positions = channel.transcript.positions("opening/positions", code.queries, code.log_domain)
        expected = _combine_rows(channel, code, trees, mask_tree, claims, positions)
        leaves = sorted({position >> layer.folds for position in positions})
    else:
        leaves = channel.transcript.positions("opening/positions", layer.queries, layer.log_leaves)
    width = 1 << layer.folds
    words = channel.words(len(leaves) * len(folded) * width * 3, "a folding leaf").reshape(len(leaves), -1)
    digests = leaf_digests("dp-fold", f"folding layer {number}", layer.log_leaves, [NO_SALT] * len(leaves), words)
    require_root(root_from_opened(layer.log_leaves, leaves, digests, channel.hints), root, f"folding layer {number}")
    values = words.reshape(len(leaves), len(folded), width, 3)
    if expected is not None:
        where = {leaf: index for index, leaf in enumerate(leaves)}
        for index, position in enumerate(positions):
            found = values[where[position >> layer.folds], :, position & (width - 1)]
            if not np.array_equal(found, expected[index]):
                raise InvalidProof("opening: the first layer is not the combination of the rows")
    places = np.array(leaves, dtype=np.int64)
    return places, [
        fold_leaves(values[:, index], layer.log_domain, places << layer.folds, challenges)
        for index in range(len(folded))
    ]


def _combine_rows(
    channel: Channel, code: CodeParameters, trees: list[Tree], mask_tree: int, claims: list[Claim], positions: list[int]
) -> np.ndarray:
    """Section 6, step 5: reads rows of all trees at the positions; the folded claims' values of f_0 there, an array
    (positions, folded claims, 3)."""
    count = len(positions)
    rows = []
    for tree in trees:
        words = channel.words(count * tree.rows, f"rows of {tree.label}").reshape(count, tree.rows)
        salts = [channel.hints.take(SALT_BYTES) for _ in positions] if tree.salted else [NO_SALT] * count
        digests = row_leaf_digests(tree.label, code.log_domain, tree.bands, salts, words)
        require_root(root_from_opened(code.log_domain, positions, digests, channel.hints), tree.root, tree.label)
        rows.append(words)
    eta = code_points(code.log_domain, np.array(positions, dtype=np.int64))
    eta_length = f.power_array(eta, code.length)
    result = []
    for claim in claims:
        combined = rows[mask_tree][:, list(claim.mask_rows)]
        for tree, weights in claim.weights.items():
            scaled = f.cubic_mul(weights, claim.coefficient(tree).array())
            used = np.nonzero(scaled.any(axis=1))[0]
            combined = f.add(combined, _weighted_sums(rows[tree][:, used], scaled[used]))
        sent = evaluate_at_points(claim.sent, eta)
        if claim.is_folded:
            result.append(f.sub(combined, f.mul(sent, eta_length[:, None])))
        elif not np.array_equal(combined, sent):
            raise InvalidProof("opening: the combination in clear is not that of the rows")
    return np.stack(result, axis=1)


def _weighted_sums(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Σ weight·value at each position, of arrays (positions, rows) and (rows, 3), a few positions at a time."""
    at_once = max(1, VALUES_AT_ONCE // max(1, len(weights)))
    sums = [
        f.sum_over(f.mul(rows[first : first + at_once, :, None], weights[None]), axis=1)
        for first in range(0, len(rows), at_once)
    ]
    return np.concatenate(sums)


def _functional_sum(claim: Claim, challenges: list[Cubic], final: np.ndarray) -> Cubic:
    """Σ_a c~(r, a)·F_a of a folded claim's functional c (section 6, "Final sum"; transition.md, section 4)."""
    folds, point, total = len(challenges), claim.point, f.ZERO
    for offset, log in claim.runs if claim.runs is not None else [(0, len(point))]:
        low = min(log, folds)
        factor = f.equality_points(point[:low], challenges[:low])
        # What the run's offset fixes: in the point always, and of r as far as it reaches.
        factor = factor * f.equality(point[log:], offset >> log)
        factor = factor * f.equality(challenges[low:], (offset >> low) & ((1 << (folds - low)) - 1))
        inside = f.equality_table(point[folds : max(folds, log)])
        first = offset >> folds
        total = total + factor * f.cubic_dot(inside, final[first : first + len(inside)])
    return total


def _final_sum(
    trees: list[Tree],
    folded: list[Claim],
    powers_of_chi: list[Cubic],
    challenges: list[Cubic],
    layer_claims: list[LayerClaims],
    finals: list[np.ndarray],
    log_final: int,
) -> Cubic:
    """What the claim must be after the last round (section 6, "Final sum")."""
    total, powers = f.ZERO, iter(powers_of_chi)
    for claim, final in zip(folded, finals, strict=True):
        total = total + next(powers) * _functional_sum(claim, challenges, final)
        for tree in claim.pins:
            factor, power = bind(challenges, 0, trees[tree].point)
            total = total + next(powers) * factor * evaluate_at_cubic(final, power)
    for layer in layer_claims:
        for index, point in enumerate(layer.points):
            factor, power = bind(challenges, layer.start, point)
            for gammas, final in zip(layer.powers, finals, strict=True):
                total = total + gammas[index] * factor * evaluate_at_cubic(final, power)
    return total
