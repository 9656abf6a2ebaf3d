# SPDX-License-Identifier: Apache-2.0
"""`audit verify`: bundles."""

import hashlib
import json

from bundles import Members, archive, members_of, signed, statement, with_result

from .case import Absent, Cases, Folder, Stored, Text
from .places import FILES, KEYS
from .subjects import CLASSES, NORM

FOLDER = FILES / "audits"
KEY = Stored(KEYS / "ed25519.pub.pem")
SAME, UNDECIDED, WITHHELD = (Stored(FOLDER / f"logprobs-{end}.tar") for end in ("same", "undecided", "withheld"))
DIFFERENT, LOST = Stored(FOLDER / "other-different.tar"), Stored(FOLDER / "lost-undecided-late.tar")
TEXTS, CERTIFIED = Stored(FOLDER / "texts-same.tar"), Stored(FOLDER / "certified-undecided.tar")
OPENED = Stored(FOLDER / "logprobs-opened.json")


# --- cases ------------------------------------------------------------------------------------------------------------


def cases() -> Cases:
    found = Cases("audit")

    def case(name: str, says: str, bundle, code: int, reason: str, rule: str, *more, key=KEY, **files) -> None:
        words = ["audit", "verify", "@bundle", "--public-key", "@key", *more]
        found.add(name, says, words, {"bundle": bundle, "key": key} | files, code, reason, f"audit {rule}")

    verdict = "10"
    case("same", "SAME.", SAME, 0, "verified", verdict)
    case("different", "DIFFERENT, with its evidence.", DIFFERENT, 20, "different", verdict)
    case("undecided", "UNDECIDED.", UNDECIDED, 21, "undecided", verdict)
    case("lost", "Failures and questions that were given up.", LOST, 21, "undecided", verdict)
    case("texts", "Scores of texts, a chat, a file of prompts.", TEXTS, 0, "verified", verdict)
    case("certified", "With certificate, identity and policy.", CERTIFIED, 21, "undecided", verdict)
    case("withheld", "Withheld answers.", WITHHELD, 21, "withheld", verdict)
    case("withheld-accepted", "Taken as they are.", WITHHELD, 0, "accepted", verdict, "--accept-withheld")
    case(
        "opened",
        "With two records disclosed.",
        WITHHELD,
        0,
        "accepted",
        "10, 10",
        "--accept-withheld",
        "--opened",
        "@opened",
        opened=OPENED,
    )
    for name, bundle, expected, code in (
        ("different-different", DIFFERENT, "DIFFERENT", 0),
        ("undecided-undecided", UNDECIDED, "UNDECIDED", 0),
        ("same-same", SAME, "SAME", 0),
        ("different-same", DIFFERENT, "SAME", 20),
        ("same-different", SAME, "DIFFERENT", 12),
        ("undecided-same", UNDECIDED, "SAME", 21),
    ):
        reason = {0: "verified", 20: "different", 21: "undecided", 12: "notExpected"}[code]
        case(f"expect-{name}", f"--expect {expected}.", bundle, code, reason, verdict, "--expect", expected)
    plan = members_of(SAME.content)["plan.json"]
    case(
        "plan-digest",
        "The plan by its digest.",
        SAME,
        0,
        "verified",
        verdict,
        "--plan",
        hashlib.sha256(plan).hexdigest(),
    )
    case("plan-file", "The plan as a file.", SAME, 0, "verified", verdict, "--plan", "@plan", plan=Text(plan.decode()))
    case("plan-another", "Another plan.", SAME, 12, "auditPlan", verdict, "--plan", "ab" * 32)
    case(
        "certificate",
        "The certificate that the plan names.",
        CERTIFIED,
        21,
        "undecided",
        verdict,
        "--certificate",
        "@certificate",
        certificate=NORM.certificate,
    )
    case(
        "certificate-another",
        "Another certificate.",
        CERTIFIED,
        12,
        "auditCertificate",
        verdict,
        "--certificate",
        "@certificate",
        certificate=CLASSES.certificate,
    )
    case(
        "certificate-none",
        "A certificate, and a plan that names none.",
        SAME,
        12,
        "auditCertificate",
        verdict,
        "--certificate",
        "@certificate",
        certificate=NORM.certificate,
    )
    case("absent", "No bundle there.", Absent(), 1, "file", verdict)
    case("empty", "An empty bundle.", Text(""), 11, "bundle", verdict)
    case("folder", "A folder in place of the bundle.", Folder({"a": Text("a")}), 1, "file", verdict)
    case("certificate-for-bundle", "A certificate in place of the bundle.", NORM.certificate, 11, "bundle", verdict)
    empty = ["--accept-withheld", "--opened", "@opened"]
    case(
        "opened-empty",
        "An empty file in place of opened records.",
        WITHHELD,
        11,
        "bundle",
        verdict,
        *empty,
        opened=Text(""),
    )
    case("opened-absent", "No opened records there.", WITHHELD, 1, "file", verdict, *empty, opened=Absent())
    case("plan-empty", "An empty plan.", SAME, 1, "auditPlanFile", verdict, "--plan", "@plan", plan=Text(""))
    proved = ["--base-identity", "@identity", "--policy", "@policy"]
    given = {"identity": NORM.identity, "policy": NORM.policy}
    case(
        "proof", "The proof verified with files of the reader's.", CERTIFIED, 21, "undecided", verdict, *proved, **given
    )
    other = given | {"identity": CLASSES.identity}
    case("proof-another-base", "The same with another base.", CERTIFIED, 12, "base", verdict, *proved, **other)
    other = given | {"policy": CLASSES.policy}
    case("proof-another-policy", "The same with another policy.", CERTIFIED, 12, "policy", verdict, *proved, **other)
    case(
        "proof-none",
        "A base, and a plan that names no certificate.",
        SAME,
        12,
        "auditCertificate",
        verdict,
        *proved,
        **given,
    )
    alone = ["--policy", "@policy"]
    case("policy-alone", "A policy without an identity.", SAME, 2, "usage", verdict, *alone, policy=NORM.policy)
    case("records-alone", "Records without opened ones.", SAME, 2, "usage", verdict, "--records", "1")
    case("expect-nothing", "An expectation that is no verdict.", SAME, 2, "usage", verdict, "--expect", "same")
    case("withheld-expected", "--expect of a withheld bundle.", WITHHELD, 21, "withheld", verdict, "--expect", "SAME")
    both = ["--expect", "SAME", "--accept-withheld"]
    case("withheld-accepted-expected", "The same, taken as it is.", WITHHELD, 0, "accepted", verdict, *both)
    case(
        "opened-of-full",
        "Opened records of a bundle with its key.",
        SAME,
        11,
        "bundle",
        "10, 10",
        "--opened",
        "@opened",
        opened=OPENED,
    )
    case("key-other", "Another key.", SAME, 11, "bundle", "10, 2", key=Stored(KEYS / "p256.pub.pem"))
    case("key-none", "No public key.", SAME, 1, "keyFile", "10, 2", key=Stored(KEYS / "ed25519.pem"))
    _archives(case)
    _statements(case)
    _results(case)
    _withheld(case)
    return found


def _archives(case) -> None:
    members, content = members_of(SAME.content), SAME.content
    if archive(members) != content:
        raise ValueError("archives are written otherwise")

    def refused(name: str, says: str, changed: bytes) -> None:
        case(f"archive-{name}", says, SAME.changed(changed), 11, "bundle", "10, 1")

    refused("cut", "The second zero block is not there.", content[:-512])
    refused("longer", "A zero block more.", content + bytes(512))
    refused(
        "padding",
        "Padding that is not zero.",
        content[: 512 + len(members["plan.json"])] + b"\1" + content[513 + len(members["plan.json"]) :],
    )
    mode = bytearray(content)
    mode[104], mode[154 - 3] = ord("5"), mode[151]
    refused("mode", "Another mode in a header.", bytes(mode))
    refused("unknown", "A file with a name that there is not.", archive(members | {"zz.json": b"{}"}))
    refused("reserved", "raw.ndjson.", archive(members | {"raw.ndjson": b"{}"}))
    later = {name: content for name, content in members.items() if name != "plan.json"}
    refused("plan-missing", "No plan.", archive(later))
    result = {name: members[name] for name in ("result.json", "attestation.intoto.jsonl")}
    swapped = {name: each for name, each in members.items() if name not in result} | dict(reversed(result.items()))
    refused("order", "Files in another order.", archive(swapped))
    refused("policy-alone", "A policy without an identity.", archive(members | {"policy.json": NORM.policy.content}))
    refused(
        "identity-alone",
        "An identity without a certificate.",
        archive(members | {"base.identity.json": NORM.identity.content}),
    )


def _statements(case) -> None:
    members = members_of(SAME.content)

    def refused(name: str, says: str, changed: Members, rule: str, reason: str = "bundle") -> None:
        case(f"statement-{name}", says, SAME.changed(archive(changed)), 11, reason, f"10, {rule}")

    line = members["attestation.intoto.jsonl"]
    refused(
        "signature",
        "A signature with a character another.",
        members | {"attestation.intoto.jsonl": line.replace(b'"sig":"', b'"sig":"A', 1)[: len(line)]},
        "2",
    )
    refused(
        "space", "A blank in the envelope.", members | {"attestation.intoto.jsonl": line.replace(b":", b": ", 1)}, "2"
    )
    value = statement(members)

    def changed(name: str, says: str, change, rule: str) -> None:
        other = json.loads(json.dumps(value))
        change(other)
        refused(name, says, signed(members, other), rule)

    changed(
        "predicate-type",
        "The predicate of certificates.",
        lambda v: v.update(predicateType="https://driftproof.dev/attestation/drift/v1"),
        "2",
    )
    changed("plan", "Another plan's digest.", lambda v: v["predicate"]["plan"]["digest"].update(sha256="ab" * 32), "3")
    changed(
        "result", "Another result's digest.", lambda v: v["predicate"]["result"]["digest"].update(sha256="ab" * 32), "3"
    )
    changed(
        "reference",
        "Another root of the reference's transcript.",
        lambda v: v["predicate"]["transcripts"]["reference"]["digest"].update(driftTranscript="ab" * 32),
        "3",
    )
    changed("verdict", "Another verdict.", lambda v: v["predicate"].update(verdict="DIFFERENT"), "9")
    changed(
        "requests", "A request more.", lambda v: v["predicate"].update(requests=v["predicate"]["requests"] + 1), "9"
    )
    changed("intervals", "A narrower interval.", lambda v: v["predicate"]["intervals"].update(meanBelow=1), "9")
    changed("model", "Another model of the endpoint.", lambda v: v["predicate"]["endpoint"].update(model="n"), "9")
    changed(
        "binding", "checked, without a certificate.", lambda v: v["predicate"].update(subjectBinding="checked"), "7"
    )
    changed(
        "declared",
        "declared, without the model's digest in the plan.",
        lambda v: v["predicate"].update(subjectBinding="declared"),
        "7",
    )
    changed(
        "finished", "Another time of its end.", lambda v: v["predicate"].update(finishedAt="2030-01-01T00:00:00Z"), "9"
    )
    changed("member", "A member more.", lambda v: v["predicate"].update(note="x"), "9")
    spaced = json.dumps(value, separators=(", ", ": ")).encode()
    refused("spelling", "The same statement with blanks.", signed(members, spaced), "9")
    candidate = members["candidate.ndjson"]
    refused(
        "transcript",
        "A transcript that was changed afterwards.",
        members | {"candidate.ndjson": candidate.replace(b'"attempt":1', b'"attempt":2', 1)},
        "3",
    )
    refused(
        "transcript-cut",
        "A transcript without its last line.",
        members | {"candidate.ndjson": candidate[: candidate[:-1].rindex(b"\n") + 1]},
        "3",
    )
    refused(
        "plan-bytes",
        "A plan that was changed afterwards.",
        members | {"plan.json": members["plan.json"].replace(b"1000000", b"1000001")},
        "3",
    )


def _results(case) -> None:
    members = members_of(SAME.content)

    def refused(name: str, says: str, change, of: Stored = SAME) -> None:
        changed = with_result(members_of(of.content), change)
        case(f"result-{name}", says, of.changed(archive(changed)), 11, "bundle", "10, 5")

    refused("verdict", "Another verdict, in the statement, too.", lambda v: v.update(verdict="DIFFERENT"))
    refused("score", "Another score.", lambda v: v["scores"][3].__setitem__(2, 7))
    refused("line", "Another line of an answer.", lambda v: v["scores"][3].__setitem__(3, v["scores"][3][3] + 1))
    refused("score-fewer", "A score fewer.", lambda v: v["scores"].pop())
    refused("n", "Another number of requests.", lambda v: v.update(n=v["n"] + 1))
    refused("missing", "Another number of missing answers.", lambda v: v.update(missing=1))
    refused("key", "Another key.", lambda v: v.update(key="ab" * 32))
    refused("no-key", "No key, although nothing is withheld.", lambda v: v.pop("key"))
    refused("plan", "Another plan.", lambda v: v.update(plan="ab" * 32))
    refused("evidence", "DIFFERENT called SAME.", lambda v: v.update(verdict="SAME"), DIFFERENT)
    fewer = dict(members)
    spaced = fewer["result.json"].replace(b",", b", ", 1)
    named = statement(members)
    named["predicate"]["result"]["digest"]["sha256"] = hashlib.sha256(spaced).hexdigest()
    changed = signed(fewer | {"result.json": spaced}, named)
    case("result-spelling", "A result with a blank.", SAME.changed(archive(changed)), 11, "bundle", "10, 4")


def _withheld(case) -> None:
    members = members_of(WITHHELD.content)

    def refused(name: str, says: str, change, rule: str = "10, 6") -> None:
        changed = archive(with_result(members, change))
        case(f"withheld-{name}", says, WITHHELD.changed(changed), 11, "bundle", rule, "--accept-withheld")

    refused(
        "score",
        "A score from which another verdict follows.",
        lambda v: [each.__setitem__(2, 1000) for each in v["scores"]],
    )
    refused("line-twice", "A line that serves two scores.", lambda v: v["scores"][1].__setitem__(3, v["scores"][0][3]))
    refused("order", "Scores out of order.", lambda v: v["scores"].reverse())
    refused("beyond", "A line behind the end of the reference.", lambda v: v["scores"][0].__setitem__(3, 10**6))
    refused("fewer", "A score fewer.", lambda v: v["scores"].pop())
    refused("skipped", "Another number of skipped questions.", lambda v: v.update(skipped=v["skipped"] + 1))

    def opened(name: str, says: str, change) -> None:
        value = json.loads(OPENED.content)
        change(value)
        text = Text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n")
        more = ["--accept-withheld", "--opened", "@opened"]
        case(f"opened-{name}", says, WITHHELD, 11, "bundle", "10, 10", *more, opened=text)

    opened("prompt", "Another prompt.", lambda v: v["records"][0].update(prompt="x"))
    opened("line", "Another line.", lambda v: v["records"][0]["reference"]["settled"].update(line="{}"))
    opened(
        "number",
        "Another number of a line.",
        lambda v: v["records"][0]["reference"]["sent"].update(
            number=v["records"][0]["reference"]["sent"]["number"] + 1
        ),
    )
    opened(
        "path",
        "A path with a digest more.",
        lambda v: v["records"][0]["candidate"]["settled"]["path"].append("ab" * 32),
    )
    opened("order", "Records out of order.", lambda v: v["records"].reverse())
    opened("i", "A record of another question.", lambda v: v["records"][0].update(i=1))
    opened("plan", "Records of another plan.", lambda v: v.update(plan="ab" * 32))
    more = ["--accept-withheld", "--opened", "@opened", "--records", "0,3"]
    case(
        "opened-asked",
        "A record that was asked for is not there.",
        WITHHELD,
        11,
        "bundle",
        "10, 10",
        *more,
        opened=OPENED,
    )
