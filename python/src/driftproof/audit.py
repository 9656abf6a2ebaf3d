# SPDX-License-Identifier: Apache-2.0
"""Which model answers at an endpoint: plan, record a reference, run, and compute it again (docs/audit.md)."""

from collections.abc import Iterable, Sequence
from typing import Literal

from ._process import PathLike, flag, joined, option, path, repeated, text
from ._process import run as run_program
from .progress import CancelToken, ProgressOption
from .results import (
    AuditBundle,
    AuditForecast,
    AuditMargin,
    AuditOpening,
    AuditPlan,
    AuditQuote,
    AuditRecord,
    AuditResult,
    AuditStatic,
    AuditSuite,
    BundleVerification,
    DecisionForecast,
    DecisionProof,
    DecisionVerification,
)

__all__ = [
    "bundle",
    "calibrate",
    "compare",
    "compare_files",
    "forecast",
    "forecast_decision",
    "open_records",
    "plan",
    "prove",
    "quote",
    "record",
    "run",
    "suite",
    "verify",
    "verify_decision",
]

Mode = Literal["quick", "audit", "extended"]
Score = Literal["logprobs", "text"]
Verdict = Literal["SAME", "DIFFERENT", "UNDECIDED"]


def plan(
    *,
    mode: Mode,
    endpoint: str,
    model_name: str,
    out: PathLike,
    key: PathLike,
    score: Score | None = None,
    margin: float | None = None,
    calibration: PathLike | None = None,
    tokens: int | None = None,
    top: int | None = None,
    chat: bool = False,
    prompts: PathLike | None = None,
    previous: PathLike | None = None,
    beacon_source: str | None = None,
    certificate: PathLike | None = None,
    model: PathLike | None = None,
    ignore: Iterable[str] = (),
    allow_symlinks: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditPlan:
    """Fixes what an audit will ask and what will decide. Publish the plan; keep the key secret until it is over.

    Args:
        mode: wrong with probability at most 2.5, 1 or 0.1 percent.
        endpoint: the API's address, or "local" for a server that `run` starts.
        model_name: what requests call the model.
        out, key: where the plan and a new secret key are written; a key is never replaced.
        score: what is compared.
        margin: the mean distance that counts as the same: nats, or a share of the text.
        calibration: take the margin that `calibrate` has picked.
        tokens: tokens of an answer.
        top: likely tokens that are asked for at each place.
        prompts: a file with your own questions, one a line.
        previous: the last plan about this endpoint.
        certificate, model: the certificate that the model is said to have, and the reference's model.
    """
    arguments = [*text("mode", mode), *text("endpoint", endpoint), *text("model-name", model_name)]
    arguments += option("out", out) + option("key", key) + text("score", score) + text("margin", margin)
    arguments += option("calibration", calibration)
    arguments += text("tokens", tokens) + text("top", top) + flag("chat", chat) + option("prompts", prompts)
    arguments += (
        option("previous", previous) + text("beacon-source", beacon_source) + option("certificate", certificate)
    )
    arguments += option("model", model) + joined("ignore", ignore) + flag("allow-symlinks", allow_symlinks)
    return run_program(
        AuditPlan, "audit plan", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout
    )


def record(
    plan: PathLike,
    *,
    key: PathLike,
    model_name: str,
    out: PathLike,
    serve: str | None = None,
    endpoint: str | None = None,
    queries: int | None = None,
    beacon: str | None = None,
    api_key_env: str | None = None,
    concurrency: int | None = None,
    prompts: PathLike | None = None,
    proxy: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditRecord:
    """Records the answers of a reference, which must never be the party that is audited.

    A transcript that was cut off, by `cancel` for instance, goes on with the same call.

    Args:
        serve: a command that starts the reference's server, {port} in it being a free port; or `endpoint`, its address.
        out: the transcript.
        queries: how many questions; the mode's budget unless given.
        beacon: hexadecimal; goes into the questions.
        api_key_env: the environment variable that holds the API key.
        concurrency: requests at the same time.
    """
    arguments = [path(plan), *option("key", key), *text("model-name", model_name), *option("out", out)]
    arguments += text("serve", serve) + text("endpoint", endpoint) + text("queries", queries) + text("beacon", beacon)
    arguments += _asking(api_key_env, concurrency, prompts, proxy)
    return run_program(AuditRecord, "audit record", arguments, progress=progress, cancel=cancel, timeout=timeout)


def run(
    plan: PathLike,
    *,
    key: PathLike,
    reference: PathLike,
    out: PathLike,
    max_queries: int | None = None,
    spread: str | None = None,
    serve: str | None = None,
    api_key_env: str | None = None,
    concurrency: int | None = None,
    prompts: PathLike | None = None,
    proxy: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditResult:
    """Asks the plan's endpoint until it is known whether it serves the reference's model; returns for SAME.

    Args:
        reference: the reference's transcript.
        out: the endpoint's transcript; one that is there goes on, and nothing is asked twice.
        max_queries: how many questions at most.
        spread: spread the requests over a time such as "24h".

    Raises:
        EndpointDifferent: DIFFERENT; `result` is the `AuditResult`.
        EndpointUndecided: UNDECIDED; `result` is the `AuditResult`.
        OperationalError: the endpoint cannot be read, which is no verdict.
    """
    arguments = [path(plan), *option("key", key), *option("reference", reference), *option("out", out)]
    arguments += text("max-queries", max_queries) + text("spread", spread) + text("serve", serve)
    arguments += _asking(api_key_env, concurrency, prompts, proxy)
    return run_program(AuditResult, "audit run", arguments, progress=progress, cancel=cancel, timeout=timeout)


def forecast(
    plan: PathLike,
    *,
    key: PathLike,
    reference: PathLike,
    max_queries: int | None = None,
    price_in: float | None = None,
    price_out: float | None = None,
    prompts: PathLike | None = None,
) -> AuditForecast:
    """What `run` would ask and cost; nothing is sent. Prices are of a million tokens of questions and answers."""
    arguments = [path(plan), *option("key", key), *option("reference", reference), "--dry-run"]
    arguments += text("max-queries", max_queries) + text("price-in", price_in) + text("price-out", price_out)
    return run_program(AuditForecast, "audit run", [*arguments, *option("prompts", prompts)], progress=False)


def compare(
    plan: PathLike,
    reference: PathLike,
    candidate: PathLike,
    *,
    key: PathLike,
    prompts: PathLike | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditResult:
    """Computes an audit again from its transcripts, without network or model. Raises as `run` does.

    Raises:
        ProofInvalid: the transcripts do not hold together.
        IdentityMismatch: they are of another plan, key, model or reference.
    """
    arguments = [path(plan), path(reference), path(candidate), *option("key", key), *option("prompts", prompts)]
    return run_program(AuditResult, "audit compare", arguments, progress=progress, cancel=cancel, timeout=timeout)


def calibrate(
    plan: PathLike,
    *,
    reference: PathLike,
    honest: Sequence[PathLike],
    out: PathLike,
    force: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditMargin:
    """Picks the margin that endpoints known to be honest pass.

    Args:
        honest: their transcripts under this plan.
        out: where the margin is written; `force` replaces a file.
    """
    arguments = [*option("plan", plan), *option("reference", reference), "--honest", *map(path, honest)]
    arguments += option("out", out) + flag("force", force)
    return run_program(
        AuditMargin, "audit calibrate", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout
    )


def bundle(
    plan: PathLike,
    reference: PathLike,
    candidate: PathLike,
    *,
    key: PathLike,
    sign: PathLike,
    out: PathLike,
    withhold: bool = False,
    prompts: PathLike | None = None,
    opened: PathLike | None = None,
    quote: PathLike | None = None,
    quote_chain: PathLike | None = None,
    certificate: PathLike | None = None,
    base_identity: PathLike | None = None,
    policy: PathLike | None = None,
    model: PathLike | None = None,
    base: PathLike | None = None,
    opening: PathLike | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    ignore: Iterable[str] = (),
    allow_symlinks: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditBundle:
    """Signs an audit and everything that it follows from, in one file. It reveals the key, unless `withhold`.

    Args:
        key: the plan's; `sign` the private key that signs, PKCS#8 in PEM.
        out: such as "audit.tar".
        withhold: keep key, questions and answers secret.
        quote, quote_chain: an enclave's quote that the client inside wrote this transcript, and its certificates.
        certificate, base_identity, policy: of the certificate that the plan names.
        model, base, opening: check that the reference's model is the certified one.
    """
    arguments = [path(plan), path(reference), path(candidate), *option("key", key), *option("sign", sign)]
    arguments += option("out", out) + flag("withhold", withhold) + option("prompts", prompts) + option("opened", opened)
    arguments += option("quote", quote) + option("quote-chain", quote_chain)
    arguments += option("certificate", certificate) + option("base-identity", base_identity) + option("policy", policy)
    arguments += option("model", model) + option("base", base) + option("opening", opening)
    arguments += repeated("strip-prefix", strip_prefix) + repeated("leave-out", leave_out)
    arguments += joined("ignore", ignore) + flag("allow-symlinks", allow_symlinks)
    return run_program(
        AuditBundle, "audit bundle", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout
    )


def verify(
    bundle: PathLike,
    *,
    public_key: PathLike,
    plan: PathLike | None = None,
    certificate: PathLike | None = None,
    base_identity: PathLike | None = None,
    policy: PathLike | None = None,
    model: PathLike | None = None,
    opened: PathLike | None = None,
    records: Iterable[int] = (),
    expect: Verdict | None = None,
    accept_withheld: bool = False,
    decision: PathLike | None = None,
    trust_root: PathLike | None = None,
    measurements: Iterable[str] = (),
    at: str | None = None,
    vmpl: int | None = None,
    ignore: Iterable[str] = (),
    allow_symlinks: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> BundleVerification:
    """Verifies a bundle and computes its audit again, without network or model; returns for SAME, or for `expect`.

    Args:
        public_key: the auditor's, in PEM.
        plan: the plan that was published, or its digest.
        opened, records: records that the auditor disclosed, and which of them must be there.
        accept_withheld: take the scores of a bundle that withholds its answers as they are.
        decision: a decision that `prove` made of this audit, whose scores must be the bundle's.
        trust_root, measurements, at, vmpl: verify the quote in the bundle, as `quote` does.

    Raises:
        EndpointDifferent, EndpointUndecided: another verdict; `result` is the `BundleVerification`.
        ProofInvalid: the bundle does not hold together.
        IdentityMismatch: it is about another plan, certificate or model, or its verdict is not the expected one.
    """
    arguments = [path(bundle), *option("public-key", public_key), *option("plan", plan)]
    arguments += option("certificate", certificate) + option("base-identity", base_identity) + option("policy", policy)
    arguments += option("model", model) + option("opened", opened) + joined("records", map(str, records))
    arguments += text("expect", expect) + flag("accept-withheld", accept_withheld) + option("decision", decision)
    arguments += option("trust-root", trust_root) + repeated("measurement", measurements)
    arguments += text("at", at) + text("vmpl", vmpl)
    arguments += joined("ignore", ignore) + flag("allow-symlinks", allow_symlinks)
    return run_program(BundleVerification, "audit verify", arguments, progress=progress, cancel=cancel, timeout=timeout)


def prove(
    plan: PathLike,
    reference: PathLike,
    candidate: PathLike,
    *,
    key: PathLike,
    sign: PathLike,
    out: PathLike,
    prompts: PathLike | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> DecisionProof:
    """Proves that an audit says SAME, without its questions, answers and scores (`audit prove`).

    Args:
        key: the plan's; `sign` the private key that signs whose scores these are, PKCS#8 in PEM.
        out: such as "audit.decision".

    Raises:
        EndpointDifferent, EndpointUndecided: the audit says something else.
        NotProvable: its scores are too near the margin.
    """
    arguments = [path(plan), path(reference), path(candidate), *option("key", key), *option("sign", sign)]
    arguments += option("out", out) + option("prompts", prompts)
    return run_program(
        DecisionProof, "audit prove", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout
    )


def forecast_decision(
    plan: PathLike,
    reference: PathLike,
    candidate: PathLike,
    *,
    key: PathLike,
    prompts: PathLike | None = None,
) -> DecisionForecast:
    """What `prove` would say and cost (`audit prove --dry-run`); nothing is signed. Raises as `prove` does."""
    arguments = [path(plan), path(reference), path(candidate), *option("key", key), *option("prompts", prompts)]
    return run_program(DecisionForecast, "audit prove", [*arguments, "--dry-run"], progress=False)


def verify_decision(
    decision: PathLike,
    *,
    public_key: PathLike,
    plan: PathLike | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> DecisionVerification:
    """Verifies a verdict without its scores (`audit verify --zero-knowledge`).

    Args:
        public_key: the auditor's, in PEM: that these are the scores of the transcripts is the signer's word.
        plan: the plan that was published, or its digest.

    Raises:
        ProofInvalid: signature, statement or proof do not hold.
        IdentityMismatch: it is about another plan.
    """
    arguments = [path(decision), "--zero-knowledge", *option("public-key", public_key), *option("plan", plan)]
    return run_program(
        DecisionVerification, "audit verify", arguments, progress=progress, cancel=cancel, timeout=timeout
    )


def open_records(
    plan: PathLike,
    reference: PathLike,
    candidate: PathLike,
    records: Iterable[int],
    *,
    key: PathLike,
    out: PathLike,
    prompts: PathLike | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditOpening:
    """Discloses single records of an audit whose bundle withholds them (`audit open`).

    Args:
        records: numbers of questions, as a reader asked for them.
    """
    arguments = [path(plan), path(reference), path(candidate), *option("key", key), *option("out", out)]
    arguments += joined("records", map(str, records)) + option("prompts", prompts)
    return run_program(
        AuditOpening, "audit open", arguments, outputs=[out], progress=progress, cancel=cancel, timeout=timeout
    )


def suite(
    reference_serve: str,
    *,
    out: PathLike,
    candidates: Iterable[str] = (),
    honest: Iterable[str] = (),
    page: PathLike | None = None,
    mode: Mode | None = None,
    score: Score | None = None,
    margin: float | str | None = None,
    queries: int | None = None,
    audits: int | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditSuite:
    """Measures which substitutions audits find, by servers that are started one after the other (`audit suite`).

    Args:
        reference_serve: the reference's server, with `{port}`.
        candidates, honest: servers as `NAME=COMMAND`, to be told apart and to be accepted.
    """
    arguments = [*text("reference-serve", reference_serve), *option("out", out), *option("page", page)]
    arguments += repeated("candidate-serve", candidates) + repeated("honest-serve", honest)
    arguments += text("mode", mode) + text("score", score) + text("margin", margin)
    arguments += text("queries", queries) + text("audits", audits)
    outputs = [out] if page is None else [out, page]
    return run_program(
        AuditSuite, "audit suite", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout
    )


def compare_files(
    reference: PathLike,
    candidate: PathLike,
    *,
    plan: PathLike | None = None,
    out: PathLike | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditStatic:
    """Compares settings, tokenizers and weight sketches of two models' files (`audit static`).

    Raises:
        IdentityMismatch: the reference is not the plan's model.
    """
    arguments = [path(reference), path(candidate), *option("plan", plan), *option("out", out)]
    outputs = [] if out is None else [out]
    return run_program(
        AuditStatic, "audit static", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout
    )


def quote(
    quote: PathLike,
    *,
    kind: Literal["nitro", "sev-snp"],
    plan: PathLike,
    trust_root: PathLike,
    measurements: Iterable[str],
    transcript: PathLike | None = None,
    public_key: PathLike | None = None,
    chain: PathLike | None = None,
    at: str | None = None,
    vmpl: int | None = None,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> AuditQuote:
    """Verifies an enclave's quote about an audit (`audit quote`).

    Raises:
        ProofInvalid: the quote is wrong in itself.
        IdentityMismatch: it is about another plan, transcript, key or measurement.
    """
    arguments = [path(quote), *text("kind", kind), *option("plan", plan), *option("trust-root", trust_root)]
    arguments += repeated("measurement", measurements) + option("transcript", transcript)
    arguments += option("public-key", public_key) + option("chain", chain) + text("at", at) + text("vmpl", vmpl)
    return run_program(AuditQuote, "audit quote", arguments, progress=progress, cancel=cancel, timeout=timeout)


def _asking(api_key_env: str | None, concurrency: int | None, prompts: PathLike | None, proxy: bool) -> list[str]:
    return [
        *text("api-key-env", api_key_env),
        *text("concurrency", concurrency),
        *option("prompts", prompts),
        *flag("proxy", proxy),
    ]
