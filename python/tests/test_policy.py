# SPDX-License-Identifier: Apache-2.0
"""The policy language: patterns, numbers, what is refused, and canonical bytes in both directions."""

import random
import re

import pytest

from driftproof.independent import OperationalError, read_policy
from driftproof.independent.errors import InvalidProof
from driftproof.independent.policy import Pattern, read_canonical

HEAD = b'{"driftPolicy":1,"name":"n","securityBits":128,"rules":['


def policy(allow: str, more: str = "") -> bytes:
    return HEAD + b'{"tensors":"*","allow":' + allow.encode() + more.encode() + b"}]}"


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.weight", ["a.weight", ".weight"], ["weight", "a.weights"]),
        ("a{b,c}d", ["abd", "acd"], ["ad", "abcd"]),
        ("a{b,}d", ["abd", "ad"], ["abbd"]),
        ("a{*,c}", ["a", "axyz"], ["b"]),
        ("\\*", ["*"], ["a", ""]),
        ("{\\,,\\}}", [",", "}"], [""]),
        ("a,b", ["a,b"], ["a"]),
        ("*é", ["é", "xé"], ["e"]),
        ("*ab*ba*", ["abba", "xabyba"], ["aba"]),
    ],
)
def test_patterns(pattern, yes, no):
    compiled = Pattern(pattern)
    assert all(compiled.matches(name) for name in yes)
    assert not any(compiled.matches(name) for name in no)


@pytest.mark.parametrize("pattern", ["", "{", "}", "{}", "{a{b}}", "a\\", "{a", "{a,b}" * 11, "*" * 4097])
def test_patterns_that_are_none(pattern):
    with pytest.raises(OperationalError):
        Pattern(pattern)


def test_patterns_are_regular_expressions():
    draw = random.Random(1)
    for _ in range(300):
        pattern = "".join(draw.choice(["a", "b", "*", "{a,b}", "{,ab}", "{b*,a}"]) for _ in range(draw.randrange(1, 7)))
        expression = pattern.replace("{", "(?:").replace("}", ")").replace(",", "|").replace("*", ".*")
        compiled = Pattern(pattern)
        for _ in range(20):
            name = "".join(draw.choice("abc") for _ in range(draw.randrange(8)))
            assert compiled.matches(name) == (re.fullmatch(expression, name) is not None), (pattern, name)


def test_a_pattern_of_many_stars_is_quick():
    assert not Pattern("*a" * 1000 + "b").matches("a" * 3000)


def test_spellings_of_one_policy():
    plain = read_policy(policy('{"norm":{"relative":0.5}}'))
    for spelled in (
        '[{"norm":{"relative":5e-1}}]',
        '{"norm":{"relative":0.500}}//x\n',
        '{ "norm" : {"relative":50E-02} }',
    ):
        assert read_policy(policy(spelled)).canonical() == plain.canonical()
    assert read_policy(policy('{"norm":{"relative":0.51}}')).digest != plain.digest


ALLOWED = [
    '"frozen"',
    '"any"',
    '{"rank":8.0}',
    '{"entries":1048576}',
    '{"rank":2,"rows":1,"residual":{"absolute":0}}',
    '{"entrywise":{"relative":1e-3}}',
    '{"rank":1,"entrywise":{"absolute":1},"residual":{"absolute":1}}',
    '{"rounding":{"halfUlps":1}}',
    '{"rounding":{"roundoffs":4,"of":["base","tuned"]}}',
    '{"entrywise":{"ofWeight":1}}',
    '{"rank":3,"entrywise":{"absolute":1e-4,"ofWeight":0.03}}',
    '{"pattern":{"of":"drift","n":1,"m":2}}',
    '{"pattern":{"m":64,"n":63,"of":"tuned"}}',
    '{"pattern":{"of":"base"}}',
    '{"norm":{"absolute":1e40}}',
    '{"norm":{"absolute":123456789012345678}}',
    '{"kronecker":{"terms":2,"inner":[8,16]}}',
    '[{"kronecker":{"terms":1,"inner":[1,65536]},"entries":4,"residual":{"absolute":1}},{"rank":2}]',
    '{"kronecker":{"terms":1024,"inner":[4,1]},"entrywise":{"absolute":1}}',
    '{"circulant":{"block":8}}',
    '[{"circulant":{"block":65536},"entries":4,"residual":{"absolute":1}},{"rank":2}]',
    '{"circulant":{"block":2},"entrywise":{"absolute":1}}',
]
REFUSED = [
    "{}",
    "[]",
    "null",
    '"Frozen"',
    '{"rank":0}',
    '{"rank":1025}',
    '{"rank":1.5}',
    '{"entries":1048577}',
    '{"rows":1,"columns":1}',
    '{"residual":{"absolute":1}}',
    '{"entrywise":{"absolute":1},"residual":{"absolute":1}}',
    '{"entrywise":{"absolute":0}}',
    '{"norm":{"absolute":-1}}',
    '{"norm":{"absolute":-0}}',
    '{"norm":{"absolute":1e41}}',
    '{"norm":{"absolute":1e-41}}',
    '{"norm":{"absolute":1234567890123456789}}',
    '{"norm":{"absolute":1,"relative":1}}',
    '{"norm":{}}',
    '{"norm":{"absolute":"1"}}',
    '{"norm":{"absolute":1},"rank":1}',
    '{"rounding":{"halfUlps":0.9}}',
    '{"rounding":{"halfUlps":1,"of":["base"]}}',
    '{"rounding":{"roundoffs":1,"of":[]}}',
    '{"rounding":{"halfUlps":1},"entrywise":{"absolute":1}}',
    '{"entrywise":{"ofWeight":0}}',
    '{"entrywise":{"ofWeight":1.01}}',
    '{"entrywise":{"ofWeight":0.5,"absolute":0}}',
    '{"entrywise":{"ofWeight":0.5,"relative":1}}',
    '{"entrywise":{"ofWeight":0.5},"rounding":{"halfUlps":1}}',
    '{"pattern":{"of":"drift","n":2,"m":2}}',
    '{"pattern":{"of":"drift","n":0,"m":2}}',
    '{"pattern":{"of":"tuned","n":2,"m":6}}',
    '{"pattern":{"of":"tuned","n":2,"m":128}}',
    '{"pattern":{"of":"tuned","n":2}}',
    '{"pattern":{"of":"base","n":1,"m":2}}',
    '{"pattern":{"of":"update","n":1,"m":2}}',
    '{"pattern":{"of":"base"},"norm":{"absolute":1}}',
    '{"kronecker":{"terms":0,"inner":[2,2]}}',
    '{"kronecker":{"terms":1025,"inner":[2,2]}}',
    '{"kronecker":{"terms":1,"inner":[2,3]}}',
    '{"kronecker":{"terms":1,"inner":[131072,2]}}',
    '{"kronecker":{"terms":1,"inner":[2]}}',
    '{"kronecker":{"terms":1,"inner":2}}',
    '{"kronecker":{"terms":1}}',
    '{"kronecker":{"terms":1,"inner":[2,2]},"rank":1}',
    '{"kronecker":{"terms":1,"inner":[2,2]},"norm":{"absolute":1}}',
    '{"circulant":{"block":1}}',
    '{"circulant":{"block":24}}',
    '{"circulant":{"block":131072}}',
    '{"circulant":{}}',
    '{"circulant":8}',
    '{"circulant":{"block":2},"rank":1}',
    '{"circulant":{"block":2},"kronecker":{"terms":1,"inner":[2,2]}}',
    '{"circulant":{"block":2},"norm":{"absolute":1}}',
    '{"rank":1,"rank":1}',
    '{"rank":01}',
    '{"rank":+1}',
    '{"rank":1,}',
    '{"rank":NaN}',
    '{"rank":1}/**/',
]


@pytest.mark.parametrize("allow", ALLOWED)
def test_canonical_bytes_are_read_back(allow):
    for more in ("", ',"grow":{"rows":3}', ',"heads":{"of":"slices"}', ',"heads":{"of":"rows","size":4}'):
        try:
            decoded = read_policy(policy(allow, more))
        except OperationalError:
            assert more  # frozen, any, relative and rounding bounds have neither growth nor heads
            continue
        assert read_canonical(decoded.canonical()) == decoded
        for cut in (decoded.canonical()[:-1], decoded.canonical() + b"\0"):
            with pytest.raises(InvalidProof):
                read_canonical(cut)


@pytest.mark.parametrize("allow", REFUSED)
def test_refused(allow):
    with pytest.raises(OperationalError):
        read_policy(policy(allow))


@pytest.mark.parametrize(
    "content", [b"", b"[", b"\xff", b"\xef\xbb\xbf" + policy('"any"'), policy('"any"') + b"x", b"[" * 100000]
)
def test_texts_that_are_no_policy(content):
    with pytest.raises(OperationalError):
        read_policy(content)


def test_assumptions():
    plain = read_policy(policy('"any"'))
    assuming = read_policy(policy('"any"').replace(b'"rules"', b'"assume":"bls12-381","rules"'))
    assert (plain.assumption, assuming.assumption) == (None, "bls12-381")
    content = assuming.canonical()
    assert content[24:28] == b"\2\0\0\0" and read_canonical(content) == assuming
    code = 4 + 20 + 4 + 5 + 4
    assert content[: code + 1] == content[:24] + b"\2\0\0\0\1\0\0\0n\x80\0\0\0\1"
    assert content[:24] + b"\1\0\0\0" + content[28:code] + content[code + 1 :] == plain.canonical()
    for place, value in ((code, 0), (code, 2), (24, 1), (24, 3)):
        with pytest.raises(InvalidProof):
            read_canonical(content[:place] + bytes([value]) + content[place + 1 :])
    for word in (b'""', b'"bn254"', b"null", b"1"):
        with pytest.raises(OperationalError):
            read_policy(policy('"any"').replace(b'"rules"', b'"assume":' + word + b',"rules"'))
