# SPDX-License-Identifier: Apache-2.0
"""Pinned certificates of all versions verify; nothing that was changed does."""

import os
import random
from dataclasses import replace

import pytest
import tampering
from conftest import PINNED, exit_code, pinned_subject

from driftproof.independent import read_identity, read_policy
from driftproof.independent.certificate import read_certificate
from driftproof.independent.manifest import PRODUCT, read_manifest

NAMES = [f"{path.parent.name}/{path.name}" for path in PINNED]
#: Places of single changed bytes in each certificate; more with DRIFTPROOF_FLIPS.
FLIPS = int(os.environ.get("DRIFTPROOF_FLIPS", "25"))

each = pytest.mark.parametrize("folder", PINNED, ids=NAMES)


def test_there_are_pinned_certificates():
    assert len(PINNED) >= 8


@each
def test_verifies(folder, bench):
    assert bench.code(pinned_subject(folder)) == 0


def test_a_link_needs_its_parent(bench):
    link = pinned_subject(next(folder for folder in PINNED if folder.name == "link"))
    assert bench.code(link) == 0
    assert bench.code(replace(link, parent=None)) == 12
    assert bench.code(replace(link, parent=bytes([link.parent[0] ^ 1]) + link.parent[1:])) == 12


@each
def test_stated_commitment(folder):
    stated = bytes.fromhex((folder / "tuned-commitment.txt").read_text().strip())
    assert read_certificate((folder / "tuned.drift").read_bytes()).tuned_commitment == stated


@each
def test_changed_bytes_are_rejected(folder, bench):
    """Sections 1 and 2 are compared with what the caller has (12); all others are the certificate's own (11)."""
    subject = pinned_subject(folder)
    mutator = tampering.Mutator(len(subject.certificate))
    for _ in range(FLIPS):
        changed = mutator._flip(subject)
        place = next(i for i, (a, b) in enumerate(zip(subject.certificate, changed.certificate)) if a != b)
        expected = 12 if 20 <= place < 52 or 60 <= place < 92 else 11
        assert bench.code(changed) == expected, f"byte {place}"


@each
def test_cut_and_extended(folder, bench, draw):
    subject = pinned_subject(folder)
    for length in (0, 7, 12, 100, draw.randrange(len(subject.certificate)), len(subject.certificate) - 1):
        assert bench.code(replace(subject, certificate=subject.certificate[:length])) == 11
    assert bench.code(replace(subject, certificate=subject.certificate + b"\0")) == 11
    certificate = read_certificate(subject.certificate)
    for proof in (certificate.proof + bytes(32), certificate.proof[:-32], b""):
        changed = tampering.certificate_bytes(replace(certificate, proof=proof))
        assert bench.code(replace(subject, certificate=changed)) == 11


@each
def test_another_policy_or_base(folder, bench):
    """Another subject (12); a policy about the base's weights needs an identity that commits to them first (13)."""

    def expected(identity: bytes, policy: bytes) -> int:
        needs_linked = read_policy(policy).needs_linked_base
        return 13 if needs_linked and read_identity(identity).linked is None else 12

    subject = pinned_subject(folder)
    for other in PINNED:
        stranger = pinned_subject(other)
        if stranger.policy != subject.policy:
            assert bench.code(replace(subject, policy=stranger.policy)) == expected(subject.identity, stranger.policy)
        if stranger.identity != subject.identity:
            assert bench.code(replace(subject, identity=stranger.identity)) == expected(
                stranger.identity, subject.policy
            )


@each
def test_relabelled_manifests(folder, bench):
    """With all hashes made right again, a manifest that says something else is still refused."""
    subject = pinned_subject(folder)
    manifest = read_manifest(read_certificate(subject.certificate).manifest)
    code = manifest.code
    variants = [
        replace(manifest, version=manifest.version ^ 6 if manifest.version < 6 else 4),
        # 11 is no version but the word in front of an aligned one.
        replace(manifest, version=manifest.version + (2 if manifest.version == 10 else 1), parent=bytes(32)),
        replace(manifest, rows=manifest.rows + 1),
        replace(manifest, layout_digest=bytes(32)),
        replace(manifest, code=replace(code, queries=code.queries + 1)),
        replace(manifest, code=replace(code, queries=code.queries - 1)),
        replace(manifest, code=replace(code, log_length=code.log_length + 1)),
        replace(manifest, code=replace(code, drift_tail=code.drift_tail + code.queries)),
    ]
    for variant in variants:
        # A parent that nobody named is refused before the proof is looked at.
        assert bench.code(tampering.resealed(subject, variant)) in ((11, 12) if variant.parent else (11,))
        if variant.code != code or variant.version != manifest.version:  # the others would become the original again
            assert bench.code(tampering.resealed(subject, variant, lay_out=True)) in (11, 12)
    for index, tensor in enumerate(manifest.tensors):
        kind = PRODUCT if tensor.kind != PRODUCT else 1
        changed = replace(tensor, kind=kind, rank=1, digest=bytes(32))
        tensors = manifest.tensors[:index] + (changed,) + manifest.tensors[index + 1 :]
        assert bench.code(tampering.resealed(subject, replace(manifest, tensors=tensors), True)) in (11, 13)


@each
def test_missing_tensors_are_gaps(folder, bench):
    subject = pinned_subject(folder)
    manifest = read_manifest(read_certificate(subject.certificate).manifest)
    for index, tensor in enumerate(manifest.tensors):
        tensors = manifest.tensors[:index] + manifest.tensors[index + 1 :]
        code = bench.code(tampering.resealed(subject, replace(manifest, tensors=tensors), True))
        assert code in (11, 13), tensor.name


def test_no_bytes_make_a_traceback(tmp_path):
    """Random bytes, and true beginnings with random ends, in place of each of the three files."""
    random_bytes = random.Random(5)
    subject = pinned_subject(PINNED[0])
    paths = [tmp_path / name for name in ("c", "i", "p")]
    contents = [subject.certificate, subject.identity, subject.policy]
    for number in range(300):
        which = number % 3
        for index, (path, content) in enumerate(zip(paths, contents)):
            if index == which:
                keep = random_bytes.choice([0, 8, 12, random_bytes.randrange(len(content))])
                content = content[:keep] + random_bytes.randbytes(random_bytes.randrange(200))
            path.write_bytes(content)
        code = exit_code(paths[0], "--base-identity", paths[1], "--policy", paths[2])
        assert code in ((11,), (1,), (1,))[which]


def test_command_line(tmp_path):
    folder = PINNED[0]
    base, policy = folder / "base.identity.json", folder / "policy.json"
    certificate = folder / "tuned.drift"
    assert exit_code(certificate, "--base-identity", base) == 2
    assert exit_code(certificate, "--base-identity", base, "--policy", policy, "--nonsense") == 2
    assert exit_code(tmp_path / "none", "--base-identity", base, "--policy", policy) == 1
    assert exit_code(tmp_path, "--base-identity", base, "--policy", policy) == 11
    assert exit_code(certificate, "--base-identity", certificate, "--policy", policy) == 1
    assert exit_code(certificate, "--base-identity", base, "--policy", policy, "--parent", "0" * 64) == 12
    assert exit_code("chain", "verify", certificate, "--base-identity", base, "--policy", policy) in (0, 1)
