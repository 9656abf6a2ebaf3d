# SPDX-License-Identifier: Apache-2.0
"""`audit verify --zero-knowledge`: decisions."""

import base64
import hashlib
import json
from collections.abc import Callable

import attesting
from driftproof.independent.audit_decision import MAGIC, read_frame
from driftproof.independent.wire import counted, sha256, text, u32

from .case import Cases, Stored, Text
from .places import KEYS, REPOSITORY

KEY = Stored(KEYS / "ed25519.pub.pem")
PINNED = Stored(REPOSITORY / "Tests" / "Fixtures" / "audit-decision" / "quick.decision")
PLAN, ATTESTATION, ROOT, PIN, PROOF = range(5)


def _sections() -> list[bytes]:
    return list(read_frame(PINNED.content))


def _joined(parts: list[bytes], version: int = 1) -> bytes:
    return MAGIC + u32(version) + b"".join(map(counted, parts))


def _with(place: int, content: bytes) -> bytes:
    parts = _sections()
    parts[place] = content
    return _joined(parts)


def _signed(change: Callable[[dict], None], parts: list[bytes] | None = None) -> bytes:
    """Another statement, signed as the program signs."""
    parts = parts or _sections()
    line = parts[ATTESTATION]
    old = json.loads(line)
    value = json.loads(base64.b64decode(old["payload"]))
    change(value)
    new = attesting.envelope(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    for before, after in ((old["payload"], new["payload"]), (old["signatures"][0]["sig"], new["signatures"][0]["sig"])):
        line = line.replace(before.encode(), after.encode())
    parts[ATTESTATION] = line
    return _joined(parts)


def cases() -> Cases:
    found = Cases("decision")

    def case(name: str, says: str, content, code: int, reason: str, rule: str, *more, key=KEY, **files) -> None:
        words = ["audit", "verify", "@decision", "--zero-knowledge", "--public-key", "@key", *more]
        given = PINNED.changed(content) if isinstance(content, bytes) else content
        found.add(name, says, words, {"decision": given, "key": key} | files, code, reason, f"audit 12, {rule}")

    parts = _sections()
    plan = parts[PLAN]
    case("same", "SAME without scores.", PINNED, 0, "verified", "8")
    case("expect-same", "--expect SAME.", PINNED, 0, "verified", "8", "--expect", "SAME")
    case("expect-different", "--expect DIFFERENT.", PINNED, 12, "notExpected", "8", "--expect", "DIFFERENT")
    digest = hashlib.sha256(plan).hexdigest()
    case("plan-digest", "The plan by its digest.", PINNED, 0, "verified", "8", "--plan", digest)
    case("plan-file", "The plan as a file.", PINNED, 0, "verified", "8", "--plan", "@plan", plan=Text(plan.decode()))
    case("plan-another", "Another plan.", PINNED, 12, "auditPlan", "8", "--plan", "ab" * 32)
    case("withheld", "An option of bundles.", PINNED, 2, "usage", "8", "--accept-withheld")
    case("key-other", "Another key.", PINNED, 11, "decision", "2", key=Stored(KEYS / "p256.pub.pem"))
    # The frame.
    case("empty", "An empty file.", Text(""), 11, "decision", "1")
    case("version", "Another version.", _joined(parts, 2), 11, "decision", "1")
    case("behind", "A byte behind its end.", PINNED.content + b"\0", 11, "decision", "1")
    case("cut", "A byte cut off.", PINNED.content[:-1], 11, "decision", "1")
    case("root-short", "A root of 31 bytes.", _with(ROOT, parts[ROOT][:-1]), 11, "decision", "1")
    # What was signed.
    case("plan-unsigned", "Another plan than was signed.", _with(PLAN, plan[:-1] + b" "), 11, "decision", "4")
    other = bytes([parts[PIN][0] ^ 1]) + parts[PIN][1:]
    case("pin-unsigned", "Another pin than was signed.", _with(PIN, other), 11, "decision", "6")
    case(
        "spelled",
        "An envelope with a line feed more.",
        _with(ATTESTATION, parts[ATTESTATION] + b"\n"),
        11,
        "decision",
        "2",
    )

    def stated(name: str, says: str, reason: str, rule: str, **members) -> None:
        case(name, says, _signed(lambda value: value["predicate"].update(members)), 11, reason, rule)

    stated("different", "DIFFERENT.", "decision", "5", verdict="DIFFERENT")
    stated("requests-few", "Fewer requests than SAME needs.", "decision", "7", requests=120)
    stated("far-more", "More far requests than SAME allows.", "decision", "7", far=2)
    stated("below-none", "A bound that there is not.", "decision", "7", below=300)
    stated("requests-none", "No requests.", "decision", "3", requests=0)
    stated("requests-other", "One request less than was proved.", "sumcheckFinal A", "8", requests=199)
    stated("below-other", "A lower bound than was proved.", "sumcheckFinal A", "8", below=200)
    stated("time", "Another time than was proved.", "sumcheckFinal A", "8", finishedAt="2026-03-01T12:41:00Z")

    def another_root(value: dict) -> None:
        value["predicate"]["transcripts"]["candidate"]["digest"]["driftTranscript"] = "ab" * 32

    case("root-other", "Another transcript than was proved.", _signed(another_root), 11, "sumcheckFinal A", "8")

    def another_kind(value: dict) -> None:
        value["predicateType"] = "https://driftproof.dev/attestation/audit/v1"

    case("kind", "A statement of another kind.", _signed(another_kind), 11, "decision", "2")

    def extended(value: dict) -> None:
        value["predicate"]["plan"]["digest"]["sha256"] = sha256(strict).hex()
        value["predicate"]["plan"]["mode"] = "extended"

    strict = plan.replace(b'"mode":"quick"', b'"mode":"extended"')
    changed = _sections()
    changed[PLAN] = strict
    case("stricter", "A plan whose rule asks for more requests.", _signed(extended, changed), 11, "decision", "7")
    # What was proved.
    pin = b"\xff" * 24
    scores = sha256(text("driftproof/audit/scores/v1"), parts[ROOT], sha256(pin)).hex()
    changed = _sections()
    changed[PIN] = pin

    def another_pin(value: dict) -> None:
        value["predicate"]["scores"]["digest"]["driftScores"] = scores

    case("pin-none", "A pin that is no element.", _signed(another_pin, changed), 11, "decision", "8")
    flipped = bytes([parts[PROOF][0] ^ 1]) + parts[PROOF][1:]
    case("proof-first", "The first byte of the proof changed.", _with(PROOF, flipped), 11, "sumcheckFinal A", "8")
    case("proof-longer", "A byte behind the proof.", _with(PROOF, parts[PROOF] + b"\0"), 11, "trailingBytes", "8")
    case("proof-shorter", "A byte less of the proof.", _with(PROOF, parts[PROOF][:-1]), 11, "truncated", "8")
    return found
