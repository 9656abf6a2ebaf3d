# SPDX-License-Identifier: Apache-2.0
"""The manifest and what follows from it: checks 12 and 14 to 32."""

import copy
import json
from dataclasses import replace

import tampering
from driftproof.independent.manifest import BANDS_WORD, CHANGED, KRONECKER_WORD, PRODUCT, TunedTensor
from driftproof.independent.manifest import KRONECKER as KRONECKER_RECORD
from driftproof.independent.parameters import CodeParameters
from driftproof.independent.wire import u8, u32, u64

from .case import Bytes, Cases
from .subjects import (
    ADAPTER,
    ALIGNED,
    BANDS,
    CIRCULANT,
    CLASSES,
    ENTRIES,
    FORMS,
    HEADS,
    KRONECKER,
    LINK,
    LOKR,
    NEWER_NORM,
    NORM,
    PATTERNS,
    ROOT,
    ROUNDING,
    SLICES,
    WEIGHTS,
    Subject,
    add,
)
from .verified import frozen


def _check(number: int) -> str:
    return f"checks-and-exit-codes 1, {number}"


def _with(manifest, tensor: str, /, **changes):
    tensors = tuple(replace(each, **changes) if each.name == tensor else each for each in manifest.tensors)
    return replace(manifest, tensors=tuple(sorted(tensors, key=lambda each: each.name.encode())))


def cases() -> Cases:
    found = Cases("manifest")
    _frames(found)
    _versions(found)
    _coverage(found)
    _adapters(found)
    _numbers(found)
    return found


def _frames(found: Cases) -> None:
    def refused(name: str, says: str, subject: Subject) -> None:
        add(found, name, says, subject, 11, "manifest", "files 3")

    content, manifest = NORM.parts.manifest, NORM.manifest
    tensor = manifest.tensors[0]
    for version in (0, 1, 15, 16):
        refused(f"version-{version}", f"Version {version}.", NORM.with_manifest(u32(version) + content[4:]))
    refused("aligned-twice", "The word 11 twice.", ALIGNED.with_manifest(u32(11) + ALIGNED.parts.manifest))
    link = u32(11) + u32(5) + bytes(32) + ALIGNED.parts.manifest[8:]
    refused("aligned-link", "An aligned link.", ALIGNED.with_manifest(link))
    word, lokr = u32(KRONECKER_WORD), LOKR.parts.manifest
    refused("kronecker-twice", "The word 12 twice.", LOKR.with_manifest(word + lokr))
    refused(
        "kronecker-aligned", "The words 11 and 12.", ALIGNED.with_manifest(u32(11) + word + ALIGNED.parts.manifest[4:])
    )
    refused("kronecker-without", "A record 4 without the word 12.", LOKR.with_manifest(lokr[4:]))
    refused("kronecker-none", "The word 12 without a record 4.", NORM.with_manifest(word + content))
    refused(
        "kronecker-link",
        "An adapter with a record 4 that is a link.",
        LOKR.with_manifest(lokr[:8] + u8(1) + bytes(32) + lokr[9:]),
    )
    refused("kronecker-cut", "A record 4 that ends inside.", LOKR.with_manifest(lokr[:-36]))
    word, banded = u32(BANDS_WORD), BANDS.parts.manifest
    for bands, says in (
        (0, "no band"),
        (1, "one band"),
        (4, "more bands than blocks of eight rows"),
        (257, "257 bands"),
    ):
        refused(f"bands-{bands}", f"The word 14 with {says}.", BANDS.with_manifest(word + u32(bands) + banded[8:]))
    refused("bands-of-few-rows", "Two bands of one row.", NORM.with_manifest(word + u32(2) + content))
    refused("bands-twice", "The word 14 twice.", BANDS.with_manifest(banded[:8] + banded))
    refused("bands-cut", "The word 14 alone.", BANDS.with_manifest(word))
    refused("bands-first", "The word 14 in front of 12.", LOKR.with_manifest(word + u32(2) + lokr))
    flag = PATTERNS.parts.manifest
    refused("flag-2", "Version 9 with a byte 2.", PATTERNS.with_manifest(flag[:4] + u8(2) + flag[5:]))
    flag = CIRCULANT.parts.manifest
    refused("flag-4", "Version 13 with a byte 4.", CIRCULANT.with_manifest(flag[:4] + u8(4) + flag[5:]))
    flag = KRONECKER.parts.manifest
    refused("flag-3", "Version 10 with a byte 3.", KRONECKER.with_manifest(flag[:4] + u8(3) + flag[5:]))
    refused("cut", "A manifest that ends inside.", NORM.with_manifest(content[:-1]))
    refused("trailing", "A byte behind.", NORM.with_manifest(content + b"\0"))
    code = manifest.code
    for name, says, changed in (
        ("l-13", "l = 13.", replace(code, log_length=13)),
        ("l-27", "l = 27.", replace(code, log_length=27)),
        ("blowup-6", "A blow-up of 64.", replace(code, log_blowup=6)),
        ("queries-0", "No queries.", replace(code, queries=0)),
        ("queries-1025", "1025 queries.", replace(code, queries=1025, drift_tail=2050)),
        ("grinding-21", "21 bits of grinding.", replace(code, grinding=21)),
        ("tail-short", "A drift tail shorter than the queries.", replace(code, drift_tail=code.queries - 1)),
        ("tail-long", "A drift tail longer than the rows.", replace(code, drift_tail=1 << 14)),
    ):
        refused(f"code-{name}", says, NORM.with_manifest(replace(manifest, code=changed)))
    refused(
        "rows-without-code",
        "Rows, and code parameters that are all 0.",
        NORM.with_manifest(replace(manifest, code=None)),
    )
    refused("code-without-rows", "Code parameters, and no rows.", NORM.with_manifest(replace(manifest, rows=0)))
    at = len(content) - len(_tensors(manifest)) - 8
    refused("count", "More tensors than bytes.", NORM.with_manifest(content[:at] + u64(1 << 40) + content[at + 8 :]))

    def other(name: str, says: str, *tensors: TunedTensor) -> None:
        refused(name, says, NORM.with_manifest(replace(manifest, tensors=tensors)))

    other("dtype", "A type that there is not.", replace(tensor, dtype="F31"))
    other("shape-huge", "Sizes whose product reaches 2^63.", replace(tensor, shape=(1 << 40, 1 << 40, 0)))
    other("shape-bits", "A size of 2^63.", replace(tensor, shape=(1 << 63,)))
    other("shape-half-byte", "A tensor of 4 bits and three entries.", replace(tensor, dtype="F4", shape=(3,)))
    other("record-5", "A record that there is not.", replace(tensor, kind=5))
    other("order", "Names out of order.", replace(tensor, name="x"), tensor)
    other("twice", "A name twice.", tensor, tensor)
    other(
        "canonically-equal",
        "Two spellings of one name.",
        replace(tensor, name="e\u0301"),
        replace(tensor, name="\u00e9"),
    )
    other("marks", "More than 30 combining marks in a row.", replace(tensor, name="a" + "\u0301" * 31))
    broken = _tensors(manifest).replace(b"w", b"\xff", 1)
    refused("utf-8", "A name that is not UTF-8.", NORM.with_manifest(content[: at + 8] + broken))
    other(
        "adapter-mixed",
        "Records of an adapter beside an unchanged tensor.",
        replace(tensor, name="a", kind=0),
        replace(tensor, kind=2),
    )
    product = replace(tensor, kind=PRODUCT, rank=1)
    parent = replace(manifest, version=3, parent=bytes(32), tensors=(product,))
    refused("adapter-link", "An adapter that is a link.", NORM.with_manifest(parent))


def _tensors(manifest) -> bytes:
    empty = tampering.manifest_bytes(replace(manifest, tensors=()))
    return tampering.manifest_bytes(manifest)[len(empty) :]


def _versions(found: Cases) -> None:
    def refused(name: str, says: str, subject: Subject, version: int, parent: bytes | None = None) -> None:
        manifest = replace(subject.manifest, version=version, parent=parent)
        changed = subject.with_manifest(manifest)
        add(
            found,
            f"version-{name}",
            says,
            changed,
            11,
            "version",
            _check(15),
            *(["--parent", parent.hex()] if parent else []),
        )

    refused("slices-2", "Slices in version 2.", SLICES, 2)
    refused("entries-4", "Entrywise bounds in version 4.", ENTRIES, 4)
    refused("entries-8", "Entrywise bounds without rounding in version 8.", ENTRIES, 8)
    refused("norm-6", "Version 6 without entrywise bounds.", NORM, 6)
    refused("norm-8", "Version 8 without rounding clauses.", NORM, 8)
    refused("norm-9", "Version 9 without patterns.", NORM, 9)
    refused("rounding-6", "Rounding clauses in version 6.", ROUNDING, 6)
    refused("weights-6", "A fraction of weights in version 6.", WEIGHTS, 6)
    refused("patterns-8", "Patterns in version 8.", PATTERNS, 8)
    refused("kronecker-9", "Kronecker products in version 9.", KRONECKER, 9)
    refused("kronecker-4", "Kronecker products in version 4.", KRONECKER, 4)
    refused("patterns-10", "Patterns without Kronecker products in version 10.", PATTERNS, 10)
    refused("circulant-10", "Circulant blocks in version 10.", CIRCULANT, 10)
    refused("circulant-4", "Circulant blocks in version 4.", CIRCULANT, 4)
    refused("kronecker-13", "Kronecker products without circulant blocks in version 13.", KRONECKER, 13)
    refused("link-6", "Entrywise bounds of a link in version 5.", LINK, 5, bytes(32))


def _coverage(found: Cases) -> None:
    def gap(name: str, says: str, subject: Subject, rule: str) -> None:
        add(found, f"gap-{name}", says, subject, 13, "coverageGap", rule)

    deciding, section = "policy-grammar 4", "checks-and-exit-codes 3"
    policy = {"driftPolicy": 1, "name": "n", "securityBits": 128}
    rule = {"tensors": "w", "allow": {"norm": {"absolute": 0.25}}}
    both = policy | {"rules": [rule, {"tensors": "v*", "allow": "frozen"}]}
    gap("rule-without-tensors", "A rule that decides no name.", NORM.resealed(policy=both), deciding)
    late = policy | {"rules": [{"tensors": "*", "allow": {"norm": {"absolute": 0.25}}}, rule]}
    gap("rule-too-late", "A rule whose only name an earlier one decides.", NORM.resealed(policy=late), deciding)
    none = policy | {"rules": [{"tensors": "v", "allow": "frozen"}]}
    cut = policy | {"rules": [{"tensors": "*", "allow": {"kronecker": {"terms": 1, "inner": [16, 4]}}}]}
    gap("blocks", "Blocks of 16 rows on 24.", KRONECKER.resealed(policy=cut), f"{section}, 8")
    cut = policy | {"rules": [{"tensors": "*", "allow": {"circulant": {"block": 8}}}]}
    gap("circulant", "Circulant blocks of 8 rows on 6.", CIRCULANT.resealed(policy=cut), f"{section}, 8")
    gap("tensor-without-rule", "A name that no rule matches.", NORM.resealed(policy=none), deciding)
    case_matters = policy | {"rules": [{"tensors": "W", "allow": "frozen"}, rule]}
    gap("case", "Patterns tell capital letters apart.", NORM.resealed(policy=case_matters), deciding)
    manifest = CLASSES.manifest
    gap(
        "missing",
        "A tensor of the base is not in the tuned model.",
        CLASSES.resealed(replace(manifest, tensors=manifest.tensors[1:])),
        f"{section}, 1",
    )
    extra = TunedTensor("z", "F32", (2,), CHANGED, bytes(32), 0)
    gap(
        "added",
        "A tensor that the base does not have.",
        CLASSES.resealed(replace(manifest, tensors=(*manifest.tensors, extra))),
        f"{section}, 1",
    )
    name = next(each.name for each in manifest.tensors if each.dtype == "F32")
    gap(
        "dtype-original",
        "Another floating type, by the rules of version 2.",
        CLASSES.resealed(_with(manifest, name, dtype="BF16")),
        f"{section}, 2",
    )
    gap(
        "dtype",
        "A type that is not floating.",
        NEWER_NORM.resealed(_with(NEWER_NORM.manifest, "w", dtype="I32")),
        f"{section}, 2",
    )
    forms = FORMS.manifest
    gap("shape", "Another shape.", FORMS.resealed(_with(forms, "half", shape=(4, 5))), f"{section}, 3")
    gap(
        "grown-too-far",
        "More new rows than the rule allows.",
        FORMS.resealed(_with(forms, "embed", shape=(9, 4))),
        f"{section}, 3",
    )
    gap("shrunk", "Fewer rows than the base.", FORMS.resealed(_with(forms, "embed", shape=(4, 4))), f"{section}, 3")
    gap("grown-columns", "New columns.", FORMS.resealed(_with(forms, "embed", shape=(5, 6))), f"{section}, 3")
    value = copy.deepcopy(NORM.value)
    line = value["tensors"][0]
    bare = {key: line[key] for key in ("name", "dtype", "shape", "sha256")}
    value |= {"driftIdentity": 2, "tensors": [bare | {"unencodableEntry": 3}]}
    gap("unencodable", "A clause on a tensor that has no numbers.", NORM.resealed(identity=value), f"{section}, 5")
    policy_of = {"driftPolicy": 1, "name": "n", "securityBits": 128}
    heads = policy_of | {
        "rules": [{"tensors": "w", "heads": {"of": "rows", "size": 5}, "allow": {"norm": {"absolute": 1}}}]
    }
    gap("heads", "Heads that do not divide the rows.", NEWER_NORM.resealed(policy=heads), f"{section}, 8")
    slices = policy_of | {
        "rules": [{"tensors": "w", "heads": {"of": "slices", "axes": 3}, "allow": {"norm": {"absolute": 1}}}]
    }
    gap("slices", "Slices along more axes than there are.", NEWER_NORM.resealed(policy=slices), f"{section}, 8")
    taken = HEADS.manifest
    renamed = "q[rows 0-7]"
    value = copy.deepcopy(HEADS.value)
    other = next(each for each in value["tensors"] if each["name"] != "q")
    old = other["name"]
    other["name"] = renamed
    value["tensors"].sort(key=lambda each: each["name"].encode())
    gap(
        "name-of-head",
        "A tensor with the name of a head.",
        HEADS.resealed(_with(taken, old, name=renamed), identity=value),
        _check(21),
    )
    small = {
        "driftPolicy": 1,
        "name": "n",
        "securityBits": 128,
        "rules": [{"tensors": "*", "allow": {"entrywise": {"absolute": 1e-12}}}],
    }
    gap(
        "entrywise-too-small",
        "An entrywise bound below what can be proved.",
        ENTRIES.resealed(policy=small),
        _check(21),
    )
    aligned = ALIGNED.manifest
    gap(
        "aligned-dtype",
        "A retyped tensor in an aligned manifest.",
        ALIGNED.with_manifest(_with(aligned, "b", dtype="F32")),
        "transition 1",
    )
    rules = [{"tensors": "a", "allow": {"entrywise": {"absolute": 0.05}}}, {"tensors": "*", "allow": "any"}]
    version_6 = replace(
        aligned, version=6, tensors=tuple(replace(each, kind=1, digest=bytes(32)) for each in aligned.tensors)
    )
    excluded = ALIGNED.resealed(version_6, policy=policy | {"rules": rules})
    gap("aligned-any", "An excluded tensor in an aligned manifest.", excluded, "transition 1")
    rounding = json.loads(ROUNDING.policy.content)
    clause = rounding["rules"][0]["allow"][1]
    clause["residual"] = {"absolute": 1}
    gap("rounding-residual", "A residual beside a rounding bound.", ROUNDING.resealed(policy=rounding), _check(21))


def _adapters(found: Cases) -> None:
    def refused(name: str, says: str, subject: Subject, reason: str, rule: str, code: int = 11) -> None:
        add(found, f"adapter-{name}", says, subject, code, reason, rule)

    manifest = ADAPTER.manifest
    product = next(each for each in manifest.tensors if each.kind == PRODUCT)
    other = next(each for each in manifest.tensors if each.kind != PRODUCT)
    record, outside = "checks-and-exit-codes 2, 17", "checks-and-exit-codes 2, 19"

    def changed(tensor: str, /, **changes) -> Subject:
        return ADAPTER.resealed(_with(manifest, tensor, **changes))

    refused(
        "shape",
        "A product of another shape than the base's tensor.",
        changed(product.name, shape=(9, 9)),
        "adapterRecord",
        record,
    )
    refused("dtype", "A product of another type.", changed(product.name, dtype="F64"), "adapterRecord", record)
    refused("rank-0", "A product of rank 0.", changed(product.name, rank=0), "adapterRecord", record)
    refused(
        "rank-large", "A rank above the number of columns.", changed(product.name, rank=1025), "adapterRecord", record
    )
    refused(
        "unknown",
        "A record of a tensor that the base does not have.",
        changed(other.name, name="zz"),
        "adapterRecord",
        record,
    )
    policy = {"driftPolicy": 1, "name": "n", "securityBits": 128}

    def under(allow, **more) -> Subject:
        rules = [{"tensors": product.name, "allow": allow, **more}, {"tensors": "*", "allow": {"rank": 4}}]
        return ADAPTER.resealed(policy=policy | {"rules": rules})

    refused("frozen", "A product on a frozen tensor.", under("frozen"), "adapterOutsidePolicy", outside)
    refused("rank", "A product above the rank that is allowed.", under({"rank": 1}), "adapterOutsidePolicy", outside)
    refused("sparse", "A product under a sparse clause.", under({"entries": 3}), "adapterOutsidePolicy", outside)
    heads = {"heads": {"of": "rows", "size": 1}}
    refused("heads", "A norm for each head.", under({"norm": {"absolute": 1}}, **heads), "adapterNotProvable", outside)
    version_6 = replace(manifest, version=6)
    rules = [{"tensors": "*", "allow": [{"rank": 4}, {"entrywise": {"absolute": 1}}]}]
    entrywise = ADAPTER.resealed(version_6, policy=policy | {"rules": rules})
    refused("entrywise", "An entrywise bound without a rank.", entrywise, "coverageGap", outside, 13)
    _lokr(found)


def _lokr(found: Cases) -> None:
    def refused(name: str, says: str, subject: Subject, reason: str, number: int, code: int = 11) -> None:
        add(found, f"lokr-{name}", says, subject, code, reason, f"checks-and-exit-codes 2, {number}")

    manifest = LOKR.manifest
    name = "model.blocks.weight"
    for inner, says in (
        ((0, 4), "Blocks without rows."),
        ((8, 0), "Blocks without columns."),
        ((5, 4), "Blocks of 5 rows on 32."),
        ((8, 32), "Blocks of more columns than the tensor's."),
    ):
        changed = LOKR.resealed(_with(manifest, name, inner=inner))
        refused(f"blocks-{inner[0]}-{inner[1]}", says, changed, "adapterRecord", 17)
    integer = LOKR.resealed(_with(manifest, "model.frozen", kind=KRONECKER_RECORD, inner=(1, 7), digest=bytes(32)))
    refused("misfit", "Blocks of 7 columns on 5.", integer, "adapterRecord", 17)
    others = json.loads(LOKR.policy.content)

    def under(allow, **more) -> Subject:
        rules = [{"tensors": name, "allow": allow, **more}, *others["rules"][1:]]
        keeps = any("kronecker" in clause for clause in (allow if isinstance(allow, list) else [allow]))
        version = (
            13
            if "circulant" in json.dumps(allow)
            else manifest.version
            if keeps
            else 6
            if "entrywise" in json.dumps(allow)
            else 4
        )
        return LOKR.resealed(replace(manifest, version=version), policy=others | {"rules": rules})

    product = {"kronecker": {"terms": 3, "inner": [4, 4]}}
    refused("inner", "A clause with other blocks.", under(product), "coverageGap", 19, 13)
    circulant = {"circulant": {"block": 4}}
    refused("circulant", "Circulant blocks on a Kronecker product.", under(circulant), "coverageGap", 19, 13)
    product = {"kronecker": {"terms": 1, "inner": [8, 4]}}
    heads = {"heads": {"of": "rows", "size": 16}}
    refused("heads", "Kronecker products of each head.", under(product, **heads), "coverageGap", 19, 13)
    entries = {"entrywise": {"absolute": 1}}
    refused("entrywise", "A bound of entries alone.", under(entries), "coverageGap", 19, 13)
    # 4 x 4 and 8 x 4: a rank of up to 16.
    refused("rank", "A rank below what the form allows.", under({"rank": 15}), "adapterOutsidePolicy", 19)
    refused("rows", "A Kronecker product under a sparse clause.", under({"rows": 3}), "adapterOutsidePolicy", 19)
    relabelled = LOKR.resealed(_with(manifest, "model.free.weight", inner=(3, 10)), lay_out=False)
    says = "Blocks of 3 x 10 for 6 x 5: factors of the same sizes with another reading."
    add(found, "lokr-other-blocks", says, relabelled, 11, "layoutDigest", _check(31))


def _numbers(found: Cases) -> None:
    def refused(name: str, says: str, subject: Subject, number: int, reason: str, code: int = 11) -> None:
        add(found, name, says, subject, code, reason, _check(number))

    # The linked part fits its own roots, but not the base.
    for name, says, change in (
        (
            "rows",
            "Another number of rows.",
            lambda v: v["linked"]["trees"][0].update(rows=v["linked"]["trees"][0]["rows"] + 1),
        ),
        (
            "units",
            "Other units.",
            lambda v: v["linked"]["tensors"][0].update(fractionBits=v["linked"]["tensors"][0]["fractionBits"] - 1),
        ),
        ("layout", "Another layout digest.", lambda v: v["linked"].update(layoutDigest="ab" * 32)),
        (
            "light",
            "A heaviest chunk that is too light.",
            lambda v: v["linked"]["tensors"][0].update(heaviestChunk=str(v["tensors"][0]["maxAbs"] ** 2)),
        ),
    ):
        value = copy.deepcopy(ROUNDING.value)
        change(value)
        refused(
            f"linked-{name}",
            f"The identity's linked part is none of this base. {says}",
            ROUNDING.resealed(identity=value),
            20,
            "linkedBase",
            1,
        )
    policy = {"driftPolicy": 1, "name": "n", "securityBits": 128}

    def sized(shape: tuple[int, ...], allow=None, **more) -> Subject:
        value = copy.deepcopy(NEWER_NORM.value)
        value["tensors"][0]["shape"] = list(shape)
        rules = [{"tensors": "w", "allow": allow or {"norm": {"absolute": 1}}, **more}]
        return NEWER_NORM.resealed(
            _with(NEWER_NORM.manifest, "w", shape=shape), policy | {"rules": rules}, value, False
        )

    refused("too-many-entries", "2^45 entries in a tensor.", sized((1 << 23, 1 << 22)), 21, "tooLarge", 1)
    refused("too-many-heads", "2^21 heads.", sized((1 << 21, 1), heads={"of": "rows", "size": 1}), 21, "tooLarge", 1)
    refused(
        "too-large-together",
        "Sixteen clauses on 2^38 entries.",
        sized((1 << 19, 1 << 19), [{"rank": 4}] * 16),
        22,
        "tooLarge",
        1,
    )
    value = NORM.manifest
    unchanged = replace(value.tensors[0], kind=0, digest=None)
    refused(
        "digest-missing",
        "A changed tensor without its digest.",
        NORM.resealed(replace(value, tensors=(unchanged,))),
        23,
        "byteDigest",
    )
    still = frozen(4)
    spare = replace(still.manifest.tensors[0], kind=1, digest=bytes(32))
    moved = replace(still.manifest, tensors=(spare,))
    refused("digest-of-frozen", "A frozen tensor with a digest.", _hand(still, manifest=moved), 23, "byteDigest")
    code = CodeParameters(14, 5, 44, 20, 88)
    refused(
        "code-for-nothing",
        "Code parameters where nothing is to be proved.",
        _hand(still, manifest=replace(still.manifest, code=code, rows=1)),
        24,
        "emptyTableau",
    )
    refused(
        "proof-for-nothing", "A proof where nothing is to be proved.", _hand(still, proof=bytes(8)), 24, "emptyTableau"
    )
    refused(
        "pins-for-nothing",
        "Pins where nothing is to be proved.",
        _hand(still, drift_pins=bytes(24)),
        24,
        "emptyTableau",
    )
    refused(
        "root-for-nothing",
        "A drift root where nothing is to be proved.",
        _hand(still, drift_root=bytes(31) + b"\1"),
        24,
        "emptyTableau",
    )
    refused(
        "layout-for-nothing",
        "A layout digest where nothing is to be proved.",
        _hand(still, manifest=replace(still.manifest, layout_digest=b"\1" * 32)),
        24,
        "emptyTableau",
    )
    no_code = replace(NORM.manifest, code=None, rows=0)
    refused(
        "nothing-for-something",
        "No code parameters where there is something to prove.",
        NORM.with_manifest(no_code),
        24,
        "emptyTableau",
    )

    def coded(subject: Subject, **changes) -> Subject:
        manifest = subject.manifest
        return subject.with_manifest(replace(manifest, code=replace(manifest.code, **changes)))

    refused("queries-few", "A query fewer.", coded(NORM, queries=43), 25, "insufficientSecurity")
    refused("grinding-less", "A bit of grinding fewer.", coded(NORM, grinding=19), 25, "insufficientSecurity")
    refused(
        "term",
        "A term besides the queries' has less: rows of 2^24.",
        coded(NORM, log_length=24),
        29,
        "insufficientSecurity",
    )
    refused("rate-high", "A higher rate with as many queries.", coded(NORM, log_blowup=4), 25, "insufficientSecurity")
    refused(
        "code-of-base",
        "Another code than the base's tableau, with a rounding clause.",
        coded(ROUNDING, log_length=15),
        26,
        "otherCode",
    )
    refused("code-of-base-aligned", "The same of an aligned manifest.", coded(ALIGNED, log_length=15), 26, "otherCode")
    refused("rows-too-short", "2^31 entries in rows of 2^14.", sized((1 << 16, 1 << 15)), 27, "rowsTooShort")
    refused(
        "row-count",
        "A row too many.",
        NORM.with_manifest(replace(NORM.manifest, rows=NORM.manifest.rows + 1)),
        30,
        "rowCount",
    )
    refused(
        "layout-digest",
        "Another layout digest.",
        NORM.with_manifest(replace(NORM.manifest, layout_digest=b"\1" * 32)),
        31,
        "layoutDigest",
    )
    refused(
        "other-length",
        "Longer rows, with the layout digest of the shorter ones.",
        coded(NORM, log_length=15),
        31,
        "layoutDigest",
    )
    pins = NORM.parts.drift_pins
    refused("pins-short", "A pin too few.", NORM.with_parts(drift_pins=pins[:-24]), 32, "driftPins")
    refused(
        "pins-not-canonical",
        "A pin's word is p.",
        NORM.with_parts(drift_pins=u64(0xFFFFFFFF00000001) + pins[8:]),
        32,
        "driftPins",
    )
    for bands, says in ((1, "without their number"), (2, "as two")):
        add(
            found,
            f"bands-as-{bands}",
            f"Leaves in three bands, stated {says}: all hashes are right, pins and challenges others.",
            BANDS.with_manifest(replace(BANDS.manifest, code=replace(BANDS.manifest.code, bands=bands))),
            11,
            "sumcheckFinal A",
            _check(34),
        )
    looser = json.loads(NORM.policy.content.decode().replace("0.25", "0.5"))
    add(
        found,
        "looser-bound",
        "The proof of a bound, sealed with a looser one.",
        NORM.resealed(policy=looser),
        11,
        "sumcheckFinal A",
        _check(34),
    )
    entry = copy.deepcopy(ROOT.value)
    entry["tensors"][0]["sha256"] = "cd" * 32
    add(
        found,
        "other-base-sealed",
        "The proof about a base, sealed with another's digest.",
        ROOT.resealed(identity=entry),
        11,
        "sumcheckFinal A",
        _check(34),
    )


def _hand(subject: Subject, manifest=None, **changes) -> Subject:
    """A small certificate with other parts, sealed again."""
    if manifest is not None:
        changes["manifest"] = tampering.manifest_bytes(manifest)
    parts = replace(subject.parts, **changes)
    parts = replace(parts, tuned_commitment=parts.commitment_of_parts)
    return replace(subject, certificate=Bytes(tampering.certificate_bytes(parts)))
