# SPDX-License-Identifier: Apache-2.0
"""What the program proves, signs and records for the suite: all of it from fixed weights, with fresh secrets."""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import models
from models import Tensor, write_safetensors

from .places import FILES, KEYS, REPOSITORY

SERVER = REPOSITORY / "Tests" / "Audit" / "scripted_server.py"


def run(*arguments) -> None:
    done = models.run(*arguments, "-q")
    if done.returncode not in (0, 20, 21):
        sys.exit(f"driftproof {' '.join(map(str, arguments))}: {done.stderr.decode()}")


def policy(path: Path, name: str, rules: list[dict], total: dict | None = None) -> Path:
    value = {"driftPolicy": 1, "name": name, "securityBits": 128, "rules": rules}
    path.write_text(json.dumps(value | ({"total": {"norm": total}} if total else {}), indent=1) + "\n")
    return path


def make_all() -> None:
    """Replaces everything in `files`."""
    shutil.rmtree(FILES, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for make in (_chain, _forms, _weights, _aligned, _next_base, _attestations, _audits):
            kept, scratch = FILES / make.__name__[1:], work / make.__name__
            kept.mkdir(parents=True)
            scratch.mkdir()
            make(kept, scratch, np.random.default_rng(15))


def _chain(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """A base, a release, and two releases that continue it: by norms, and by a pattern. The norms have the policy of the release."""
    values = [models.rounded(draw.normal(size=(6, 8)) * 0.1, "F32")]
    for step in range(2):
        values.append(models.rounded(values[-1] + draw.normal(size=(6, 8)) * 0.001, "F32"))
    thinned = values[1].copy()
    thinned[:, ::8] += 0.01
    values.append(thinned)
    paths = [work / f"{number}.safetensors" for number in range(4)]
    for path, each in zip(paths, values, strict=True):
        still = Tensor.of(np.ones(3), "BF16")
        write_safetensors(path, {"w": Tensor.of(each, "F32"), "still": still})
    frozen = {"tensors": "still", "allow": "frozen"}
    norms = policy(kept / "policy.json", "a release", [{"tensors": "w", "allow": {"norm": {"absolute": 0.02}}}, frozen])
    pattern = {"pattern": {"of": "drift", "n": 1, "m": 8}}
    thin = policy(kept / "patterns.policy.json", "a thin release", [{"tensors": "w", "allow": pattern}, frozen])
    identity, root = kept / "base.identity.json", kept / "root.drift"
    run("identify", paths[0], "-o", identity)
    for base, tuned, rules, certificate, parent in (
        (0, 1, norms, root, []),
        (1, 2, norms, kept / "link.drift", ["--parent", root]),
        (1, 3, thin, kept / "patterns.drift", ["--parent", root]),
    ):
        given = ["--base", paths[base], "--tuned", paths[tuned], "--identity", identity, "--policy", rules]
        run("prove", *given, "--out", certificate, "--opening", work / f"{certificate.name}.secret", *parent)


def _forms(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """Types, growth, heads of columns, exclusion, tensors without entries and of integers, a total."""
    case = models.Case()

    def add(name: str, dtype: str, base: np.ndarray, tuned: np.ndarray, allow, wide: str = "", **more) -> None:
        case.base[name], case.tuned[name] = Tensor.of(base, dtype), Tensor.of(tuned, wide or dtype)
        case.rules.append({"tensors": name, "allow": allow, **more})

    def noise(*shape: int) -> np.ndarray:
        return draw.normal(size=shape) * 0.01

    grown, half, double, heads = (noise(*shape) for shape in ((5, 4), (4, 4), (3,), (4, 6)))
    norm = {"norm": {"absolute": 1}}
    add("embed", "BF16", grown, np.concatenate([grown, noise(2, 4)]), norm, grow={"rows": 3})
    add("half", "F16", half, models.rounded(half, "F16") + noise(4, 4) * 0.1, norm, "F32")
    add("double", "F64", double, double + 0.001, {"norm": {"relative": 4}})
    add("heads", "F32", heads, heads + noise(4, 6) * 0.1, norm, heads={"of": "columns", "size": 3})
    add("other", "F32", noise(2, 2), noise(7), "any")
    add("retyped", "BF16", np.ones(4), np.ones(4), "frozen", "F32")
    add("empty", "F32", np.zeros((0, 3)), np.zeros((0, 3)), norm)
    case.base["steps"] = case.tuned["steps"] = Tensor("I64", (2,), bytes(16))
    case.rules.append({"tensors": "*", "allow": "frozen"})
    rules = policy(kept / "policy.json", "forms", case.rules, {"relative": 2})
    base, tuned = work / "base.safetensors", work / "tuned.safetensors"
    write_safetensors(base, case.base)
    write_safetensors(tuned, case.tuned)
    run("identify", base, "-o", kept / "base.identity.json")
    given = ["--base", base, "--tuned", tuned, "--policy", rules]
    run("prove", *given, "--out", kept / "tuned.drift", "--opening", work / "secret")


def _linked(draw: np.random.Generator, work: Path) -> tuple[Path, Path]:
    base = {"a": Tensor.of(draw.normal(size=(16, 32)) * 0.1, "BF16"), "b": Tensor.of(np.ones(5), "F16")}
    changed = base["a"].values()
    changed[:, ::8] *= 1.0078125
    first, second = work / "base.safetensors", work / "tuned.safetensors"
    write_safetensors(first, base)
    write_safetensors(second, base | {"a": Tensor.of(changed, "BF16")})
    return first, second


def _weights(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """Bounds by a fraction of each weight."""
    base, tuned = _linked(draw, work)
    bound = {"entrywise": {"ofWeight": 0.02, "absolute": 0.0001}}
    rules = policy(
        kept / "policy.json", "weights", [{"tensors": "a", "allow": bound}, {"tensors": "*", "allow": "frozen"}]
    )
    identity = kept / "base.identity.json"
    run("identify", base, "--commit", "-o", identity)
    given = ["--base", base, "--tuned", tuned, "--identity", identity, "--policy", rules]
    run("prove", *given, "--out", kept / "tuned.drift", "--opening", work / "secret")


def _aligned(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """An aligned certificate of a pattern, with its tuned tableau and transition."""
    base, tuned = _linked(draw, work)
    clauses = [{"pattern": {"of": "drift", "n": 1, "m": 8}}, {"entrywise": {"absolute": 0.05}}]
    rules = policy(
        kept / "policy.json", "aligned", [{"tensors": "a", "allow": clauses}, {"tensors": "*", "allow": "frozen"}]
    )
    identity, tableau, secret = kept / "base.identity.json", kept / "tuned.tableau.json", work / "tableau.secret"
    run("identify", base, "--commit", "-o", identity)
    run("commit", tuned, "--identity", identity, "--out", tableau, "--opening", secret)
    given = ["--base", base, "--tuned", tuned, "--identity", identity, "--policy", rules, "--tuned-tableau", tableau]
    made = ["--out", kept / "tuned.drift", "--transition", kept / "tuned.transition"]
    run("prove", *given, *made, "--tuned-opening", secret, "--opening", work / "secret")


def _next_base(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """Two releases: the second is bounded by fractions of the first one's weights, which a transition ties to the base."""
    values, still = models.rounded(draw.normal(size=(16, 32)) * 0.1, "BF16"), Tensor.of(np.ones(5), "F16")
    base, first, second = (work / f"{name}.safetensors" for name in ("base", "first", "second"))
    for path, column, factor in ((base, 0, 1.0), (first, 0, 1.0078125), (second, 4, 0.9921875)):
        values[:, column::8] *= factor
        write_safetensors(path, {"a": Tensor.of(values, "BF16"), "b": still})
    bound = {"entrywise": {"ofWeight": 0.02, "absolute": 0.0001}}
    rules = policy(
        kept / "policy.json", "releases", [{"tensors": "a", "allow": bound}, {"tensors": "*", "allow": "frozen"}]
    )
    identity, following, secret = kept / "base.identity.json", kept / "next.identity.json", work / "next.secret"
    run("identify", base, "--commit", "-o", identity)
    run("commit", first, "--identity", identity, "--as-base", "--proofs", "2", "-o", following, "--opening", secret)
    given = ["--base", base, "--tuned", first, "--identity", identity, "--policy", rules, "--next-identity", following]
    made = ["--out", kept / "first.drift", "--transition", kept / "next.transition"]
    run("prove", *given, *made, "--tuned-opening", secret, "--opening", work / "first.secret")
    given = ["--base", first, "--tuned", second, "--identity", following, "--policy", rules, "--base-opening", secret]
    run("prove", *given, "--out", kept / "second.drift", "--opening", work / "second.secret")


def _attestations(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """Statements about the pinned certificate of a norm: by both kinds of keys, and one that names the model's file."""
    pinned = REPOSITORY / "Tests" / "Fixtures" / "pinned-v2" / "norm"
    when = ["--proved-at", "2026-03-01T12:30:00Z"]
    for key in ("ed25519", "p256"):
        out = kept / f"{key}.intoto.jsonl"
        run("attest", pinned / "tuned.drift", "--key", KEYS / f"{key}.pem", "--out", out, *when)
    model = ["--tuned", pinned / "tuned.safetensors", "--out", kept / "model.intoto.jsonl"]
    run("attest", pinned / "tuned.drift", "--key", KEYS / "ed25519.pem", *model, *when)


def _audits(kept: Path, work: Path, draw: np.random.Generator) -> None:
    """Bundles of audits of scripted endpoints: scores of log probabilities and of texts, withheld, opened, certified."""
    pinned = REPOSITORY / "Tests" / "Fixtures" / "pinned-v2" / "norm"
    certificate = ["--certificate", pinned / "tuned.drift"]
    proved = [*certificate, "--base-identity", pinned / "base.identity.json", "--policy", pinned / "policy.json"]
    prompts = work / "prompts.txt"
    prompts.write_text("".join(f"Question {number}\n" for number in range(3000)))
    asked = ["--prompts", prompts]

    def server(*behaviour: str) -> list[str]:
        return ["--serve", f'"{sys.executable}" "{SERVER}" {{port}} {" ".join(behaviour)}']

    def audit(name: str, planned: list, behaviours: dict[str, list[str]], *more) -> None:
        plan, reference, key = (work / f"{name}.{end}" for end in ("plan.json", "reference.ndjson", "secret"))
        made = ["--out", plan, "--key", key, "--mode", "quick", "--endpoint", "local", "--model-name", "m"]
        run("audit", "plan", *made, *planned)
        given = ["--key", key, *(asked if "--prompts" in planned else [])]
        run("audit", "record", plan, *given, "--model-name", "m", "--out", reference, *server())
        for verdict, behaviour in behaviours.items():
            candidate = work / f"{name}.{verdict}.ndjson"
            few = ["--max-queries", "3"] if verdict == "undecided" else []
            run("audit", "run", plan, *given, "--reference", reference, "--out", candidate, *server(*behaviour), *few)
            files = [plan, reference, candidate, *given]
            withheld = ["--withhold"] if verdict == "withheld" else []
            run(
                "audit",
                "bundle",
                *files,
                "--sign",
                KEYS / "ed25519.pem",
                *withheld,
                *more,
                "--out",
                kept / f"{name}-{verdict}.tar",
            )
            if verdict == "withheld":
                run("audit", "open", *files, "--records", "0,2", "--out", kept / f"{name}-opened.json")

    small = ["--tokens", "1", "--top", "1", "--margin", "1"]
    audit("logprobs", small, {"same": [], "undecided": [], "withheld": []})
    audit("other", ["--tokens", "1", "--top", "3", "--margin", "0.1"], {"different": ["other"]})
    audit("lost", small, {"undecided-late": ["lose=20"]})
    audit("texts", ["--score", "text", "--chat", "--tokens", "2", "--margin", "1", *asked], {"same": []})
    audit("certified", [*small, *certificate], {"undecided": []}, *proved)
