# SPDX-License-Identifier: Apache-2.0
"""Certificates at the end of real training runs with transformers and peft, of a model made here."""

import hashlib
import json
import os
import stat
import subprocess

import pytest
from api_support import needs_program

torch = pytest.importorskip("torch", reason="the integrations are tested with torch, transformers and peft")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")

import tiny_models  # noqa: E402
from huggingface_hub import ModelCard  # noqa: E402

import driftproof  # noqa: E402
from driftproof.integrations import certify, write_facts  # noqa: E402
from driftproof.integrations import hub as hub_layout  # noqa: E402
from driftproof.integrations.peft import certify_adapter, certify_merged, lora_policy  # noqa: E402
from driftproof.integrations.transformers import DriftProofCallback  # noqa: E402

pytestmark = needs_program

POLICY = {
    "driftPolicy": 1,
    "name": "half of every tensor",
    "securityBits": 128,
    "rules": [{"tensors": "*", "allow": {"norm": {"relative": 0.5}}}],
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_models.save_base(tmp_path_factory.mktemp("base") / "base")


def train(model, folder, callback, **options):
    trainer = transformers.Trainer(
        model=model,
        args=tiny_models.arguments(folder, **options),
        train_dataset=tiny_models.Counting(),
        callbacks=[callback],
    )
    return trainer.train()


def adapted(base, **options):
    settings = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM", **options}
    torch.manual_seed(1)
    return peft.get_peft_model(tiny_models.load(base), peft.LoraConfig(**settings))


def perturb(model) -> None:
    """An adapter that does something, without training."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "lora_B" in name:
                value.normal_(0, 0.02)


def test_a_full_fine_tune_is_certified_at_the_end_of_training(base, tmp_path):
    callback = DriftProofCallback(policy=POLICY, cross_check=True, base_model="org/base")
    result = train(tiny_models.load(base), tmp_path / "out", callback)
    certified = callback.certified
    assert result.training_loss > 0 and callback.error is None
    assert certified.verification.verified and certified.verification.cross_checked
    assert certified.verification.tensors["norm"] == 21 and not certified.verification.proves_nothing
    # It is about the model that was saved, and that is the trained one.
    about = driftproof.check(certified.certificate, opening=certified.opening, base=base, tuned=certified.model)
    assert about.verified
    assert driftproof.inspect(base, certified.model).total.changed_tensors == 21
    # Beside the checkpoint, not in it; the secret in neither, and for nobody else.
    assert certified.model == tmp_path / "out" / "certified"
    assert certified.folder == tmp_path / "out" / "certified.driftproof"
    assert sorted(each.name for each in certified.folder.iterdir()) == [
        "base.identity.json",
        "policy.json",
        "report.html",
        "tuned.drift",
    ]
    assert tmp_path / "out" not in certified.opening.parents
    assert stat.S_IMODE(certified.opening.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(certified.opening.stat().st_mode) & 0o077 == 0


def test_the_model_card_has_the_facts(base, tmp_path):
    callback = DriftProofCallback(policy={**POLICY, "name": "a | b <script>"}, base_model="org/base")
    train(tiny_models.load(base), tmp_path / "out", callback)
    certified = callback.certified
    card = ModelCard.load(certified.model / "README.md")
    facts = card.data.to_dict()
    assert facts["base_model"] == "org/base" and facts["base_model_relation"] == "finetune"
    stated = facts["drift_certificate"]
    assert stated["sha256"] == hashlib.sha256(certified.certificate.read_bytes()).hexdigest()
    assert stated["base_identity"] == certified.verification.base_identity
    assert stated["policy"]["name"] == "a | b <script>" and "<script>" not in card.text
    # A second time replaces the section, and keeps what people wrote.
    place = certified.model / "README.md"
    place.write_text(place.read_text() + "\nMy own words.\n")
    write_facts(certified.model, certified.certificate, certified.verification, relation="merge")
    again = place.read_text()
    assert again.count("## Drift certificate") == 1 and "My own words." in again
    assert ModelCard(again).data.to_dict()["base_model_relation"] == "merge"
    assert ModelCard(again).data.to_dict()["base_model"] == "org/base"


def test_a_drift_outside_the_policy_fails_the_training_or_warns(base, tmp_path, caplog):
    narrow = {**POLICY, "rules": [{"tensors": "*", "allow": {"norm": {"relative": 0.00001}}}]}
    callback = DriftProofCallback(policy=narrow)
    with pytest.raises(driftproof.PolicyViolated) as caught:
        train(tiny_models.load(base), tmp_path / "out", callback)
    assert caught.value.findings_count > 10 and callback.certified is None
    assert (tmp_path / "out" / "certified" / "model.safetensors").exists()
    assert not (tmp_path / "out" / "certified.driftproof" / "tuned.drift").exists()
    warned = DriftProofCallback(policy=narrow, on_failure="warn")
    train(tiny_models.load(base), tmp_path / "out2", warned)
    assert isinstance(warned.error, driftproof.PolicyViolated) and "NOT certified" in caplog.text


def test_what_would_fail_at_the_end_fails_before_training(base, tmp_path):
    (tmp_path / "out" / "certified").mkdir(parents=True)
    with pytest.raises(FileExistsError):
        train(tiny_models.load(base), tmp_path / "out", DriftProofCallback(policy=POLICY))
    model = tiny_models.load(base)
    model.name_or_path = model.config._name_or_path = "org/not-a-folder"
    with pytest.raises(ValueError, match="where is the base"):
        train(model, tmp_path / "out2", DriftProofCallback(policy=POLICY))
    with pytest.raises(ValueError, match="on_failure"):
        DriftProofCallback(policy=POLICY, on_failure="ignore")


def test_a_trained_adapter_is_certified_unmerged(base, tmp_path):
    model = adapted(base)
    callback = DriftProofCallback(policy=lora_policy(model))
    train(model, tmp_path / "out", callback)
    certified = callback.certified
    assert certified.relation == "adapter" and certified.verification.adapter.modules == 4
    assert certified.verification.adapter.largest_rank == 4 and certified.verification.tensors["rank"] == 4
    assert (certified.model / "adapter_model.safetensors").exists()
    facts = ModelCard.load(certified.model / "README.md").data.to_dict()
    assert facts["base_model_relation"] == "adapter" and facts["library_name"] == "peft"


def test_a_policy_follows_from_the_adapter_and_opens_nothing_else(base):
    rules = {rule["tensors"]: rule["allow"] for rule in lora_policy(adapted(base))["rules"]}
    assert rules == {
        "model.layers.*.self_attn.q_proj.weight": {"rank": 4},
        "model.layers.*.self_attn.v_proj.weight": {"rank": 4},
        "*": "frozen",
    }
    # On one layer only, the other one stays closed.
    one = lora_policy(adapted(base, layers_to_transform=[1], rank_pattern={"v_proj": 2}), residual=1e-6)
    assert [(rule["tensors"], rule["allow"]) for rule in one["rules"]] == [
        ("model.layers.1.self_attn.q_proj.weight", {"rank": 4, "residual": {"relative": 1e-6}}),
        ("model.layers.1.self_attn.v_proj.weight", {"rank": 2, "residual": {"relative": 1e-6}}),
        ("*", "frozen"),
    ]
    with pytest.raises(TypeError, match="PeftModel"):
        lora_policy(tiny_models.load(base))


def test_an_adapter_of_a_higher_rank_is_refused(base, tmp_path):
    model, policy = adapted(base, r=8), lora_policy(adapted(base))
    perturb(model)
    with pytest.raises(driftproof.PolicyViolated) as caught:
        certify_adapter(model, tmp_path / "adapter", policy=policy)
    assert caught.value.findings_count == 4 and "rank" in caught.value.violations[0]


def test_a_merged_adapter_is_certified(tmp_path):
    base = tiny_models.save_base(tmp_path / "base", torch.bfloat16)
    model = adapted(base)
    perturb(model)
    certified = certify_merged(
        model, tmp_path / "merged", policy=lora_policy(model, residual=0.004), adapter=tmp_path / "adapter"
    )
    assert certified.relation == "merge" and certified.verification.tensors["rank"] == 4
    assert certified.verification.tensors["frozen"] == 17
    # What peft itself merges to is the same model up to rounding, and runs.
    merged = tiny_models.load(certified.model)
    tokens = torch.arange(8)[None]
    with torch.no_grad():
        apart = (merged(tokens).logits - model(tokens).logits).abs().max()
    assert apart < 0.05


def test_secrets_and_certificates_are_never_overwritten(base, tmp_path):
    model = adapted(base)
    perturb(model)
    first = certify_adapter(model, tmp_path / "out" / "adapter")
    opening = first.opening.read_bytes()
    with pytest.raises(FileExistsError):
        certify_adapter(model, tmp_path / "out" / "adapter")
    with pytest.raises(FileExistsError, match="certificate already"):
        certify(first.model, base=base, policy=lora_policy(model), kind="adapter")
    with pytest.raises(FileExistsError, match="opening of an earlier"):
        certify(first.model, base=base, policy=lora_policy(model), kind="adapter", folder=tmp_path / "other")
    assert first.opening.read_bytes() == opening


def test_the_layout_of_the_hub_with_a_signed_statement(base, tmp_path):
    key, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    try:
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl makes the key")
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    model = adapted(base)
    perturb(model)
    certified = certify_adapter(model, tmp_path / "out" / "adapter", key=key, base_model="org/base")
    repository = hub_layout.stage(certified, tmp_path / "repository")
    published = repository / "driftproof"
    assert {each.name for each in published.iterdir()} >= {"tuned.drift", "tuned.intoto.jsonl", "policy.json"}
    assert not [each for each in repository.rglob("*") if each.suffix == ".secret"]
    verified = driftproof.verify(
        published / "tuned.drift",
        base_identity=published / "base.identity.json",
        policy=published / "policy.json",
        attestation=published / "tuned.intoto.jsonl",
        public_key=public,
        tuned=repository,
        ignore=["driftproof"],
        cross_check=True,
    )
    assert verified.attestation.subject_binding == "checked" and verified.attestation.relation == "adapter"
    assert verified.attestation.base_uri == "pkg:huggingface/org/base"
    # peft loads what was staged.
    peft.PeftModel.from_pretrained(tiny_models.load(base), repository)
    with pytest.raises(FileExistsError):
        hub_layout.stage(certified, repository)
    inside = certify_adapter(
        adapted_and_perturbed(base), tmp_path / "in" / "adapter", secrets=tmp_path / "in" / "adapter.driftproof"
    )
    with pytest.raises(ValueError, match="secret"):
        hub_layout.stage(inside, tmp_path / "repository2")
    assert not (tmp_path / "repository2").exists()


def adapted_and_perturbed(base):
    model = adapted(base)
    perturb(model)
    return model


def test_the_layout_of_mlflow(base, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    from driftproof.integrations import mlflow as mlflow_layout

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.chdir(tmp_path)
    certified = certify_adapter(adapted_and_perturbed(base), tmp_path / "out" / "adapter")
    with pytest.raises(ValueError, match="no run"):
        mlflow_layout.log(certified)
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    with mlflow.start_run() as run:
        mlflow_layout.log(certified)
    found = mlflow.tracking.MlflowClient().get_run(run.info.run_id).data
    assert found.tags["driftproof.verified"] == "true" and found.tags["driftproof.relation"] == "adapter"
    assert found.tags["driftproof.tuned_commitment"] == certified.proof.tuned_commitment
    assert found.metrics["driftproof.security_bits"] >= 128
    names = [each.path for each in mlflow.tracking.MlflowClient().list_artifacts(run.info.run_id, "driftproof")]
    assert "driftproof/tuned.drift" in names and not any("secret" in name for name in names)


def test_importing_the_package_imports_none_of_the_libraries():
    script = (
        "import sys, driftproof, driftproof.integrations, driftproof.integrations.hub, driftproof.integrations.mlflow, "
        "driftproof.integrations.peft\n"
        "heavy = {'torch', 'transformers', 'peft', 'mlflow', 'huggingface_hub', 'numpy', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    import sys
    from pathlib import Path

    environment = {**os.environ, "PYTHONPATH": str(Path(driftproof.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert json.loads(done.stdout.replace("'", '"')) == []
