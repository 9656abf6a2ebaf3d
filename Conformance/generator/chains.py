# SPDX-License-Identifier: Apache-2.0
"""`chain verify`: orders, trees, cumulative policies, revocations."""

import hashlib
import json
from dataclasses import replace

from .case import Absent, Bytes, Cases, Text
from .subjects import (
    ADAPTER,
    CLASSES,
    FIRST_RELEASE,
    LINK,
    NEXT_TRANSITION,
    PARENT,
    ROOT,
    SECOND,
    SECOND_RELEASE,
    THINNED,
    Subject,
)
from .verified import frozen

ORDER, LINKS, TENSORS, CUMULATIVE, LISTS = (f"chain {section}" for section in (2, "3", 4, 5, 6))
NAMES = ("first", "second", "third", "fourth")


def cases() -> Cases:
    found = Cases("chain")

    def case(
        name: str, says: str, certificates: list, code: int, reason: str, rule: str, *more, base=ROOT, **files
    ) -> None:
        names = NAMES[: len(certificates)]
        given = dict(zip(names, certificates, strict=True)) | {"identity": base.identity} | files
        words = ["chain", "verify", *(f"@{name}" for name in names), "--base-identity", "@identity", *more]
        found.add(name, says, words, given, code, reason, rule)

    root, second, thinned = ROOT.certificate, SECOND.certificate, THINNED.certificate
    policy, thin = ROOT.policy, THINNED.policy
    both = ["--policy", "@policy", "@thin"]
    case("verified", "A release and what continues it, by the policies inside.", [root, second], 0, "verified", LINKS)
    case("verified-shuffled", "Children before their parent.", [second, thinned, root], 0, "verified", ORDER)
    case(
        "verified-one-policy",
        "One policy for all.",
        [root, second],
        0,
        "verified",
        LINKS,
        "--policy",
        "@policy",
        policy=policy,
    )
    case(
        "verified-policies",
        "A policy for each.",
        [root, thinned],
        0,
        "verified",
        LINKS,
        *both,
        policy=policy,
        thin=thin,
    )
    case(
        "verified-pinned", "Versions 6 and 7.", [PARENT.certificate, LINK.certificate], 0, "verified", LINKS, base=LINK
    )
    case("verified-alone", "One certificate.", [root], 0, "verified", LINKS)
    case(
        "swapped-policies",
        "Policies in the other order.",
        [thinned, root],
        12,
        "policy",
        LINKS,
        *both,
        policy=policy,
        thin=thin,
    )
    three = ["--policy", "@policy", "@thin", "@policy"]
    case(
        "three-policies",
        "Three policies for two certificates.",
        [root, thinned],
        2,
        "usage",
        "chain 1",
        *three,
        policy=policy,
        thin=thin,
    )
    case("parent-missing", "A link without its parent.", [second], 12, "parentMissing", LINKS)
    case("duplicate", "A certificate twice.", [root, second, second], 2, "duplicate", LINKS)
    case("other-base", "Another base's identity.", [root, second], 12, "base", LINKS, base=CLASSES)
    case("identity-absent", "No identity there.", [root], 1, "file", "chain 1", base=replace(ROOT, identity=Absent()))
    case(
        "identity-none",
        "An identity that is none.",
        [root],
        1,
        "identityFile",
        "chain 1",
        base=replace(ROOT, identity=Text("{}")),
    )
    case(
        "policy-none",
        "A policy that is none.",
        [root],
        1,
        "policyFile",
        "chain 1",
        "--policy",
        "@policy",
        policy=Text("{}"),
    )
    case("no-certificate", "A file that is no certificate.", [root, Bytes(b"driftprf")], 11, "certificate", LINKS)
    flipped = root.with_byte(-1)
    case(
        "proof",
        "A wrong proof of the first; the link has its code.",
        [flipped, second],
        11,
        "merklePath folding layer 1",
        LINKS,
    )
    flipped = second.with_byte(-1)
    case(
        "proof-of-link", "A wrong proof of the link.", [root, flipped, thinned], 11, "merklePath folding layer 1", LINKS
    )
    case("adapter", "An unmerged adapter.", [ADAPTER.certificate], 1, "chainAdapter", LINKS, base=ADAPTER)
    _circle(case)
    _tensors(case)
    _cumulative(case, root, second, thinned)
    _revoked(case, root, second, thinned)
    _next_bases(case)
    return found


def _circle(case) -> None:
    """Two certificates that name each other: what they state is forged, and that is found before their parts are."""
    one, other = bytes(range(32)), bytes(range(1, 33))
    links = []
    for stated, parent in ((one, other), (other, one)):
        subject = frozen(5, parent)
        content = subject.certificate.content
        links.append(Bytes(content.replace(subject.parts.tuned_commitment, stated)))
    base = frozen(5, one)
    case("circle", "Two links that name each other.", links, 11, "circle", LINKS, base=base)
    own = [Bytes(frozen(5, one).certificate.content.replace(frozen(5, one).parts.tuned_commitment, one))]
    case("circle-of-one", "A link that names itself.", own, 11, "circle", LINKS, base=base)
    case(
        "circle-and-root",
        "A circle beside a certificate that holds.",
        [frozen(4).certificate, *links],
        11,
        "circle",
        LINKS,
        base=base,
    )


def _tensors(case) -> None:
    """A link under a policy that excludes what its parent does not have."""
    first = frozen(4)
    second = frozen(5, first.parts.tuned_commitment)
    case(
        "frozen",
        "A link about which nothing is to be proved.",
        [first.certificate, second.certificate],
        0,
        "verified",
        LINKS,
        base=first,
    )
    import tampering

    manifest = replace(first.manifest, tensors=(replace(first.manifest.tensors[0], dtype="BF16"),))
    parts = replace(first.parts, manifest=tampering.manifest_bytes(manifest))
    parts = replace(parts, tuned_commitment=parts.commitment_of_parts)
    retyped = Bytes(tampering.certificate_bytes(parts))
    following = frozen(5, parts.tuned_commitment)
    case(
        "retyped",
        "A parent of another floating type.",
        [retyped, following.certificate],
        0,
        "verified",
        TENSORS,
        base=first,
    )
    older = frozen(3, parts.tuned_commitment)
    case(
        "retyped-original",
        "The same, by the rules of version 3.",
        [retyped, older.certificate],
        13,
        "parentTensors",
        TENSORS,
        base=first,
    )


def _cumulative(case, root, second, thinned) -> None:
    def under(name: str, says: str, allow, code: int, reason: str, certificates=(root, second), **more) -> None:
        rules = [{"tensors": "w", "allow": allow}, {"tensors": "still", "allow": "frozen"}]
        value = {"driftPolicy": 1, "name": "all", "securityBits": 128, "rules": rules} | more
        text = Text(json.dumps(value))
        case(
            f"cumulative-{name}",
            says,
            list(certificates),
            code,
            reason,
            CUMULATIVE,
            "--cumulative",
            "@cumulative",
            cumulative=text,
        )

    norm = {"norm": {"absolute": 0.041}}
    under("norms", "Two norms of 0.02 in one of 0.041.", norm, 0, "verified")
    under("norms-exactly", "In 0.04 they do not fit: precision counts.", {"norm": {"absolute": 0.04}}, 10, "cumulative")
    under("norms-small", "Nor in 0.03.", {"norm": {"absolute": 0.03}}, 10, "cumulative")
    under("one-norm", "One norm of 0.02 in 0.03.", {"norm": {"absolute": 0.03}}, 0, "verified", (root,))
    under("frozen", "A tensor that a link changes.", "frozen", 10, "cumulative")
    under("any", "Excluded, whatever the links say.", "any", 0, "verified")
    under("rank", "Norms give no rank.", {"rank": 4, "residual": {"absolute": 0.01}}, 10, "cumulative")
    under("residual", "Norms as the residual of a rank.", {"rank": 4, "residual": {"absolute": 0.041}}, 0, "verified")
    under("entrywise", "A norm bounds each entry.", {"entrywise": {"absolute": 0.041}}, 0, "verified")
    under("total", "A total of 0.041.", norm, 0, "verified", total={"norm": {"absolute": 0.041}})
    under("total-small", "A total of 0.03.", norm, 10, "cumulative", total={"norm": {"absolute": 0.03}})
    pattern = {"pattern": {"of": "drift", "n": 1, "m": 8}}
    under("pattern", "A norm gives no pattern.", pattern, 10, "cumulative", (root, thinned))
    weights = {"entrywise": {"ofWeight": 0.5}}
    under("weights", "A fraction of weights of an identity without them.", weights, 13, "coverageGap")
    gap = {"driftPolicy": 1, "name": "all", "securityBits": 128, "rules": [{"tensors": "w", "allow": norm}]}
    more = ["--cumulative", "@cumulative"]
    case(
        "cumulative-gap",
        "A tensor without a rule.",
        [root],
        13,
        "coverageGap",
        CUMULATIVE,
        *more,
        cumulative=Text(json.dumps(gap)),
    )
    case(
        "cumulative-none",
        "A cumulative policy that is none.",
        [root],
        1,
        "policyFile",
        "chain 1",
        *more,
        cumulative=Text("[]"),
    )


def _revoked(case, root, second, thinned) -> None:
    entry = {"reason": "leaked", "date": "2026-03-01T12:30:00Z"}
    digest, commitment = hashlib.sha256(second.content).hexdigest(), SECOND.parts.tuned_commitment.hex()

    def under(
        name: str, says: str, revoked, code: int, reason: str, certificates=(root, second), rule=LINKS, version=1
    ) -> None:
        text = Text(json.dumps({"driftRevocations": version, "revoked": revoked}))
        case(f"revoked-{name}", says, list(certificates), code, reason, rule, "--revoked", "@revoked", revoked=text)

    by_file, by_model = entry | {"certificate": digest}, entry | {"commitment": commitment}
    under("none", "An empty list.", [], 0, "verified")
    under("file", "A certificate by its digest.", [by_file], 15, "revoked")
    under("model", "A certificate by its commitment.", [by_model], 15, "revoked")
    above = entry | {"commitment": ROOT.parts.tuned_commitment.hex()}
    under("ancestor", "The parent.", [above], 15, "revoked", (root, second, thinned))
    under("other", "Another certificate.", [entry | {"commitment": digest}], 0, "verified")
    under("sibling", "A sibling.", [by_model], 0, "verified", (root, thinned))
    times = ["2024-02-29T23:59:60.123456789+23:59", "0000-01-01T00:00:00-00:00"]
    other = [{"certificate": "ab" * 32}, {"certificate": "cd" * 32}]
    dated = [entry | one | {"date": date} for one, date in zip(other, times, strict=True)]
    under("dates", "Dates with a leap second, fractions and zones.", dated, 0, "verified", rule=LISTS)

    def refused(name: str, says: str, revoked, version: int = 1) -> None:
        under(f"list-{name}", says, revoked, 1, "revocationFile", rule=LISTS, version=version)

    refused("version", "Version 2.", [], 2)
    refused("both", "An entry with both.", [by_file | by_model])
    refused("neither", "An entry with neither.", [entry])
    refused("twice", "A subject twice.", [by_file, by_file])
    refused("key", "A key that there is not.", [by_file | {"note": 1}])
    refused("reason", "An empty reason.", [by_file | {"reason": ""}])
    refused("reason-long", "A reason of 4097 bytes.", [by_file | {"reason": "x" * 4097}])
    for name, date in (
        ("february", "2023-02-29T00:00:00Z"),
        ("small", "2026-03-01t12:30:00z"),
        ("hour", "2026-03-01T24:00:00Z"),
        ("zone", "2026-03-01T12:30:00"),
        ("fraction", "2026-03-01T12:30:00.1234567890Z"),
        ("month", "2026-13-01T12:30:00Z"),
    ):
        refused(f"date-{name}", f"The date {date}.", [by_file | {"date": date}])


__all__ = ["Subject", "cases"]


def _next_bases(case) -> None:
    """Releases that speak of the weights of the one before."""
    releases = [FIRST_RELEASE.certificate, SECOND_RELEASE.certificate]
    own = {"next": SECOND_RELEASE.identity, "transition": NEXT_TRANSITION}
    words = {"next": ["--next-identity", "@next"], "transition": ["--transition", "@transition"]}

    def line(name: str, says: str, code: int, reason: str, given="next transition", certificates=releases, **files):
        names = given.split()
        arguments = [word for name in names for word in words[name]]
        held = {name: files.get(name, own[name]) for name in names}
        case(f"next-{name}", says, certificates, code, reason, "chain 7", *arguments, base=FIRST_RELEASE, **held)

    line("verified", "The second release speaks of the first one's weights.", 0, "verified")
    line("shuffled", "The second release first.", 0, "verified", certificates=releases[::-1])
    line("untied", "No transition.", 12, "untiedNextBase", "next")
    line("unknown", "No identity of the first release.", 12, "base", "transition")
    line("alone", "The second release alone.", 12, "parentMissing", certificates=releases[1:])
    line("is-a-base", "The base's identity as the next one.", 12, "noNextBase", next=FIRST_RELEASE.identity)
    changed = NEXT_TRANSITION.with_byte(-1)
    line("transition-changed", "A bit of the transition.", 11, "merklePath folding layer 1", transition=changed)
    cut = NEXT_TRANSITION.changed(NEXT_TRANSITION.content[:99])
    line("transition-cut", "A part of the transition.", 11, "transitionFile", transition=cut)
    line("twice", "The transition twice.", 1, "twoTransitions", "next transition transition")
