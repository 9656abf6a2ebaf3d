# SPDX-License-Identifier: Apache-2.0
"""Real fine-tunes as they are: those in Examples, and those of the folder that DRIFTPROOF_DATA names."""

import json

from program import ROOT, policy, write_json

RANK_4 = {"rank": 4, "residual": {"relative": 0.003}}


def in_examples(work):
    """(pair, base, tuned, policy file, exit code)."""
    mlp, digits = ROOT / "Examples/mlp-lora", ROOT / "Examples/digits"
    rank = write_json(work / "digits.json", policy("digits", [("fc.*.weight", RANK_4)]))
    narrow = write_json(
        work / "narrow.json", policy("narrow", [("fc.*.weight", {"rank": 7, "residual": {"relative": 0.003}})])
    )
    yield "mlp-lora/tuned, rank 8", mlp / "base", mlp / "tuned", mlp / "policy.json", 0
    yield "mlp-lora/tuned, rank 7", mlp / "base", mlp / "tuned", narrow, 10
    yield "digits/release-1, rank 4", digits / "base", digits / "release-1", rank, 0
    yield "digits/release-2, rank 8", digits / "base", digits / "release-2", digits / "two-steps.json", 0
    yield "digits/release-2, rank 4", digits / "base", digits / "release-2", rank, 10
    yield "digits/backdoored, rank 4", digits / "base", digits / "backdoored", rank, 10


def in_data(data):
    """What a folder of real fine-tunes holds; of each what its documentation says was done."""
    mlp, policies = data / "mlp", data / "policies"
    for tuned, base in (("bf16", "base_bf16"), ("fp16", "base_fp16"), ("fp32", "base"), ("bf16_native", "base_bf16")):
        yield f"mlp/lora_r8_{tuned}, rank 8", mlp / base, mlp / f"lora_r8_{tuned}", policies / "mlp-lora.json", 0
    for name in ("full_ft_bf16", "rank64_claimed8_bf16", "backdoor_mixed_bf16"):
        yield f"mlp/{name}, rank 8", mlp / "base_bf16", mlp / name, policies / "mlp-lora.json", 10
    yield "mlp/full_ft_bf16, norm", mlp / "base_bf16", mlp / "full_ft_bf16", policies / "mlp-norm.json", 0
    yield "mlp/sparse_bias_fp32, biases", mlp / "base", mlp / "sparse_bias_fp32", policies / "mlp-bias.json", 0
    yield "mlp/sparse_rows_fp32, 20 rows", mlp / "base", mlp / "sparse_rows_fp32", policies / "mlp-rows.json", 0
    entries = mlp / "sparse_entries_fp32"
    yield "mlp/sparse_entries_fp32, 500 entries", mlp / "base", entries, policies / "mlp-entries.json", 0
    cnn = data / "cnn"
    yield "cnn/lora_r8_bf16, rank 8", cnn / "base_bf16", cnn / "lora_r8_bf16", policies / "cnn-lora.json", 0
    yield "cnn/full_ft_bf16, norm", cnn / "base_bf16", cnn / "full_ft_bf16", policies / "cnn-norm.json", 0
    for name in ("full_ft_bf16", "rank64_claimed8_bf16", "backdoor_mixed_bf16"):
        yield f"cnn/{name}, rank 8", cnn / "base_bf16", cnn / name, policies / "cnn-lora.json", 10


def one_less(data, work):
    """The sparse fine-tunes under a policy of one row or entry fewer."""
    for form, count in (("rows", 20), ("entries", 500)):
        rules = json.loads((data / f"policies/mlp-{form}.json").read_text())
        rules["rules"][0]["allow"][form] = count - 1
        path = write_json(work / f"fewer-{form}.json", rules)
        name = f"mlp/sparse_{form}_fp32"
        yield f"{name}, {count - 1} {form}", data / "mlp/base", data / name, path, 10


def run(evaluation):
    listed = list(in_examples(evaluation.work))
    if evaluation.data and evaluation.is_full:
        more = list(in_data(evaluation.data)) + list(one_less(evaluation.data, evaluation.work))
        missing = [pair for pair in more if not (pair[1].is_dir() and pair[2].is_dir() and pair[3].is_file())]
        for pair in missing:
            evaluation.found["skipped"].append(f"{pair[0]}: not in the folder")
        listed += [pair for pair in more if pair not in missing]
    elif evaluation.data:
        evaluation.found["skipped"].append("the pairs of the folder that DRIFTPROOF_DATA names: only at full size")
    for words, base, tuned, path, wanted in listed:
        name = "-".join(base.parts[-2:])
        identity = evaluation.identity(base, name, False)
        if wanted == 0:
            done = evaluation.certify(words, base, tuned, path, identity, is_checked=True)
            entry = {"exit": 0 if done else None, "reason": "", **(done or {})}
        else:
            proved = evaluation.prove(base, tuned, path, identity)
            violations = proved.result.get("violations") or [proved.result.get("reason") or ""]
            evaluation.expect(proved.exit_code == wanted, f"{words}: exit code {proved.exit_code}, not {wanted}")
            entry = {"exit": proved.exit_code, "reason": violations[0], "count": len(violations)}
        evaluation.found["pairs"].append({"pair": words, **entry, "words": words})
    evaluation.say(f"{len(listed)} real pairs")
