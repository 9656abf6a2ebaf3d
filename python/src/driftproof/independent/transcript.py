# SPDX-License-Identifier: Apache-2.0
"""The Fiat-Shamir transcript (format.md, "Transcript")."""

from .field import Cubic, P
from .wire import counted, sha256, text, u8, u64

BYTES, FIELD, CUBIC, DIGEST, CHALLENGE = 1, 2, 3, 4, 5


class Transcript:
    """A hash state that takes messages and gives challenges."""

    def __init__(self, start: str = "driftproof/argument/v1"):
        self.state = sha256(start.encode())

    def absorb(self, label: str, kind: int, content: bytes) -> None:
        self.state = sha256(b"driftproof/absorb", self.state, text(label), u8(kind), counted(content))

    def blocks(self, label: str):
        self.absorb(label, CHALLENGE, b"")
        counter = 0
        while True:
            yield sha256(b"driftproof/expand", self.state, u64(counter))
            counter += 1

    def challenge_bytes(self, label: str, count: int) -> bytes:
        result = bytearray()
        for block in self.blocks(label):
            result += block
            if len(result) >= count:
                return bytes(result[:count])

    def challenge(self, label: str) -> Cubic:
        """An element of K: the first three 64-bit words below p."""
        words = []
        for block in self.blocks(label):
            for offset in range(0, 32, 8):
                word = int.from_bytes(block[offset : offset + 8], "little")
                if word < P:
                    words.append(word)
                if len(words) == 3:
                    return Cubic(*words)

    def challenges(self, label: str, count: int) -> list[Cubic]:
        """A list of elements of K: LABEL/0, LABEL/1, …"""
        return [self.challenge(f"{label}/{number}") for number in range(count)]

    def point_outside(self, label: str) -> Cubic:
        """A point outside F: the first such of LABEL/0, LABEL/1, …"""
        number = 0
        while True:
            point = self.challenge(f"{label}/{number}")
            if not point.is_in_base_field:
                return point
            number += 1

    def positions(self, label: str, count: int, log_positions: int) -> list[int]:
        """`count` distinct positions below 2^log_positions, sorted."""
        found: set[int] = set()
        number = 0
        while len(found) < count:
            words = self.challenge_bytes(f"{label}/{number}", 8 * count)
            for offset in range(0, 8 * count, 8):
                if len(found) < count:
                    found.add(int.from_bytes(words[offset : offset + 8], "little") & ((1 << log_positions) - 1))
            number += 1
        return sorted(found)
