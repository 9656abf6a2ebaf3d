# SPDX-License-Identifier: Apache-2.0
"""Results about certificates: proofs, verifications, checks, chains, attestations."""

from collections.abc import Mapping
from dataclasses import dataclass

from .base import Result, table
from .models import AdapterNames, TiedAlias


@dataclass(frozen=True, kw_only=True)
class SoundnessTerm(Result):
    """One term of the soundness error: at most 2^-`bits`."""

    term: str
    bits: float


@dataclass(frozen=True, kw_only=True)
class Coverage(Result):
    """`excluded`: the tensors about which nothing is proved (`"allow": "any"`)."""

    excluded: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Retyped(Result):
    """`tensors` tensors stored in another type than the base's, such as from "F32" to "BF16"."""

    from_: str
    to: str
    tensors: int


@dataclass(frozen=True, kw_only=True)
class Grown(Result):
    """A tensor with more rows than the base's: first sizes of both."""

    name: str
    from_: int
    to: int


@dataclass(frozen=True, kw_only=True)
class RoundedTensor(Result):
    """What is proved of a tensor's rounding.

    Attributes:
        half_ulps: bounds in half-ulps of the weight, by size of the weight from the floor on.
        roundoffs: a bound in unit roundoffs; None without one.
        floor: the absolute weight below which the bound no longer shrinks.
        share_below_floor: of the base's weights, 0 to 1.
    """

    name: str
    half_ulps: tuple[float, ...]
    roundoffs: float | None
    floor: float
    share_below_floor: float | None


@dataclass(frozen=True, kw_only=True)
class AdapterSummary(Result):
    """Of an unmerged adapter's certificate: its modules and ranks, and how many of them add a Kronecker product, which
    counts for no rank; an entry of a product is within `relative_error` of
    its row's norm + `absolute_error` of the adapter's own."""

    modules: int
    excluded_modules: int
    kronecker_modules: int
    smallest_rank: int
    largest_rank: int
    relative_error: float
    absolute_error: float


@dataclass(frozen=True, kw_only=True)
class CodePrecision(Result):
    """`tensors` tensors are proved in units of 2^-`fraction_bits`."""

    fraction_bits: int
    tensors: int


@dataclass(frozen=True, kw_only=True)
class Claims(Result):
    """What a verified certificate says.

    Attributes:
        base_identity: root of the base's identity, 64 hexadecimal digits. Compare it with one that you trust.
        tuned_commitment: hides the tuned model, 64 hexadecimal digits.
        parent: of a link, the tuned commitment of the model that it starts from; None for a base.
        security_bits: a false statement passes with probability at most 2^-`security_bits`.
        tensors: how many tensors have which kind of rule: "frozen", "norm", "rank", "kronecker", "circulant", "sparse",
            "entrywise", "pattern", "composed", "excluded".
        proves_nothing: True where the policy allows everything or no tensor may change.
        parameters: `certified_parameters` + `frozen_parameters`, numbers of weights.
        code: parameters of the error-correcting code in words; None where nothing had to be proved.
        proof_bytes: of the proof alone, part of `certificate_bytes`.
    """

    policy_name: str
    policy_digest: str
    base_identity: str
    tuned_commitment: str
    parent: str | None
    security_bits: float | None
    soundness: tuple[SoundnessTerm, ...]
    tensors: Mapping[str, int]
    proves_nothing: bool
    coverage: Coverage
    warnings: tuple[str, ...]
    parameters: int
    certified_parameters: int
    frozen_parameters: int
    retyped: tuple[Retyped, ...]
    grown: tuple[Grown, ...]
    rounded: tuple[RoundedTensor, ...]
    adapter: AdapterSummary | None
    precision: tuple[CodePrecision, ...]
    code: str | None
    proof_bytes: int
    certificate_bytes: int

    def _rows(self) -> dict[str, object]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.tensors.items() if count)
        bits = "nothing had to be proved" if self.security_bits is None else f"{self.security_bits:.1f} bits"
        rows: dict[str, object] = {
            "base identity": self.base_identity,
            "tuned commitment": self.tuned_commitment,
            "policy": f"{self.policy_name} ({self.policy_digest})",
            "tensors": kinds,
            "parameters": f"{self.certified_parameters:,} certified, {self.frozen_parameters:,} frozen",
            "soundness": bits,
            "certificate": f"{self.certificate_bytes:,} bytes",
        }
        if self.parent is not None:
            rows["relative to the parent"] = self.parent
        if self.coverage.excluded:
            rows["NOT COVERED"] = ", ".join(self.coverage.excluded)
        for number, warning in enumerate(self.warnings, 1):
            rows[f"warning {number}"] = warning
        return rows


@dataclass(frozen=True, kw_only=True)
class Transition(Result):
    """What a verified transition says: a tuned tableau or a next base holds the base plus the certificate's drift.

    Attributes:
        tuned_tableau: digest of the tableau, 64 hexadecimal digits; compare it with the one that was published.
        next_base: linked root of the next base, in its place.
        base_identity: the base's linked root.
        tensors: tensors of 16 bits that the tableau holds.
        security_bits: as of the certificate, for the transition alone.
    """

    tuned_tableau: str | None = None
    next_base: str | None = None
    base_identity: str
    tensors: int
    security_bits: float
    soundness: tuple[SoundnessTerm, ...]
    bytes: int
    verify_seconds: float


@dataclass(frozen=True, kw_only=True)
class Committed(Result):
    """A tuned model's tableau, or the identity of a next base, written to `out`.

    Attributes:
        tuned_tableau: its digest, 64 hexadecimal digits.
        next_base: its linked root, with `as_base`; `trees` its trees.
        base_identity: the linked root of the base beside which it was made.
        rows: of the tableau; `tensors` those that it holds.
        proofs_allowed: how many proofs the `opening` may be used for.
    """

    tuned_tableau: str | None = None
    next_base: str | None = None
    base_identity: str
    tensors: int
    rows: int
    trees: int | None = None
    proofs_allowed: int
    out: str
    opening: str
    bytes: int
    files_left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Attestation(Result):
    """A signed statement about a certificate.

    Attributes:
        key_id: SHA-256 of the public key, 64 hexadecimal digits.
        model_digest: OpenSSF Model Signing's root over the model's files; None where the subject is the commitment.
        subject_binding: "commitment", "declared" or "checked" (docs/attestations.md).
        relation: "finetune", "adapter", "merge" or "quantized".
        proved_at: the signer's word, RFC 3339.
    """

    key_id: str
    subject: str
    model_digest: str | None
    subject_binding: str
    files_left_out: tuple[str, ...]
    relation: str
    base_uri: str | None
    parent_commitment: str | None
    prover: str
    proved_at: str
    statement_bytes: int


@dataclass(frozen=True, kw_only=True)
class Attested(Result):
    """An attestation that was written to `out`."""

    attestation: Attestation
    out: str


@dataclass(frozen=True, kw_only=True)
class Verification(Claims):
    """A certificate that was verified without weights.

    Attributes:
        verified: True; what is not verified is raised.
        attestation: what a signer says, where `attestation` was given.
        predecessor: where the base is a next base, the linked root that it is said to come from.
        transition: what the transition says, where one was given.
        cross_checked: whether `driftproof.independent` accepted it, too.
    """

    verified: bool
    verify_seconds: float
    attestation: Attestation | None = None
    predecessor: str | None = None
    transition: Transition | None = None
    cross_checked: bool = False

    def _repr_html_(self) -> str:
        rows = self._rows()
        if self.attestation is not None:
            rows["attested by key"] = self.attestation.key_id
        if self.transition is not None:
            kind = "tuned tableau" if self.transition.next_base is None else "next base"
            rows[kind] = self.transition.next_base or self.transition.tuned_tableau
        title = "VERIFIED, by two verifiers" if self.cross_checked else "VERIFIED"
        return table("PROVES NOTHING" if self.proves_nothing else title, rows)


@dataclass(frozen=True, kw_only=True)
class Check(Claims):
    """A certificate that is about exactly the given checkpoints.

    Attributes:
        tuned_tableau: digest of the tableau that holds exactly this tuned model, where one was given.
        next_base: linked root of the next base that does, where one was given.
    """

    verified: bool
    check_seconds: float
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None
    tuned_tableau: str | None = None
    next_base: str | None = None

    def _repr_html_(self) -> str:
        return table("CHECKED: the certificate is about these checkpoints", self._rows())


@dataclass(frozen=True, kw_only=True)
class Proof(Claims):
    """A certificate that was made, written to `out`, and verified once by its prover.

    Attributes:
        drift: "none" or "some": whether anything changed at all. Known to the prover; the certificate does not tell.
        proof_sections: bytes of each part of the proof.
        seconds: of each phase.
        peak_memory_bytes: the most memory that the program held.
        proofs_used: how many proofs this opening has been used for, of `proofs_allowed`.
        opening: where the secret opening is.
        transition: of the transition, where one was made.
        base_proofs_left: how many proofs like this one the base's opening may still serve, where the base's weights are
            hidden and spoken of.
    """

    verified: bool
    out: str
    opening: str
    drift: str
    proof_sections: Mapping[str, int]
    seconds: Mapping[str, float]
    prove_seconds: float
    verify_seconds: float
    peak_memory_bytes: int | None
    proofs_used: int
    proofs_allowed: int
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None
    transition: Transition | None = None
    base_proofs_left: int | None = None

    def _repr_html_(self) -> str:
        return table(f"PROVED in {self.prove_seconds:.2f} s", {**self._rows(), "written to": self.out})


@dataclass(frozen=True, kw_only=True)
class BackendForecast(Result):
    """What one backend makes of a policy and a model.

    Attributes:
        backend: "hash" or "kzg".
        refusal: why it cannot prove this; then there are no figures.
        certificate_bytes, prove_seconds, verify_seconds: about; None where it refuses.
        setup: what the prover needs; None for nothing.
        assumptions: what its soundness rests on.
        permitted: whether the policy, or the call, permits that.
        quantum: what a large quantum computer would do to it.
    """

    backend: str
    refusal: str | None
    certificate_bytes: int | None
    prove_seconds: float | None
    verify_seconds: float | None
    setup: str | None
    assumptions: tuple[str, ...]
    permitted: bool
    quantum: str


@dataclass(frozen=True, kw_only=True)
class Forecast(Result):
    """What a proof will cost on this machine.

    Attributes:
        backend: the one that `prove` would take; `backends` has each of them side by side.
        seconds: altogether; `phases` has each.
        log_length: the rows' codewords come from 2^`log_length` entries; `blowup` is 1 / the code's rate.
        drift_rows: rows of the drift's tableau; `proof_rows` those that the proof adds, `base_rows` those of the
            base's tableau that it opens.
        transition_bytes: of the transition; 0 where none is asked for.
    """

    backend: str
    backends: tuple[BackendForecast, ...]
    seconds: float
    phases: Mapping[str, float]
    peak_memory_bytes: int
    proof_bytes: int
    transition_bytes: int | None
    certified_parameters: int
    frozen_parameters: int
    excluded: tuple[str, ...]
    log_length: int | None
    blowup: int | None
    queries: int | None
    drift_rows: int | None
    proof_rows: int | None
    base_rows: int | None
    identity_given: bool
    files_left_out: tuple[str, ...]
    tied_aliases: tuple[TiedAlias, ...]
    adapter_names: AdapterNames | None


@dataclass(frozen=True, kw_only=True)
class CumulativePolicy(Result):
    """The policy that the drift from the base obeys at every link."""

    name: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class ChainLink(Result):
    """One certificate of a chain.

    Attributes:
        certificate: its path; `position` its place in the list that was given, `depth` its distance from the base.
        drift_from_base: bound on the norm of all change since the base; None where none follows.
        next_base: linked root of the next base whose weights it speaks of; a transition ties that to its parent.
        report: what it says; None where it failed.
    """

    certificate: str
    position: int
    certificate_digest: str
    tuned_commitment: str | None
    parent: str | None
    depth: int
    verified: bool
    reason: str | None
    exit_code: int
    policy_given: bool
    excluded: tuple[str, ...]
    drift_from_base: float | None
    drift_covers_all_tensors: bool
    next_base: str | None = None
    report: Claims | None


@dataclass(frozen=True, kw_only=True)
class Chain(Result):
    """The links of a chain, parents before children."""

    verified: bool
    base_identity: str
    cumulative_policy: CumulativePolicy | None
    revocations: int | None
    links: tuple[ChainLink, ...]
    verify_seconds: float
    cross_checked: bool = False

    def _repr_html_(self) -> str:
        rows: dict[str, object] = {"base identity": self.base_identity}
        for link in self.links:
            norm = "" if link.drift_from_base is None else f", at most {link.drift_from_base:.6g} from the base"
            rows[link.certificate] = ("verified" if link.verified else f"FAILED: {link.reason}") + norm
        return table("CHAIN VERIFIED" if self.verified else "CHAIN NOT VERIFIED", rows)
