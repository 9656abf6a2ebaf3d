# SPDX-License-Identifier: Apache-2.0
"""Tuned tableaus and transitions: T1 = T0 + Δ (specification/transition.md)."""

from dataclasses import dataclass, replace

import numpy as np

from . import field as f
from . import strictjson
from .argument import DRIFT, Weights, base_tree
from .channel import Channel, canonical_words
from .errors import AnotherSubject, InvalidProof, OperationalError
from .field import Cubic
from .identity import BaseIdentity, check_linked_part
from .opening import Claim, Tree, verify_opening
from .parameters import CodeParameters, transition_terms
from .rules import matrix
from .statement import TableauTensor, ceil_log2
from .verifier import REQUIRED_BITS, Verified, pin_point
from .wire import Reader, sha256, text, u64

MAGIC = b"drifttrn"
VERSION = 1
NEXT_BASE_VERSION = 2
MAXIMUM_BYTES = 256 << 20
MAXIMUM_TABLEAU_ROWS = 1 << 20
MAXIMUM_SETS = 256
MASKS, TUNED = 1, 2


@dataclass(frozen=True)
class TunedTableau:
    """T1: a commitment to the weights of a tuned model."""

    base_root: bytes
    code: CodeParameters
    rows: int
    root: bytes
    pin_bytes: bytes

    @property
    def digest(self) -> bytes:
        parts = (self.base_root, self.code.canonical(), u64(self.rows), self.root, sha256(self.pin_bytes))
        return sha256(text("driftproof/tuned-tableau/v1"), *parts)

    @property
    def pins(self) -> np.ndarray:
        return canonical_words(self.pin_bytes, "the tuned tableau's pins").reshape(self.rows, 3)


def read_tuned_tableau(content: bytes) -> TunedTableau:
    """A tuned tableau from its file (section 1)."""
    what = "tuned tableau"
    names = ("logLength", "logBlowup", "queries", "grindingBits", "driftTail")
    entry = strictjson.members(
        strictjson.parse(content, what), what, ("driftTableau", "baseIdentity", *names, "rows", "root", "pins")
    )
    strictjson.plain_integer(entry["driftTableau"], what, 1, 1)
    base_root = strictjson.hexadecimal(entry["baseIdentity"], f"{what}: baseIdentity")
    code = CodeParameters(*(strictjson.plain_integer(entry[name], what, 0, (1 << 32) - 1) for name in names))
    if not code.in_range:
        raise OperationalError(f"{what}: code parameters out of range")
    rows = strictjson.plain_integer(entry["rows"], what, 1, MAXIMUM_TABLEAU_ROWS)
    root = strictjson.hexadecimal(entry["root"], f"{what}: root")
    digits = strictjson.string(entry["pins"], what)
    if len(digits) != 48 * rows or not set(digits) <= set("0123456789abcdef"):
        raise OperationalError(f"{what}: other pins than 24 bytes for each row")
    tableau = TunedTableau(base_root, code, rows, root, bytes.fromhex(digits))
    try:
        _ = tableau.pins
    except InvalidProof as failure:
        raise OperationalError(str(failure)) from None
    return tableau


@dataclass(frozen=True)
class Transition:
    """The proof's frame (section 2)."""

    base_root: bytes
    tuned_tableau: bytes
    tuned_commitment: bytes
    proof: bytes
    #: Its second digest is the linked root of a next base.
    is_next_base: bool


def read_transition(content: bytes) -> Transition:
    reader = Reader(content, "transition")
    if reader.take(8) != MAGIC:
        raise InvalidProof("transition: another format")
    version = reader.u32()
    if version not in (VERSION, NEXT_BASE_VERSION):
        raise InvalidProof("transition: another format")
    sections = [reader.counted() for _ in range(4)]
    reader.end()
    if any(len(section) != 32 for section in sections[:3]):
        raise InvalidProof("transition: a digest has 32 bytes")
    return Transition(*sections, version == NEXT_BASE_VERSION)


# --- which rows and runs are added (section 3) ------------------------------------------------------------------------


@dataclass
class RunSet:
    """Runs (offset, log) of a row of T0 and T1, and the drift's row that they are changed by, if there is one."""

    row: int
    drift_row: int | None
    runs: list[tuple[int, int]]


@dataclass
class Sums:
    """Whole rows (row, the drift's row or None), and the other sets; rows are counted through all trees."""

    whole: list[tuple[int, int | None]]
    sets: list[RunSet]


def plan_sums(identity: BaseIdentity, verified: Verified) -> Sums:
    linked, layout = identity.linked, verified.layout
    first_rows = [sum(rows for rows, _ in linked.trees[:number]) for number in range(len(linked.trees))]
    slots = {}
    if layout:
        slots = {tensor.name: slot for tensor, slot in zip(layout.tensors, layout.slots, strict=True)}
    whole: dict[int, int | None] = {}
    shared: dict[int, list[str]] = {}
    for name, place in linked.places.items():
        row = first_rows[place.tree] + place.row
        if place.shares_row:
            shared.setdefault(row, []).append(name)
            continue
        slot = slots.get(name)
        for tile in range(linked.tile_counts[name]):
            whole[row + tile] = slot and slot.first_row + tile
    sets = []
    for row, names in shared.items():
        if not any(name in slots for name in names):
            whole[row] = None
            continue
        by_drift_row: dict[int, list[tuple[int, int]]] = {}
        for name in names:
            slot = slots.get(name)
            run = (linked.places[name].offset, _run_log(identity, name))
            by_drift_row.setdefault(slot.first_row if slot else -1, []).append(run)
        for drift_row in sorted(by_drift_row):
            sets.append(RunSet(row, drift_row if drift_row >= 0 else None, sorted(by_drift_row[drift_row])))
    sets.sort(key=lambda each: (each.row, -1 if each.drift_row is None else each.drift_row))
    return Sums(sorted(whole.items()), sets)


def _run_log(identity: BaseIdentity, name: str) -> int:
    tensor = TableauTensor(name, *matrix(identity.by_name[name].shape), 0, True)
    return tensor.row_bits + tensor.column_bits


# --- the proof (section 4) --------------------------------------------------------------------------------------------


def verify_transition(
    verified: Verified, identity: BaseIdentity, target: TunedTableau | BaseIdentity, transition: Transition
) -> dict[str, float]:
    """Checks a transition of a certificate that was verified; the terms of its soundness error. `target` is a tuned
    tableau or the identity of a next base."""
    certificate, linked = verified.certificate, identity.linked
    is_next = isinstance(target, BaseIdentity)
    if transition.is_next_base != is_next:
        raise AnotherSubject("a tuned tableau and a next base have transitions of their own")
    if not verified.manifest.aligned:
        raise AnotherSubject("the certificate is not aligned with the base's tableau")
    if verified.layout is None:
        raise AnotherSubject("the certificate says that nothing changes, and has no drift to add")
    # With what a hiding base adds, which the base's root says.
    # Bands are the certificate's alone: the tuned tableau has one.
    code = verified.statement.code
    if is_next:
        check_next_base(target, identity)
        code = replace(code, next_tail=target.linked.tail)
        if not code.in_range:
            raise InvalidProof("the next base's tails are longer than its rows")
    else:
        if target.base_root != linked.linked_root:
            raise AnotherSubject("the tuned tableau is about another base")
        if target.code != replace(verified.manifest.code, bands=1):
            raise AnotherSubject("the tuned tableau has another code than the certificate")
    sums = plan_sums(identity, verified)
    if len(sums.sets) > MAXIMUM_SETS:
        raise InvalidProof("the transition has too many sets of runs")
    rows = sum(rows for rows, _ in linked.trees)
    if not is_next and target.rows != rows:
        raise InvalidProof("the tuned tableau has another number of rows than the base's")
    count = (1 if sums.whole else 0) + len(sums.sets)
    row_bits = ceil_log2(rows)
    pinned = 1 + (len(linked.trees) if is_next else 1) + code.base_trees
    soundness = transition_terms(code, count, code.log_length + row_bits, pinned)
    if min(soundness.values()) < REQUIRED_BITS:
        raise InvalidProof("a term of the transition's soundness error has less than 128 bits")
    if transition.base_root != linked.linked_root:
        raise AnotherSubject("the transition is about another base")
    digest = target.linked.linked_root if is_next else target.digest
    if transition.tuned_tableau != digest:
        raise AnotherSubject("the transition is about another tuned tableau or next base")
    if transition.tuned_commitment != certificate.tuned_commitment:
        raise AnotherSubject("the transition is about another certificate")

    channel = Channel(transition.proof, f"driftproof/transition/v{NEXT_BASE_VERSION if is_next else VERSION}")
    channel.state_public("base", transition.base_root)
    channel.state_public("next base" if is_next else "tuned tableau", transition.tuned_tableau)
    channel.state_public("tuned commitment", transition.tuned_commitment)
    masks = channel.digest("root of masks")
    z = channel.challenges("z", code.log_length + row_bits)
    drift = verified.commitment
    trees = [
        Tree("drift", drift.root, verified.layout.row_count, code.bands, drift.point, drift.pins),
        Tree("masks", masks, 3 * count, code.bands),
    ]
    if is_next:
        own = replace(code, base_trees=len(target.linked.trees), base_tail=target.linked.tail)
        trees += [base_tree(own, tree) for tree in target.linked.base_trees]
    else:
        point = pin_point(replace(code, bands=1), "tuned", rows, target.root)
        trees.append(Tree("tuned", target.root, rows, 1, point, target.pins))
    first_base = len(trees)
    trees += [base_tree(code, tree) for tree in linked.base_trees]
    claims = _claims(sums, trees, first_base, code, z)
    verify_opening(channel, code, trees, MASKS, claims)
    return soundness


def check_next_base(target: BaseIdentity, identity: BaseIdentity) -> None:
    """Leaves, rows, rate, units and places of a next base are its base's (section 6)."""
    own, linked = target.linked, identity.linked
    if own is None or own.predecessor is None:
        raise AnotherSubject("the identity of a next base is that of a base")
    if own.predecessor != linked.linked_root:
        raise AnotherSubject("the next base was made beside another base")
    if target.root != identity.root:
        raise AnotherSubject("the next base has other leaves than its base")
    if (own.log_length, own.log_blowup) != (linked.log_length, linked.log_blowup):
        raise AnotherSubject("the next base has other rows or another rate than its base")
    if own.tensors != linked.tensors or own.layout_digest != linked.layout_digest:
        raise AnotherSubject("the next base has other units or places than its base")
    check_linked_part(target)


def _claims(sums: Sums, trees: list[Tree], first_base: int, code: CodeParameters, z: list[Cubic]) -> list[Claim]:
    base_rows = [(first_base + n, row) for n, tree in enumerate(trees[first_base:]) for row in range(tree.rows)]
    # Of one tree, or of as many as the base has.
    tuned_rows = [(TUNED + n, row) for n, tree in enumerate(trees[TUNED:first_base]) for row in range(tree.rows)]
    low, high = z[: code.log_length], f.equality_table(z[code.log_length :])
    claims = []

    def add(rows: list[tuple[int, int | None, Cubic]], runs: list[tuple[int, int]] | None) -> None:
        weights = {number: Weights(tree.rows) for number, tree in enumerate(trees) if number != MASKS}
        for row, drift_row, weight in rows:
            tuned, tuned_row = tuned_rows[row]
            weights[tuned].add(tuned_row, weight)
            tree, base_row = base_rows[row]
            weights[tree].add(base_row, -weight)
            if drift_row is not None:
                weights[DRIFT].add(drift_row, -weight)
        arrays = {number: each.array for number, each in weights.items() if each.array.any()}
        first = 3 * len(claims)
        mask_rows = (first, first + 1, first + 2)
        claims.append(Claim(arrays, f.ZERO, mask_rows, code.longest_tail, point=low, runs=runs))

    if sums.whole:
        add([(row, drift_row, Cubic.from_array(high[row])) for row, drift_row in sums.whole], None)
    for each in sums.sets:
        add([(each.row, each.drift_row, f.ONE)], each.runs)
    return claims
