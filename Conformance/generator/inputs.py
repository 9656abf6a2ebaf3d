# SPDX-License-Identifier: Apache-2.0
"""Command lines, files that cannot be what they stand for, and the certificate's frame: checks 1 to 13."""

import copy
from dataclasses import replace

from driftproof.independent.wire import sha256, u32, u64

from .case import Absent, Bytes, Cases, Folder, Text
from .subjects import (
    ALIGNED,
    CLASSES,
    ENTRIES,
    HIDING,
    LINK,
    NORM,
    PARENT,
    ROUNDING,
    VERIFY,
    Subject,
    add,
    sealed_identity,
)
from .verified import padded, parent_of

FILES = "files 1"
FRAME = "files 2"


def _check(number: int) -> str:
    return f"checks-and-exit-codes 1, {number}"


def cases() -> Cases:
    found = Cases("inputs")
    _command_lines(found)
    _files(found)
    _frames(found)
    _bindings(found)
    return found


def _command_lines(found: Cases) -> None:
    def usage(name: str, says: str, arguments: list[str], **files) -> None:
        found.add(name, says, arguments, files, 2, "usage", _check(1))

    given = NORM.files()
    short = VERIFY[:-2]
    usage(
        "no-policy",
        "A required option is missing.",
        short,
        certificate=given["certificate"],
        identity=given["identity"],
    )
    usage("unknown-option", "An option that there is not.", [*VERIFY, "--nonsense"], **given)
    usage("twice", "An option twice.", [*VERIFY, "--policy", "@policy"], **given)
    usage("two-certificates", "Two certificates.", [*VERIFY, "@certificate"], **given)
    usage("option-without-value", "An option without its value.", [*VERIFY, "--parent"], **given)
    both = ["--tuned-tableau", "@tableau"]
    usage("tableau-alone", "A tuned tableau without a transition.", [*VERIFY, *both], tableau=given["policy"], **given)
    both = ["--transition", "@transition"]
    usage("transition-alone", "A transition without a tableau.", [*VERIFY, *both], transition=given["policy"], **given)
    both = ["--attestation", "@attestation"]
    usage("attestation-alone", "An attestation without a key.", [*VERIFY, *both], attestation=given["policy"], **given)


def _files(found: Cases) -> None:
    def file(name: str, says: str, code: int, reason: str, *more, **files) -> None:
        add(found, name, says, NORM, code, reason, FILES, *more, **files)

    folder = Folder({"a": Text("a")})
    for what in ("policy", "identity", "certificate"):
        file(f"{what}-absent", f"No file for the {what}.", 1, "file", **{what: Absent()})
    for what, code in (("policy", 1), ("identity", 1), ("certificate", 11)):
        file(f"{what}-folder", f"A folder in place of the {what}.", code, "file", **{what: folder})
        file(f"{what}-empty", f"An empty file in place of the {what}.", code, "file", **{what: Text("")})
    file("policy-too-long", "A policy of 4 MiB and a byte.", 1, "file", policy=padded(NORM.policy, (4 << 20) + 1))
    file("identity-for-policy", "The identity in place of the policy.", 1, "policyFile", policy=NORM.identity)
    file(
        "certificate-for-identity",
        "The certificate in place of the identity.",
        1,
        "identityFile",
        identity=NORM.certificate,
    )
    file(
        "identity-for-certificate",
        "The identity in place of the certificate.",
        11,
        "certificate",
        certificate=NORM.identity,
    )
    file(
        "policy-for-certificate", "The policy in place of the certificate.", 11, "certificate", certificate=NORM.policy
    )
    mark = Text("\ufeff" + NORM.policy.content.decode())
    file("byte-order-mark", "A policy behind a byte order mark.", 1, "policyFile", policy=mark)
    file("parent-absent", "--parent is neither 64 digits nor a file.", 1, "file", "--parent", "A" * 64)
    rejected = PARENT.certificate.with_byte(102)
    more = ["--parent", "@parent"]
    rule = _check(3)
    add(
        found,
        "parent-forged",
        "The parent's commitment is not that of its parts.",
        LINK,
        11,
        "parentFile",
        rule,
        *more,
        parent=rejected,
    )
    add(
        found,
        "parent-no-certificate",
        "The parent is no certificate.",
        LINK,
        11,
        "certificate",
        rule,
        *more,
        parent=LINK.policy,
    )
    add(
        found,
        "order-of-files",
        "Where policy and certificate are wrong, the policy is found first.",
        NORM,
        1,
        "policyFile",
        "checks-and-exit-codes 1, 5",
        policy=Text("{}"),
        certificate=NORM.certificate.with_byte(8),
    )


def _frames(found: Cases) -> None:
    def frame(name: str, says: str, subject: Subject) -> None:
        add(found, name, says, subject, 11, "certificate", FRAME)

    content = NORM.certificate.content
    for name, place in (("magic", 0), ("magic-end", 7), ("version", 8)):
        frame(
            f"frame-{name}",
            f"Another {name.replace('-', ', its ')}.",
            NORM.with_certificate(NORM.certificate.with_byte(place).content),
        )
    frame(
        "frame-section-long",
        "A section longer than the file.",
        NORM.with_certificate(content[:12] + u64(1 << 62) + content[20:]),
    )
    frame("frame-digest-length", "A root of 31 bytes.", NORM.with_certificate(content[:12] + u64(31) + content[21:]))
    frame("frame-trailing", "A byte behind the last section.", NORM.with_certificate(content + b"\0"))
    frame(
        "frame-seven-sections",
        "The last section is not there.",
        replace(NORM, certificate=Bytes(content[:12] + b"".join(u64(0) for _ in range(7)))),
    )
    frame("frame-magic-alone", "Nothing behind the magic.", replace(NORM, certificate=Bytes(content[:8])))
    frame("frame-cut", "The file ends inside the policy.", replace(NORM, certificate=Bytes(content[:230])))


def _bindings(found: Cases) -> None:
    unlinked = ENTRIES.identity
    says = "A policy with rounding clauses, an identity that does not commit to weights."
    add(found, "not-linked", says, ROUNDING, 13, "coverageGap", _check(8), identity=unlinked)
    says = "An aligned manifest, an identity that does not commit to weights."
    add(found, "aligned-not-linked", says, ALIGNED, 13, "coverageGap", _check(8), identity=unlinked)
    add(found, "another-base", "Another base's identity.", NORM, 12, "base", _check(9), identity=CLASSES.identity)
    plain = ALIGNED.with_parts(base_root=bytes.fromhex(ALIGNED.value["root"]))
    add(
        found,
        "plain-root-for-linked",
        "The identity's plain root where the linked one belongs.",
        plain,
        12,
        "base",
        _check(9),
    )
    root = ROUNDING.with_parts(base_root=bytes.fromhex(ROUNDING.value["root"]))
    add(found, "plain-root-under-rounding", "The same with a rounding clause.", root, 12, "base", _check(9))
    public = HIDING.value | {"driftIdentity": 3}
    trees = [{"rows": tree["rows"], "root": tree["root"]} for tree in public["linked"]["trees"]]
    public["linked"] = {key: part for key, part in public["linked"].items() if key != "tail"} | {"trees": trees}
    says = "The identity of a hiding base without tail and pins, as if it were public."
    add(found, "hiding-base-as-public", says, HIDING, 12, "base", _check(9), identity=Text(sealed_identity(public)))
    pinned = copy.deepcopy(HIDING.value)
    tree = pinned["linked"]["trees"][0]
    tree["pins"] = "01" + "00" * 23 + tree["pins"][48:]
    says = "The identity of a hiding base with another first pin, sealed."
    add(found, "hiding-base-other-pins", says, HIDING, 12, "base", _check(9), identity=Text(sealed_identity(pinned)))
    add(found, "another-policy", "Another policy.", NORM, 12, "policy", _check(10), policy=CLASSES.policy)
    looser = Text(NORM.policy.content.decode().replace("0.25", "0.250000000000000001"))
    add(
        found, "looser-policy", "A bound that differs in the 18th digit.", NORM, 12, "policy", _check(10), policy=looser
    )
    bytes_of = NORM.parts.policy
    renamed = NORM.with_parts(policy=bytes_of.replace(b"pinned norm", b"pinned noon"))
    add(
        found,
        "policy-bytes",
        "The policy's bytes inside are not those of its digest.",
        renamed,
        11,
        "policyBytes",
        _check(11),
    )
    lies = NORM.with_parts(policy=bytes_of + b"\0")
    add(found, "policy-bytes-longer", "A byte behind the canonical policy.", lies, 11, "policyBytes", _check(11))
    commitment = NORM.parts.tuned_commitment
    other = NORM.with_parts(seal=False, tuned_commitment=sha256(commitment))
    add(
        found,
        "tuned-commitment",
        "A tuned commitment that is not that of its parts.",
        other,
        11,
        "tunedCommitment",
        _check(13),
    )
    pins = NORM.parts.drift_pins
    other = NORM.with_parts(seal=False, drift_pins=u32(1) + pins[4:])
    add(
        found,
        "pins-not-committed",
        "Pins that the tuned commitment does not have.",
        other,
        11,
        "tunedCommitment",
        _check(13),
    )
    other = NORM.with_parts(seal=False, drift_root=sha256(b""))
    add(
        found,
        "root-not-committed",
        "A drift root that the tuned commitment does not have.",
        other,
        11,
        "tunedCommitment",
        _check(13),
    )
    parent = parent_of(LINK)
    for name, says, more in (
        ("parent-not-named", "A link without --parent.", []),
        (
            "parent-another",
            "A link with another parent.",
            ["--parent", parent[:-1] + ("0" if parent[-1] != "0" else "1")],
        ),
    ):
        add(found, name, says, LINK, 12, "parent", _check(33), *more)
    add(
        found,
        "parent-of-none",
        "A parent named for a certificate that has none.",
        NORM,
        12,
        "parent",
        _check(33),
        "--parent",
        parent,
    )
