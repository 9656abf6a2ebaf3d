# SPDX-License-Identifier: Apache-2.0
"""The verifier's end of the proof (specification/transcript-and-field.md, section 5): messages are read from the
proof's bytes and absorbed at once, hints are read only."""

import numpy as np

from .errors import InvalidProof
from .field import Cubic, P
from .transcript import BYTES, CUBIC, DIGEST, Transcript
from .wire import Reader


class Channel:
    def __init__(self, proof: bytes, start: str = "driftproof/argument/v1"):
        self.transcript = Transcript(start)
        self.hints = Reader(proof, "proof")
        self.challenge = self.transcript.challenge
        self.challenges = self.transcript.challenges

    def state_public(self, label: str, content: bytes) -> None:
        """Absorbs what both sides know."""
        self.transcript.absorb(label, BYTES, content)

    def state_value(self, label: str, value: Cubic) -> None:
        """Absorbs an element that follows from others."""
        self.transcript.absorb(label, CUBIC, value.to_bytes())

    def array(self, label: str, count: int) -> np.ndarray:
        """A message of elements of K: an array (count, 3)."""
        content = self.hints.take(24 * count)
        words = canonical_words(content, label).reshape(count, 3)
        self.transcript.absorb(label, CUBIC, content)
        return words

    def elements(self, label: str, count: int) -> list[Cubic]:
        return [Cubic.from_array(words) for words in self.array(label, count)]

    def element(self, label: str) -> Cubic:
        return self.elements(label, 1)[0]

    def digest(self, label: str) -> bytes:
        content = self.hints.hash()
        self.transcript.absorb(label, DIGEST, content)
        return content

    def nonce(self, label: str) -> bytes:
        content = self.hints.take(8)
        self.transcript.absorb(label, BYTES, content)
        return content

    def words(self, count: int, what: str) -> np.ndarray:
        """A hint: canonical elements of F."""
        return canonical_words(self.hints.take(8 * count), what)


def canonical_words(content: bytes, what: str) -> np.ndarray:
    words = np.frombuffer(content, dtype="<u8").astype(np.uint64)
    if len(words) and int(words.max()) >= P:
        raise InvalidProof(f"{what}: a value that is no canonical element of the field")
    return words
