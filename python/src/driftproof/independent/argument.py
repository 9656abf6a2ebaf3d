# SPDX-License-Identifier: Apache-2.0
"""The argument as its verifier runs it (specification/transcript-and-field.md, section 6, and stages.md)."""

from dataclasses import dataclass

import numpy as np

from . import field as f
from .bounds_stage import BoundsStage
from .channel import Channel
from .cubes import Point, padded, zeros
from .field import Cubic
from .layout import Layout, TreeRows
from .opening import Claim, Tree, verify_opening
from .orthonormal_stage import run_orthonormal_stage
from .parameters import CodeParameters
from .projection import draw_projection
from .statement import BaseTree, Statement
from .structure_stage import StructureStage
from .sumcheck import Outcome
from .transcript import BYTES, DIGEST, Transcript
from .wire import u64

DRIFT, P2, P1 = 0, 1, 2


@dataclass(frozen=True)
class DriftCommitment:
    """Root, point and pins of the drift tableau."""

    root: bytes
    point: Cubic
    pins: np.ndarray
    pin_bytes: bytes


def base_tree(code: CodeParameters, tree: BaseTree) -> Tree:
    """A tree of the base's tableau; of a base that hides its weights pinned where its root says
    (specification/commitment-and-opening.md, section 3)."""
    label = f"base/{tree.number}"
    if not code.base_trees:
        return Tree(label, tree.root, tree.rows, 1, salted=False)
    pins = np.frombuffer(tree.pins, dtype="<u8").astype(np.uint64).reshape(tree.rows, 3)
    if tree.point is not None:
        return Tree(label, tree.root, tree.rows, 1, tree.point, pins)
    transcript = Transcript("driftproof/pins/v1")
    transcript.absorb("code", BYTES, u64(code.log_length) + u64(code.log_blowup))
    transcript.absorb("label", BYTES, label.encode())
    transcript.absorb("shapes", BYTES, (u64(code.length) + u64(code.base_tail)) * tree.rows)
    transcript.absorb("root", DIGEST, tree.root)
    return Tree(label, tree.root, tree.rows, 1, transcript.point_outside("pin"), pins)


class Weights:
    """Weights of the rows of a tree, filled piece by piece."""

    def __init__(self, rows: int):
        self.array = np.zeros((rows, 3), dtype=np.uint64)

    def add(self, row: int, weight: Cubic) -> None:
        self.array[row] = f.add(self.array[row], weight.array())

    def add_rows(self, first: int, weights: np.ndarray) -> None:
        view = self.array[first : first + len(weights)]
        view[:] = f.add(view, weights)


def oracle_rows(log_length: int, variables: int, top: Cubic, x: Point, rows: int) -> tuple[np.ndarray, Cubic, Cubic]:
    """Weights of an oracle's payload rows, weight of its mask row, and the factor φ (stages.md, section 8)."""
    if variables <= log_length:
        payload = np.zeros((rows, 3), dtype=np.uint64)
        payload[0] = (1 - top).array()
        return payload, top, zeros(x[variables:log_length])
    table = f.equality_table(x[log_length:variables])[:rows]
    return f.cubic_mul(table, (1 - top).array()), top * zeros(x[log_length:variables]), f.ONE


def libra_functional(outcomes: list[tuple[Outcome, int]], chi: Cubic) -> tuple[np.ndarray, Cubic]:
    """Weights of the message of Libra's rows, and the claim's value (stages.md, section 8)."""
    weights, value, power = [], f.ZERO, f.ONE
    for outcome, degree in outcomes:
        weights.append(power)
        for coordinate in outcome.point:
            monomial = power
            for _ in range(degree):
                monomial = monomial * coordinate
                weights.append(monomial)
        value = value + power * outcome.mask
        power = power * chi
    return f.cubic_array(weights), value


class ArgumentVerifier:
    """Verifies the proof of a statement about a committed drift."""

    def __init__(self, statement: Statement, layout: Layout, binding: bytes, commitment: DriftCommitment, proof: bytes):
        self.statement, self.layout, self.commitment = statement, layout, commitment
        self.rows = TreeRows(layout)
        self.channel = Channel(proof)
        self.channel.state_public("binding", binding)
        self.channel.state_public("statement", statement.canonical())
        self.channel.state_public("drift", commitment.root + commitment.pin_bytes)

    def verify(self) -> None:
        channel, layout = self.channel, self.layout
        first_root = first_point = first_pins = None
        if layout.has_first_tree:
            first_root = channel.digest("root of P1")
            first_point = channel.transcript.point_outside("pins of P1")
            first_pins = channel.array("pins of P1", self.rows.first_tree)
        projection = draw_projection(channel)
        second_root = channel.digest("root of P2")
        orthonormal = run_orthonormal_stage(channel, layout) if layout.orthonormal else None
        self.bounds_stage = BoundsStage(channel, layout, projection, orthonormal)
        bounds = self.bounds_stage.run(channel)
        d, structure, merging = bounds.values["E"], None, None
        if layout.has_factors:
            d = channel.element("d")
            stage = StructureStage(layout, bounds)
            structure = stage.run_structure(channel, d - bounds.values["E"])
            merging = stage.run_merging(channel)
        tau = channel.challenge("tau")
        chi = channel.challenge("chi Libra")

        bands, drift = self.statement.code.bands, self.commitment
        trees = [
            Tree("drift", drift.root, layout.row_count, bands, drift.point, drift.pins),
            Tree("P2", second_root, self.rows.second_tree, bands),
        ]
        if layout.has_first_tree:
            trees.append(Tree("P1", first_root, self.rows.first_tree, bands, first_point, first_pins))
        base_trees = {}
        for base in self.statement.base_trees:
            base_trees[base.number] = len(trees)
            trees.append(base_tree(self.statement.code, base))
        claims = [self._bounds_claim(bounds, d, tau, trees, base_trees)]
        if merging:
            claims.append(self._merging_claim(merging))
        found = {"A": bounds, "B": structure, "C": merging, "O": orthonormal and orthonormal.outcome}
        outcomes = [(found[stage], degree) for stage, _, degree in layout.stage_shapes()]
        claims.append(self._libra_claim(outcomes, chi))
        verify_opening(channel, self.statement.code, trees, P2, claims)

    # --- stages.md, section 8 ---

    def _bounds_claim(
        self, bounds: Outcome, d: Cubic, tau: Cubic, trees: list[Tree], base_trees: dict[int, int]
    ) -> Claim:
        """Claim 0, at Stage A's point."""
        layout, rows, length = self.layout, self.rows, self.layout.log_length
        top, x, values = bounds.top, bounds.rest, bounds.values
        weights = {tree: Weights(each.rows) for tree, each in enumerate(trees)}
        power = f.powers(tau, 4 + len(layout.region_oracles) + len(layout.pattern_oracles))
        tiles = f.cubic_mul(f.equality_table(x[length : layout.e_variables]), (1 - top).array())
        for block in layout.blocks:
            for tile, row in block.tiles():
                weights[DRIFT].add(row, Cubic.from_array(tiles[tile]) * (1 << block.scale))
        weights[P2].add(rows.e_mask, top * zeros(x[length : layout.e_variables]))
        value = d

        def add_oracle(tree: int, first: int, count: int, mask: int, variables: int, factor: Cubic, evaluation: Cubic):
            payload, mask_weight, phi = oracle_rows(length, variables, top, x, count)
            weights[tree].add_rows(first, f.cubic_mul(payload, factor.array()))
            weights[tree].add(mask, factor * mask_weight)
            return factor * phi * evaluation

        value = value + add_oracle(P2, 0, rows.d_rows, rows.d_mask, layout.d_variables, power[1], values["D"])
        if layout.has_factors:
            value = value + add_oracle(P1, 0, rows.g_rows, rows.g_mask, layout.g_variables, power[2], values["G"])
        if layout.orthonormal:
            value = value + add_oracle(P2, rows.o_row, 1, rows.o_mask, 5, power[3], values["O"])
        if layout.has_region:
            self._add_region(weights, power, bounds, base_trees)
            for number, name in enumerate(layout.region_oracles):
                value = value + power[4 + number] * values[name]
        if layout.has_patterns:
            self._add_patterns(weights, power[4 + len(layout.region_oracles) :], bounds, base_trees)
            for factor, name in zip(power[4 + len(layout.region_oracles) :], layout.pattern_oracles, strict=True):
                value = value + factor * values[name]
        point = padded(x, length)[:length]
        arrays = {tree: each.array for tree, each in weights.items()}
        tail = self.statement.code.longest_tail
        return Claim(arrays, value, rows.stage_a_masks, tail, point=point)

    def _add_region(self, weights, power: list[Cubic], bounds: Outcome, base_trees: dict[int, int]) -> None:
        layout, rows, length = self.layout, self.rows, self.layout.log_length
        top, x = bounds.top, bounds.rest[: layout.region_variables]
        table = f.cubic_mul(f.equality_table(x[length:]), (1 - top).array())
        for number, name in enumerate(layout.region_oracles):
            factor = power[4 + number]
            for place, (tile, drift_row, base) in enumerate(layout.region_tiles()):
                weight = factor * Cubic.from_array(table[tile])
                if name == "X":
                    weights[DRIFT].add(drift_row, weight)
                elif name == "T":
                    if base:
                        weights[base_trees[base[0]]].add(base[1], weight)
                else:
                    weights[P1].add(rows.region_rows[name] + place, weight)
            weights[P2].add(rows.region_masks[name], factor * top * zeros(x[length:]))

    def _add_patterns(self, weights, power: list[Cubic], bounds: Outcome, base_trees: dict[int, int]) -> None:
        layout, rows, length = self.layout, self.rows, self.layout.log_length
        top, x = bounds.top, bounds.rest[: layout.z_variables]
        table = f.cubic_mul(f.equality_table(x[length:]), (1 - top).array())
        for factor, name in zip(power, layout.pattern_oracles, strict=True):
            for place, (tile, drift_row, base) in enumerate(layout.pattern_tiles()):
                weight = factor * Cubic.from_array(table[tile])
                if name == "z":
                    weights[P1].add(rows.pattern_row + place, weight)
                elif name == "Xz":
                    weights[DRIFT].add(drift_row, weight)
                elif base:
                    weights[base_trees[base[0]]].add(base[1], weight)
            weights[P2].add(rows.pattern_masks[name], factor * top * zeros(x[length:]))

    def _merging_claim(self, merging: Outcome) -> Claim:
        """Claim 1, at Stage C's point."""
        layout, rows, length = self.layout, self.rows, self.layout.log_length
        payload, mask, phi = oracle_rows(
            length, layout.g_variables, merging.top, padded(merging.rest, length), rows.g_rows
        )
        weights = Weights(rows.first_tree)
        weights.add_rows(0, payload)
        weights.add(rows.g_mask, mask)
        point = padded(merging.rest, length)[:length]
        tail = self.statement.code.proof_tail_coefficients
        return Claim({P1: weights.array}, phi * merging.values["G"], rows.stage_c_masks, tail, point=point)

    def _libra_claim(self, outcomes: list[tuple[Outcome, int]], chi: Cubic) -> Claim:
        functional, value = libra_functional(outcomes, chi)
        weights = Weights(self.rows.second_tree)
        for row, unit in zip(self.rows.libra, (f.ONE, f.X, f.X_SQUARED), strict=True):
            weights.add(row, unit)
        tail = self.statement.code.proof_tail_coefficients
        return Claim({P2: weights.array}, value, self.rows.libra_masks, tail, functional=functional)
