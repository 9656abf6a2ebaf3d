# SPDX-License-Identifier: Apache-2.0
"""Field, transcript, code and plan against docs/specification/worked-examples.md and against plain integers."""

import numpy as np

from driftproof.independent import cubes, field
from driftproof.independent.bounds_stage import digit_weights
from driftproof.independent.field import Cubic, P
from driftproof.independent.layout import binary_runs, falling
from driftproof.independent.merkle import NO_SALT, leaf_digests
from driftproof.independent.opening import code_points, fold_leaves, interpolate
from driftproof.independent.parameters import CodeParameters, folding_plan
from driftproof.independent.projection import combine_rows
from driftproof.independent.transcript import BYTES, Transcript

A, B = Cubic(1, 2, 3), Cubic(4, 5, 6)
EDGES = [0, 1, 2, 2**32 - 2, 2**32 - 1, 2**32, 2**32 + 1, 2**63, P - 2**32, P - 2, P - 1]


def vectors(count: int = 2000):
    random = np.random.default_rng(1)
    values = random.integers(0, P, size=(2, count), dtype=np.uint64)
    edges = np.array([[a, b] for a in EDGES for b in EDGES], dtype=np.uint64).T
    return np.concatenate([values, edges], axis=1)


def test_vectors_are_the_field():
    a, b = vectors()
    for operation, exact in ((field.add, int.__add__), (field.sub, int.__sub__), (field.mul, int.__mul__)):
        expected = [exact(int(x), int(y)) % P for x, y in zip(a, b)]
        assert [int(value) for value in operation(a, b)] == expected
    assert int(field.sum_over(a)) == sum(map(int, a)) % P


def test_cubic_vectors_are_cubic_elements():
    random = np.random.default_rng(2)
    left, right = random.integers(0, P, size=(2, 50, 3), dtype=np.uint64)
    for x, y, z in zip(left, right, field.cubic_mul(left, right)):
        assert Cubic.from_array(x) * Cubic.from_array(y) == Cubic.from_array(z)


def test_field_examples():
    assert Cubic(1, 2, 3) * Cubic(P - 1, 5, 2**63) == Cubic(30064771169, 9223372079804448761, 9223372036854775815)
    assert field.equality([A, B], 2) == Cubic(18446744069414584132, 18446744069414584187, 18446744069414584299)
    assert field.equality_points([A], [B]) == Cubic(382, 271, 47)
    assert cubes.less([A, B], 3) == Cubic(18446744069414584129, 18446744069414584182, 18446744069414584293)
    assert cubes.less_of_two([A, B], [Cubic(7, 8, 9), Cubic(1, 0, 1)], 3) == Cubic(89719, 65127, 35602)
    assert interpolate([Cubic(1), Cubic(4), Cubic(9)], Cubic(5, 1, 0)) == Cubic(36, 12, 1)


def test_equality_table_and_less_agree():
    point = [A, B, Cubic(9, 0, 7)]
    table = [Cubic.from_array(row) for row in field.equality_table(point)]
    assert table == [field.equality(point, index) for index in range(8)]
    for count in range(9):
        assert cubes.less(point, count) == sum(table[:count], Cubic())


def test_transcript_examples():
    transcript = Transcript()
    assert transcript.state.hex() == "1acf586427093b2b287eeb388aa7ae7e36376c06fde67d8f0e828c684244fb58"
    transcript.absorb("binding", BYTES, b"abc")
    assert transcript.state.hex() == "460b96da2fcb05a891a8a1d2d6515178e301078d96d4a61d18f1c7ede0bd8536"
    assert transcript.challenge("lambda") == Cubic(614725718345461661, 2289738202230073863, 5888614756006063649)
    assert transcript.state.hex() == "441a7fa78fb20bc4c0c7655deab57c3d8a3b01b133252108e93de33977823e54"
    second = transcript.challenges("s", 2)[1]
    assert second == Cubic(10151681609544604698, 6779444969283787408, 5414133918731385088)
    assert transcript.point_outside("pins of P1") == Cubic(
        7489514572418841260, 14061787645432893140, 8719853223840405874
    )
    assert transcript.positions("opening/positions", 5, 10) == [160, 365, 582, 642, 797]
    assert transcript.challenge_bytes("R", 8).hex() == "05167e7cc6cc3d26"


def test_code_leaves_and_folding():
    points = [int(point) for point in code_points(4, np.arange(4))]
    assert points == [7, 18446744069414584314, 1970324836974592, 18444773744577609729]
    leaf = leaf_digests("dp-rows", "P1", 17, [NO_SALT], np.array([[5, 6]], dtype=np.uint64))[0]
    assert leaf.hex() == "2605b0f7f1ae99160e8275d21d37948faca26e01a207f086d3549d41e39a8837"
    eta = code_points(5, np.arange(12, 16))
    values = []
    for point in map(int, eta):
        values.append(sum((Cubic(i + 1, i) * pow(point, i, P) for i in range(8)), Cubic()))
    assert values[0] == Cubic(10525756111202292396, 3098502588731781568, 0)
    leaves = field.cubic_array(values).reshape(1, 4, 3)
    folded = fold_leaves(leaves, 5, np.array([12]), [Cubic(2, 0, 1), Cubic(3, 1, 0)])
    assert Cubic.from_array(folded[0]) == Cubic(4930315687768883217, 8985244202262593547, 16419279812167729156)


def test_folding_plans():
    def layers(code: CodeParameters, claims: int):
        plan = folding_plan(code, claims)
        return [(p.log_length, p.log_domain, p.folds, p.queries, p.grinding) for p in plan.layers], plan.log_final

    expected = [(14, 19, 3, 44, 20), (11, 18, 3, 34, 14)], 8
    assert layers(CodeParameters(14, 5, 44, 20, 88), 1) == expected
    expected = [(20, 22, 3, 111, 20), (17, 21, 3, 60, 14), (14, 20, 3, 40, 14), (11, 18, 3, 34, 14)], 8
    assert layers(CodeParameters(20, 2, 111, 20, 222), 2) == expected
    expected = [(24, 25, 4, 227, 20), (20, 23, 4, 81, 14), (16, 21, 4, 48, 14), (12, 19, 4, 34, 14)], 8
    assert layers(CodeParameters(24, 1, 227, 20, 454), 1) == expected


def test_combined_projection_is_exact():
    random = np.random.default_rng(3)
    projection = random.integers(-1, 2, size=(16, 132)).astype(np.int8)
    weights = [Cubic(*map(int, words)) for words in random.integers(0, P, size=(132, 3), dtype=np.uint64)]
    for row, found in zip(projection, combine_rows(projection, weights)):
        assert Cubic.from_array(found) == sum((w * int(v) for w, v in zip(weights, row)), Cubic())


def test_layout_helpers():
    assert [(start, 1 << log) for start, log in binary_runs(13)] == [(0, 8), (8, 4), (12, 1)]
    assert falling([4, 8, 4, 16]) == [3, 1, 0, 2]
    for half, weights in ((2**30, (32767, 134213632, 536854528)), (5242880, (636, 2605056, 0)), (40960, (1, 4096, 0))):
        found = digit_weights(half)
        assert (found[8], found[14], found[15]) == weights
