# SPDX-License-Identifier: Apache-2.0
"""Quotes of enclaves in bundles: Nitro documents, SEV-SNP reports (audit.md, "Enclaves"; specification/audit.md, 10).

Certificates are read and their signatures verified by `cryptography`, an extra: `pip install driftproof[quotes]`.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timezone

from . import cbor
from .errors import AnotherSubject, InvalidProof, OperationalError
from .wire import sha256

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtensionOID
except ImportError:
    x509 = None

MAXIMUM_CERTIFICATE, MAXIMUM_CHAIN = 16 << 10, 8
REPORT_LENGTH, SIGNED_LENGTH, NUMBER_LENGTH = 1184, 0x2A0, 72
NITRO, SNP = "nitro", "sev-snp"
# AMD's extensions; parts of the firmware by name: where a report has their versions, where a certificate has them.
ARC = "1.3.6.1.4.1.3704.1."
PARTS = (("boot loader", 0, "3.1"), ("TEE", 1, "3.2"), ("SNP", 6, "3.3"), ("microcode", 7, "3.8"))


def require_cryptography() -> None:
    """Says what is missing where quotes cannot be read."""
    if x509 is None:
        raise OperationalError(
            "bundle: it has an enclave's quote, which this verifier reads with the package cryptography only: "
            "pip install driftproof[quotes]"
        )


def _refuse(why: str):
    raise InvalidProof(f"quote: {why}")


# --- certificates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Certificate:
    """One certificate, and its bytes."""

    der: bytes
    parsed: object

    def extension(self, identifier: str) -> bytes | None:
        """The value of an extension that the library does not know."""
        found = [each.value for each in self.parsed.extensions if each.oid.dotted_string == identifier]
        return found[0].value if len(found) == 1 and isinstance(found[0], x509.UnrecognizedExtension) else None


def read_certificate(der: bytes) -> Certificate:
    if len(der) > MAXIMUM_CERTIFICATE:
        _refuse("a certificate is too long")
    try:
        parsed = x509.load_der_x509_certificate(der)
        parsed.extensions, parsed.public_key()
        if parsed.public_bytes(Encoding.DER) != der:
            raise ValueError
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        raise InvalidProof(f"quote: it is no X.509 certificate in DER: {error}") from None
    except Exception as error:  # unsupported algorithms have exceptions of their own
        raise InvalidProof(f"quote: a certificate cannot be read: {error}") from None
    return Certificate(der, parsed)


def read_certificates(content: bytes) -> list[Certificate]:
    """One in DER, or blocks of PEM."""
    if content[:1] == b"\x30":
        return [read_certificate(content)]
    found, block = [], None
    for line in re.split(rb"[\r\n]", content):
        if line == b"-----BEGIN CERTIFICATE-----":
            if block is not None:
                _refuse("a block of PEM begins inside another")
            block = b""
        elif line == b"-----END CERTIFICATE-----":
            if block is None or len(found) >= MAXIMUM_CHAIN:
                _refuse("a block of PEM is damaged, or there are too many")
            try:
                found.append(read_certificate(base64.b64decode(block, validate=True)))
            except binascii.Error:
                _refuse("a block of PEM is damaged")
            block = None
        elif block is not None:
            block += line
    if block is not None or not found:
        _refuse("it is neither DER nor PEM")
    return found


def _known(certificate, oid):
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def _is_signed_by(child, issuer) -> bool:
    key = issuer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(child.signature, child.tbs_certificate_bytes, ec.ECDSA(child.signature_hash_algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            scheme = child.signature_algorithm_parameters
            if not isinstance(scheme, (padding.PSS, padding.PKCS1v15)):
                return False
            key.verify(child.signature, child.tbs_certificate_bytes, scheme, child.signature_hash_algorithm)
        else:
            return False
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _may_issue(issuer, below: int) -> bool:
    """An authority, with at most so many others below it."""
    basic = _known(issuer, ExtensionOID.BASIC_CONSTRAINTS)
    usage = _known(issuer, ExtensionOID.KEY_USAGE)
    if basic is None or not basic.ca or (basic.path_length is not None and below > basic.path_length):
        return False
    return usage is None or usage.key_cert_sign


def _is_sound(certificate, moment: datetime) -> bool:
    """Valid at the moment, without a critical extension that nobody here understands."""
    known = (ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE)
    critical = [each.oid for each in certificate.extensions if each.critical]
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return since <= moment <= until and all(oid in known for oid in critical)


def require_chain(leaf: Certificate, others: list[Certificate], root: Certificate, seconds: int) -> None:
    """From the leaf to the root, as of a time; nobody trusts what stands between."""
    if len(others) > MAXIMUM_CHAIN:
        _refuse(f"more than {MAXIMUM_CHAIN} certificates")
    moment = datetime.fromtimestamp(seconds, timezone.utc)

    def leads(certificate: Certificate, below: int) -> bool:
        parsed = certificate.parsed
        if not _is_sound(parsed, moment):
            return False
        if certificate.der == root.der:
            return parsed.issuer == parsed.subject and _is_signed_by(parsed, parsed)
        if below > MAXIMUM_CHAIN:
            return False
        return any(
            each.parsed.subject == parsed.issuer
            and _may_issue(each.parsed, below)
            and _is_signed_by(parsed, each.parsed)
            and leads(each, below + 1)
            for each in {each.der: each for each in [root, *others] if each.der != certificate.der}.values()
        )

    if not leads(leaf, 0):
        _refuse("its certificate does not lead to the root that was given, at that time")


def _require_signature(signer: Certificate, r: bytes, s: bytes, message: bytes) -> None:
    key = signer.parsed.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp384r1":
        _refuse("its certificate's key is not one of P-384")
    encoded = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    try:
        key.verify(encoded, message, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        _refuse("its signature is not its certificate's")


# --- what it is about -------------------------------------------------------------------------------------------------


def binding_of(plan, transcript_root: bytes) -> bytes:
    """B of a client that wrote this transcript."""
    model = bytes.fromhex(plan.model_digest) if plan.model_digest else bytes(32)
    return sha256(b"driftproof/audit/client/v1", bytes.fromhex(plan.digest), model, transcript_root)


def _require_binding(stated: bytes, commitment: bytes, plan, transcript_root: bytes) -> None:
    expected = binding_of(plan, transcript_root)
    if stated != expected:
        _refuse(f"it is bound to {stated.hex()}, expected {expected.hex()}")
    if commitment.hex() != plan.commitment:
        _refuse(f"it has the commitment {commitment.hex()}, the plan has {plan.commitment}")


def _require_measurement(name: str, stated: bytes, expected: bytes) -> None:
    if stated != expected:
        raise AnotherSubject(f"quote: {name} is {stated.hex()}, expected {expected.hex()}")


# --- Nitro ------------------------------------------------------------------------------------------------------------


class NitroQuote:
    """A document of AWS Nitro Enclaves: COSE_Sign1 about what runs in an enclave."""

    kind = NITRO

    def __init__(self, content: bytes):
        message = cbor.parse(content)
        message = message.value if isinstance(message, cbor.Tagged) else message
        if not (
            isinstance(message, list)
            and len(message) == 4
            and [type(each) for each in message] == [bytes, dict, bytes, bytes]
            and not message[1]
            and len(message[3]) == 96
        ):
            _refuse("it is no COSE_Sign1 with a signature of 96 bytes")
        protected, _, payload, self.signature = message
        if cbor.parse(protected) != {1: -35}:
            _refuse("its signature is not of the kind ES384")
        self.signed = cbor.encode(["Signature1", protected, b"", payload])
        members = cbor.parse(payload)
        if not isinstance(members, dict) or not all(isinstance(key, str) for key in members):
            _refuse("its payload is no map of texts")
        module, time = members.get("module_id"), members.get("timestamp")
        if not isinstance(module, str) or not module or members.get("digest") != "SHA384":
            _refuse("it has no module_id, or its digest is not SHA384")
        if type(time) is not int or not 1_500_000_000_000 <= time <= 4_000_000_000_000:
            _refuse("it has no timestamp in milliseconds")
        self.seconds, self.registers = time // 1000, members.get("pcrs")
        if not isinstance(self.registers, dict) or not 1 <= len(self.registers) <= 32:
            _refuse("it has no pcrs")
        for number, value in self.registers.items():
            if type(number) is not int or not 0 <= number < 32 or not isinstance(value, bytes) or len(value) != 48:
                _refuse("its pcrs are not numbers below 32 with 48 bytes each")
        leaf, chain = members.get("certificate"), members.get("cabundle")
        if not isinstance(leaf, bytes) or not isinstance(chain, list) or not 1 <= len(chain) <= MAXIMUM_CHAIN:
            _refuse("it has no certificate, or no cabundle")
        if not all(isinstance(each, bytes) for each in chain):
            _refuse("its cabundle is no list of certificates")
        self.leaf, self.chain = read_certificate(leaf), [read_certificate(each) for each in chain]
        for name in ("nonce", "user_data", "public_key"):
            if not isinstance(members.get(name), (bytes, type(None))):
                _refuse(f"its {name} is neither bytes nor null")
        self.nonce, self.user_data = members.get("nonce") or b"", members.get("user_data") or b""

    def require_binding(self, plan, transcript_root: bytes) -> None:
        _require_binding(self.user_data, self.nonce, plan, transcript_root)

    def verify(self, root: Certificate, measurements: list[bytes], _moment: int, _privilege: int) -> int:
        """Returns the time at which it was judged: its own."""
        require_chain(self.leaf, self.chain, root, self.seconds)
        _require_signature(self.leaf, self.signature[:48], self.signature[48:], self.signed)
        if not any(self.registers.get(0, b"")):
            _refuse("it is of an enclave in debug mode")
        for number, expected in enumerate(measurements):
            _require_measurement(f"PCR{number}", self.registers.get(number, b""), expected)
        return self.seconds


# --- SEV-SNP ----------------------------------------------------------------------------------------------------------


class SNPReport:
    """1,184 bytes about what was loaded into an encrypted machine, and the certificates of whoever signed them."""

    kind = SNP

    def __init__(self, content: bytes, chain: bytes):
        if len(content) != REPORT_LENGTH:
            _refuse(f"a report has {REPORT_LENGTH} bytes, not {len(content)}")

        def number(offset: int, count: int) -> int:
            return int.from_bytes(content[offset : offset + count], "little")

        version = number(0, 4)
        if not 2 <= version <= 5:
            _refuse(f"reports of version {version} are not known")
        if version >= 3 and content[0x188] != 0x19:
            _refuse(f"a processor of family {content[0x188]}, such as Turin, cannot be checked")
        self.policy, self.privilege = number(0x008, 8), number(0x030, 4)
        if number(0x034, 4) != 1:
            _refuse("a signature other than ECDSA on P-384 with SHA-384 cannot be checked")
        signer = number(0x048, 4) >> 2 & 7
        if signer > 1:
            _refuse("a report that neither a VCEK nor a VLEK has signed cannot be checked")
        self.is_shared_key = signer == 1
        self.data, self.measurement = content[0x050:0x090], content[0x090:0x0C0]
        self.firmware, self.chip = content[0x180:0x188], content[0x1A0:0x1E0]
        self.signed = content[:SIGNED_LENGTH]
        low = content[SIGNED_LENGTH : SIGNED_LENGTH + NUMBER_LENGTH]
        high = content[SIGNED_LENGTH + NUMBER_LENGTH : SIGNED_LENGTH + 2 * NUMBER_LENGTH]
        if any(low[48:]) or any(high[48:]) or any(content[SIGNED_LENGTH + 2 * NUMBER_LENGTH :]):
            _refuse("there is something behind its signature")
        self.r, self.s = low[47::-1], high[47::-1]
        self.chain = read_certificates(chain)

    def require_binding(self, plan, transcript_root: bytes) -> None:
        _require_binding(self.data[:32], self.data[32:], plan, transcript_root)

    def verify(self, root: Certificate, measurements: list[bytes], moment: int, privilege: int) -> int:
        """Returns the time at which it was judged."""
        signer = self.chain[0]
        require_chain(signer, self.chain[1:], root, moment)
        self._check_signer(signer)
        _require_signature(signer, self.r, self.s, self.signed)
        if self.policy >> 19 & 1:
            _refuse("it is of a machine in debug mode")
        if self.privilege != privilege:
            _refuse(f"it is of privilege level {self.privilege}, expected {privilege}")
        _require_measurement("the measurement", self.measurement, measurements[0])
        return moment

    def _check_signer(self, signer: Certificate) -> None:
        product = signer.extension(ARC + "2")
        if product is not None and b"Turin" in product:
            _refuse("a processor of the kind Turin cannot be checked")
        for name, place, identifier in PARTS:
            value = signer.extension(ARC + identifier)
            spelled = {3: b"\x02\x01", 4: b"\x02\x02\x00"}.get(len(value or b""))
            is_small = spelled is not None and value.startswith(spelled) and (len(value) == 4) == (value[-1] >= 0x80)
            if not is_small:
                _refuse(f"its certificate does not say which firmware ({name}) it is about")
            if value[-1] != self.firmware[place]:
                _refuse(f"its firmware ({name}) is another one than its certificate is about")
        if self.is_shared_key:
            return
        identifier = signer.extension(ARC + "4")
        if identifier is None:
            _refuse("its certificate does not say which chip it is about")
        if identifier not in (self.chip, b"\x04\x40" + self.chip):
            _refuse("its chip is another one than its certificate is about")


# --- in a bundle ------------------------------------------------------------------------------------------------------


def read_quote(files: dict[str, bytes], plan, transcript_root: bytes):
    """The quote of a bundle, bound to its transcript; its signature is not looked at. None where there is none."""
    quote, chain = files.get("quote.bin"), files.get("quote-chain.pem")
    if quote is None:
        if chain is not None:
            _refuse("quote-chain.pem is there without a quote")
        return None
    is_nitro = quote[:1] in (b"\x84", b"\xd2")
    if is_nitro == (chain is not None):
        _refuse("a document has its own certificates, a report has them in quote-chain.pem")
    require_cryptography()
    found = NitroQuote(quote) if is_nitro else SNPReport(quote, chain)
    found.require_binding(plan, transcript_root)
    return found


def stated(quote, files: dict[str, bytes]) -> dict:
    """What a statement says of it."""
    members = {"kind": quote.kind, "digest": {"sha256": sha256(files["quote.bin"]).hex()}}
    chain = files.get("quote-chain.pem")
    return members | ({"chain": {"digest": {"sha256": sha256(chain).hex()}}} if chain is not None else {})
