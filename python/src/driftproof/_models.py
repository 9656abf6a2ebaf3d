# SPDX-License-Identifier: Apache-2.0
"""Commands that read checkpoints and make no certificate."""

from collections.abc import Iterable, Sequence

from ._decode import decode
from ._process import PathLike, flag, joined, option, path, repeated, run, text
from .errors import DriftProofError
from .progress import CancelToken, ProgressOption
from .results import (
    AdapterInspection,
    Calibration,
    Committed,
    Digest,
    Identity,
    Inspection,
    Merge,
    PolicyDraft,
    PolicyExplanation,
)
from .results.base import Result


def _reading(strip_prefix: Iterable[str], leave_out: Iterable[str]) -> list[str]:
    return repeated("strip-prefix", strip_prefix) + repeated("leave-out", leave_out)


def identify(
    base: PathLike,
    out: PathLike,
    *,
    commit: bool = False,
    hiding: bool = False,
    opening: PathLike | None = None,
    proofs: int | None = None,
    cache: PathLike | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Identity:
    """Writes a base checkpoint's identity: every tensor's name, type, shape, norm and digest under one root.

    Args:
        base: a folder with `model.safetensors` or an index and shards, or one `.safetensors` file.
        out: where the identity is written; a file that is there is replaced.
        commit: also commit to all weights of 16 bits, for policies with rounding bounds. Reads the base three times.
        hiding: with `commit`, hide the weights: proofs that speak of them then need the `opening`, a secret file.
        opening: where the opening of `hiding` is written, or the one to use again. Keep it secret, and one copy of it.
        proofs: with `hiding`, how many proofs may speak of the base's weights; 16 without.
        cache: a folder for the commitment's leaves, 2 to 16 bytes a weight; spares provers that work.
        strip_prefix: what names are read without, such as "module.".
        leave_out: patterns (* and ?) of files in a folder that are knowingly no part of the model.
        progress, cancel, timeout: see `driftproof.progress`; `timeout` in seconds.

    Raises:
        CoverageGap: it is unclear which files are the model.
        OperationalError: a file cannot be read or written.
    """
    arguments = [path(base), *option("out", out), *flag("commit", commit), *option("cache", cache)]
    arguments += flag("hiding", hiding) + option("opening", opening)
    arguments += [] if proofs is None else ["--proofs", str(proofs)]
    arguments += _reading(strip_prefix, leave_out)
    outputs = [out, *([] if opening is None else [opening])]
    return run(Identity, "identify", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout)


def commit(
    tuned: PathLike,
    *,
    identity: PathLike,
    out: PathLike,
    opening: PathLike,
    as_base: bool = False,
    proofs: int | None = None,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Committed:
    """Commits to a tuned model's weights of 16 bits, hiding them, in the places and units of its base's.

    `prove(tuned_tableau=...)` then proves that it holds the base's weights plus a certificate's drift.

    Args:
        identity: the base's, of `identify(commit=True)`.
        out: where the tableau is written, such as "tuned.tableau.json". Anybody may have it.
        opening: where its secret opening is written, or the one to use again.
        as_base: write the identity of a next base in place of a tableau: `prove(next_identity=...)` ties it to its
            base, and certificates of later models have it for their `identity`, and its opening for `base_opening`.
        proofs: with `as_base`, how many proofs may open it.
    """
    arguments = [path(tuned), *option("identity", identity), *option("out", out), *option("opening", opening)]
    arguments += flag("as-base", as_base) + option("proofs", None if proofs is None else str(proofs))
    arguments += _reading(strip_prefix, leave_out)
    outputs = [out, opening]
    return run(Committed, "commit", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout)


def policy_init(
    preset: str,
    *,
    base: PathLike,
    out: PathLike | None = None,
    rank: int | None = None,
    rows: int | None = None,
    grow: int | None = None,
    norm: float | None = None,
    residual: float | None = None,
    total: float | None = None,
    head_size: int | None = None,
    force: bool = False,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> PolicyDraft:
    """Makes a commented policy for a base, from a preset such as "llama-lora" or "mlp".

    Args:
        base: the base, or its identity (a `.json` file).
        out: where the policy is written; without it, it is in the result alone.
        rank, rows, grow, norm, residual, total, head_size: numbers of the preset; see `driftproof policy init --help`.
        force: replace `out` where it exists.
    """
    arguments = [*text("preset", preset), *option("base", base), *option("out", out), *text("rank", rank)]
    arguments += text("rows", rows) + text("grow", grow) + text("norm", norm) + text("residual", residual)
    arguments += text("total", total) + text("head-size", head_size) + flag("force", force)
    arguments += _reading(strip_prefix, leave_out)
    outputs = [] if out is None else [out]
    return run(
        PolicyDraft, "policy init", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout
    )


def policy_explain(
    policy: PathLike,
    *,
    base: PathLike,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> PolicyExplanation:
    """Says what a policy gives each tensor of a base, and in words what it leaves open.

    Args:
        base: the base, or its identity (a `.json` file).
    """
    arguments = [path(policy), *option("base", base), *_reading(strip_prefix, leave_out)]
    return run(PolicyExplanation, "policy explain", arguments, progress=progress, cancel=cancel, timeout=timeout)


class _EitherInspection(Result):
    """What `inspect` prints, before it is known whether the tuned side is an adapter."""


def inspect(
    base: PathLike,
    tuned: PathLike,
    *,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Inspection | AdapterInspection:
    """Measures how a tuned checkpoint differs from its base, tensor by tensor.

    Args:
        base, tuned: folders or `.safetensors` files; `tuned` may be an unmerged LoRA adapter, and then an
            `AdapterInspection` is returned.

    Raises:
        CoverageGap: no tensor could be compared; `result` has the `Inspection`.
    """
    arguments = [path(base), path(tuned), *_reading(strip_prefix, leave_out)]
    try:
        found = run(_EitherInspection, "inspect", arguments, progress=progress, cancel=cancel, timeout=timeout)
    except DriftProofError as error:
        if "total" in error.raw:
            error.result = decode(Inspection, dict(error.raw))
        raise
    if "products" in found.raw:
        return decode(AdapterInspection, found.raw)
    return decode(Inspection, found.raw)


def calibrate(
    base: PathLike,
    runs: Sequence[PathLike],
    *,
    out: PathLike | None = None,
    margin: float | None = None,
    entrywise: bool = False,
    identity: PathLike | None = None,
    merged: Sequence[PathLike] = (),
    force: bool = False,
    strip_prefix: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Calibration:
    """Makes a policy whose bounds are the largest value of any reference fine-tune times a margin.

    Args:
        base: the base checkpoint.
        runs: fine-tunes of it that are known to be honest: checkpoints or unmerged adapters.
        out: where the policy is written; without it, it is in the result alone.
        margin: how far beyond the runs the bounds lie, 1 to 1000; 2.5 unless given.
        entrywise: bound single entries, too.
        identity: the base's, of `identify(commit=True)`: rounding clauses are tried beside ranks.
        merged: the adapters that were merged into the runs, in their order.
        force: replace `out` where it exists.

    Raises:
        CoverageGap: the runs have other tensors than the base.
        NotProvable: a run would not be provable under the policy.
    """
    if isinstance(runs, (str, bytes)) or not runs:
        raise TypeError("runs: a list of at least one path is expected")
    arguments = ["--base", path(base), "--runs", *map(path, runs), *option("out", out), *text("margin", margin)]
    arguments += flag("entrywise", entrywise) + option("identity", identity)
    arguments += ["--merged", *map(path, merged)] if merged else []
    arguments += flag("force", force) + _reading(strip_prefix, leave_out)
    outputs = [] if out is None else [out]
    return run(Calibration, "calibrate", arguments, outputs=outputs, progress=progress, cancel=cancel, timeout=timeout)


def merge(
    base: PathLike,
    adapter: PathLike,
    out: PathLike,
    *,
    leave_out: Iterable[str] = (),
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Merge:
    """Merges a LoRA adapter into its base: every weight is W + scale * B A, computed in float64 and rounded once.

    The same files give the same bytes on every machine.

    Args:
        base: the base checkpoint, W of shape [out, in].
        adapter: an unmerged adapter, A of shape [r, in] and B of shape [out, r].
        out: a folder that does not exist, or a file where `base` is one.
    """
    arguments = [path(base), path(adapter), *option("out", out), *repeated("leave-out", leave_out)]
    return run(Merge, "merge", arguments, progress=progress, cancel=cancel, timeout=timeout)


def digest(
    model: PathLike,
    *,
    ignore: Iterable[str] = (),
    allow_symlinks: bool = False,
    progress: ProgressOption = None,
    cancel: CancelToken | None = None,
    timeout: float | None = None,
) -> Digest:
    """Hashes a model's files as OpenSSF Model Signing does: the digest of an attestation's subject.

    Args:
        model: a folder or a file.
        ignore: paths inside the folder that do not count, such as "model.sig".
        allow_symlinks: hash what links point to, as in a cache of the Hugging Face Hub.
    """
    arguments = [path(model), *joined("ignore", ignore), *flag("allow-symlinks", allow_symlinks)]
    return run(Digest, "digest", arguments, progress=progress, cancel=cancel, timeout=timeout)
