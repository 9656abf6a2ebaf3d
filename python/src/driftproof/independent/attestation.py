# SPDX-License-Identifier: Apache-2.0
"""Signed statements about certificates (docs/attestations.md)."""

import re
from base64 import b64decode, b64encode

from . import coverage, strictjson
from .certificate import read_certificate
from .errors import AnotherSubject, InvalidProof, OperationalError, VerificationFailure
from .manifest import ADAPTER_UNCHANGED, PRODUCT, Manifest, read_manifest
from .policy import ANY, Policy, decode, read_canonical
from .revocation import is_date
from .signatures import PublicKey, read_public_key
from .wire import name_order, sha256

MAXIMUM_BYTES = 64 << 20
MAXIMUM_KEY_BYTES = 1 << 20
MAXIMUM_ENVELOPES = 64
MAXIMUM_SIGNATURES = 64
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://driftproof.dev/attestation/drift/v1"
SYSTEM = "driftproof/v2"
RELATIONS = ("finetune", "adapter", "merge", "quantized")
BINDINGS = ("commitment", "declared", "checked")


def strict_base64(spelled: str) -> bytes:
    """Base64 in one of both alphabets, padded, without white space, unused bits zero."""
    if re.search(r"[+/]", spelled) and re.search(r"[-_]", spelled):
        raise InvalidProof("attestation: base64 in two alphabets")
    standard = spelled.replace("-", "+").replace("_", "/")
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", standard):
        raise InvalidProof("attestation: malformed base64")
    content = b64decode(standard)
    if b64encode(content).decode() != standard:
        raise InvalidProof("attestation: base64 with unused bits")
    return content


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What DSSE signs."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _json(content: bytes, what: str):
    try:
        return strictjson.parse(content, what)
    except OperationalError as error:
        raise InvalidProof(str(error)) from None


def read_envelopes(content: bytes) -> list:
    """The JSON values of one envelope, or of up to 64, one a line; empty lines are none."""
    try:
        return [strictjson.parse(content, "attestation")]
    except OperationalError:
        lines = [line for line in content.split(b"\n") if line not in (b"", b"\r")]
    if not 1 <= len(lines) <= MAXIMUM_ENVELOPES:
        raise InvalidProof("attestation: 1 to 64 envelopes are expected")
    return [_json(line, "attestation") for line in lines]


def signed_payload(value, key: PublicKey) -> bytes:
    """The payload of an envelope that the key has signed."""
    _require(isinstance(value, dict), "an envelope is an object")
    kind, payload, signatures = (value.get(key) for key in ("payloadType", "payload", "signatures"))
    _require(_is_text(kind) and _is_text(payload), "an envelope has a type and a payload")
    _require(isinstance(signatures, list) and 1 <= len(signatures) <= MAXIMUM_SIGNATURES, "1 to 64 signatures")
    content = strict_base64(payload)
    message = pre_authentication(kind, content)
    found = []
    for each in signatures:
        _require(isinstance(each, dict) and _is_text(each.get("sig")), "a signature has sig")
        _require(_is_text(each.get("keyid", "")), "keyid is a string")
        found.append(strict_base64(each["sig"]))
    if not any(key.verifies(message, signature) for signature in found):
        raise InvalidProof("attestation: no signature is by the given key")
    _require(kind == PAYLOAD_TYPE, "the payload is no in-toto statement")
    return content


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise InvalidProof(f"attestation: {reason}")


def _is_text(value) -> bool:
    return isinstance(value, str) and not isinstance(value, strictjson.Number)


def _member(value, *keys: str):
    """A member inside objects; what is missing is an error of form."""
    for key in keys:
        _require(isinstance(value, dict) and key in value, f"{'.'.join(keys)} is missing")
        value = value[key]
    return value


def _text(value, *keys: str) -> str:
    found = _member(value, *keys)
    _require(_is_text(found), f"{'.'.join(keys)} is a string")
    return found


def _digest(value, *keys: str) -> bytes:
    found = _text(value, *keys)
    _require(re.fullmatch(r"[0-9a-f]{64}", found) is not None, f"{'.'.join(keys)} is a digest")
    return bytes.fromhex(found)


def _count(value, *keys: str) -> int:
    try:
        return strictjson.integer(_member(value, *keys), ".".join(keys), 0, 10**18)
    except OperationalError as error:
        raise InvalidProof(f"attestation: {error}") from None


def _same(found, expected, what: str) -> None:
    if found != expected:
        raise AnotherSubject(f"attestation: {what} is another than the certificate's")


def coverage_counts(manifest: Manifest, policy: Policy) -> dict[str, tuple[int, int]]:
    """Tensors and parameters of the tuned model that are proved, byte-identical, excluded; and the excluded names."""
    decisions = coverage.decide(policy, [tensor.name for tensor in manifest.tensors], every_rule=False)
    counts = {"proved": [0, 0], "identical": [0, 0], "excluded": [0, 0]}
    names = []
    for tensor in manifest.tensors:
        rule = decisions[tensor.name]
        if tensor.kind == ADAPTER_UNCHANGED:
            kind = "identical"
        elif rule.kind == ANY:
            kind = "excluded"
            names.append(tensor.name)
        else:
            kind = "proved" if tensor.kind == PRODUCT or tensor.digest is not None else "identical"
        counts[kind][0] += 1
        counts[kind][1] += tensor.entries
    return {kind: tuple(pair) for kind, pair in counts.items()} | {"names": sorted(names, key=name_order)}


def check_statement(payload: bytes, content: bytes, files: bytes | None) -> None:
    """Every member of a statement that the certificate also determines; `files` is the digest of the model at hand."""
    value = _json(payload, "attestation: statement")
    _require(_text(value, "_type") == STATEMENT_TYPE, "another type of statement")
    _require(_text(value, "predicateType") == PREDICATE_TYPE, "another type of predicate")
    subjects = _member(value, "subject")
    _require(isinstance(subjects, list) and len(subjects) == 1, "one subject is expected")
    subject, predicate = subjects[0], _member(value, "predicate")
    for holder, name in ((subject, "name"), (_member(predicate, "base"), "uri"), (_member(predicate, "proof"), "name")):
        _require(isinstance(holder, dict) and _is_text(holder.get(name, "")), f"{name} is a string")
    commitment = _digest(subject, "digest", "driftCommitment")
    stated_files = _digest(subject, "digest", "sha256") if "sha256" in _member(subject, "digest") else None
    base_root = _digest(predicate, "base", "digest", "driftIdentity")
    _require(_text(predicate, "relation") in RELATIONS, "the relation is unknown")
    binding = _text(predicate, "subjectBinding")
    _require(binding in BINDINGS, "the subject's binding is unknown")
    if "filesLeftOut" in predicate:
        left_out = predicate["filesLeftOut"]
        _require(isinstance(left_out, list) and left_out and all(map(_is_text, left_out)), "filesLeftOut is malformed")
        _require(binding != "checked", "checked, with files left out")
    policy_name, policy_digest = (
        _text(predicate, "policy", "name"),
        _digest(predicate, "policy", "digest", "driftPolicy"),
    )
    claims = _member(predicate, "claims")
    _require(isinstance(claims, dict), "claims are an object")
    certificate_digest = _digest(predicate, "proof", "digest", "sha256")
    annotations = _member(predicate, "proof", "annotations")
    system, bits = _text(annotations, "system"), _count(annotations, "securityBits")
    stated_base = _digest(annotations, "baseCommitment")
    parent = _digest(annotations, "parentCommitment") if "parentCommitment" in annotations else None
    _text(predicate, "prover", "id")
    _require(is_date(_text(predicate, "provedAt")), "provedAt is no date")
    counts = {
        kind: (_count(predicate, "coverage", kind, "tensors"), _count(predicate, "coverage", kind, "parameters"))
        for kind in ("proved", "identical", "excluded")
    }
    names = _member(predicate, "coverage", "excluded", "names")
    _require(isinstance(names, list) and all(map(_is_text, names)), "names of excluded tensors are strings")

    _same(certificate_digest, sha256(content), "the certificate's digest")
    certificate = read_certificate(content)
    _same(commitment, certificate.tuned_commitment, "the tuned commitment")
    _same(base_root, certificate.base_root, "the base")
    _same(stated_base, certificate.base_root, "the base")
    _same(policy_digest, certificate.policy_digest, "the policy")
    policy, manifest = read_canonical(certificate.policy), read_manifest(certificate.manifest)
    _same(policy_name, policy.name, "the policy's name")
    _same(bits, policy.security_bits, "the security")
    _same(system, SYSTEM, "the proof system")
    _same(parent, manifest.parent, "the parent")
    _check_claims(claims, policy)
    expected = coverage_counts(manifest, policy)
    _same(counts, {kind: expected[kind] for kind in counts}, "the coverage")
    _same(names, expected["names"], "the list of excluded tensors")
    if files is not None:
        _same(stated_files, files, "the model")


def _check_claims(claims: dict, policy: Policy) -> None:
    """Rules and total must be those of the certificate's policy, whatever the spelling."""
    number = strictjson.Number
    named = {"driftPolicy": number(1), "name": policy.name, "securityBits": number(policy.security_bits)}
    try:
        stated = None if claims.keys() & named else decode({**claims, **named}).canonical()
    except OperationalError:
        stated = None
    _same(stated, policy.canonical(), "the claims")


def verify_attestation(content: bytes, key: PublicKey, certificate: bytes, files: bytes | None = None) -> None:
    """One of the envelopes must pass; otherwise the reason is that of the one that came furthest."""
    furthest: VerificationFailure | None = None
    for envelope in read_envelopes(content):
        try:
            check_statement(signed_payload(envelope, key), certificate, files)
            return
        except VerificationFailure as failure:
            if furthest is None or (isinstance(failure, AnotherSubject) and not isinstance(furthest, AnotherSubject)):
                furthest = failure
    raise furthest


__all__ = ["MAXIMUM_BYTES", "MAXIMUM_KEY_BYTES", "read_public_key", "verify_attestation"]
