#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of worked-examples.md. Standard library only; every function names the page that it follows.

python3 docs/specification/examples.py > docs/specification/worked-examples.md
"""

import hashlib
import json
import math
import pathlib
from fractions import Fraction

P = 2**64 - 2**32 + 1


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u32(n):
    return n.to_bytes(4, "little")


def u64(n):
    return n.to_bytes(8, "little")


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return u64(len(data)) + data


def ceil_log2(n):
    return 0 if n <= 1 else (n - 1).bit_length()


# transcript-and-field.md, sections 2 to 4


def root_of_unity(k):
    return pow(7, (P - 1) >> k, P)


def k_mul(a, b):
    return (
        (a[0] * b[0] + 7 * (a[1] * b[2] + a[2] * b[1])) % P,
        (a[0] * b[1] + a[1] * b[0] + 7 * a[2] * b[2]) % P,
        (a[0] * b[2] + a[1] * b[1] + a[2] * b[0]) % P,
    )


def k_add(a, b):
    return tuple((x + y) % P for x, y in zip(a, b))


def k_sub(a, b):
    return tuple((x - y) % P for x, y in zip(a, b))


def k_of(n):
    return (n % P, 0, 0)


ONE, ZERO = k_of(1), k_of(0)


def eq_at(point, index):
    result = ONE
    for bit, x in enumerate(point):
        result = k_mul(result, x if index >> bit & 1 else k_sub(ONE, x))
    return result


def eq_points(a, b):
    result = ONE
    for x, y in zip(a, b, strict=True):
        product = k_mul(x, y)
        result = k_mul(result, k_add(k_sub(k_sub(ONE, x), y), k_add(product, product)))
    return result


def less(a, n, b=None):
    result = ZERO
    for i in range(n):
        result = k_add(result, eq_at(a, i) if b is None else k_mul(eq_at(a, i), eq_at(b, i)))
    return result


def interpolate(values, r):
    result = ZERO
    for i, value in enumerate(values):
        factor = ONE
        for j in range(len(values)):
            if j != i:
                factor = k_mul(k_mul(factor, k_sub(r, k_of(j))), k_of(pow(i - j, P - 2, P)))
        result = k_add(result, k_mul(value, factor))
    return result


# transcript-and-field.md, sections 5 and 7


class Transcript:
    def __init__(self, start="driftproof/argument/v1"):
        self.state = sha(start.encode())

    def absorb(self, label, kind, message):
        self.state = sha(b"driftproof/absorb", self.state, text(label), bytes([kind]), text(message))

    def bytes(self, label, count):
        self.absorb(label, 5, b"")
        blocks = [sha(b"driftproof/expand", self.state, u64(c)) for c in range((count + 31) // 32)]
        return b"".join(blocks)[:count]

    def challenge(self, label):
        self.absorb(label, 5, b"")
        words, block = [], 0
        while len(words) < 3:
            data = sha(b"driftproof/expand", self.state, u64(block))
            words += [w for w in (int.from_bytes(data[i : i + 8], "little") for i in (0, 8, 16, 24)) if w < P]
            block += 1
        return tuple(words[:3])

    def challenges(self, label, count):
        return [self.challenge(f"{label}/{i}") for i in range(count)]

    def outside(self, label):
        attempt = 0
        while True:
            point = self.challenge(f"{label}/{attempt}")
            if point[1] or point[2]:
                return point
            attempt += 1

    def positions(self, label, count, log):
        found, attempt = set(), 0
        while len(found) < count:
            data = self.bytes(f"{label}/{attempt}", 8 * count)
            for i in range(count):
                if len(found) < count:
                    found.add(int.from_bytes(data[8 * i : 8 * i + 8], "little") & ((1 << log) - 1))
            attempt += 1
        return sorted(found)


def projection(data, m, x):
    column = int.from_bytes(data[33 * x : 33 * x + 33], "little")
    return (column >> m & 1) + (column >> (m + 132) & 1) - 1


# commitment-and-opening.md


def reverse(value, bits):
    return int(format(value, f"0{bits}b")[::-1], 2) if bits else 0


def point_of(position, k, shift=7):
    return shift * pow(root_of_unity(k), reverse(position, k), P) % P


def parameters(l, b, t, g, q):
    return b"".join(map(u64, (l, b, t, g, q)))


def drift_tail(t, q):
    return q + 3 * (q // t) + 3


def query_bits(l, b, t, g, q):
    rate = (2**l + drift_tail(t, q)) / 2 ** (l + b)
    return -t * math.log2(math.sqrt(rate) * (1 + 1 / 64)) + g


def leaf(tag, label, words, log_leaves, salt, values):
    header = b"\0" + tag + u64(words) + u64(log_leaves) + sha(label.encode())[:8]
    data = header + salt + b"".join(map(u64, values))
    return sha(data + bytes(-len(data) % 64))


def banded_leaf(label, log_leaves, salt, values, bands):
    blocks = (len(values) + 7) // 8
    count = min(bands, blocks)
    digests = b""
    for b in range(count):
        run = values[8 * (b * blocks // count) : 8 * ((b + 1) * blocks // count)]
        digests += leaf(b"dp-band", f"{label}/band {b}", len(run), log_leaves, salt, run)
    words = [int.from_bytes(digests[i : i + 8], "little") for i in range(0, len(digests), 8)]
    return leaf(b"dp-join", label, len(words), log_leaves, bytes(32), words)


def drift_point(code, rows, root):
    transcript = Transcript("driftproof/pins/v1")
    transcript.absorb("code", 1, parameters(*code))
    transcript.absorb("label", 1, b"drift")
    transcript.absorb("shapes", 1, (u64(2 ** code[0]) + u64(drift_tail(code[2], code[4]))) * rows)
    transcript.absorb("root", 4, root)
    return transcript.outside("pin")


def siblings(leaves, depth):
    result, nodes = [], list(leaves)
    for level in range(depth):
        known = set(nodes)
        result += [(level, node ^ 1) for node in nodes if node ^ 1 not in known]
        nodes = sorted({node >> 1 for node in nodes})
    return result


def fold_leaf(values, leaf_index, k, challenges):
    size, shift = len(values).bit_length() - 1, 7
    current, first = list(values), leaf_index << size
    for r in challenges:
        folded = []
        for pair in range(len(current) // 2):
            eta = point_of(first + 2 * pair, k, shift)
            a, b = current[2 * pair], current[2 * pair + 1]
            even = k_mul(k_add(a, b), k_of(pow(2, P - 2, P)))
            odd = k_mul(k_sub(a, b), k_of(pow(2 * eta, P - 2, P)))
            folded.append(k_add(even, k_mul(r, k_sub(odd, even))))
        current, first, k, shift = folded, first >> 1, k - 1, shift * shift % P
    return current[0]


def plan(l, k, t, g, c):
    inner = min(14, g)
    known = {}

    def sound(domain, rate):
        return 20 + domain + (3 * rate + 1) // 2 <= 61

    def layer(length, domain, folds, first):
        rate = domain - length
        queries = t if first else max(1, -(-10000 * (128 - inner) // (5000 * rate - 875)))
        if not first:
            queries = min(queries, 1 << (domain - folds))
        return (length, domain, folds, queries, g if first else inner)

    def cost(entry, first):
        _, domain, folds, queries, _ = entry
        leaves = min(queries, 1 << (domain - folds))
        paths = 8 * leaves * max(0, 4 * (domain - folds) - 4 - ((leaves**4).bit_length() - 1))
        own = 40 + 24 * c + 48 * folds + leaves * 24 * c * 2**folds + paths
        return own + (0 if first else 3 * c * 2**domain // 1024)

    def best(length, domain, first=False):
        if not first and (length, domain) in known:
            return known[length, domain]
        found = None
        for folds in range(1, min(4, length) + 1):
            entry = layer(length, domain, folds, first)
            own, rest = cost(entry, first), length - folds
            candidates = [(own + 24 * c * 2**rest, [entry], rest)]
            for below in range(domain - folds, domain) if rest else ():
                if sound(below, below - rest):
                    price, layers, final = best(rest, below)
                    candidates.append((own + price, [entry] + layers, final))
            for candidate in candidates:
                if found is None or candidate[0] < found[0]:
                    found = candidate
        if not first:
            known[length, domain] = found
        return found

    return best(l, k, True)


# layout.md


def padded(rows, columns):
    row_bits = ceil_log2(rows)
    return row_bits, max(ceil_log2(columns), 6 - row_bits)


def grid(rows, columns, l):
    """(w, row tiles, column tiles, row tile bits, column tile bits); None for a small tensor."""
    row_bits, column_bits = padded(rows, columns)
    if row_bits + column_bits < l:
        return None
    best = None
    for w in range(max(0, l - row_bits), min(column_bits, l) + 1):
        tiles = (-(-rows // 2 ** (l - w)), -(-columns // 2**w))
        if best is None or tiles[0] * tiles[1] <= best[1] * best[2]:
            best = (w, *tiles, row_bits - (l - w), column_bits - w)
    return best


def dyadic(n):
    result, start = [], 0
    for log in range(n.bit_length() - 1, -1, -1):
        if n >> log & 1:
            result.append((start, 1 << log))
            start += 1 << log
    return result


def falling(sizes):
    return sorted(range(len(sizes)), key=lambda i: -sizes[i])


def digit_weights(half):
    """Weights of the 16 cells of a number of range -half ..< half."""
    if half == 0:
        return [0] * 16
    n = 8 if half > 2**29 else 7
    step = (2 * half - 2**16) // (4**n - 1)
    return [4**i for i in range(8)] + [step * 4**i for i in range(n)] + [0] * (8 - n)


class Layout:
    """layout.md for tensors {name, rows, columns, f, plain, bound, clauses, orthonormal}, clauses {rank, sparse, count,
    scale, bound, square}; without rounding claims. `square` is τ²."""

    def __init__(self, tensors, l, total=None):
        self.tensors, self.l, self.total = tensors, l, total
        self.signatures = [
            ([(0, False, False)] if t["plain"] else [])
            + [
                (c["scale"], c["bound"] is None and c["square"] is None, c["square"] is not None)
                for c in t["clauses"]
            ]
            for t in tensors
        ]
        self.logs = [padded(t["rows"], t["columns"]) for t in tensors]
        self.grids = [grid(t["rows"], t["columns"], l) for t in tensors]
        self.place_rows()
        self.place_blocks()
        self.place_chunks()
        self.place_factors()
        self.place_orthonormal()
        self.place_digits()
        self.count_rows()

    def place_rows(self):
        self.place, self.rows, groups = {}, 0, {}
        for i, cut in enumerate(self.grids):
            if cut:
                self.place[i] = (self.rows, 0)
                self.rows += cut[1] * cut[2]
            else:
                groups.setdefault(tuple(self.signatures[i]), []).append(i)
        for members in groups.values():
            used = 2**self.l
            for position in falling([sum(self.logs[i]) for i in members]):
                i = members[position]
                size = 2 ** sum(self.logs[i])
                if used + size > 2**self.l:
                    self.rows, used = self.rows + 1, 0
                self.place[i] = (self.rows - 1, used)
                used += size

    def place_blocks(self):
        blocks, shared = [], {}
        for i, signatures in enumerate(self.signatures):
            for number, signature in enumerate(signatures):
                key = (self.place[i][0], number)
                if self.grids[i] is None and key in shared:
                    shared[key]["members"].append(i)
                    continue
                cut = self.grids[i]
                block = {
                    "signature": signature,
                    "set": number,
                    "members": [i],
                    "row": self.place[i][0],
                    "grid": cut,
                    "log": cut[3] + cut[4] if cut else 0,
                }
                blocks.append(block)
                if cut is None:
                    shared[key] = block
        blocks.sort(key=lambda b: (not b["signature"][2], b["signature"][1], -b["log"]))
        end, self.entry_end = 0, 0
        for block in blocks:
            size = 2 ** block["log"]
            block["base"] = -(-end // size) * size
            end = block["base"] + size
            if block["signature"][2]:
                self.entry_end = end
        self.blocks, self.space = blocks, self.l + ceil_log2(end)
        self.entry_space = self.l + ceil_log2(self.entry_end)
        self.block_of = {(i, b["set"]): b for b in blocks for i in b["members"]}

    def tiles(self, block):
        """(E-tile, row of the tableau) of the tiles that exist."""
        if block["grid"] is None:
            return [(block["base"], block["row"])]
        _, rows, columns, _, column_bits = block["grid"]
        return [
            (block["base"] + (i << column_bits) + j, block["row"] + i * columns + j)
            for i in range(rows)
            for j in range(columns)
        ]

    def cube(self, tensor, number):
        """Row variables, column variables, origin."""
        block, l = self.block_of[tensor, number], self.l
        if block["grid"] is None:
            row_bits, column_bits = self.logs[tensor]
            columns = list(range(column_bits))
            rows = list(range(column_bits, column_bits + row_bits))
            return rows, columns, (block["base"] << l) + self.place[tensor][1]
        w, _, _, row_bits, column_bits = block["grid"]
        rows = list(range(w, l)) + [l + column_bits + b for b in range(row_bits)]
        return rows, list(range(w)) + [l + b for b in range(column_bits)], block["base"] << l

    def tile_cubes(self, block):
        """(free variables, origin)."""
        l = self.l
        if block["grid"] is None:
            return [(list(range(l)), block["base"] << l)]
        _, rows, columns, _, column_bits = block["grid"]
        return [
            (
                list(range(l))
                + [l + b for b in range(v.bit_length() - 1)]
                + [l + column_bits + b for b in range(u.bit_length() - 1)],
                (block["base"] + (a << column_bits) + b0) << l,
            )
            for a, u in dyadic(rows)
            for b0, v in dyadic(columns)
        ]

    def clause(self, tensor, number):
        index = number - (1 if self.tensors[tensor]["plain"] else 0)
        return None if index < 0 else self.tensors[tensor]["clauses"][index]

    def place_chunks(self):
        self.pieces, self.squares, self.exact, self.entry_pieces = [], [], [], 0
        for block in self.blocks:
            cubes = self.tile_cubes(block)
            if block["signature"][1]:
                self.exact += cubes
                continue
            self.pieces += [{"free": f, "origin": o, "n": 14} for f, o in cubes]
            if block["signature"][2]:
                self.entry_pieces = len(self.pieces)
            for i in block["members"]:
                clause = self.clause(i, block["set"])
                if block["signature"][2] and clause["bound"] is None:
                    continue
                if block["grid"] is None:
                    rows, columns, origin = self.cube(i, block["set"])
                    own = [(sorted(rows + columns), origin)]
                else:
                    own = cubes
                self.squares += [
                    {"free": f, "origin": o, "n": min(14, len(f)), "of": (i, block["set"])} for f, o in own
                ]
        for pieces in (self.pieces, self.squares):
            base = 0
            for i in falling([len(p["free"]) - p["n"] for p in pieces]):
                pieces[i]["base"] = base
                base += 2 ** (len(pieces[i]["free"]) - pieces[i]["n"])
        self.chunks = sum(2 ** (len(p["free"]) - p["n"]) for p in self.pieces)
        self.square_chunks = sum(2 ** (len(p["free"]) - p["n"]) for p in self.squares)

    def place_factors(self):
        self.low_rank, self.sparse = [], []
        for i, tensor in enumerate(self.tensors):
            for position, clause in enumerate(tensor["clauses"]):
                number = position + (1 if tensor["plain"] else 0)
                rows, columns, _ = self.cube(i, number)
                if clause["rank"]:
                    self.low_rank.append(
                        {"tensor": i, "set": number, "rank": clause["rank"], "log": ceil_log2(clause["rank"])}
                    )
                if clause["sparse"]:
                    index, vector = {
                        "entries": (columns + rows, []),
                        "rows": (rows, columns),
                        "columns": (columns, rows),
                    }[clause["sparse"]]
                    self.sparse.append(
                        {
                            "tensor": i,
                            "set": number,
                            "count": clause["count"],
                            "log": ceil_log2(clause["count"]),
                            "index": index,
                            "vector": vector,
                        }
                    )
        self.has_factors = bool(self.low_rank or self.sparse)
        self.used, self.factor_chunks, self.bits, self.masks = 0, 0, None, None

        def allocate(log):
            start = -(-self.used // 2**log) * 2**log
            self.used = start + 2**log
            return (start, log)

        wanted = []
        for clause in self.low_rank:
            wanted += [(self.logs[clause["tensor"]][side] + clause["log"], clause, "UV"[side]) for side in (0, 1)]
        for i in falling([w[0] for w in wanted]):
            wanted[i][1][wanted[i][2]] = allocate(wanted[i][0])
        self.factor_chunks = -(-self.used // 2**14)
        self.used = self.factor_chunks * 2**14

        def line_up(clauses):
            base = 0
            for i in falling([c["log"] for c in clauses]):
                clauses[i]["base"] = base
                base += 2 ** clauses[i]["log"]
            return ceil_log2(base)

        columns, self.log_slots = line_up(self.low_rank), line_up(self.sparse)
        self.bit_count = max((len(c["index"]) for c in self.sparse), default=0)
        for i in falling([c["log"] + len(c["vector"]) for c in self.sparse]):
            self.sparse[i]["values"] = allocate(self.sparse[i]["log"] + len(self.sparse[i]["vector"]))
        if self.bit_count:
            self.bits = allocate(self.log_slots + ceil_log2(self.bit_count))
        if self.has_factors:
            self.masks = allocate(3 + ceil_log2(5 + self.bit_count))
        self.factor_variables = max(4, ceil_log2(self.used))
        self.structure_variables = max(3, columns, self.log_slots)

    def place_orthonormal(self):
        self.members = [
            {
                "tensor": i,
                "rows": t["rows"],
                "f": t["f"],
                "log": max(2, ceil_log2(t["rows"])),
                "columns": self.logs[i][1],
            }
            for i, t in enumerate(self.tensors)
            if t["orthonormal"]
        ]
        base = 0
        for i in falling([m["columns"] for m in self.members]):
            self.members[i]["base"] = base
            base += 2 ** self.members[i]["columns"]
        self.orthonormal_variables = max(3, ceil_log2(base))
        self.orthonormal_rows = max((m["log"] for m in self.members), default=0)

    def place_digits(self):
        self.lines = []
        for i, tensor in enumerate(self.tensors):
            for number in range(len(self.signatures[i])):
                clause = self.clause(i, number)
                bound = tensor["bound"] if clause is None else clause["bound"]
                if bound is not None:
                    terms = [(p, 0, 0) for p in self.squares if p["of"] == (i, number)]
                    self.lines.append({"bound": bound + [0] * (6 - len(bound)), "terms": terms})
        counted = [i for i, t in enumerate(self.tensors) if not t["orthonormal"]]
        if self.total is not None:
            finest = max(self.tensors[i]["f"] for i in counted)
            shifts = {i: 2 * (finest - self.tensors[i]["f"]) for i in counted}
            size = 6 + max(shifts.values()) // 15 + 1
            terms = [(p, shifts[i] // 15, shifts[i] % 15) for i in counted for p in self.squares if p["of"] == (i, 0)]
            self.lines.append({"bound": self.total + [0] * (size - len(self.total)), "terms": terms})
        runs = []
        for i, piece in enumerate(self.pieces):
            m = len(piece["free"]) - 14
            runs += [(("E", i, "main"), m + 11), (("E", i, "rest"), m + 6)]
        if self.factor_chunks:
            m = ceil_log2(self.factor_chunks)
            runs += [(("UV", 0, "main"), m + 11), (("UV", 0, "rest"), m + 6)]
        if self.square_chunks:
            runs.append((("squares", 0, ""), ceil_log2(self.square_chunks) + 5))
        runs += [(("line", i, ""), 5 + ceil_log2(len(line["bound"]))) for i, line in enumerate(self.lines)]
        runs += [(("products", i, ""), 2 * m["log"] + 4) for i, m in enumerate(self.members)]
        for family in ("a", "d") if self.entry_end else ():
            for i in range(self.entry_pieces):
                m = len(self.pieces[i]["free"]) - 14
                runs += [((family, i, "main"), m + 11), ((family, i, "rest"), m + 6)]
        self.digit_runs, end = {}, 0
        for i in falling([log for _, log in runs]):
            name, log = runs[i]
            self.digit_runs[name] = (end, log)
            end += 2**log
        self.digits_used, self.digit_variables = end, max(3, ceil_log2(end))

    def count_rows(self):
        """Rows of P1 and P2 as (name, number), and Libra's lengths of the stages A, B, C, O."""
        width = 2**self.l
        entry_tiles = [t for b in self.blocks if b["signature"][2] for t in self.tiles(b)]
        factors = [("G", max(1, -(-self.used // width))), ("mask of G", 1)] if self.has_factors else []
        self.p1 = factors + ([("a", len(entry_tiles))] if entry_tiles else [])
        self.p2 = [("D", max(1, -(-self.digits_used // width))), ("mask of D", 1), ("mask of E", 1)]
        self.p2 += [("O", 1), ("mask of O", 1)] if self.members else []
        self.p2 += [("mask of a", 1)] if entry_tiles else []
        self.p2 += [("opening A", 3)] + ([("opening C", 3)] if self.has_factors else [])
        self.p2 += [("Libra", 3), ("mask of Libra", 3)]
        self.bounds_variables = max(
            self.space, self.digit_variables, self.factor_variables if self.has_factors else 0
        )
        self.degree_b = max(3, self.bit_count + 2)
        self.libra = [1 + 5 * (self.bounds_variables + 1)]
        if self.has_factors:
            self.libra += [1 + self.degree_b * (self.structure_variables + 1), 1 + 2 * (self.factor_variables + 1)]
        if self.members:
            self.libra.append(1 + 3 * (self.orthonormal_variables + 1))


def tensor(name, rows, columns, f=23, plain=False, bound=None, clauses=(), orthonormal=False):
    return {
        "name": name,
        "rows": rows,
        "columns": columns,
        "f": f,
        "plain": plain,
        "bound": bound,
        "clauses": list(clauses),
        "orthonormal": orthonormal,
    }


def clause(rank=None, sparse=None, count=0, scale=0, bound=None, square=None):
    return {"rank": rank, "sparse": sparse, "count": count, "scale": scale, "bound": bound, "square": square}


# statement.md


def decimal(value):
    return Fraction(value)


def floor_bound(value, factor, shift):
    return math.floor(decimal(value) ** 2 * factor * Fraction(4) ** shift)


def limbs(bound, count=6):
    bound = min(bound, 2 ** (15 * count) - 1)
    return [bound >> (15 * i) & 0x7FFF for i in range(count)]


def superfluous(bound, rows, columns):
    log = max(6, ceil_log2(rows) + ceil_log2(columns))
    chunks, neighbours = 2 ** max(0, log - 14), max(0, 14 - log)
    square = bound * 2**neighbours * min(chunks, 16) // chunks
    return max(0, (ceil_log2(square) - 51 + 1) >> 1)


def factor_limit(rank, drift, top=20):
    return max(0, min((102 - ceil_log2(rank * drift)) >> 1, top))


def residual_scale(residual, rows, columns, rank, drift):
    neighbours = max(0, 14 - max(6, ceil_log2(rows) + ceil_log2(columns)))
    return max(0, min(25 - (ceil_log2(residual << neighbours) + 1) // 2, factor_limit(rank, drift)))


def right_bits(rank, columns):
    rho, kappa = padded(rank, columns)
    share = max(0, 14 - kappa)
    for l in range(14, 27):
        cut = grid(rank, columns, l)
        if cut is None:
            break
        share = max(share, min(rho, max(0, 14 - cut[0])))
    return min(24 if rank <= 256 else 23, (51 - share) // 2)


def rounding_step(value, count):
    best = (1, 0)
    for t in range(4):
        for c in range(1, 7):
            if best[0] << (2 * best[1]) < c << (2 * t) <= min(192, 4 * decimal(value) ** 2 * count):
                best = (c, t)
    return best


# policy-grammar.md, section 5, and format.md, "Policy"


def canonical_policy(policy):
    def string(value):
        return u32(len(value.encode())) + value.encode()

    def number(value):
        value = decimal(value)
        if value == 0:
            return u64(0) + u32(0)
        exponent = 0
        while value.denominator != 1:
            value, exponent = value * 10, exponent - 1
        while value % 10 == 0:
            value, exponent = value / 10, exponent + 1
        return u64(int(value)) + exponent.to_bytes(4, "little", signed=True)

    def bound(value):
        return b"\0" + number(value["relative"]) if "relative" in value else b"\1" + number(value["absolute"])

    def optional(value):
        return b"\0" if value is None else b"\1" + bound(value)

    def clause(value):
        if "norm" in value:
            return b"\0" + bound(value["norm"])
        of_weight = "ofWeight" in value.get("entrywise", {})
        form = 3 if "rounding" in value or of_weight else 2 if "entrywise" in value else 1
        data = bytes([form]) + (b"\1" + u32(value["rank"]) if "rank" in value else b"\0")
        sparse = next((i for i, key in enumerate(("entries", "rows", "columns"), 1) if key in value), 0)
        data += bytes([sparse]) + (u32(value[("entries", "rows", "columns")[sparse - 1]]) if sparse else b"")
        data += optional(value.get("residual"))
        if form == 2:
            data += bound(value["entrywise"])
        if of_weight:
            data += b"\2" + number(value["entrywise"]["ofWeight"])
            least = value["entrywise"].get("absolute")
            data += b"\0" if least is None else b"\1" + number(least)
        elif form == 3:
            rounding = value["rounding"]
            if "halfUlps" in rounding:
                data += b"\0" + number(rounding["halfUlps"])
            else:
                words = rounding.get("of", ["tuned"])
                data += bytes([1, sum({"tuned": 1, "base": 2, "update": 4}[w] for w in words)])
                data += number(rounding["roundoffs"])
        return data

    def clauses(value):
        value = value if isinstance(value, list) else [value]
        return u32(len(value)) + b"".join(map(clause, value))

    data = string("driftproof/policy/v1") + u32(1) + string(policy["name"]) + u32(128) + u32(len(policy["rules"]))
    for rule in policy["rules"]:
        data += string(rule["tensors"])
        allow = rule["allow"]
        if allow in ("frozen", "any"):
            data += b"\0" if allow == "frozen" else b"\1"
        elif "heads" in rule:
            heads = rule["heads"]
            axis = ("rows", "columns", "slices").index(heads["of"])
            data += bytes([3, axis]) + u32(heads.get("axes", 1) if axis == 2 else heads["size"]) + clauses(allow)
        elif "grow" in rule:
            data += b"\4" + u32(rule["grow"]["rows"]) + clauses(allow)
        else:
            data += b"\2" + clauses(allow)
    total = policy.get("total")
    return data + optional(total and total["norm"])


# files.md, section 2


def sections(certificate):
    assert certificate[:12] == b"driftprf" + u32(2)
    result, at = [], 12
    for _ in range(8):
        size = int.from_bytes(certificate[at : at + 8], "little")
        result.append(certificate[at + 8 : at + 8 + size])
        at += 8 + size
    assert at == len(certificate)
    return result


# The page


def show(name, value):
    if isinstance(value, bytes):
        value = value.hex()
    print(f"    {name:42} {value}")


def main():
    here = pathlib.Path(__file__).resolve().parent
    print("# Worked examples")
    print()
    print(
        "Printed by [examples.py](examples.py) (Python, standard library), which is also each rule in executable form:"
    )
    print("`python3 docs/specification/examples.py`. Elements of K are triples, digests hexadecimal.")

    print("\n## Field\n")
    a, b = (1, 2, 3), (P - 1, 5, 2**63)
    show("(1, 2, 3)·(p-1, 5, 2^63)", k_mul(a, b))
    show("eq(((1,2,3), (4,5,6)), 2)", eq_at([(1, 2, 3), (4, 5, 6)], 2))
    show("eq of the points ((1,2,3)), ((4,5,6))", eq_points([(1, 2, 3)], [(4, 5, 6)]))
    show("less(((1,2,3), (4,5,6)), 3)", less([(1, 2, 3), (4, 5, 6)], 3))
    show("less of that and ((7,8,9), (1,0,1)), 3", less([(1, 2, 3), (4, 5, 6)], 3, [(7, 8, 9), (1, 0, 1)]))
    show("1, 4, 9 at 0, 1, 2; value at (5, 1, 0)", interpolate([k_of(1), k_of(4), k_of(9)], (5, 1, 0)))

    print("\n## Transcript\n")
    t = Transcript()
    show("start", t.state)
    t.absorb("binding", 1, b"abc")
    show('absorb("binding", 1, "abc")', t.state)
    show('challenge("lambda")', t.challenge("lambda"))
    show("the state then", t.state)
    show('challenges("s", 2), the second', t.challenges("s", 2)[1])
    show('point outside F("pins of P1")', t.outside("pins of P1"))
    show('positions("opening/positions", 5, 10)', t.positions("opening/positions", 5, 10))
    data = t.bytes("R", 33 * 2**14)
    show('bytes("R"), the first 8', data[:8])
    show("R_0(0…11)", [projection(data, 0, x) for x in range(12)])
    show("R_131(0…11)", [projection(data, 131, x) for x in range(12)])

    print("\n## Code, leaves, folding\n")
    show("η_0, η_1, η_2, η_3 for k = 4", [point_of(j, 4) for j in range(4)])
    show("leaf of P1: k = 17, 2 rows, salt 0…, 5, 6", leaf(b"dp-rows", "P1", 2, 17, bytes(32), [5, 6]))
    show("the same of 9 rows, 1 to 9, G = 2", banded_leaf("P1", 17, bytes(32), list(range(1, 10)), 2))
    show("siblings of leaves 1, 4, 5 at depth 3", siblings([1, 4, 5], 3))
    coefficients = [(i + 1, i, 0) for i in range(8)]

    def value_at(position):
        x, power, total = point_of(position, 5), 1, ZERO
        for coefficient in coefficients:
            total, power = k_add(total, k_mul(coefficient, k_of(power))), power * x % P
        return total

    r = [(2, 0, 1), (3, 1, 0)]
    folded = fold_leaf([value_at(12 + i) for i in range(4)], 3, 5, r)
    low = [ZERO, ZERO]
    for i, coefficient in enumerate(coefficients):
        low[i >> 2] = k_add(low[i >> 2], k_mul(eq_at(r, i & 3), coefficient))
    x = pow(point_of(12, 5), 4, P)
    assert folded == k_add(low[0], k_mul(low[1], k_of(x)))
    print("\nThe polynomial Σ (i + 1, i, 0)·X^i, i < 8, at positions 12…15 of 2^5, folded by (2, 0, 1), (3, 1, 0):\n")
    show("values at 12, 13", [value_at(12), value_at(13)])
    show("folded value", folded)
    show("its point", x)
    show("the folded polynomial's coefficients", low)

    print("\n## Folding plans\n")
    print("Layers as (log length, log domain, folds, queries, grinding bits); c folded claims.\n")
    for l, blowup, t, q, c in (
        (14, 5, 44, 88, 1),
        (14, 5, 44, 88, 2),
        (17, 3, 74, 148, 2),
        (20, 2, 111, 222, 2),
        (24, 1, 227, 454, 1),
    ):
        price, layers, final = plan(l, l + blowup, t, 20, c)
        print(
            f"    l = {l}, blow-up 2^{blowup}, t = {t}, q = {q}, g = 20, c = {c}: {query_bits(l, blowup, t, 20, q):.6f} bits"
        )
        print(f"      {layers}")
        print(f"      final 2^{final}, cost {price}")

    print("\n## Layout\n")
    for rows, columns, l in (
        (512, 256, 14),
        (1000, 700, 14),
        (3, 100000, 14),
        (20, 512, 14),
        (1, 512, 14),
        (1, 5, 14),
    ):
        cut = grid(rows, columns, l)
        words = "small" if cut is None else f"w {cut[0]}, {cut[1]} × {cut[2]} tiles, bits {cut[3]}, {cut[4]}"
        show(f"{rows} × {columns} at l = {l}", f"padded logs {padded(rows, columns)}, {words}")
    show("D(13) as (start, count)", dyadic(13))
    show("falling order of 4, 8, 4, 16", falling([4, 8, 4, 16]))
    for half in (2**29, 2**30, 320 * 2**14, 40960):
        weights = digit_weights(half)
        show(f"H = {half}: weights of cells 8, 14, 15", weights[8:9] + weights[14:])
    example_layout()

    print("\n## Statement\n")
    print("Base tensor 512 × 256, g = 23, Σq² = 22363623228245367, max|q| = 1646592.\n")
    g, square = 23, 22363623228245367
    bound = floor_bound("0.002", square, 0)
    show("norm 0.002 relative: N at f = g", bound)
    show("its limbs", limbs(bound))
    show("t", superfluous(bound, 512, 256))
    wide = floor_bound("40", 1, g)
    show("norm 40 absolute: N at f = g, t", (wide, superfluous(wide, 512, 256)))
    show("the same for 1 × 512: t", superfluous(wide, 1, 512))
    residual = floor_bound("0.003", square, 0)
    drift = 16 * max(square, 2**42)
    show("rank 8, residual 0.003 relative: N_0", residual)
    s = residual_scale(residual, 512, 256, 8, drift)
    show("factor limit, s", (factor_limit(8, drift), s))
    show("N at s", floor_bound("0.003", square, s))
    tau = [floor_bound("0.001", 1, g + s) for s in range(21)]
    show("entrywise 0.001: largest s with T² ≤ 2^37", max([s for s in range(1, 21) if tau[s] <= 2**37], default=0))
    for rank, columns in ((8, 4096), (32, 1025), (512, 4096), (1, 1)):
        show(f"f_A of rank {rank}, {columns} columns", right_bits(rank, columns))
    for value, count in (("1", 1), ("1", 2), ("2.5", 1), ("0.5", 1), ("4", 3)):
        show(f"roundoffs {value} of {count}: (c, t)", rounding_step(value, count))

    print("\n## Files\n")
    root = here.parent.parent
    policy_file = root / "Examples/mlp-lora/policy.json"
    lines = [line.split("//")[0] for line in policy_file.read_text().splitlines()]
    policy = json.loads("\n".join(lines), parse_float=str, parse_int=int)
    show(
        "Examples/mlp-lora/policy.json: bytes, digest",
        (len(canonical_policy(policy)), sha(canonical_policy(policy)).hex()),
    )
    fixture = root / "Tests/Fixtures/pinned-v4/norm"
    parts = sections((fixture / "tuned.drift").read_bytes())
    print("\nTests/Fixtures/pinned-v4/norm/tuned.drift:\n")
    names = ("base root", "policy digest", "tuned commitment", "manifest", "policy", "drift root", "pins", "proof")
    for name, part in zip(names, parts):
        show(name, part if len(part) == 32 else f"{len(part)} bytes, SHA-256 {sha(part).hex()}")
    manifest = parts[3]
    version, *code = (int.from_bytes(manifest[4 * i : 4 * i + 4], "little") for i in range(6))
    rows = int.from_bytes(manifest[24:28], "little")
    show("version; l, b, t, g, q; rows", (version, tuple(code), rows))
    commitment = sha(text("driftproof/tuned/v1"), parts[0], sha(manifest), parts[5], sha(parts[6]))
    assert commitment == parts[2] and sha(parts[4]) == parts[1]
    show("the commitment of its parts", commitment)
    show("z of the drift tableau", drift_point(code, rows, parts[5]))
    show("first pin", tuple(int.from_bytes(parts[6][8 * i : 8 * i + 8], "little") for i in range(3)))
    binding = text("driftproof/binding/v1") + parts[0] + parts[1] + parts[2]
    transcript = Transcript()
    transcript.absorb("binding", 1, binding)
    show("transcript after the binding", transcript.state)
    example_proof(transcript, parts, code)


def example_proof(transcript, parts, code):
    """The first messages of that certificate's proof: one tensor w, 4 × 4, f = 21, with a norm bound of 0.25."""
    layout = Layout([tensor("w", 4, 4, f=21, plain=True, bound=limbs(floor_bound("0.25", 1, 21)))], code[0])
    digest = text("driftproof/layout/v2") + u64(code[0]) + u64(1) + text("w") + u64(4) + u64(4) + u64(21) + u64(1)
    digest = sha(digest + u64(0) + b"\0")
    assert digest == parts[3][28:60]
    bound = b"\1" + u64(6) + b"".join(limb.to_bytes(2, "little") for limb in layout.lines[0]["bound"])
    statement = text("driftproof/statement/v1") + parameters(*code) + b"\0" + u64(1)
    statement += text("w") + u64(4) + u64(4) + u64(21) + b"\1" + bound + u64(0)
    proof = parts[7]

    def elements(offset, count):
        words = [int.from_bytes(proof[offset + 8 * i : offset + 8 * i + 8], "little") for i in range(3 * count)]
        return [tuple(words[3 * i : 3 * i + 3]) for i in range(count)]

    show("layout digest", digest)
    show("limbs of the bound", layout.lines[0]["bound"])
    show("E-space; D: used, variables; P2", (layout.space, layout.digits_used, layout.digit_variables, layout.p2))
    show("statement: bytes, SHA-256", (len(statement), sha(statement).hex()))
    transcript.absorb("statement", 1, statement)
    transcript.absorb("drift", 1, parts[5] + parts[6])
    show("transcript after statement and drift", transcript.state)
    data = transcript.bytes("R", 33 * 2**14)
    show("R: first 8 bytes", data[:8])
    transcript.absorb("root of P2", 4, proof[:32])
    power = transcript.challenge("lambda")
    show("lambda", power)
    lists = [("s", layout.square_chunks), ("s'", layout.chunks)]
    points = {label: transcript.challenges(label, ceil_log2(count)) for label, count in lists}
    points["m*"] = transcript.challenges("m*", 8)
    points["z"] = transcript.challenges("z", layout.space)
    points["z digits"] = transcript.challenges("z digits", layout.digit_variables)
    show("lengths of s, s', m*, z, z digits", [len(points[name]) for name in ("s", "s'", "m*", "z", "z digits")])
    show("m*, the last", points["m*"][7])
    show("z digits, the last", points["z digits"][-1])
    powers = [ONE]
    for _ in range(12):
        powers.append(k_mul(powers[-1], power))
    total = k_mul(k_mul(powers[1], less(points["m*"], 132)), k_of(-(2**29)))
    for line_power, limb in zip(powers[6:], layout.lines[0]["bound"]):
        total = k_add(total, k_mul(line_power, k_of(limb)))
    show("Stage A: T", total)
    (mask,) = elements(32, 1)
    transcript.absorb("A/sum g", 3, proof[32:56])
    gamma = transcript.challenge("A/gamma")
    show("Σg, γ", (mask, gamma))
    values = elements(56, 5)
    transcript.absorb("A/round", 3, proof[56:176])
    r = transcript.challenge("A/r")
    claim = k_add(total, k_mul(gamma, mask))
    show("C before and after the first round", (claim, interpolate([k_sub(claim, values[0])] + values, r)))
    show("its challenge, top", r)


def example_layout():
    low = clause(rank=8, scale=6, bound=limbs(10**15))
    tensors = [
        tensor("a", 600, 700, plain=True, clauses=[low]),
        tensor("b", 12, 512, plain=True, clauses=[low]),
        tensor("c", 1, 512, plain=True, clauses=[low]),
        tensor("d", 128, 256, clauses=[clause(sparse="rows", count=20)]),
        tensor("e", 64, 64, clauses=[clause(sparse="entries", count=100, square=2**36)]),
        tensor("f", 1, 300, f=20, plain=True, bound=limbs(10**9)),
    ]
    layout = Layout(tensors, 14)
    print(
        "\nSix tensors at l = 14: a 600 × 700, b 12 × 512, c 1 × 512, each rank 8 with a residual at s = 6; d 128 × 256, 20 rows,"
    )
    print("exactly; e 64 × 64, 100 entries and a bound of single entries; f 1 × 300 with a norm bound.\n")
    show("rows of the tableau", layout.rows)
    for i, t in enumerate(tensors):
        row, offset = layout.place[i]
        show(f"{t['name']}: first row, offset, tile log", (row, offset, layout.grids[i] and layout.grids[i][0]))
    for block in layout.blocks:
        names = ", ".join(tensors[i]["name"] for i in block["members"])
        tiles = [t for t, _ in layout.tiles(block)]
        shown = tiles if len(tiles) <= 12 else f"{tiles[:3]}, …, {tiles[-1]} ({len(tiles)} tiles)"
        show(f"block of {names}, set {block['set']}: E-tiles", shown)
    show("variables of E-space, of R-space", (layout.space, layout.entry_space))
    for piece in layout.pieces:
        free = piece["free"][14:]
        show(f"projection piece at {piece['origin']}", f"free from 14: {free}, base {piece['base']}")
    show("projection chunks", layout.chunks)
    for piece in layout.squares:
        free = f"{len(piece['free'])} free variables, chunks of 2^{piece['n']}"
        show(
            f"square piece of {tensors[piece['of'][0]]['name']}, set {piece['of'][1]}",
            f"{free}, base {piece['base']}",
        )
    show("square chunks", layout.square_chunks)
    for entry in layout.low_rank:
        name = tensors[entry["tensor"]]["name"]
        show(f"G: {name}: U, V as (cell, log); column", (entry["U"], entry["V"], entry["base"]))
    show("factor chunks", layout.factor_chunks)
    for entry in layout.sparse:
        name = tensors[entry["tensor"]]["name"]
        show(f"G: {name}: values; first slot; index variables", (entry["values"], entry["base"], entry["index"]))
    show("G: index bits, masks, used, variables", (layout.bits, layout.masks, layout.used, layout.factor_variables))
    show("variables of Stage B", layout.structure_variables)
    for name, run in layout.digit_runs.items():
        show(f"D: {' '.join(map(str, name))}", run)
    show("D: used, variables", (layout.digits_used, layout.digit_variables))
    show("P1", layout.p1)
    show("P2", layout.p2)
    show("Libra's coefficients of A, B, C", layout.libra)


if __name__ == "__main__":
    main()
