# SPDX-License-Identifier: Apache-2.0
"""Policies: texts that are none, and patterns."""

import json

from .case import Bytes, Cases, Repeated, Text
from .subjects import NORM, add

GRAMMAR, JSON = "policy-grammar 2", "policy-grammar 1"
NORM_RULE = '{"tensors": "w", "allow": {"norm": {"absolute": 0.25}}}'


def policy(rules: str, name: str = '"n"', more: str = "") -> str:
    return f'{{"driftPolicy": 1, "name": {name}, "securityBits": 128, "rules": {rules}{more}}}'


def allow(text: str, more: str = "") -> str:
    return policy(f'[{{"tensors": "w", "allow": {text}{more}}}]')


def pattern(text: str) -> str:
    return policy(f'[{{"tensors": {json.dumps(text)}, "allow": "frozen"}}]')


#: What no policy is: name, what is wrong, text, section.
NO_POLICIES = [
    ("not-json", "No JSON.", "driftPolicy: 1", JSON),
    ("trailing", "Something behind the object.", policy(f"[{NORM_RULE}]") + " 1", JSON),
    ("trailing-comma", "A comma before a bracket.", policy(f"[{NORM_RULE},]"), JSON),
    ("key-twice", "A key twice.", policy(f"[{NORM_RULE}]", more=', "name": "n"'), JSON),
    (
        "key-twice-canonically",
        "Two spellings of one key.",
        policy(f"[{NORM_RULE}]", more=', "e\u0301": 1, "\u00e9": 1'),
        JSON,
    ),
    ("surrogate", "Half of a surrogate pair.", policy(f"[{NORM_RULE}]", '"\\ud800"'), JSON),
    ("control", "A tabulator in a string.", policy(f"[{NORM_RULE}]", '"a\tb"'), JSON),
    ("marks", "31 combining marks in a row.", policy(f"[{NORM_RULE}]", '"a' + "\u0301" * 31 + '"'), JSON),
    ("comment-block", "A comment of the other kind.", "/* */" + policy(f"[{NORM_RULE}]"), JSON),
    ("comment-control", "A carriage return inside a comment.", "// a\rb\n" + policy(f"[{NORM_RULE}]"), JSON),
    ("number-plus", "A number with a plus sign.", allow('{"norm": {"absolute": +1}}'), JSON),
    ("number-leading-zero", "A number with a leading zero.", allow('{"norm": {"absolute": 01}}'), JSON),
    ("number-no-digit", "A number that ends with its point.", allow('{"norm": {"absolute": 1.}}'), JSON),
    ("nested", "33 lists inside one another.", policy("[" * 33 + "]" * 33), JSON),
    ("array", "A list in place of the object.", f"[{policy(f'[{NORM_RULE}]')}]", GRAMMAR),
    ("version-2", "driftPolicy 2.", policy(f"[{NORM_RULE}]").replace("1", "2", 1), GRAMMAR),
    ("version-text", "driftPolicy as a string.", policy(f"[{NORM_RULE}]").replace("1", '"1"', 1), GRAMMAR),
    ("bits-80", "80 security bits.", policy(f"[{NORM_RULE}]").replace("128", "80"), GRAMMAR),
    ("no-name", "No name.", policy(f"[{NORM_RULE}]").replace('"name": "n", ', ""), GRAMMAR),
    ("name-empty", "An empty name.", policy(f"[{NORM_RULE}]", '""'), GRAMMAR),
    ("name-long", "A name of 201 characters.", policy(f"[{NORM_RULE}]", '"' + "n" * 201 + '"'), GRAMMAR),
    ("name-control", "A name with U+0085.", policy(f"[{NORM_RULE}]", '"a\u0085"'), GRAMMAR),
    ("unknown-key", "A key that there is not.", policy(f"[{NORM_RULE}]", more=', "comment": "x"'), GRAMMAR),
    ("schema-number", "A $schema that is no string.", policy(f"[{NORM_RULE}]", more=', "$schema": 1'), GRAMMAR),
    ("schema-in-rule", "A $schema in a rule.", allow('"frozen"', ', "$schema": "x"'), GRAMMAR),
    ("unknown-rule-key", "A key that no rule has.", allow('"frozen"', ', "note": 1'), GRAMMAR),
    ("no-rules", "No rule.", policy("[]"), GRAMMAR),
    ("no-allow", "A rule without allow.", policy('[{"tensors": "w"}]'), GRAMMAR),
    ("word", "Another word than frozen and any.", allow('"none"'), GRAMMAR),
    ("null", "null.", allow("null"), GRAMMAR),
    ("clause-empty", "An empty clause.", allow("{}"), GRAMMAR),
    ("clauses-none", "An empty list of clauses.", allow("[]"), GRAMMAR),
    ("clauses-17", "17 clauses.", allow("[" + ",".join(['{"rank": 1}'] * 17) + "]"), GRAMMAR),
    ("clause-unknown", "A clause that there is not.", allow('{"spectral": {"absolute": 1}}'), GRAMMAR),
    ("norm-beside", "A norm beside a rank.", allow('{"norm": {"absolute": 1}, "rank": 1}'), GRAMMAR),
    ("bound-both", "Absolute and relative.", allow('{"norm": {"absolute": 1, "relative": 1}}'), GRAMMAR),
    ("bound-none", "Neither absolute nor relative.", allow('{"norm": {}}'), GRAMMAR),
    ("bound-negative", "A negative bound.", allow('{"norm": {"absolute": -1}}'), GRAMMAR),
    ("bound-minus-zero", "A bound of -0.", allow('{"norm": {"absolute": -0}}'), GRAMMAR),
    ("bound-digits", "19 digits.", allow('{"norm": {"absolute": 1.234567890123456789}}'), GRAMMAR),
    ("bound-large", "1e41.", allow('{"norm": {"absolute": 1e41}}'), GRAMMAR),
    ("bound-small", "1e-41.", allow('{"norm": {"absolute": 1e-41}}'), GRAMMAR),
    ("bound-text", "A bound in a string.", allow('{"norm": {"absolute": "1"}}'), GRAMMAR),
    ("rank-0", "Rank 0.", allow('{"rank": 0}'), GRAMMAR),
    ("rank-1025", "Rank 1025.", allow('{"rank": 1025}'), GRAMMAR),
    ("rank-half", "Rank 1.5.", allow('{"rank": 1.5}'), GRAMMAR),
    ("entries-0", "No entries.", allow('{"entries": 0}'), GRAMMAR),
    ("rows-large", "2^20 + 1 rows.", allow('{"rows": 1048577}'), GRAMMAR),
    ("sparse-two", "Rows and columns.", allow('{"rows": 1, "columns": 1}'), GRAMMAR),
    ("residual-alone", "A residual alone.", allow('{"residual": {"absolute": 1}}'), GRAMMAR),
    (
        "residual-entrywise",
        "A residual beside an entrywise bound alone.",
        allow('{"entrywise": {"absolute": 1}, "residual": {"absolute": 1}}'),
        GRAMMAR,
    ),
    ("entrywise-0", "An entrywise bound of 0.", allow('{"entrywise": {"absolute": 0}}'), GRAMMAR),
    ("weight-0", "A fraction 0 of weights.", allow('{"entrywise": {"ofWeight": 0}}'), GRAMMAR),
    ("weight-2", "Twice the weights.", allow('{"entrywise": {"ofWeight": 2}}'), GRAMMAR),
    (
        "weight-relative",
        "A fraction of weights beside a relative bound.",
        allow('{"entrywise": {"ofWeight": 0.1, "relative": 1}}'),
        GRAMMAR,
    ),
    ("rounding-fine", "Less than a half-ulp.", allow('{"rank": 1, "rounding": {"halfUlps": 0.99}}'), GRAMMAR),
    ("rounding-coarse", "More than two half-ulps.", allow('{"rank": 1, "rounding": {"halfUlps": 2.01}}'), GRAMMAR),
    (
        "rounding-of",
        "Half-ulps of something.",
        allow('{"rank": 1, "rounding": {"halfUlps": 1, "of": ["base"]}}'),
        GRAMMAR,
    ),
    ("roundoffs-fine", "Less than half a roundoff.", allow('{"rank": 1, "rounding": {"roundoffs": 0.49}}'), GRAMMAR),
    (
        "roundoffs-of-none",
        "Roundoffs of nothing.",
        allow('{"rank": 1, "rounding": {"roundoffs": 1, "of": []}}'),
        GRAMMAR,
    ),
    (
        "roundoffs-of-twice",
        "Roundoffs of the base twice.",
        allow('{"rank": 1, "rounding": {"roundoffs": 1, "of": ["base", "base"]}}'),
        GRAMMAR,
    ),
    (
        "rounding-entrywise",
        "Rounding beside entrywise.",
        allow('{"rank": 1, "rounding": {"halfUlps": 1}, "entrywise": {"absolute": 1}}'),
        GRAMMAR,
    ),
    (
        "kronecker-rank",
        "Kronecker products beside a rank.",
        allow('{"kronecker": {"terms": 1, "inner": [2, 2]}, "rank": 1}'),
        GRAMMAR,
    ),
    ("kronecker-terms", "No term.", allow('{"kronecker": {"terms": 0, "inner": [2, 2]}}'), GRAMMAR),
    ("kronecker-inner", "An inner factor of 3 rows.", allow('{"kronecker": {"terms": 1, "inner": [3, 2]}}'), GRAMMAR),
    ("kronecker-sizes", "One size.", allow('{"kronecker": {"terms": 1, "inner": [2]}}'), GRAMMAR),
    ("circulant-rank", "Circulant blocks beside a rank.", allow('{"circulant": {"block": 2}, "rank": 1}'), GRAMMAR),
    (
        "circulant-kronecker",
        "Circulant blocks beside Kronecker products.",
        allow('{"circulant": {"block": 2}, "kronecker": {"terms": 1, "inner": [2, 2]}}'),
        GRAMMAR,
    ),
    ("circulant-one", "Circulant blocks of one row.", allow('{"circulant": {"block": 1}}'), GRAMMAR),
    ("circulant-size", "Circulant blocks of 24 rows.", allow('{"circulant": {"block": 24}}'), GRAMMAR),
    ("circulant-none", "Circulant blocks of no size.", allow('{"circulant": {}}'), GRAMMAR),
    ("pattern-m", "A pattern n:5.", allow('{"pattern": {"of": "drift", "n": 1, "m": 5}}'), GRAMMAR),
    ("pattern-n", "A pattern 4:4.", allow('{"pattern": {"of": "drift", "n": 4, "m": 4}}'), GRAMMAR),
    (
        "pattern-base",
        "A pattern of the base with numbers.",
        allow('{"pattern": {"of": "base", "n": 1, "m": 4}}'),
        GRAMMAR,
    ),
    ("pattern-beside", "A pattern beside a rank.", allow('{"pattern": {"of": "base"}, "rank": 1}'), GRAMMAR),
    ("heads-of", "Heads of something else.", allow('{"rank": 1}', ', "heads": {"of": "layers", "size": 1}'), GRAMMAR),
    (
        "heads-size",
        "Heads of 2^16 + 1 rows.",
        allow('{"rank": 1}', ', "heads": {"of": "rows", "size": 65537}'),
        GRAMMAR,
    ),
    ("heads-axes", "Slices along 17 axes.", allow('{"rank": 1}', ', "heads": {"of": "slices", "axes": 17}'), GRAMMAR),
    (
        "heads-relative",
        "A relative bound of heads.",
        allow('{"norm": {"relative": 1}}', ', "heads": {"of": "rows", "size": 1}'),
        GRAMMAR,
    ),
    (
        "heads-rounding",
        "Rounding in heads.",
        allow('{"rank": 1, "rounding": {"halfUlps": 1}}', ', "heads": {"of": "rows", "size": 1}'),
        GRAMMAR,
    ),
    (
        "heads-weights",
        "A fraction of weights in heads.",
        allow('{"entrywise": {"ofWeight": 0.1}}', ', "heads": {"of": "rows", "size": 1}'),
        GRAMMAR,
    ),
    (
        "heads-pattern",
        "A pattern of weights in heads.",
        allow('{"pattern": {"of": "tuned", "n": 1, "m": 4}}', ', "heads": {"of": "rows", "size": 1}'),
        GRAMMAR,
    ),
    ("heads-frozen", "Heads of what is frozen.", allow('"frozen"', ', "heads": {"of": "rows", "size": 1}'), GRAMMAR),
    ("grow-0", "No new rows.", allow('{"rank": 1}', ', "grow": {"rows": 0}'), GRAMMAR),
    ("grow-any", "Growth of what is excluded.", allow('"any"', ', "grow": {"rows": 1}'), GRAMMAR),
    (
        "grow-heads",
        "Growth beside heads.",
        allow('{"rank": 1}', ', "grow": {"rows": 1}, "heads": {"of": "rows", "size": 1}'),
        GRAMMAR,
    ),
    ("total-residual", "A total that is no norm.", policy(f"[{NORM_RULE}]", more=', "total": {"rank": 1}'), GRAMMAR),
    ("pattern-open", "A brace that is not closed.", pattern("{a"), "policy-grammar 3"),
    ("pattern-close", "A brace that was not opened.", pattern("a}"), "policy-grammar 3"),
    ("pattern-nested", "A brace in a brace.", pattern("{a,{b}}"), "policy-grammar 3"),
    ("pattern-braces", "Braces around nothing.", pattern("{}"), "policy-grammar 3"),
    ("pattern-backslash", "A backslash at the end.", pattern("a\\"), "policy-grammar 3"),
    ("pattern-empty", "An empty pattern.", pattern(""), GRAMMAR),
    ("pattern-long", "A pattern of 4097 bytes.", pattern("a" * 4097), GRAMMAR),
    ("pattern-alternatives", "1025 alternatives.", pattern("{" + "," * 1024 + "}"), "policy-grammar 3"),
    ("pattern-product", "32 · 33 alternatives.", pattern("{" + "," * 31 + "}{" + "," * 32 + "}"), "policy-grammar 3"),
]

#: Patterns that match the tensor "w", and what is worth knowing of them.
MATCHING = [
    ("star", "*"),
    ("star-empty", "*w*"),
    ("alternatives", "{a,w}"),
    ("alternative-empty", "{,a}w"),
    ("alternative-star", "{a*,*}"),
    ("escaped", "\\w"),
    ("comma-outside", "{w,\\,}"),
]
#: Patterns that match another name than "w".
OTHER = [("literal-star", "\\*"), ("prefix", "ww*"), ("capital", "W"), ("question", "?"), ("comma", "w,")]


def cases() -> Cases:
    found = Cases("policy")
    for name, says, text, rule in NO_POLICIES:
        add(found, name, says, NORM, 1, "policyFile", rule, policy=Text(text))
    before, after = policy("[]").split("[]")
    rules = Repeated(((before + "[", 1), (NORM_RULE + ",", 1024), (NORM_RULE + "]" + after, 1)))
    add(found, "rules-1025", "1025 rules.", NORM, 1, "policyFile", GRAMMAR, policy=rules)
    broken = Bytes(NORM.policy.content.replace(b"pinned", b"pinn\xff\xfe"))
    add(found, "utf-8", "A policy that is not UTF-8.", NORM, 1, "policyFile", JSON, policy=broken)
    value = json.loads(NORM.policy.content)
    # A pattern that matches is found to be another policy first; sealed with it, the proof is another statement's.
    for name, text in MATCHING:
        rules = [value["rules"][0] | {"tensors": text}]
        subject = NORM.resealed(policy=value | {"rules": rules})
        says = f"{text} matches w: sealed with it, the proof is about another policy."
        add(found, f"matches-{name}", says, subject, 11, "sumcheckFinal A", "policy-grammar 3")
    for name, text in OTHER:
        subject = NORM.resealed(
            policy=value | {"rules": [value["rules"][0] | {"tensors": text}, {"tensors": "*", "allow": "frozen"}]}
        )
        add(found, f"no-match-{name}", f"{text} does not match w.", subject, 13, "coverageGap", "policy-grammar 4")
    return found
