# SPDX-License-Identifier: Apache-2.0
"""A bundle's archive and its signature (specification/audit.md, section 10, 1 and 2; format.md, "Bundle")."""

import base64
import json

from . import strictjson
from .attestation import PAYLOAD_TYPE, pre_authentication, strict_base64
from .audit_json import refuse
from .errors import VerificationFailure
from .signatures import PublicKey
from .wire import sha256

MAXIMUM_BYTES = 256 << 20
BLOCK = 512
NAMES = (
    "plan.json",
    "reference.ndjson",
    "candidate.ndjson",
    "result.json",
    "attestation.intoto.jsonl",
    "certificate.drift",
    "base.identity.json",
    "policy.json",
    "quote.bin",
    "quote-chain.pem",
    "opened.json",
    "prompts.txt",
)
RESERVED = ("raw.ndjson",)
REQUIRED = NAMES[:5]


def header(name: str, size: int) -> bytes:
    """The one header of a file's name and size."""
    content = bytearray(BLOCK)
    for place, field in (
        (0, name.encode()),
        (100, b"0000644\0"),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, b"%011o\0" % size),
        (136, b"00000000000\0"),
        (148, b"        "),
        (156, b"0"),
        (257, b"ustar\00000"),
        (329, b"0000000\0"),
        (337, b"0000000\0"),
    ):
        content[place : place + len(field)] = field
    content[148:156] = b"%06o\0 " % sum(content)
    return bytes(content)


def read_archive(content: bytes) -> dict[str, bytes]:
    """The files of a bundle, by name."""
    what, files, at = "archive", {}, 0
    if len(content) > MAXIMUM_BYTES:
        refuse(what, "too long")
    while content[at : at + 1] != b"\0":
        found = content[at : at + BLOCK]
        if len(found) < BLOCK:
            refuse(what, "ends without two empty blocks")
        name = found[:100].rstrip(b"\0").decode("latin-1")
        if name in RESERVED:
            refuse(what, f"{name} cannot be checked")
        if name not in NAMES:
            refuse(what, f"{name!r} is in no bundle")
        size = found[124:135]
        if not all(0x30 <= digit <= 0x37 for digit in size) or found != header(name, int(size, 8)):
            refuse(what, f"{name} has another header")
        if files and NAMES.index(name) <= NAMES.index(list(files)[-1]):
            refuse(what, f"{name} stands in another place")
        length = int(size, 8)
        files[name] = content[at + BLOCK : at + BLOCK + length]
        end = at + BLOCK + -(-length // BLOCK) * BLOCK
        if end > len(content) or any(content[at + BLOCK + length : end]):
            refuse(what, f"{name} is cut, or not filled up with zeros")
        at = end
    if content[at:] != bytes(2 * BLOCK):
        refuse(what, "does not end with two empty blocks")
    missing = [name for name in REQUIRED if name not in files]
    if missing:
        refuse(what, f"{missing[0]} is missing")
    return files


def key_id(key: PublicKey) -> str:
    """securesystemslib's: SHA-256 of the key's canonical JSON, of P-256 with the PEM as that library writes it."""
    if key.is_ed25519:
        kind, public, scheme = "ed25519", key.content.hex(), "ed25519"
    else:
        lines = base64.b64encode(bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + key.content)
        spelled = lines.decode()
        rows = [spelled[at : at + 64] for at in range(0, len(spelled), 64)]
        public = "\n".join(["-----BEGIN PUBLIC KEY-----", *rows, "-----END PUBLIC KEY-----", ""])
        kind, scheme = "ecdsa", "ecdsa-sha2-nistp256"
    spelled = f'{{"keytype":"{kind}","keyval":{{"public":"{public}"}},"scheme":"{scheme}"}}'
    return sha256(spelled.encode()).hex()


def signed_payload(content: bytes, key: PublicKey, identifier: str) -> bytes:
    """The payload of the one envelope: one signature, by the key, spelled in the one way."""
    what = "attestation"
    try:
        value = strictjson.parse(content, what)
        payload, signatures = value["payload"], value["signatures"]
        (signature,) = signatures
        decoded, signed = strict_base64(payload), strict_base64(signature["sig"])
        spelled = {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(decoded).decode(),
            "signatures": [{"keyid": identifier, "sig": base64.b64encode(signed).decode()}],
        }
    except (VerificationFailure, KeyError, TypeError, ValueError, AttributeError):
        refuse(what, "no envelope with one signature")
    if not key.verifies(pre_authentication(PAYLOAD_TYPE, decoded), signed):
        refuse(what, "not signed by the key")
    if (json.dumps(spelled, separators=(",", ":")) + "\n").encode() != content:
        refuse(what, "spelled otherwise")
    return decoded
