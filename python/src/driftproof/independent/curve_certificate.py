# SPDX-License-Identifier: Apache-2.0
"""Certificates on the curve: their frame and manifest (format.md, "Certificate on the curve")."""

from dataclasses import dataclass

from .curve_identity import BACKEND, CurveIdentity, block_leaf, model_root
from .errors import InvalidProof
from .wire import Reader, sha256, text

MAGIC = b"driftkzg"
#: The argument that the proof is: of norms alone, or with ranks and sparse parts.
VERSIONS = (1, 2)
FROZEN, BOUNDED, ANY_ROWS, ANY_DIGEST = 0, 1, 2, 3


@dataclass(frozen=True)
class CurveCertificate:
    base_root: bytes
    setup_id: bytes
    log_length: int
    tuned_commitment: bytes
    policy: bytes
    manifest: bytes
    proof: bytes
    version: int = 1

    @property
    def binding(self) -> bytes:
        return text("driftproof/curve/binding/v1") + self.base_root + sha256(self.policy) + self.tuned_commitment


def is_curve_certificate(content: bytes) -> bool:
    return content.startswith(MAGIC)


def read_curve_certificate(content: bytes) -> CurveCertificate:
    reader = Reader(content, "certificate")
    if reader.take(8) != MAGIC or (version := reader.u32()) not in VERSIONS:
        raise InvalidProof("certificate: another format")
    if reader.counted() != BACKEND.encode():
        raise InvalidProof("certificate: another backend")
    base_root, setup_id, log_length, commitment = reader.hash(), reader.hash(), reader.u32(), reader.hash()
    policy, manifest, proof = (reader.counted() for _ in range(3))
    reader.end()
    return CurveCertificate(base_root, setup_id, log_length, commitment, policy, manifest, proof, version)


def read_curve_manifest(content: bytes, identity: CurveIdentity, kinds: list[int]) -> list[bytes]:
    """What each tensor stores; its byte is the one that follows from the policy."""
    reader, stored = Reader(content, "manifest"), []
    for tensor, kind, rows in zip(identity.plain.tensors, kinds, identity.rows, strict=True):
        if reader.u8() != kind:
            raise InvalidProof(f"manifest: {tensor.name}: another byte than the policy's")
        if kind in (BOUNDED, ANY_ROWS):
            stored.append(reader.take(len(rows or b"")))
        else:
            stored.append(reader.hash() if kind == ANY_DIGEST else b"")
    reader.end()
    return stored


def tuned_commitment(certificate: CurveCertificate, identity: CurveIdentity, kinds: list[int], stored: list[bytes]):
    """SHA-256 of the parts, of which the last is the root of the tuned model's blocks."""
    setup, log_length, leaves = identity.key.id, identity.log_length, []
    for tensor, kind, own, base in zip(identity.plain.tensors, kinds, stored, identity.rows, strict=True):
        rows = own if kind in (BOUNDED, ANY_ROWS) else base if kind == FROZEN else None
        leaves.append(block_leaf(tensor, setup, log_length, rows, own if kind == ANY_DIGEST else tensor.sha256))
    root = model_root(setup, log_length, leaves)
    manifest = sha256(certificate.manifest)
    return sha256(text("driftproof/tuned/v2"), certificate.base_root, manifest, setup, root)
