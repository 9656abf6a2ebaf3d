# SPDX-License-Identifier: Apache-2.0
"""The API against the real program, on the repository's example pairs."""

import copy
import dataclasses
import json
import pickle
import struct
import subprocess

import pytest
from api_support import DIGITS, PAIR, Made, make, needs_program

import driftproof
from driftproof.results import AdapterInspection, Inspection

pytestmark = needs_program


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    return make(tmp_path_factory.mktemp("made"))


def verify(made: Made, **options):
    arguments = {"base_identity": made.identity, "policy": made.policy, **options}
    return driftproof.verify(arguments.pop("certificate", made.certificate), **arguments)


def camel_members(value) -> set[str]:
    return {member.name for member in dataclasses.fields(value)} - {"raw", "cross_checked"}


def test_proof_has_the_members_of_the_json(made):
    proof = made.proof
    assert proof.verified and proof.policy_name == "mlp-lora-r8"
    assert proof.tensors["frozen"] == 6 and proof.tensors["rank"] == 6
    assert proof.certified_parameters == 1_189_888 and proof.frozen_parameters == 2_580
    assert proof.security_bits >= 128 and min(term.bits for term in proof.soundness) == proof.security_bits
    assert proof.certificate_bytes == made.certificate.stat().st_size
    assert sum(proof.proof_sections.values()) <= proof.proof_bytes
    assert proof.drift == "some" and proof.opening == str(made.opening)


def test_nothing_of_the_json_is_left_behind(made, tmp_path):
    """Every member that the program prints is a field; `reason` and `exitCode` are null and 0 here."""
    results = [
        made.proof,
        verify(made),
        driftproof.check(made.certificate, opening=made.opening, base=PAIR / "base", tuned=PAIR / "tuned"),
        driftproof.inspect(PAIR / "base", PAIR / "tuned"),
        driftproof.inspect(PAIR / "base", PAIR / "adapter"),
        driftproof.forecast(PAIR / "base", PAIR / "tuned", policy=made.policy),
        driftproof.digest(PAIR / "tuned"),
        driftproof.merge(PAIR / "base", PAIR / "adapter", tmp_path / "merged"),
        driftproof.chain_verify([made.certificate], base_identity=made.identity),
        driftproof.report(made.certificate, base_identity=made.identity, out=tmp_path / "r.html"),
        driftproof.calibrate(DIGITS / "base", [DIGITS / "runs" / number for number in "123"]),
        driftproof.identify(PAIR / "base", tmp_path / "identity.json"),
    ]
    for result in results:
        _compare(result)


def _compare(result) -> None:
    from driftproof._decode import python_name

    printed = {python_name(key) for key in result.raw}
    known = printed - {"reason", "exit_code", "dry_run"}
    optional = {f.name for f in dataclasses.fields(result) if f.default is None}
    fields = camel_members(result)
    assert known <= fields, type(result).__name__
    assert fields - printed - optional == set(), type(result).__name__
    for field in dataclasses.fields(result):
        value = getattr(result, field.name)
        for each in value if isinstance(value, tuple) else [value]:
            if dataclasses.is_dataclass(each):
                _compare(each)


def test_transitions_and_policies_as_functions(tmp_path):
    """`commit`, transitions of `prove` and `verify`, `policy_init`, `policy_explain`: nothing is left in `raw`."""
    identity, tableau, secret = (tmp_path / name for name in ("base.json", "tuned.tableau.json", "tableau.secret"))
    driftproof.identify(PAIR / "base", identity, commit=True)
    committed = driftproof.commit(PAIR / "tuned", identity=identity, out=tableau, opening=secret)
    assert committed.bytes == tableau.stat().st_size and secret.exists()
    certificate, transition = tmp_path / "tuned.drift", tmp_path / "tuned.transition"
    proof = driftproof.prove(
        PAIR / "base",
        PAIR / "tuned",
        policy=PAIR / "policy.json",
        identity=identity,
        out=certificate,
        opening=tmp_path / "opening.secret",
        tuned_tableau=tableau,
        tuned_opening=secret,
        transition=transition,
    )
    given = {"base_identity": identity, "policy": PAIR / "policy.json"}
    beside = {"tuned_tableau": tableau, "transition": transition}
    verified = driftproof.verify(certificate, **given, **beside, cross_check=True)
    assert verified.cross_checked
    for each in (proof, verified):
        assert each.transition.tuned_tableau == committed.tuned_tableau and each.transition.security_bits >= 128
    assert "tuned tableau" in verified._repr_html_()
    assert driftproof.verify(certificate, **given).transition is None
    content = bytearray(transition.read_bytes())
    content[-1] ^= 1
    transition.write_bytes(bytes(content))
    with pytest.raises(driftproof.ProofInvalid):
        driftproof.verify(certificate, **given, **beside)

    draft = driftproof.policy_init("mlp", base=PAIR / "base", rank=4, total=0.7)
    assert '"rank": 4' in draft.policy and '"relative": 0.7' in draft.policy and draft.out is None
    written = driftproof.policy_init("mlp", base=PAIR / "base", out=tmp_path / "policy.json")
    assert (tmp_path / "policy.json").read_text() == written.policy
    with pytest.raises(driftproof.OperationalError):
        driftproof.policy_init("mlp", base=PAIR / "base", out=tmp_path / "policy.json")
    explained = driftproof.policy_explain(tmp_path / "policy.json", base=PAIR / "base")
    assert explained.resolves and len(explained.tensors) == 12 and explained.total_norm > 0
    for result in (committed, proof, verified, draft, written, explained):
        _compare(result)


def test_results_are_frozen_and_can_be_copied_and_pickled(made):
    verified = verify(made)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verified.verified = False
    assert copy.deepcopy(verified) == verified and pickle.loads(pickle.dumps(verified)) == verified
    assert dataclasses.asdict(verified)["base_identity"] == verified.base_identity


def test_verify_and_cross_check(made):
    plain, crossed = verify(made), verify(made, cross_check=True)
    assert plain.verified and not plain.cross_checked
    assert crossed.verified and crossed.cross_checked
    assert crossed.tuned_commitment == made.proof.tuned_commitment


def test_another_policy_is_a_mismatch_for_both_verifiers(made, tmp_path):
    policy = json.loads(made.policy.read_text())
    policy["rules"][0]["allow"]["rank"] = 9
    other = tmp_path / "policy.json"
    other.write_text(json.dumps(policy))
    for cross_check in (False, True):
        with pytest.raises(driftproof.IdentityMismatch, match="policy") as caught:
            verify(made, policy=other, cross_check=cross_check)
        assert caught.value.exit_code == 12 and caught.value.raw["verified"] is False


def test_changed_bytes_are_an_invalid_proof_for_both_verifiers(made, tmp_path):
    content = bytearray(made.certificate.read_bytes())
    content[-20] ^= 1
    broken = tmp_path / "broken.drift"
    broken.write_bytes(content)
    with pytest.raises(driftproof.ProofInvalid) as caught:
        verify(made, certificate=broken, cross_check=True)
    assert caught.value.exit_code == 11


def test_a_missing_file_is_no_verdict(made, tmp_path):
    with pytest.raises(driftproof.OperationalError, match="cannot be opened"):
        verify(made, certificate=tmp_path / "none.drift")


def test_violations_are_structured_and_nothing_is_written(made, tmp_path):
    policy = json.loads(made.policy.read_text())
    policy["rules"][0]["allow"]["rank"] = 2
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    with pytest.raises(driftproof.PolicyViolated) as caught:
        driftproof.prove(
            PAIR / "base", PAIR / "tuned", policy=tmp_path / "policy.json", out=tmp_path / "c", opening=tmp_path / "o"
        )
    assert caught.value.exit_code == 10 and caught.value.findings_count == 6 == len(caught.value.violations)
    assert caught.value.violations[0].startswith("tensor fc.0.weight: allowed rank 2")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["policy.json"]


def test_gaps_are_structured(made, tmp_path):
    policy = {"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "fc.0.*", "allow": "frozen"}]}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    with pytest.raises(driftproof.CoverageGap) as caught:
        driftproof.prove(
            PAIR / "base", PAIR / "tuned", policy=tmp_path / "policy.json", out=tmp_path / "c", opening=tmp_path / "o"
        )
    assert caught.value.exit_code == 13 and len(caught.value.gaps) == 1 == caught.value.findings_count
    assert "fc.1.bias" in caught.value.gaps[0]


def test_arguments_that_do_not_go_together(made):
    with pytest.raises(driftproof.UsageError, match="public-key"):
        verify(made, attestation=made.certificate)


def test_check_tells_which_checkpoints(made):
    about = driftproof.check(made.certificate, opening=made.opening, base=PAIR / "base", tuned=PAIR / "tuned")
    assert about.verified and about.tuned_commitment == made.proof.tuned_commitment
    with pytest.raises(driftproof.IdentityMismatch):
        driftproof.check(made.certificate, opening=made.opening, base=PAIR / "base", tuned=PAIR / "base")


def test_inspect_measures_models_and_adapters():
    models = driftproof.inspect(PAIR / "base", PAIR / "tuned")
    assert isinstance(models, Inspection) and models.total.changed_tensors == 6 and len(models.tensors) == 12
    weight = next(tensor for tensor in models.tensors if tensor.name == "fc.0.weight")
    assert weight.shape == (512, 256) and weight.rank == 8 and weight.status == "drifted"
    assert weight.relative_drift == pytest.approx(weight.drift_norm / weight.base_norm)
    adapter = driftproof.inspect(PAIR / "base", PAIR / "adapter")
    assert isinstance(adapter, AdapterInspection) and {product.rank for product in adapter.products} == {8}


def test_nothing_to_compare_has_the_inspection_with_it(tmp_path):
    header = json.dumps({"alone": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "other.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(driftproof.CoverageGap) as caught:
        driftproof.inspect(PAIR / "base", tmp_path / "other.safetensors")
    found = caught.value.result
    assert isinstance(found, Inspection) and found.tensors == () and found.added[0].name == "alone"


def test_calibrate_writes_a_policy_that_admits_a_release(tmp_path):
    runs = [DIGITS / "runs" / number for number in "123"]
    found = driftproof.calibrate(DIGITS / "base", runs, out=tmp_path / "policy.json", margin=2)
    assert found.margin == 2 and len(found.runs) == 3 and found.groups[0].form == "rank"
    assert found.policy["rules"][-1] == {"tensors": "*", "allow": "frozen"}
    with pytest.raises(driftproof.OperationalError):
        driftproof.calibrate(DIGITS / "base", runs, out=tmp_path / "policy.json")
    proof = driftproof.prove(
        DIGITS / "base",
        DIGITS / "release-1",
        policy=tmp_path / "policy.json",
        out=tmp_path / "c.drift",
        opening=tmp_path / "o",
    )
    assert proof.tensors["rank"] + proof.tensors["composed"] == 4


def test_chain_of_two_links_and_a_missing_parent(tmp_path):
    identity, policy = tmp_path / "base.json", DIGITS / "two-steps.json"
    driftproof.identify(DIGITS / "base", identity)
    links = [tmp_path / "1.drift", tmp_path / "2.drift"]
    driftproof.prove(
        DIGITS / "base", DIGITS / "release-1", policy=policy, out=links[0], opening=tmp_path / "1", identity=identity
    )
    driftproof.prove(
        DIGITS / "release-1",
        DIGITS / "release-2",
        policy=policy,
        out=links[1],
        opening=tmp_path / "2",
        identity=identity,
        parent=links[0],
    )
    chain = driftproof.chain_verify(links, base_identity=identity, policy=policy, cross_check=True)
    assert chain.verified and chain.cross_checked and [link.depth for link in chain.links] == [1, 2]
    assert chain.links[1].parent == chain.links[0].tuned_commitment
    with pytest.raises(driftproof.IdentityMismatch) as caught:
        driftproof.chain_verify(links[1:], base_identity=identity, policy=policy, cross_check=True)
    assert caught.value.result.links[0].verified is False and caught.value.findings_count == 1


def test_merge_is_the_tuned_model_of_the_example(tmp_path):
    merged = driftproof.merge(PAIR / "base", PAIR / "adapter", tmp_path / "merged")
    assert (merged.merged, merged.copied, merged.replaced) == (6, 6, 0)
    assert driftproof.inspect(PAIR / "base", tmp_path / "merged").total.changed_tensors == 6


def test_report_is_shown_in_a_notebook_and_kept_apart_from_it(made, tmp_path):
    page = driftproof.report(made.certificate, base_identity=made.identity, policy=made.policy, out=tmp_path / "r.html")
    assert page.verified and page.certificates[0].coverage.proved.parameters == 1_189_888
    assert page.certificates[0].tensors[0].class_ == "frozen"
    shown = page._repr_html_()
    assert shown.startswith("<iframe sandbox=") and "allow-same-origin" not in shown and "mlp-lora-r8" in shown
    assert shown.count("<") == 2  # the page is inside an attribute: nothing of it is markup of the notebook


def test_report_of_a_bad_certificate_raises_and_has_the_page(made, tmp_path):
    broken = tmp_path / "broken.drift"
    broken.write_bytes(made.certificate.read_bytes()[:5000])
    with pytest.raises(driftproof.ProofInvalid) as caught:
        driftproof.report([broken], base_identity=made.identity, out=tmp_path / "r.html")
    assert caught.value.result.certificates[0].verified is False and (tmp_path / "r.html").exists()


def test_attestation_and_the_files_it_names(made, tmp_path):
    key, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    try:
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl makes the key")
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    attested = driftproof.attest(
        made.certificate,
        key=key,
        out=tmp_path / "a.intoto.jsonl",
        tuned=PAIR / "tuned",
        base=PAIR / "base",
        opening=made.opening,
        base_uri="pkg:huggingface/org/base@1",
    )
    assert attested.attestation.subject_binding == "checked"
    assert attested.attestation.model_digest == driftproof.digest(PAIR / "tuned").model_digest
    with_key = {"attestation": tmp_path / "a.intoto.jsonl", "public_key": public}
    verified = verify(made, **with_key, tuned=PAIR / "tuned", cross_check=True)
    assert verified.attestation == attested.attestation and verified.cross_checked
    with pytest.raises(driftproof.IdentityMismatch):
        verify(made, **with_key, tuned=PAIR / "base", cross_check=True)
    for ignored in (["config.json"], ["config.json", "other"]):
        with pytest.raises(driftproof.IdentityMismatch):
            verify(made, **with_key, tuned=PAIR / "tuned", ignore=ignored, cross_check=True)
    with pytest.raises(ValueError, match="comma"):
        verify(made, **with_key, tuned=PAIR / "tuned", ignore=["a,b"])


def test_paths_and_patterns_that_look_like_options(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    identity = driftproof.identify(PAIR / "base", "--out", leave_out=["-x*"])
    assert identity.base_identity == made.proof.base_identity and (tmp_path / "--out").exists()
    driftproof.identify(PAIR / "base", "-")
    assert (tmp_path / "-").exists()
    with pytest.raises(TypeError):
        driftproof.identify(PAIR / "base", "x", leave_out="adapter_*")
    with pytest.raises(TypeError):
        driftproof.calibrate(DIGITS / "base", "run")


def test_callbacks_hear_every_phase(made, tmp_path):
    heard = []
    driftproof.prove(
        PAIR / "base",
        PAIR / "tuned",
        policy=made.policy,
        out=tmp_path / "c",
        opening=tmp_path / "o",
        progress=heard.append,
    )
    assert [each.step for each in heard] == list(range(len(heard)))
    assert {"reading", "commitment", "opening"} <= {each.message for each in heard}
    assert all(before.seconds <= after.seconds for before, after in zip(heard, heard[1:]))


def test_a_bar_is_shown_where_it_is_asked_for(made, capsys):
    pytest.importorskip("tqdm")
    verify(made, cross_check=False, progress=True)
    driftproof.inspect(PAIR / "base", PAIR / "tuned", progress=True)
    assert "driftproof inspect" in capsys.readouterr().err
    driftproof.inspect(PAIR / "base", PAIR / "tuned")
    assert capsys.readouterr().err == ""  # nobody is looking


def test_cancelling_a_proof_leaves_nothing(made, tmp_path):
    class FromTheCommitmentOn:
        def __init__(self):
            self.heard = False

        def __call__(self, progress):
            self.heard = self.heard or progress.message == "policy check"

        def is_set(self):
            return self.heard

    token = FromTheCommitmentOn()
    with pytest.raises(driftproof.Cancelled):
        driftproof.prove(
            PAIR / "base",
            PAIR / "tuned",
            policy=made.policy,
            out=tmp_path / "c",
            opening=tmp_path / "o",
            progress=token,
            cancel=token,
        )
    assert list(tmp_path.iterdir()) == []
