# SPDX-License-Identifier: Apache-2.0
"""Certificates that verify, with what they are verified with; and how they are sealed again after a change."""

import json
from dataclasses import dataclass, replace

import tampering
from driftproof.independent.certificate import Certificate, read_certificate
from driftproof.independent.manifest import Manifest, read_manifest

from .case import Cases, Stored, Text
from .places import FILES, REPOSITORY

FIXTURES = REPOSITORY / "Tests" / "Fixtures"


@dataclass
class Subject:
    """A certificate, its base's identity, its policy."""

    certificate: object
    identity: object
    policy: object

    @staticmethod
    def at(folder, certificate="tuned.drift", identity="base.identity.json", policy="policy.json") -> "Subject":
        return Subject(*(Stored(folder / name) for name in (certificate, identity, policy)))

    @property
    def parts(self) -> Certificate:
        return read_certificate(self.certificate.content)

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.parts.manifest)

    @property
    def value(self) -> dict:
        """The identity's JSON."""
        return json.loads(self.identity.content)

    def files(self) -> dict:
        return {"certificate": self.certificate, "identity": self.identity, "policy": self.policy}

    def with_certificate(self, content: bytes) -> "Subject":
        return replace(self, certificate=self.certificate.changed(content))

    def with_parts(self, seal: bool = True, **changes) -> "Subject":
        """Other sections; with `seal` the tuned commitment is that of the parts."""
        certificate = replace(self.parts, **changes)
        if seal:
            certificate = replace(certificate, tuned_commitment=certificate.commitment_of_parts)
        return self.with_certificate(tampering.certificate_bytes(certificate))

    def with_manifest(self, manifest: Manifest | bytes) -> "Subject":
        content = manifest if isinstance(manifest, bytes) else tampering.manifest_bytes(manifest)
        return self.with_parts(manifest=content)

    def resealed(
        self, manifest: Manifest | None = None, policy: dict | None = None, identity: dict | None = None, lay_out=True
    ):
        """Another manifest, policy or identity with all hashes made right, and with `lay_out` rows and layout digest."""
        subject = self
        if policy is not None:
            subject = replace(subject, policy=Text(json.dumps(policy)))
        if identity is not None:
            subject = replace(subject, identity=Text(sealed_identity(identity)))
        given = tampering.Subject(self.certificate.content, subject.identity.content, subject.policy.content)
        return subject.with_certificate(tampering.resealed(given, manifest, lay_out).certificate)


def sealed_identity(value: dict) -> str:
    """An identity with the roots that follow from what else it says."""
    return tampering.resealed_identity(value).decode()


NORM = Subject.at(FIXTURES / "pinned-v2" / "norm")
CLASSES = Subject.at(FIXTURES / "pinned-v2" / "classes")
HEADS = Subject.at(FIXTURES / "pinned-v2" / "heads")
ADAPTER = Subject.at(FIXTURES / "pinned-v2" / "adapter")
NEWER_ADAPTER = Subject.at(FIXTURES / "pinned-v4" / "adapter")
NEWER_NORM = Subject.at(FIXTURES / "pinned-v4" / "norm")
SLICES = Subject.at(FIXTURES / "pinned-v4" / "slices")
ENTRIES = Subject.at(FIXTURES / "pinned-v6" / "entries")
PARENT = Subject.at(FIXTURES / "pinned-v7" / "link", "parent.drift")
LINK = Subject.at(FIXTURES / "pinned-v7" / "link")
ROUNDING = Subject.at(FIXTURES / "pinned-v8" / "rounding")
PATTERNS = Subject.at(FIXTURES / "pinned-v9" / "patterns")
HIDING = Subject.at(FIXTURES / "pinned-hiding" / "hiding")
KRONECKER = Subject.at(FIXTURES / "pinned-v10" / "kronecker")
BANDS = Subject.at(FIXTURES / "pinned-v14" / "bands")
LOKR = Subject.at(FIXTURES / "pinned-v12" / "lokr")
CIRCULANT = Subject.at(FIXTURES / "pinned-v13" / "circulant")
ROOT = Subject.at(FILES / "chain", "root.drift")
SECOND = Subject.at(FILES / "chain", "link.drift")
THINNED = Subject.at(FILES / "chain", "patterns.drift", policy="patterns.policy.json")
FORMS = Subject.at(FILES / "forms")
WEIGHTS = Subject.at(FILES / "weights")
ALIGNED = Subject.at(FILES / "aligned")
FIRST_RELEASE = Subject.at(FILES / "next_base", "first.drift")
SECOND_RELEASE = Subject.at(FILES / "next_base", "second.drift", "next.identity.json")
NEXT_TRANSITION = Stored(FILES / "next_base" / "next.transition")

VERIFY = ["verify", "@certificate", "--base-identity", "@identity", "--policy", "@policy"]


def add(
    cases: Cases, name: str, says: str, subject: Subject, code: int, reason: str, rule: str, *more, **files
) -> None:
    """A case of `verify`; `more` are further arguments, `files` further files or others in place of the subject's."""
    cases.add(name, says, [*VERIFY, *more], subject.files() | files, code, reason, rule)
