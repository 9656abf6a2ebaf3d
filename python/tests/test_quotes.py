# SPDX-License-Identifier: Apache-2.0
"""Quotes of enclaves in bundles, with chains of our own: honest ones, and others, each refused for its own reason."""

import datetime

import bundles
import models
import pytest
from conftest import REPOSITORY, exit_code

from driftproof.independent import audit_quote, cbor
from driftproof.independent.audit_archive import NAMES
from driftproof.independent.audit_plan import read_plan
from driftproof.independent.audit_transcript import digests_of, merkle_root
from driftproof.independent.errors import AnotherSubject, InvalidProof
from driftproof.independent.wire import sha256

pytest.importorskip("cryptography")
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding  # noqa: E402

BUNDLE = next(
    path for path in sorted((REPOSITORY / "Conformance/files/audits").glob("*.tar")) if "withheld" not in path.name
)
KEY = REPOSITORY / "Tests" / "Fixtures" / "attestation" / "ed25519.pub.pem"
NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
SECONDS = int(NOW.timestamp())
MEASUREMENTS = [bytes([number]) * 48 for number in (1, 2, 3)]
CHIP, PSS = b"\x5a" * 64, padding.PSS(padding.MGF1(hashes.SHA384()), 48)


class Signer:
    """A key and its certificate, by another one or by itself."""

    def __init__(self, name, issuer=None, is_rsa=False, is_authority=False, extensions=(), path_length=None):
        self.key = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP384R1())
        by = issuer or self
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(by.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(hours=1))
            .not_valid_after(NOW + datetime.timedelta(hours=3))
        )
        if is_authority:
            builder = builder.add_extension(x509.BasicConstraints(True, path_length), critical=True)
        for identifier, value in extensions:
            oid = x509.ObjectIdentifier(identifier)
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        options = {"rsa_padding": PSS} if isinstance(by.key, rsa.RSAPrivateKey) else {}
        self.certificate = builder.sign(by.key, hashes.SHA384(), **options)

    @property
    def der(self):
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(Encoding.PEM)

    def sign(self, message):
        r, s = utils.decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA384())))
        return r.to_bytes(48, "big"), s.to_bytes(48, "big")


@pytest.fixture(scope="module")
def members():
    return bundles.members_of(BUNDLE.read_bytes())


@pytest.fixture(scope="module")
def bound(members):
    """B and commitment of the bundle's audit."""
    plan = read_plan(members["plan.json"])
    root = merkle_root(digests_of(members["candidate.ndjson"], True))
    return audit_quote.binding_of(plan, root), bytes.fromhex(plan.commitment)


@pytest.fixture(scope="module")
def nitro():
    root = Signer("root", is_authority=True)
    middle = Signer("middle", root, is_authority=True)
    return root, middle, Signer("leaf", middle)


def extensions(snp=21, chip=CHIP, product=b"\x16\x08Milan-B0"):
    arc = audit_quote.ARC
    versions = [("3.1", 4), ("3.2", 0), ("3.3", snp), ("3.8", 213)]
    found = [(arc + "2", product)]
    found += [(arc + at, b"\x02\x01" + bytes([v]) if v < 128 else b"\x02\x02\x00" + bytes([v])) for at, v in versions]
    return found + ([(arc + "4", chip)] if chip else [])


@pytest.fixture(scope="module")
def amd():
    root = Signer("ark", is_rsa=True, is_authority=True)
    middle = Signer("ask", root, is_rsa=True, is_authority=True)
    return root, middle, Signer("vcek", middle, extensions=extensions())


def document(chain, bound, change=None, by=None, is_tagged=False):
    root, middle, leaf = chain
    value = {"module_id": "i-0123-enc0123", "digest": "SHA384", "timestamp": SECONDS * 1000}
    value |= {"pcrs": dict(enumerate(MEASUREMENTS)), "certificate": leaf.der, "cabundle": [root.der, middle.der]}
    value |= {"public_key": None, "user_data": bound[0], "nonce": bound[1]}
    value |= change or {}
    protected, payload = cbor.encode({1: -35}), cbor.encode(value)
    r, s = (by or leaf).sign(cbor.encode(["Signature1", protected, b"", payload]))
    message = [protected, {}, payload, r + s]
    return cbor.encode(cbor.Tagged(message) if is_tagged else message)


def report(chain, bound, changes=(), by=None):
    content = bytearray(audit_quote.REPORT_LENGTH)
    content[0], content[0x00A], content[0x034] = 2, 3, 1
    content[0x050:0x090] = bound[0] + bound[1]
    content[0x090:0x0C0] = MEASUREMENTS[0]
    content[0x180:0x188] = bytes([4, 0, 0, 0, 0, 0, 21, 213])
    content[0x1A0:0x1E0] = CHIP
    for place, value in changes:
        content[place] = value
    r, s = (by or chain[2]).sign(bytes(content[:0x2A0]))
    content[0x2A0:0x2D0], content[0x2E8:0x318] = r[::-1], s[::-1]
    return bytes(content)


def bundle(members, quote, chain=None):
    """The bundle with a quote, which its statement names."""
    statement = bundles.statement(members)
    predicate, named = {}, {"kind": "sev-snp" if chain else "nitro", "digest": {"sha256": sha256(quote).hex()}}
    if chain:
        named["chain"] = {"digest": {"sha256": sha256(chain).hex()}}
    for key, value in statement["predicate"].items():
        predicate |= {"quote": named} if key == "evidence" else {}
        predicate[key] = value
    new = bundles.signed(members, statement | {"predicate": predicate}) | {"quote.bin": quote}
    new |= {"quote-chain.pem": chain} if chain else {}
    return bundles.archive({name: new[name] for name in NAMES if name in new})


def verified(path, content, *options):
    path.write_bytes(content)
    return exit_code("audit", "verify", str(path), "--public-key", str(KEY), *options)


def plain(members):
    return {"SAME": 0, "DIFFERENT": 20, "UNDECIDED": 21}[bundles.statement(members)["predicate"]["verdict"]]


def given(tmp_path, root, *measurements):
    (tmp_path / "root.pem").write_bytes(root.pem)
    options = ["--trust-root", str(tmp_path / "root.pem")]
    return options + [word for each in measurements for word in ("--measurement", each.hex())]


def test_a_bundle_has_a_document(members, bound, nitro, tmp_path, program):
    path, code = tmp_path / "audit.tar", plain(members)
    root, _, leaf = nitro
    for is_tagged in (False, True):
        content = bundle(members, document(nitro, bound, is_tagged=is_tagged))
        assert verified(path, content) == code
        assert verified(path, content, *given(tmp_path, root, *MEASUREMENTS)) == code
        assert models_agree(path, code, *given(tmp_path, root, *MEASUREMENTS))
    # Another root, another measurement, options that are none of a document's.
    assert verified(path, content, *given(tmp_path, leaf, *MEASUREMENTS)) == 11
    assert verified(path, content, *given(tmp_path, root, MEASUREMENTS[1])) == 12
    assert verified(path, content, *given(tmp_path, root, *MEASUREMENTS), "--vmpl", "0") == 2
    assert verified(path, content, "--measurement", MEASUREMENTS[0].hex()) == 2
    assert verified(path, BUNDLE.read_bytes(), *given(tmp_path, root, MEASUREMENTS[0])) == 12
    # About something else, or not the one that was signed.
    assert verified(path, bundle(members, document(nitro, (bytes(32), bound[1])))) == 11
    assert verified(path, bundle(members, document(nitro, (bound[0], bytes(32))))) == 11
    found = bundles.members_of(content) | {"quote.bin": document(nitro, bound)}
    assert verified(path, bundles.archive(found)) == 11


def models_agree(path, code, *options):
    return models.run("audit", "verify", str(path), "--public-key", str(KEY), *options).returncode == code


def test_a_bundle_has_a_report(members, bound, amd, tmp_path, program):
    path, code = tmp_path / "audit.tar", plain(members)
    root, middle, leaf = amd
    chain, at = leaf.pem + middle.pem, ("--at", "2026-03-01T12:30:00Z")
    content = bundle(members, report(amd, bound), chain)
    assert verified(path, content) == code
    assert verified(path, content, *given(tmp_path, root, MEASUREMENTS[0]), *at) == code
    assert models_agree(path, code, *given(tmp_path, root, MEASUREMENTS[0]), *at)
    assert verified(path, content, *given(tmp_path, root, MEASUREMENTS[0]), "--at", "2027-03-01T12:30:00Z") == 11
    assert verified(path, content, *given(tmp_path, root, MEASUREMENTS[0]), *at, "--vmpl", "1") == 11
    assert verified(path, content, *given(tmp_path, root, MEASUREMENTS[1]), *at) == 12
    gap = bundle(members, report(amd, bound), leaf.pem)
    assert verified(path, gap, *given(tmp_path, root, MEASUREMENTS[0]), *at) == 11


def refusal(call):
    with pytest.raises((InvalidProof, AnotherSubject)) as caught:
        call()
    return str(caught.value)


def test_documents_are_refused_by_name(bound, nitro):
    root, middle, leaf = nitro

    def judge(content, top=root, measurements=MEASUREMENTS):
        quote = audit_quote.NitroQuote(content)
        return quote.verify(audit_quote.read_certificate(top.der), measurements, 0, 0)

    def document_(**change):
        return document(nitro, bound, change)

    assert judge(document_()) == SECONDS
    stranger = Signer("stranger", is_authority=True)
    below = Signer("below", leaf)
    short = Signer("short", root, is_authority=True, path_length=0)
    deep = Signer("deep", short, is_authority=True)
    deepest = Signer("deepest", deep)
    for content in (
        document(nitro, bound, by=None, change={"timestamp": (SECONDS - 86400) * 1000}),
        document_(timestamp=(SECONDS + 86400) * 1000),
        document(nitro, bound, {"certificate": below.der, "cabundle": [root.der, middle.der, leaf.der]}, below),
        document(nitro, bound, {"certificate": deepest.der, "cabundle": [root.der, short.der, deep.der]}, deepest),
        document_(cabundle=[root.der]),
    ):
        assert "does not lead to the root" in refusal(lambda content=content: judge(content))
    assert "does not lead to the root" in refusal(lambda: judge(document_(), top=stranger))
    assert "signature" in refusal(lambda: judge(document(nitro, bound, by=middle)))
    zeros = {number: bytes(48) for number in range(3)}
    assert "debug" in refusal(lambda: judge(document_(pcrs=zeros), measurements=[bytes(48)]))
    assert "PCR1" in refusal(lambda: judge(document_(), measurements=[MEASUREMENTS[0], bytes(48)]))
    for change in (
        {"digest": "SHA256"},
        {"pcrs": {}},
        {"certificate": b"\x01\x02"},
        {"cabundle": []},
        {"module_id": ""},
        {"timestamp": 1},
        {"nonce": 1},
    ):
        refusal(lambda change=change: judge(document_(**change)))


def test_reports_are_refused_by_name(bound, amd):
    root, middle, leaf = amd

    def judge(content, chain=None, seconds=SECONDS, privilege=0):
        quote = audit_quote.SNPReport(content, chain or leaf.pem + middle.pem)
        return quote.verify(audit_quote.read_certificate(root.der), MEASUREMENTS, seconds, privilege)

    assert judge(report(amd, bound)) == SECONDS
    assert judge(report(amd, bound, [(0x030, 1)]), privilege=1) == SECONDS
    for words, changes in (
        ("debug", [(0x00A, 11)]),
        ("privilege", [(0x030, 2)]),
        ("(SNP)", [(0x186, 22)]),
        ("(microcode)", [(0x187, 85)]),
        ("chip", [(0x1A0, 1)]),
        ("measurement", [(0x090, 8)]),
        ("Turin", [(0, 3), (0x188, 0x1A)]),
        ("version 9", [(0, 9)]),
        ("other than ECDSA", [(0x034, 2)]),
        ("neither", [(0x048, 3 << 2)]),
    ):
        assert words in refusal(lambda changes=changes: judge(report(amd, bound, changes)))
    thief = Signer("thief", middle, extensions=extensions())
    assert "signature" in refusal(lambda: judge(report(amd, bound, by=thief)))
    turin = Signer("turin", middle, extensions=extensions(product=b"\x16\x08Turin-B1"))
    assert "Turin" in refusal(lambda: judge(report(amd, bound, by=turin), turin.pem + middle.pem))
    shared = Signer("vlek", middle, extensions=extensions(chip=None))
    assert judge(report(amd, bound, [(0x048, 1 << 2)], by=shared), shared.pem + middle.pem) == SECONDS
    assert "which chip" in refusal(lambda: judge(report(amd, bound, by=shared), shared.pem + middle.pem))
    content = bytearray(report(amd, bound))
    for place in (0x2D0, 0x318, 0x330, 0x49F):
        changed = bytes(content[:place]) + b"\x01" + bytes(content[place + 1 :])
        assert "behind its signature" in refusal(lambda changed=changed: judge(changed))
    swapped = bytes(content[:0x2A0] + content[0x2E8:0x330] + content[0x2A0:0x2E8] + content[0x330:])
    assert "signature" in refusal(lambda: judge(swapped))


def test_damaged_quotes_are_refused(bound, nitro, amd, draw):
    for content, judge in (
        (document(nitro, bound), lambda each: audit_quote.NitroQuote(each).verify(
            audit_quote.read_certificate(nitro[0].der), MEASUREMENTS, 0, 0)),
        (report(amd, bound), lambda each: audit_quote.SNPReport(each, amd[2].pem + amd[1].pem).verify(
            audit_quote.read_certificate(amd[0].der), MEASUREMENTS, SECONDS, 0)),
    ):
        judge(content)
        for _ in range(60):
            changed = bytearray(content)
            changed[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            # What no signature covers of a document is its optional tag; nothing else is free.
            refusal(lambda changed=changed, judge=judge: judge(bytes(changed)))
        for length in (0, 1, 5, len(content) - 1):
            refusal(lambda length=length, content=content, judge=judge: judge(content[:length]))
        refusal(lambda content=content, judge=judge: judge(content + b"\0"))


def test_one_value_has_one_spelling(draw):
    for content in (
        "", "18", "1817", "1900ff", "1b00000000ffffffff", "5f4100ff", "9fff", "f4", "f7", "fb0000000000000000", "c100",
        "62c328", "a201000100", "a1410000", "9b7fffffffffffffff", "818181818100", "0000", "1c", "d2",
    ):
        with pytest.raises(InvalidProof):
            cbor.parse(bytes.fromhex(content))
    for _ in range(3000):
        content = bytes(draw.randrange(256) & draw.choice((0xFF, 0xE3)) for _ in range(draw.randrange(1, 12)))
        try:
            value = cbor.parse(content)
        except InvalidProof:
            continue
        assert cbor.encode(value) == content


def test_without_the_package_a_quote_is_not_read(members, bound, nitro, tmp_path, monkeypatch):
    content = bundle(members, document(nitro, bound))
    monkeypatch.setattr(audit_quote, "x509", None)
    assert verified(tmp_path / "audit.tar", content) == 1
    assert verified(tmp_path / "audit.tar", BUNDLE.read_bytes()) == plain(members)
