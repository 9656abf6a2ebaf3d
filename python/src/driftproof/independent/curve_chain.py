# SPDX-License-Identifier: Apache-2.0
"""Chains of certificates on the curve (specification/chain.md, section 8)."""

from dataclasses import dataclass, field

from . import coverage
from .chain import CIRCLE, DUPLICATE, MISSING, order
from .cumulative import Link, LinkTensor, check_sums, norm_square
from .curve_certificate import CurveModel, read_curve_certificate
from .curve_identity import CurveIdentity
from .curve_verifier import check_provable, verify_curve
from .errors import AnotherSubject, InvalidProof, Revoked, UsageError, VerificationFailure
from .policy import ANY, CLAUSES, Policy, Rule, read_canonical
from .revocation import RevocationList
from .wire import sha256


class CurveLink(Link):
    """A verified link as a step: clauses of whole tensors of the base, in its units."""

    def __init__(self, identity: CurveIdentity, policy: Policy, decisions: dict[str, Rule]):
        plain = identity.plain
        self.decisions = decisions
        self.tensors = {
            name: LinkTensor(plain.by_name[name], rule, plain.by_name[name].fraction_bits, plain.by_name[name].shape)
            for name, rule in decisions.items()
            if rule.kind == CLAUSES
        }
        self.policy_total = None if policy.total is None else norm_square(policy.total, list(plain.tensors))

    def excludes(self, name: str) -> bool:
        return self.decisions[name].kind == ANY


@dataclass
class CurveNode:
    """One file of a chain and, in the end, what became of it."""

    number: int
    content: bytes
    policy: Policy | None
    commitment: bytes | None = None
    parent_commitment: bytes | None = None
    parent: "CurveNode | None" = None
    children: list["CurveNode"] = field(default_factory=list)
    place: str = "root"
    link: CurveLink | None = None
    model: CurveModel | None = None
    failure: VerificationFailure | None = None


def read_node(number: int, content: bytes, policy: Policy | None) -> CurveNode:
    node = CurveNode(number, content, policy)
    try:
        certificate = read_curve_certificate(content)
    except VerificationFailure:
        return node
    node.commitment, node.parent_commitment = certificate.tuned_commitment, certificate.parent
    return node


def _decisions(identity: CurveIdentity, policy: Policy) -> dict[str, Rule]:
    decisions = coverage.decide(policy, [tensor.name for tensor in identity.plain.tensors])
    check_provable(identity, decisions)
    return decisions


def _verify_link(
    node: CurveNode,
    identity: CurveIdentity,
    assumed: bool,
    setup: bytes | None,
    cumulative: Policy | None,
    revoked: RevocationList,
) -> None:
    if node.commitment in revoked.commitments or sha256(node.content) in revoked.certificates:
        raise Revoked("the certificate is revoked")
    if node.place == DUPLICATE:
        raise UsageError("another file is about the same commitment")
    if node.place == MISSING:
        raise AnotherSubject("the parent is not among the certificates")
    if node.place == CIRCLE:
        raise InvalidProof("the certificate would be its own ancestor")
    if node.parent and node.parent.failure:
        raise type(node.parent.failure)("a link above it fails")
    if node.policy is None and not assumed:
        raise AnotherSubject("what a certificate's own policy permits is its maker's word: permit it by --assume")
    policy = node.policy or read_canonical(read_curve_certificate(node.content).policy)
    parent = node.parent.model if node.parent else None
    node.model = verify_curve(node.content, identity, policy, assumed, setup, parent).model
    node.link = CurveLink(identity, policy, _decisions(identity, policy))
    if cumulative:
        way, at = [], node
        while at:
            way.append(at.link)
            at = at.parent
        plain, decisions = identity.plain, _decisions(identity, cumulative)
        bounded = [name for name, rule in decisions.items() if rule.kind == CLAUSES]
        certified = {name: plain.by_name[name].fraction_bits for name in bounded}
        shapes = {tensor.name: tensor.shape for tensor in plain.tensors}
        check_sums(plain, cumulative, decisions, certified, shapes, way[::-1])


def verify_curve_chain(
    contents: list[bytes],
    policies: list[Policy | None],
    identity: CurveIdentity,
    assumed: bool,
    setup: bytes | None = None,
    cumulative: Policy | None = None,
    revoked: RevocationList = RevocationList(),
) -> list[CurveNode]:
    """All files, parents before children, each with its outcome."""
    nodes = [read_node(number, *each) for number, each in enumerate(zip(contents, policies, strict=True))]
    ordered = order(nodes)
    for node in ordered:
        try:
            _verify_link(node, identity, assumed, setup, cumulative, revoked)
        except VerificationFailure as failure:
            node.failure = failure
    return ordered
