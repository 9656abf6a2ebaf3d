# SPDX-License-Identifier: Apache-2.0
"""What is known of the figures in arXiv 2604.04738, with ours beside."""

import json

import plots
from program import ROOT

NAME = "arXiv 2604.04738, *Fine-Tuning Integrity for Modern Neural Networks*"
MACHINE = "32 EPYC cores, 512 GB and an A100"
# Scheme: our block, bytes of a proof from and to, milliseconds of a verification.
SCHEMES = {
    "norm": ("norm", (20e3, 40e3), 14),
    "rank 8": ("rank", (4e3, 10e3), 5),
    "500 entries": ("entries", (3e3, 5e3), 9),
}
# Model: seconds to prove, milliseconds to verify, bytes; our case in docs/performance/results.json.
MODELS = {
    "LLaMA style, 7B": (492, 310, 3.8e6, "llama-7b/dense"),
    "ResNet-50": (12, None, None, "resnet-50/dense"),
    "6-layer MLP": (0.8, None, None, "mlp-6/dense"),
}


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def text(found, folder):
    parts = [
        "## Beside the paper",
        f"{NAME}, reports on {MACHINE}. We know of its figures what follows: single blocks by scheme (its table 2), "
        "whole models, and the rates of detection as a summary of it quotes them. **Which others stand in its "
        "tables 1 and 3, and what its figures 2 to 4 draw, we could not obtain**, so nothing of theirs is shown; "
        "the drawings of this file are of our own choice.",
    ]
    return parts + blocks(found, folder) + models() + detection(found)


def blocks(found, folder):
    own = {entry["drift"]: entry for entry in found["blocks"]}
    if not own:
        return ["Single blocks are measured at full size only."]
    rows, sizes = [], []
    for scheme, (drift, (low, high), verify) in SCHEMES.items():
        entry = own[drift]
        rows.append(
            [
                scheme,
                f"{low / 1000:.0f} to {high / 1000:.0f} KB",
                f"{entry['proof'] / 1000:.0f} KB",
                f"{verify} ms",
                f"{entry['verify']:.1f} ms",
                f"{entry['prove']:.2f} s",
            ]
        )
        sizes.append((scheme, entry["proof"] / 1000, (low / 1000, high / 1000)))
    ratios = [size / end for _, size, ends in sizes for end in ends]
    plots.blocks(folder / "block-proofs.svg", "Proof of one block", "KB", sizes)
    return [
        "One block; ours is a matrix of 4096² in bf16, measured once in this run, under the load above "
        "([README](../README.md) has times of an idle machine):",
        table(["scheme", "proof, paper", "proof, here", "verify, paper", "verify, here", "prove, here"], rows),
        f"The paper's proofs of single blocks are {min(ratios):.0f} to {max(ratios):.0f} times smaller: its "
        "polynomial commitments need pairings and a trusted setup, ours hashes alone. Of whole models, whose blocks "
        "share one proof here, ours are smaller.",
        "![Proof sizes of one block](evaluation/block-proofs.svg)",
    ]


def models():
    results = json.loads((ROOT / "docs/performance/results.json").read_text())
    own = {case["name"]: case for case in results["cases"]}
    rows = []
    for model, (prove, verify, proof, name) in MODELS.items():
        case = own.get(name)
        if case is None:
            continue
        rows.append(
            [
                model,
                f"{prove:g} s",
                f"{case['medianProveSeconds']:.3g} s",
                f"{verify} ms" if verify else "",
                f"{case['medianVerifyMilliseconds']:.3g} ms",
                f"{proof / 1e6:.1f} MB" if proof else "",
                f"{case['proofBytes'] / 1e6:.2f} MB",
            ]
        )
    machine = results["machine"]
    return [
        f"Whole models; ours are not measured here but in [performance.md](performance.md) ({results['date']},"
        f" {machine['processor']}, {machine['cores']} cores, idle):",
        table(["model", "prove, paper", "here", "verify, paper", "here", "proof, paper", "here"], rows),
    ]


def detection(found):
    def excess(*case):
        own = [entry for entry in found["forced"] if (entry["clause"].split(" ")[0], entry["attack"]) == case]
        proofs, accepted = (sum(entry[key] for entry in own) for key in ("proofs", "accepted"))
        bits = min(entry["securityBits"] for entry in own)
        return f"{accepted} of {proofs:,} forced proofs accepted; proven 2^-{bits:.1f}"

    return [
        "The chances of a dishonest drift. The paper's rates are as a published summary quotes them, without the "
        "conditions; ours are of provers that forge what they can.",
        table(
            ["drift", "paper", "here"],
            [
                ["norm above its bound, by 10 %", 'rejected "with high confidence"', excess("norm", "10 % above")],
                ["norm above its bound, by 0.1 %", "", excess("norm", "1.001 × the norm")],
                ["one rank too many", "detected with probability above 0.99999", excess("rank", "rank + 1")],
                ["one entry too many", "undetected with probability below 10^-10", excess("entries", "k + 1")],
            ],
        ),
    ]
