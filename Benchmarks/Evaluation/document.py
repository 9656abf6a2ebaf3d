# SPDX-License-Identifier: Apache-2.0
"""evaluation.md and its plots, from what was found."""

import json
import shutil
from collections import defaultdict
from pathlib import Path

import paper
import plots
from clauses import ATTACKS, ROUNDING_SIZE
from forced import clopper_pearson
from program import ROOT


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]) + "\n"


def seconds(value):
    return f"{value:.2f} s" if value < 100 else f"{value / 60:.1f} min"


def share(value):
    return f"{100 * value:.2g} %" if value < 0.0995 else f"{100 * value:.0f} %"


def cost(entry):
    return [
        seconds(entry["wall"]),
        seconds(entry["processor"]),
        f"{1000 * entry['verify']:.1f} ms",
        f"{entry['proof'] / 1000:.0f} KB",
        f"{entry['bits']:.1f}",
    ]


COST = ["prove, wall", "prove, processor", "verify", "proof", "bits"]


def reason(entry):
    """What `prove` says, and of how many tensors or heads."""
    # What follows a semicolon says what an honest user could do.
    words = entry["reason"].split(";")[0].replace("|", "\\|")
    return words + (f" (and {entry['count'] - 1} more)" if entry.get("count", 1) > 1 else "")


class Document:
    def __init__(self, found, folder):
        self.found, self.folder = found, folder
        self.plots = folder / "evaluation"
        self.parts = []

    def add(self, *texts):
        self.parts += [text.rstrip("\n") for text in texts]

    def plot(self, name, words):
        self.add(f"![{words}](evaluation/{name}.svg)")

    # Parts

    def head(self):
        found, machine = self.found, self.found["machine"]
        failures = found["failures"]
        self.add(
            "# Evaluation",
            "Made by `scripts/evaluate"
            + (" --publish" if found["size"] == "full" else " --size ci")
            + "`; no figure here is typed by hand. Change the script, not this file.",
            table(
                ["", ""],
                [
                    ["date", found["date"]],
                    ["commit", found["commit"] or "unknown"],
                    ["machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"],
                    [
                        "load of the machine (5 minutes) at start and end",
                        " and ".join(f"{load:.1f}" for load in found["load"]),
                    ],
                    ["time of the script", seconds(found["seconds"])],
                    ["expectations that failed", len(failures)],
                ],
            ),
            "Where the load is above the number of cores, others computed at the same time: wall-clock times then "
            "say little, and *processor* is the time of all threads in user mode, which other load raises far less. "
            "The forced proofs ran at the same time as all else but single blocks. [performance.md](performance.md) "
            "has times of an idle machine.",
        )
        if failures:
            self.add("**Failed:**\n\n" + "\n".join(f"- {failure}" for failure in failures))
        for skipped in found["skipped"]:
            self.add(f"**Skipped:** {skipped}.")

    def subjects(self):
        rows = [
            [
                entry["name"],
                f"`{entry['matrix']}`",
                f"`{entry['rows']}`",
                f"`{entry['channels']}`",
                entry["adapter"],
                entry["head"],
                entry["direction"],
            ]
            for entry in self.found["subjects"]
        ]
        self.add(
            "## The models",
            "Nothing is trained. Drifts are made on these bases, in bf16 unless another type is named; random "
            "numbers are the same in every run.",
            table(["model", "matrix", "rows", "channels", "LoRA of rank 8", "head", "full fine-tune"], rows),
        )

    def honest(self):
        merges = [[entry["subject"], entry["kind"], entry["clause"], *cost(entry)] for entry in self.found["merges"]]
        drifts = [[entry["subject"], entry["clause"], entry["words"], *cost(entry)] for entry in self.found["honest"]]
        checked = ", `verify` and `check`" if self.found["size"] == "full" else " and `verify`"
        self.add(
            "## Honest drifts are certified",
            "`driftproof merge` stores the sum of base and adapter with one rounding. Each merge passes "
            f"`prove`{checked}; with rounding clauses the adapter is the prover's hint.",
            table(["model", "type", "clause of each adapted matrix", *COST], merges),
            "The other clauses, each with a drift that all but exhausts it, in bf16:",
            table(["model", "clause", "drift", *COST], drifts),
        )

    def attacks(self):
        self.add(
            "## Dishonest drifts are refused",
            "Each attack but the last one stands on an honest drift of its clause. `prove` refuses those outside "
            "before any cryptography (exit code 10), with the reasons below. *least excess*: one rank, entry, row "
            "or channel more, 1.001 times a norm or a bound. *10 % above*: of the norm, the residual, the entries' "
            "bound, the counts; under rounding, weights at their second nearest number. *0.1 % flipped*: the signs "
            "of as many weights of the clause's tensor. *head backdoor*: half of one head's norm along one "
            "direction, and for rows and channels a head that no rule lets change. *full fine-tune*: a change of "
            f"the base, of full rank and of {ROUNDING_SIZE} of the norm, which is no more than storing in bf16 "
            "loses; for rows and channels in a random direction.",
        )
        for number, (subject, cells) in enumerate(self.found["matrix"].items()):
            name = "attacks" if number == 0 else f"attacks-{number + 1}"
            plots.matrix(self.plots / f"{name}.svg", subject, cells)
            self.plot(name, f"Clause by attack: {subject}")
        inside = sorted(
            {
                clause
                for cells in self.found["matrix"].values()
                for (clause, _), cell in cells.items()
                if cell["exit"] == 0
            }
        )
        self.add(
            f"*inside* is no failure of the proof: the clauses {', '.join(inside)} bound sizes, and allow a change "
            "of full rank that is as small as rounding. `prove` certified it, and whoever writes a policy must "
            "know. The rounding clause refuses it."
        )
        rows = []
        for subject, cells in self.found["matrix"].items():
            for (clause, attack), cell in cells.items():
                rows.append(
                    [
                        subject.split(",")[0],
                        clause,
                        attack,
                        cell["words"],
                        reason(cell) if cell["exit"] else "inside: certified",
                    ]
                )
        self.add(
            "<details><summary>All reasons</summary>",
            "",
            table(["model", "clause", "attack", "what was changed", "`prove`"], rows),
            "</details>",
        )

    def pairs(self):
        rows = [
            [entry["pair"], "certified" if entry["exit"] == 0 else f"refused ({entry['exit']})", reason(entry)]
            for entry in self.found["pairs"]
        ]
        self.add(
            "## Real fine-tunes",
            "Pairs that were trained, as they are: those in `Examples`"
            + (", and those of a folder of real fine-tunes that `DRIFTPROOF_DATA` names." if len(rows) > 6 else "."),
            table(["pair and claim", "result", "reason"], rows),
        )

    def forced(self):
        outcomes = self.found["forced"]
        checks = sorted({check for outcome in outcomes for check in outcome["rejections"]})
        plots.forced(self.plots / "forced.svg", outcomes, checks)
        rows = []
        for outcome in outcomes:
            low, high = clopper_pearson(outcome["accepted"], outcome["proofs"])
            refusals = ", ".join(f"{name} {count}" for name, count in sorted(outcome["refusals"].items()))
            rows.append(
                [
                    outcome["clause"],
                    outcome["attack"],
                    f"{outcome['refused']}/{outcome['attempts']}: {refusals}",
                    f"{outcome['honestAccepted']}/{outcome['honestProofs']}",
                    f"{outcome['proofs'] - outcome['accepted']}/{outcome['proofs']}",
                    f"{100 * low:.2g} to {100 * high:.2g} %",
                    f"2^-{outcome['securityBits']:.1f}",
                ]
            )
        total, accepted = (sum(outcome[key] for outcome in outcomes) for key in ("proofs", "accepted"))
        low, high = clopper_pearson(accepted, total)
        ways = defaultdict(lambda: defaultdict(int))
        for outcome in outcomes:
            for way, found in outcome["ways"].items():
                for check, count in found.items():
                    ways[way][check] += count
        own = self.found["forced_cost"]
        self.add(
            "## Forced proofs are rejected",
            "A prover of the tests goes on although the statement is false, on matrices of 48 × 64, with weights, "
            "commitment and randomness of its own in each proof, against the real verifier with 128 proven bits. It "
            "goes on by turns in each of the ways in the second table; cheats that are peculiar to a clause, such "
            "as roots modulo p, are tests of their own. The same weights before the attack are proved and accepted, "
            "and after it an honest prover refuses them: both beside.",
            table(
                [
                    "clause",
                    "attack",
                    "refused by the prover",
                    "honest: accepted",
                    "forced: rejected",
                    "accepted, 95 % interval",
                    "proven bound",
                ],
                rows,
            ),
            f"Together {total - accepted:,} of {total:,} rejected: by experiment alone, at most {100 * high:.2g} % "
            "are accepted (Clopper and Pearson, 95 %, of this mixture). No experiment comes near the proven bound, "
            "which is about the best cheater and not about these: the largest of the terms, one for each round, in "
            f"[protocol.md](protocol.md), section 5. The proofs took {seconds(own['wall'])}, "
            f"{seconds(own['processor'])} of processor time.",
        )
        self.plot("forced", "Which check stopped forced proofs")
        self.add(
            "Which check stops which way of going on (an evaluation is forged as the root of a polynomial; where it "
            "has none, stage A's end fails):",
            table(
                ["way", *checks],
                [[way, *(found.get(check, 0) or "" for check in checks)] for way, found in sorted(ways.items())],
            ),
            "And certificates forced about the *files* above, least excess of each clause, for which the tests' "
            "prover goes on with true evaluations; `driftproof verify` says:",
            table(
                ["clause", "drift", "exit code", "reason"],
                [[case["clause"], case["words"], case["exit"], case["reason"]] for case in self.found["real_forced"]],
            ),
        )

    def movement(self):
        found = self.found["movement"]
        plots.movement(self.plots / "movement.svg", found)
        names = list(found)
        rows = []
        for index, entry in enumerate(found[names[0]]):
            rows.append(
                [entry["clause"]]
                + [
                    text
                    for name in names
                    for text in (share(found[name][index]["share"]), f"{found[name][index]['movement']:.5f}")
                ]
            )
        header = ["clause"] + [
            text for name in names for text in (f"moved, {name.split(',')[0]}", f"movement, {name.split(',')[0]}")
        ]
        self.add(
            "## What a cheater who knows the clause can still do",
            "Computed, not proved: with an honest low-rank part, every weight is stored as the number of bf16 that "
            "is farthest in a chosen direction among those that the *proven* bound allows, as `verify` prints it; a "
            "ball is used up by the cheapest steps first. *movement* is the norm of what is gained, as a fraction "
            "of ‖W‖. The entrywise bound is the least that an honest"
            " merge obeys: " + ", ".join(f"{subject['entry_bound']:.2g}" for subject in self.found["subjects"]) + ".",
            table(header, rows),
        )
        self.plot("movement", "Movement that is left, by clause")
        self.add(
            "A norm clause leaves its whole bound, in any direction. Counts of entries, rows or channels leave "
            "those, of any size, until a norm clause stands beside them in a list. A rank leaves any matrix of that "
            "rank, a backdoor of rank 1 included."
        )

    def paper(self):
        self.add(*paper.text(self.found, self.plots))

    def write(self):
        shutil.rmtree(self.plots, ignore_errors=True)
        self.plots.mkdir(parents=True)
        for part in (
            self.head,
            self.subjects,
            self.honest,
            self.attacks,
            self.movement,
            self.pairs,
            self.forced,
            self.paper,
        ):
            part()
        text = "\n\n".join(self.parts).replace(str(ROOT) + "/", "") + "\n"
        path = self.folder / "evaluation.md"
        path.write_text(text)
        print(text)
        (ROOT / "out/evaluation/found.json").write_text(
            json.dumps(
                {
                    **self.found,
                    "matrix": {
                        name: [[*key, cell] for key, cell in cells.items()]
                        for name, cells in self.found["matrix"].items()
                    },
                },
                indent=1,
            )
        )


def write(found, folder):
    Document(found, folder).write()


def load(path):
    """What an earlier run found."""
    found = json.loads(Path(path).read_text())
    found["matrix"] = {
        name: {(clause, attack): cell for clause, attack, cell in cells} for name, cells in found["matrix"].items()
    }
    return found
