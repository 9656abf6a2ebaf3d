# SPDX-License-Identifier: Apache-2.0
"""What the program does with honest and dishonest drifts of real models; scripts/evaluate runs it.

Every expectation that fails is counted and named, and makes the exit code 1.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path

import ml_dtypes  # noqa: F401  (gives numpy the type bfloat16, before safetensors asks for it)
import numpy as np

import document
import forced
import movement
import pairs
from clauses import ATTACKS, HALF_ULPS, RESIDUAL, Clauses
from program import ROOT, DriftProof, policy, run, write_json
from subjects import PACKAGE, language_model, shipped
from weights import doubles, read, stored, write


class Evaluation:
    def __init__(self, options):
        self.options = options
        self.is_full = options.size == "full"
        self.forced_count = 200 if self.is_full else 9
        self.work = ROOT / "out/evaluation/work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.driftproof = DriftProof(options.binaries)
        self.random = np.random.default_rng(20261127)
        data = os.environ.get("DRIFTPROOF_DATA")
        self.data = Path(data) if data and Path(data).is_dir() else None
        self.failures = []
        self.start = time.monotonic()
        self.found = {
            "size": options.size,
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": options.commit,
            "machine": machine(),
            "load": [os.getloadavg()[1]],
            "subjects": [],
            "skipped": [],
            "merges": [],
            "honest": [],
            "matrix": {},
            "pairs": [],
            "movement": {},
            "real_forced": [],
            "blocks": [],
        }

    # Expectations

    def expect(self, holds, words):
        if not holds:
            self.failures.append(words)
            self.say(f"UNEXPECTED: {words}")
        return holds

    def say(self, words):
        print(f"[{time.monotonic() - self.start:5.0f} s] {words}", file=sys.stderr, flush=True)

    # Proving

    def identity(self, base, name, is_linked):
        path = self.work / f"{name}.identity.json"
        if not path.exists():
            # The base's tableau is kept, so that proofs of rounding clauses need not commit to it again.
            commit = ["--commit", "--cache", path.with_suffix(".cache")] if is_linked else []
            self.driftproof.need("identify", base, *commit, "-o", path)
        return path

    def prove(self, base, tuned, policy_path, identity, adapter=None):
        certificate, opening = self.work / "x.drift", self.work / "x.secret"
        for path in (certificate, opening):
            path.unlink(missing_ok=True)
        hint = ["--adapter", adapter.folder, "--cache", Path(identity).with_suffix(".cache")] if adapter else []
        return self.driftproof(
            "prove",
            "--base",
            base,
            "--tuned",
            tuned,
            *hint,
            "--identity",
            identity,
            "--policy",
            policy_path,
            "--out",
            certificate,
            "--opening",
            opening,
        )

    def certify(self, words, base, tuned, policy_path, identity, adapter=None, is_checked=False):
        """An honest drift: proved, verified, checked against the files; its cost."""
        proved = self.prove(base, tuned, policy_path, identity, adapter)
        if not self.expect(
            proved.exit_code == 0, f"{words}: prove ends with {proved.exit_code}: {proved.result['reason']}"
        ):
            return None
        certificate, opening = self.work / "x.drift", self.work / "x.secret"
        verified = self.driftproof("verify", certificate, "--base-identity", identity, "--policy", policy_path)
        self.expect(
            verified.exit_code == 0 and verified.result["verified"], f"{words}: verify ends with {verified.exit_code}"
        )
        self.expect(verified.result["securityBits"] >= 128, f"{words}: {verified.result['securityBits']} bits")
        if is_checked:
            checked = self.driftproof("check", certificate, "--base", base, "--tuned", tuned, "--opening", opening)
            self.expect(checked.exit_code == 0, f"{words}: check ends with {checked.exit_code}")
        return {
            "words": words,
            "wall": proved.wall,
            "processor": proved.processor,
            "proof": proved.result["proofBytes"],
            "verify": verified.result["verifySeconds"],
            "bits": verified.result["securityBits"],
            "rounded": verified.result.get("rounded") or [],
        }

    # Parts

    def subjects(self):
        found = [shipped(self.work, self.data, self.random)]
        if self.data is None:
            self.found["skipped"].append("the pairs of the folder that DRIFTPROOF_DATA names: it names none")
        if not self.is_full:
            self.found["skipped"].append(f"the language model of {PACKAGE}: only at full size")
            return found
        model = language_model(self.work, Path(self.options.cache), self.random)
        if model is None:
            words = f"the language model of {PACKAGE}: pip could not download it"
            self.found["skipped"].append(words)
            self.say(f"SKIPPED: {words}")
            return found
        return found + [model]

    def merges(self, subject):
        """The adapter merged into the base in three types, by the program itself, each rounded once."""
        for kind, base in sorted(subject.bases.items()):
            merged = self.work / f"merged-{kind}"
            shutil.rmtree(merged, ignore_errors=True)
            self.driftproof.need("merge", base, subject.adapter.folder, "-o", merged)
            self.same_rounding(subject, kind, base, merged)
            name = f"{subject.matrix}-{kind}"
            clauses = [
                (f"rank 8 + residual {RESIDUAL[kind]}", {"rank": 8, "residual": {"relative": RESIDUAL[kind]}}, None)
            ]
            if kind in HALF_ULPS:
                allowance = [{"norm": {"relative": 0.5}}, {"rank": 8, "rounding": {"halfUlps": HALF_ULPS[kind]}}]
                clauses.append((f"rank 8 + rounding {HALF_ULPS[kind]} half-ulps", allowance, subject.adapter))
            for words, allowance, hint in clauses:
                rules = [(tensor, allowance) for tensor in sorted(subject.adapter.pairs)]
                path = write_json(self.work / "policy.json", policy("merge", rules))
                done = self.certify(
                    f"{subject.name}, merged in {kind}: {words}",
                    base,
                    merged,
                    path,
                    self.identity(base, name, kind in HALF_ULPS),
                    hint,
                    is_checked=self.is_full,
                )
                if done:
                    self.found["merges"].append({"subject": subject.name, "kind": kind, "clause": words, **done})
        self.say(f"{subject.name}: merges in three types")

    def same_rounding(self, subject, kind, base, merged):
        """`merge` stores the once rounded sum: compared with numpy's, where products differ in the last of 53 bits."""
        before, after = read(base), read(merged)
        tensor = subject.matrix
        own = stored(doubles(before[tensor]) + subject.adapter.product(tensor), kind)
        share = float(np.mean(doubles(own) != doubles(after[tensor])))
        self.expect(share < 1e-5, f"{subject.name}, merged in {kind}: {share:.2g} of {tensor} are other roundings")

    def matrix(self, subject, kind="bf16"):
        """Every clause: the honest drift is certified, the attacks are refused, or what is inside is certified."""
        base = subject.bases[kind]
        identity = self.identity(base, f"{subject.matrix}-{kind}", True)
        clauses = Clauses(subject, read(base), kind, self.random)
        cells = {}
        for clause, (honest, attacks) in clauses.all().items():
            tuned = self.store(honest, base)
            path = write_json(self.work / "policy.json", honest.policy)
            done = self.certify(
                f"{subject.name}, {clause}: {honest.words}", base, tuned, path, identity, honest.adapter
            )
            if done:
                self.found["honest"].append({"subject": subject.name, "clause": clause, **done, "words": honest.words})
            for attack in ATTACKS:
                cells[clause, attack] = self.attack(subject, clause, attack, attacks[attack], base, identity)
            if clause != "rank 8 + rounding":
                self.keep_for_forcing(subject, clause, attacks["least excess"], base)
            self.say(f"{subject.name}: {clause}")
        self.found["matrix"][subject.name] = cells

    def store(self, drift, base):
        return write(self.work / "tuned", drift.tensors, source=base)

    def attack(self, subject, clause, attack, drift, base, identity):
        tuned = self.store(drift, base)
        path = write_json(self.work / "policy.json", drift.policy)
        done = self.prove(base, tuned, path, identity, drift.adapter)
        wanted = 0 if drift.is_inside else 10
        violations = done.result.get("violations") or []
        reason = violations[0] if violations else (done.result.get("reason") or "")
        expected = self.expect(
            done.exit_code == wanted,
            f"{subject.name}, {clause}, {attack}: exit code {done.exit_code}, not {wanted}: {reason}",
        )
        return {
            "exit": done.exit_code,
            "reason": reason,
            "words": drift.words,
            "expected": expected,
            "count": len(violations),
        }

    def keep_for_forcing(self, subject, clause, drift, base):
        """The least excess of each clause, whose certificate a prover of the tests then forces."""
        if "MLP" not in subject.name:
            return
        folder = self.work / "forced" / clause.replace(" ", "-").replace("+", "and")
        tuned = write(folder / "tuned", drift.tensors, source=base)
        path = write_json(folder / "policy.json", drift.policy)
        self.found["real_forced"].append(
            {
                "clause": clause,
                "words": drift.words,
                # Of the repository, where its own path may have spaces.
                "paths": [str(p.relative_to(ROOT)) for p in (base, tuned, path, folder / "forced.drift")],
            }
        )

    def movements(self, subject, kind="bf16"):
        base = subject.bases[kind]
        identity = self.identity(base, f"{subject.matrix}-{kind}", True)
        weight, product = doubles(read(base)[subject.matrix]), subject.adapter.product(subject.matrix)
        own = stored(weight + product, kind)
        merged = write(self.work / "moved", {**read(base), subject.matrix: own}, source=base)
        proven = {}
        settings = [("halfUlps", 1.01), ("halfUlps", 1.1), ("halfUlps", 2), ("roundoffs", 1)]
        for form, number in settings if self.is_full else settings[:1]:
            allowance = [{"norm": {"relative": 0.5}}, {"rank": 8, "rounding": {form: number}}]
            path = write_json(self.work / "policy.json", policy("movement", [(subject.matrix, allowance)]))
            words = f"rank + {number} " + ("half-ulps" if form == "halfUlps" else "roundoffs")
            done = self.certify(f"{subject.name}: {words}", base, merged, path, identity, subject.adapter)
            for tensor in done["rounded"] if done else []:
                if tensor["name"] == subject.matrix:
                    proven[words] = tensor
        # The least absolute bound that an honest merge obeys.
        exact = weight + product
        entry_bound = float(np.abs(doubles(stored(exact, kind)) - exact).max())
        own = movement.movements(weight, product, subject.direction, kind, proven, RESIDUAL[kind], entry_bound)
        for entry in own:
            self.expect(entry["movement"] > 0, f"{subject.name}, {entry['clause']}: no movement was found")
        strict = [entry["movement"] for entry in own if "1.01 half-ulps" in entry["clause"]]
        self.expect(
            strict and strict[0] <= 0.0008 and strict[0] < own[0]["movement"] / 3,
            f"{subject.name}: the rounding clause leaves {strict}, the ball {own[0]['movement']:.5f}",
        )
        self.found["movement"][subject.name] = own
        self.found["subjects"][-1]["entry_bound"] = entry_bound
        self.say(f"{subject.name}: what is left to a cheater")

    def forced_proofs(self, started):
        outcomes, done = started.finish()
        count = self.forced_count
        self.expect(done.exit_code == 0, f"forced proofs: swift test ends with {done.exit_code}")
        for outcome in outcomes:
            words = f"forced, {outcome['clause']}, {outcome['attack']}"
            self.expect(outcome["accepted"] == 0, f"{words}: {outcome['accepted']} of {outcome['proofs']} accepted")
            self.expect(outcome["proofs"] >= count, f"{words}: only {outcome['proofs']} proofs")
            self.expect(outcome["refused"] == outcome["attempts"], f"{words}: an honest prover does not refuse")
            self.expect(
                outcome["honestAccepted"] == outcome["honestProofs"] > 0, f"{words}: honest proofs are rejected"
            )
        self.found["forced"] = outcomes
        self.found["forced_cost"] = {"wall": done.wall, "processor": done.processor}
        self.say(f"{sum(outcome['proofs'] for outcome in outcomes):,} forced proofs")
        cases = self.found["real_forced"]
        done = forced.certificates([case["paths"] for case in cases])
        self.expect(done.exit_code == 0, f"forced certificates: swift test ends with {done.exit_code}")
        for case in cases:
            base, _, policy_path, certificate = (ROOT / path for path in case["paths"])
            identity = self.identity(base, "forced", False)
            verified = self.driftproof("verify", certificate, "--base-identity", identity, "--policy", policy_path)
            case["exit"], case["reason"] = verified.exit_code, verified.result.get("reason") or ""
            self.expect(
                verified.exit_code == 11, f"forced certificate, {case['clause']}: exit code {verified.exit_code}"
            )
        self.say(f"{len(cases)} forced certificates about real files")

    def blocks(self):
        """One matrix of 4096² by each scheme, as the paper measures blocks."""
        program = Path(self.options.binaries) / "DriftProofBenchmarks"
        for drift in ("norm", "rank", "entries"):
            done = run([program, "case", "4096", drift, "1"])
            fields = [field.strip() for field in done.output.strip().strip("|").split("|")]
            if self.expect(done.exit_code == 0 and len(fields) == 5, f"block {drift}: {done.output}{done.errors}"):
                self.found["blocks"].append(
                    {"drift": drift, "prove": float(fields[1]), "verify": float(fields[2]), "proof": int(fields[3])}
                )
        self.say("single blocks")

    def run(self):
        # Beside all else, as the programs that follow one another leave cores idle.
        started = forced.SmallProofs(self.forced_count, self.work)
        try:
            for subject in self.subjects():
                self.found["subjects"].append(
                    {
                        "name": subject.name,
                        "adapter": subject.adapter_words,
                        "direction": subject.direction_words,
                        "head": subject.head_words,
                        "matrix": subject.matrix,
                        "rows": subject.rows,
                        "channels": subject.channels,
                    }
                )
                self.merges(subject)
                self.matrix(subject)
                self.movements(subject)
            pairs.run(self)
        except BaseException:
            started.process.terminate()
            raise
        self.forced_proofs(started)
        if self.is_full:
            self.blocks()
        self.found["load"].append(os.getloadavg()[1])
        self.found["seconds"] = time.monotonic() - self.start
        self.found["failures"] = self.failures
        document.write(self.found, ROOT / "docs" if self.options.publish else ROOT / "out/evaluation")
        shutil.rmtree(self.work, ignore_errors=True)


def machine():
    """Processor, cores and system, as far as the system tells."""
    name = platform.processor() or platform.machine()
    try:
        facts = dict(
            line.split(":", 1)
            for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
            if ":" in line
        )
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        name = facts.get("model name", name)
        if "unknown" in name.lower() or name in ("", "AMD EPYC"):
            name = f"{facts.get('vendor_id', name)}, family {facts.get('cpu family')}, model {facts.get('model')}"
    except OSError:
        pass
    return {"processor": name, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def main():
    parser = argparse.ArgumentParser(prog="scripts/evaluate", description=__doc__)
    parser.add_argument("--size", choices=["ci", "full"], default="full")
    parser.add_argument("--publish", action="store_true", help="write docs/evaluation.md and its plots")
    parser.add_argument(
        "--cache", default=str(Path.home() / ".cache/driftproof"), help="where the language model is kept"
    )
    parser.add_argument("--document", metavar="FOUND.json", help="write the text anew, of an earlier run's found.json")
    parser.add_argument("--binaries", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--commit", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish and options.size != "full":
        parser.error("--publish is for the full size")
    if options.document:
        document.write(document.load(options.document), ROOT / "docs" if options.publish else ROOT / "out/evaluation")
        return
    evaluation = Evaluation(options)
    evaluation.run()
    print(json.dumps({"failures": evaluation.failures, "seconds": round(evaluation.found["seconds"])}))
    for failure in evaluation.failures:
        print(f"FAILED: {failure}")
    sys.exit(1 if evaluation.failures else 0)


if __name__ == "__main__":
    main()
