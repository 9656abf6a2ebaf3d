# SPDX-License-Identifier: Apache-2.0
"""Compares driftproof's attestations and model digests with the reference implementations; see scripts/interoperability."""

import base64
import copy
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from google.protobuf import json_format
from in_toto.models.metadata import Metadata
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from model_signing import hashing, signing, verifying
from model_signing._signing.signing import Payload
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

program, pair = sys.argv[1], pathlib.Path(sys.argv[2])
checks = 0


def check(condition, what):
    global checks
    if not condition:
        sys.exit(f"FAILED: {what}")
    checks += 1
    print(f"ok  {what}")


def run(*arguments, exit_code=0):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != exit_code:
        sys.exit(f"FAILED: driftproof {arguments} exited with {result.returncode}: {result.stderr}")
    return result.stdout


def root_of(manifest):
    """The digest that model_signing signs for a manifest."""
    return Payload(manifest).statement.pb.subject[0].digest["sha256"]


def model_digest(path, **options):
    return json.loads(run("digest", path, "--json", *[f"--{k}={v}" for k, v in options.items()]))


def keys():
    """A private key, its PKCS#8 file's bytes and its public file's, for each scheme."""
    for name, key in [("ed25519", ed25519.Ed25519PrivateKey.generate()), ("p256", ec.generate_private_key(ec.SECP256R1()))]:
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        yield name, key, private, public


def accepted(envelope, keys, threshold=1):
    try:
        return len(envelope.verify(keys, threshold)) >= threshold
    except VerificationError:
        return False


def compare_digests(work):
    """The root equals model-signing's, whatever the folder holds."""
    def fill(name, files):
        folder = work / name
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    many = {f"shard-{i}.safetensors": bytes([i]) * i for i in range(12)}
    folders = [
        pair / "base", pair / "tuned",
        # Components are ordered one by one: a/b is before a-b, although "-" is before "/".
        fill("order", {"a/b": b"1", "a-b": b"2", "a.b/c": b"3", "B": b"4", "a!": b"5", "ab/c/d": b"6", "ab-/c": b"7"} | many),
        fill("hidden", {".hidden": b"1", "x/.git/config": b"2", ".gitignore": b"3", ".git/HEAD": b"4",
                        ".github/w.yml": b"5", ".gitattributes": b"6", "x/.gitignore": b"7", "empty": b""}),
        fill("unicode", {"\u00e9": b"1", "e\u0301": b"2", "\uff5a": b"3", "\U0001f600": b"4", "z": b"5", "a b": b"6"}),
        fill("large", {"big": bytes(range(256)) * 20000, "one": b"1" * (1 << 20), "more": b"2" * ((1 << 20) + 1)}),
    ]
    (work / "order" / "no files" / "here").mkdir(parents=True)
    for folder in folders:
        theirs, mine = hashing.hash(folder), model_digest(folder)
        check(mine["modelDigest"] == root_of(theirs), f"model digest of {folder.name}")
        listed = [(d.identifier, d.digest.digest_hex) for d in theirs.resource_descriptors()]
        check(listed == [(f["path"], f["sha256"]) for f in mine["files"]], f"file digests of {folder.name}, in order")
    single = pair / "base" / "model.safetensors"
    check(model_digest(single)["modelDigest"] == root_of(hashing.hash(single)), "model digest of a single file")

    ignoring = hashing.Config().set_ignored_paths(paths=["a-b", "ab", "shard-3.safetensors"])
    mine = model_digest(work / "order", ignore="a-b,ab/,./shard-3.safetensors")
    check(mine["modelDigest"] == root_of(ignoring.hash(work / "order")), "model digest with ignored paths")

    (work / "links").mkdir()
    (work / "links" / "model.safetensors").symlink_to((pair / "base" / "model.safetensors").resolve())
    run("digest", work / "links", exit_code=1)
    linked = json.loads(run("digest", work / "links", "--json", "--allow-symlinks"))
    theirs = hashing.Config().set_allow_symlinks(True).hash(work / "links")
    check(linked["modelDigest"] == root_of(theirs), "model digest through links")


def sign_with_model_signing(work, tuned, digest):
    """A signature that model-signing made and verified has the subject that driftproof computes."""
    name, key, private, public = list(keys())[1]
    (work / "oms.pem").write_bytes(private)
    (work / "oms.pub").write_bytes(public)
    signature = work / "tuned.sig"
    signing.Config().use_elliptic_key_signer(private_key=work / "oms.pem").sign(tuned, signature)
    verifying.Config().use_elliptic_key_verifier(public_key=work / "oms.pub").verify(tuned, signature)
    bundle = json.loads(signature.read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    check(statement["subject"][0]["digest"]["sha256"] == digest, "subject digest of a model_signing signature")


def attest(work, tuned, name, key, private, public):
    (work / f"{name}.pem").write_bytes(private)
    (work / f"{name}.pub").write_bytes(public)
    out = work / f"{name}.intoto.jsonl"
    run("attest", work / "tuned.drift", "--key", work / f"{name}.pem", "--out", out, "--tuned", tuned,
        "--base-uri", "pkg:huggingface/example/mlp@main", "--prover", "https://example.org/builder")
    verify = ["verify", work / "tuned.drift", "--base-identity", work / "base.identity.json",
              "--policy", pair / "policy.json", "--public-key", work / f"{name}.pub", "--tuned", tuned, "--attestation"]
    run(*verify, out)

    line = json.loads(out.read_text())
    public_key = SSlibKey.from_crypto(key.public_key())
    envelope = Envelope.from_dict(copy.deepcopy(line))
    check(accepted(envelope, [public_key]), f"{name}: securesystemslib verifies the envelope, by its own key id")
    Metadata.from_dict(copy.deepcopy(line)).verify_signature({"keyid": public_key.keyid, **public_key.to_dict()})
    check(True, f"{name}: in-toto verifies the envelope")
    check(envelope.payload_type == "application/vnd.in-toto+json", f"{name}: payload type")
    changed = Envelope.from_dict(copy.deepcopy(line))
    changed.payload = changed.payload.replace(b"finetune", b"adapter ")
    check(not accepted(changed, [public_key]), f"{name}: securesystemslib refuses a changed payload")

    message = json_format.Parse(envelope.payload, statement_pb2.Statement(), ignore_unknown_fields=False)
    statement = Statement.copy_from_pb(message)
    statement.validate()
    check(True, f"{name}: in-toto-attestation reads and validates the statement")
    subject = statement.pb.subject[0]
    check(subject.digest["sha256"] == root_of(hashing.hash(tuned)), f"{name}: the subject is model-signing's")
    certificate = hashlib.sha256((work / "tuned.drift").read_bytes()).hexdigest()
    check(json.loads(envelope.payload)["predicate"]["proof"]["digest"]["sha256"] == certificate, f"{name}: sidecar digest")

    # openssl, as a third opinion.
    (work / "pae").write_bytes(envelope.pae())
    (work / "sig").write_bytes(base64.b64decode(line["signatures"][0]["sig"]))
    options = ["-rawin"] + (["-digest", "sha256"] if name == "p256" else [])
    openssl = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", work / f"{name}.pub", "-sigfile", work / "sig",
         "-in", work / "pae", *options], capture_output=True)
    check(openssl.returncode == 0, f"{name}: openssl verifies the signature")

    # The same statement, signed by securesystemslib, beside a stranger's signature and without any of driftproof's.
    stranger = CryptoSigner.generate_ed25519()
    theirs = Envelope(envelope.payload, envelope.payload_type, {})
    theirs.sign(stranger)
    theirs.sign(CryptoSigner(key))
    foreign = work / "foreign.json"
    foreign.write_text(json.dumps(theirs.to_dict(), indent=2))
    run(*verify, foreign)
    check(True, f"{name}: driftproof verifies securesystemslib's envelope of two signatures")
    only = Envelope(envelope.payload, envelope.payload_type, {})
    only.sign(stranger)
    foreign.write_text(json.dumps(only.to_dict()))
    run(*verify, foreign, exit_code=11)
    check(True, f"{name}: driftproof refuses a stranger's envelope")

    # Protobuf's JSON has other spaces, another order and other spellings of numbers, and says the same.
    predicate = json_format.MessageToJson(statement.pb)
    respelled = Envelope(predicate.encode(), envelope.payload_type, {})
    respelled.sign(CryptoSigner(key))
    foreign.write_text(json.dumps(respelled.to_dict()))
    run(*verify, foreign)
    check(predicate.encode() != envelope.payload, f"{name}: driftproof verifies the statement as protobuf spells it")


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        compare_digests(work)
        tuned = pair / "tuned"
        sign_with_model_signing(work, tuned, model_digest(tuned)["modelDigest"])
        run("identify", pair / "base", "-o", work / "base.identity.json")
        run("prove", "--base", pair / "base", "--tuned", tuned, "--policy", pair / "policy.json",
            "--out", work / "tuned.drift", "--opening", work / "opening.secret")
        for entry in keys():
            attest(work, tuned, *entry)
    print(f"{checks} checks passed")


main()
