# SPDX-License-Identifier: Apache-2.0
"""Bundles of audits taken apart, changed, sealed again and signed with the test key; and random answers in them."""

import base64
import copy
import hashlib
import json
from collections.abc import Callable

import attesting

from driftproof.independent import audit_bundle, audit_json
from driftproof.independent.audit_archive import header
from driftproof.independent.audit_plan import read_plan
from driftproof.independent.audit_transcript import CANDIDATE, REFERENCE, merkle_root, read_transcript
from driftproof.independent.errors import VerificationFailure

Members = dict[str, bytes]
STATEMENT = "attestation.intoto.jsonl"


def members_of(content: bytes) -> Members:
    found, at = {}, 0
    while content[at : at + 1] != b"\0":
        name = content[at : at + 100].rstrip(b"\0").decode()
        size = int(content[at + 124 : at + 135], 8)
        found[name] = content[at + 512 : at + 512 + size]
        at += 512 + -(-size // 512) * 512
    return found


def archive(members: Members) -> bytes:
    parts = [
        part for name, each in members.items() for part in (header(name, len(each)), each, bytes(-len(each) % 512))
    ]
    return b"".join(parts) + bytes(1024)


def statement(members: Members) -> dict:
    return attesting.payload_of(members[STATEMENT])


def signed(members: Members, value: dict | bytes) -> Members:
    """The same members with another statement, signed as the program signs."""
    spelled = (
        value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    )
    line, new = members[STATEMENT], attesting.envelope(spelled)
    old = json.loads(line)
    for before, after in ((old["payload"], new["payload"]), (old["signatures"][0]["sig"], new["signatures"][0]["sig"])):
        line = line.replace(before.encode(), after.encode())
    return members | {STATEMENT: line}


def with_result(members: Members, change: Callable[[dict], None]) -> Members:
    """Another result, which the statement names."""
    value = json.loads(members["result.json"])
    change(value)
    result = audit_json.canonical(value).encode() + b"\n"
    named = statement(members)
    named["predicate"]["result"]["digest"]["sha256"] = hashlib.sha256(result).hexdigest()
    named["predicate"]["verdict"] = value["verdict"]
    return signed(members | {"result.json": result}, named)


# --- transcripts ------------------------------------------------------------------------------------------------------


def lines_of(members: Members, side: str) -> list[dict]:
    return [json.loads(line) for line in members[f"{side}.ndjson"].splitlines()]


def chained(lines: list[dict], plan: str) -> tuple[bytes, list[bytes]]:
    """Lines with `prev`, and ends with the lines and roots before them, made right; and the digests."""
    content, digests, before = [], [], plan
    for line in lines:
        line = {**line, "prev": before}
        if line["kind"] == "end":
            line |= {"lines": len(digests), "root": merkle_root(digests).hex()}
        spelled = audit_json.canonical(line).encode()
        digests.append(hashlib.sha256(spelled).digest())
        content.append(spelled + b"\n")
        before = digests[-1].hex()
    return b"".join(content), digests


def sealed(members: Members, reference: list[dict], candidate: list[dict]) -> Members:
    """Other transcripts: chains, trees and the roots that sessions and statement name are made right, nothing else."""
    plan = hashlib.sha256(members["plan.json"]).hexdigest()
    before = [line["root"] for line in lines_of(members, REFERENCE) if line["kind"] == "end"]
    content, digests = chained(reference, plan)
    after = [json.loads(line)["root"] for line in content.splitlines() if json.loads(line)["kind"] == "end"]
    renamed = dict(zip(before, after))
    candidate = [
        line | {"reference": renamed.get(line["reference"], line["reference"])} if "reference" in line else line
        for line in candidate
    ]
    other, others = chained(candidate, plan)
    value = statement(members)
    for side, found in ((REFERENCE, digests), (CANDIDATE, others)):
        entry = value["predicate"]["transcripts"][side]
        entry["digest"]["driftTranscript"], entry["lines"] = merkle_root(found).hex(), len(found)
    value["subject"][0]["digest"]["driftTranscript"] = merkle_root(digests).hex()
    return signed(members | {f"{REFERENCE}.ndjson": content, f"{CANDIDATE}.ndjson": other}, value)


def followed(members: Members) -> tuple[Members, str] | None:
    """Evidence of ends, result and statement as they follow by the independent verifier; and the verdict.

    None where questions and answers are not those of the plan, so that nothing follows.
    """
    plan = read_plan(members["plan.json"])
    key = bytes.fromhex(json.loads(members["result.json"])["key"])
    for _ in range(2):
        stated: list[dict] = []
        reference, candidate = (
            read_transcript(members[f"{side}.ndjson"], side, plan.digest) for side in (REFERENCE, CANDIDATE)
        )
        checked, audit_bundle._check_end = audit_bundle._check_end, lambda rule, end: stated.append(rule.stated)
        try:
            result = audit_bundle.recompute(plan, key, reference, candidate, members.get("prompts.txt"))
        except VerificationFailure:
            return None
        finally:
            audit_bundle._check_end = checked
        lines, ends = lines_of(members, CANDIDATE), iter(stated)
        lines = [line | next(ends) if line["kind"] == "end" else line for line in lines]
        members = sealed(members, lines_of(members, REFERENCE), lines)
    content = audit_json.canonical(result.value()).encode() + b"\n"
    named = statement(members)
    predicate = named["predicate"]
    predicate |= {"verdict": result.verdict, "requests": result.count, "skipped": result.skipped}
    order = ("meanAbove", "meanBelow", "tailAbove", "tailBelow")
    intervals = {name: result.intervals[name] for name in order if name in result.intervals}
    predicate |= {"missing": result.missing, "intervals": intervals}
    predicate["result"]["digest"]["sha256"] = hashlib.sha256(content).hexdigest()
    return signed(members | {"result.json": content}, named), result.verdict


# --- random changes ---------------------------------------------------------------------------------------------------


def with_random_answers(members: Members, draw) -> tuple[Members, str] | None:
    """The candidate's answers changed at random, and everything that follows from them made right."""
    lines, truth = lines_of(members, CANDIDATE), lines_of(members, REFERENCE)
    share = draw.choice([0.02, 0.1, 0.5, 1])
    for line in truth:
        if line["kind"] == "answer" and draw.random() < share:
            _make_unclear(line, draw)
    for line in lines:
        if line["kind"] == "answer" and draw.random() < share:
            _change_answer(line, draw)
    return followed(sealed(members, truth, lines))


# Parts of characters, and what may stand in their place.
UNCLEAR = [part.encode("latin-1") for part in ["\xff", "\xc3", " \xe2", "  \xe2\x80", "x\xe2"]]
UNCLEAR += [text.encode() for text in ["", " ", "  ", "x", "\ufffd", " \ufffd"]]


def _make_unclear(line: dict, draw) -> None:
    """Some listed tokens that are not emitted become parts of characters, or what stands for such."""
    for pair in (pair for token in line["tokens"] for pair in token["top"][1:]):
        if draw.random() < 0.2:
            pair[0] = base64.b64encode(draw.choice(UNCLEAR)).decode()


def _change_answer(line: dict, draw) -> None:
    choice = draw.choice(
        ["values", "values", "values", "values", "finish", "text", "token", "drop", "top", "more", "unclear"]
    )
    tokens = line["tokens"]
    if choice == "finish":
        line["finish"] = draw.choice(["stop", "length", "content_filter", ""])
    elif choice == "text" or not tokens:
        text = base64.b64decode(line["text"])
        text = draw.choice([text[:-1], text + b"x", b"", b" " + text, text.replace(b"w", b"\xff")])
        line["text"] = base64.b64encode(text).decode()
    elif choice == "unclear":
        _make_unclear(line, draw)
    elif choice == "drop":
        tokens.pop()
    elif choice == "more":
        tokens.append(copy.deepcopy(tokens[-1]))
        line["text"] = base64.b64encode(b"".join(base64.b64decode(each["b"]) for each in tokens)).decode()
    elif choice == "token":
        token = draw.choice(tokens)
        token["b"] = base64.b64encode(draw.choice([b"", b"\xff", b" x", "▁y".encode(), "Ġz".encode()])).decode()
    elif choice == "top":
        token = draw.choice(tokens)
        token["top"] = draw.choice([[], token["top"] * 2, token["top"][1:], [["IHg=", -5], *token["top"]]])
    else:
        for token in tokens:
            step = draw.choice([0, 1, -1, 1000, -70000, -200000, 50000, -(10**7), 10**6])
            token["l"] = min(0, max(-(10**8), token["l"] + step))
            for pair in token["top"]:
                pair[1] = min(0, max(-(10**8), pair[1] + draw.choice([step, 0, step // 2])))


def changed(content: bytes, draw) -> tuple[str, bytes]:
    """A kind, and a bundle with something changed."""
    members = members_of(content)
    is_withheld = "key" not in json.loads(members["result.json"])
    kinds = ["byte", "result", "statement", "plan"] + ([] if is_withheld else ["line", "line", "line", "order"])
    kind = draw.choice(kinds)
    if kind == "byte":
        flipped = bytearray(content)
        flipped[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        return kind, bytes(flipped)
    if kind == "result":
        return kind, archive(with_result(members, lambda value: _change(value, draw)))
    if kind == "statement":
        value = statement(members)
        _change(value, draw)
        return kind, archive(signed(members, value))
    if kind == "plan":
        value = json.loads(members["plan.json"])
        _change(value, draw)
        plan = audit_json.canonical(value).encode() + b"\n"
        named = statement(members)
        named["predicate"]["plan"]["digest"]["sha256"] = hashlib.sha256(plan).hexdigest()
        return kind, archive(signed(members | {"plan.json": plan}, named))
    sides = {side: lines_of(members, side) for side in (REFERENCE, CANDIDATE)}
    lines = sides[draw.choice([REFERENCE, CANDIDATE])]
    at = draw.randrange(len(lines))
    if kind == "order":
        move = draw.choice(["drop", "twice", "swap"])
        if move == "drop":
            lines.pop(at)
        elif move == "twice":
            lines.insert(at, lines[at])
        else:
            lines[at], lines[at - 1] = lines[at - 1], lines[at]
    else:
        _change(lines[at], draw)
    return kind, archive(sealed(members, sides[REFERENCE], sides[CANDIDATE]))


def _change(value, draw) -> None:
    """Changes, drops or adds a member somewhere, in place, and keeps it JSON of integers and strings."""
    places = attesting._places(value, [])
    holder, key = draw.choice(places)
    old = holder[key]
    choice = draw.choice(["change", "change", "change", "drop", "add"])
    if choice == "drop":
        if isinstance(holder, dict) and key in ("kind", "verdict"):
            return
        holder.pop(key)
    elif choice == "add" and isinstance(holder, dict):
        holder["zz"] = 1
    elif isinstance(old, bool):
        holder[key] = not old
    elif isinstance(old, int):
        holder[key] = draw.choice([old + 1, max(0, old - 1), 0, 10**9 + 1, -1])
    elif isinstance(old, str):
        new = draw.choice([old[::-1], old + "0", old[:-1], "", "x", old.upper(), "2026-03-01T12:30:00Z"])
        holder[key] = old if key in ("kind", "verdict") else new
