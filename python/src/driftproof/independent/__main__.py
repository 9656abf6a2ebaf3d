# SPDX-License-Identifier: Apache-2.0
"""The command line: `python -m driftproof.independent`, with the exit codes of the program."""

import argparse
import os
import re
import stat
import sys
from datetime import datetime, timezone

from .attestation import MAXIMUM_BYTES as MAXIMUM_ATTESTATION_BYTES
from .attestation import MAXIMUM_KEY_BYTES, read_public_key, verify_attestation
from .audit_archive import MAXIMUM_BYTES as MAXIMUM_BUNDLE_BYTES
from .audit_archive import key_id
from .audit_bundle import EXIT_CODES, MAXIMUM_RESULT, Bundle, open_records, verify_bundle, verify_certificate
from .audit_decision import MAXIMUM_BYTES as MAXIMUM_DECISION_BYTES
from .audit_decision import verify_decision
from .audit_json import MAXIMUM_BYTES as MAXIMUM_PLAN_BYTES
from .audit_plan import read_plan
from .audit_quote import NITRO, read_certificates
from .audit_scores import SAME
from .certificate import MAXIMUM_BYTES as MAXIMUM_CERTIFICATE_BYTES
from .certificate import read_certificate
from .chain import next_bases, verify_chain
from .curve_certificate import BOUNDED, FROZEN, is_curve_certificate
from .curve_chain import verify_curve_chain
from .curve_identity import CurveIdentity, is_curve_identity, read_curve_identity
from .curve_verifier import ASSUMPTION, SETUP_HEAD, setup_id_of_file, verify_curve
from .errors import AnotherSubject, InvalidProof, NotProvable, OperationalError, UsageError, VerificationFailure
from .identity import MAXIMUM_BYTES as MAXIMUM_IDENTITY_BYTES
from .identity import read_identity
from .modelfiles import model_digest
from .policy import MAXIMUM_FILE_BYTES, read_policy
from .revocation import MAXIMUM_BYTES as MAXIMUM_REVOCATION_BYTES
from .revocation import RevocationList, read_revocations
from .transition import MAXIMUM_BYTES as MAXIMUM_TRANSITION_BYTES
from .transition import read_transition, read_tuned_tableau, verify_transition
from .verifier import verify
from .wire import sha256


class _Parser(argparse.ArgumentParser):
    """Options have no short forms and stand once; errors end with exit code 2."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message):
        raise UsageError(message)


class _Once(argparse.Action):
    """An option that stands once."""

    def __call__(self, parser, namespace, values, option_string=None):
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option_string} is given twice")
        if not values:
            parser.error(f"{option_string} needs a value")
        setattr(namespace, self.dest, values)


def _read(path: str, limit: int, what: str, foreign: type[VerificationFailure] = OperationalError) -> bytes:
    """A file's bytes; what is a folder or empty raises `foreign` (specification/files.md, section 1)."""
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OperationalError(f"{path}: no regular file")
            content = file.read(limit + 1)
    except IsADirectoryError:
        raise foreign(f"{path}: a folder in place of {what}") from None
    except (OSError, ValueError) as error:
        raise OperationalError(f"{path}: {error}") from None
    if len(content) > limit:
        raise OperationalError(f"{path}: more than {limit} bytes")
    if not content:
        raise foreign(f"{path}: empty, in place of {what}")
    return content


def _read_audit_file(path: str, limit: int, what: str) -> bytes:
    """A file of an audit: empty ones are read and refused like others that are too short (specification/audit.md)."""
    try:
        if os.path.isfile(path) and os.path.getsize(path) == 0:
            return b""
    except (OSError, ValueError) as error:
        raise OperationalError(f"{path}: {error}") from None
    return _read(path, limit, what)


def _read_certificate(path: str) -> bytes:
    return _read(path, MAXIMUM_CERTIFICATE_BYTES, "a certificate", InvalidProof)


def _parent(value: str | None) -> bytes | None:
    """`--parent`: a commitment in 64 digits, or the parent's certificate."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9a-f]{64}", value):
        return bytes.fromhex(value)
    certificate = read_certificate(_read_certificate(value))
    if certificate.commitment_of_parts != certificate.tuned_commitment:
        raise InvalidProof("the parent's commitment is not that of its parts")
    return certificate.tuned_commitment


def _named_setup(value: str | None) -> bytes | None:
    """`--setup`: an id in 64 digits, or a setup's file, of which the key is read."""
    if value is None or re.fullmatch(r"[0-9a-f]{64}", value):
        return bytes.fromhex(value) if value else None
    try:
        with open(value, "rb") as file:
            return setup_id_of_file(file.read(SETUP_HEAD))
    except (OSError, ValueError) as error:
        raise OperationalError(f"{value}: {error}") from None


def _curve_identity(content: bytes) -> CurveIdentity:
    if content.startswith(b"\xef\xbb\xbf"):
        raise OperationalError("identity: begins with a byte order mark")
    if not is_curve_identity(content):
        raise AnotherSubject("the identity has no rows on the curve")
    return read_curve_identity(content)


def _verify_curve(content: bytes, identity_bytes: bytes, policy_bytes: bytes, options) -> str:
    """A certificate on the curve (format.md, "Certificate on the curve")."""
    if options.parent or options.attestation or options.transition:
        raise NotProvable("--parent, --attestation and --transition are for the hash backend")
    policy = read_policy(policy_bytes)
    identity = _curve_identity(identity_bytes)
    setup = _named_setup(options.setup)
    verified = verify_curve(content, identity, policy, options.assume == ASSUMPTION, setup)
    certificate, kinds = verified.certificate, verified.kinds
    names = [tensor.name for tensor in identity.plain.tensors]
    lines = [
        "VERIFIED",
        f"backend           kzg, rows of 2^{certificate.log_length} cells",
        f"curve root        {certificate.base_root.hex()}",
        f"tuned commitment  {certificate.tuned_commitment.hex()}",
        f"policy            {policy.name} ({policy.digest.hex()})",
        f"tensors           {kinds.count(BOUNDED)} bounded, {kinds.count(FROZEN)} frozen",
    ]
    lines += [f"NOT COVERED       {name!r}" for name, kind in zip(names, kinds) if kind not in (BOUNDED, FROZEN)]
    lines.append("assumptions       discrete logarithms on BLS12-381; nobody knows the secret of the setup")
    return "\n".join([*lines, f"setup             {certificate.setup_id.hex()}"])


def _verify(arguments: list[str]) -> str:
    parser = _Parser(prog="python -m driftproof.independent", description="Verifies a certificate without any weights.")
    parser.add_argument("certificate", metavar="CERT")
    parser.add_argument("--base-identity", action=_Once, required=True, metavar="FILE")
    parser.add_argument("--policy", action=_Once, required=True, metavar="FILE")
    parser.add_argument(
        "--parent", action=_Once, metavar="PARENT", help="of a link: its parent's tuned commitment or certificate"
    )
    parser.add_argument(
        "--tuned-tableau",
        action=_Once,
        metavar="TUNED.tableau.json",
        help="the tuned model's tableau, with --transition",
    )
    parser.add_argument(
        "--next-identity", action=_Once, metavar="FILE", help="in place of the tableau: the identity of a next base"
    )
    parser.add_argument(
        "--transition",
        action=_Once,
        metavar="TUNED.transition",
        help="the proof that the tableau holds the base plus the drift",
    )
    parser.add_argument(
        "--attestation", action=_Once, metavar="FILE", help="verify a signed statement about the certificate, too"
    )
    parser.add_argument("--public-key", action=_Once, metavar="KEY.pem")
    parser.add_argument("--tuned", action=_Once, help="compare the model's files with the attestation's subject")
    parser.add_argument("--ignore", action=_Once, metavar="PATH,PATH...", help="files of the model that do not count")
    parser.add_argument("--allow-symlinks", action="store_true", help="hash what symbolic links point to")
    parser.add_argument(
        "--setup", action=_Once, metavar="SETUP", help="of the kzg backend: a setup that you trust, its file or id"
    )
    parser.add_argument(
        "--assume", action=_Once, metavar=ASSUMPTION, help="of the kzg backend: permit assumptions about this curve"
    )
    parser.add_argument("--soundness", action="store_true", help="print every term of the soundness error")
    options = parser.parse_args(arguments)
    if (options.attestation is None) != (options.public_key is None):
        raise UsageError("--attestation and --public-key stand together")
    if options.tuned and not options.attestation:
        raise UsageError("--tuned stands with --attestation")
    if options.tuned_tableau is not None and options.next_identity is not None:
        raise UsageError("--tuned-tableau or --next-identity")
    target_path = options.tuned_tableau if options.next_identity is None else options.next_identity
    if (target_path is None) != (options.transition is None):
        raise UsageError("--tuned-tableau or --next-identity and --transition stand together")
    policy_bytes = _read(options.policy, MAXIMUM_FILE_BYTES, "a policy")
    identity_bytes = _read(options.base_identity, MAXIMUM_IDENTITY_BYTES, "an identity")
    content = _read_certificate(options.certificate)
    if is_curve_certificate(content):
        return _verify_curve(content, identity_bytes, policy_bytes, options)
    parent = _parent(options.parent)
    if options.attestation:
        key = read_public_key(_read(options.public_key, MAXIMUM_KEY_BYTES, "a key"))
        envelope = _read(options.attestation, MAXIMUM_ATTESTATION_BYTES, "an attestation", InvalidProof)
        ignored = options.ignore.split(",") if options.ignore else []
        files = model_digest(options.tuned, ignored, options.allow_symlinks) if options.tuned else None
        verify_attestation(envelope, key, content, files)
    policy = read_policy(policy_bytes)
    identity = read_identity(identity_bytes)
    verified = verify(content, identity, policy, parent)
    target, terms = None, {}
    if options.transition:
        file = _read(target_path, MAXIMUM_TRANSITION_BYTES, "a tuned tableau or an identity")
        target = read_identity(file) if options.next_identity else read_tuned_tableau(file)
        content = _read(options.transition, MAXIMUM_TRANSITION_BYTES, "a transition", InvalidProof)
        terms = verify_transition(verified, identity, target, read_transition(content))
    certificate = verified.certificate
    lines = [
        "VERIFIED",
        f"base identity     {certificate.base_root.hex()}",
        f"tuned commitment  {certificate.tuned_commitment.hex()}",
        f"policy            {policy.name} ({policy.digest.hex()})",
        f"tensors           {len(verified.certified)} certified of {len(verified.manifest.tensors)}",
    ]
    excluded = [name for name, rule in verified.decisions.items() if rule.kind == "any"]
    lines += [f"NOT COVERED       {name!r}" for name in excluded]
    if verified.manifest.parent:
        lines.append(f"RELATIVE TO A PARENT  {verified.manifest.parent.hex()}")
    if verified.soundness:
        term = min(verified.soundness, key=verified.soundness.get)
        lines.append(f"soundness         {verified.soundness[term]:.1f} bits proven: {term}")
        if options.soundness:
            lines += [f"  {bits:8.1f} bits  {name}" for name, bits in verified.soundness.items()]
    else:
        lines.append("nothing is proved: no tensor may change within the policy")
    if target:
        term = min(terms, key=terms.get)
        is_next = bool(options.next_identity)
        digest = target.linked.linked_root if is_next else target.digest
        lines.append(f"{'next base    ' if is_next else 'tuned tableau'}     {digest.hex()}")
        lines.append(f"transition        the base plus the drift, {terms[term]:.1f} bits proven: {term}")
        if options.soundness:
            lines += [f"  {bits:8.1f} bits  {name}" for name, bits in terms.items()]
    return "\n".join(lines)


def _chain(arguments: list[str]) -> str:
    parser = _Parser(
        prog="python -m driftproof.independent chain verify", description="Verifies a chain's certificates."
    )
    parser.add_argument("certificates", metavar="CERT", nargs="+")
    parser.add_argument("--base-identity", action=_Once, required=True, metavar="FILE")
    parser.add_argument("--policy", nargs="+", action="extend", metavar="FILE", default=[])
    parser.add_argument("--next-identity", nargs="+", action="extend", metavar="FILE", default=[])
    parser.add_argument("--transition", nargs="+", action="extend", metavar="FILE", default=[])
    parser.add_argument("--cumulative", action=_Once, metavar="POLICY.json")
    parser.add_argument("--revoked", action=_Once, metavar="LIST.json")
    parser.add_argument("--setup", action=_Once, metavar="SETUP", help="of the kzg backend: one that you trust")
    parser.add_argument("--assume", action=_Once, metavar=ASSUMPTION, help="of the kzg backend: permit its assumptions")
    options = parser.parse_args(arguments)
    if len(options.policy) not in (0, 1, len(options.certificates)):
        raise UsageError("one policy for all certificates, or as many as certificates")
    identity_bytes = _read(options.base_identity, MAXIMUM_IDENTITY_BYTES, "an identity")
    cumulative_bytes = options.cumulative and _read(options.cumulative, MAXIMUM_FILE_BYTES, "a policy")
    revoked_bytes = options.revoked and _read(options.revoked, MAXIMUM_REVOCATION_BYTES, "a revocation list")
    policy_paths = options.policy * len(options.certificates) if len(options.policy) == 1 else options.policy
    contents, policy_bytes = [], []
    for index, path in enumerate(options.certificates):
        contents.append(_read_certificate(path))
        if policy_paths:
            policy_bytes.append(_read(policy_paths[index], MAXIMUM_FILE_BYTES, "a policy"))
    is_curve = is_curve_certificate(contents[0])
    if is_curve and (options.next_identity or options.transition):
        raise NotProvable("--next-identity and --transition are for the hash backend")
    next_files = [_read(path, MAXIMUM_IDENTITY_BYTES, "an identity") for path in options.next_identity]
    transition_files = [
        _read(path, MAXIMUM_TRANSITION_BYTES, "a transition", InvalidProof) for path in options.transition
    ]
    identity = _curve_identity(identity_bytes) if is_curve else read_identity(identity_bytes)
    cumulative = read_policy(cumulative_bytes) if cumulative_bytes else None
    bases = next_bases(next_files, transition_files)
    revoked = read_revocations(revoked_bytes) if revoked_bytes else RevocationList()
    policies = [read_policy(each) for each in policy_bytes] or [None] * len(contents)
    if is_curve:
        trust = options.assume == ASSUMPTION, _named_setup(options.setup)
        ordered = verify_curve_chain(contents, policies, identity, *trust, cumulative, revoked)
    else:
        ordered = verify_chain(contents, policies, identity, cumulative, revoked, bases)
    lines = []
    for node in ordered:
        outcome = f"FAILED: {node.failure}" if node.failure else "VERIFIED"
        lines.append(f"{options.certificates[node.number]}: {outcome}")
    failed = next((node for node in ordered if node.failure), None)
    if failed:
        print("\n".join(lines))
        raise type(failed.failure)(f"{options.certificates[failed.number]}: {failed.failure}")
    return "\n".join(lines)


def _plan_digest(given: str) -> str:
    """64 digits, or of a plan's file."""
    if re.fullmatch(r"[0-9a-f]{64}", given):
        return given
    try:
        return read_plan(_read_audit_file(given, MAXIMUM_PLAN_BYTES, "a plan")).digest
    except InvalidProof as failure:
        raise OperationalError(f"{given}: {failure}") from None


def _compared(options, bundle: Bundle) -> None:
    """What the reader holds against the bundle."""
    plan = bundle.plan
    if options.plan is not None:
        if _plan_digest(options.plan) != plan.digest:
            raise AnotherSubject("the bundle is about another plan")
    if options.certificate is not None:
        content = _read_certificate(options.certificate)
        if sha256(content).hex() != plan.certificate:
            raise AnotherSubject("the plan names another certificate, or none")
    if options.model is not None:
        ignored = options.ignore.split(",") if options.ignore else []
        if model_digest(options.model, ignored, options.allow_symlinks).hex() != plan.model_digest:
            raise AnotherSubject("the plan names another model, or none")
    if options.opened is not None:
        wanted = [int(number) for number in options.records.split(",")] if options.records else []
        open_records(bundle, _read_audit_file(options.opened, MAXIMUM_RESULT, "opened records"), wanted)
    if options.base_identity is not None:
        if bundle.certificate is None:
            raise AnotherSubject("the plan names no certificate")
        identity = _read(options.base_identity, MAXIMUM_IDENTITY_BYTES, "an identity")
        policy = _read(options.policy, MAXIMUM_FILE_BYTES, "a policy") if options.policy is not None else None
        verify_certificate(bundle.certificate, identity, policy)


def _quote(options, bundle: Bundle) -> str | None:
    """What an enclave says, verified to the root that the reader trusts; a line about it."""
    if options.trust_root is None:
        if options.measurement or options.at is not None or options.vmpl is not None:
            raise UsageError("--measurement, --at and --vmpl stand with --trust-root")
        unchecked = "present, NOT CHECKED; --trust-root and --measurement verify it"
        return f"quote       of {bundle.quote.kind}; {unchecked}" if bundle.quote else None
    if not options.measurement:
        raise UsageError("--measurement is missing: a quote of any software says nothing")
    if not all(re.fullmatch(r"[0-9a-f]{96}", each) for each in options.measurement):
        raise UsageError("--measurement has 96 lower-case hexadecimal digits")
    if bundle.quote is None:
        raise AnotherSubject("the bundle has no quote")
    if bundle.quote.kind == NITRO and (options.at is not None or options.vmpl is not None):
        raise UsageError("--at and --vmpl are for SEV-SNP: a Nitro document has its own time")
    if bundle.quote.kind != NITRO and len(options.measurement) != 1:
        raise UsageError("--measurement is one of SEV-SNP")
    try:
        roots = read_certificates(_read(options.trust_root, MAXIMUM_FILE_BYTES, "a root certificate"))
    except InvalidProof as failure:
        raise OperationalError(f"{options.trust_root}: {failure}") from None
    if len(roots) != 1:
        raise UsageError("--trust-root takes one certificate")
    try:
        moment = datetime.fromisoformat((options.at or bundle.finished_at).replace("Z", "+00:00"))
        level = int(options.vmpl or "0")
    except ValueError:
        raise UsageError("--at is a time such as 2026-03-01T12:30:00Z, --vmpl a number") from None
    if moment.tzinfo is None or level not in range(4):
        raise UsageError("--at is a time with Z, --vmpl a number from 0 to 3")
    measurements = [bytes.fromhex(each) for each in options.measurement]
    judged = bundle.quote.verify(roots[0], measurements, int(moment.timestamp()), level)
    shown = datetime.fromtimestamp(judged, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"quote       of {bundle.quote.kind}; verified as of {shown}, to the root {sha256(roots[0].der).hex()}"


def _decision(options) -> tuple[str, int]:
    """A verdict without its scores (specification/audit.md, section 12)."""
    names = ("certificate", "base_identity", "policy", "model", "opened", "records", "ignore")
    names += ("trust_root", "measurement", "at", "vmpl")
    if any(getattr(options, name) is not None for name in names) or options.accept_withheld or options.allow_symlinks:
        raise UsageError("--zero-knowledge stands with --public-key, --plan and --expect")
    key = read_public_key(_read(options.public_key, MAXIMUM_KEY_BYTES, "a key"))
    content = _read_audit_file(options.bundle, MAXIMUM_DECISION_BYTES, "a decision")
    decision = verify_decision(content, key)
    if options.plan is not None and _plan_digest(options.plan) != decision.plan.digest:
        raise AnotherSubject("the decision is about another plan")
    least = min(decision.soundness.values())
    lines = [
        f"VERIFIED    SAME after {decision.requests} requests, in zero knowledge; at most {decision.far} score "
        f"{decision.below} thousandths or more",
        f"scores      {decision.scores}",
        f"plan        {decision.plan.digest}",
        f"soundness   {least:.1f} bits",
    ]
    if options.expect in (None, "SAME"):
        return "\n".join(lines), 0
    return "\n".join([*lines, f"expected    {options.expect}"]), AnotherSubject.exit_code


def _audit(arguments: list[str]) -> tuple[str, int]:
    parser = _Parser(
        prog="python -m driftproof.independent audit verify", description="Verifies a bundle and computes it again."
    )
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("--public-key", action=_Once, required=True, metavar="KEY.pub.pem")
    for name in ("plan", "certificate", "base-identity", "policy", "model", "opened", "records", "ignore"):
        parser.add_argument(f"--{name}", action=_Once)
    for name in ("trust-root", "at", "vmpl"):
        parser.add_argument(f"--{name}", action=_Once)
    parser.add_argument("--measurement", action="append")
    parser.add_argument("--expect", action=_Once, choices=sorted(EXIT_CODES))
    parser.add_argument("--accept-withheld", action="store_true")
    parser.add_argument("--zero-knowledge", action="store_true")
    parser.add_argument("--allow-symlinks", action="store_true")
    options = parser.parse_args(arguments)
    if options.policy is not None and options.base_identity is None:
        raise UsageError("--policy and --base-identity stand together")
    if options.records is not None and (
        options.opened is None or not re.fullmatch(r"[0-9]{1,6}(,[0-9]{1,6})*", options.records)
    ):
        raise UsageError("--records and --opened stand together; records are numbers of questions")
    if options.zero_knowledge:
        return _decision(options)
    key = read_public_key(_read(options.public_key, MAXIMUM_KEY_BYTES, "a key"))
    content = _read_audit_file(options.bundle, MAXIMUM_BUNDLE_BYTES, "a bundle")
    bundle = verify_bundle(content, key, key_id(key))
    _compared(options, bundle)
    quote = _quote(options, bundle)
    verdict, code = bundle.result.verdict, bundle.exit_code
    lines = [f"VERIFIED    {verdict} after {bundle.result.count} requests, computed again"]
    if bundle.is_withheld:
        lines = [f"NOT RECOMPUTED: answers are withheld; {verdict} after {bundle.result.count} requests"]
    lines += [f"plan        {bundle.plan.digest}", f"reference   {bundle.binding}"]
    lines += [quote] if quote else []
    lines += [f"opened      {', '.join(map(str, bundle.opened))}"] if bundle.opened else []
    if bundle.is_withheld and not options.accept_withheld:
        code = EXIT_CODES["UNDECIDED"]
    elif options.expect is not None:
        lines += [f"expected    {options.expect}"] if options.expect != verdict else []
        code = 0 if options.expect == verdict else AnotherSubject.exit_code if verdict == SAME else code
    return "\n".join(lines), code


def main(arguments: list[str]) -> int:
    """Runs a command and returns its exit code."""
    try:
        if arguments[:2] == ["audit", "verify"]:
            printed, code = _audit(arguments[2:])
            print(printed)
            return code
        if arguments[:2] == ["chain", "verify"]:
            print(_chain(arguments[2:]))
        else:
            print(_verify(arguments[1:] if arguments[:1] == ["verify"] else arguments))
        return 0
    except VerificationFailure as failure:
        print(f"driftproof.independent: error: {failure}", file=sys.stderr)
        return failure.exit_code
    except MemoryError:
        print("driftproof.independent: error: not enough memory", file=sys.stderr)
        return OperationalError.exit_code


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads the report any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OperationalError.exit_code
    sys.exit(code)
