# SPDX-License-Identifier: Apache-2.0
"""Commands about certificates."""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from typing import Literal

from ._process import PathLike, flag, joined, option, path, repeated, run, text
from .crosscheck import agree
from .progress import CancelToken, ProgressOption
from .results import Attested, Chain, Check, Forecast, Proof, Report, Verification

Relation = Literal["finetune", "adapter", "merge", "quantized"]


def _paths(value: PathLike | Sequence[PathLike]) -> list[str]:
    """One path or several, as arguments."""
    return [path(value)] if isinstance(value, (str, os.PathLike)) else [path(each) for each in value]


def _proving(
    base: PathLike | None,
    tuned: PathLike | None,
    adapter: PathLike | None,
    policy: PathLike,
    identity: PathLike | None,
    cache: PathLike | None,
    parent: PathLike | None,
    strip_prefix: Iterable[str],
    leave_out: Iterable[str],
) -> list[str]:
    return [
        *option("base", base),
        *option("tuned", tuned),
        *option("adapter", adapter),
        *option("policy", policy),
        *option("identity", identity),
        *option("cache", cache),
        *option("parent", parent),
        *repeated("strip-prefix", strip_prefix),
        *repeated("leave-out", leave_out),
    ]


def prove(
    base: PathLike | None = None,
    tuned: PathLike | None = None,
    *,
    adapter: PathLike | None = None,
    policy: PathLike,
    out: PathLike,
    opening: PathLike,
    identity: PathLike | None = None,
    cache: PathLike | None = None,
    base_opening: PathLike | None = None,
    parent: PathLike | None = None,
    tuned_tableau: PathLike | None = None,
    next_identity: PathLike | None = None,
    tuned_opening: PathLike | None = None,
    transition: PathLike | None = None,
    resume: PathLike | None = None,
    bands: int | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    ignore_memory_limit: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Proof:
    """Certifies that a tuned checkpoint obeys a policy.

    Args:
        base, tuned: checkpoints: folders or `.safetensors` files.
        adapter: in place of `tuned`, an unmerged LoRA adapter; beside it, the one that was merged into it.
        policy: what may change, and by how much.
        out: where the certificate is written. It tells nothing about the weights beyond what the policy says.
        opening: where the secret opening is written, or the one to continue. Keep it secret, and one copy of it.
        identity: the base's identity, if known: saves reading and hashing.
        cache: the folder that `identify(commit=True, cache=...)` kept.
        base_opening: what `identify(hiding=True)` wrote, where `identity` hides the base's weights. It counts proofs.
        parent: prove a link of a chain: the certificate whose tuned model `base` is; needs the chain's `identity`.
        tuned_tableau, tuned_opening: what `commit` made of the tuned model; `next_identity` in place of the tableau is
            what `commit(as_base=True)` made.
        transition: where the proof is written that the tableau holds the base plus the drift.
        resume: a private folder from which a stopped proof goes on; with it, a cancelled call can be repeated.
        bands: hash leaves in so many bands of rows, 1 to 256, for as many machines that share the work later.
        ignore_memory_limit: begin even where the forecast says that memory will not suffice.
        timeout: seconds.

    Raises:
        PolicyViolated: the drift is outside the policy; `violations` says where. Nothing was written.
        CoverageGap: tensors or rules do not match, or it is unclear which files are the model.
        NotProvable: the drift cannot be proved at this precision.
        OperationalError: a file, or memory.
    """
    arguments = _proving(base, tuned, adapter, policy, identity, cache, parent, strip_prefix, leave_out)
    arguments += option("out", out) + option("opening", opening) + option("resume", resume)
    arguments += option("tuned-tableau", tuned_tableau) + option("next-identity", next_identity)
    arguments += option("tuned-opening", tuned_opening)
    arguments += option("base-opening", base_opening) + text("bands", bands)
    arguments += option("transition", transition) + flag("ignore-memory-limit", ignore_memory_limit)
    outputs = [out, opening, *([] if transition is None else [transition])]
    return run(Proof, "prove", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout)


def forecast(
    base: PathLike | None = None,
    tuned: PathLike | None = None,
    *,
    adapter: PathLike | None = None,
    policy: PathLike,
    identity: PathLike | None = None,
    cache: PathLike | None = None,
    parent: PathLike | None = None,
    tuned_tableau: PathLike | None = None,
    bands: int | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Forecast:
    """Predicts time, memory and size of a proof, and writes nothing (`prove --dry-run`).

    Arguments as for `prove`; with `tuned_tableau`, which need not exist, the transition is counted, too.
    """
    arguments = _proving(base, tuned, adapter, policy, identity, cache, parent, strip_prefix, leave_out)
    arguments += option("tuned-tableau", tuned_tableau) + text("bands", bands)
    return run(Forecast, "prove", [*arguments, "--dry-run"], progress=progress, cancel=cancel, timeout=timeout)


def verify(
    certificate: PathLike,
    *,
    base_identity: PathLike,
    policy: PathLike,
    parent: PathLike | None = None,
    tuned_tableau: PathLike | None = None,
    next_identity: PathLike | None = None,
    transition: PathLike | None = None,
    attestation: PathLike | None = None,
    public_key: PathLike | None = None,
    tuned: PathLike | None = None,
    ignore: Iterable[str] = (),
    allow_symlinks: bool = False,
    cross_check: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Verification:
    """Verifies a certificate without any weights.

    What is not verified is raised, so that no caller can overlook it. Compare `base_identity` of the result with one
    that you trust.

    Args:
        certificate: the file, such as "tuned.drift".
        base_identity: the base's identity file, from someone who has the base.
        policy: the policy file.
        parent: of a link, its parent's tuned commitment (64 digits) or certificate.
        tuned_tableau, transition: also verify that the tuned model's tableau, or that `next_identity`, is the base plus
            the drift.
        attestation, public_key: also verify a signed statement about the certificate, with the signer's key in PEM.
        tuned: compare this model's files with the attestation's subject.
        ignore, allow_symlinks: of `tuned`, as for `digest`.
        cross_check: verify with `driftproof.independent`, too, which shares no code with the program, and raise where
            they disagree. It needs numpy, and some seconds.
        timeout: seconds, for each of the two.

    Raises:
        ProofInvalid, IdentityMismatch, CoverageGap: why it is not verified.
        OperationalError: no verdict, since a file cannot be read.
        CrossCheckDisagreement: the two verifiers do not agree.
    """
    arguments = [path(certificate), *option("base-identity", base_identity), *option("policy", policy)]
    arguments += option("parent", parent) + option("attestation", attestation) + option("public-key", public_key)
    arguments += option("tuned-tableau", tuned_tableau) + option("next-identity", next_identity)
    arguments += option("transition", transition)
    arguments += option("tuned", tuned) + joined("ignore", ignore) + flag("allow-symlinks", allow_symlinks)

    def program() -> Verification:
        return run(Verification, "verify", arguments, progress=progress, cancel=cancel, timeout=timeout)

    if not cross_check:
        return program()
    verified = agree("verify", program, arguments, progress, cancel, timeout)
    return dataclasses.replace(verified, cross_checked=True)


def check(
    certificate: PathLike,
    *,
    opening: PathLike,
    base: PathLike | None = None,
    tuned: PathLike | None = None,
    adapter: PathLike | None = None,
    identity: PathLike | None = None,
    base_opening: PathLike | None = None,
    tuned_tableau: PathLike | None = None,
    next_identity: PathLike | None = None,
    tuned_opening: PathLike | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Check:
    """Checks, with weights and opening, that a certificate is about exactly these checkpoints.

    Args:
        opening: the secret that `prove` wrote.
        base, tuned: the checkpoints; `adapter` in place of `tuned`.
        identity: the base's: in place of `base` with `adapter`, or the chain's base's for a link.
        base_opening: of an `identity` that hides the base's weights; nothing is counted in it.
        tuned_tableau, tuned_opening: also check, with `tuned` and `identity`, that `commit`'s tableau, or the next base
            of `next_identity`, holds this model.
        strip_prefix, leave_out: as `prove` was called with.

    Raises:
        IdentityMismatch: it is about other checkpoints.
        CoverageGap: other tensors.
        ProofInvalid: the proof does not hold.
    """
    arguments = [path(certificate), *option("base", base), *option("tuned", tuned), *option("adapter", adapter)]
    arguments += option("opening", opening) + option("identity", identity)
    arguments += option("base-opening", base_opening)
    arguments += option("tuned-tableau", tuned_tableau) + option("next-identity", next_identity)
    arguments += option("tuned-opening", tuned_opening)
    arguments += repeated("strip-prefix", strip_prefix) + repeated("leave-out", leave_out)
    return run(Check, "check", arguments, progress=progress, cancel=cancel, timeout=timeout)


def chain_verify(
    certificates: Sequence[PathLike],
    *,
    base_identity: PathLike,
    policy: PathLike | Sequence[PathLike] | None = None,
    next_identities: Sequence[PathLike] = (),
    transitions: Sequence[PathLike] = (),
    cumulative: PathLike | None = None,
    revoked: PathLike | None = None,
    cross_check: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Chain:
    """Verifies certificates that continue each other from a base.

    Args:
        certificates: of all links, in any order.
        base_identity: of the base from which the chain starts.
        policy: one for all, or one for each certificate in its place; without it the ones inside the certificates.
        next_identities, transitions: identities of models of the chain from which certificates start, and what ties
            them.
        cumulative: a policy that the drift from the base must obey at every link.
        revoked: a list of withdrawn certificates.
        cross_check: as in `verify`.

    Raises:
        PolicyViolated, ProofInvalid, IdentityMismatch, CoverageGap, Revoked: why the first bad link does not hold;
            `result` has the `Chain` with every link.
    """
    if isinstance(certificates, (str, bytes)) or not certificates:
        raise TypeError("certificates: a list of at least one path is expected")
    policies = [] if policy is None else _paths(policy)
    arguments = [*map(path, certificates), *option("base-identity", base_identity)]
    arguments += ["--policy", *policies] if policies else []
    arguments += ["--next-identity", *map(path, next_identities)] if next_identities else []
    arguments += ["--transition", *map(path, transitions)] if transitions else []
    arguments += option("cumulative", cumulative) + option("revoked", revoked)

    def program() -> Chain:
        return run(Chain, "chain verify", arguments, progress=progress, cancel=cancel, timeout=timeout)

    if not cross_check:
        return program()
    chain = agree("chain verify", program, arguments, progress, cancel, timeout)
    return dataclasses.replace(chain, cross_checked=True)


def report(
    certificates: PathLike | Sequence[PathLike],
    *,
    base_identity: PathLike,
    out: PathLike,
    policy: PathLike | None = None,
    base: PathLike | None = None,
    tuned: PathLike | None = None,
    tuned_tableau: PathLike | None = None,
    transition: PathLike | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Report:
    """Verifies certificates and writes a page about them for people; notebooks show the result as that page.

    Args:
        certificates: one or several.
        out: one HTML file that needs nothing else.
        policy: without it each certificate is held to the policy inside it, which its maker chose; the page says so.
        base, tuned: for one certificate, also show what the weights say: measured, not proved, public with the page.
        tuned_tableau, transition: for one certificate, also verify the transition; the page says so.

    Raises:
        ProofInvalid and others: of the first certificate that fails. The page is written all the same and says why;
            `result` has the `Report`.
    """
    arguments = [*_paths(certificates), *option("base-identity", base_identity), *option("policy", policy)]
    arguments += option("base", base) + option("tuned", tuned) + option("out", out)
    arguments += option("tuned-tableau", tuned_tableau) + option("transition", transition)
    arguments += repeated("strip-prefix", strip_prefix) + repeated("leave-out", leave_out)
    return run(Report, "report", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout)


def attest(
    certificate: PathLike,
    *,
    key: PathLike,
    out: PathLike,
    tuned: PathLike | None = None,
    base: PathLike | None = None,
    opening: PathLike | None = None,
    base_identity: PathLike | None = None,
    base_uri: str | None = None,
    relation: Relation | None = None,
    prover: str | None = None,
    proved_at: str | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    ignore: Iterable[str] = (),
    allow_symlinks: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Attested:
    """Signs a statement about a certificate: an in-toto Statement in a DSSE envelope.

    Args:
        key: the private key, PKCS#8 in PEM without a password: Ed25519 or ECDSA P-256.
        out: such as "tuned.intoto.jsonl".
        tuned: put the digest of this model's files into the subject. It is not salted: who has a guess can confirm it.
        base, opening: check first that the files are the certified ones.
        base_identity: verify the proof first.
        base_uri: where the base is, such as "pkg:huggingface/org/model@revision".
        relation: what the tuned model is to the base.
        prover, proved_at: who proved, and by when (RFC 3339): the signer's words.
    """
    arguments = [path(certificate), *option("key", key), *option("out", out), *option("tuned", tuned)]
    arguments += option("base", base) + option("opening", opening) + option("base-identity", base_identity)
    arguments += text("base-uri", base_uri) + text("relation", relation) + text("prover", prover)
    arguments += text("proved-at", proved_at) + repeated("strip-prefix", strip_prefix)
    arguments += repeated("leave-out", leave_out) + joined("ignore", ignore) + flag("allow-symlinks", allow_symlinks)
    return run(Attested, "attest", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout)
