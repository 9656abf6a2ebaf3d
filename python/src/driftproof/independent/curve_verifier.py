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
    LINK_VERSION,
    CurveCertificate,
    CurveModel,
    base_model,
    read_curve_certificate,
    read_curve_manifest,
    tuned_model,
)
from .curve_channel import decode_points
from .curve_identity import CurveIdentity, row_count
from .curve_opening import KEY_BYTES, SetupKey
from .curve_statement import (
    BOUND_BITS,
    MAXIMUM_SCALE,
    MAXIMUM_SPREAD,
    NORM,
    TOTAL_BITS,
    CurveClause,
    CurveStatement,
    CurveTensor,
)
from .errors import AnotherSubject, InvalidProof, NotProvable, OperationalError
from .identity import BaseTensor
from .policy import ABSOLUTE, ANY, CLAUSES, COLUMNS, ENTRIES, NO_SPARSE, ROWS, Bound, Clause, Policy, Rule
from .rules import matrix, power_of_four
from .statement import ceil_log2
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
    model: CurveModel


def setup_id_of_file(head: bytes) -> bytes:
    """The id of a setup's file, from its first bytes (format.md, "Setup")."""
    reader = Reader(head, "setup")
    try:
        if reader.take(8) != SETUP_MAGIC or not 1 <= reader.u32() <= 28:
            raise OperationalError("setup: another format")
        return SetupKey(reader.take(KEY_BYTES)).id
    except InvalidProof as error:
        raise OperationalError(str(error)) from None


def is_provable(clause: Clause) -> bool:
    others = clause.pattern, clause.entrywise, clause.rounding, clause.blocks, clause.circulant
    return clause.norm is not None or (not any(others) and (clause.rank is not None or clause.sparse != NO_SPARSE))


def check_provable(identity: CurveIdentity, decisions: dict[str, Rule]) -> None:
    """Clauses are norms, ranks and sparse parts of whole tensors; anything else needs the hash backend."""
    for name, rule in decisions.items():
        if rule.kind != CLAUSES:
            continue
        if rule.heads or rule.grow is not None or not all(is_provable(clause) for clause in rule.clauses):
            raise NotProvable(f"{name}: the curve backend proves norms, ranks and sparse parts of whole tensors alone")
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


def total_square(identity: CurveIdentity, bound: Bound, bits: list[int]) -> int:
    """The total (specification/statement.md, section 9)."""
    largest = max(bits)
    if bound.kind == ABSOLUTE:
        return floor(bound.value**2 * power_of_four(largest))
    based = [tensor for tensor in identity.plain.tensors if tensor.has_integers]
    units = max([largest] + [tensor.fraction_bits for tensor in based])
    squares = sum(tensor.sum_of_squares * 4 ** (units - tensor.fraction_bits) for tensor in based)
    return floor(bound.value**2 * squares * power_of_four(largest - units))


def clause_of(clause: Clause, tensor: BaseTensor, bound: int | None) -> CurveClause:
    """A sum clause of the policy about a tensor (specification/curve-argument.md, 6, "From a policy")."""
    rows, columns = matrix(tensor.shape)
    rank = min(clause.rank or 0, rows, columns)
    most = {NO_SPARSE: 0, ENTRIES: rows * columns, ROWS: rows, COLUMNS: columns}[clause.sparse]
    scale = square = 0
    if clause.residual is not None:
        if rank:
            first = held_square(clause.residual, tensor, 0)
            drift = 16 * max(tensor.sum_of_squares, 1 << 42) if bound is None else bound
            room = 25 - (ceil_log2(first) + 1) // 2, (102 - ceil_log2(rank * drift)) // 2, MAXIMUM_SCALE
            scale = max(0, min(room))
        square = held_square(clause.residual, tensor, scale)
        scale = scale if square else 0
    return CurveClause(rank, clause.sparse, min(clause.count, most), scale, square)


def held_square(bound: Bound, tensor: BaseTensor, scale: int) -> int:
    """⌊B²·4^(f + s)⌋, or ⌊B²·Σq²·4^s⌋ of a relative one, held at 2^120 - 1."""
    unit = power_of_four(tensor.fraction_bits) if bound.kind == ABSOLUTE else tensor.sum_of_squares
    return min(floor(bound.value**2 * unit * 4**scale), (1 << BOUND_BITS) - 1)


def derive_statement(
    identity: CurveIdentity, policy: Policy, decisions: dict[str, Rule], kinds: list[int]
) -> CurveStatement:
    """The bounded tensors in order."""
    tensors = []
    for tensor, kind, rows in zip(identity.plain.tensors, kinds, identity.rows, strict=True):
        if kind != BOUNDED:
            continue
        clauses = decisions[tensor.name].clauses
        norms = [held_square(clause.norm, tensor, 0) for clause in clauses if clause.norm is not None]
        bound = min(norms) if norms else None
        sums = tuple(clause_of(clause, tensor, bound) for clause in clauses if clause.norm is None)
        count, sizes = len(rows) // 48, matrix(tensor.shape)
        counts = policy.total is not None
        tensors.append(CurveTensor(tensor.name, *sizes, tensor.fraction_bits, count, NORM, bound, counts, sums))
    total = None
    if policy.total is not None:
        bits = [tensor.fraction_bits for tensor in tensors]
        if max(bits) - min(bits) > MAXIMUM_SPREAD:
            raise NotProvable("units of the tensors that the total counts differ by more than 44 bits")
        total = min(total_square(identity, policy.total, bits), (1 << TOTAL_BITS) - 1)
    statement = CurveStatement(identity.log_length, identity.key.id, tuple(tensors), total)
    if statement.problem:
        raise NotProvable(f"the curve backend does not take these sizes: {statement.problem}")
    return statement


def verify_curve(
    content: bytes,
    identity: CurveIdentity,
    policy: Policy,
    assumed: bool,
    named_setup: bytes | None = None,
    parent: CurveModel | None = None,
) -> CurveVerified:
    """Verifies a certificate's bytes. `assumed`: assumptions about the curve are permitted, whatever the policy says.
    `parent`: of a link, the model of its parent's verified certificate."""
    certificate = read_curve_certificate(content)
    setup = identity.key.id
    if certificate.setup_id != setup or certificate.log_length != identity.log_length:
        raise AnotherSubject("the certificate is about another setup or length of rows than the identity's")
    if certificate.base_root != identity.root:
        raise AnotherSubject("the certificate is about another base")
    if certificate.parent != (parent and parent.commitment):
        raise AnotherSubject("the certificate is a link, or one of another parent")
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
    if certificate.version != (LINK_VERSION if certificate.parent else statement.version):
        raise InvalidProof("certificate: the version of another statement")
    stored = read_curve_manifest(certificate.manifest, identity, kinds)
    start = parent or base_model(identity)
    model = tuned_model(certificate, identity, kinds, stored, start)
    if model.commitment != certificate.tuned_commitment:
        raise InvalidProof("the tuned commitment is not that of its parts")
    for tensor, kind, own in zip(identity.plain.tensors, kinds, stored, strict=True):
        if kind == ANY_ROWS:
            decode_points(own, f"rows of {tensor.name}")
    pairs = [(base, own) for kind, base, own in zip(kinds, start.rows, stored, strict=True) if kind == BOUNDED and base]
    base_rows, tuned_rows = (b"".join(points) for points in zip(*pairs, strict=True))
    verifier = CurveArgumentVerifier(statement, identity.key, certificate.binding, base_rows, tuned_rows)
    verifier.verify(certificate.proof)
    return CurveVerified(certificate, statement, kinds, model)
