# SPDX-License-Identifier: Apache-2.0
"""`verify --attestation`: envelopes, signatures, statements against the certificate."""

import base64
import copy
import json

import attesting

from .case import Absent, Cases, Folder, Repeated, Stored, Text
from .places import FILES, KEYS
from .subjects import CLASSES, NORM, add

RULE = "attestations"
GIVEN = ["--attestation", "@attestation", "--public-key", "@key"]
SIGNED = Stored(FILES / "attestations" / "ed25519.intoto.jsonl")
OF_MODEL = Stored(FILES / "attestations" / "model.intoto.jsonl")
KEY = Stored(KEYS / "ed25519.pub.pem")
P256 = Stored(KEYS / "p256.pub.pem")


def cases() -> Cases:
    found = Cases("attestation")

    def case(
        name: str,
        says: str,
        code: int,
        reason: str,
        *more,
        attestation=SIGNED,
        key=KEY,
        subject=NORM,
        rule=RULE,
        **files,
    ) -> None:
        add(found, name, says, subject, code, reason, rule, *GIVEN, *more, attestation=attestation, key=key, **files)

    by_p256 = Stored(FILES / "attestations" / "p256.intoto.jsonl")
    model = Folder({"tuned.safetensors": Stored(NORM.certificate.path.parent / "tuned.safetensors")})
    file = model.files["tuned.safetensors"]
    case("ed25519", "Signed with Ed25519.", 0, "verified")
    case("p256", "Signed with P-256.", 0, "verified", attestation=by_p256, key=P256)
    case("model", "With the digest of the model's file, not compared.", 0, "verified", attestation=OF_MODEL)
    case(
        "model-compared",
        "The model's folder compared.",
        0,
        "verified",
        "--tuned",
        "@model",
        attestation=OF_MODEL,
        model=model,
    )
    case(
        "model-another",
        "Another model.",
        12,
        "attestedModel",
        "--tuned",
        "@model",
        attestation=OF_MODEL,
        model=Folder({"tuned.safetensors": CLASSES.certificate}),
    )
    case(
        "model-renamed",
        "The same file by another name: names do not count.",
        0,
        "verified",
        "--tuned",
        "@model",
        attestation=OF_MODEL,
        model=Folder({"model.safetensors": file}),
    )
    case(
        "model-not-named",
        "A model, and a statement without its digest.",
        12,
        "attestedModel",
        "--tuned",
        "@model",
        model=model,
    )
    case("absent", "No attestation there.", 1, "file", attestation=Absent())
    case("empty", "An empty attestation.", 11, "file", attestation=Text(""))
    case("key-absent", "No key there.", 1, "file", key=Absent())
    for name in ("p384.pub", "rsa.pub", "compressed.pub"):
        case(
            f"key-{name.split('.')[0]}",
            f"A key of another kind: {name}.",
            1,
            "keyFile",
            key=Stored(KEYS / "rejected" / f"{name}.pem"),
        )
    case("key-private", "A private key.", 1, "keyFile", key=Stored(KEYS / "ed25519.pem"))
    case("key-other", "Another key.", 11, "notSigned", key=P256)
    case(
        "first",
        "A wrong attestation hides the certificate's failure.",
        11,
        "notSigned",
        key=P256,
        policy=Text("{}"),
        rule="checks-and-exit-codes 1, 4",
    )
    _envelopes(case)
    _statements(case)
    return found


def _envelopes(case) -> None:
    whole = json.loads(SIGNED.content)
    line = SIGNED.content.decode().strip()

    def given(name: str, says: str, text: str, code: int = 11, reason: str = "envelope") -> None:
        case(f"envelope-{name}", says, code, reason, attestation=Text(text))

    def changed(name: str, says: str, reason: str = "envelope", **changes) -> None:
        given(name, says, json.dumps(whole | changes), 11, reason)

    signature = whole["signatures"][0]
    sig = base64.b64decode(signature["sig"])
    flipped = base64.b64encode(bytes([sig[0] ^ 1]) + sig[1:]).decode()
    changed("signature", "A signature with a bit another.", "notSigned", signatures=[signature | {"sig": flipped}])
    changed(
        "signature-cut",
        "A signature of 63 bytes.",
        "notSigned",
        signatures=[signature | {"sig": base64.b64encode(sig[:63]).decode()}],
    )
    changed("payload", "A payload that was not signed.", "notSigned", payload=base64.b64encode(b"{}").decode())
    changed("type", "Another type of payload.", payloadType="application/json")
    changed("no-signatures", "No signature.", signatures=[])
    changed("base64", "Base64 in two alphabets.", payload=whole["payload"][:-8] + "-_+/" + whole["payload"][-4:])
    without = {key: each for key, each in whole.items() if key != "payload"}
    given("no-payload", "No payload.", json.dumps(without))
    given("not-json", "No JSON.", "{")
    other = json.dumps(attesting.envelope(b"{}"))
    given("second", "A second envelope that passes.", f"{other}\n{line}\n", 0, "verified")
    given("blank", "An empty line between.", f"{other}\n\n{line}\n", 0, "verified")
    many = Repeated(((other + "\n", 64), (line, 1)))
    case("envelope-65", "65 envelopes.", 11, "envelope", attestation=many)
    two = [{"keyid": "", "sig": base64.b64encode(bytes(64)).decode()}, signature]
    given(
        "two-signatures",
        "Two signatures, the second by the key.",
        json.dumps(whole | {"signatures": two}),
        0,
        "verified",
    )


def _statements(case) -> None:
    payload = attesting.payload_of(SIGNED.content)

    def signed(name: str, says: str, change, code: int = 12, reason: str = "attestedOther", of=SIGNED) -> None:
        value = copy.deepcopy(attesting.payload_of(of.content))
        change(value)
        text = json.dumps(attesting.envelope(json.dumps(value, separators=(",", ":")).encode()))
        case(f"statement-{name}", says, code, reason, attestation=Text(text))

    def put(value: dict, *path_and_new) -> None:
        *path, last, new = path_and_new
        for key in path:
            value = value[key]
        value[last] = new

    other = "ab" * 32
    signed("respelled", "With a member more.", lambda v: put(v, "predicate", "note", "x"), 0, "verified")
    signed(
        "type",
        "Another type of statement.",
        lambda v: put(v, "_type", "https://in-toto.io/Statement/v0.1"),
        11,
        "statement",
    )
    signed(
        "predicate-type",
        "Another type of predicate.",
        lambda v: put(v, "predicateType", "https://slsa.dev/provenance/v1"),
        11,
        "statement",
    )
    signed("subjects", "Two subjects.", lambda v: put(v, "subject", v["subject"] * 2), 11, "statement")
    signed(
        "relation",
        "A relation that there is not.",
        lambda v: put(v, "predicate", "relation", "sibling"),
        11,
        "statement",
    )
    signed(
        "binding",
        "A binding that there is not.",
        lambda v: put(v, "predicate", "subjectBinding", "sworn"),
        11,
        "statement",
    )
    signed(
        "date",
        "A date that is none.",
        lambda v: put(v, "predicate", "provedAt", "2026-02-30T00:00:00Z"),
        11,
        "statement",
    )
    signed(
        "digest-capitals",
        "A digest in capitals.",
        lambda v: put(
            v, "predicate", "policy", "digest", "driftPolicy", v["predicate"]["policy"]["digest"]["driftPolicy"].upper()
        ),
        11,
        "statement",
    )
    signed("no-prover", "No prover.", lambda v: v["predicate"].pop("prover"), 11, "statement")
    signed(
        "left-out-checked",
        "Checked, with files left out.",
        lambda v: v["predicate"].update(filesLeftOut=["a"], subjectBinding="checked"),
        11,
        "statement",
        OF_MODEL,
    )
    signed(
        "left-out-empty",
        "An empty list of files left out.",
        lambda v: v["predicate"].update(filesLeftOut=[]),
        11,
        "statement",
        OF_MODEL,
    )
    signed("certificate", "Another certificate.", lambda v: put(v, "predicate", "proof", "digest", "sha256", other))
    signed(
        "commitment", "Another tuned commitment.", lambda v: put(v, "subject", 0, "digest", "driftCommitment", other)
    )
    signed("base", "Another base.", lambda v: put(v, "predicate", "base", "digest", "driftIdentity", other))
    signed("policy", "Another policy.", lambda v: put(v, "predicate", "policy", "digest", "driftPolicy", other))
    signed("policy-name", "Another name of the policy.", lambda v: put(v, "predicate", "policy", "name", "x"))
    signed("bits", "129 bits.", lambda v: put(v, "predicate", "proof", "annotations", "securityBits", 129))
    signed("parent", "A parent.", lambda v: put(v, "predicate", "proof", "annotations", "parentCommitment", other))
    signed(
        "claims",
        "Other claims.",
        lambda v: put(v, "predicate", "claims", "rules", [{"tensors": "*", "allow": "frozen"}]),
    )
    signed("claims-none", "Claims that are no rules.", lambda v: put(v, "predicate", "claims", {}))
    signed(
        "claims-name", "Claims with the policy's name.", lambda v: put(v, "predicate", "claims", "name", "pinned norm")
    )
    signed(
        "claims-schema",
        "Claims with a $schema.",
        lambda v: put(v, "predicate", "claims", "$schema", "x"),
        0,
        "verified",
    )
    signed("coverage", "A tensor more.", lambda v: put(v, "predicate", "coverage", "proved", "tensors", 2))
    signed("excluded", "An excluded tensor.", lambda v: put(v, "predicate", "coverage", "excluded", "names", ["w"]))
    assert payload["predicate"]["coverage"]["proved"]["tensors"] == 1
    case("other-certificate", "A statement about another certificate.", 12, "attestedOther", subject=CLASSES)
