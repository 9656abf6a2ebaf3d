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
from driftproof.independent.curve_identity import row_count
from driftproof.independent.curve_points import G1_GENERATOR, G1_INFINITY
from driftproof.independent.curve_scalars import R
from driftproof.independent.curve_statement import (
    ANY,
    FROZEN,
    NORM,
    CurveClause,
    CurveSizes,
    CurveStatement,
    CurveTensor,
)
from driftproof.independent.curve_structure import Product, RunTerm, Table
from driftproof.independent.curve_verifier import clause_of
from driftproof.independent.errors import InvalidProof, VerificationFailure
from driftproof.independent.identity import BaseTensor
from driftproof.independent.policy import ABSOLUTE, COLUMNS, ENTRIES, RELATIVE, ROWS, Bound, Clause, Decimal10
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
        own_options = ["--setup", own_setup(own), "--assume", "bls12-381"] if trusted else []
        said = io.StringIO()
        arguments = [str(paths[0]), "--base-identity", str(paths[1]), "--policy", str(paths[2])]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main([*arguments, *own_options, *options])
        return code, said.getvalue()

    def own_setup(own: curves.CurveSubject) -> str:
        """Of the identity; of an unreadable one the first pinned certificate's."""
        with contextlib.suppress(VerificationFailure):
            return own.parts[1].key.id.hex()
        return curves.subject("mixed").parts[0].setup_id.hex()

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
    places = [*range(0, 140, 7), size - 1, *(draw.randrange(size) for _ in range(12))]
    for place in places:
        changed = bytearray(own.certificate)
        changed[place] ^= 1 << draw.randrange(8)
        expected = 1 if place < 8 else 12 if 23 <= place < 91 or policy[0] <= place < policy[1] else 11
        assert run(replace(own, certificate=bytes(changed)))[0] == expected, place
    for content in (b"", own.certificate[:-1], own.certificate + b"\0", own.certificate[:100]):
        assert run(replace(own, certificate=content))[0] == 11


@pytest.mark.parametrize("name", ("mixed", "wide"))
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


@pytest.mark.parametrize("name", ("rank", "sparse"))
def test_changed_messages_of_clauses_are_refused_by_their_check(name, run):
    """Stage A, Stage B, or the opening, as the message is about."""
    own = curves.subject(name)
    proof, stored = own.parts[0].proof, own.taken_apart()[1]
    checks = {
        "Sumcheck": "sumcheckFinal: stage A",
        "SumcheckB": "sumcheckFinal: stage B",
        "Opening": "opening: the pairings",
    }
    places = curves.places(own)
    assert {place.check for place in places.values()} == checks.keys()
    for what, place in places.items():
        value = (int.from_bytes(proof[place.start : place.start + 32], "little") + 1) % R
        changed = proof[: place.start] + value.to_bytes(32, "little") + proof[place.start + 32 :]
        code, said = run(replace(own, certificate=curves.rebuilt(own, stored, proof=changed)))
        assert code == 11 and checks[place.check] in said, what
    for point, reason in ((G1_GENERATOR, "sumcheckFinal: stage A"), (WRONG_ORDER, "P1: point 0: wrongOrder")):
        code, said = run(replace(own, certificate=curves.rebuilt(own, stored, proof=point + proof[48:])))
        assert code == 11 and reason in said
    for changed, reason in ((proof + bytes(1), "trailingBytes"), (proof[:-1], "expected at byte")):
        assert reason in run(replace(own, certificate=curves.rebuilt(own, stored, proof=changed)))[1]


def test_the_version_is_the_statements(run):
    for name, version in (("mixed", 2), ("rank", 1), ("sparse", 1)):
        own = curves.subject(name)
        stored = own.taken_apart()[1]
        code, said = run(replace(own, certificate=curves.rebuilt(own, stored, version=version)))
        assert code == 11 and "version of another statement" in said
        for other in (0, 4):
            code, said = run(replace(own, certificate=curves.rebuilt(own, stored, version=other)))
            assert code == 11 and "another format" in said
        # Of a link, whose parent is not there.
        code, said = run(replace(own, certificate=curves.rebuilt(own, stored, version=3)))
        assert code == 11 and "certificate: " in said


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
        ('[{"tensors": "a.*", "allow": {"rank": 2}}, {"tensors": "*", "allow": "any"}]', 11),
        ('[{"tensors": "a.*", "allow": {"rank": 2, "entrywise": {"relative": 1}}}, '
         '{"tensors": "*", "allow": "any"}]', 14),
        ('[{"tensors": "b.*", "allow": [{"rank": 2}, {"circulant": {"block": 2}}]}, '
         '{"tensors": "*", "allow": "any"}]', 14),
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


def test_tensors_of_too_many_cells_have_no_rows():
    for shape, rows in (((1 << 40, 1), 1 << 12), (((1 << 40) + 1, 1), 0), ((1 << 39, 3), 0), ((1, 5), 1), ((0, 5), 0)):
        assert row_count(BaseTensor("a", "F32", shape, 10, 1, 1, bytes(32)), 28) == rows


def test_clauses_beyond_the_table_are_unsupported():
    clause = CurveClause(2, ENTRIES, 5, 7, 9)
    tensor = CurveTensor("a", 3, 100, 10, 2, NORM, None, False, (clause,))
    CurveStatement(8, bytes(32), (tensor,)).check()
    for changed in (
        {"rank": 4}, {"rank": -1}, {"rank": 0, "form": 0, "scale": 0, "count": 0}, {"rank": 0}, {"form": 4},
        {"form": 0}, {"count": 0}, {"count": 301}, {"form": ROWS, "count": 4}, {"form": COLUMNS, "count": 101},
        {"scale": 21}, {"scale": -1}, {"bound": 1 << 120},
    ):  # fmt: skip
        other = replace(tensor, clauses=(replace(clause, **changed),))
        with pytest.raises(InvalidProof, match="unsupported"):
            CurveStatement(8, bytes(32), (other,)).check()
    for wrong in (replace(tensor, clauses=(clause,) * 17), replace(tensor, claim=ANY)):
        with pytest.raises(InvalidProof, match="unsupported"):
            CurveStatement(8, bytes(32), (wrong,)).check()
    wide = CurveTensor("a", 1 << 12, 1 << 12, 0, 1 << 16, NORM, None, False, (CurveClause(0, ENTRIES, 1 << 15, 0, 1),))
    with pytest.raises(InvalidProof, match="2\\^25"):
        CurveStatement(8, bytes(32), (wide,)).check()
    wide = replace(wide, clauses=(CurveClause(0, ENTRIES, 1 << 14, 0, 1), CurveClause(1024, ROWS, 800, 0, 1)))
    with pytest.raises(InvalidProof, match="2\\^2[45]"):
        CurveStatement(8, bytes(32), (wide,)).check()
    deep = CurveTensor("a", 1 << 16, 1 << 16, 0, 1 << 24, NORM, None, False, (CurveClause(1, 0, 0, 0, 1),) * 16)
    many = tuple(replace(deep, name=str(number)) for number in range(17))
    with pytest.raises(InvalidProof, match="too many rows of clauses"):
        CurveStatement(8, bytes(32), many).check()
    long = CurveTensor("a", 1 << 30, 1 << 10, 0, 1 << 12, NORM, None, False, (CurveClause(1024, 0, 0, 0, 0),))
    with pytest.raises(InvalidProof, match=r"2\^25"):
        CurveStatement(28, bytes(32), (long,)).check()


def test_lines_and_cells():
    """Two clauses and a tensor with a bound, worked out by hand."""
    first = CurveClause(3, ROWS, 2, 4, 9)
    second = CurveClause(0, ENTRIES, 5, 0, 0)
    tensors = (
        CurveTensor("a", 5, 40, 0, 2, NORM, None, False, (first,)),
        CurveTensor("b", 20, 50, 0, 5, NORM, 7, False, (second,)),
    )
    sizes = CurveStatement(8, bytes(32), tensors).sizes
    assert [(line.number, line.first, line.row_count, line.bound) for line in sizes.lines] == [
        (1, 0, 8, 0), (0, 8, 2, 9), (0, 10, 2, None), (1, 12, 5, 7),
    ]  # fmt: skip
    assert (sizes.e_variables, sizes.bounds, sizes.several) == (8 + 5, 3, True)
    cells = sizes.cells
    # V of 64 x 4, then U of 8 x 4: cells 0 to 288, so n_U = 9. Slots: 8 of entries of 11 bits, 2 of rows of 3 bits.
    assert [(each.left, each.right, each.base) for each in cells.factors] == [(256, 0, 0)]
    assert (cells.factor_variables, cells.column_bits, cells.slot_bits, cells.chunks) == (9, 2, 4, 2)
    assert [(each.count, each.chunks, each.base) for each in cells.slots] == [(5, 2, 0), (2, 1, 8)]
    # The region has 2^(8 + 4 + 1) cells and comes first, at the next multiple of its size.
    assert (cells.region, [each.values for each in cells.slots]) == (1 << 13, [(1 << 14) + 128, 1 << 14])
    assert cells.value_names == ["U", "V", "values", "chunk 0", "chunk 1", "dummy"]
    assert (cells.delta, cells.used, cells.variables) == ((1 << 14) + 142, (1 << 14) + 143, 15)
    assert cells.degrees == [4, 3, 3, 3, 3]
    assert list(cells.sums()) == [*range(8), *range(16, 24), 8, 9]


def test_scales_and_bounds_of_residuals():
    tensor = BaseTensor("a", "F32", (3, 100), 10, 1 << 44, 0, bytes(32))
    residual = Bound(ABSOLUTE, Decimal10(3, 0))
    # N_0 = 9·4^10 has 24 bits: s is at most 13; 16·2^44·2 has 49 bits: at most 26.
    assert clause_of(Clause(rank=2, residual=residual), tensor, None) == CurveClause(2, 0, 0, 13, 9 << 46)
    # A bound of 2^90 beside it leaves (102 - 91) / 2.
    assert clause_of(Clause(rank=2, residual=residual), tensor, 1 << 90).scale == 5
    assert clause_of(Clause(rank=2, residual=residual), tensor, 1 << 110).scale == 0
    assert clause_of(Clause(rank=9), tensor, None) == CurveClause(3, 0, 0, 0, 0)
    assert clause_of(Clause(sparse=ROWS, count=9, residual=residual), tensor, None) == CurveClause(0, 2, 3, 0, 9 << 20)
    tiny = Bound(RELATIVE, Decimal10(1, -40))
    assert clause_of(Clause(rank=1, residual=tiny), tensor, None) == CurveClause(1, 0, 0, 0, 0)
    half = Bound(RELATIVE, Decimal10(1, -7))
    assert clause_of(Clause(rank=1, residual=half), tensor, None).bound == (1 << 44) * 4**20 // 10**14


def test_functionals_cut_into_rows():
    """A run's rows together are the run."""
    draw = random.Random(14)
    x = draw.randrange(R)
    for low, high in ((2, 3), (3, 9), (9, 3), (10, 1), (0, 9), (9, 0)):
        point = Product([draw.randrange(R) for _ in range(high)])
        table = Table([draw.randrange(R) for _ in range(1 << low)])
        for run in (RunTerm(table, point, 3 << 13, 5), RunTerm(point, table, 3 << 13, 5)):
            whole = run.at(x)
            rows = list(run.rows(8))
            assert len(rows) == 1 << max(0, low + high - 8)
            assert sum(pow(x, row << 8, R) * part.at(x) for row, part in rows) % R == whole
            assert all(0 <= part.offset < 256 for _, part in rows)


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
