# SPDX-License-Identifier: Apache-2.0
"""Bundles of audits (specification/audit.md, sections 7 and 10)."""

import bisect
from dataclasses import dataclass, field

from . import audit_json, strictjson
from .audit_archive import read_archive, signed_payload
from .audit_json import Fields, refuse
from .audit_plan import Plan, Questions, read_plan, request_digest
from .audit_quote import NitroQuote, SNPReport, read_quote, stated
from .audit_scores import DIFFERENT, SAME, UNDECIDED, Answer, Intervals, Rule, score
from .audit_transcript import (
    CANDIDATE,
    MOST,
    REFERENCE,
    Line,
    Transcript,
    digests_of,
    merkle_root,
    read_line,
    read_transcript,
)
from .certificate import Certificate, read_certificate
from .errors import InvalidProof, OperationalError
from .identity import read_identity
from .policy import read_canonical, read_policy
from .signatures import PublicKey
from .verifier import verify_parts
from .wire import sha256

MAXIMUM_RESULT, MAXIMUM_VALUES = 64 << 20, 1 << 20
PREDICATE = "https://driftproof.dev/attestation/audit/v1"
EXIT_CODES = {SAME: 0, DIFFERENT: 20, UNDECIDED: 21}
BINDINGS = ("recorded", "declared", "checked")


@dataclass(frozen=True)
class Score:
    """A request that was compared: lines are counted from 1."""

    number: int
    low: int
    high: int
    reference: int
    candidate: int


@dataclass
class Result:
    """result.json."""

    plan: str
    key: str | None
    verdict: str
    count: int
    skipped: int
    missing: int
    intervals: dict[str, int]
    scores: list[Score]

    def value(self) -> dict:
        scores = [[s.number, s.low, s.high, s.reference, s.candidate] for s in self.scores]
        members = {"audit": 1, "plan": self.plan, "verdict": self.verdict, "n": self.count, "skipped": self.skipped}
        members |= {"missing": self.missing, "intervals": self.intervals, "scores": scores}
        return members | ({"key": self.key} if self.key else {})


def read_result(content: bytes) -> Result:
    what = "result.json"
    value = audit_json.file(content, what, MAXIMUM_RESULT, MAXIMUM_VALUES)
    required = ("audit", "plan", "verdict", "n", "skipped", "missing", "intervals", "scores")
    entry = Fields(value, what, required, ("key",))
    entry.integer("audit", 1, 1)
    intervals = Fields(value["intervals"], what, ("meanAbove", "tailAbove"), ("meanBelow", "tailBelow"))
    for key in intervals.value:
        intervals.integer(key, 0, 1000)
    scores = []
    for each in entry.items("scores", 1000000):
        if not isinstance(each, list) or len(each) != 5 or any(type(n) is not int for n in each):
            refuse(what, "a score has five numbers")
        number, low, high, reference, candidate = each
        if not (0 <= number <= 999999 and 0 <= low <= high <= 1000 and 1 <= min(reference, candidate)):
            refuse(what, "a score out of range")
        if scores and number <= scores[-1].number:
            refuse(what, "scores do not rise")
        scores.append(Score(*each))
    return Result(
        entry.digest("plan"),
        entry.digest("key") if entry.has("key") else None,
        entry.choice("verdict", SAME, DIFFERENT, UNDECIDED),
        entry.integer("n", len(scores), len(scores)),
        entry.integer("skipped", 0, MOST),
        entry.integer("missing", 0, MOST),
        intervals.value,
        scores,
    )


# --- section 7: with the key ------------------------------------------------------------------------------------------


def _same_beacon(reference: Transcript, candidate: Transcript) -> bytes:
    found = reference.header.get("beacon")
    if found != candidate.header.get("beacon"):
        refuse("transcripts", "other beacons")
    return bytes.fromhex(found or "")


def _check_subjects(plan: Plan, reference: Transcript, candidate: Transcript) -> None:
    """Row 5."""
    header = candidate.header
    if (header["origin"], header["path"]) != (plan.origin, plan.path + plan.suffix) or header["model"] != plan.model:
        refuse("candidate.ndjson", "another endpoint or model than the plan's")
    path = reference.header["path"]
    if not path.endswith(plan.suffix) or (not plan.chat and path.endswith("/chat/completions")):
        refuse("reference.ndjson", "another kind of request than the plan's")


def _check_requests(transcript: Transcript, questions: Questions) -> None:
    """Row 6."""
    is_candidate, model = transcript.side == CANDIDATE, transcript.header["model"]
    for kind in ("sent", "answer"):
        for line in transcript.lines:
            if line.kind != kind:
                continue
            value, what = line.value, f"{transcript.side}.ndjson: line {line.number}"
            if kind == "sent" and value["request"] != questions.request_digest(value["i"], model):
                refuse(what, "another request than the question's")
            if value["salt"] != questions.salt(is_candidate, kind == "answer", value["i"], value["attempt"]):
                refuse(what, "another salt than the key gives")


def _named_ends(reference: Transcript, candidate: Transcript) -> dict[int, Line]:
    """Row 9: for each session of the candidate, by its line, the reference's end with the root that it names."""
    ends = {line.value["root"]: line for line in reference.ends}
    found = {}
    for line in candidate.lines:
        if line.kind == "session":
            if line.value["reference"] not in ends:
                refuse(f"candidate.ndjson: line {line.number}", "names no end of the reference")
            found[line.number] = ends[line.value["reference"]]
    return found


class Answers:
    """Answers of both sides, each read once."""

    def __init__(self, plan: Plan, reference: Transcript, candidate: Transcript):
        self.plan, self.sides = plan, {REFERENCE: reference, CANDIDATE: candidate}
        self.found: dict[tuple[str, int], Answer | None] = {}

    def get(self, side: str, number: int) -> Answer | None:
        if (side, number) not in self.found:
            transcript = self.sides[side]
            line = transcript.answer(number)
            spelling = transcript.header["spelling"]
            self.found[side, number] = Answer(line, spelling, self.plan.score) if line else None
        return self.found[side, number]

    def is_readable(self, number: int) -> bool:
        """Of the reference."""
        answer = self.get(REFERENCE, number)
        return answer is not None and answer.is_readable


def _check_asked(answers: Answers, reference: Transcript, candidate: Transcript) -> None:
    """Rows 8 to 10."""
    if answers.plan.score == "logprobs":
        for number in reference.questions:
            answer = answers.get(REFERENCE, number)
            if answer and answer.is_readable and not answer.is_greedy:
                refuse("reference.ndjson", f"question {number} was not answered greedily")
    ends, end = _named_ends(reference, candidate), None
    for line in candidate.lines:
        end = ends.get(line.number, end)
        if line.kind == "sent":
            number = line.value["i"]
            settled = reference.questions.get(number)
            settled = settled.settled if settled else None
            if not settled or settled.number > end.value["lines"] or not answers.is_readable(number):
                refuse(f"candidate.ndjson: line {line.number}", "asks what the reference has not answered")


def recompute(plan: Plan, key: bytes, reference: Transcript, candidate: Transcript, prompts: bytes | None) -> Result:
    """Section 7, rows 3 to 11, and the result that follows."""
    beacon = _same_beacon(reference, candidate)
    if sha256(b"driftproof/audit/commit/v1", key).hex() != plan.commitment:
        refuse("key", "another than the plan's")
    if (prompts is None) != (plan.prompts is None) or (prompts is not None and sha256(prompts).hex() != plan.prompts):
        refuse("prompts.txt", "other prompts than the plan's")
    _check_subjects(plan, reference, candidate)
    questions = Questions(plan, key, beacon, prompts)
    for transcript in (reference, candidate):
        _check_requests(transcript, questions)
    if not reference.ends or candidate.lines[-1].kind != "end":
        refuse("transcripts", "no end")
    answers = Answers(plan, reference, candidate)
    _check_asked(answers, reference, candidate)
    return _follow(plan, key, reference, candidate, answers)


def _follow(plan: Plan, key: bytes, reference: Transcript, candidate: Transcript, answers: Answers) -> Result:
    """Row 11: the rule at each end."""
    rule, scores, number, skipped = Rule(plan), [], 0, 0
    for end in candidate.ends:
        while rule.verdict == UNDECIDED:
            asked = reference.questions.get(number)
            if not asked or not asked.settled:
                break
            if not answers.is_readable(number):
                number, skipped = number + 1, skipped + 1
                continue
            found = candidate.questions.get(number)
            settled = found.settled if found else None
            if not settled or settled.number > end.number:
                break
            low, high = score(answers.get(REFERENCE, number), answers.get(CANDIDATE, number), plan)
            scores.append(Score(number, low, high, asked.settled.number, settled.number))
            rule.add(low, high)
            number += 1
        _check_end(rule, end)
    missing = sum((answer := answers.get(CANDIDATE, s.number)) is None or not answer.is_readable for s in scores)
    intervals = Intervals([(s.low, s.high) for s in scores], plan.mode).members
    return Result(plan.digest, key.hex(), rule.verdict, len(scores), skipped, missing, intervals, scores)


def _check_end(rule: Rule, end: Line) -> None:
    for member, follows in rule.stated.items():
        if end.value[member] != follows:
            refuse(f"candidate.ndjson: line {end.number}", f"{member} does not follow")


# --- section 10, 6: withheld ------------------------------------------------------------------------------------------


def check_withheld(plan: Plan, result: Result, reference: Transcript, candidate: Transcript) -> Result:
    """What can be computed without questions and answers: the decision, from scores that are the signer's word."""
    _same_beacon(reference, candidate)
    _check_subjects(plan, reference, candidate)
    if not reference.ends or candidate.lines[-1].kind != "end" or reference.lines[-1].kind != "end":
        refuse("transcripts", "no end")
    ends, given_up, used = _named_ends(reference, candidate), {}, (set(), set())
    for number, question in candidate.questions.items():
        if question.settled:
            given_up[number] = question.settled.number
    sessions = sorted(ends)
    for each in result.scores:
        what = f"result.json: question {each.number}"
        places = (each.reference, each.candidate)
        for transcript, place in zip((reference, candidate), places, strict=True):
            if place > len(transcript.lines):
                refuse(what, "names a line that there is not")
        for taken, place in zip(used, places, strict=True):
            if place in taken:
                refuse(what, "names a line that another one names")
            taken.add(place)
        if reference.lines[each.reference - 1].kind != "withheld":
            refuse(what, "the reference's line is no answer")
        if each.number in given_up:
            if each.candidate != given_up[each.number] or (each.low, each.high) != (0, 1000):
                refuse(what, "was given up")
        elif candidate.lines[each.candidate - 1].kind != "withheld":
            refuse(what, "the candidate's line is no answer")
        before = bisect.bisect_left(sessions, each.candidate)
        if not before or each.reference > ends[sessions[before - 1]].value["lines"]:
            refuse(what, "stands behind the end that the session names")
    rule, at = Rule(plan), 0
    for end in candidate.ends:
        while at < len(result.scores) and result.scores[at].candidate < end.number:
            if rule.verdict != UNDECIDED:
                break
            rule.add(result.scores[at].low, result.scores[at].high)
            at += 1
        _check_end(rule, end)
    if at != len(result.scores):
        refuse("result.json", "scores behind the verdict, or behind the last end")
    without = result.scores[-1].number + 1 - len(result.scores) if result.scores else 0
    if result.skipped != without and not (rule.verdict == UNDECIDED and result.skipped > without):
        refuse("result.json", "skipped does not follow")
    if result.missing > sum((each.low, each.high) == (0, 1000) for each in result.scores):
        refuse("result.json", "missing does not follow")
    intervals = Intervals([(each.low, each.high) for each in result.scores], plan.mode).members
    count = len(result.scores)
    return Result(plan.digest, None, rule.verdict, count, result.skipped, result.missing, intervals, result.scores)


# --- section 10, 10: opened records -----------------------------------------------------------------------------------


def _path_root(line: bytes, number: int, path: list, count: int, what: str) -> bytes:
    node, place, last = sha256(b"\0", sha256(line)), number - 1, count - 1
    digests = [bytes.fromhex(each) for each in path]
    while last > 0:
        if place % 2 or place < last:
            if not digests:
                refuse(what, "a path is too short")
            neighbour = digests.pop(0)
            node = sha256(b"\1", neighbour, node) if place % 2 else sha256(b"\1", node, neighbour)
        place, last = place // 2, last // 2
    if digests:
        refuse(what, "a path is too long")
    return node


def _opened_line(value, what: str, transcript: Transcript, may_be: tuple[str, ...]) -> Line:
    entry = Fields(value, what, ("line", "number", "path"))
    content, number = entry.text("line").encode(), entry.integer("number", 1, len(transcript.lines))
    path = entry.items("path", 64)
    if not all(isinstance(each, str) and len(each) == 64 and set(each) <= set("0123456789abcdef") for each in path):
        refuse(what, "a path has digests")
    if _path_root(content, number, path, len(transcript.lines), what) != transcript.root:
        refuse(what, "the line is not in the transcript")
    line = read_line(content, what, False)
    line.number = number
    if line.kind not in may_be:
        refuse(what, "another kind of line")
    return line


def check_opened(content: bytes, plan: Plan, result: Result, reference: Transcript, candidate: Transcript) -> list[int]:
    """Numbers of the questions whose records were disclosed."""
    what = "opened.json"
    value = audit_json.file(content, what, MAXIMUM_RESULT, MAXIMUM_VALUES)
    entry = Fields(value, what, ("audit", "plan", "records"))
    entry.integer("audit", 1, 1)
    if entry.digest("plan") != plan.digest:
        refuse(what, "another plan")
    scores, found = {each.number: each for each in result.scores}, []
    for each in entry.items("records", 10000):
        record = Fields(each, what, ("i", "prompt", "reference", "candidate"))
        number = record.integer("i", 0, 999999)
        if found and number <= found[-1] or number not in scores:
            refuse(what, "records do not rise, or have no score")
        found.append(number)
        named, answers = scores[number], {}
        for side, transcript, place in (
            (REFERENCE, reference, named.reference),
            (CANDIDATE, candidate, named.candidate),
        ):
            answers[side] = _opened_side(record, side, transcript, place, plan)
        ours, theirs = answers[REFERENCE], answers[CANDIDATE]
        if ours is None or not ours.is_readable or (plan.score == "logprobs" and not ours.is_greedy):
            refuse(what, "the reference's answer is not readable")
        if score(ours, theirs, plan) != (named.low, named.high):
            refuse(what, f"the score of question {number} does not follow")
    return found


def _opened_side(record: Fields, side: str, transcript: Transcript, place: int, plan: Plan) -> Answer | None:
    number, what = record.value["i"], f"opened.json: {side}"
    pair = Fields(record.value[side], what, ("sent", "settled"))
    sent = _opened_line(pair.value["sent"], what, transcript, ("sent",))
    kinds = ("answer", "missing") if side == CANDIDATE else ("answer",)
    settled = _opened_line(pair.value["settled"], what, transcript, kinds)
    if settled.number != place or sent.number >= place or {sent.value["i"], settled.value["i"]} != {number}:
        refuse(what, "lines of another question, or another line than the score's")
    if sent.value["request"] != request_digest(plan, record.text("prompt"), transcript.header["model"]):
        refuse(what, "another question was asked")
    attempt = settled.value["attempt" if settled.kind == "answer" else "attempts"]
    if sent.value["attempt"] != attempt:
        refuse(what, "another attempt")
    return Answer(settled, transcript.header["spelling"], plan.score) if settled.kind == "answer" else None


# --- the bundle -------------------------------------------------------------------------------------------------------


@dataclass
class Bundle:
    """A bundle that holds together."""

    plan: Plan
    result: Result
    is_withheld: bool
    transcripts: tuple[Transcript, Transcript]
    certificate: Certificate | None
    certificate_digest: str | None
    binding: str
    quote: NitroQuote | SNPReport | None = None
    stated_quote: dict | None = None
    finished_at: str = ""
    opened: list[int] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.result.verdict]


def _named(statement, *keys: str):
    for key in keys:
        if not isinstance(statement, dict) or key not in statement:
            refuse("statement", f"{key} is missing")
        statement = statement[key]
    return statement


def _statement(payload: bytes) -> dict:
    try:
        statement = strictjson.parse(payload, "statement")
    except OperationalError as error:
        raise InvalidProof(f"bundle: {error}") from None
    if _named(statement, "predicateType") != PREDICATE:
        refuse("statement", "another kind of predicate")
    return statement


def _check_certificate(files: dict[str, bytes], plan: Plan) -> Certificate | None:
    """Section 10, 8."""
    content = files.get("certificate.drift")
    if (content is None) != (plan.certificate is None):
        refuse("certificate.drift", "is there exactly if the plan names one")
    if (
        "base.identity.json" in files
        and content is None
        or "policy.json" in files
        and "base.identity.json" not in files
    ):
        refuse("archive", "a file that nothing asks for")
    if content is None:
        return None
    if sha256(content).hex() != plan.certificate:
        refuse("certificate.drift", "another certificate than the plan's")
    certificate = read_certificate(content)
    if "base.identity.json" in files:
        verify_certificate(certificate, files["base.identity.json"], files.get("policy.json"))
    return certificate


def verify_certificate(certificate: Certificate, identity: bytes, policy: bytes | None) -> None:
    """The proof, whatever its parent, with the policy inside it where none is given."""
    chosen = read_policy(policy) if policy is not None else None
    base = read_identity(identity)
    verify_parts(certificate, base, chosen or read_canonical(certificate.policy))


def _expected_statement(bundle: Bundle, finished: str) -> str:
    """Section 10, 9: the statement that follows."""
    plan, result = bundle.plan, bundle.result
    reference, candidate = bundle.transcripts
    header = candidate.header
    digest = {"sha256": plan.model_digest} if plan.model_digest else {}
    if bundle.certificate:
        digest["driftCommitment"] = bundle.certificate.tuned_commitment.hex()
    digest["driftTranscript"] = reference.root.hex()
    planned = {"digest": {"sha256": plan.digest}, "commitment": plan.commitment, "mode": plan.mode_name}
    planned |= {"score": plan.score, "margin": plan.margin, "run": plan.run}
    planned |= {"previous": plan.previous} if plan.previous else {}
    intervals = {key: result.intervals[key] for key in ("meanAbove", "meanBelow") if key in result.intervals}
    intervals |= {key: result.intervals[key] for key in ("tailAbove", "tailBelow") if key in result.intervals}
    transcripts = {
        each.side: {"digest": {"driftTranscript": each.root.hex()}, "lines": len(each.lines)}
        for each in (reference, candidate)
    }
    predicate = {"endpoint": {"origin": header["origin"], "path": header["path"], "model": header["model"]}}
    predicate["plan"] = planned
    predicate |= {"beacon": header["beacon"]} if "beacon" in header else {}
    predicate |= {"verdict": result.verdict, "requests": result.count, "skipped": result.skipped}
    predicate |= {"missing": result.missing, "intervals": intervals, "transcripts": transcripts}
    content = audit_json.canonical(result.value()) + "\n"
    predicate["result"] = {"digest": {"sha256": sha256(content.encode()).hex()}}
    predicate |= {"withheld": bundle.is_withheld, "subjectBinding": bundle.binding}
    predicate |= {"certificate": {"digest": {"sha256": plan.certificate}}} if plan.certificate else {}
    predicate |= {"quote": bundle.stated_quote} if bundle.stated_quote else {}
    predicate |= {"evidence": "auditor", "startedAt": header["started"], "finishedAt": finished}
    statement = {"_type": "https://in-toto.io/Statement/v1"}
    statement["subject"] = [{"name": reference.header["model"], "digest": digest}]
    return audit_json.encode(statement | {"predicateType": PREDICATE, "predicate": predicate})


def verify_bundle(content: bytes, key: PublicKey, identifier: str) -> Bundle:
    """Section 10, 1 to 10."""
    files = read_archive(content)
    payload = signed_payload(files["attestation.intoto.jsonl"], key, identifier)
    statement = _statement(payload)
    predicate = _named(statement, "predicate")
    for name, place in (("plan.json", ("plan",)), ("result.json", ("result",))):
        if sha256(files[name]).hex() != _named(predicate, *place, "digest", "sha256"):
            refuse(name, "another file than the one that was signed")
    for side in (REFERENCE, CANDIDATE):
        root = merkle_root(digests_of(files[f"{side}.ndjson"], True)).hex()
        if root != _named(predicate, "transcripts", side, "digest", "driftTranscript"):
            refuse(f"{side}.ndjson", "another transcript than the one that was signed")
    plan, result = read_plan(files["plan.json"]), read_result(files["result.json"])
    is_withheld = result.key is None
    reference, candidate = (
        read_transcript(files[f"{side}.ndjson"], side, plan.digest, is_withheld) for side in (REFERENCE, CANDIDATE)
    )
    prompts = files.get("prompts.txt")
    if is_withheld:
        if prompts is not None:
            refuse("prompts.txt", "questions are withheld")
        follows = check_withheld(plan, result, reference, candidate)
    else:
        follows = recompute(plan, bytes.fromhex(result.key), reference, candidate, prompts)
    if follows.value() != result.value():
        members = [key for key, each in follows.value().items() if result.value().get(key) != each]
        refuse("result.json", f"{members[0] if members else 'key'} does not follow")
    binding = _named(predicate, "subjectBinding")
    if binding not in BINDINGS or (binding == "recorded") != (plan.model_digest is None):
        refuse("statement", "another binding than the plan's")
    if binding == "checked" and plan.certificate is None:
        refuse("statement", "checked, without a certificate")
    certificate = _check_certificate(files, plan)
    quote = read_quote(files, plan, candidate.root)
    bundle = Bundle(plan, result, is_withheld, (reference, candidate), certificate, plan.certificate, binding)
    bundle.quote, bundle.stated_quote = quote, stated(quote, files) if quote else None
    sent = [line.value["at"] for line in candidate.lines if line.kind == "sent"]
    finished = str(_named(predicate, "finishedAt")) if is_withheld or not sent else sent[-1]
    if is_withheld:
        Fields({"finishedAt": finished}, "statement", ("finishedAt",)).time("finishedAt")
    bundle.finished_at = finished
    if _expected_statement(bundle, finished).encode() != payload:
        refuse("statement", "another one than follows")
    if "opened.json" in files:
        bundle.opened = check_opened(files["opened.json"], plan, result, reference, candidate)
    return bundle


def open_records(bundle: Bundle, content: bytes, wanted: list[int]) -> None:
    """What the reader was disclosed, and what must be among it."""
    bundle.opened = check_opened(content, bundle.plan, bundle.result, *bundle.transcripts)
    missing = [number for number in wanted if number not in bundle.opened]
    if missing:
        refuse("opened.json", f"question {missing[0]} is not opened")
