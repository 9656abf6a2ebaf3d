# SPDX-License-Identifier: Apache-2.0
"""All checks of a certificate, in the order that decides the exit code
(specification/checks-and-exit-codes.md, section 1)."""

from dataclasses import dataclass, replace

from . import coverage
from .argument import ArgumentVerifier, DriftCommitment
from .certificate import Certificate, read_certificate
from .channel import canonical_words
from .errors import AnotherSubject, InvalidProof, NotCovered, OperationalError
from .field import Cubic
from .identity import BaseIdentity, check_linked_part
from .layout import Layout
from .manifest import (
    BLOCKS_VERSION,
    CIRCULANTS_VERSION,
    PATTERNS_VERSION,
    PRODUCT_KINDS,
    Manifest,
    read_manifest,
    says_aligned,
)
from .manifest import MAXIMUM_BYTES as MAXIMUM_STATEMENT_BYTES
from .parameters import CodeParameters, SoundnessShape, soundness_terms
from .policy import Policy, Rule
from .rules import (
    MAXIMUM_BLOCKS,
    MAXIMUM_LOG_ENTRIES,
    StatementRules,
    check_sizes,
    check_validity,
    count_blocks,
    matrix,
    padded_log,
)
from .statement import Statement, ceil_log2
from .transcript import BYTES, DIGEST, Transcript
from .wire import u64

REQUIRED_BITS = 128


@dataclass(frozen=True)
class Verified:
    """What a certificate that passed says. `certified` has f of each tensor of the tuned model in the statement."""

    certificate: Certificate
    manifest: Manifest
    policy: Policy
    decisions: dict[str, Rule]
    certified: dict[str, int]
    statement: Statement | None
    soundness: dict[str, float]
    layout: Layout | None = None
    commitment: DriftCommitment | None = None


def required_versions(policy: Policy) -> set[int]:
    """The manifest versions of a policy (specification/statement.md, section 1)."""
    if policy.has_circulants:
        return {CIRCULANTS_VERSION}
    if policy.has_blocks:
        return {BLOCKS_VERSION}
    if policy.has_patterns:
        return {PATTERNS_VERSION}
    if policy.bounds_rounding:
        return {8}
    if policy.bounds_entries:
        return {6, 7}
    return {4, 5} if policy.has_slices else {2, 3, 4, 5}


def derive(
    identity: BaseIdentity, manifest: Manifest, policy: Policy, cumulative: bool = False
) -> tuple[dict[str, Rule], StatementRules]:
    """Checks 14 to 20: decisions, and rules that make the statement."""
    if manifest.statement_bytes > MAXIMUM_STATEMENT_BYTES:
        raise InvalidProof("the manifest is too long for a statement")
    if not cumulative and manifest.version not in required_versions(policy):
        raise InvalidProof("the manifest's version is not one of the policy's")
    decisions = coverage.decide(policy, coverage.all_names(identity, manifest))
    coverage.check_adapter_records(identity, manifest)
    coverage.check_coverage(identity, manifest, decisions)
    if manifest.aligned:
        coverage.check_alignable(identity, manifest, decisions)
    coverage.check_products(identity, manifest, decisions)
    if policy.needs_linked_base or manifest.aligned:
        if identity.linked is None:
            raise NotCovered("the identity does not commit to the base's weights")
        check_linked_part(identity)
    return decisions, StatementRules(identity, manifest, policy, decisions)


def derive_tensors(identity: BaseIdentity, manifest: Manifest, rules: StatementRules):
    """Check 21: tensor by tensor, its size, its number of heads, their names, their clauses as integers."""
    taken = identity.by_name.keys() | manifest.by_name.keys()
    tensors, shrinkages, names, certified = [], [], set(), {}
    for tuned, base, rule in rules.certified():
        if padded_log(*matrix(tuned.shape)) > MAXIMUM_LOG_ENTRIES:
            raise OperationalError(f"{tuned.name}: too many entries")
        if rule.heads and tuned.kind not in PRODUCT_KINDS:
            if len(tensors) + count_blocks(tuned.shape, rule.heads) > MAXIMUM_BLOCKS:
                raise OperationalError(f"{tuned.name}: too many heads")
        for tensor in rules.tensors_of(tuned, base, rule, shrinkages):
            is_part = tensor.name != tuned.name
            if is_part and tensor.name in taken or tensor.name in names:
                raise NotCovered(f"{tensor.name}: a tensor has the name of a head")
            names.add(tensor.name)
            tensors.append(tensor)
            certified[tuned.name] = tensor.fraction_bits
    return tensors, shrinkages, certified


def soundness_shape(layout: Layout) -> SoundnessShape:
    lines = sum(len(line.limbs) for line in layout.bound_lines)
    has_orthonormal, has_region = bool(layout.orthonormal), layout.has_region or layout.has_patterns
    coordinates = (
        ceil_log2(layout.square_chunks)
        + ceil_log2(layout.projection_chunks)
        + layout.e_variables
        + layout.d_variables
        + ceil_log2(layout.factor_chunks)
        + layout.bits_log
        + layout.z_variables
        + 8
    )
    return SoundnessShape(
        claims=6
        + lines
        + (4 if has_orthonormal or has_region else 0)
        + (8 if has_region else 0)
        + (3 if layout.has_patterns else 0),
        coordinates=coordinates,
        has_first_tree=layout.has_first_tree,
        has_factors=layout.has_factors,
        mask_runs=layout.mask_runs if layout.has_factors else 0,
        index_bits=layout.bit_count,
        region_oracles=len(layout.region_oracles) + len(layout.pattern_oracles),
        orthonormal_tensors=len(layout.orthonormal),
        orthonormal_log_rows=layout.o_log_rows,
        has_region=has_region,
        hidden_trees=len(layout.statement.base_trees) if layout.statement.code.base_trees else 0,
    )


def drift_commitment(certificate: Certificate, code: CodeParameters, rows: int) -> DriftCommitment:
    """Check 32, and the point of the pins (specification/commitment-and-opening.md, section 3)."""
    if len(certificate.drift_pins) != 24 * rows:
        raise InvalidProof("the drift tableau has another number of pins")
    pins = canonical_words(certificate.drift_pins, "the drift tableau's pins").reshape(rows, 3)
    point = pin_point(code, "drift", rows, certificate.drift_root)
    return DriftCommitment(certificate.drift_root, point, pins, certificate.drift_pins)


def pin_point(code: CodeParameters, label: str, rows: int, root: bytes) -> Cubic:
    """z of a tree that is pinned where its root says (specification/commitment-and-opening.md, section 3)."""
    transcript = Transcript("driftproof/pins/v1")
    transcript.absorb("code", BYTES, code.canonical())
    transcript.absorb("label", BYTES, label.encode())
    shape = u64(code.length) + u64(code.drift_tail_coefficients)
    transcript.absorb("shapes", BYTES, shape * rows)
    transcript.absorb("root", DIGEST, root)
    return transcript.point_outside("pin")


def verify_parts(certificate: Certificate, identity: BaseIdentity, policy: Policy, check_parent=None) -> Verified:
    """Checks 8 to 34 of a certificate whose frame has been read. `check_parent(manifest)` is check 33."""
    is_next = identity.linked is not None and identity.linked.predecessor is not None
    needs_linked = policy.needs_linked_base or says_aligned(certificate.manifest) or is_next
    if needs_linked and identity.linked is None:
        raise NotCovered("rounding bounds and aligned certificates need a linked identity")
    root = identity.linked.linked_root if needs_linked else identity.root
    if certificate.base_root != root:
        raise AnotherSubject("the certificate is about another base")
    if certificate.policy_digest != policy.digest:
        raise AnotherSubject("the certificate is about another policy")
    if certificate.policy != policy.canonical():
        raise InvalidProof("the certificate's policy bytes are not the policy's")
    manifest = read_manifest(certificate.manifest)
    if certificate.commitment_of_parts != certificate.tuned_commitment:
        raise InvalidProof("the tuned commitment is not that of its parts")
    decisions, rules = derive(identity, manifest, policy)
    tensors, shrinkages, certified = derive_tensors(identity, manifest, rules)
    if manifest.parent and policy.needs_linked_base:
        raise NotCovered("a link has neither rounding bounds nor patterns of weights")
    check_sizes(tensors)
    coverage.check_digests(identity, manifest, decisions)
    code = manifest.code
    if (code is None) != (not tensors):
        raise InvalidProof("code parameters stand exactly where there is something to prove")
    if code is None:
        if any(manifest.layout_digest) or certificate.drift_pins or certificate.proof or any(certificate.drift_root):
            raise InvalidProof("a certificate without anything to prove has a proof")
        if check_parent:
            check_parent(manifest)
        return Verified(certificate, manifest, policy, decisions, certified, None, {})
    linked = identity.linked
    opens_base = manifest.aligned or any(tensor.place and tensor.speaks_of_base for tensor in tensors)
    if linked and linked.tail and opens_base:
        code = replace(code, base_trees=len(linked.trees), base_tail=linked.tail)
        if code.base_tail < code.least_base_tail or not code.in_range:
            raise InvalidProof("the base's tails are too short for the proof, or longer than its rows")
    if code.query_bits < REQUIRED_BITS:
        raise InvalidProof("the queries give less than 128 bits")
    if any(tensor.place for tensor in tensors):
        if (code.log_length, code.log_blowup) != (linked.log_length, linked.log_blowup):
            raise InvalidProof("the code is not that of the base's tableau")
    statement = rules.statement(code, tensors, shrinkages)
    check_validity(statement)
    layout = Layout(statement)
    soundness = soundness_terms(code, soundness_shape(layout))
    if min(soundness.values()) < REQUIRED_BITS:
        raise InvalidProof("a term of the soundness error has less than 128 bits")
    if manifest.rows != layout.row_count:
        raise InvalidProof("the tableau has another number of rows")
    if manifest.layout_digest != statement.layout_digest():
        raise InvalidProof("the layout digest is another")
    commitment = drift_commitment(certificate, code, layout.row_count)
    if check_parent:
        check_parent(manifest)
    ArgumentVerifier(statement, layout, certificate.binding, commitment, certificate.proof).verify()
    return Verified(certificate, manifest, policy, decisions, certified, statement, soundness, layout, commitment)


def verify(content: bytes, identity: BaseIdentity, policy: Policy, parent: bytes | None = None) -> Verified:
    """Verifies a certificate's bytes against identity and policy; `parent` is the commitment a link must continue."""

    def check_parent(manifest: Manifest) -> None:
        if manifest.parent != parent:
            raise AnotherSubject("the certificate continues another parent, or one that was not named")

    return verify_parts(read_certificate(content), identity, policy, check_parent)
