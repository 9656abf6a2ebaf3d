# SPDX-License-Identifier: Apache-2.0
"""Lines of releases (specification/chain.md)."""

from dataclasses import dataclass, field

from .certificate import read_certificate
from .cumulative import Link, check_cumulative
from .datatypes import FLOATING
from .errors import AnotherSubject, InvalidProof, NotCovered, OperationalError, Revoked, UsageError, VerificationFailure
from .identity import BaseIdentity, read_identity
from .manifest import Manifest, read_manifest
from .policy import ANY, Policy, read_canonical
from .revocation import RevocationList
from .transition import Transition, read_transition, verify_transition
from .verifier import Verified, verify_parts
from .wire import sha256

ROOT, MISSING, CHILD, CIRCLE, DUPLICATE = "root", "parent missing", "child", "circle", "duplicate"


@dataclass
class NextBase:
    """A model of the chain that certificates start from, and the transition to it, if one was given."""

    identity: BaseIdentity
    transition: Transition | None


def next_bases(identities: list[bytes], transitions: list[bytes]) -> dict[bytes, NextBase]:
    """By their linked roots, from files."""
    ties: dict[bytes, Transition] = {}
    for content in transitions:
        transition = read_transition(content)
        if not transition.is_next_base:
            raise AnotherSubject("a transition to a tuned tableau ties no next base")
        if transition.tuned_tableau in ties:
            raise OperationalError("two transitions to one next base")
        ties[transition.tuned_tableau] = transition
    found = {}
    for content in identities:
        identity = read_identity(content)
        if identity.linked is None or identity.linked.predecessor is None:
            raise AnotherSubject("the identity of a next base is that of a base")
        root = identity.linked.linked_root
        found[root] = NextBase(identity, ties.get(root))
    return found


@dataclass
class Node:
    """One file of a chain and, in the end, what became of it."""

    number: int
    content: bytes
    policy: Policy | None
    commitment: bytes | None = None
    #: That its manifest names.
    manifest_parent: bytes | None = None
    #: What it starts from, where that is a next base.
    next_base: "NextBase | None" = None
    #: Of the base that it is about, once it is verified.
    identity: BaseIdentity | None = None
    parent_commitment: bytes | None = None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    place: str = ROOT
    link: Link | None = None
    failure: VerificationFailure | None = None


def read_node(number: int, content: bytes, policy: Policy | None, bases: dict[bytes, NextBase]) -> Node:
    node = Node(number, content, policy)
    try:
        certificate = read_certificate(content)
        manifest = read_manifest(certificate.manifest)
    except VerificationFailure:
        return node
    node.commitment, node.manifest_parent = certificate.tuned_commitment, manifest.parent
    node.next_base = bases.get(certificate.base_root)
    node.parent_commitment = manifest.parent
    if manifest.parent is None and node.next_base and node.next_base.transition:
        node.parent_commitment = node.next_base.transition.tuned_commitment
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


def base_of(node: Node, identity: BaseIdentity) -> BaseIdentity:
    """What a certificate must be about: as its parent, or the next base that a transition proves to hold its model."""
    if not node.parent:
        return identity
    before = node.parent.identity
    if node.manifest_parent is not None or not node.next_base or not node.next_base.transition:
        return before
    verify_transition(node.parent.link.verified, before, node.next_base.identity, node.next_base.transition)
    return node.next_base.identity


def verify_link(node: Node, identity: BaseIdentity, cumulative: Policy | None, revoked: RevocationList) -> None:
    """Section 3: the checks of one link, in order."""
    if node.commitment in revoked.commitments or sha256(node.content) in revoked.certificates:
        raise Revoked("the certificate is revoked")
    if node.place == ROOT and node.next_base:
        raise AnotherSubject("no transition ties the next base")
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
    identity = node.identity = base_of(node, identity)
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
    bases: dict[bytes, NextBase] | None = None,
) -> list[Node]:
    """All files, parents before children, each with its outcome."""
    nodes = [read_node(number, *each, bases or {}) for number, each in enumerate(zip(contents, policies, strict=True))]
    ordered = order(nodes)
    for node in ordered:
        try:
            verify_link(node, identity, cumulative, revoked)
        except VerificationFailure as failure:
            node.failure = failure
    return ordered
