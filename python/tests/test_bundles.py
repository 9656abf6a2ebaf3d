# SPDX-License-Identifier: Apache-2.0
"""Bundles of audits: changed ones are refused, and what follows from random answers is what the program computes."""

import random
from pathlib import Path

import bundles
import models
import pytest
from conftest import REPOSITORY, exit_code

from driftproof.independent import audit_plan, audit_scores
from driftproof.independent.audit_bundle import EXIT_CODES

FOLDER = REPOSITORY / "Conformance" / "files" / "audits"
FULL = [path for path in sorted(FOLDER.glob("*.tar")) if "withheld" not in path.name]
KEY = REPOSITORY / "Tests" / "Fixtures" / "attestation" / "ed25519.pub.pem"


def arguments(bundle: Path) -> list[str]:
    return ["audit", "verify", str(bundle), "--public-key", str(KEY), "--accept-withheld"]


def test_the_texts_digests():
    """Sentences and words are those of the specification."""
    assert len(audit_plan.words()) == 3255
    assert audit_plan.words_digest(audit_plan.words()).startswith("f2a5e6116f5f8596")
    assert audit_plan.sentences_digest().startswith("0757b9f1e2524171")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.tar")), ids=lambda path: path.stem)
def test_changed_bytes_are_refused(path, tmp_path, draw):
    content, changed = path.read_bytes(), tmp_path / "changed.tar"
    for _ in range(6):
        flipped = bytearray(content)
        flipped[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        changed.write_bytes(bytes(flipped))
        assert exit_code(*arguments(changed)) == 11
    for length in (1, 511, 512, draw.randrange(len(content)), len(content) - 1):
        changed.write_bytes(content[:length])
        assert exit_code(*arguments(changed)) == 11


def test_same_needs_as_many_requests_as_the_text_says():
    """265 perfect answers in mode audit; another model takes a few."""
    plan = audit_plan.read_plan(bundles.members_of(FULL[0].read_bytes())["plan.json"])
    for mode, count in (("quick", 88), ("audit", 265)):
        chosen = audit_plan.MODES[mode]
        object.__setattr__(plan, "mode", chosen)
        object.__setattr__(plan, "inverse_share", chosen.inverse_share)
        rule = audit_scores.Rule(plan)
        while rule.verdict == "UNDECIDED":
            rule.add(0, 0)
        assert (rule.verdict, rule.sums.count) == ("SAME", count)
        rule = audit_scores.Rule(plan)
        while rule.verdict == "UNDECIDED":
            rule.add(1000, 1000)
        assert rule.verdict == "DIFFERENT" and rule.sums.count <= 5


@pytest.mark.parametrize("path", FULL, ids=lambda path: path.stem)
def test_random_answers_agree_with_the_program(path, tmp_path, program):
    """Evidence, intervals and scores are the program's to the bit, or it would refuse them."""
    draw, changed = random.Random(path.stem), tmp_path / "changed.tar"
    for _ in range(2):
        members, verdict = bundles.with_random_answers(bundles.members_of(path.read_bytes()), draw)
        changed.write_bytes(bundles.archive(members))
        assert exit_code(*arguments(changed)) == EXIT_CODES[verdict]
        done = models.run(*arguments(changed))
        assert done.returncode == EXIT_CODES[verdict], done.stderr.decode()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.tar")), ids=lambda path: path.stem)
def test_changes_agree_with_the_program(path, tmp_path, program):
    draw, changed = random.Random(path.stem), tmp_path / "changed.tar"
    for _ in range(5):
        kind, content = bundles.changed(path.read_bytes(), draw)
        changed.write_bytes(content)
        assert exit_code(*arguments(changed)) == models.run(*arguments(changed)).returncode, kind
