# SPDX-License-Identifier: Apache-2.0
"""Aligned certificates, tuned tableaus and transitions: pinned ones, and those that the program makes."""

import json
import shutil
import time
from dataclasses import replace

import models
import pytest
import tampering
import transitions
from conftest import REPOSITORY, exit_code
from transitions import CODE, Subject, flipped, with_manifest, without_word

from driftproof.independent import read_identity, read_policy, verify
from driftproof.independent.certificate import read_certificate
from driftproof.independent.errors import InvalidProof
from driftproof.independent.manifest import ALIGNED_WORD, read_manifest
from driftproof.independent.transition import plan_sums, read_transition, read_tuned_tableau, verify_transition
from driftproof.independent.wire import u32

PINNED = REPOSITORY / "python" / "tests" / "data" / "transition"
DEMO = REPOSITORY / "Examples" / "mlp-lora"


@pytest.fixture
def pinned() -> Subject:
    return Subject.read(PINNED)


@pytest.fixture
def code_of(tmp_path):
    folder = tmp_path / "bench"
    folder.mkdir()
    return lambda subject: exit_code(*subject.arguments(folder))


@pytest.fixture(scope="session")
def committing(program) -> None:
    if models.run("commit", "--help").returncode:
        pytest.skip("needs a program that knows commit")


# --- pinned -----------------------------------------------------------------------------------------------------------


def verified_parts(subject: Subject):
    identity = read_identity(subject.identity)
    verified = verify(subject.certificate, identity, read_policy(subject.policy))
    return verified, identity, read_tuned_tableau(subject.tableau), read_transition(subject.transition)


def test_pinned_verifies(pinned, code_of):
    assert code_of(pinned) == 0
    assert read_manifest(read_certificate(pinned.certificate).manifest).aligned


def test_pinned_has_sums_of_all_kinds(pinned):
    verified, identity, tableau, transition = verified_parts(pinned)
    sums = plan_sums(identity, verified)
    assert {drift_row is None for _, drift_row in sums.whole} == {True, False}
    assert {each.drift_row is None for each in sums.sets} == {True, False}
    assert max(len(each.runs) for each in sums.sets) > 1
    terms = verify_transition(verified, identity, tableau, transition)
    assert 128 <= min(terms.values()) == terms["queries"]
    assert terms["transition point"] < verified.soundness["row weights"]


def test_changed_bytes_of_a_transition(pinned, code_of, draw):
    """The three names are compared with what the caller has (12); all else is the transition's own (11)."""
    content = pinned.transition
    for place in (0, 8, 12, 20, 51, 52, 60, 91, 92, 100, 131, 132, 140, len(content) - 1):
        named = place in (20, 51, 60, 91, 100, 131)
        assert code_of(replace(pinned, transition=flipped(content, place))) == (12 if named else 11), place
    verified, identity, tableau, _ = verified_parts(pinned)
    for place in [draw.randrange(140, len(content)) for _ in range(20)]:
        with pytest.raises(InvalidProof):
            verify_transition(verified, identity, tableau, read_transition(flipped(content, place)))
    for length in (0, 12, 139, 140, draw.randrange(len(content)), len(content) - 1):
        assert code_of(replace(pinned, transition=content[:length])) == 11, length
    assert code_of(replace(pinned, transition=content + b"\0")) == 11
    proof = read_transition(content).proof + bytes(32)
    assert code_of(replace(pinned, transition=content[:132] + len(proof).to_bytes(8, "little") + proof)) == 11


def test_the_word_of_aligned_manifests(pinned, code_of):
    manifest = read_certificate(pinned.certificate).manifest
    word, bare = u32(ALIGNED_WORD), without_word(pinned)
    for seal in (False, True):
        assert code_of(with_manifest(pinned, bare, seal)) == 12  # the root is the linked one
        for changed in (word + manifest, word + u32(5) + bytes(32) + bare[4:], word, b""):
            expected = 12 if not changed else 11
            assert code_of(with_manifest(pinned, changed, seal)) == expected
    # With the root and the layout that belong to a manifest without the word it is a certificate of other rows.
    three = tampering.Subject(pinned.certificate, pinned.identity, pinned.policy)
    plain = tampering.resealed(three, replace(read_manifest(manifest), aligned=False), True)
    assert code_of(replace(pinned, certificate=plain.certificate)) == 11


def test_other_tableaus(pinned, code_of):
    value = json.loads(pinned.tableau)

    def codes(change: dict) -> tuple[int, int]:
        tableau = json.dumps(value | change).encode()
        names = transitions.digest_of(value | change)
        transition = pinned.transition[:60] + names + pinned.transition[92:]
        return (
            code_of(replace(pinned, tableau=tableau)),
            code_of(replace(pinned, tableau=tableau, transition=transition)),
        )

    for name, step in zip(CODE, (1, -1, 1, -1, 1), strict=True):
        assert codes({name: value[name] + step}) == (12, 12), name
    assert codes({"baseIdentity": value["baseIdentity"][::-1]}) == (12, 12)
    assert codes({"rows": value["rows"] - 1, "pins": value["pins"][48:]}) == (11, 11)
    assert codes({"root": value["root"][::-1]}) == (12, 11)
    assert codes({"pins": value["pins"][48:96] + value["pins"][:48] + value["pins"][96:]}) == (12, 11)
    for change in ({"rows": 0, "pins": ""}, {"pins": value["pins"][1:]}, {"pins": "f" * len(value["pins"])}, {"x": 1}):
        assert code_of(replace(pinned, tableau=json.dumps(value | change).encode())) == 1
    respelled = json.dumps(dict(reversed(value.items())), indent=2).encode()
    assert code_of(replace(pinned, tableau=respelled)) == 0


def test_a_false_sum_is_rejected_by_the_opening(pinned):
    """A certificate whose frozen tensor is said to have moved: other claims, for which no names are wrong."""
    verified, identity, tableau, transition = verified_parts(pinned)
    verify_transition(verified, identity, tableau, transition)
    for name, place in list(identity.linked.places.items()):
        if not place.shares_row:
            continue
        moved = replace(place, offset=place.offset ^ (1 << (identity.linked.log_length - 1)))
        identity.linked.places[name] = moved
        with pytest.raises(InvalidProof, match="opening|opened|folding"):
            verify_transition(verified, identity, tableau, transition)
        identity.linked.places[name] = place
    verify_transition(verified, identity, tableau, transition)


def test_command_line(pinned, tmp_path):
    arguments = pinned.arguments(tmp_path)
    assert exit_code(*arguments[:-2]) == 2
    assert exit_code(*arguments[:-4], *arguments[-2:]) == 2
    assert exit_code(*arguments[:-4]) == 0
    assert exit_code(*arguments[:-1], tmp_path / "none") == 1
    assert exit_code(*arguments[:-3], tmp_path / "none", *arguments[-2:]) == 1


# --- made by the program ----------------------------------------------------------------------------------------------


DEMO_POLICIES = {
    "rank and residual": [{"tensors": "fc.*.weight", "allow": {"rank": 8, "residual": {"relative": 0.003}}}],
    "norm": [{"tensors": "*", "allow": {"norm": {"relative": 0.5}}}],
    "entrywise": [{"tensors": "fc.*.weight", "allow": {"rank": 8, "entrywise": {"absolute": 0.5}}}],
    "rounding": [
        {"tensors": "fc.*.weight", "allow": [{"rank": 8, "rounding": {"halfUlps": 1.3}}, {"norm": {"absolute": 30}}]}
    ],
    "no bias": [
        {"tensors": "fc.*.weight", "allow": [{"norm": {"relative": 0.5}}, {"rank": 8, "residual": {"relative": 0.003}}]}
    ],
}


@pytest.mark.usefixtures("committing")
@pytest.mark.parametrize("name", DEMO_POLICIES)
def test_the_demo(name, tmp_path, code_of):
    rules = DEMO_POLICIES[name]
    if rules[0]["tensors"] != "*":
        rules = [*rules, {"tensors": "*", "allow": "frozen"}]
    policy = {"driftPolicy": 1, "name": name, "securityBits": 128, "rules": rules}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    options = ["--adapter", DEMO / "adapter"] if name == "rounding" else []
    tuned = DEMO / "tuned"
    if options:
        tuned = tmp_path / "merged.safetensors"
        assert models.run("merge", DEMO / "base", DEMO / "adapter", "--out", tuned, "-q").returncode == 0
    subject = transitions.prove(tmp_path, DEMO / "base", tuned, *options)
    assert isinstance(subject, Subject)
    start = time.process_time()
    assert code_of(subject) == 0
    assert time.process_time() - start < 10


@pytest.mark.usefixtures("committing")
@pytest.mark.parametrize("kind", [None, None, None, "rounding", "entrywise", "sum"])
@pytest.mark.parametrize("seed", range(2))
def test_random_transitions_verify(seed, kind, tmp_path, code_of):
    subject = transitions.make(models.Generator(seed), tmp_path, kind)
    if isinstance(subject, int):
        assert subject in (10, 12, 14)  # outside its policy, nothing changes, or not provable
        return
    assert code_of(subject) == 0


@pytest.mark.usefixtures("committing")
def test_over_a_base_that_hides_its_weights(tmp_path, code_of, bench):
    """The tableau's rows have tails and pins then; one of another hiding base of the same weights is another's."""
    policy = {"driftPolicy": 1, "name": "hiding", "securityBits": 128}
    policy["rules"] = [
        {"tensors": "fc.*.weight", "allow": {"norm": {"relative": 0.5}}},
        {"tensors": "*", "allow": "frozen"},
    ]
    subjects = []
    for number in range(2):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        (folder / "policy.json").write_text(json.dumps(policy))
        subject = transitions.prove(folder, DEMO / "base", DEMO / "tuned", hides=True)
        assert isinstance(subject, Subject)
        subjects.append(subject)
    first, second = subjects
    assert read_identity(first.identity).linked.linked_root != read_identity(second.identity).linked.linked_root
    assert code_of(first) == 0
    parts = tampering.Subject(first.certificate, first.identity, first.policy)
    assert bench.code(parts) == 0
    for changed in (
        replace(first, identity=second.identity),
        replace(first, tableau=second.tableau),
        replace(first, transition=second.transition),
        *(replace(first, transition=flipped(first.transition, place)) for place in (60, 200, -9)),
    ):
        arguments = changed.arguments(tmp_path)
        code = models.run(*arguments, "-q").returncode
        assert code in (11, 12) and exit_code(*arguments) == code


@pytest.mark.usefixtures("committing")
@pytest.mark.parametrize("kind", ["norm", "rounding"])
def test_variants_agree(kind, tmp_path, draw):
    subjects = [transitions.make(models.Generator(seed), tmp_path / f"{seed}", kind) for seed in (0, 1)]
    assert all(isinstance(subject, Subject) for subject in subjects)
    codes = set()
    for what, changed in draw.sample(list(transitions.variants(*subjects, draw, 4)), 40):
        arguments = changed.arguments(tmp_path)
        expected = models.run(*arguments, "-q").returncode
        codes.add(expected)
        assert exit_code(*arguments) == expected, what
    assert {1, 11, 12} <= codes


@pytest.mark.usefixtures("committing")
def test_mutations_of_aligned_certificates_agree(tmp_path, bench):
    subject = transitions.make(models.Generator(0), tmp_path / "case", "rounding")
    assert isinstance(subject, Subject)
    mutator = tampering.Mutator(3)
    three = tampering.Subject(subject.certificate, subject.identity, subject.policy)
    for _ in range(40):
        kind, changed = mutator.mutated(three)
        assert bench.code(changed) == bench.program_code(changed), kind


@pytest.mark.usefixtures("committing")
def test_what_cannot_be_aligned(tmp_path):
    """The prover refuses, and both verifiers do where a manifest says so nevertheless."""
    case = models.Case()
    generator = models.Generator(1)
    generator.drifts = []
    transitions._tensor(generator, case, "a", "norm")
    transitions._tensor(generator, case, "b", "frozen")
    for index, rule in ((1, {"allow": "any"}), (0, {"heads": {"of": "rows", "size": 1}})):
        rules = [{**each, **(rule if number == index else {})} for number, each in enumerate(case.rules)]
        folder = tmp_path / f"{index}"
        folder.mkdir()
        policy = replace(case, rules=rules).policy()
        (folder / "policy.json").write_text(json.dumps(policy))
        models.write_safetensors(folder / "b.safetensors", case.base)
        models.write_safetensors(folder / "model.safetensors", case.tuned)
        assert transitions.prove(folder, folder / "b.safetensors", folder / "model.safetensors") == 13
        made = folder / "made"
        shutil.copytree(folder, made)
        (made / "policy.json").write_text(json.dumps(case.policy()))
        subject = transitions.prove(made, made / "b.safetensors", made / "model.safetensors")
        assert isinstance(subject, Subject)
        three = tampering.Subject(subject.certificate, subject.identity, json.dumps(policy).encode())
        changed = replace(subject, certificate=tampering.resealed(three).certificate, policy=three.policy)
        arguments = changed.arguments(made)
        assert exit_code(*arguments) == models.run(*arguments, "-q").returncode == 13
