# SPDX-License-Identifier: Apache-2.0
"""Base identities that are none: files, section 4."""

import copy
import json

from .case import Cases, Text
from .subjects import HIDING, NORM, ROUNDING, SECOND_RELEASE, add, sealed_identity

RULE = "files 4"


def cases() -> Cases:
    found = Cases("identity")

    def refused(name: str, says: str, text: str, subject=NORM) -> None:
        add(found, name, says, subject, 1, "identityFile", RULE, identity=Text(text))

    value = NORM.value

    def sealed(name: str, says: str, **changes) -> None:
        """A line with other members, under a root that fits."""
        changed = copy.deepcopy(value)
        line = changed["tensors"][0]
        line.update(changes)
        refused(name, says, sealed_identity(changed))

    def spelled(name: str, says: str, **changes) -> None:
        refused(name, says, json.dumps(value | changes, ensure_ascii=False))

    line = value["tensors"][0]
    refused("comment", "A comment.", "// base\n" + json.dumps(value))
    refused("trailing", "Something behind.", json.dumps(value) + "{}")
    spelled("version-2", "Version 2 without an unencodable entry.", driftIdentity=2)
    spelled("version-4", "Version 4 without a linked part.", driftIdentity=4)
    spelled("version-5", "Version 5 without a linked part.", driftIdentity=5)
    spelled("version-6", "Version 6.", driftIdentity=6)
    spelled("unknown-key", "A key that there is not.", comment="x")
    spelled("root", "Another root.", root=value["root"][:-1] + ("0" if value["root"][-1] != "0" else "1"))
    spelled("root-capitals", "A root in capitals.", root=value["root"].upper())
    spelled("linked-root-alone", "linkedRoot without linked.", linkedRoot=value["root"], driftIdentity=3)
    spelled("tensors-object", "Tensors in an object.", tensors={"w": line})
    spelled("line-key", "A line with a key more.", tensors=[line | {"note": 1}])
    spelled(
        "line-without-digest", "A line without its digest.", tensors=[{k: v for k, v in line.items() if k != "sha256"}]
    )
    spelled("integer-fraction", "maxAbs as 1.0 times itself.", tensors=[line | {"maxAbs": float(line["maxAbs"])}])
    spelled(
        "squares-number",
        "The sum of squares as a number.",
        tensors=[line | {"sumOfSquares": int(line["sumOfSquares"])}],
    )
    spelled(
        "squares-zeros",
        "The sum of squares with a leading zero.",
        tensors=[line | {"sumOfSquares": "0" + line["sumOfSquares"]}],
    )
    spelled("squares-large", "A sum of squares of 2^128.", tensors=[line | {"sumOfSquares": str(1 << 128)}])
    sealed(
        "squares-below", "A sum of squares below that of the largest entry.", sumOfSquares=str(line["maxAbs"] ** 2 - 1)
    )
    entries = 1
    for size in line["shape"]:
        entries *= size
    sealed(
        "squares-above",
        "A sum of squares above what the entries can have.",
        sumOfSquares=str(entries * line["maxAbs"] ** 2 + 1),
    )
    sealed("max-large", "A largest entry above 2^40.", maxAbs=(1 << 40) + 1, sumOfSquares=str(((1 << 40) + 1) ** 2))
    sealed("bits-25", "25 fractional bits.", fractionBits=25)
    sealed("bits-low", "-21 fractional bits.", fractionBits=-21)
    sealed("integers-with-numbers", "Numbers of a tensor of integers.", dtype="I32")
    sealed("dtype", "A type that there is not.", dtype="Q8")
    sealed("shape-huge", "Sizes whose product reaches 2^63.", shape=[1 << 40, 1 << 40, 0], maxAbs=0, sumOfSquares="0")
    sealed("empty-with-numbers", "Numbers of a tensor without entries.", shape=[0, 4])
    bare = {key: line[key] for key in ("name", "dtype", "shape", "sha256")}
    changed = value | {"driftIdentity": 2, "tensors": [bare | {"unencodableEntry": entries}]}
    refused("unencodable-beyond", "An unencodable entry beyond the last.", sealed_identity(changed))
    changed = value | {"driftIdentity": 2, "tensors": [bare | {"dtype": "I32", "unencodableEntry": 0}]}
    refused("unencodable-integers", "An unencodable entry of integers.", sealed_identity(changed))
    changed = value | {"driftIdentity": 2, "tensors": [line | {"unencodableEntry": 0}]}
    refused("unencodable-and-numbers", "An unencodable entry beside numbers.", json.dumps(changed))
    changed = value | {"tensors": [line, line]}
    refused("name-twice", "A name twice.", sealed_identity(changed))
    changed = value | {"tensors": [line | {"name": "x"}, line]}
    refused("order", "Names out of order.", sealed_identity(changed))
    changed = value | {"tensors": [line | {"name": "e\u0301"}, line | {"name": "\u00e9"}]}
    refused("canonically-equal", "Two spellings of one name.", sealed_identity(changed))

    def linked(name: str, says: str, change, seal: bool = True) -> None:
        changed = copy.deepcopy(ROUNDING.value)
        change(changed)
        refused(f"linked-{name}", says, sealed_identity(changed) if seal else json.dumps(changed), ROUNDING)

    linked("root", "Another linked root.", lambda v: v.update(linkedRoot="ab" * 32), seal=False)
    linked("version", "Version 1 with a linked part.", lambda v: v.update(driftIdentity=1), seal=False)
    linked("length", "Rows of 2^13.", lambda v: v["linked"].update(logLength=13))
    linked("bands", "Two bands.", lambda v: v["linked"].update(bands=2), seal=False)
    linked("no-trees", "No tree.", lambda v: v["linked"].update(trees=[]))
    linked("tensor-missing", "A tensor fewer.", lambda v: v["linked"]["tensors"].pop())
    linked("tensor-other", "Another tensor's name.", lambda v: v["linked"]["tensors"][0].update(name="zz"))
    linked(
        "chunk-heavy",
        "A chunk heavier than its tensor.",
        lambda v: v["linked"]["tensors"][0].update(heaviestChunk=str(1 << 127)),
    )
    linked(
        "below-floor",
        "More entries below the floor than there are.",
        lambda v: v["linked"]["tensors"][0].update(entriesBelowFloor=1 << 40),
    )

    def hiding(name: str, says: str, change, seal: bool = True) -> None:
        changed = copy.deepcopy(HIDING.value)
        change(changed)
        refused(f"hiding-{name}", says, sealed_identity(changed) if seal else json.dumps(changed), HIDING)

    tree, pin = HIDING.value["linked"]["trees"][0], 48
    hiding("version", "Version 3 with a tail.", lambda v: v.update(driftIdentity=3))
    hiding("tail-zero", "A tail of nothing, with pins.", lambda v: v["linked"].update(tail=0), seal=False)
    hiding("tail-missing", "Pins without a tail.", lambda v: v["linked"].pop("tail"), seal=False)
    hiding("pins-missing", "A tail without pins.", lambda v: v["linked"]["trees"][0].pop("pins"), seal=False)
    hiding("pins-fewer", "A pin fewer than rows.", lambda v: v["linked"]["trees"][0].update(pins=tree["pins"][pin:]))
    hiding("predecessor", "Version 4 with a predecessor.", lambda v: v["linked"].update(predecessor="ab" * 32))
    hiding("pins-other", "Another pin below the same root.", _first_pin("00" * 24), seal=False)

    def next_base(name: str, says: str, change, seal: bool = True) -> None:
        changed = copy.deepcopy(SECOND_RELEASE.value)
        change(changed)
        refused(f"next-{name}", says, sealed_identity(changed) if seal else json.dumps(changed), SECOND_RELEASE)

    next_base("version", "Version 4 with a predecessor that there is.", lambda v: v.update(driftIdentity=4))
    next_base("predecessor-missing", "Version 5 without one.", lambda v: v["linked"].pop("predecessor"))
    next_base("predecessor", "Another predecessor below the same root.", _predecessor("ab" * 32), seal=False)
    next_base("predecessor-short", "A predecessor of 31 bytes.", _predecessor("ab" * 31), seal=False)
    return found


def _predecessor(digits: str):
    def change(value: dict) -> None:
        value["linked"].update(predecessor=digits)

    return change


def _first_pin(pin: str):
    """Puts a pin in place of the first one of the first tree."""

    def change(value: dict) -> None:
        tree = value["linked"]["trees"][0]
        tree.update(pins=pin + tree["pins"][len(pin) :])

    return change
