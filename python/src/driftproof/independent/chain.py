# SPDX-License-Identifier: Apache-2.0
"""Lines of releases (specification/chain.md)."""

from dataclasses import dataclass, field

from .certificate import read_certificate
from .cumulative import Link, check_cumulative
from .datatypes import FLOATING
from .errors import AnotherSubject, InvalidProof, NotCovered, OperationalError, Revoked, UsageError, VerificationFailure
from .identity import BaseIdentity
from .manifest import Manifest, read_manifest
from .policy import ANY, Policy, read_canonical
from .revocation import RevocationList
from .verifier import Verified, verify_parts
from .wire import sha256

ROOT, MISSING, CHILD, CIRCLE, DUPLICATE = "root", "parent missing", "child", "circle", "duplicate"


@dataclass
class Node:
    """One file of a chain and, in the end, what became of it."""

    number: int
    content: bytes
    policy: Policy | None
    commitment: bytes | None = None
    parent_commitment: bytes | None = None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    place: str = ROOT
    link: Link | None = None
    failure: VerificationFailure | None = None


def read_node(number: int, content: bytes, policy: Policy | None) -> Node:
    node = Node(number, content, policy)
    try:
        certificate = read_certificate(content)
        manifest = read_manifest(certificate.manifest)
    except VerificationFailure:
        return node
    node.commitment, node.parent_commitment = certificate.tuned_commitment, manifest.parent
    return node


def order(nodes: list[Node]) -> list[Node]:
    """Section 2: the order of files, and their places."""
    owners: dict[bytes, Node] = {}
    stated: dict[bytes, int] = {}
    for node in nodes:
        if node.commitment is not None:
            owners.setdefault(node.commitment, node)
            stated[node.commitment] = stated.get(node.commitment, 0) + 1
    starts = []
    for node in nodes:
        node.parent = owners.get(node.parent_commitment) if node.parent_commitment is not None else None
        if node.parent:
            node.parent.children.append(node)
        else:
            node.place = ROOT if node.parent_commitment is None else MISSING
            starts.append(node)
    ordered, reached, waiting = [], set(), list(reversed(starts))
    while waiting:
        node = waiting.pop()
        ordered.append(node)
        reached.add(node.number)
        waiting += [child for child in reversed(node.children) if child.number not in reached]
    for node in ordered:
        if node.parent:
            node.place = CHILD
    for node in nodes:
        if node.number not in reached:
            node.place = CIRCLE
            ordered.append(node)
    for node in nodes:
        if node.commitment is not None and stated[node.commitment] > 1:
            node.place = DUPLICATE
    return ordered


def check_against_parent(identity: BaseIdentity, verified: Verified, parent: Manifest) -> None:
    """Section 4: a link starts from tensors that its parent has."""
    for tensor in verified.manifest.tensors:
        name = tensor.name
        if verified.decisions[name].kind == ANY:
            continue
        before = parent.by_name.get(name)
        if before is None:
            raise NotCovered(f"{name}: the parent does not have it")
        if (before.dtype, before.shape, before.is_dense) == (tensor.dtype, tensor.shape, tensor.is_dense):
            continue
        fits = (
            verified.manifest.has_revised_rules
            and before.dtype in FLOATING
            and tensor.dtype in FLOATING
            and before.is_dense
            and tensor.is_dense
        )
        base = identity.by_name[name]
        grows = (
            tensor.shape != base.shape
            and len(before.shape) == len(tensor.shape) >= 1
            and base.shape[0] <= before.shape[0] < tensor.shape[0]
            and before.shape[1:] == tensor.shape[1:]
            and before.entries > 0
        )
        if not fits or not (before.shape == tensor.shape or grows):
            raise NotCovered(f"{name}: the parent has another type or shape")


def verify_link(node: Node, identity: BaseIdentity, cumulative: Policy | None, revoked: RevocationList) -> None:
    """Section 3: the checks of one link, in order."""
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
    certificate = read_certificate(node.content)
    policy = node.policy or read_canonical(certificate.policy)
    verified = verify_parts(certificate, identity, policy)
    if verified.manifest.is_adapter:
        raise OperationalError("an unmerged adapter is no link of a chain")
    node.link = Link(verified, identity)
    if node.parent:
        check_against_parent(identity, verified, node.parent.link.verified.manifest)
    if cumulative:
        way, at = [], node
        while at:
            way.append(at.link)
            at = at.parent
        check_cumulative(identity, verified.manifest, cumulative, way[::-1])


def verify_chain(
    contents: list[bytes],
    policies: list[Policy | None],
    identity: BaseIdentity,
    cumulative: Policy | None = None,
    revoked: RevocationList = RevocationList(),
) -> list[Node]:
    """All files, parents before children, each with its outcome."""
    nodes = [read_node(number, *each) for number, each in enumerate(zip(contents, policies, strict=True))]
    ordered = order(nodes)
    for node in ordered:
        try:
            verify_link(node, identity, cumulative, revoked)
        except VerificationFailure as failure:
            node.failure = failure
    return ordered
