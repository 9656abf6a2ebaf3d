# SPDX-License-Identifier: Apache-2.0
"""Code parameters and the folding plan (specification/commitment-and-opening.md, sections 1, 7 and 8)."""

import math
from dataclasses import dataclass
from functools import cache

from .field import P
from .wire import u64


@dataclass(frozen=True)
class CodeParameters:
    """l, log blow-up, queries, grinding bits, drift tail; B and q_B of a base that hides its weights (section 1); the
    tail of a next base that a transition opens (specification/transition.md); G (section 1)."""

    log_length: int
    log_blowup: int
    queries: int
    grinding: int
    drift_tail: int
    base_trees: int = 0
    base_tail: int = 0
    next_tail: int = 0
    bands: int = 1

    @property
    def length(self) -> int:
        """L: the positions of a row."""
        return 1 << self.log_length

    @property
    def log_domain(self) -> int:
        """k: the code has 2^k positions."""
        return self.log_length + self.log_blowup

    @property
    def drift_tail_coefficients(self) -> int:
        """q̄ = q + 3Q + 3 + 3B with Q = ⌊q/t⌋."""
        return self.drift_tail + 3 * (self.drift_tail // self.queries) + 3 + 3 * self.base_trees

    @property
    def proof_tail_coefficients(self) -> int:
        """t + 6 + 3B: of a row of P1 or P2."""
        return self.queries + 6 + 3 * self.base_trees

    @property
    def longest_tail(self) -> int:
        """q̄ or q_B."""
        return max(self.drift_tail_coefficients, self.base_tail, self.next_tail)

    @property
    def least_base_tail(self) -> int:
        """What hides a base from one proof."""
        return self.queries + 6 + 3 * self.base_trees

    @property
    def numbers(self) -> bytes:
        """The five numbers of a manifest."""
        numbers = (self.log_length, self.log_blowup, self.queries, self.grinding, self.drift_tail)
        return b"".join(u64(number) for number in numbers)

    def canonical(self) -> bytes:
        hiding = u64(self.base_trees) + u64(self.base_tail) if self.base_trees else b""
        next_tail = u64(self.next_tail) if self.next_tail else b""
        return self.numbers + hiding + next_tail + (u64(self.bands) if self.bands > 1 else b"")

    @property
    def in_range(self) -> bool:
        return (
            14 <= self.log_length <= 26
            and 1 <= self.log_blowup <= 5
            and 1 <= self.queries <= 1024
            and 0 <= self.grinding <= 20
            and self.drift_tail >= self.queries
            and self.longest_tail <= self.length
        )

    @property
    def rate(self) -> float:
        """ρ = (L + the longest tail)/2^k."""
        return (self.length + self.longest_tail) / 2**self.log_domain

    @property
    def query_bits(self) -> float:
        """The security of the query phase (section 1)."""
        return -self.queries * math.log2(math.sqrt(self.rate) * (1 + 1 / 64)) + self.grinding


@dataclass(frozen=True)
class Layer:
    log_length: int
    log_domain: int
    folds: int
    queries: int
    grinding: int

    @property
    def log_leaves(self) -> int:
        return self.log_domain - self.folds


@dataclass(frozen=True)
class FoldingPlan:
    layers: tuple[Layer, ...]
    log_final: int


def folding_plan(code: CodeParameters, claims: int) -> FoldingPlan:
    """The plan of least cost (section 7); `claims` is the number of folded claims."""
    inner_grinding = min(14, code.grinding)

    def sound(log_domain: int, log_rate: int) -> bool:
        return 20 + log_domain + (3 * log_rate + 1) // 2 <= 61

    def inner_queries(log_rate: int) -> int:
        return max(1, -(-10000 * (128 - inner_grinding) // (5000 * log_rate - 875)))

    def siblings(leaves: int, depth: int) -> int:
        return 8 * leaves * max(0, 4 * depth - 4 - ((leaves**4).bit_length() - 1))

    def layer_and_cost(log_length: int, log_domain: int, folds: int, first: bool) -> tuple[Layer, int]:
        leaves_available = 1 << (log_domain - folds)
        if first:
            layer = Layer(log_length, log_domain, folds, code.queries, code.grinding)
        else:
            queries = min(inner_queries(log_domain - log_length), leaves_available)
            layer = Layer(log_length, log_domain, folds, queries, inner_grinding)
        leaves = min(layer.queries, leaves_available)
        size = 40 + 24 * claims + 48 * folds + leaves * 24 * claims * 2**folds
        size += siblings(leaves, log_domain - folds)
        return layer, size + (0 if first else (3 * claims << log_domain) // 1024)

    @cache
    def best(log_length: int, log_domain: int, first: bool = False) -> tuple[int, tuple[Layer, ...], int] | None:
        found = None
        for folds in range(1, min(4, log_length) + 1):
            layer, cost = layer_and_cost(log_length, log_domain, folds, first)
            rest = log_length - folds
            alone = cost + (24 * claims << rest)
            if found is None or alone < found[0]:
                found = (alone, (layer,), rest)
            if rest == 0:
                continue
            for next_domain in range(log_domain - folds, log_domain):
                if sound(next_domain, next_domain - rest):
                    following = best(rest, next_domain)
                    if cost + following[0] < found[0]:
                        found = (cost + following[0], (layer, *following[1]), following[2])
        return found

    _, layers, log_final = best(code.log_length, code.log_domain, True)
    return FoldingPlan(layers, log_final)


# --- soundness ------------------------------------------------------------------------------------------------------

LOG_K = 3 * math.log2(P)


def _over_k(count: float) -> float:
    return LOG_K - math.log2(count)


@dataclass(frozen=True)
class ListDecoding:
    """ℓ, a and α of a code (section 8)."""

    list_size: float
    exceptions: float
    agreement: float

    @staticmethod
    def of(points: int, rate: float, multiplicity: int) -> "ListDecoding":
        m = 2 * multiplicity + 0.5
        alpha = math.sqrt(rate) * (1 + 1 / (2 * multiplicity))
        exceptions = (2 * m**5 + 3 * m * (1 - alpha) * rate) / (3 * rate * math.sqrt(rate)) * points + m / math.sqrt(
            rate
        )
        return ListDecoding(m / math.sqrt(rate), exceptions, alpha)


@dataclass(frozen=True)
class SoundnessShape:
    """What the terms of the argument depend on; regions are R-space and Z-space."""

    claims: int
    coordinates: int
    has_first_tree: bool
    has_factors: bool
    mask_runs: int
    index_bits: int
    region_oracles: int
    orthonormal_tensors: int
    orthonormal_log_rows: int
    has_region: bool
    #: Opened trees of a base that hides its weights.
    hidden_trees: int = 0


def soundness_terms(code: CodeParameters, shape: SoundnessShape) -> dict[str, float]:
    """Every term of the soundness error in bits (section 8)."""
    rows = ListDecoding.of(1 << code.log_domain, code.rate, 32)
    size, exceptions = rows.list_size, rows.exceptions
    terms = {
        "projections": 132.0,
        "claims": _over_k(size * (shape.claims + shape.coordinates)),
        "sumcheck A": _over_k(5 * size),
    }
    if shape.has_factors:
        terms["sumcheck B"] = _over_k(size * max(3, shape.index_bits + 2))
        terms["sumcheck C"] = _over_k(size * max(2, shape.mask_runs))
    if shape.orthonormal_tensors:
        log_members = (shape.orthonormal_tensors - 1).bit_length()
        terms["orthonormality"] = _over_k(size * max(1, log_members + 2 * shape.orthonormal_log_rows))
        terms["sumcheck O"] = _over_k(3 * size)
    terms["row weights"] = _over_k(exceptions + size)
    evaluations = 3 + shape.region_oracles if shape.has_region else 3 if shape.orthonormal_tensors else 2
    terms["evaluations"] = _over_k(evaluations * (exceptions + size))
    folded, pinned = (2 if shape.has_factors else 1), (2 if shape.has_first_tree else 1)
    return terms | opening_terms(code, folded, pinned + shape.hidden_trees)


def transition_terms(code: CodeParameters, claims: int, coordinates: int, pinned: int) -> dict[str, float]:
    """Every term of a transition's soundness error in bits (specification/transition.md, section 5)."""
    rows = ListDecoding.of(1 << code.log_domain, code.rate, 32)
    point = _over_k(coordinates * (rows.exceptions + rows.list_size))
    return {"transition point": point} | opening_terms(code, claims, pinned)


def opening_terms(code: CodeParameters, folded: int, pinned: int) -> dict[str, float]:
    """The terms of an opening of so many folded claims, with so many pinned trees (section 8)."""
    rows = ListDecoding.of(1 << code.log_domain, code.rate, 32)
    size, exceptions = rows.list_size, rows.exceptions
    plan = folding_plan(code, folded)
    layers = [rows] + [
        ListDecoding.of(1 << layer.log_domain, 2.0 ** (layer.log_length - layer.log_domain), 8)
        for layer in plan.layers[1:]
    ]
    terms = {"pins": _over_k(size**2 / 2 * (code.length + code.longest_tail))}
    terms["combination of trees and mask"] = _over_k(folded * ((1 + pinned) * exceptions + (2 + pinned) * size))
    terms["batching of the claims"] = _over_k(size * folded * (1 + pinned))
    terms["folding"] = min(_over_k(2 * layer.list_size + layer.exceptions) for layer in layers)
    inner = list(zip(plan.layers[1:], layers[1:], plan.layers, strict=False))
    if inner:
        terms["out-of-domain answers"] = min(_over_k(d.list_size**2 / 2 * 2**i.log_length) for i, d, _ in inner)
        terms["batching of folded leaves"] = min(
            _over_k(d.list_size * (1 + folded * (1 + before.queries))) for _, d, before in inner
        )
        terms["queries of inner layers"] = min(-i.queries * math.log2(d.agreement) + i.grinding for i, d, _ in inner)
    terms["queries"] = code.query_bits
    return terms
