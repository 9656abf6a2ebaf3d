# SPDX-License-Identifier: Apache-2.0
"""Certificates on the curve (format.md, "Certificate on the curve"). Needs the extra `driftproof[curve]`."""

import json

import curves
from driftproof.independent.curve_certificate import read_curve_certificate
from driftproof.independent.curve_points import G1_GENERATOR, G1_INFINITY
from driftproof.independent.curve_scalars import R
from driftproof.independent.policy import read_policy

from .case import Cases, Stored, Text, as_json

RULE = "format.md, Certificate on the curve"
CHAIN_RULE = "chain 8"
#: A point of the curve of order 3, (0, 2).
WRONG_ORDER = b"\x80" + bytes(47)
OTHERS = {"tensors": "*", "allow": "any"}
NORM = {"norm": {"relative": 1}}
NOT_PROVABLE = {
    "entrywise": {"rank": 1, "entrywise": {"relative": 1}},
    "rounding": {"rank": 1, "rounding": {"halfUlps": 1}},
    "pattern": {"pattern": {"of": "drift", "n": 1, "m": 2}},
    "kronecker": {"kronecker": {"terms": 1, "inner": [1, 1]}},
    "circulant": {"circulant": {"block": 2}},
}
STRUCTURES = "specification/curve-argument.md, 6"


def stored(name: str) -> dict:
    folder = curves.FOLDER / name
    files = {"cert": "tuned.drift", "identity": "base.identity.json", "policy": "policy.json"}
    return {key: Stored(folder / file) for key, file in files.items()}


def cases() -> Cases:
    found, own = Cases("curve"), curves.subject("mixed")
    certificate, identity, _ = own.parts
    setup = certificate.setup_id.hex()
    trust = ("--setup", setup, "--assume", "bls12-381")

    def case(
        name: str, says: str, code: int, reason: str, *options: str, rule: str = RULE, of="mixed", **files
    ) -> None:
        given = stored(of)
        for key, content in files.items():
            given[key] = given[key].changed(content) if isinstance(content, bytes) else content
        words = ["verify", "@cert", "--base-identity", "@identity", "--policy", "@policy", *options]
        found.add(name, says, words, given, code, reason, rule)

    case("mixed", "Bounds, a total, frozen tensors, any change with and without rows.", 0, "verified", *trust)
    case("wide", "159 rows: R in two groups.", 0, "verified", *trust, of="wide")
    case("no-setup", "A setup that is neither known nor named.", 12, "curveUnknownSetup", "--assume", "bls12-381")
    case("another-setup", "Another one is named.", 12, "curveUnknownSetup", "--setup", "0" * 64, *trust[2:])
    case("no-assumption", "Without --assume.", 12, "curveAssumption", *trust[:2])
    case("another-assumption", "--assume of something else.", 12, "curveAssumption", *trust[:2], "--assume", "other")
    case("parent", "A parent is named.", 14, "curveNotProvable", *trust, "--parent", "0" * 64)
    case(
        "plain-identity", "An identity without rows.", 12, "curveNoRows", *trust, identity=Text('{"driftIdentity": 1}')
    )
    spaced = own.identity.replace(b'"rows": [', b'"rows":  [', 1)
    case("identity-spelling", "Another spelling of the identity.", 1, "curveIdentity", *trust, identity=spaced)
    case("identity-newline", "A line behind the identity.", 1, "curveIdentity", *trust, identity=own.identity + b"\n")
    wide = stored("wide")
    case("another-base", "Another base's identity.", 12, "curveBase", *trust, identity=wide["identity"])
    case("another-policy", "Another policy.", 12, "curvePolicy", *trust, policy=wide["policy"])
    _frames(case, own, trust)
    _contents(case, own, trust)
    _proofs(case, own, trust)
    _policies(case, own, trust)
    _structures(case, trust)
    _assumptions(case, own, trust)
    _chains(found, trust)
    rows = [*identity.rows]
    rows[0] = WRONG_ORDER + rows[0][48:]
    changed = curves.identity_with_rows(own, rows)
    other = curves.CurveSubject(own.certificate, changed, own.policy)
    again = curves.rebuilt(other, own.taken_apart()[1])
    case("base-point", "A base's row is no point.", 11, "curvePoint", *trust, identity=changed, cert=again)
    return found


def _frames(case, own, trust) -> None:
    content = own.certificate

    def flipped(place: int) -> bytes:
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    case("version", "Version 0.", 11, "curveForm", *trust, cert=flipped(8))
    later = content[:8] + b"\2" + content[9:]
    case("version-later", "Norms alone as version 2.", 11, "curveVersion", *trust, cert=later)
    case("backend", "Another backend.", 11, "curveForm", *trust, cert=flipped(20))
    case("root", "The base's root is another.", 12, "curveBase", *trust, cert=flipped(23))
    case("setup-id", "The setup's id is another.", 12, "curveSetup", *trust, cert=flipped(55))
    case("length", "l is another.", 12, "curveSetup", *trust, cert=flipped(87))
    case("commitment", "The tuned commitment is another.", 11, "curveCommitment", *trust, cert=flipped(91))
    case("cut", "The last byte is missing.", 11, "curveForm", *trust, cert=content[:-1])
    case("longer", "A byte behind the end.", 11, "curveForm", *trust, cert=content + b"\0")


def _contents(case, own, trust) -> None:
    kinds, parts = own.taken_apart()

    def changed(index: int, content: bytes) -> bytes:
        return curves.rebuilt(own, [*parts[:index], content, *parts[index + 1 :]])

    for index, name in ((0, "bounded"), (3, "any")):
        rest = parts[index][48:]
        case(f"{name}-order", "A row is of order 3.", 11, "curvePoint", *trust, cert=changed(index, WRONG_ORDER + rest))
        case(f"{name}-flags", "A row is no point.", 11, "curvePoint", *trust, cert=changed(index, b"\xff" * 48 + rest))
        another = changed(index, G1_INFINITY + rest)
        case(f"{name}-row", "A row is another point.", 11, "curveSumcheck", *trust, cert=another)
    case("digest", "A salted digest is another.", 11, "curveSumcheck", *trust, cert=changed(4, bytes(32)))
    for index in (0, 2, 3, 4):
        other = [*kinds[:index], (kinds[index] + 1) % 4, *kinds[index + 1 :]]
        content = curves.rebuilt(own, parts, kinds=other)
        case(f"byte-{index}", "A byte that the policy does not give.", 11, "curveManifest", *trust, cert=content)


def _proofs(case, own, trust) -> None:
    proof, parts = own.parts[0].proof, own.taken_apart()[1]

    def add(name: str, says: str, reason: str, changed: bytes) -> None:
        case(f"proof-{name}", says, 11, reason, *trust, cert=curves.rebuilt(own, parts, proof=changed))

    def with_bytes(place: int, content: bytes) -> bytes:
        place %= len(proof)
        return proof[:place] + content + proof[place + len(content) :]

    seven = (7).to_bytes(32, "little")
    add("first-row", "The first row of D.", "curveSumcheck", with_bytes(0, G1_GENERATOR))
    add("round", "g at the point.", "curveSumcheck", with_bytes(-352, seven))
    for name, place in (("mask", -320), ("first", -240), ("second", -208), ("last", -112), ("blinding", -32)):
        add(name, "A scalar of the opening.", "curveOpening", with_bytes(place, seven))
    add("remainder", "S is infinity.", "curveOpening", with_bytes(-288, G1_INFINITY))
    add("quotient", "W is the generator.", "curveOpening", with_bytes(-80, G1_GENERATOR))
    add("quotient-order", "W is of order 3.", "curvePoint", with_bytes(-80, WRONG_ORDER))
    add("scalar", "A scalar is r.", "curveScalar", with_bytes(-32, R.to_bytes(32, "little")))
    add("short", "A byte is missing.", "truncated", proof[:-1])
    add("long", "A byte too many.", "curveTrailing", proof + b"\0")


def _policies(case, own, trust) -> None:
    parts = own.taken_apart()[1]

    def add(name: str, says: str, code: int, reason: str, *rules: dict) -> None:
        text = as_json({"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": rules})
        content = curves.rebuilt(own, parts, policy=read_policy(text.encode()).canonical())
        case(f"policy-{name}", says, code, reason, *trust, policy=Text(text), cert=content)

    heads = {"of": "rows", "size": 1}
    absolute = {"norm": {"absolute": 1}}
    add("nothing", "No tensor is bounded.", 14, "curveNotProvable", OTHERS)
    add("no-rows", "A clause about integers.", 14, "curveNotProvable", {"tensors": "*", "allow": NORM})
    add("rank", "A rank, of version 1.", 11, "curveVersion", {"tensors": "a.*", "allow": {"rank": 2}}, OTHERS)
    for name, clause in NOT_PROVABLE.items():
        add(name, "A clause of another kind.", 14, "curveNotProvable", {"tensors": "b.*", "allow": clause}, OTHERS)
    listed = [{"rank": 1}, NOT_PROVABLE["entrywise"]]
    add("list", "One of another kind in a list.", 14, "curveNotProvable", {"tensors": "b.*", "allow": listed}, OTHERS)
    add("heads", "Heads.", 14, "curveNotProvable", {"tensors": "b.*", "allow": absolute, "heads": heads}, OTHERS)
    add("grow", "Rows to grow.", 14, "curveNotProvable", {"tensors": "b.*", "allow": NORM, "grow": {"rows": 1}}, OTHERS)
    add("no-rule", "A tensor without a rule.", 13, "curveCoverage", {"tensors": "a.*", "allow": NORM})
    add("no-tensor", "A rule without a tensor.", 13, "curveCoverage", {"tensors": "z", "allow": NORM}, OTHERS)


def _structures(case, trust) -> None:
    """Certificates of version 2."""
    wide, allow = curves.subject("wide"), {"entries": 1 << 15}
    rules = [{"tensors": "*", "allow": allow}]
    text = as_json({"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": rules})
    canonical = read_policy(text.encode()).canonical()
    content = curves.rebuilt(wide, wide.taken_apart()[1], policy=canonical, version=2)
    words = dict(of="wide", policy=Text(text), cert=content)
    case("policy-slots", "Slots of more than 2^24 cells.", 14, "curveNotProvable", *trust, rule=STRUCTURES, **words)
    found = {name: curves.subject(name) for name in ("rank", "sparse")}
    trusted = {name: ("--setup", own.parts[0].setup_id.hex(), *trust[2:]) for name, own in found.items()}
    case("rank", "Ranks with and without residual, norms, a total.", 0, "verified", *trusted["rank"], of="rank")
    case("sparse", "Entries, rows, columns, beside a rank, a residual.", 0, "verified", *trusted["sparse"], of="sparse")
    earlier = curves.rebuilt(found["rank"], found["rank"].taken_apart()[1], version=1)
    case("rank-earlier", "Ranks as version 1.", 11, "curveVersion", *trusted["rank"], of="rank", cert=earlier)

    def add(name: str, says: str, reason: str, of: str, **changed) -> None:
        own = found[of]
        content = curves.rebuilt(own, own.taken_apart()[1], **changed)
        case(f"{of}-{name}", says, 11, reason, *trusted[of], of=of, rule=STRUCTURES, cert=content)

    seven = (7).to_bytes(32, "little")
    for of, own in found.items():
        proof, places = own.parts[0].proof, curves.places(own)
        for name, place in places.items():
            content = proof[: place.start] + seven + proof[place.start + 32 :]
            add(f"proof-{place.name}", f"Another {name}.", f"curve{place.check}", of, proof=content)
        first = G1_GENERATOR + proof[48:]
        add("proof-first", "Another row of P1.", "curveSumcheck", of, proof=first)
        add("proof-long", "A byte too many.", "curveTrailing", of, proof=proof + b"\0")
        for name, old, new in OTHER_CLAUSES[of]:
            text = own.policy.decode()
            assert text.count(old) == 1
            policy = text.replace(old, new)
            content = curves.rebuilt(own, own.taken_apart()[1], policy=read_policy(policy.encode()).canonical())
            reason = "curveOtherProof"
            words = dict(of=of, rule=STRUCTURES, policy=Text(policy), cert=content)
            case(f"{of}-{name}", "The proof of another clause.", 11, reason, *trusted[of], **words)


#: Clauses of which the pinned proofs are not: what is asked for has as many messages, or others.
OTHER_CLAUSES = {
    "rank": [
        ("less", '"rank": 2', '"rank": 1'),
        ("more", '"rank": 3,', '"rank": 4,'),
        ("closer", '"absolute": 0.002', '"absolute": 0.001'),
        ("exact", '"absolute": 0.002', '"absolute": 0'),
    ],
    "sparse": [
        ("fewer", '"entries": 5', '"entries": 4'),
        ("rows", '"columns": 1', '"rows": 1'),
        ("wider", '"absolute": 0.01', '"absolute": 0.02'),
    ],
}


def _assumptions(case, own, trust) -> None:
    """A policy that permits the assumption is another one than without."""
    plain = json.loads(own.policy)
    text = as_json({**plain, "assume": "bls12-381"})
    content = curves.rebuilt(own, own.taken_apart()[1], policy=read_policy(text.encode()).canonical())
    setup = trust[:2]
    given = {"policy": Text(text), "cert": content}
    case("assumed", "The policy permits; the proof is about the one without.", 11, "curveSumcheck", *setup, **given)
    case("assumed-no-setup", "It vouches for no setup.", 12, "curveUnknownSetup", **given)
    case("assumed-otherwise", "The prover's policy alone permits.", 12, "curvePolicy", *trust, cert=content)
    wrong = Text(as_json({**plain, "assume": "bn254"}))
    case("assumed-unknown", "Of another curve.", 1, "policyFile", *trust, policy=wrong, rule="policy-grammar 2")


def _chains(found: Cases, trust) -> None:
    """The pinned chain, whose policies permit the assumption."""
    setup = ("--setup", read_curve_certificate((curves.CHAIN / "1.drift").read_bytes()).setup_id.hex())
    files = {f"cert{number}": Stored(curves.CHAIN / f"{number}.drift") for number in (1, 2, 3)}
    identity = Stored(curves.CHAIN / "base.identity.json")
    policies = {name: Stored(curves.CHAIN / f"{name}.json") for name in ("matrices", "bias")}

    def case(name: str, says: str, numbers: tuple[int, ...], code: int, reason: str, *options: str, **more) -> None:
        given = {f"cert{number}": more.pop(f"cert{number}", files[f"cert{number}"]) for number in numbers}
        words = ["chain", "verify", *(f"@{name}" for name in given), "--base-identity", "@identity", *setup, *options]
        found.add(name, says, words, {**given, "identity": identity, **more}, code, reason, CHAIN_RULE)

    order = ["--policy", "@matrices", "@bias", "@matrices"]
    assume = trust[2:]
    case("chain", "Three links, and the policy of each.", (1, 2, 3), 0, "verified", *order, **policies)
    case("chain-own", "The policies inside, which permit nothing.", (1, 2, 3), 12, "curveOwnPolicy")
    case("chain-own-assumed", "The caller permits.", (3, 1, 2), 0, "verified", *assume)
    case("chain-missing", "A parent is missing.", (1, 3), 12, "parentMissing", *assume)
    flipped = files["cert2"].with_byte(91)
    case("chain-other-parent", "Another parent is named.", (1, 2), 12, "parentMissing", *assume, cert2=flipped)
    broken = files["cert2"].with_byte(-1)
    case("chain-broken", "A link fails, and so does the next.", (1, 2, 3), 11, "curveOpening", *assume, cert2=broken)
    case(
        "chain-transition",
        "Transitions are of others.",
        (1,),
        14,
        "curveNotProvable",
        *assume,
        "--transition",
        "@cert1",
    )
    alone = {"cert": files["cert2"], "identity": identity, "policy": policies["bias"]}
    words = ["verify", "@cert", "--base-identity", "@identity", "--policy", "@policy", *setup]
    found.add("link-alone", "A link by itself.", words, alone, 12, "curveLink", RULE)
