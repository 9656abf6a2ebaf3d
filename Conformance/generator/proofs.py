# SPDX-License-Identifier: Apache-2.0
"""Proofs with something changed in each of their parts: check 34, and the reason of checks-and-exit-codes, section 5."""

from contextlib import contextmanager

from driftproof.independent import read_identity, read_policy
from driftproof.independent.channel import Channel
from driftproof.independent.transition import read_transition, read_tuned_tableau, verify_transition
from driftproof.independent.verifier import Verified, verify
from driftproof.independent.wire import u64

from .case import Cases
from .subjects import ADAPTER, BANDS, CIRCULANT, CLASSES, KRONECKER, NORM, PATTERNS, ROUNDING, Subject, add

RULE = "checks-and-exit-codes 5"
P = 0xFFFFFFFF00000001


@contextmanager
def recorded(found: dict[str, list[int]]):
    """Where in a proof each message and hint begins, by its label."""
    kept = {name: getattr(Channel, name) for name in ("array", "digest", "nonce", "words")}

    def recording(method):
        def read(self, *arguments):
            label = arguments[1] if method == kept["words"] else arguments[0]
            found.setdefault(label, []).append(self.hints._at)
            return method(self, *arguments)

        return read

    for name, method in kept.items():
        setattr(Channel, name, recording(method))
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(Channel, name, method)


def verified(subject: Subject) -> Verified:
    identity, policy = read_identity(subject.identity.content), read_policy(subject.policy.content)
    return verify(subject.certificate.content, identity, policy, subject.manifest.parent)


def places(subject: Subject) -> dict[str, list[int]]:
    """Offsets in the certificate."""
    found: dict[str, list[int]] = {}
    with recorded(found):
        verified(subject)
    start = len(subject.certificate.content) - len(subject.parts.proof)
    return {label: [start + at for at in each] for label, each in found.items()}


def transition_places(subject: Subject, tableau: bytes, transition: bytes) -> dict[str, list[int]]:
    """Offsets in a transition."""
    found: dict[str, list[int]] = {}
    identity = read_identity(subject.identity.content)
    policy = read_policy(subject.policy.content)
    certificate = verify(subject.certificate.content, identity, policy)
    with recorded(found):
        verify_transition(certificate, identity, read_tuned_tableau(tableau), read_transition(transition))
    start = len(transition) - len(read_transition(transition).proof)
    return {label: [start + at for at in each] for label, each in found.items()}


#: What a change of a message leads to: (the label, or how it begins; which of its messages; the reason).
NORM_PLACES = [
    ("root of P2", 0, "sumcheckFinal A"),
    ("A/sum g", 0, "sumcheckFinal A"),
    ("A/round", -1, "sumcheckFinal A"),
    ("A/D", 0, "sumcheckFinal A"),
    ("opening/tree at a pin", 0, "clearCombination"),
    ("opening/mask at a pin", 0, "clearCombination"),
    ("opening/mask value", 0, "clearCombination"),
    ("opening/high part", 0, "proofOfWork"),
    ("opening/clear combination", 0, "clearCombination"),
    ("opening/layer root", 0, "proofOfWork"),
    ("opening/sumcheck round", 0, "proofOfWork"),
    ("opening/out-of-domain answer", 0, "proofOfWork"),
    ("opening/proof of work", 0, "proofOfWork"),
    ("opening/proof of work", -1, "proofOfWork"),
    ("rows of drift", 0, "merklePath drift"),
    ("rows of P2", 0, "merklePath P2"),
    ("a folding leaf", 0, "merklePath folding layer 0"),
    ("a folding leaf", -1, "merklePath folding layer 1"),
    ("opening/final coefficients", 0, "openingSumcheck"),
]
OTHER_PLACES = [
    ("classes", CLASSES, "root of P1", "sumcheckFinal A"),
    ("classes", CLASSES, "pins of P1", "sumcheckFinal A"),
    ("classes", CLASSES, "d", "sumcheckFinal B"),
    ("classes", CLASSES, "B/sum g", "sumcheckFinal B"),
    ("classes", CLASSES, "C/sum g", "sumcheckFinal C"),
    ("classes", CLASSES, "rows of P1", "merklePath P1"),
    ("adapter", ADAPTER, "sigma", "sumcheckFinal O"),
    ("adapter", ADAPTER, "O/left", "sumcheckFinal O"),
    ("rounding", ROUNDING, "A/X", "sumcheckFinal A"),
    ("rounding", ROUNDING, "rows of base/0", "merklePath base/0"),
    ("patterns", PATTERNS, "A/z", "sumcheckFinal A"),
    ("kronecker", KRONECKER, "B/sum g", "sumcheckFinal B"),
    ("kronecker", KRONECKER, "C/sum g", "sumcheckFinal C"),
    ("circulant", CIRCULANT, "B/c", "sumcheckFinal B"),
    ("circulant", CIRCULANT, "C/sum g", "sumcheckFinal C"),
]


def cases() -> Cases:
    found = Cases("proof")
    labels = places(NORM)
    for label, which, reason in NORM_PLACES:
        _flip(found, "norm", NORM, labels[label][which], label, which, reason)
    others = {group: places(subject) for group, subject, _, _ in OTHER_PLACES}
    for group, subject, label, reason in OTHER_PLACES:
        _flip(found, group, subject, others[group][label][0], label, 0, reason)
    _bands(found)
    _ends(found)
    return found


def _flip(found: Cases, group: str, subject: Subject, at: int, label: str, which: int, reason: str) -> None:
    name = "-".join([group, *label.replace("opening/", "").replace("/", " ").split(), *(["last"] if which else [])])
    says = f"A bit of `{label}` is another{', in the last of them' if which else ''}."
    add(found, name, says, subject.with_certificate(subject.certificate.with_byte(at).content), 11, reason, RULE)


def _bands(found: Cases) -> None:
    """A value of each band, and a salt, which all bands have in common."""
    labels = places(BANDS)
    for tree, rows in (("drift", BANDS.manifest.rows), ("P1", None), ("P2", None)):
        at = labels[f"rows of {tree}"][0]
        _flip(found, "bands", BANDS, at, f"rows of {tree}", 0, f"merklePath {tree}")
        if rows:
            _flip(found, "bands", BANDS, at + 8 * (rows - 1), f"rows of {tree}", -1, f"merklePath {tree}")
            salt = at + 8 * rows * BANDS.manifest.code.queries
            _flip(found, "bands", BANDS, salt, f"salts of {tree}", 0, f"merklePath {tree}")


def _ends(found: Cases) -> None:
    labels, content = places(NORM), NORM.certificate.content

    def refused(name: str, says: str, proof: bytes, reason: str) -> None:
        add(found, name, says, NORM.with_parts(proof=proof), 11, reason, RULE)

    proof = NORM.parts.proof
    start = len(content) - len(proof)
    refused("longer", "Eight bytes behind the proof.", proof + bytes(8), "trailingBytes")
    refused("shorter", "Eight bytes fewer.", proof[:-8], "truncated")
    refused("nothing", "No proof.", b"", "truncated")
    at = labels["A/sum g"][0] - start
    refused("not-canonical", "A word of a message is p.", proof[:at] + u64(P) + proof[at + 8 :], "notCanonical")
    at = labels["rows of drift"][0] - start
    refused(
        "not-canonical-row", "A word of a row is 2^64 - 1.", proof[:at] + b"\xff" * 8 + proof[at + 8 :], "notCanonical"
    )
