# SPDX-License-Identifier: Apache-2.0
"""Certificates that verify: every version of manifests, every kind of clause."""

import json
from dataclasses import replace

import tampering
from driftproof.independent import read_policy
from driftproof.independent.certificate import Certificate, read_certificate
from driftproof.independent.manifest import Manifest, TunedTensor
from driftproof.independent.wire import sha256

from .case import Bytes, Cases, Padded, Text
from .subjects import (
    ADAPTER,
    ALIGNED,
    BANDS,
    CIRCULANT,
    CLASSES,
    ENTRIES,
    FORMS,
    HEADS,
    HIDING,
    KRONECKER,
    LINK,
    LOKR,
    NEWER_ADAPTER,
    NEWER_NORM,
    NORM,
    PARENT,
    PATTERNS,
    ROOT,
    ROUNDING,
    SECOND,
    SECOND_RELEASE,
    SLICES,
    THINNED,
    WEIGHTS,
    Subject,
    add,
    sealed_identity,
)

RULE = "checks-and-exit-codes 1"


def parent_of(subject: Subject) -> str:
    return subject.manifest.parent.hex()


def frozen(version: int, parent: bytes | None = None) -> Subject:
    """A certificate about which nothing is to be proved: the only tensor is frozen."""
    policy = {"driftPolicy": 1, "name": "frozen", "securityBits": 128, "rules": [{"tensors": "*", "allow": "frozen"}]}
    tensor = {"name": "w", "dtype": "F32", "shape": [2], "fractionBits": 24, "sumOfSquares": "8", "maxAbs": 2}
    value = {"driftIdentity": 1, "root": "", "tensors": [tensor | {"sha256": "ab" * 32}]}
    identity = Text(sealed_identity(value))
    tensors = (TunedTensor("w", "F32", (2,), 0, None, 0),)
    manifest = tampering.manifest_bytes(Manifest(version, parent, None, 0, bytes(32), tensors))
    canonical = read_policy(json.dumps(policy).encode()).canonical()
    root = bytes.fromhex(json.loads(identity.text)["root"])
    parts = Certificate(root, sha256(canonical), b"", manifest, canonical, bytes(32), b"", b"")
    content = tampering.certificate_bytes(replace(parts, tuned_commitment=parts.commitment_of_parts))
    assert read_certificate(content)
    return Subject(Bytes(content), identity, Text(json.dumps(policy)))


def cases() -> Cases:
    found = Cases("verify")

    def valid(name: str, says: str, subject: Subject, *more, **files) -> None:
        add(found, name, says, subject, 0, "verified", RULE, *more, **files)

    valid("version-2-norm", "Manifest of version 2, a norm.", NORM)
    valid("version-2-classes", "Version 2: ranks, entries, rows, columns, sums, intersections, any, total.", CLASSES)
    valid("version-2-heads", "Version 2: heads of rows.", HEADS)
    valid("version-2-adapter", "Version 2: an unmerged adapter.", ADAPTER)
    valid("version-4-norm", "Version 4: a norm.", NEWER_NORM)
    valid("version-4-adapter", "Version 4: an unmerged adapter.", NEWER_ADAPTER)
    valid("version-4-slices", "Version 4: heads of slices.", SLICES)
    valid("version-4-forms", "Version 4: all types, growth, heads of columns, any, a relative total.", FORMS)
    valid("version-5-link", "Version 5: a link.", SECOND, "--parent", parent_of(SECOND))
    valid("version-6-entries", "Version 6: entrywise bounds.", ENTRIES)
    valid("version-7-link", "Version 7: a link with entrywise bounds.", LINK, "--parent", parent_of(LINK))
    valid("version-8-rounding", "Version 8: rounding clauses, a linked identity.", ROUNDING)
    valid("version-8-weights", "Version 8: a bound by a fraction of each weight.", WEIGHTS)
    valid("version-9-patterns", "Version 9: patterns of drift, tuned and base.", PATTERNS)
    valid("version-9-link", "Version 9 with a byte 1: a link.", THINNED, "--parent", parent_of(THINNED))
    valid("version-10-kronecker", "Version 10: sums of Kronecker products.", KRONECKER)
    valid("next-base", "A next base's identity: fractions of its weights.", SECOND_RELEASE)
    valid("version-13-circulant", "Version 13: circulant blocks.", CIRCULANT)
    valid("hiding-base", "A base whose tableau hides its weights: fractions of weights, a pattern of the base.", HIDING)
    valid("lokr-adapter", "A manifest whose first word is 12: an unmerged LoKr adapter.", LOKR)
    valid("bands", "A manifest whose first word is 14: leaves in three bands.", BANDS)
    valid("aligned", "A manifest whose first word is 11, without its transition.", ALIGNED)
    for version in (2, 4):
        valid(f"nothing-to-prove-{version}", f"Version {version}, all frozen: no proof.", frozen(version))
    for version in (3, 5):
        link, parent = frozen(version, bytes(range(32))), bytes(range(32)).hex()
        valid(f"nothing-to-prove-{version}", f"Version {version}: a link, all frozen.", link, "--parent", parent)
    with_parent = ["--parent", "@parent"]
    valid("parent-by-file", "The parent as a certificate.", LINK, *with_parent, parent=PARENT.certificate)
    valid(
        "parent-version-4",
        "A link of version 5 and its parent of version 4.",
        SECOND,
        *with_parent,
        parent=ROOT.certificate,
    )
    valid("soundness", "With all terms of the soundness error.", NORM, "--soundness")

    policy = json.loads(NORM.policy.content)
    respelled = """\t// a policy
{ "rules" : [ { "allow" : { "norm" : { "absolute" : 25.00e-2 } } , // a quarter
  "tensors" : "\\u0077" } ], "securityBits" : 1.28e2, "name" : "pinned norm",\r
  "driftPolicy" : 10e-1 }
//"""
    valid(
        "policy-respelled", "Other order, spelling, comments: the same canonical bytes.", NORM, policy=Text(respelled)
    )
    one = policy | {"rules": [policy["rules"][0] | {"allow": [policy["rules"][0]["allow"]]}]}
    valid("policy-list-of-one", "A list of one clause is the clause.", NORM, policy=Text(json.dumps(one)))
    valid("policy-padded", "A policy of exactly 4 MiB.", NORM, policy=padded(NORM.policy, 4 << 20))
    for_editors = Text(json.dumps({"$schema": "https://example.org/policy.schema.json"} | policy))
    valid("policy-schema", "With a $schema, which means nothing.", NORM, policy=for_editors)
    reordered = json.dumps(dict(reversed(NORM.value.items())), indent=2)
    valid("identity-respelled", "An identity with other order and white space.", NORM, identity=Text(reordered))
    return found


def padded(stored, size: int) -> Padded:
    return Padded(stored.path, b" ", size - len(stored.content))
