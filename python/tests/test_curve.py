# SPDX-License-Identifier: Apache-2.0
"""Scalars, points and pairings of the independent verifier, against vectors that other libraries made."""

import json
from pathlib import Path

import pytest

from driftproof.independent import curve_group
from driftproof.independent.curve_opening import EqTerm, ValuesTerm
from driftproof.independent.curve_points import PointRefused, decode_point
from driftproof.independent.curve_scalars import (
    R,
    decode_scalar,
    eq,
    eq_at,
    eq_range,
    eq_sum,
    eq_table,
    interpolate,
    inverse,
)
from driftproof.independent.errors import InvalidProof, OperationalError

VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "curve" / "vectors.json").read_text()
)


def packages():
    """Those packages that are installed."""
    found = []
    for kind in (curve_group.Arkworks, curve_group.PyEcc):
        try:
            found.append(kind())
        except ImportError:
            continue
    return found


each_package = pytest.mark.parametrize("package", packages(), ids=lambda package: package.name)


def reason(decode, *arguments) -> str | None:
    try:
        decode(*arguments)
    except PointRefused as refused:
        return refused.reason
    return None


def test_every_encoding_is_read_or_refused_with_its_reason():
    for case in VECTORS["encodings"]:
        found = reason(decode_point, bytes.fromhex(case["bytes"]), case["group"] == "G1", case["compressed"])
        assert found == case["error"], case["why"]


@each_package
def test_packages_refuse_what_the_text_refuses(package):
    for case in VECTORS["encodings"]:
        if case["compressed"]:
            content, is_g1 = bytes.fromhex(case["bytes"]), case["group"] == "G1"
            assert reason(package.decode, content, is_g1) == case["error"], case["why"]
            if is_g1 and not case["error"]:
                assert package.encode(package.decode(content, is_g1)) == content


@each_package
def test_multiples(package):
    """Of the points a·G and b·G of a case: a·G, b·G, their sum, difference and so on, as far as scalars say."""
    for case in VECTORS["multiples"][:12]:
        a, b = (int.from_bytes(bytes.fromhex(case[name]), "little") for name in "ab")
        if case["group"] == "G1":
            for scalar, point in zip((a, b), case["points"][:2]):
                assert package.encode(package.combine([package.g1], [scalar])).hex() == point
            together = package.combine([package.g1, package.g1], [a, b])
            assert package.encode(together).hex() == case["points"][2]


@each_package
def test_pairings(package):
    for case in VECTORS["pairings"][:4] if package.name == "py_ecc" else VECTORS["pairings"]:
        logs = [[int.from_bytes(bytes.fromhex(log), "little") for log in pair] for pair in case["logs"]]
        pairs = [(package.combine([package.g1], [a * b]), package.g2) for a, b in logs]
        assert package.product_is_one(pairs) == case["isOne"]


def test_scalars():
    for case in VECTORS["scalars"]:
        content = bytes.fromhex(case["bytes"])
        if case["error"]:
            with pytest.raises(InvalidProof):
                decode_scalar(content)
        else:
            assert decode_scalar(content) == int.from_bytes(content, "little") < R


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 1), (0, 32), (1, 30), (3, 7), (16, 16), (24, 5), (31, 1)])
def test_eq_over_a_range(first, count):
    point = [pow(7, 11 + j, R) for j in range(5)]
    wanted = eq_table(point)[first : first + count]
    assert eq_range(point, first, count) == wanted
    assert eq_sum(point, first, count) == sum(wanted) % R


def test_polynomials():
    point = [3, R - 5, 1 << 200, 7]
    table = eq_table(point)
    assert table == [eq_at(point, index) for index in range(16)] and sum(table) % R == 1
    assert eq(point, [1, 0, 1, 1]) == table[13]
    assert interpolate([5, 6, 9, 14], R - 10) == 105
    assert EqTerm(point, 4, 9).at(11) == ValuesTerm([9 * value for value in table], 4).at(11)
    assert inverse(7) * 7 % R == 1


def test_without_a_package_it_is_an_operational_error(monkeypatch):
    for kind in (curve_group.Arkworks, curve_group.PyEcc):

        def missing(self):
            raise ImportError

        monkeypatch.setattr(kind, "__init__", missing)
    curve_group.group.cache_clear()
    with pytest.raises(OperationalError, match=r"driftproof\[curve\]"):
        curve_group.group()
    curve_group.group.cache_clear()
