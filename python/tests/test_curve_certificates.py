# SPDX-License-Identifier: Apache-2.0
"""Pinned certificates on the curve verify; what was changed is refused by the check that is about it."""

import contextlib
import io
import random
from dataclasses import replace

import curves
import pytest

from driftproof.independent.__main__ import main
from driftproof.independent.curve_argument import CurveArgumentVerifier
from driftproof.independent.curve_certificate import ANY_ROWS, BOUNDED
from driftproof.independent.curve_points import G1_GENERATOR, G1_INFINITY
from driftproof.independent.curve_scalars import R
from driftproof.independent.curve_statement import ANY, FROZEN, NORM, CurveSizes, CurveStatement, CurveTensor
from driftproof.independent.errors import InvalidProof
from driftproof.independent.wire import u64

pytest.importorskip("py_arkworks_bls12381")

each = pytest.mark.parametrize("name", curves.NAMES)


@pytest.fixture
def run(tmp_path):
    """Verifies a subject: exit code, and what was said."""

    def verify(own: curves.CurveSubject, *options: str, trusted: bool = True) -> tuple[int, str]:
        paths = [tmp_path / name for name in ("tuned.drift", "base.json", "policy.json")]
        for path, content in zip(paths, (own.certificate, own.identity, own.policy), strict=True):
            path.write_bytes(content)
        own_options = ["--setup", own_setup, "--assume", "bls12-381"] if trusted else []
        said = io.StringIO()
        arguments = [str(paths[0]), "--base-identity", str(paths[1]), "--policy", str(paths[2])]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main([*arguments, *own_options, *options])
        return code, said.getvalue()

    own_setup = curves.subject("mixed").parts[0].setup_id.hex()
    return verify


@each
def test_verifies(name, run):
    code, said = run(curves.subject(name))
    assert (code, said.split("\n")[0]) == (0, "VERIFIED")


def test_what_is_not_covered_is_said(run):
    _, said = run(curves.subject("mixed"))
    assert "2 bounded, 4 frozen" in said and said.count("NOT COVERED") == 2 and "'d.any'" in said


def test_setup_and_assumption_are_the_callers(run, tmp_path):
    own = curves.subject("mixed")
    setup = own.parts[0].setup_id.hex()
    assert run(own, "--assume", "bls12-381", trusted=False)[0] == 12
    assert run(own, "--setup", setup, trusted=False)[0] == 12
    assert run(own, "--setup", setup, "--assume", "other", trusted=False)[0] == 12
    assert run(own, "--setup", "0" * 64, "--assume", "bls12-381", trusted=False)[0] == 12
    file = tmp_path / "setup"
    file.write_bytes(b"DPSETUP1\x08\0\0\0" + own.parts[1].key.content)
    assert run(own, "--setup", str(file), "--assume", "bls12-381", trusted=False)[0] == 0
    file.write_bytes(b"DPSETUP2\x08\0\0\0" + own.parts[1].key.content)
    assert run(own, "--setup", str(file), "--assume", "bls12-381", trusted=False)[0] == 1
    assert run(own, "--parent", "0" * 64)[0] == 14


def test_a_policy_may_permit_the_assumption(run):
    """It is the caller's policy that decides; with the key it is another policy than without."""
    own = curves.subject("mixed")
    policy = own.policy.replace(b'"rules"', b'"assume": "bls12-381", "rules"', 1)
    setup = own.parts[0].setup_id.hex()
    code, said = run(replace(own, policy=policy), "--setup", setup, trusted=False)
    assert code == 12 and "another policy" in said
    _, stored = own.taken_apart()
    other = replace(own, policy=policy)
    other = replace(other, certificate=curves.rebuilt(other, stored, policy=other.parts[2].canonical()))
    # The proof is about the policy without it: refused by the sums, behind the check of what is permitted.
    code, said = run(other, "--setup", setup, trusted=False)
    assert code == 11 and "sumcheckFinal" in said
    assert run(replace(other, policy=own.policy), "--setup", setup, trusted=False)[0] == 12


def test_another_identity_or_policy(run):
    own, other = curves.subject("mixed"), curves.subject("wide")
    assert run(replace(own, identity=other.identity))[0] == 12
    assert run(replace(own, policy=other.policy))[0] == 12
    assert run(replace(own, identity=b"{}"))[0] == 12
    assert run(replace(own, identity=own.identity + b"\n"))[0] == 1
    assert run(replace(own, identity=own.identity.replace(b", ", b",  ", 1)))[0] == 12
    assert run(replace(own, identity=own.identity.replace(b'"rows": ["', b'"rows":  ["', 1)))[0] == 1


@each
def test_changed_bytes_are_rejected(name, run):
    """Roots, setup, l and policy are compared with what the caller has (12); the rest is the certificate's (11).
    Without the first eight bytes it is no certificate on the curve, and the identity is one of no others (1)."""
    own, draw = curves.subject(name), random.Random(name)
    policy = 123 + 8, 123 + 8 + len(own.parts[0].policy)
    size = len(own.certificate)
    assert own.certificate[policy[0] : policy[1]] == own.parts[0].policy
    places = [*range(0, 140, 7), size - 1, *(draw.randrange(size) for _ in range(25))]
    for place in places:
        changed = bytearray(own.certificate)
        changed[place] ^= 1 << draw.randrange(8)
        expected = 1 if place < 8 else 12 if 23 <= place < 91 or policy[0] <= place < policy[1] else 11
        assert run(replace(own, certificate=bytes(changed)))[0] == expected, place
    for content in (b"", own.certificate[:-1], own.certificate + b"\0", own.certificate[:100]):
        assert run(replace(own, certificate=content))[0] == 11


@each
def test_changed_messages_are_refused_by_their_check(name, run):
    """With all hashes made right: messages of the sumcheck, of the opening, and scalars and points that are none."""
    own = curves.subject(name)
    certificate, _, _ = own.parts
    _, stored = own.taken_apart()
    proof, size = certificate.proof, len(certificate.proof)

    def said(changed: bytes) -> str:
        code, text = run(replace(own, certificate=curves.rebuilt(own, stored, proof=changed)))
        assert code == 11
        return text

    def with_scalar(place: int, value: int) -> bytes:
        place %= size
        return proof[:place] + value.to_bytes(32, "little") + proof[place + 32 :]

    # From the end: r (32), W (48), five evaluations, S (48), μ, g(ρ).
    assert "opening: the pairings" in said(with_scalar(-32, 5))
    for place in (-320, *range(-240, -80, 32)):
        assert "opening: the pairings" in said(with_scalar(place, 7))
    assert "sumcheckFinal" in said(with_scalar(-352, 7))
    assert "not below r" in said(with_scalar(-32, R))
    for point in (G1_INFINITY, G1_GENERATOR):
        assert "opening: the pairings" in said(proof[:-80] + point + proof[-32:])
    assert "wrongOrder" in said(proof[:-80] + WRONG_ORDER + proof[-32:])
    assert "sumcheckFinal" in said(G1_GENERATOR + proof[48:])
    assert "trailingBytes" in said(proof + bytes(1))
    assert "expected at byte" in said(proof[:-1])


#: A point of the curve of order 3, (0, 2): x³ + 4 = 4.
WRONG_ORDER = b"\x80" + bytes(47)


def test_rows_are_points_and_those_of_the_proof(run):
    own = curves.subject("mixed")
    identity = own.parts[1]
    kinds, stored = own.taken_apart()
    for index, kind in enumerate(kinds):
        if kind not in (BOUNDED, ANY_ROWS):
            continue
        for point, reason in ((WRONG_ORDER, "wrongOrder"), (b"\xff" * 48, "signFlag"), (G1_INFINITY, "sumcheckFinal")):
            changed = [*stored]
            changed[index] = point + changed[index][48:]
            code, said = run(replace(own, certificate=curves.rebuilt(own, changed)))
            assert code == 11 and reason in said
        rows = [*identity.rows]
        rows[index] = WRONG_ORDER + rows[index][48:]
        changed_base = replace(own, identity=curves.identity_with_rows(own, rows))
        assert run(changed_base)[0] == 12
        changed_base = replace(changed_base, certificate=curves.rebuilt(changed_base, stored))
        code, said = run(changed_base)
        assert code == 11 and ("wrongOrder" if kind == BOUNDED else "sumcheckFinal") in said
    digest = [bytes(32) if len(each) == 32 else each for each in stored]
    assert "sumcheckFinal" in run(replace(own, certificate=curves.rebuilt(own, digest)))[1]


def test_manifest_bytes_follow_from_the_policy(run):
    own = curves.subject("mixed")
    kinds, stored = own.taken_apart()
    for index, kind in enumerate(kinds):
        for other in {0, 1, 2, 3, 4} - {kind}:
            changed = [*kinds[:index], other, *kinds[index + 1 :]]
            code, said = run(replace(own, certificate=curves.rebuilt(own, stored, kinds=changed)))
            assert code == 11 and "another byte" in said


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ('[{"tensors": "*", "allow": "any"}]', 14),
        ('[{"tensors": "*", "allow": {"norm": {"relative": 1}}}]', 14),
        ('[{"tensors": "a.*", "allow": {"rank": 2}}, {"tensors": "*", "allow": "any"}]', 14),
        ('[{"tensors": "b.*", "allow": {"norm": {"absolute": 1}}, "heads": {"of": "rows", "size": 1}}, '
         '{"tensors": "*", "allow": "any"}]', 14),
        ('[{"tensors": "b.*", "allow": {"norm": {"absolute": 1}}, "grow": {"rows": 1}}, '
         '{"tensors": "*", "allow": "any"}]', 14),
        ('[{"tensors": "a.*", "allow": {"norm": {"relative": 1}}}]', 13),
        ('[{"tensors": "zzz", "allow": "any"}, {"tensors": "*", "allow": "frozen"}]', 13),
    ],
)  # fmt: skip
def test_policies_that_it_does_not_prove(rules, code, run):
    own = curves.subject("mixed")
    policy = f'{{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": {rules}}}'.encode()
    other = replace(own, policy=policy)
    _, stored = own.taken_apart()
    content = curves.rebuilt(own, stored, policy=other.parts[2].canonical())
    assert run(replace(other, certificate=content))[0] == code


def test_statements_beyond_the_table_are_unsupported():
    good = CurveTensor("a", 3, 100, 10, 2, NORM, 5, True)
    statement = CurveStatement(8, bytes(32), (good,), 9)
    statement.check()
    for changed in (
        {"log_length": 7}, {"log_length": 29}, {"tensors": ()}, {"tensors": (good, good)}, {"total": None},
        {"total": 1 << 208},
    ):  # fmt: skip
        with pytest.raises(InvalidProof, match="unsupported"):
            replace(statement, **changed).check()
    for changed in (
        {"rows": 0}, {"fraction_bits": 29}, {"fraction_bits": -21}, {"row_count": 1}, {"row_count": 1 << 33},
        {"bound": 1 << 120}, {"bound": None, "counts": False}, {"claim": FROZEN}, {"claim": ANY},
    ):  # fmt: skip
        with pytest.raises(InvalidProof, match="unsupported"):
            replace(statement, tensors=(replace(good, **changed),)).check()
    far = replace(good, name="b", fraction_bits=-20), replace(good, fraction_bits=25)
    with pytest.raises(InvalidProof, match="unsupported"):
        replace(statement, tensors=far).check()


@pytest.mark.parametrize(
    ("rows", "groups", "projections", "bits"), [(64, 1, 132, [14]), (65, 2, 320, [8, 7]), (1 << 17, 3, 704, [9, 8, 8])]
)
def test_sizes(rows, groups, projections, bits):
    tensor = CurveTensor("a", rows, 256, 0, rows, NORM, 1)
    sizes = CurveSizes(CurveStatement(8, bytes(32), (tensor,)))
    assert (sizes.groups, sizes.projections, sizes.group_bits) == (groups, projections, bits)
    assert sizes.rounds == 1 + max(sizes.e_variables, sizes.d_variables)


def test_frozen_tensors_and_numbers_of_rows():
    """Frozen tensors of a statement of the argument itself, which certificates leave out."""
    key = curves.subject("mixed").parts[1].key
    tensors = CurveTensor("a", 1, 2, 0, 1, NORM, 5), CurveTensor("b", 1, 2, 0, 1, FROZEN)
    statement, rows = CurveStatement(8, key.id, tensors), G1_GENERATOR * 2
    CurveArgumentVerifier(statement, key, b"", rows, rows)
    with pytest.raises(InvalidProof, match="frozenTensorChanged: b"):
        CurveArgumentVerifier(statement, key, b"", rows, G1_GENERATOR + G1_INFINITY)
    with pytest.raises(InvalidProof, match="rowCount"):
        CurveArgumentVerifier(statement, key, b"", rows, rows[:48])
    with pytest.raises(InvalidProof, match="otherSetup"):
        CurveArgumentVerifier(replace(statement, setup_id=bytes(32)), key, b"", rows, rows)
    assert statement.canonical().endswith(u64(1) + b"\x01\x00\x00")
