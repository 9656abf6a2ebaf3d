# SPDX-License-Identifier: Apache-2.0
"""Signatures of attestations: Ed25519 (RFC 8032), ECDSA on P-256 with SHA-256 (attestations.md, "The envelope").

Public data only: nothing here has to run in constant time.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from .errors import OperationalError

ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


# --- Ed25519 --------------------------------------------------------------------------------------------------------

_Q = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _Q) % _Q
_ROOT = pow(2, (_Q - 1) // 4, _Q)


def _edwards_decode(encoded: bytes):
    value = int.from_bytes(encoded, "little")
    sign, y = value >> 255, value & ((1 << 255) - 1)
    if y >= _Q:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _Q) % _Q
    x = pow(square, (_Q + 3) // 8, _Q)
    if (x * x - square) % _Q:
        x = x * _ROOT % _Q
    if (x * x - square) % _Q or (x == 0 and sign):
        return None
    x = -x % _Q if x & 1 != sign else x
    return x, y, 1, x * y % _Q


def _edwards_add(a, b):
    first = (a[1] - a[0]) * (b[1] - b[0])
    second = (a[1] + a[0]) * (b[1] + b[0])
    third, fourth = 2 * a[3] * b[3] * _D, 2 * a[2] * b[2]
    e, f, g, h = second - first, fourth - third, fourth + third, second + first
    return e * f % _Q, g * h % _Q, f * g % _Q, e * h % _Q


def _edwards_times(scalar: int, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _edwards_add(result, point)
        point = _edwards_add(point, point)
        scalar >>= 1
    return result


_EDWARDS_BASE = _edwards_decode((4 * pow(5, -1, _Q) % _Q).to_bytes(32, "little"))


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    point, scalar = _edwards_decode(public), int.from_bytes(signature[32:], "little")
    if point is None or scalar >= _ORDER:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _ORDER
    negative = (-point[0] % _Q, point[1], 1, -point[3] % _Q)
    x, y, z, _ = _edwards_add(_edwards_times(scalar, _EDWARDS_BASE), _edwards_times(digest, negative))
    inverse = pow(z, -1, _Q)
    x, y = x * inverse % _Q, y * inverse % _Q
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# --- P-256 ----------------------------------------------------------------------------------------------------------

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _on_curve(x: int, y: int) -> bool:
    return x < _P and y < _P and (y * y - x**3 + 3 * x - _B) % _P == 0


def _weierstrass_add(a, b):
    """Affine addition; None is the point at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % _P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, _P) % _P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P) % _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _weierstrass_times(scalar: int, point):
    result = None
    while scalar:
        if scalar & 1:
            result = _weierstrass_add(result, point)
        point = _weierstrass_add(point, point)
        scalar >>= 1
    return result


def _der_integers(signature: bytes) -> tuple[int, int] | None:
    """r and s of a DER sequence of two integers, each in its one encoding."""

    def encoded(value: int) -> bytes:
        content = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return bytes([2, len(content)]) + content

    if not 8 <= len(signature) <= 72 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return None
    length = signature[3]
    r = int.from_bytes(signature[4 : 4 + length], "big")
    s = int.from_bytes(signature[6 + length :], "big")
    body = encoded(r) + encoded(s)
    return (r, s) if signature[2:] == body else None


def verify_p256(public: bytes, message: bytes, signature: bytes) -> bool:
    pair = _der_integers(signature)
    if pair is None or not (1 <= pair[0] < _N and 1 <= pair[1] < _N):
        return False
    r, s = pair
    point = (int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big"))
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, -1, _N)
    found = _weierstrass_add(_weierstrass_times(digest * inverse % _N, _G), _weierstrass_times(r * inverse % _N, point))
    return found is not None and found[0] % _N == r


# --- keys -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublicKey:
    """A public key of either kind."""

    is_ed25519: bool
    content: bytes

    def verifies(self, message: bytes, signature: bytes) -> bool:
        return (verify_ed25519 if self.is_ed25519 else verify_p256)(self.content, message, signature)


_PEM = re.compile(
    rb"(?:\r?\n)*-----BEGIN PUBLIC KEY-----\r?\n((?:[A-Za-z0-9+/=]*\r?\n)+)-----END PUBLIC KEY-----(?:\r?\n)*"
)


def read_public_key(content: bytes) -> PublicKey:
    """A SubjectPublicKeyInfo in PEM, of either kind, in its one encoding."""
    found = _PEM.fullmatch(content)
    if not found:
        raise OperationalError("key: one PEM block of a public key is expected")
    try:
        spelled = b"".join(found[1].split())
        der = base64.b64decode(spelled, validate=True)
        if base64.b64encode(der) != spelled:
            raise OperationalError("key: base64 with unused bits")
    except binascii.Error:
        raise OperationalError("key: malformed base64") from None
    if der[:12] == ED25519_PREFIX and len(der) == 44:
        return PublicKey(True, der[12:])
    if der[:26] == P256_PREFIX and len(der) == 91 and der[26] == 4:
        if not _on_curve(int.from_bytes(der[27:59], "big"), int.from_bytes(der[59:], "big")):
            raise OperationalError("key: no point of the curve")
        return PublicKey(False, der[26:])
    raise OperationalError("key: neither Ed25519 nor an uncompressed point of P-256")
