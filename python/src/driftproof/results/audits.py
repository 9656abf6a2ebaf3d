# SPDX-License-Identifier: Apache-2.0
"""Results about audits of endpoints. Distances are differences of log probabilities in nats, or shares of the text."""

from dataclasses import dataclass

from .base import Result


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
    """A reference's transcript: `recorded` answers, `missing` ones that are left out, and its root."""

    recorded: int
    missing: int
    root: str
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
class BundleFacts(Result):
    """What a bundle's signed statement says, and what was verified of it.

    Attributes:
        recomputed: whether everything follows from questions and answers; False where they are withheld.
        key_id: SHA-256 of the auditor's public key.
        plan: digest of the plan; `run` and `previous` count the plans about one subject, `commitment` fixes the key.
        binding: "recorded", "declared" or "checked": how the reference is tied to a model.
        certificate_verified: whether the proof of the certificate that the plan names was verified.
        opened: numbers of the questions whose records were disclosed and checked.
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


@dataclass(frozen=True, kw_only=True)
class AuditBundle(BundleFacts):
    """A bundle, written to `out`."""

    out: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class BundleVerification(BundleFacts):
    """A bundle that holds together; `audit` is what was computed again, None where answers are withheld."""

    verified: bool
    audit: AuditResult | None
    exit_code: int
