# SPDX-License-Identifier: Apache-2.0
"""Tuned tableaus and transitions."""

import json
from dataclasses import replace

import tampering
from driftproof.independent import read_policy
from driftproof.independent.certificate import Certificate
from driftproof.independent.manifest import Manifest
from driftproof.independent.transition import read_tuned_tableau
from driftproof.independent.wire import sha256

from .case import Absent, Bytes, Cases, Stored, Text
from .places import REPOSITORY
from .proofs import transition_places
from .subjects import (
    ALIGNED,
    FIRST_RELEASE,
    NEXT_TRANSITION,
    NORM,
    PATTERNS,
    SECOND_RELEASE,
    Subject,
    add,
    sealed_identity,
)

FOLDER = REPOSITORY / "python" / "tests" / "data" / "transition"
NORMS = Subject.at(FOLDER, identity="base.json")
TABLEAU, TRANSITION = Stored(FOLDER / "tuned.tableau.json"), Stored(FOLDER / "tuned.transition")
GIVEN = ["--tuned-tableau", "@tableau", "--transition", "@transition"]
FORMAT = "files 5"


def _check(number: int) -> str:
    return f"transition 6, {number}"


def cases() -> Cases:
    found = Cases("transition")

    def case(name: str, says: str, code: int, reason: str, rule: str, subject=NORMS, **files) -> None:
        given = {"tableau": TABLEAU, "transition": TRANSITION} | files
        add(found, name, says, subject, code, reason, rule, *GIVEN, **given)

    folder = ALIGNED.certificate.path.parent
    other = {"tableau": Stored(folder / "tuned.tableau.json"), "transition": Stored(folder / "tuned.transition")}
    case("verified", "Norms, entries, frozen tensors that share rows.", 0, "verified", "transition 4")
    case(
        "verified-pattern",
        "An aligned certificate of a pattern, a set of runs.",
        0,
        "verified",
        "transition 4",
        ALIGNED,
        **other,
    )
    value = json.loads(TABLEAU.content)
    respelled = Text(json.dumps(dict(reversed(value.items())), indent=1))
    case("tableau-respelled", "The tableau's JSON in another order.", 0, "verified", FORMAT, tableau=respelled)
    case("tableau-absent", "No tableau there.", 1, "file", _check(1), tableau=Absent())
    case("transition-absent", "No transition there.", 1, "file", _check(1), transition=Absent())
    case("transition-empty", "An empty transition.", 11, "file", _check(1), transition=Text(""))
    case(
        "certificate-for-transition",
        "A certificate in place of the transition.",
        11,
        "transitionFile",
        _check(1),
        transition=NORMS.certificate,
    )
    case(
        "identity-for-tableau",
        "An identity in place of the tableau.",
        1,
        "tableauFile",
        _check(1),
        tableau=NORMS.identity,
    )
    _tableaus(case, value)
    _frames(case)
    wrong = NORM.certificate.with_byte(-1)
    changed = replace(NORM, certificate=wrong)
    case(
        "certificate-first",
        "The certificate's own failure comes first.",
        11,
        "merklePath folding layer 1",
        _check(1),
        changed,
        tableau=Text("{}"),
    )
    case("not-aligned", "A certificate that is not aligned.", 12, "notAligned", _check(4), NORM)
    case("not-aligned-linked", "The same with a linked identity.", 12, "notAligned", _check(4), PATTERNS)
    case("no-drift", "An aligned certificate about which nothing is to be proved.", 12, "noDrift", _check(5), _still())
    case(
        "tableau-of-other-base",
        "A tableau beside another base.",
        12,
        "tableauBase",
        _check(6),
        tableau=other["tableau"],
    )
    case(
        "transition-of-other-base",
        "A transition about another base.",
        12,
        "transitionBase",
        _check(11),
        transition=other["transition"],
    )
    pins = value["pins"][:-1] + ("0" if value["pins"][-1] != "0" else "1")
    text = Text(json.dumps(value | {"pins": pins}))
    case(
        "another-tableau",
        "A transition about another tableau.",
        12,
        "transitionTableau",
        _check(11),
        tableau=text,
    )
    content = TRANSITION.content
    case(
        "another-certificate",
        "A transition about another certificate.",
        12,
        "transitionCertificate",
        _check(11),
        transition=TRANSITION.with_byte(100),
    )
    code = value | {"queries": value["queries"] + 1, "driftTail": value["driftTail"] + 2}
    case("another-code", "A tableau of another code.", 12, "transitionCode", _check(7), tableau=Text(json.dumps(code)))
    rows = value | {"rows": value["rows"] + 1, "pins": value["pins"] + value["pins"][:48]}
    case("rows", "A tableau with a row too many.", 11, "transitionRows", _check(9), tableau=Text(json.dumps(rows)))
    # With the transition's name for it made right, other pins or another root are found by the proof itself.
    for name, says, change in (
        ("pins-named", "Other pins, named by the transition.", {"pins": "0" * 47 + "1" + value["pins"][48:]}),
        ("root-named", "Another root, named by the transition.", {"root": "ab" * 32}),
    ):
        text = json.dumps(value | change)
        named = content[:60] + read_tuned_tableau(text.encode()).digest + content[92:]
        case(name, says, 11, "proofOfWork", _check(12), tableau=Text(text), transition=TRANSITION.changed(named))
    labels = transition_places(NORMS, TABLEAU.content, content)
    for label, which, reason in (
        ("root of masks", 0, "proofOfWork"),
        ("opening/tree at a pin", 0, "proofOfWork"),
        ("opening/mask value", 0, "proofOfWork"),
        ("opening/high part", 0, "proofOfWork"),
        ("opening/proof of work", 0, "proofOfWork"),
        ("rows of drift", 0, "merklePath drift"),
        ("rows of masks", 0, "merklePath masks"),
        ("rows of tuned", 0, "merklePath tuned"),
        ("rows of base/0", 0, "merklePath base/0"),
        ("a folding leaf", 0, "merklePath folding layer 0"),
        ("opening/final coefficients", 0, "openingSumcheck"),
    ):
        name = "-".join(label.replace("opening/", "").replace("/", " ").split())
        case(
            f"proof-{name}",
            f"A bit of `{label}` is another.",
            11,
            reason,
            _check(12),
            transition=TRANSITION.with_byte(labels[label][which]),
        )
    longer = content[:132] + (len(content) - 140 + 8).to_bytes(8, "little") + content[140:] + bytes(8)
    case(
        "proof-longer",
        "Eight bytes behind the proof.",
        11,
        "trailingBytes",
        _check(12),
        transition=TRANSITION.changed(longer),
    )
    shorter = content[:132] + (len(content) - 140 - 8).to_bytes(8, "little") + content[140:-8]
    case("proof-shorter", "Eight bytes fewer.", 11, "truncated", _check(12), transition=TRANSITION.changed(shorter))
    _next_bases(found)
    return found


def _next_bases(found: Cases) -> None:
    own = {"next": SECOND_RELEASE.identity, "transition": NEXT_TRANSITION}
    words = ["--next-identity", "@next", "--transition", "@transition"]

    def case(name: str, says: str, code: int, reason: str, check: int, *more, **files) -> None:
        given = own | files
        add(found, f"next-{name}", says, FIRST_RELEASE, code, reason, _check(check), *words, *more, **given)

    def sealed(name: str, says: str, reason: str, change) -> None:
        value = SECOND_RELEASE.value
        change(value)
        case(name, says, 12, reason, 6, next=Text(sealed_identity(value)))

    case("verified", "The base plus the drift is a next base.", 0, "verified", 12)
    says = "A certificate about the base, whose leaves a next base has."
    add(found, "next-known-by-leaves", says, _still(SECOND_RELEASE, aligned=False), 12, "base", "transition 7")
    case("not-json", "A next base's identity that is no JSON.", 1, "identityFile", 2, next=Text("{"))
    case("is-a-base", "A base's identity in its place.", 12, "noNextBase", 6, next=FIRST_RELEASE.identity)
    case("tableaus-transition", "A transition to a tableau.", 12, "transitionKind", 3, transition=TRANSITION)
    both = ["--tuned-tableau", "@tableau"]
    case("and-tableau", "A tableau besides.", 2, "usage", 1, *both, tableau=TABLEAU)
    swapped = {"tableau": TABLEAU, "transition": NEXT_TRANSITION}
    kind, says = "transitionKind", "A next base's transition with a tableau."
    add(found, "next-for-tableau", says, FIRST_RELEASE, 12, kind, _check(3), *GIVEN, **swapped)
    sealed(
        "predecessor", "Another predecessor.", "nextPredecessor", lambda v: v["linked"].update(predecessor="ab" * 32)
    )
    sealed("leaves", "Another leaf.", "nextLeaves", lambda v: v["tensors"][1].update(sha256="ab" * 32))
    sealed("rate", "Another rate.", "nextRows", lambda v: v["linked"].update(logBlowup=v["linked"]["logBlowup"] - 1))
    sealed("units", "Coarser units.", "nextUnits", lambda v: v["linked"]["tensors"][0].update(fractionBits=20))
    sealed(
        "floor", "More below the floor.", "nextUnits", lambda v: v["linked"]["tensors"][0].update(entriesBelowFloor=1)
    )
    sealed("root", "Another tree.", "transitionTableau", lambda v: v["linked"]["trees"][0].update(root="ab" * 32))
    case(
        "certificate",
        "A transition about another certificate.",
        12,
        "transitionCertificate",
        11,
        transition=NEXT_TRANSITION.with_byte(100),
    )
    case("frame-version", "Version 3.", 11, "transitionFile", 3, transition=NEXT_TRANSITION.with_byte(8))
    case(
        "proof",
        "The last byte of the proof.",
        11,
        "merklePath folding layer 1",
        12,
        transition=NEXT_TRANSITION.with_byte(-1),
    )


def _tableaus(case, value: dict) -> None:
    def refused(name: str, says: str, text: str) -> None:
        case(f"tableau-{name}", says, 1, "tableauFile", _check(2), tableau=Text(text))

    def changed(name: str, says: str, **changes) -> None:
        refused(name, says, json.dumps(value | changes))

    refused("not-json", "No JSON.", "{")
    refused("comment", "A comment.", "//\n" + json.dumps(value))
    changed("version", "driftTableau 2.", driftTableau=2)
    changed("key", "A key that there is not.", more=1)
    refused("without-root", "No root.", json.dumps({key: each for key, each in value.items() if key != "root"}))
    changed("rows-fraction", "Rows with a fraction.", rows=float(value["rows"]))
    changed("rows-none", "No rows.", rows=0, pins="")
    changed("pins-short", "A pin too few.", pins=value["pins"][48:])
    changed("pins-capitals", "Pins in capitals.", pins=value["pins"].upper())
    changed("pins-not-canonical", "Pins that are no elements of K.", pins="f" * len(value["pins"]))
    changed("code", "27 for l.", logLength=27)


def _frames(case) -> None:
    content = TRANSITION.content

    def refused(name: str, says: str, transition) -> None:
        case(f"frame-{name}", says, 11, "transitionFile", _check(3), transition=transition)

    refused("magic", "Another magic.", TRANSITION.with_byte(0))
    refused("version", "Another version.", TRANSITION.with_byte(8))
    refused("digest", "A digest of 33 bytes.", TRANSITION.with_byte(12))
    refused("trailing", "A byte behind.", TRANSITION.changed(content + b"\0"))
    refused("cut", "The file ends inside.", Bytes(content[:100]))


def _still(subject: Subject = NORMS, aligned: bool = True) -> Subject:
    """A certificate of a policy that freezes everything; one that is not aligned names the root of the leaves."""
    policy = {"driftPolicy": 1, "name": "still", "securityBits": 128, "rules": [{"tensors": "*", "allow": "frozen"}]}
    canonical = read_policy(json.dumps(policy).encode()).canonical()
    tensors = tuple(replace(each, kind=0, digest=None) for each in subject.manifest.tensors)
    manifest = Manifest(4, None, None, 0, bytes(32), tensors, aligned)
    root = bytes.fromhex(subject.value["linkedRoot" if aligned else "root"])
    parts = Certificate(
        root, sha256(canonical), b"", tampering.manifest_bytes(manifest), canonical, bytes(32), b"", b""
    )
    content = tampering.certificate_bytes(replace(parts, tuned_commitment=parts.commitment_of_parts))
    return Subject(Bytes(content), subject.identity, Text(json.dumps(policy)))
