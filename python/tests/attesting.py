# SPDX-License-Identifier: Apache-2.0
"""Attestations with a test key: statements changed and signed again, and envelopes changed after signing."""

import base64
import hashlib
import json
from pathlib import Path

from driftproof.independent import signatures

KEYS = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "attestation"
PRIVATE, PUBLIC = KEYS / "ed25519.pem", KEYS / "ed25519.pub.pem"


def _seed() -> bytes:
    lines = PRIVATE.read_text().split("-----")[2]
    return base64.b64decode("".join(lines.split()))[-32:]


def _encoded(scalar: int) -> bytes:
    x, y, z, _ = signatures._edwards_times(scalar, signatures._EDWARDS_BASE)
    inverse = pow(z, -1, signatures._Q)
    x, y = x * inverse % signatures._Q, y * inverse % signatures._Q
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sign(message: bytes) -> bytes:
    """Ed25519 (RFC 8032, section 5.1.6) with the key of the fixtures."""
    digest = bytearray(hashlib.sha512(_seed()).digest())
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    secret = int.from_bytes(digest[:32], "little")
    public = _encoded(secret)
    r = int.from_bytes(hashlib.sha512(bytes(digest[32:]) + message).digest(), "little") % signatures._ORDER
    first = _encoded(r)
    k = int.from_bytes(hashlib.sha512(first + public + message).digest(), "little")
    return first + ((r + k * secret) % signatures._ORDER).to_bytes(32, "little")


def envelope(payload: bytes, kind: str = "application/vnd.in-toto+json") -> dict:
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    signature = {"keyid": "", "sig": base64.b64encode(sign(message)).decode()}
    return {"payloadType": kind, "payload": base64.b64encode(payload).decode(), "signatures": [signature]}


def payload_of(attestation: bytes) -> dict:
    return json.loads(base64.b64decode(json.loads(attestation)["payload"]))


def _places(value, found: list) -> list:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        found.append((value, key))
        _places(item, found)
    return found


def _changed(draw, old):
    if isinstance(old, str):
        if len(old) == 64 and draw.random() < 0.5:
            return draw.choice([old[::-1], old.upper(), "0" * 64, old[:-2]])
        return draw.choice(
            [
                old + "x",
                "",
                old[:-1],
                "driftproof/v3",
                "merge",
                "adapter",
                "declared",
                "commitment",
                "checked",
                "2026-03-01T12:30:00Z",
                "2026-03-01T12:30:00.123456789+00:30",
                "2026-13-01T12:30:00Z",
                5,
            ]
        )
    if isinstance(old, bool) or old is None:
        return 1
    if isinstance(old, (int, float)):
        return draw.choice([old + 1, -1, old * 1.0, "1", 0, 1e30])
    if isinstance(old, list):
        return draw.choice([[], old + old, ["x"], {}, None, old[:-1]])
    return draw.choice([{}, [], None, {**old, "more": 1}, "x"])


def variants(attestation: bytes, draw, count: int):
    """(kind, content) of attestations made from a true one: some valid, most not."""
    for _ in range(count):
        kind = "attestation"
        choice = draw.choice(
            ["same", "member", "member", "member", "drop", "add", "envelope", "bytes", "lines", "left out"]
        )
        payload, whole = payload_of(attestation), json.loads(attestation)
        if choice in ("member", "drop"):
            holder, key = draw.choice(_places(payload, []))
            if choice == "drop":
                holder.pop(key)
            else:
                holder[key] = _changed(draw, holder[key])
        elif choice == "add":
            holder, key = draw.choice([place for place in _places(payload, []) if isinstance(place[0], dict)])
            holder["unknown"] = draw.choice([1, {}, "x"])
        elif choice == "left out":
            payload["predicate"]["filesLeftOut"] = draw.choice(
                [["a.bin"], [], ["a", 1], "a", [""], ["b", "a"], ["a", "a"]]
            )
            payload["predicate"]["subjectBinding"] = draw.choice(["commitment", "declared", "checked"])
        if choice in ("member", "drop", "add", "left out"):
            separators = draw.choice([(",", ":"), (", ", " : ")])
            yield kind, json.dumps(envelope(json.dumps(payload, separators=separators).encode())).encode()
        elif choice == "envelope":
            holder, key = draw.choice(_places(whole, []))
            if draw.random() < 0.5:
                holder.pop(key)
            elif isinstance(holder[key], str):
                text = holder[key]
                holder[key] = draw.choice(
                    [
                        text.replace("+", "-").replace("/", "_"),
                        text.rstrip("="),
                        text + "=",
                        " " + text,
                        text + "AAAA",
                        text.swapcase(),
                    ]
                )
            else:
                holder[key] = _changed(draw, holder[key])
            yield kind, json.dumps(whole).encode()
        elif choice == "bytes":
            content = bytearray(attestation)
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(7)
            yield kind, bytes(content)
        elif choice == "lines":
            line = attestation.strip()
            other = json.dumps(envelope(b"{}")).encode()
            yield (
                kind,
                draw.choice(
                    [
                        line + b"\n" + other,
                        other + b"\n" + line + b"\n",
                        b"\n" + line,
                        line + b"\n\n" + line,
                        line + b"\r\n",
                        b"\n".join([other] * 64 + [line]),
                        b"\n".join([other] * 63 + [line]),
                        b"x\n" + line,
                        json.dumps(whole, indent=1).encode(),
                        json.dumps(whole, indent=1).encode() + b"\n" + line,
                        b"[" + line + b"]",
                    ]
                ),
            )
        else:
            yield kind, attestation
