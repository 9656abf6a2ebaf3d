# SPDX-License-Identifier: Apache-2.0
"""Which rule decides which tensor, and whether base, tuned model and policy fit together
(specification/policy-grammar.md, section 4; checks-and-exit-codes.md, sections 2 and 3)."""

from math import prod

from .datatypes import FLOATING
from .errors import InvalidProof, NotCovered
from .identity import BaseIdentity, BaseTensor, chunk_positions, has_units
from .manifest import ADAPTER_UNCHANGED, KRONECKER, PRODUCT, PRODUCT_KINDS, Manifest, TunedTensor
from .policy import ANY, CLAUSES, FROZEN, OF_COLUMNS, OF_SLICES, OF_TUNED, Blocks, Pattern, Policy, Rule
from .rules import blocks, fits_heads, largest_rank, matrix, product_sizes
from .wire import name_order, repeats_canonically

MAXIMUM_RANK = 1024
MAXIMUM_PRODUCT_COLUMNS = 1 << 27


def decide(policy: Policy, names: list[str], every_rule: bool = True) -> dict[str, Rule]:
    """The first rule whose pattern matches decides a name; every name has a rule, every rule a name."""
    if repeats_canonically(names):
        raise NotCovered("two names are canonically equivalent")
    patterns = [Pattern(rule.pattern) for rule in policy.rules]
    decisions, used = {}, set()
    for name in names:
        found = next((index for index, pattern in enumerate(patterns) if pattern.matches(name)), None)
        if found is None:
            raise NotCovered(f"{name}: no rule decides it")
        decisions[name] = policy.rules[found]
        used.add(found)
    for index, rule in enumerate(policy.rules if every_rule else ()):
        if index not in used:
            raise NotCovered(f"rule {index + 1} ({rule.pattern!r}) decides no tensor")
    return decisions


def all_names(identity: BaseIdentity, manifest: Manifest) -> list[str]:
    return sorted(identity.by_name.keys() | manifest.by_name.keys(), key=name_order)


def check_adapter_records(identity: BaseIdentity, manifest: Manifest) -> None:
    """Check 17: records of adapters fit the base."""
    for tensor in manifest.tensors:
        if tensor.is_dense:
            continue
        base = identity.by_name.get(tensor.name)
        if base is None or base.dtype != tensor.dtype or base.shape != tensor.shape:
            raise InvalidProof(f"{tensor.name}: an adapter's record of a tensor that the base does not have like this")
        if tensor.kind == PRODUCT:
            _, columns = matrix(tensor.shape)
            if tensor.dtype not in FLOATING or not 1 <= tensor.rank <= min(columns, MAXIMUM_RANK):
                raise InvalidProof(f"{tensor.name}: a product of this type or rank is none")
        if tensor.kind == KRONECKER and (tensor.dtype not in FLOATING or product_sizes(tensor) is None):
            raise InvalidProof(f"{tensor.name}: a product of this type, or with these blocks, is none")


def _shape_fits(base: BaseTensor, tuned: TunedTensor, rule: Rule, revised: bool) -> bool:
    if base.shape == tuned.shape:
        return True
    return (
        revised
        and base.is_floating
        and len(base.shape) == len(tuned.shape) >= 1
        and base.shape[1:] == tuned.shape[1:]
        and base.shape[0] < tuned.shape[0] <= base.shape[0] + (rule.grow or 0)
        and base.entries > 0
    )


def rounding_obstacle(identity: BaseIdentity, base: BaseTensor, tuned: TunedTensor) -> str | None:
    """Why no rounding bound can be put on a tensor (specification/statement.md, section 10)."""
    if base.dtype not in ("F16", "BF16") or tuned.dtype != base.dtype:
        return "rounding bounds are for F16 and BF16, in base and tuned model alike"
    if base.shape != tuned.shape:
        return "rounding bounds admit no other shape"
    line = identity.linked and identity.linked.tensors.get(base.name)
    if not line or not has_units(line, chunk_positions(*matrix(base.shape))):
        return "the base is nearly zero, or not committed to"
    return None


def pattern_obstacle(identity: BaseIdentity, base: BaseTensor, tuned: TunedTensor, rule: Rule) -> str | None:
    """Why a rule's patterns cannot be put on a tensor (specification/statement.md, section 11)."""
    patterns = [clause.pattern for clause in rule.clauses if clause.pattern]
    _, columns = matrix(tuned.shape)
    if rule.heads and rule.heads.axis == OF_COLUMNS:
        columns = rule.heads.size
    elif rule.heads and rule.heads.axis == OF_SLICES and rule.heads.size <= len(tuned.shape) - 2:
        columns = prod(tuned.shape[rule.heads.size + 1 :])
    if any(pattern.m and columns % pattern.m for pattern in patterns):
        return "a pattern's groups do not divide its columns"
    if any(pattern.is_of_weights for pattern in patterns):
        if base.dtype not in ("F16", "BF16"):
            return "patterns of weights are for bases of F16 and BF16"
        if base.shape != tuned.shape:
            return "patterns of weights admit no other shape"
        line = identity.linked and identity.linked.tensors.get(base.name)
        if not line or not has_units(line, chunk_positions(*matrix(base.shape))):
            return "the base is nearly zero, or not committed to"
    return None


def blocks_fill(base: BaseTensor, tuned: TunedTensor, rule: Rule) -> bool:
    """Whether the blocks of a rule's clauses fill a tensor, or each of its heads (specification/statement.md, 11)."""
    if rule.heads and not fits_heads(base.shape, rule.heads):
        return True
    _, rows, columns = next(blocks("", tuned.shape, rule.heads))
    return all(
        (not clause.blocks or clause.blocks.fill(rows, columns))
        and (not clause.circulant or (rows | columns) % clause.circulant == 0)
        for clause in rule.clauses
    )


def check_coverage(identity: BaseIdentity, manifest: Manifest, decisions: dict[str, Rule]) -> None:
    """Check 18."""
    for name, rule in decisions.items():
        if rule.kind == ANY:
            continue
        base, tuned = identity.by_name.get(name), manifest.by_name.get(name)
        if base is None or tuned is None:
            raise NotCovered(f"{name}: missing in the {'base' if base is None else 'tuned model'}")
        both_floating = base.is_floating and tuned.dtype in FLOATING
        if base.dtype != tuned.dtype and not (manifest.has_revised_rules and both_floating):
            raise NotCovered(f"{name}: another type")
        if not _shape_fits(base, tuned, rule, manifest.has_revised_rules):
            raise NotCovered(f"{name}: another shape")
        if rule.kind != CLAUSES:
            continue
        if not base.is_floating or base.unencodable is not None:
            raise NotCovered(f"{name}: has no numbers for a clause")
        if any(clause.rounding for clause in rule.clauses) and tuned.is_dense and base.entries:
            obstacle = rounding_obstacle(identity, base, tuned)
            if obstacle:
                raise NotCovered(f"{name}: {obstacle}")
        if any(clause.pattern for clause in rule.clauses) and tuned.is_dense and tuned.entries:
            obstacle = pattern_obstacle(identity, base, tuned, rule)
            if obstacle:
                raise NotCovered(f"{name}: {obstacle}")
        has_blocks = any(clause.blocks or clause.circulant for clause in rule.clauses)
        if has_blocks and tuned.is_dense and tuned.entries and not blocks_fill(base, tuned, rule):
            raise NotCovered(f"{name}: blocks do not fill it")
        if rule.heads and base.entries and not fits_heads(base.shape, rule.heads):
            raise NotCovered(f"{name}: cannot be cut like this")


def check_alignable(identity: BaseIdentity, manifest: Manifest, decisions: dict[str, Rule]) -> None:
    """The drift of an aligned manifest can be added to the base's tableau (protocol.md, section 13)."""
    for name, rule in decisions.items():
        base, tuned = identity.by_name.get(name), manifest.by_name.get(name)
        if rule.kind == ANY:
            raise NotCovered(f"{name}: excluded, in an aligned certificate")
        if not tuned.is_dense:
            raise NotCovered(f"{name}: an adapter's, in an aligned certificate")
        if rule.heads and tuned.entries:
            raise NotCovered(f"{name}: has heads, in an aligned certificate")
        if base.dtype != tuned.dtype or base.shape != tuned.shape:
            raise NotCovered(f"{name}: another type or shape, in an aligned certificate")
        if rule.kind == CLAUSES and tuned.entries and name not in identity.linked.tensors:
            raise NotCovered(f"{name}: changes and is not in the base's tableau")


def _has_blocks(tensor: TunedTensor, wanted: Blocks, rule: Rule) -> bool:
    """Whether a sum of Kronecker products allows an adapter's product, whatever is in its factors."""
    rows, columns = matrix(tensor.shape)
    if tensor.kind != KRONECKER or rule.heads or not wanted.fill(rows, columns):
        return False
    return tensor.inner == (wanted.rows, wanted.columns) or wanted.terms >= wanted.most(rows, columns)


def check_products(identity: BaseIdentity, manifest: Manifest, decisions: dict[str, Rule]) -> None:
    """Check 19: products of adapters are inside the policy."""
    gaps, outside, impossible = [], [], []
    for tensor in manifest.tensors:
        rule = decisions[tensor.name]
        patterns = [clause.pattern for clause in rule.clauses if clause.pattern]
        if tensor.kind == ADAPTER_UNCHANGED and any(pattern.form == OF_TUNED for pattern in patterns):
            gaps.append(tensor.name)
        if tensor.kind not in PRODUCT_KINDS or rule.kind == ANY:
            continue
        if patterns or any(
            clause.circulant or (clause.blocks and not _has_blocks(tensor, clause.blocks, rule))
            for clause in rule.clauses
        ):
            gaps.append(tensor.name)
            continue
        if rule.kind == FROZEN:
            outside.append(tensor.name)
            continue
        shapes = {(rows, columns) for _, rows, columns in blocks(tensor.name, tensor.shape, rule.heads)}
        if rule.heads and rule.heads.axis == OF_SLICES:
            for rows, columns in shapes:
                if any(clause.rank is None or clause.rank < min(rows, columns) for clause in rule.clauses):
                    impossible.append(tensor.name)
            continue
        if any(
            (clause.entrywise or clause.rounding) and clause.rank is None and not clause.blocks
            for clause in rule.clauses
        ):
            gaps.append(tensor.name)
            continue
        for clause in rule.clauses:
            if clause.norm:
                if rule.heads:
                    impossible.append(tensor.name)
            elif clause.blocks:
                continue
            elif clause.rank is None:
                outside.append(tensor.name)
            elif any(min(largest_rank(tensor), rows, columns) > clause.rank for rows, columns in shapes):
                outside.append(tensor.name)
        if (product_sizes(tensor) or (0, 0, 0))[1] > MAXIMUM_PRODUCT_COLUMNS:
            impossible.append(tensor.name)
    if gaps:
        raise NotCovered(f"{gaps[0]}: a pattern, blocks, or a bound of entries without a rank, under an adapter")
    if outside:
        raise InvalidProof(f"{outside[0]}: the adapter's product is outside the policy")
    if impossible:
        raise InvalidProof(f"{impossible[0]}: the policy's clauses cannot be proved of a product")


def needs_digest(tensor: TunedTensor, identity: BaseIdentity, rule: Rule) -> bool:
    """Which tensors have a byte digest (specification/files.md, section 3)."""
    if tensor.kind == ADAPTER_UNCHANGED:
        return False
    if tensor.kind in PRODUCT_KINDS or rule.kind == ANY:
        return True
    return rule.kind == CLAUSES and tensor.entries > 0 and tensor.name in identity.by_name


def check_digests(identity: BaseIdentity, manifest: Manifest, decisions: dict[str, Rule]) -> None:
    """Check 23."""
    for tensor in manifest.tensors:
        if (tensor.digest is not None) != needs_digest(tensor, identity, decisions[tensor.name]):
            raise InvalidProof(f"{tensor.name}: a digest is missing, or stands where none may be")
