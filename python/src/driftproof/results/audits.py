# SPDX-License-Identifier: Apache-2.0
"""Results about audits of endpoints. Distances are differences of log probabilities in nats, or shares of the text."""

from dataclasses import dataclass

from .base import Result
from .certificates import SoundnessTerm


@dataclass(frozen=True, kw_only=True)
class AuditPlan(Result):
    """A plan, written to `out`.

    Attributes:
        plan: its digest; publish it with `commitment`, which fixes the key, before anything is asked.
        margin_millionths: what counts as the same, in millionths of a nat (of the text with score "text").
        run: how many plans about this endpoint there have been, this one included.
        fewest_for_same: the least requests after which SAME can be known; `budget` the most that are asked.
    """

    plan: str
    commitment: str
    mode: str
    score: str
    margin_millionths: int
    run: int
    fewest_for_same: int
    budget: int
    out: str


@dataclass(frozen=True, kw_only=True)
class AuditRecord(Result):
    """A reference's transcript: `recorded` answers, `missing` ones that are left out, and its root.

    Attributes:
        server_peak_bytes: what the server that was started had in memory at most; None without one.
    """

    recorded: int
    missing: int
    root: str
    server_peak_bytes: int | None
    out: str


@dataclass(frozen=True, kw_only=True)
class FamilyDistance(Result):
    """The mean distance of one kind of question."""

    family: str
    requests: int
    mean_distance: float


@dataclass(frozen=True, kw_only=True)
class AuditResult(Result):
    """What an audit found.

    Attributes:
        verdict: "SAME", "DIFFERENT" or "UNDECIDED".
        margin: the mean distance that counts as the same.
        error_at_most: the probability of a wrong verdict, whenever one stops.
        evidence: against SAME; DIFFERENT needs `evidence_needed`. None beyond 10^15.
        mean_above, mean_below: bounds on the mean distance that hold at that error; None where none holds.
        far: requests beyond the distance that few may exceed; `far_above`, `far_below` bound their share, 0 to 1.
        missing: answers that the endpoint did not give; `skipped` those that the reference had not given.
    """

    verdict: str
    requests: int
    plan: str
    mode: str
    score: str
    margin: float
    error_at_most: float
    evidence: float | None
    evidence_needed: int
    mean_distance: float | None
    mean_above: float | None
    mean_below: float | None
    far: int
    far_above: float | None
    far_below: float | None
    missing: int
    skipped: int
    families: tuple[FamilyDistance, ...]
    remarks: tuple[str, ...]
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class ExpectedRequests(Result):
    """At a steady distance of `margins` margins: DIFFERENT after so many `requests`; None for no verdict."""

    margins: float
    requests: int | None


@dataclass(frozen=True, kw_only=True)
class AuditForecast(Result):
    """What an audit will ask. `price` is in the currency of the prices given; None without prices."""

    requests: int
    tokens_in: int
    tokens_out: int
    price: float | None
    fewest_for_same: int
    expected: tuple[ExpectedRequests, ...]


@dataclass(frozen=True, kw_only=True)
class AuditMargin(Result):
    """A margin that honest endpoints pass, written to `out` for `audit.plan(calibration=...)`.

    Attributes:
        margin: nats, or a share of the text.
        far_share: the share of requests that may be beyond the far distance; None for the mode's.
        least: the least margin with which each of the honest transcripts is SAME.
    """

    margin: float
    far_share: float | None
    least: tuple[float, ...]
    out: str


@dataclass(frozen=True, kw_only=True)
class AuditOpening(Result):
    """Records that were disclosed, written to `out`: the numbers of their questions."""

    opened: tuple[int, ...]
    out: str


@dataclass(frozen=True, kw_only=True)
class SuiteCondition(Result):
    """What a server does, and what audits of it say.

    Attributes:
        expected: "SAME", "DIFFERENT", "never SAME" or "never DIFFERENT".
        wrong: audits that call the model DIFFERENT, or another one SAME, with a 95 % interval of their share.
        requests95: as many do for 95 of 100 audits with a verdict.
        unreadable: why nothing could be compared; None where it could.
    """

    name: str
    expected: str
    same: int
    different: int
    undecided: int
    wrong: int
    wrong_interval: tuple[float, ...] | None
    mean_requests: float | None
    requests95: int | None
    mean_distance: float | None
    unreadable: str | None


@dataclass(frozen=True, kw_only=True)
class SuiteServer(Result):
    """A server that was started, and what it had in memory at most."""

    name: str
    peak_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class AuditSuite(Result):
    """Which substitutions audits find, and after how many requests.

    Attributes:
        suite: the format's version.
        error_at_most: bounds the share of audits that are wrong, each way.
        audits: that were drawn for each condition, from `questions` recorded ones.
        servers: in the order in which they ran, one after the other.
    """

    suite: int
    mode: str
    score: str
    margin: float
    far_share: float
    error_at_most: float
    audits: int
    questions: int
    conditions: tuple[SuiteCondition, ...]
    servers: tuple[SuiteServer, ...]
    out: str


@dataclass(frozen=True, kw_only=True)
class StaticShare(Result):
    """How many of all are equal."""

    equal: int
    all: int


@dataclass(frozen=True, kw_only=True)
class StaticTokenizer(Result):
    """Two tokenizers; `same` without their chat templates. `sentence_piece` is None where neither has such a file."""

    same: bool
    vocabulary: StaticShare
    merges: StaticShare
    added: StaticShare
    chat_template: bool
    sentence_piece: bool | None


@dataclass(frozen=True, kw_only=True)
class StaticTensor(Result):
    """The share of bits in which a tensor's sketches differ: about the angle between the weights over pi."""

    tensor: str
    entries: int
    distance: float


@dataclass(frozen=True, kw_only=True)
class StaticSketch(Result):
    """A tensor's sketch, 256 bits in hexadecimal."""

    tensor: str
    shape: tuple[int, ...]
    sketch: str


@dataclass(frozen=True, kw_only=True)
class StaticSide(Result):
    """What a model's files say by themselves; digests are None where there is no such file, or it cannot be read."""

    model_digest: str
    configuration_digest: str | None
    tokenizer_digest: str | None
    sketch_digest: str
    sketches: tuple[StaticSketch, ...]


@dataclass(frozen=True, kw_only=True)
class AuditStatic(Result):
    """Two models' files beside one another.

    Attributes:
        plan: digest of the plan whose model the reference is; None without one.
        same_configuration, tokenizer, sketch_distance: None where they cannot be compared.
        unmatched: tensors that only one side has, or in another shape.
    """

    plan: str | None
    same_files: bool
    same_configuration: bool | None
    configuration_differences: tuple[str, ...]
    tokenizer: StaticTokenizer | None
    sketch_distance: float | None
    tensors: tuple[StaticTensor, ...]
    unmatched: tuple[str, ...]
    reference: StaticSide
    candidate: StaticSide


@dataclass(frozen=True, kw_only=True)
class AuditQuote(Result):
    """An enclave's quote that holds.

    Attributes:
        kind: "nitro" or "sev-snp".
        party: "client", which wrote the transcript inside, or "server", which holds the key inside.
        binding: what the quote had to be bound to; hexadecimal.
        trust_root: SHA-256 of the root certificate that was given.
        as_of: the moment at which the certificates were valid.
        module: of Nitro, the enclave's name.
        version: of SEV-SNP, the report's.
    """

    verified: bool
    kind: str
    party: str
    binding: str
    trust_root: str
    as_of: str
    module: str | None = None
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class BundleQuote(Result):
    """An enclave's quote in a bundle, bound to its transcript.

    Attributes:
        kind: "nitro" or "sev-snp".
        checked: whether it was verified, to `trust_root` and for the moment `as_of`.
    """

    kind: str
    digest: str
    checked: bool
    trust_root: str | None
    as_of: str | None


@dataclass(frozen=True, kw_only=True)
class BundleFacts(Result):
    """What a bundle's signed statement says, and what was verified of it.

    Attributes:
        recomputed: whether everything follows from questions and answers; False where they are withheld.
        key_id: SHA-256 of the auditor's public key.
        plan: digest of the plan; `run` and `previous` count the plans about one subject, `commitment` fixes the key.
        binding: "recorded", "declared" or "checked": how the reference is tied to a model.
        certificate_verified: whether the proof of the certificate that the plan names was verified.
        opened: numbers of the questions whose records were disclosed and checked.
        quote: an enclave's word about the transcript; None without one.
    """

    verdict: str
    recomputed: bool
    requests: int
    missing: int
    skipped: int
    key_id: str
    plan: str
    run: int
    previous: str | None
    commitment: str
    beacon: str | None
    origin: str
    model: str
    binding: str
    model_digest: str | None
    certificate: str | None
    certificate_verified: bool
    started_at: str
    finished_at: str
    opened: tuple[int, ...]
    quote: BundleQuote | None


@dataclass(frozen=True, kw_only=True)
class AuditBundle(BundleFacts):
    """A bundle, written to `out`."""

    out: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class BundleVerification(BundleFacts):
    """A bundle that holds together; `audit` is what was computed again, None where answers are withheld.

    Attributes:
        decision: digest of the scores of a decision that the bundle confirms; None where none was given.
    """

    verified: bool
    decision: str | None
    audit: AuditResult | None
    exit_code: int


@dataclass(frozen=True, kw_only=True)
class DecisionFacts(Result):
    """A verdict without its scores: by the plan's rule the committed scores are SAME.

    Attributes:
        requests: how many scores are committed.
        far: how many of them at most are `below` thousandths or more.
        key_id: SHA-256 of the auditor's public key, who says that these are the transcripts' scores.
        scores: digest of the commitment.
        margin: nats, or a share of the text.
        security_bits: -log2 of the error; the least of `soundness`.
    """

    verdict: str
    requests: int
    far: int
    below: int
    key_id: str
    plan: str
    mode: str
    score: str
    margin: float
    run: int
    previous: str | None
    commitment: str
    beacon: str | None
    origin: str
    model: str
    reference_model: str
    reference_root: str
    candidate_root: str
    scores: str
    model_digest: str | None
    certificate: str | None
    started_at: str
    finished_at: str
    security_bits: float
    soundness: tuple[SoundnessTerm, ...]
    proof_bytes: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class DecisionProof(DecisionFacts):
    """A decision that was made, verified, and written to `out`."""

    seconds: float
    out: str


@dataclass(frozen=True, kw_only=True)
class DecisionForecast(Result):
    """What a decision would say and cost: of the bytes of its file `proof_bytes` are the proof's."""

    verdict: str
    requests: int
    far: int
    below: int
    seconds: float
    peak_memory_bytes: int
    proof_bytes: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class DecisionVerification(DecisionFacts):
    """A decision whose signature and proof hold."""

    verified: bool
    verify_seconds: float
    exit_code: int
