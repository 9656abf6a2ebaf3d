# SPDX-License-Identifier: Apache-2.0
"""Merkle trees: those over names (format.md, "Base identity") and those over code positions ("Commitment")."""

import numpy as np

from .errors import InvalidProof
from .wire import Reader, sha256, u64

SALT_BYTES = 32
NO_SALT = bytes(SALT_BYTES)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01", left, right)


def root_of_leaves(leaves: list[bytes], empty: bytes) -> bytes:
    """The identity's tree: a node without partner moves up unchanged; `empty` without leaves."""
    if not leaves:
        return empty
    level = [sha256(b"\x00", leaf) for leaf in leaves]
    while len(level) > 1:
        pairs = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    return level[0]


def leaf_digests(tag: str, label: str, log_leaves: int, salts: list[bytes], words: np.ndarray) -> list[bytes]:
    """Digests of leaves (format.md, "Commitment"): `words` is an array (leaves, words of a leaf) over F."""
    header = b"\x00" + tag.encode() + u64(words.shape[1]) + u64(log_leaves) + sha256(label.encode())[:8]
    length = len(header) + SALT_BYTES + 8 * words.shape[1]
    padding = bytes(-length % 64)
    rows = np.ascontiguousarray(words, dtype="<u8")
    return [sha256(header, salt, row.tobytes(), padding) for salt, row in zip(salts, rows, strict=True)]


def band_runs(rows: int, bands: int) -> list[tuple[int, int]]:
    """The runs of a tree's rows (specification/commitment-and-opening.md, section 3): whole blocks of eight rows."""
    blocks = (rows + 7) // 8
    count = max(1, min(bands, blocks))
    return [(8 * (b * blocks // count), min(rows, 8 * ((b + 1) * blocks // count))) for b in range(count)]


def row_leaf_digests(label: str, log_leaves: int, bands: int, salts: list[bytes], words: np.ndarray) -> list[bytes]:
    """Digests of leaves of rows: of all values at once, or of the digests of their runs."""
    runs = band_runs(words.shape[1], bands)
    if len(runs) == 1:
        return leaf_digests("dp-rows", label, log_leaves, salts, words)
    digests = [
        leaf_digests("dp-band", f"{label}/band {number}", log_leaves, salts, words[:, first:end])
        for number, (first, end) in enumerate(runs)
    ]
    joined = np.frombuffer(b"".join(b"".join(each) for each in zip(*digests, strict=True)), dtype="<u8")
    return leaf_digests("dp-join", label, log_leaves, [NO_SALT] * len(salts), joined.reshape(len(salts), -1))


def root_from_opened(log_leaves: int, positions: list[int], digests: list[bytes], siblings: Reader) -> bytes:
    """The root that opened leaves and the siblings from the proof have: level by level from the leaves, in rising
    order, a sibling only where it does not follow from other opened leaves (format.md, "Proof")."""
    known = dict(zip(positions, digests, strict=True))
    for _ in range(log_leaves):
        parents = {}
        for position in sorted(known):
            if position >> 1 in parents:
                continue
            sibling = known.get(position ^ 1)
            if sibling is None:
                sibling = siblings.hash()
            pair = (known[position], sibling) if position & 1 == 0 else (sibling, known[position])
            parents[position >> 1] = node(*pair)
        known = parents
    return known[0]


def require_root(found: bytes, expected: bytes, what: str) -> None:
    if found != expected:
        raise InvalidProof(f"{what}: opened leaves do not belong to the root")
