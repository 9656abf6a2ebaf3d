# SPDX-License-Identifier: Apache-2.0
"""Decisions in zero knowledge (specification/audit.md, section 12; protocol.md, section 14)."""

import math
from dataclasses import dataclass

from . import audit_json, strictjson
from .argument import ArgumentVerifier, DriftCommitment
from .audit_archive import key_id, signed_payload
from .audit_json import refuse
from .audit_plan import Plan, read_plan
from .audit_scores import MEAN_LINES, Sums
from .channel import canonical_words
from .errors import InvalidProof, OperationalError, VerificationFailure
from .layout import Layout
from .parameters import CodeParameters, soundness_terms
from .policy import ENTRIES, NO_SPARSE
from .revocation import is_date
from .signatures import PublicKey
from .statement import TENSOR_LIMBS, EntryClaim, Statement, StructuredClause, TableauTensor, limbs
from .verifier import REQUIRED_BITS, pin_point, soundness_shape
from .wire import Reader, sha256, text

MAGIC = b"driftdec"
VERSION = 1
MAXIMUM_BYTES, MAXIMUM_TEXT = 16 << 20, 1 << 20
PREDICATE = "https://driftproof.dev/attestation/audit-decision/v1"
MOST_REQUESTS = 1 << 14
BOUNDS = (500, 200, 100, 50)
#: τ² + 2^30 is at most 2^37 (protocol.md, section 4).
LOG_LARGEST_SQUARE, SLACK = 37, 1 << 30
CODE = CodeParameters(14, 5, 44, 20, 44)
MOST_LINES = 10**9


@dataclass(frozen=True)
class Decision:
    """What a decision that was verified says."""

    plan: Plan
    requests: int
    far: int
    below: int
    scores: str
    soundness: dict[str, float]


def read_frame(content: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Plan, attestation, root, pin, proof (section 12, 1)."""
    if len(content) > MAXIMUM_BYTES:
        raise InvalidProof("decision: too long")
    reader = Reader(content, "decision")
    if reader.take(8) != MAGIC or reader.u32() != VERSION:
        raise InvalidProof("decision: another format")
    plan, attestation, root, pin, proof = (reader.counted() for _ in range(5))
    reader.end()
    if max(len(plan), len(attestation)) > MAXIMUM_TEXT:
        raise InvalidProof("decision: plan or attestation is too long")
    if (len(root), len(pin)) != (32, 24):
        raise InvalidProof("decision: root and pin have 32 and 24 bytes")
    return plan, attestation, root, pin, proof


def norm_bound(plan: Plan, requests: int, far: int, below: int) -> int | None:
    """N; None where the rule would not say SAME (protocol.md, section 14)."""
    mode, square = plan.mode, math.isqrt((1 << LOG_LARGEST_SQUARE) // below) ** 2
    if not Sums(count=requests, far=far).tail_below(1, plan.inverse_share, mode):
        return None
    found = 0
    for line, psi, need in MEAN_LINES:
        factor = 1000 * line * 2**40 + 32 * psi * below
        room = line * (requests * mode.margin - 1000 * far) * 1000 * 2**40
        room -= 32 * psi * 10**6 * far + 32 * 10**6 * need[mode.inverse_alpha]
        if room > 0:
            found = max(found, room * square // factor)
    return found or None


def statement_of(plan: Plan, requests: int, far: int, below: int) -> Statement:
    """What is proved."""
    if below not in BOUNDS or far > requests:
        refuse("decision", "numbers that nothing is proved of")
    bound = norm_bound(plan, requests, far, below)
    if bound is None:
        refuse("decision", "so few requests are not SAME by the plan's rule")
    square = below * math.isqrt((1 << LOG_LARGEST_SQUARE) // below) ** 2 - SLACK
    clause = StructuredClause(
        sparse=ENTRIES if far else NO_SPARSE,
        count=far,
        bound=limbs(bound, TENSOR_LIMBS),
        entry_claim=EntryClaim(square),
    )
    return Statement(CODE, (TableauTensor("scores", 1, requests, 0, False, clauses=(clause,)),))


def _read_statement(payload: bytes) -> dict:
    try:
        return strictjson.parse(payload, "statement")
    except OperationalError as error:
        raise InvalidProof(f"decision: {error}") from None


def _named(value, *keys):
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            refuse("statement", f"{key} is missing")
        value = value[key]
    return value


def _hexadecimal(value, what: str) -> str:
    if not isinstance(value, str) or isinstance(value, strictjson.Number):
        refuse("statement", f"{what} is no digest")
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        refuse("statement", f"{what} is no digest")
    return value


def _integer(value, what: str, low: int, high: int) -> int:
    try:
        return strictjson.plain_integer(value, what, low, high)
    except VerificationFailure as failure:
        raise InvalidProof(f"decision: {failure}") from None


def _label(value) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 200 or not all(" " <= each <= "~" for each in value):
        refuse("statement", "the subject's name is none")
    return value


def _members(statement: dict) -> dict:
    """Section 12, 3: what is taken from the payload."""
    predicate = _named(statement, "predicate")
    found = {"plan": _hexadecimal(_named(predicate, "plan", "digest", "sha256"), "the plan")}
    found["requests"] = _integer(_named(predicate, "requests"), "requests", 1, MOST_REQUESTS)
    found["far"] = _integer(_named(predicate, "far"), "far", 0, MOST_REQUESTS)
    found["below"] = _integer(_named(predicate, "below"), "below", 0, 1000)
    for side in ("reference", "candidate"):
        place = _named(predicate, "transcripts", side)
        root = _hexadecimal(_named(place, "digest", "driftTranscript"), f"the {side}'s root")
        found[side] = (root, _integer(_named(place, "lines"), "lines", 1, MOST_LINES))
    subjects = _named(statement, "subject")
    if not isinstance(subjects, list) or not subjects:
        refuse("statement", "no subject")
    found["name"] = _label(_named(subjects[0], "name"))
    if "beacon" in predicate:
        beacon = predicate["beacon"]
        if not isinstance(beacon, str) or len(beacon) > 1024 or len(beacon) % 2:
            refuse("statement", "the beacon is not hexadecimal")
        if not set(beacon) <= set("0123456789abcdef"):
            refuse("statement", "the beacon is not hexadecimal")
        found["beacon"] = beacon
    found["scores"] = _hexadecimal(_named(predicate, "scores", "digest", "driftScores"), "the scores' digest")
    found["nonce"] = _hexadecimal(_named(predicate, "scores", "nonce"), "the nonce")
    for name in ("startedAt", "finishedAt"):
        found[name] = _named(predicate, name)
        if not isinstance(found[name], str) or not is_date(found[name]):
            refuse("statement", f"{name} is no time")
    return found


def _expected(plan: Plan, found: dict) -> str:
    """Section 12, 5: the payload that follows."""
    digest = {"sha256": plan.model_digest} if plan.model_digest else {}
    digest["driftTranscript"] = found["reference"][0]
    planned = {"digest": {"sha256": found["plan"]}, "commitment": plan.commitment, "mode": plan.mode_name}
    planned |= {"score": plan.score, "margin": plan.margin, "run": plan.run}
    planned |= {"previous": plan.previous} if plan.previous else {}
    predicate = {"endpoint": {"origin": plan.origin, "model": plan.model}, "plan": planned}
    predicate |= {"beacon": found["beacon"]} if "beacon" in found else {}
    predicate |= {"verdict": "SAME", "requests": found["requests"], "far": found["far"], "below": found["below"]}
    predicate["transcripts"] = {
        side: {"digest": {"driftTranscript": found[side][0]}, "lines": found[side][1]}
        for side in ("reference", "candidate")
    }
    predicate["scores"] = {"digest": {"driftScores": found["scores"]}, "nonce": found["nonce"]}
    predicate |= {"evidence": "auditor", "startedAt": found["startedAt"], "finishedAt": found["finishedAt"]}
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": found["name"], "digest": digest}]}
    return audit_json.encode(statement | {"predicateType": PREDICATE, "predicate": predicate})


def verify_decision(content: bytes, key: PublicKey) -> Decision:
    """Section 12, 1 to 8."""
    plan_file, attestation, root, pin, proof = read_frame(content)
    payload = signed_payload(attestation, key, key_id(key))
    document = _read_statement(payload)
    if _named(document, "predicateType") != PREDICATE:
        refuse("statement", "another kind of predicate")
    found = _members(document)
    if sha256(plan_file).hex() != found["plan"]:
        refuse("plan", "another file than the one that was signed")
    plan = read_plan(plan_file)
    if payload != _expected(plan, found).encode():
        refuse("statement", "another one follows from the plan")
    scores = sha256(text("driftproof/audit/scores/v1"), root, sha256(pin)).hex()
    if scores != found["scores"]:
        refuse("scores", "others than those that were signed")
    requests, far, below = found["requests"], found["far"], found["below"]
    statement = statement_of(plan, requests, far, below)
    layout = Layout(statement)
    soundness = soundness_terms(CODE, soundness_shape(layout))
    if min(soundness.values()) < REQUIRED_BITS:
        raise InvalidProof("decision: a term of the soundness error has less than 128 bits")
    pins = canonical_words(pin, "the pin of the scores").reshape(1, 3)
    commitment = DriftCommitment(root, pin_point(CODE, "drift", 1, root), pins, pin)
    binding = text("driftproof/audit/decision/v1") + sha256(payload)
    ArgumentVerifier(statement, layout, binding, commitment, proof).verify()
    return Decision(plan, requests, far, below, scores, soundness)
