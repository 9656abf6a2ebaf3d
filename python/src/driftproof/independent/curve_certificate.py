# SPDX-License-Identifier: Apache-2.0
"""Certificates on the curve: their frame and manifest (format.md, "Certificate on the curve")."""

from dataclasses import dataclass

from .curve_identity import BACKEND, CurveIdentity, block_leaf, model_root
from .errors import InvalidProof
from .wire import Reader, sha256, text

MAGIC = b"driftkzg"
#: The argument that the proof is: of norms alone, or with ranks and sparse parts.
VERSIONS = (1, 2)
#: Of links, which name a parent, with either.
LINK_VERSION = 3
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
    #: Of a link: the tuned commitment of the model from which its drift starts.
    parent: bytes | None = None

    @property
    def binding(self) -> bytes:
        tag = "driftproof/curve/binding/v1" if self.parent is None else "driftproof/curve/binding/v3"
        return text(tag) + self.base_root + (self.parent or b"") + sha256(self.policy) + self.tuned_commitment


@dataclass(frozen=True)
class CurveModel:
    """A tuned model as a verified certificate commits to it: of each tensor its rows, or its digest."""

    commitment: bytes
    rows: list[bytes | None]
    digests: list[bytes]


def base_model(identity: CurveIdentity) -> CurveModel:
    """What certificates about the base start from."""
    return CurveModel(identity.root, list(identity.rows), [tensor.sha256 for tensor in identity.plain.tensors])


def is_curve_certificate(content: bytes) -> bool:
    return content.startswith(MAGIC)


def read_curve_certificate(content: bytes) -> CurveCertificate:
    reader = Reader(content, "certificate")
    if reader.take(8) != MAGIC or (version := reader.u32()) not in (*VERSIONS, LINK_VERSION):
        raise InvalidProof("certificate: another format")
    if reader.counted() != BACKEND.encode():
        raise InvalidProof("certificate: another backend")
    base_root, setup_id, log_length = reader.hash(), reader.hash(), reader.u32()
    parent = reader.hash() if version == LINK_VERSION else None
    commitment = reader.hash()
    policy, manifest, proof = (reader.counted() for _ in range(3))
    reader.end()
    return CurveCertificate(base_root, setup_id, log_length, commitment, policy, manifest, proof, version, parent)


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


def tuned_model(
    certificate: CurveCertificate, identity: CurveIdentity, kinds: list[int], stored: list[bytes], start: CurveModel
) -> CurveModel:
    """The tuned model's blocks, frozen ones as those it starts from, under SHA-256 of the parts, of which the last is
    the root of the blocks."""
    setup, log_length, leaves, all_rows, digests = identity.key.id, identity.log_length, [], [], []
    before = zip(start.rows, start.digests, strict=True)
    for tensor, kind, own, (rows, digest) in zip(identity.plain.tensors, kinds, stored, before, strict=True):
        if kind != FROZEN:
            rows = own if kind in (BOUNDED, ANY_ROWS) else None
            digest = own if kind == ANY_DIGEST else digest
        leaves.append(block_leaf(tensor, setup, log_length, rows, digest))
        all_rows.append(rows)
        digests.append(digest)
    root = model_root(setup, log_length, leaves)
    tag = "driftproof/tuned/v2" if certificate.parent is None else "driftproof/tuned/v3"
    parts = (certificate.base_root, certificate.parent or b"", sha256(certificate.manifest), setup, root)
    return CurveModel(sha256(text(tag), *parts), all_rows, digests)


def tuned_commitment(certificate: CurveCertificate, identity: CurveIdentity, kinds: list[int], stored: list[bytes]):
    """Of a certificate about the base."""
    return tuned_model(certificate, identity, kinds, stored, base_model(identity)).commitment
