# SPDX-License-Identifier: Apache-2.0
"""The verifier's end of a proof over the curve: messages of scalars and points (specification/curve.md, "Messages")."""

from .curve_group import group
from .curve_points import G1_BYTES, PointRefused
from .curve_scalars import SCALAR_BYTES, R, decode_scalar
from .transcript import BYTES, Transcript
from .wire import Reader

SCALARS, POINTS = 6, 7


class CurveChannel:
    """Reads messages from the proof's bytes and absorbs them at once."""

    def __init__(self, proof: bytes, start: str):
        self.transcript = Transcript(start)
        self.proof = Reader(proof, "proof")

    def state_public(self, label: str, content: bytes, kind: int = BYTES) -> None:
        """Absorbs what both sides know."""
        self.transcript.absorb(label, kind, content)

    def scalars(self, label: str, count: int) -> list[int]:
        content = self.proof.take(SCALAR_BYTES * count)
        values = [decode_scalar(content[at : at + SCALAR_BYTES], label) for at in range(0, len(content), SCALAR_BYTES)]
        self.transcript.absorb(label, SCALARS, content)
        return values

    def scalar(self, label: str) -> int:
        return self.scalars(label, 1)[0]

    def points(self, label: str, count: int) -> list:
        content = self.proof.take(G1_BYTES * count)
        points = decode_points(content, label)
        self.transcript.absorb(label, POINTS, content)
        return points

    def point(self, label: str):
        return self.points(label, 1)[0]

    def challenge(self, label: str) -> int:
        """The first block below r, bit 255 cleared."""
        for block in self.transcript.blocks(label):
            value = int.from_bytes(block, "little") & ((1 << 255) - 1)
            if value < R:
                return value
        raise AssertionError("blocks do not end")

    def challenges(self, label: str, count: int) -> list[int]:
        return [self.challenge(f"{label}/{number}") for number in range(count)]


def decode_points(content: bytes, what: str) -> list:
    """Points of G1, compressed, one after the other; each is checked by itself."""
    decode, points = group().decode, []
    for at in range(0, len(content), G1_BYTES):
        try:
            points.append(decode(content[at : at + G1_BYTES], is_g1=True))
        except PointRefused as refused:
            raise PointRefused(refused.reason, f"{what}: point {at // G1_BYTES}") from None
    return points
