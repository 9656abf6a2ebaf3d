# SPDX-License-Identifier: Apache-2.0
"""A pinned chain on the curve verifies; links that are alone, of another parent or from other rows are refused."""

import contextlib
import io
from dataclasses import replace

import curves
import pytest

from driftproof.independent import coverage
from driftproof.independent.__main__ import main
from driftproof.independent.curve_certificate import CurveCertificate, base_model, read_curve_certificate, tuned_model
from driftproof.independent.curve_certificate import read_curve_manifest as read_manifest
from driftproof.independent.curve_identity import read_curve_identity
from driftproof.independent.curve_verifier import kind_of
from driftproof.independent.policy import read_policy

pytest.importorskip("py_arkworks_bls12381")

#: The first moves the matrices, the second the bias alone, the third the matrices again.
POLICIES = ("matrices", "bias", "matrices")


def contents() -> list[bytes]:
    return [(curves.CHAIN / f"{number}.drift").read_bytes() for number in (1, 2, 3)]


def kinds_of(number: int) -> list[int]:
    identity = read_curve_identity((curves.CHAIN / "base.identity.json").read_bytes())
    policy = read_policy((curves.CHAIN / f"{POLICIES[number]}.json").read_bytes())
    decisions = coverage.decide(policy, [tensor.name for tensor in identity.plain.tensors])
    return [
        kind_of(decisions[tensor.name], rows is not None)
        for tensor, rows in zip(identity.plain.tensors, identity.rows, strict=True)
    ]


@pytest.fixture
def run(tmp_path):
    """Verifies the chain with other files: exit code, and what was said."""

    def verify(files: list[bytes], *options: str, policies: bool = True, trust: bool = True) -> tuple[int, str]:
        paths = []
        for number, content in enumerate(files):
            paths.append(tmp_path / f"{number}.drift")
            paths[-1].write_bytes(content)
        arguments = ["chain", "verify", *map(str, paths), "--base-identity", str(curves.CHAIN / "base.identity.json")]
        if policies:
            arguments += ["--policy", *(str(curves.CHAIN / f"{name}.json") for name in POLICIES[: len(files)])]
        setup = read_curve_certificate(contents()[0]).setup_id.hex()
        arguments += ["--setup", setup] if trust else []
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main([*arguments, *options])
        return code, said.getvalue()

    return verify


def test_verifies(run):
    code, said = run(contents())
    assert code == 0 and said.count("VERIFIED") == 3
    assert run(contents()[::-1], "--assume", "bls12-381", policies=False)[0] == 0


def test_the_makers_policies_permit_nothing(run):
    code, said = run(contents(), policies=False)
    assert code == 12 and "maker's word" in said
    assert run(contents(), trust=False)[0] == 12


def test_a_link_alone(run):
    files = contents()
    assert run([files[0], files[2]], "--assume", "bls12-381", policies=False)[0] == 12
    assert run([files[1]], "--assume", "bls12-381", policies=False)[0] == 12
    assert run([*files[:2], files[0]], "--assume", "bls12-381", policies=False)[0] == 2
    path = str(curves.CHAIN / "2.drift")
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(
            [path, "--base-identity", str(curves.CHAIN / "base.identity.json"), "--policy",
             str(curves.CHAIN / "bias.json")]
        )  # fmt: skip
    assert code == 12 and "link" in said.getvalue()


def test_cumulative_policies(run, tmp_path):
    head = '{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": ['

    def code(matrices: str, bias: str) -> int:
        path = tmp_path / "cumulative.json"
        rules = f'{{"tensors": "*.weight", "allow": {matrices}}}, {{"tensors": "c.*", "allow": {bias}}}'
        path.write_text(f'{head}{rules}, {{"tensors": "d.*", "allow": "frozen"}}]}}')
        return run(contents(), "--cumulative", str(path))[0]

    norm = '{{"norm": {{"absolute": {}}}}}'.format
    assert code(norm("1.001"), norm("0.6")) == 0
    # Twice 0.5, and what units hide; a tensor that a link moves.
    assert code(norm("1"), norm("0.6")) == 10
    assert code(norm("1.001"), '"frozen"') == 10
    assert code('{"rank": 2}', norm("0.6")) in (10, 14)


def forged(files: list[bytes], number: int, identity, start, **changes) -> bytes:
    """A link with other parts, its commitment made to fit rows that it starts from."""
    certificate = replace(read_curve_certificate(files[number]), **changes)
    kinds = kinds_of(number)
    stored = read_manifest(certificate.manifest, identity, kinds)
    commitment = tuned_model(certificate, identity, kinds, stored, start).commitment
    return curves.frame(replace(certificate, tuned_commitment=commitment))


def test_frozen_is_the_nearest_ancestors(run):
    """A third link over the identity's bias, which the second moved: its commitment is another one. With the commitment
    of the true rows the proof is about another parent or other rows."""
    files, identity = contents(), read_curve_identity((curves.CHAIN / "base.identity.json").read_bytes())
    code, said = run([*files[:2], forged(files, 2, identity, base_model(identity))])
    assert code == 11 and "tuned commitment" in said
    kinds, first = kinds_of(0), read_curve_certificate(files[0])
    one = tuned_model(first, identity, kinds, read_manifest(first.manifest, identity, kinds), base_model(identity))
    code, said = run([files[0], forged(files, 1, identity, one, parent=one.commitment, proof=first.proof)])
    assert code == 11 and "sumcheckFinal" in said
    # A link shown as a certificate about the base.
    code, said = run([forged(files, 0, identity, base_model(identity), proof=read_curve_certificate(files[2]).proof)])
    assert code == 11 and "sumcheckFinal" in said


def test_changed_bytes_are_rejected(run):
    files = contents()
    for place in (8, 20, 91, 123, 200, len(files[1]) - 1):
        changed = bytearray(files[1])
        changed[place] ^= 1
        assert run([files[0], bytes(changed)])[0] in (11, 12), place
    assert isinstance(read_curve_certificate(files[1]), CurveCertificate)
