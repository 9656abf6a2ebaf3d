# SPDX-License-Identifier: Apache-2.0
"""All checks of a certificate on the curve, in order (format.md, "Certificate on the curve")."""

from dataclasses import dataclass
from math import floor

from . import coverage
from .curve_argument import CurveArgumentVerifier
from .curve_certificate import (
    ANY_DIGEST,
    ANY_ROWS,
    BOUNDED,
    FROZEN,
    CurveCertificate,
    read_curve_certificate,
    read_curve_manifest,
    tuned_commitment,
)
from .curve_channel import decode_points
from .curve_identity import CurveIdentity, row_count
from .curve_opening import KEY_BYTES, SetupKey
from .curve_statement import BOUND_BITS, MAXIMUM_SPREAD, NORM, TOTAL_BITS, CurveStatement, CurveTensor
from .errors import AnotherSubject, InvalidProof, NotProvable, OperationalError
from .policy import ABSOLUTE, ANY, CLAUSES, Bound, Policy, Rule
from .rules import matrix, power_of_four
from .wire import Reader

#: Known ceremonies (specification/curve.md, "Setups"): Ethereum's, the set of 4096.
KNOWN_SETUPS = {bytes.fromhex("b6d0dd6ad6b0e934660547c2779711e10822e85674ba897e02a693d95b172925")}
ASSUMPTION = "bls12-381"
SETUP_MAGIC = b"DPSETUP1"
SETUP_HEAD = len(SETUP_MAGIC) + 4 + KEY_BYTES


@dataclass(frozen=True)
class CurveVerified:
    certificate: CurveCertificate
    statement: CurveStatement
    kinds: list[int]


def setup_id_of_file(head: bytes) -> bytes:
    """The id of a setup's file, from its first bytes (format.md, "Setup")."""
    reader = Reader(head, "setup")
    try:
        if reader.take(8) != SETUP_MAGIC or not 1 <= reader.u32() <= 28:
            raise OperationalError("setup: another format")
        return SetupKey(reader.take(KEY_BYTES)).id
    except InvalidProof as error:
        raise OperationalError(str(error)) from None


def check_provable(identity: CurveIdentity, decisions: dict[str, Rule]) -> None:
    """Clauses are norms of whole tensors; anything else needs the hash backend."""
    for name, rule in decisions.items():
        if rule.kind != CLAUSES:
            continue
        if rule.heads or rule.grow is not None or any(clause.norm is None for clause in rule.clauses):
            raise NotProvable(f"{name}: the curve backend proves norms of whole tensors alone")
        tensor = identity.plain.by_name[name]
        if row_count(tensor, identity.log_length) == 0:
            raise NotProvable(f"{name}: has no rows that a clause could bound")
    if all(rule.kind != CLAUSES for rule in decisions.values()):
        raise NotProvable("the policy bounds no tensor")


def kind_of(rule: Rule, has_rows: bool) -> int:
    """The manifest's byte of a tensor."""
    if rule.kind == CLAUSES and has_rows:
        return BOUNDED
    if rule.kind == ANY:
        return ANY_ROWS if has_rows else ANY_DIGEST
    return FROZEN


def norm_square(bound: Bound, fraction_bits: int, sum_of_squares: int) -> int:
    """N of a bound: ⌊B²·4^f⌋, or ⌊B²·Σq²⌋ of a relative one."""
    if bound.kind == ABSOLUTE:
        return floor(bound.value**2 * power_of_four(fraction_bits))
    return floor(bound.value**2 * sum_of_squares)


def total_square(identity: CurveIdentity, bound: Bound, bits: list[int]) -> int:
    """The total (specification/statement.md, section 9)."""
    largest = max(bits)
    if bound.kind == ABSOLUTE:
        return floor(bound.value**2 * power_of_four(largest))
    based = [tensor for tensor in identity.plain.tensors if tensor.has_integers]
    units = max([largest] + [tensor.fraction_bits for tensor in based])
    squares = sum(tensor.sum_of_squares * 4 ** (units - tensor.fraction_bits) for tensor in based)
    return floor(bound.value**2 * squares * power_of_four(largest - units))


def derive_statement(
    identity: CurveIdentity, policy: Policy, decisions: dict[str, Rule], kinds: list[int]
) -> CurveStatement:
    """The bounded tensors in order."""
    tensors = []
    for tensor, kind, rows in zip(identity.plain.tensors, kinds, identity.rows, strict=True):
        if kind != BOUNDED:
            continue
        bounds = [clause.norm for clause in decisions[tensor.name].clauses]
        least = min(norm_square(bound, tensor.fraction_bits, tensor.sum_of_squares) for bound in bounds)
        held = min(least, (1 << BOUND_BITS) - 1)
        count, sizes = len(rows) // 48, matrix(tensor.shape)
        counts = policy.total is not None
        tensors.append(CurveTensor(tensor.name, *sizes, tensor.fraction_bits, count, NORM, held, counts))
    total = None
    if policy.total is not None:
        bits = [tensor.fraction_bits for tensor in tensors]
        if max(bits) - min(bits) > MAXIMUM_SPREAD:
            raise NotProvable("units of the tensors that the total counts differ by more than 44 bits")
        total = min(total_square(identity, policy.total, bits), (1 << TOTAL_BITS) - 1)
    return CurveStatement(identity.log_length, identity.key.id, tuple(tensors), total)


def verify_curve(
    content: bytes, identity: CurveIdentity, policy: Policy, assumed: bool, named_setup: bytes | None = None
) -> CurveVerified:
    """Verifies a certificate's bytes. `assumed`: assumptions about the curve are permitted, whatever
    the policy says."""
    certificate = read_curve_certificate(content)
    setup = identity.key.id
    if certificate.setup_id != setup or certificate.log_length != identity.log_length:
        raise AnotherSubject("the certificate is about another setup or length of rows than the identity's")
    if certificate.base_root != identity.root:
        raise AnotherSubject("the certificate is about another base")
    if certificate.policy != policy.canonical():
        raise AnotherSubject("the certificate is about another policy")
    if setup not in KNOWN_SETUPS and setup != named_setup:
        raise AnotherSubject(f"the setup {setup.hex()} is neither known nor named: name one that you trust by --setup")
    if not assumed and policy.assumption != ASSUMPTION:
        raise AnotherSubject(
            f"the certificate rests on assumptions about BLS12-381: permit them by the policy or --assume {ASSUMPTION}"
        )
    decisions = coverage.decide(policy, [tensor.name for tensor in identity.plain.tensors])
    check_provable(identity, decisions)
    kinds = [
        kind_of(decisions[tensor.name], rows is not None)
        for tensor, rows in zip(identity.plain.tensors, identity.rows, strict=True)
    ]
    statement = derive_statement(identity, policy, decisions, kinds)
    stored = read_curve_manifest(certificate.manifest, identity, kinds)
    if tuned_commitment(certificate, identity, kinds, stored) != certificate.tuned_commitment:
        raise InvalidProof("the tuned commitment is not that of its parts")
    for tensor, kind, own in zip(identity.plain.tensors, kinds, stored, strict=True):
        if kind == ANY_ROWS:
            decode_points(own, f"rows of {tensor.name}")
    pairs = [
        (base, own) for kind, base, own in zip(kinds, identity.rows, stored, strict=True) if kind == BOUNDED and base
    ]
    base_rows, tuned_rows = (b"".join(points) for points in zip(*pairs, strict=True))
    verifier = CurveArgumentVerifier(statement, identity.key, certificate.binding, base_rows, tuned_rows)
    verifier.verify(certificate.proof)
    return CurveVerified(certificate, statement, kinds)
