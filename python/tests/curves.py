# SPDX-License-Identifier: Apache-2.0
"""Pinned certificates on the curve, taken apart and put together again with all hashes made right."""

from dataclasses import dataclass
from pathlib import Path

from driftproof.independent import coverage
from driftproof.independent.curve_certificate import MAGIC, CurveCertificate, read_curve_certificate, tuned_commitment
from driftproof.independent.curve_certificate import read_curve_manifest as read_manifest
from driftproof.independent.curve_identity import CurveIdentity, block_leaf, model_root, read_curve_identity
from driftproof.independent.curve_verifier import derive_statement, kind_of
from driftproof.independent.policy import Policy, read_policy
from driftproof.independent.wire import counted, sha256, text, u8, u32

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "curve" / "certificates"
NAMES = ("mixed", "wide", "rank", "sparse")
#: Three links under a policy that permits the assumption.
CHAIN = FOLDER / "chain"


@dataclass
class CurveSubject:
    certificate: bytes
    identity: bytes
    policy: bytes

    @property
    def parts(self) -> tuple[CurveCertificate, CurveIdentity, Policy]:
        return read_curve_certificate(self.certificate), read_curve_identity(self.identity), read_policy(self.policy)

    def taken_apart(self) -> tuple[list[int], list[bytes]]:
        """The manifest's bytes and what its tensors store."""
        certificate, identity, policy = self.parts
        decisions = coverage.decide(policy, [tensor.name for tensor in identity.plain.tensors])
        kinds = [
            kind_of(decisions[tensor.name], rows is not None)
            for tensor, rows in zip(identity.plain.tensors, identity.rows, strict=True)
        ]
        return kinds, read_manifest(certificate.manifest, identity, kinds)


@dataclass(frozen=True)
class Place:
    """Where a scalar of a proof of version 2 begins, a short name, and which check it is for."""

    start: int
    name: str
    check: str


def places(own: CurveSubject) -> dict[str, Place]:
    """Some scalars of a proof of version 2, by what they are; counted from its end."""
    certificate, identity, policy = own.parts
    decisions = coverage.decide(policy, [tensor.name for tensor in identity.plain.tensors])
    sizes = derive_statement(identity, policy, decisions, own.taken_apart()[0]).sizes
    cells, at, found = sizes.cells, len(certificate.proof), {}
    assert cells is not None

    def back(count: int, size: int = 32) -> int:
        nonlocal at
        at -= count * size
        return at

    found["blinding"] = Place(back(1), "blinding", "Opening")
    back(1, 48)
    found["s at zeta"] = Place(back(1), "s", "Opening")
    for part in reversed(range(2 + sizes.g_rows)):
        start = back(2)
        if part in (0, 1, sizes.g_rows, sizes.g_rows + 1):
            found[f"evaluation of part {part}"] = Place(start, f"part-{part}", "Opening")
    back(1, 48)
    found["sum of masks"] = Place(back(1), "mask", "Opening")
    found["g_B at the point"] = Place(back(1), "g-b", "SumcheckB")
    for name in reversed(cells.value_names):
        found[f"value of {name}"] = Place(back(1), name.replace(" ", "-"), "SumcheckB")
    found["round of stage B"] = Place(back(sum(cells.degrees)), "round-b", "SumcheckB")
    found["sum of g_B"] = Place(back(1), "sum-b", "SumcheckB")
    found["d"] = Place(back(1), "d", "SumcheckB")
    found["g at the point"] = Place(back(1), "g", "Sumcheck")
    return found


def subject(name: str) -> CurveSubject:
    files = ("tuned.drift", "base.identity.json", "policy.json")
    return CurveSubject(*((FOLDER / name / file).read_bytes() for file in files))


def frame(certificate: CurveCertificate) -> bytes:
    parent = certificate.parent or b""
    parts = (
        certificate.base_root,
        certificate.setup_id,
        u32(certificate.log_length),
        parent,
        certificate.tuned_commitment,
    )
    sections = map(counted, (certificate.policy, certificate.manifest, certificate.proof))
    return b"".join((MAGIC, u32(certificate.version), counted(b"kzg"), *parts, *sections))


def rebuilt(
    own: CurveSubject,
    stored: list[bytes],
    kinds: list[int] | None = None,
    proof: bytes | None = None,
    policy: bytes | None = None,
    version: int | None = None,
) -> bytes:
    """The certificate with other parts, the tuned commitment made right."""
    certificate, identity, _ = own.parts
    kinds = kinds or own.taken_apart()[0]
    manifest = b"".join(u8(kind) + each for kind, each in zip(kinds, stored, strict=True))
    head = (identity.root, certificate.setup_id, certificate.log_length)
    rest = (
        policy or certificate.policy,
        manifest,
        certificate.proof if proof is None else proof,
        certificate.version if version is None else version,
    )
    draft = CurveCertificate(*head, bytes(32), *rest)
    return frame(CurveCertificate(*head, tuned_commitment(draft, identity, kinds, stored), *rest))


def identity_with_rows(own: CurveSubject, rows: list[bytes | None]) -> bytes:
    """The identity with other rows, the curve root made right."""
    identity = own.parts[1]
    leaves = [
        block_leaf(tensor, identity.key.id, identity.log_length, points, tensor.sha256)
        for tensor, points in zip(identity.plain.tensors, rows, strict=True)
    ]
    blocks = model_root(identity.key.id, identity.log_length, leaves)
    root = sha256(text("driftproof/identity/curve/v1"), identity.plain.root, blocks)
    content = own.identity.replace(identity.root.hex().encode(), root.hex().encode())
    for old, new in zip(identity.rows, rows, strict=True):
        if old is not None and new is not None:
            content = content.replace(old.hex().encode(), new.hex().encode())
    return content
