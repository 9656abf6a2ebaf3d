# SPDX-License-Identifier: Apache-2.0
"""Decisions in zero knowledge: the pinned one, and changes of it, against both verifiers."""

import base64
import dataclasses
import json
import random
from pathlib import Path

import pytest
from models import run

from driftproof.independent import audit_decision
from driftproof.independent.__main__ import main
from driftproof.independent.audit_plan import MODES, read_plan
from driftproof.independent.audit_scores import Sums
from driftproof.independent.errors import InvalidProof
from driftproof.independent.wire import counted

FIXTURES = Path(__file__).parents[2] / "Tests" / "Fixtures"
PINNED = FIXTURES / "audit-decision" / "quick.decision"
KEY = FIXTURES / "attestation" / "ed25519.pub.pem"


def arguments(path, *more) -> list[str]:
    return ["audit", "verify", str(path), "--zero-knowledge", "--public-key", str(KEY), *more]


def test_the_pinned_decision(capsys):
    assert main(arguments(PINNED)) == 0
    printed = capsys.readouterr().out
    assert "SAME after 200 requests" in printed and "at most 1 score 500" in printed
    assert main(arguments(PINNED, "--expect", "SAME")) == 0
    assert main(arguments(PINNED, "--expect", "DIFFERENT")) == 12
    assert main(arguments(PINNED, "--plan", "0" * 64)) == 12
    assert main(arguments(PINNED, "--accept-withheld")) == 2
    assert main(["audit", "verify", str(PINNED), "--public-key", str(KEY)]) == 11


def test_the_bound_is_by_a_line():
    """One more thousandth than the bound and the rule does not hold; a sum below it does."""
    plan = read_plan(audit_decision.read_frame(PINNED.read_bytes())[0])
    for name, mode in MODES.items():
        own = read_plan_as(plan, name)
        for requests, far in ((900, 0), (1500, 3)):
            for below in audit_decision.BOUNDS:
                bound = audit_decision.norm_bound(own, requests, far, below)
                square = (audit_decision.statement_of(own, requests, far, below).tensors[0].clauses[0]).entry_claim
                unit = (square.tau_squared + audit_decision.SLACK) // below
                for more, holds in ((0, True), (2, False)):
                    total = bound // unit + more
                    sums = Sums(requests, total + 1000 * far, below * total + 10**6 * far, far)
                    assert sums.mean_below(mode.margin, mode) is holds
        assert audit_decision.norm_bound(own, 10, 0, 500) is None


def read_plan_as(plan, name):
    mode = MODES[name]
    return dataclasses.replace(plan, mode=mode, mode_name=name, inverse_share=mode.inverse_share)


def sections(content: bytes) -> list[bytes]:
    return list(audit_decision.read_frame(content))


def joined(parts: list[bytes]) -> bytes:
    return b"driftdec" + (1).to_bytes(4, "little") + b"".join(map(counted, parts))


def test_what_was_changed_is_refused(tmp_path):
    content, changed = PINNED.read_bytes(), tmp_path / "changed"
    assert joined(sections(content)) == content
    draw = random.Random(3)
    for _ in range(6):
        place = draw.randrange(len(content))
        changed.write_bytes(content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :])
        assert main(arguments(changed)) == 11
    for cut in (0, 7, 12, 300, len(content) - 1):
        changed.write_bytes(content[:cut])
        assert main(arguments(changed)) == 11
    with pytest.raises(InvalidProof):
        audit_decision.read_frame(content + b"0")


def test_both_verifiers_agree(tmp_path, program):
    content, changed = PINNED.read_bytes(), tmp_path / "changed"
    draw = random.Random(4)
    assert run(*arguments(PINNED)).returncode == 0
    for index in range(5):
        parts = sections(content)
        part = bytearray(parts[index])
        part[draw.randrange(len(part))] ^= 1
        parts[index] = bytes(part)
        changed.write_bytes(joined(parts))
        assert main(arguments(changed)) == run(*arguments(changed)).returncode == 11


def test_the_statement_is_spelled_in_one_way():
    envelope = json.loads(sections(PINNED.read_bytes())[1])
    payload = base64.b64decode(envelope["payload"])
    assert payload == json.dumps(json.loads(payload), separators=(",", ":")).encode()
