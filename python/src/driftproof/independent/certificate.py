# SPDX-License-Identifier: Apache-2.0
"""The certificate's frame (format.md, "Certificate"; specification/files.md, section 2)."""

from dataclasses import dataclass

from .errors import InvalidProof
from .manifest import MAXIMUM_BYTES as MAXIMUM_MANIFEST_BYTES
from .wire import Reader, sha256, text

MAGIC = b"driftprf"
VERSION = 2
MAXIMUM_BYTES = 256 << 20


@dataclass(frozen=True)
class Certificate:
    base_root: bytes
    policy_digest: bytes
    tuned_commitment: bytes
    manifest: bytes
    policy: bytes
    drift_root: bytes
    drift_pins: bytes
    proof: bytes

    @property
    def commitment_of_parts(self) -> bytes:
        parts = (self.base_root, sha256(self.manifest), self.drift_root, sha256(self.drift_pins))
        return sha256(text("driftproof/tuned/v1"), *parts)

    @property
    def binding(self) -> bytes:
        return text("driftproof/binding/v1") + self.base_root + self.policy_digest + self.tuned_commitment


def read_certificate(content: bytes) -> Certificate:
    reader = Reader(content, "certificate")
    if reader.take(8) != MAGIC or reader.u32() != VERSION:
        raise InvalidProof("certificate: another format")
    sections = [reader.counted() for _ in range(8)]
    reader.end()
    if any(len(sections[index]) != 32 for index in (0, 1, 2, 5)):
        raise InvalidProof("certificate: a digest has 32 bytes")
    if len(sections[3]) > MAXIMUM_MANIFEST_BYTES:
        raise InvalidProof("certificate: the manifest is too long")
    return Certificate(*sections)
