# SPDX-License-Identifier: Apache-2.0
"""Provers that go on although the statement is false. They stand in the tests: nothing that is shipped reaches them."""

import json
import math

from program import ROOT, Started

FLAGS = ["-c", "release", "-Xswiftc", "-enable-testing"]


def swift_test(filter, environment):
    return Started(["swift", "test", *FLAGS, "--skip-build", "--filter", filter], environment=environment, folder=ROOT)


class SmallProofs:
    """At least `count` forced proofs of every case, on small matrices over the real argument with 128 proven bits."""

    def __init__(self, count, work):
        self.path = work / "forced.json"
        self.started = swift_test(
            "ForcedProofTests", {"DRIFTPROOF_FORCED": str(count), "DRIFTPROOF_FORCED_OUT": str(self.path)}
        )

    def finish(self):
        done = self.started.finish()
        if not self.path.is_file():
            raise SystemExit(f"no forced proofs:\n{done.output}{done.errors}")
        return json.loads(self.path.read_text()), done


def certificates(cases):
    """Forced certificates about real files: (base, tuned, policy, certificate) paths each."""
    text = ";".join(" ".join(str(path) for path in case) for case in cases)
    return swift_test("pairsNamedByTheEnvironment", {"DRIFTPROOF_DISHONEST": text}).finish()


def tail(successes, trials, probability, is_upper):
    """P(X ≤ successes), or P(X ≥ successes), of a binomial X."""
    terms = range(0, successes + 1) if is_upper else range(successes, trials + 1)
    return sum(
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + (k * math.log(probability) if k else 0)
            + ((trials - k) * math.log1p(-probability) if k < trials else 0)
        )
        for k in terms
    )


def clopper_pearson(successes, trials, confidence=0.95):
    """The exact interval of a probability, by bisection."""
    level = (1 - confidence) / 2

    def solve(is_upper):
        low, high = 1e-12, 1 - 1e-12
        for _ in range(100):
            middle = (low + high) / 2
            # The upper end falls with p, the lower one rises.
            if (tail(successes, trials, middle, is_upper) > level) == is_upper:
                low = middle
            else:
                high = middle
        return low

    return (0.0 if successes == 0 else solve(False)), (1.0 if successes == trials else solve(True))
