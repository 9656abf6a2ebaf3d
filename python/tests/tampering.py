# SPDX-License-Identifier: Apache-2.0
"""Mutations of certificates, identities and policies: single bytes, and fields resealed with correct hashes."""

import copy
import json
from dataclasses import dataclass, replace

import numpy as np

from driftproof.independent import read_identity, read_policy
from driftproof.independent.certificate import MAGIC, VERSION, Certificate, read_certificate
from driftproof.independent.errors import VerificationFailure
from driftproof.independent.identity import BaseIdentity, BaseTensor
from driftproof.independent.layout import Layout
from driftproof.independent.manifest import (
    ALIGNED_WORD,
    BANDS_WORD,
    BLOCKS_VERSION,
    CHANGED,
    CIRCULANTS_VERSION,
    KRONECKER,
    KRONECKER_WORD,
    PATTERNS_VERSION,
    PRODUCT,
    Manifest,
    TunedTensor,
    read_manifest,
    says_aligned,
)
from driftproof.independent.merkle import root_of_leaves
from driftproof.independent.parameters import CodeParameters
from driftproof.independent.verifier import derive, derive_tensors
from driftproof.independent.wire import counted, i64, sha256, text, u8, u32, u64, u128


@dataclass
class Subject:
    """What `verify` is given: bytes of three files."""

    certificate: bytes
    identity: bytes
    policy: bytes
    #: The tuned commitment that a link has to continue.
    parent: bytes | None = None


# --- writers --------------------------------------------------------------------------------------------------------


def certificate_bytes(certificate: Certificate) -> bytes:
    parts = (
        certificate.base_root,
        certificate.policy_digest,
        certificate.tuned_commitment,
        certificate.manifest,
        certificate.policy,
        certificate.drift_root,
        certificate.drift_pins,
        certificate.proof,
    )
    return MAGIC + u32(VERSION) + b"".join(counted(part) for part in parts)


def manifest_bytes(manifest: Manifest) -> bytes:
    result = u32(ALIGNED_WORD) if manifest.aligned else b""
    if any(tensor.kind == KRONECKER for tensor in manifest.tensors):
        result += u32(KRONECKER_WORD)
    if manifest.code and manifest.code.bands != 1:
        result += u32(BANDS_WORD) + u32(manifest.code.bands)
    result += u32(manifest.version)
    if manifest.version in (PATTERNS_VERSION, BLOCKS_VERSION, CIRCULANTS_VERSION):
        result += u8(1 if manifest.parent else 0)
    result += manifest.parent or b""
    code = manifest.code
    numbers = (code.log_length, code.log_blowup, code.queries, code.grinding, code.drift_tail) if code else (0,) * 5
    result += b"".join(u32(number) for number in (*numbers, manifest.rows)) + manifest.layout_digest
    result += u64(len(manifest.tensors))
    for tensor in manifest.tensors:
        result += text(tensor.name) + text(tensor.dtype) + u64(len(tensor.shape))
        result += b"".join(u64(size) for size in tensor.shape) + u8(tensor.kind)
        if tensor.kind == PRODUCT:
            result += u32(tensor.rank)
        if tensor.kind == KRONECKER:
            result += u32(tensor.inner[0]) + u32(tensor.inner[1])
        if tensor.kind in (CHANGED, PRODUCT, KRONECKER):
            result += tensor.digest or bytes(32)
    return result


def resealed_identity(value: dict) -> bytes:
    """An identity's JSON with the roots that its lines and its linked part have."""
    tensors = []
    for line in value["tensors"]:
        numbers = (line.get("fractionBits", 0), int(line.get("sumOfSquares", 0)), line.get("maxAbs", 0))
        described = (line["name"], line["dtype"], tuple(line["shape"]), *numbers, bytes.fromhex(line["sha256"]))
        tensors.append(BaseTensor(*described, line.get("unencodableEntry")))
    tree = root_of_leaves([tensor.leaf() for tensor in tensors], sha256(b"driftproof/identity/empty/v1"))
    root = sha256(b"driftproof/identity/v1", u64(len(tensors)), tree)
    sealed = {**value, "root": root.hex()}
    if "linked" in value:
        sealed["linkedRoot"] = _linked_root(root, value["linked"]).hex()
    return json.dumps(sealed, ensure_ascii=False).encode()


def _linked_root(root: bytes, linked: dict) -> bytes:
    trees, tail = linked["trees"], linked.get("tail", 0)
    predecessor = bytes.fromhex(linked.get("predecessor", ""))
    label = text(f"driftproof/base-tableau/v{3 if predecessor else 2 if tail else 1}")
    content = (
        label + predecessor + u32(linked["logLength"]) + u32(linked["logBlowup"]) + u32(1) + u64(tail) + u32(len(trees))
    )
    for tree in trees:
        content += u32(tree["rows"]) + bytes.fromhex(tree["root"]) + bytes.fromhex(tree.get("pins", ""))
    content += u64(len(linked["tensors"]))
    for line in linked["tensors"]:
        content += text(line["name"]) + u128(int(line["heaviestChunk"])) + u64(line["entriesBelowFloor"])
        content += i64(line["fractionBits"])
    content += bytes.fromhex(linked["layoutDigest"])
    return sha256(b"driftproof/identity/v2", root, sha256(content))


def is_sane(line: dict) -> bool:
    """Whether the numbers fit into a leaf at all."""
    return 0 <= line.get("maxAbs", 0) < 1 << 64 and 0 <= int(line.get("sumOfSquares", 0)) < 1 << 128


# --- resealing ------------------------------------------------------------------------------------------------------


def relaid(manifest: Manifest, identity: BaseIdentity, policy) -> Manifest:
    """The manifest with the number of rows and the layout digest that its statement has, if it has one."""
    if not manifest.code or not manifest.code.in_range:
        return manifest
    try:
        _, rules = derive(identity, manifest, policy)
        tensors, shrinkages, _ = derive_tensors(identity, manifest, rules)
        statement = rules.statement(manifest.code, tensors, shrinkages)
        return replace(manifest, rows=Layout(statement).row_count, layout_digest=statement.layout_digest())
    except VerificationFailure:
        return manifest


def resealed(subject: Subject, manifest: Manifest | bytes | None = None, lay_out: bool = False) -> Subject:
    """The certificate with a manifest, and with the roots and digests of the identity and the policy beside it."""
    certificate = read_certificate(subject.certificate)
    changes: dict = {}
    try:
        identity = read_identity(subject.identity)
        changes["base_root"] = identity.root
    except VerificationFailure:
        identity = None
    try:
        policy = read_policy(subject.policy)
        changes["policy_digest"], changes["policy"] = policy.digest, policy.canonical()
        if policy.needs_linked_base and identity and identity.linked:
            changes["base_root"] = identity.linked.linked_root
    except VerificationFailure:
        policy = None
    if manifest is None:
        manifest = read_manifest(certificate.manifest)
    is_aligned = says_aligned(manifest) if isinstance(manifest, bytes) else manifest.aligned
    if is_aligned and identity and identity.linked:
        changes["base_root"] = identity.linked.linked_root
    if lay_out and identity and policy and isinstance(manifest, Manifest):
        manifest = relaid(manifest, identity, policy)
        pins = 24 * manifest.rows
        changes["drift_pins"] = (certificate.drift_pins + bytes(max(0, min(pins, 1 << 20))))[:pins]
    changes["manifest"] = manifest if isinstance(manifest, bytes) else manifest_bytes(manifest)
    certificate = replace(certificate, **changes)
    certificate = replace(certificate, tuned_commitment=certificate.commitment_of_parts)
    return replace(subject, certificate=certificate_bytes(certificate))


# --- mutations ------------------------------------------------------------------------------------------------------


class Mutator:
    """Draws mutations of a subject; each method returns a new one."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)

    def below(self, count: int) -> int:
        return int(self.random.integers(count))

    def pick(self, *choices):
        return choices[self.below(len(choices))]

    KINDS = (
        "flip",
        "flip",
        "flip",
        "byte",
        "cut",
        "extend",
        "manifest_field",
        "manifest_field",
        "manifest_tensor",
        "manifest_tensor",
        "manifest_byte",
        "policy_number",
        "policy_rule",
        "policy_text",
        "identity_number",
        "identity_text",
    )

    def mutated(self, subject: Subject) -> tuple[str, Subject]:
        kind = self.pick(*self.KINDS)
        return kind, getattr(self, "_" + kind)(subject)

    # bytes of the certificate

    def _place(self, content: bytes) -> int:
        """A byte of a random section, its length included."""
        at, ends = 12, [12]
        while at + 8 <= len(content):
            at += 8 + int.from_bytes(content[at : at + 8], "little")
            ends.append(min(at, len(content)))
        section = self.below(len(ends))
        start = ends[section - 1] if section else 0
        return start + self.below(max(1, ends[section] - start))

    def _flip(self, subject: Subject) -> Subject:
        content = bytearray(subject.certificate)
        content[self._place(subject.certificate)] ^= 1 << self.below(8)
        return replace(subject, certificate=bytes(content))

    def _byte(self, subject: Subject) -> Subject:
        content = bytearray(subject.certificate)
        place = self._place(subject.certificate)
        content[place] = (content[place] + 1 + self.below(255)) & 255
        return replace(subject, certificate=bytes(content))

    def _cut(self, subject: Subject) -> Subject:
        return replace(subject, certificate=subject.certificate[: self.below(len(subject.certificate))])

    def _extend(self, subject: Subject) -> Subject:
        certificate = read_certificate(subject.certificate)
        if self.below(2):
            return replace(subject, certificate=subject.certificate + bytes(1 + self.below(40)))
        proof = (
            certificate.proof + bytes(8 * self.below(4))
            if self.below(2)
            else certificate.proof[: -8 * (1 + self.below(4))]
        )
        return replace(subject, certificate=certificate_bytes(replace(certificate, proof=proof)))

    # fields of the manifest

    def _manifest_field(self, subject: Subject) -> Subject:
        manifest = read_manifest(read_certificate(subject.certificate).manifest)
        field = self.pick("version", "version", "parent", "code", "code", "code", "rows", "layout", "no code")
        if field == "version":
            version = self.pick(2, 3, 4, 5, 6, 7, 8, 9, 1)
            parent = bytes(range(32)) if version & 1 else None
            manifest = replace(manifest, version=version, parent=parent)
        elif field == "parent":
            other = manifest.version ^ 1
            manifest = replace(manifest, version=other, parent=bytes(32) if other & 1 else None)
        elif field == "code" and manifest.code:
            name = self.pick("log_length", "log_blowup", "queries", "grinding", "drift_tail", "bands")
            value = getattr(manifest.code, name)
            value = max(0, self.pick(value + 1, value - 1, value + 2, value * 2, 0, value // 2, 2**32 - 1) % 2**32)
            manifest = replace(manifest, code=replace(manifest.code, **{name: value}))
        elif field == "rows":
            manifest = replace(manifest, rows=max(0, manifest.rows + self.pick(1, -1, 7)))
        elif field == "no code":
            manifest = replace(manifest, code=None if manifest.code else CodeParameters(14, 3, 74, 20, 148), rows=0)
        else:
            digest = bytearray(manifest.layout_digest)
            digest[self.below(32)] ^= 1 << self.below(8)
            return resealed(subject, replace(manifest, layout_digest=bytes(digest)))
        return resealed(subject, manifest, lay_out=bool(self.below(2)))

    def _manifest_tensor(self, subject: Subject) -> Subject:
        manifest = read_manifest(read_certificate(subject.certificate).manifest)
        tensors = list(manifest.tensors)
        if not tensors:
            return self._flip(subject)
        index = self.below(len(tensors))
        tensor = tensors[index]
        field = self.pick("name", "dtype", "shape", "shape", "kind", "rank", "remove", "add", "digest")
        if field == "name":
            tensors[index] = replace(
                tensor, name=self.pick(tensor.name + "x", tensor.name[:-1], "", "é", tensor.name + "[rows 0-1]")
            )
        elif field == "dtype":
            tensors[index] = replace(tensor, dtype=self.pick("F32", "F16", "BF16", "F64", "I32", "F4", "Q8", ""))
        elif field == "shape":
            sizes = list(tensor.shape)
            choice = self.below(4)
            if choice == 0 or not sizes:
                sizes.append(self.pick(1, 2, 0, 1 << 62))
            elif choice == 1:
                place = self.below(len(sizes))
                sizes[place] = max(0, self.pick(sizes[place] + 1, sizes[place] - 1, 0, 2**63, 2**40))
            elif choice == 2:
                sizes.pop()
            else:
                sizes.reverse()
            tensors[index] = replace(tensor, shape=tuple(sizes))
        elif field == "kind":
            kind = self.below(6)
            inner = (self.pick(1, 2, 4, 0, 8), self.pick(1, 2, 4, 5, 2**31))
            rank = self.pick(1, 2, 8, 0, 2000)
            tensors[index] = replace(tensor, kind=kind, rank=rank, inner=inner, digest=bytes(32))
        elif field == "rank":
            tensors[index] = replace(tensor, rank=tensor.rank + self.pick(1, -1, 100) if tensor.rank else 0)
        elif field == "remove":
            tensors.pop(index)
        elif field == "add":
            tensors.append(TunedTensor(self.pick("zz.new", "a.new"), "F32", (2, 3), self.below(2), bytes(32), 0))
            if self.below(4):
                tensors.sort(key=lambda each: each.name.encode())
        else:
            tensors[index] = replace(tensor, digest=bytes(reversed(tensor.digest))) if tensor.digest else tensor
        return resealed(subject, replace(manifest, tensors=tuple(tensors)), lay_out=bool(self.below(2)))

    def _manifest_byte(self, subject: Subject) -> Subject:
        content = bytearray(read_certificate(subject.certificate).manifest)
        content[self.below(len(content))] ^= 1 << self.below(8)
        return resealed(subject, bytes(content))

    # policies

    def _sealed_or_not(self, subject: Subject) -> Subject:
        if self.below(4) == 0:
            return subject
        return resealed(subject, lay_out=bool(self.below(2)))

    def _numbers(self, value, found: list) -> list:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            if isinstance(item, (int, float)) and not isinstance(item, bool):
                found.append((value, key))
            self._numbers(item, found)
        return found

    def _policy_number(self, subject: Subject) -> Subject:
        value = json.loads(subject.policy)
        holder, key = self.pick(*self._numbers(value, []))
        old = holder[key]
        holder[key] = self.pick(
            old * 2, old / 3, old + 1, 0, -1, 1e-9, 1e12, 1e-30, 0.1234567890123456789, old * 1.0001, 1e41, 2000
        )
        return self._sealed_or_not(replace(subject, policy=json.dumps(value).encode()))

    def _policy_rule(self, subject: Subject) -> Subject:
        value = json.loads(subject.policy)
        rules = value["rules"]
        index = self.below(len(rules))
        choice = self.below(8)
        if choice == 0:
            rules.pop(index)
        elif choice == 1:
            rules.reverse()
        elif choice == 2:
            rules[index]["allow"] = self.pick(
                "frozen", "any", "none", [], {}, {"rank": 3}, {"rows": 2, "residual": {"absolute": 1e-3}}
            )
        elif choice == 3:
            rules[index]["tensors"] = self.pick(
                "*", "{a,b}*", "\\*", "", "*{", "layer.*", rules[index]["tensors"] + "*"
            )
        elif choice == 4:
            rules[index]["heads"] = self.pick(
                {"of": "rows", "size": 2}, {"of": "columns", "size": 1}, {"of": "slices"}, {"of": "x"}
            )
        elif choice == 5:
            rules[index]["grow"] = {"rows": self.pick(1, 5, 0, 2**20 + 1)}
        elif choice == 6:
            value["total"] = {
                "norm": self.pick({"absolute": 3}, {"relative": 0.1}, {"absolute": 1e12}, {"absolute": 0})
            }
        else:
            rule = copy.deepcopy(rules[index])
            clauses = rule["allow"] if isinstance(rule["allow"], list) else [rule["allow"]]
            extra = self.pick(
                {"rank": 2, "residual": {"absolute": 0.1}},
                {"norm": {"absolute": 5}},
                {"entries": 9},
                {"entrywise": {"absolute": 0.01}},
                {"rounding": {"halfUlps": 1.5}},
                {"residual": {"absolute": 1}},
                {"rank": 4, "entrywise": {"relative": 0.001}, "residual": {"relative": 0.1}},
                {"rank": 1, "rows": 2},
                {"rank": 2, "rounding": {"roundoffs": 1, "of": ["tuned", "base"]}},
                {"pattern": {"of": "drift", "n": 1, "m": 2}},
                {"pattern": {"of": "drift", "n": 3, "m": 16}},
                {"pattern": {"of": "tuned", "n": 2, "m": 4}},
                {"pattern": {"of": "base"}},
                {"entrywise": {"ofWeight": 0.1}},
                {"rank": 1, "entrywise": {"ofWeight": 0.5, "absolute": 0.01}},
            )
            rule["allow"] = [*clauses, extra]
            rules[index] = rule
        return self._sealed_or_not(replace(subject, policy=json.dumps(value).encode()))

    def _text(self, content: bytes) -> bytes:
        content = bytearray(content)
        place = self.below(len(content))
        choice = self.below(4)
        if choice == 0:
            content[place] ^= 1 << self.below(7)
        elif choice == 1:
            del content[place]
        elif choice == 2:
            content[place:place] = self.pick(
                b" ", b"0", b"1", b"//\n", b",", b"\\", b"\xc3\xa9", b"\x01", b"-", b".0", b"e1", b'"', b"\r"
            )
        else:
            end = min(len(content), place + 1 + self.below(12))
            content[place:place] = content[place:end]
        return bytes(content)

    def _policy_text(self, subject: Subject) -> Subject:
        return self._sealed_or_not(replace(subject, policy=self._text(subject.policy)))

    # identities

    def _identity_number(self, subject: Subject) -> Subject:
        value = json.loads(subject.identity)
        if "linked" in value or not value["tensors"]:
            return self._identity_text(subject)
        line = self.pick(*value["tensors"])
        field = self.pick("fractionBits", "sumOfSquares", "maxAbs", "dtype", "shape", "name", "sha256")
        if field in ("fractionBits", "maxAbs") and field in line:
            line[field] = (
                max(-30, line[field] + self.pick(1, -1, 5, -7))
                if field == "fractionBits"
                else max(0, line[field] + self.pick(1, -1, 5, -7))
            )
        elif field == "sumOfSquares" and field in line:
            line[field] = str(max(0, int(line[field]) * self.pick(1, 2, 4) // self.pick(1, 2, 3) + self.pick(0, 1, -1)))
        elif field == "dtype":
            line[field] = self.pick("F32", "F16", "BF16", "F64", "I32", "U8")
        elif field == "shape" and line["shape"]:
            line["shape"] = self.pick(
                line["shape"][::-1], [*line["shape"], 1], line["shape"][:-1], [line["shape"][0] + 1, *line["shape"][1:]]
            )
        elif field == "name":
            line["name"] += "x"
        else:
            line["sha256"] = line["sha256"][::-1]
        if not is_sane(line):
            return replace(subject, identity=json.dumps(value).encode())
        changed = replace(subject, identity=resealed_identity(value))
        return self._sealed_or_not(changed)

    def _identity_text(self, subject: Subject) -> Subject:
        return self._sealed_or_not(replace(subject, identity=self._text(subject.identity)))
