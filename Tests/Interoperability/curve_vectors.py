# SPDX-License-Identifier: Apache-2.0
"""Vectors of BLS12-381 by libraries that share no code with this project: arkworks, blst and py_ecc.

    python curve_vectors.py FILE [--check]     scripts/curve-vectors calls it

Whatever two of them can compute is computed by both and must agree before it is written; the points of RFC 9380,
appendices J.9.1 and J.10.1, stand here as the RFC prints them. With --check the file must be what would be written.
"""

import hashlib
import json
import sys

import py_arkworks_bls12381 as ark
import pyblst
from py_ecc.bls.hash_to_curve import hash_to_G1, hash_to_G2
from py_ecc.optimized_bls12_381 import FQ12, normalize, pairing
from py_ecc.optimized_bls12_381 import G1 as ECC_G1
from py_ecc.optimized_bls12_381 import G2 as ECC_G2

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
G1 = ark.G1Point()
G2 = ark.G2Point()

LONG = ["q128_" + "q" * 128, "a512_" + "a" * 512]
MESSAGES = ["", "abc", "abcdef0123456789", *LONG]
RFC_G1 = [
    "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1"
    "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
    "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903"
    "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
    "11e0b079dea29a68f0383ee94fed1b940995272407e3bb916bbf268c263ddd57a6a27200a784cbc248e84f357ce82d98"
    "03a87ae2caf14e8ee52e51fa2ed8eefe80f02457004ba4d486d6aa1f517c0889501dc7413753f9599b099ebcbbd2d709",
    "15f68eaa693b95ccb85215dc65fa81038d69629f70aeee0d0f677cf22285e7bf58d7cb86eefe8f2e9bc3f8cb84fac488"
    "1807a1d50c29f430b8cafc4f8638dfeeadf51211e1602a5f184443076715f91bb90a48ba1e370edce6ae1062f5e6dd38",
    "082aabae8b7dedb0e78aeb619ad3bfd9277a2f77ba7fad20ef6aabdc6c31d19ba5a6d12283553294c1825c4b3ca2dcfe"
    "05b84ae5a942248eea39e1d91030458c40153f3b654ab7872d779ad1e942856a20c438e8d99bc8abfbf74729ce1f7ac8",
]
# x without u, x's factor of u, y without u, y's factor of u.
RFC_G2 = [
    "0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a"
    "05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d"
    "0503921d7f6a12805e72940b963c0cf3471c7b2a524950ca195d11062ee75ec076daf2d4bc358c4b190c0c98064fdd92"
    "12424ac32561493f3fe3c260708a12b7c620e7be00099a974e259ddc7d1f6395c3c811cdd19f1e8dbf3e9ecfdcbab8d6",
    "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6"
    "139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8"
    "1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba48"
    "00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd16",
    "121982811d2491fde9ba7ed31ef9ca474f0e1501297f68c298e9f4c0028add35aea8bb83d53c08cfc007c1e005723cd0"
    "190d119345b94fbd15497bcba94ecf7db2cbfd1e1fe7da034d26cbba169fb3968288b3fafb265f9ebd380512a71c3f2c"
    "05571a0f8d3c08d094576981f4a3b8eda0a8e771fcdcc8ecceaf1356a6acf17574518acb506e435b639353c2e14827c8"
    "0bb5e7572275c567462d91807de765611490205a941a5a6af3b1691bfe596c31225d3aabdf15faff860cb4ef17c7c3be",
    "19a84dd7248a1066f737cc34502ee5555bd3c19f2ecdb3c7d9e24dc65d4e25e50d83f0f77105e955d78f4762d33c17da"
    "0934aba516a52d8ae479939a91998299c76d39cc0c035cd18813bec433f587e2d7a4fef038260eef0cef4d02aae3eb91"
    "14f81cd421617428bc3b9fe25afbb751d934a00493524bc4e065635b0555084dd54679df1536101b2c979c0152d09192"
    "09bcccfa036b4847c9950780733633f13619994394c23ff0b32fa6b795844f4a0673e20282d07bc69641cee04f5e5662",
    "01a6ba2f9a11fa5598b2d8ace0fbe0a0eacb65deceb476fbbcb64fd24557c2f4b18ecfc5663e54ae16a84f5ab7f62534"
    "11fca2ff525572795a801eed17eb12785887c7b63fb77a42be46ce4a34131d71f7a73e95fee3f812aea3de78b4d01569"
    "0b6798718c8aed24bc19cb27f866f1c9effcdbf92397ad6448b5c9db90d2b9da6cbabf48adc1adf59a1a28344e79d57e"
    "03a47f8e6d1763ba0cad63d6114c0accbef65707825a511b251a660a9b3994249ae4e63fac38b23da0c398689ee2ab52",
]
OWN_TAG = "DRIFTPROOF-V1-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"


class SplitMix64:
    """The generator of Tests/TestSupport."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        word = self.state
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
        return word ^ (word >> 31)


def scalar(number):
    return ark.Scalar.from_le_bytes((number % R).to_bytes(32, "little"))


def blst(point):
    kind = pyblst.BlstP1Element if isinstance(point, ark.G1Point) else pyblst.BlstP2Element
    return kind().uncompress(bytes(point.to_compressed_bytes()))


def encoded(point):
    """The compressed bytes, on which blst agrees."""
    ours = bytes(point.to_compressed_bytes())
    assert bytes(blst(point).compress()) == ours
    return ours


def times(number, point):
    """Both libraries' multiple."""
    result = point * scalar(number)
    assert bytes(blst(point).scalar_mul(number % R).compress()) == bytes(result.to_compressed_bytes())
    return result


def xy(point):
    """Coordinates as integers; of G2 each without u, then its factor of u."""
    raw = bytes(point.to_xy_bytes_be())
    return [int.from_bytes(raw[i : i + 48], "big") for i in range(0, len(raw), 48)]


def uncompressed(point):
    """Zcash's form: in G2 the factor of u comes first."""
    numbers = xy(point)
    order = [0, 1] if len(numbers) == 2 else [1, 0, 3, 2]
    return b"".join(numbers[i].to_bytes(48, "big") for i in order)


# MARK: Hashing


def hashes():
    result = []
    for group, points, own, other in (("G1", RFC_G1, ark.G1Point, hash_to_G1), ("G2", RFC_G2, ark.G2Point, hash_to_G2)):
        tag = f"QUUX-V01-CS02-with-BLS12381{group}_XMD:SHA-256_SSWU_RO_".encode()
        kind = pyblst.BlstP1Element if group == "G1" else pyblst.BlstP2Element
        for message, rfc in zip(MESSAGES, points, strict=True):
            point = own.hash_to_curve(message.encode(), tag)
            assert bytes(point.to_xy_bytes_be()).hex() == rfc, message
            assert bytes(kind().hash_to_group(message.encode(), tag).compress()) == bytes(point.to_compressed_bytes())
            x, _ = normalize(other(message.encode(), tag, hashlib.sha256))
            numbers = [int(x)] if group == "G1" else [int(c) for c in x.coeffs]
            assert numbers == xy(point)[: len(numbers)]
            result.append(
                {"group": group, "tag": tag.decode(), "message": message.encode().hex(), "point": encoded(point).hex()}
            )
        # Tags of other lengths: one byte, and more than 255, which are hashed.
        for tag in (b"x", b"t" * 255, b"t" * 256, b"t" * 300):
            point = own.hash_to_curve(b"message", tag)
            if len(tag) <= 255:
                assert bytes(kind().hash_to_group(b"message", tag).compress()) == bytes(point.to_compressed_bytes())
            result.append(
                {"group": group, "tag": tag.decode(), "message": b"message".hex(), "point": encoded(point).hex()}
            )
    for message in (b"H", b"U", *(b"G" + i.to_bytes(8, "little") for i in (0, 1, 255, 256, 2**64 - 1))):
        point = ark.G1Point.hash_to_curve(message, OWN_TAG.encode())
        result.append({"group": "G1", "tag": OWN_TAG, "message": message.hex(), "point": encoded(point).hex()})
    return result


# MARK: Groups


def multiples():
    """a·G, b·G, their sum, difference and double."""
    result = []
    edges = [0, 1, 2, 3, R - 1, R - 2, (R - 1) // 2, 2**64, 2**128 - 1, 2**254]
    random = SplitMix64(1)

    def draw():
        return sum(random.next() << 64 * i for i in range(4)) % R

    for group, generator, count in (("G1", G1, 40), ("G2", G2, 25)):
        pairs = [(a, edges[(i + 1) % len(edges)]) for i, a in enumerate(edges)]
        pairs += [(5, 5), (5, R - 5), (0, 0), (1, R - 1)] + [(draw(), draw()) for _ in range(count)]
        for a, b in pairs:
            left, right = times(a, generator), times(b, generator)
            total = left + right
            assert bytes((blst(left) + blst(right)).compress()) == bytes(total.to_compressed_bytes())
            result.append(
                {
                    "group": group,
                    "a": a.to_bytes(32, "little").hex(),
                    "b": b.to_bytes(32, "little").hex(),
                    "points": [encoded(p).hex() for p in (left, right, total, left - right, left + left)],
                }
            )
    return result


def walk(generator, seed, steps):
    """A hash of all points of a walk that meets equal points, opposite ones and infinity; tests walk the same way."""
    random = SplitMix64(seed)
    p, q = generator, generator * ark.Scalar(7)
    digest = bytes(32)
    for step in range(steps):
        kind = random.next() % 4
        if step % 64 == 0:
            q = p
        if step % 64 == 32:
            q = -p
        if kind == 0:
            p = p + q
        elif kind == 1:
            p = p + p
        elif kind == 2:
            q = q - p
        else:
            p = p * scalar(random.next())
        if bytes(p.to_compressed_bytes())[0] == 0xC0:
            p = p + generator
        digest = hashlib.sha256(digest + bytes(p.to_compressed_bytes()) + bytes(q.to_compressed_bytes())).digest()
    return digest.hex()


def walks(old):
    result = []
    known = {(w["group"], w["seed"], w["steps"]): w["digest"] for w in (old or {}).get("walks", [])}
    for group, generator, steps in (("G1", G1, 4000), ("G2", G2, 1000), ("G1", G1, 10**6)):
        seed = 1000 + steps % 997
        # The long one takes minutes; --check believes it, and the test walks it by hand.
        digest = known.get((group, seed, steps)) if steps >= 10**6 else None
        result.append({"group": group, "seed": seed, "steps": steps, "digest": digest or walk(generator, seed, steps)})
    return result


# MARK: Sums of multiples


def sums():
    result = []
    cases = [("arithmetic", "full", n) for n in (1, 2, 7, 300, 4096)]
    cases += [("arithmetic", numbers, 4096) for numbers in ("small", "edges", "equal", "patterns", "wide")]
    kinds = ("small", "edges", "equal")
    cases += [(points, numbers, 2000) for points in ("first", "repeated", "infinity") for numbers in kinds]
    cases += [("arithmetic", "small", 65536), ("arithmetic", "patterns", 65536), ("first", "full", 16384)]
    for index, (points, numbers, count) in enumerate(cases):
        seed = 77 + index
        random = SplitMix64(seed)
        start, step = random.next(), random.next()
        logs = []
        for i in range(count):
            if points == "arithmetic":
                logs.append(start + i * step)
            elif points == "first":
                logs.append(i + 1)
            elif points == "repeated":
                logs.append((1 + random.next() % 7) * (-1) ** (random.next() & 1))
            else:
                logs.append(random.next() % 3)
        factors = []
        for _ in range(count):
            if numbers == "small":
                factors.append(random.next() % 65537 - 32768)
            elif numbers == "wide":
                factors.append(random.next() - 2**63)
            elif numbers == "equal":
                factors.append(12345)
            elif numbers == "patterns":
                factors.append((128 + random.next() % 128 << random.next() % 12) * (-1) ** (random.next() & 1))
            else:
                full = sum(random.next() >> (2 if i == 3 else 0) << 64 * i for i in range(4))
                factors.append([0, 1, R - 1, 2, R - 2, full][random.next() % 6] if numbers == "edges" else full)
        total = times(sum(a * b for a, b in zip(logs, factors, strict=True)), G1)
        if count <= 4096:
            base = [G1 * scalar(log) for log in logs]
            assert ark.G1Point.multiexp_unchecked(base, [scalar(f) for f in factors]) == total
        result.append(
            {"points": points, "numbers": numbers, "count": count, "seed": seed, "sum": encoded(total).hex()}
        )
    return result


# MARK: Pairings


def pairings():
    """Sets of (a, b) for e(a·G1, b·G2), and whether the product is one."""
    result = []
    random = SplitMix64(9)
    for case in range(16):
        count = 1 + case % 4
        logs = [(random.next(), random.next()) for _ in range(count)]
        if case >= 8 and count > 1:
            # The last one makes the product one.
            rest = sum(a * b for a, b in logs[:-1])
            last = logs[-1][1]
            logs[-1] = (-rest * pow(last, -1, R) % R, last)
        if case in (8, 12):
            logs = [(0, 5), (7, 0)][: 1 + case // 12]
        p = [G1 * scalar(a) for a, _ in logs]
        q = [G2 * scalar(b) for _, b in logs]
        is_one = bool(ark.GT.pairing_check(p, q))
        assert is_one == (sum(a * b for a, b in logs) % R == 0)
        loops = pyblst.miller_loop(blst(p[0]), blst(q[0]))
        for left, right in zip(p[1:], q[1:], strict=True):
            loops = loops * pyblst.miller_loop(blst(left), blst(right))
        generators = pyblst.miller_loop(blst(G1), blst(G2))
        assert bool(pyblst.final_verify(loops * generators, generators)) == is_one
        result.append(
            {
                "logs": [[(a % R).to_bytes(32, "little").hex(), (b % R).to_bytes(32, "little").hex()] for a, b in logs],
                "isOne": is_one,
            }
        )
    return result


def generators_value():
    """e(G1, G2)³ by py_ecc, in our tower: w^6 = 1 + u, so (a + b·u)·w^k is a - b at w^k and b at w^(k+6)."""
    value = pairing(ECC_G2, ECC_G1) ** 3
    assert value ** R == FQ12.one()
    numbers = [int(c) for c in value.coeffs]
    pairs = [[(numbers[k] + numbers[k + 6]) % P, numbers[k + 6]] for k in range(6)]
    return [[number.to_bytes(48, "big").hex() for number in pair] for pair in pairs]


# MARK: Encodings


def root(number):
    """A square root in Fp."""
    y = pow(number, (P + 1) // 4, P)
    return y if y * y % P == number % P else None


def root2(a, b):
    """A square root of a + b·u in Fp2."""
    norm = root(a * a + b * b)
    if norm is None:
        return None
    half = pow(2, -1, P)
    for sign in (1, -1):
        x = root((a + sign * norm) * half)
        if x:
            return x, b * pow(2 * x, -1, P) % P
    return None


def curve2(x0, x1):
    """x³ + 4·(1 + u)."""
    s0, s1 = (x0 * x0 - x1 * x1) % P, 2 * x0 * x1 % P
    return (s0 * x0 - s1 * x1 + 4) % P, (s0 * x1 + s1 * x0 + 4) % P


def flagged(raw, flags):
    return bytes([raw[0] | flags]) + raw[1:]


def encodings():
    """Bytes and what becomes of them: the error's name, or none. The libraries must agree, but for what arkworks
    lets pass (`lenient`): flags beside infinity's, and zeros for infinity."""
    result = []

    def case(group, is_compressed, raw, error, why, lenient=False):
        kind = ark.G1Point if group == "G1" else ark.G2Point
        other = pyblst.BlstP1Element if group == "G1" else pyblst.BlstP2Element
        if is_compressed:
            judges = [lambda: other().uncompress(raw)]
            if not lenient:
                judges.append(lambda: kind.from_compressed_bytes(raw))
            for judge in judges:
                try:
                    judge()
                    accepted = True
                except ValueError:
                    accepted = False
                assert accepted == (error is None), (group, why)
        elif len(raw) == len(uncompressed(kind())) and raw[0] < 0x20 and not lenient:
            # arkworks' own form has no flags and the part without u first.
            parts = [raw[i : i + 48] for i in range(0, len(raw), 48)]
            order = [0, 1] if group == "G1" else [1, 0, 3, 2]
            try:
                kind.from_xy_bytes_be(b"".join(parts[i] for i in order))
                accepted = True
            except ValueError:
                accepted = False
            assert accepted == (error is None), (group, why)
        result.append(
            {"group": group, "compressed": is_compressed, "bytes": raw.hex(), "error": error, "why": why}
        )

    for group, generator, width in (("G1", G1, 48), ("G2", G2, 96)):
        good, full = bytes(generator.to_compressed_bytes()), uncompressed(generator)
        minus = -generator
        nothing = bytes(width - 1)
        case(group, True, good, None, "the generator")
        case(group, True, bytes(minus.to_compressed_bytes()), None, "its negative")
        case(group, True, b"\xc0" + nothing, None, "infinity")
        case(group, True, good[:-1], "length", "a byte is missing")
        case(group, True, good + b"\0", "length", "a byte too many")
        case(group, True, b"", "length", "no bytes")
        case(group, True, full, "length", "an uncompressed point")
        case(group, True, bytes([good[0] & 0x7F]) + good[1:], "compressionFlag", "no compression flag")
        case(group, True, b"\x40" + nothing, "compressionFlag", "infinity without compression flag")
        case(group, True, b"\xe0" + nothing, "signFlag", "infinity with a sign", lenient=True)
        case(group, True, b"\xc1" + nothing, "infinityNotCanonical", "infinity with a bit of x", lenient=True)
        not_zero = b"\xc0" + nothing[:-1] + b"\1"
        case(group, True, not_zero, "infinityNotCanonical", "infinity with another bit", lenient=True)
        marked = "signFlag" if good[0] & 0x20 else "infinityNotCanonical"
        case(group, True, flagged(good, 0x40), marked, "a point with infinity's flag", lenient=True)
        modulus, rest = P.to_bytes(48, "big"), bytes(width - 48)
        case(group, True, flagged(modulus + rest, 0x80), "coordinateNotCanonical", "x = p")
        case(group, True, flagged((P + 1).to_bytes(48, "big") + rest, 0x80), "coordinateNotCanonical", "x = p + 1")
        case(group, True, b"\x9f" + b"\xff" * (width - 1), "coordinateNotCanonical", "x is all ones")
        if group == "G2":
            case(group, True, flagged(rest + modulus, 0x80), "coordinateNotCanonical", "the part without u is p")
        case(group, False, full, None, "the generator")
        case(group, False, uncompressed(minus), None, "its negative")
        case(group, False, b"\x40" + bytes(2 * width - 1), None, "infinity")
        case(group, False, bytes(2 * width), "notOnCurve", "zeros without infinity's flag", lenient=True)
        case(group, False, full[:-1], "length", "a byte is missing")
        case(group, False, good, "length", "a compressed point")
        case(group, False, flagged(full, 0x80), "compressionFlag", "a compression flag")
        case(group, False, flagged(full, 0x20), "signFlag", "a sign")
        case(group, False, b"\x60" + bytes(2 * width - 1), "signFlag", "infinity with a sign")
        case(group, False, b"\x40" + bytes(2 * width - 2) + b"\1", "infinityNotCanonical", "infinity with another bit")
        case(group, False, full[:width] + bytes(width), "notOnCurve", "y = 0")
        case(group, False, full[:-1] + bytes([full[-1] ^ 1]), "notOnCurve", "another y")
        case(group, False, full[width:] + full[:width], "notOnCurve", "x and y exchanged")
        case(group, False, full[:width] + modulus + rest, "coordinateNotCanonical", "y = p")
        high = bytearray(full)
        high[width] |= 0x80
        case(group, False, bytes(high), "coordinateNotCanonical", "a flag in y")
        # x of the curve and x of its other twist; almost no point of the curve is in the group.
        off = on = 0
        x = 0
        while off < 4 or on < 6:
            if group == "G1":
                raw = x.to_bytes(48, "big")
                y = root(x**3 + 4)
                raw_y = None if y is None else y.to_bytes(48, "big")
            else:
                raw = x.to_bytes(48, "big") + (x + 1).to_bytes(48, "big")
                y = root2(*curve2(x + 1, x))
                raw_y = None if y is None else y[1].to_bytes(48, "big") + y[0].to_bytes(48, "big")
            if y is None and off < 4:
                off += 1
                case(group, True, flagged(raw, 0x80), "notOnCurve", f"x = {x} is not on the curve")
            elif y is not None and on < 6:
                on += 1
                case(group, True, flagged(raw, 0xA0 if on % 2 else 0x80), "wrongOrder", f"x = {x} is not in the group")
                case(group, False, raw + raw_y, "wrongOrder", f"x = {x} is not in the group")
            x += 1
    # Points of the small orders that batched checks miss: of 3 (x = 0), and of 11, both in E(Fp).
    for order in small_orders():
        case("G1", True, flagged(order.to_bytes(48, "big"), 0x80), "wrongOrder", "a point of small order")
    return result


def small_orders():
    """x of points of order 11: multiples by the number of points over 11², as that part is Z/11 × Z/11."""
    cofactor = 0x396C8C005555E1568C00AAAB0000AAAB
    found = []
    for x in range(1, 60):
        y = root(x**3 + 4)
        if y is None:
            continue
        point = multiply((x, y), cofactor * R // 121)
        if point is not None:
            assert multiply(point, 11) is None
            found.append(point[0])
        if len(found) == 2:
            return found
    raise AssertionError("no point of order 11")


def multiply(point, number):
    """On y² = x³ + 4, in affine coordinates; None is infinity."""
    result = None
    for bit in bin(number)[2:]:
        result = plus(result, result)
        if bit == "1":
            result = plus(result, point)
    return result


def plus(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def scalars():
    result = []
    numbers = {"0": 0, "1": 1, "r - 1": R - 1, "r": R, "r + 1": R + 1, "2^255": 2**255, "2^256 - 1": 2**256 - 1}
    for why, number in numbers.items():
        raw = number.to_bytes(32, "little")
        try:
            ark.Scalar.from_le_bytes(raw)
            accepted = True
        except ValueError:
            accepted = False
        assert accepted == (number < R), why
        result.append({"bytes": raw.hex(), "error": None if accepted else "scalarNotCanonical", "why": why})
    for raw in (b"", bytes(31), bytes(33)):
        result.append({"bytes": raw.hex(), "error": "length", "why": f"{len(raw)} bytes"})
    return result


def main():
    path, check = sys.argv[1], "--check" in sys.argv[2:]
    try:
        with open(path, encoding="utf-8") as file:
            old = json.load(file)
    except FileNotFoundError:
        old = None
    vectors = {
        "about": "By Tests/Interoperability/curve_vectors.py, from arkworks, blst and py_ecc.",
        "hashes": hashes(),
        "multiples": multiples(),
        "walks": walks(old),
        "sums": sums(),
        "pairings": pairings(),
        "generatorsValue": generators_value(),
        "encodings": encodings(),
        "scalars": scalars(),
    }
    lines = []
    for name, value in vectors.items():
        if isinstance(value, list):
            rows = ",\n".join(" " + json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in value)
            lines.append(f"{json.dumps(name)}:[\n{rows}]")
        else:
            lines.append(f"{json.dumps(name)}:{json.dumps(value)}")
    text = "{" + ",\n".join(lines) + "}\n"
    if check:
        with open(path, encoding="utf-8") as file:
            if file.read() != text:
                sys.exit(f"{path} is not what the libraries give")
        print(f"{path}: {len(text):,} bytes, as the libraries give them")
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"{path}: {len(text):,} bytes")


if __name__ == "__main__":
    main()
