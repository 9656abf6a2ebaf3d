# SPDX-License-Identifier: Apache-2.0
"""Processor time of other libraries' BLS12-381, for scripts/curve-vectors --measure.

    python others.py [TRUSTED_SETUP]     with the file of c-kzg-4844's sources, commitments by ckzg, too

`swift run -c release DriftProofBenchmarks curve` prints the same of this package.
"""

import statistics
import sys
import time

import py_arkworks_bls12381 as ark
import pyblst

R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


def median(what, per, unit, body, runs=7):
    times = []
    for _ in range(runs):
        start = time.process_time()
        body()
        times.append(time.process_time() - start)
    factor = {"ns": 1e9, "us": 1e6, "ms": 1e3}[unit]
    print(f"{what:<62}{statistics.median(times) * factor / per:.2f} {unit}", flush=True)


def main():
    g1, g2 = ark.G1Point(), ark.G2Point()
    scalars = [ark.Scalar.from_le_bytes((pow(3, i + 1, R) * 7 % R).to_bytes(32, "little")) for i in range(1 << 16)]
    median("arkworks: multiple in G1", 200, "us", lambda: [g1 * scalars[i] for i in range(200)])
    raw = bytes((g1 * scalars[5]).to_compressed_bytes())
    read = ark.G1Point.from_compressed_bytes
    median("arkworks: 48 bytes to a point, order checked", 200, "us", lambda: [read(raw) for _ in range(200)])
    element = pyblst.BlstP1Element()
    median("blst: 48 bytes to a point, order checked", 200, "us", lambda: [element.uncompress(raw) for _ in range(200)])
    median("arkworks: hash to G1", 50, "us", lambda: [ark.G1Point.hash_to_curve(bytes([i]), b"x") for i in range(50)])
    median("arkworks: pairing", 10, "ms", lambda: [ark.GT.pairing(g1, g2) for _ in range(10)])
    check = ark.GT.pairing_check
    median("arkworks: product of three pairings", 10, "ms", lambda: [check([g1] * 3, [g2] * 3) for _ in range(10)])
    blst1 = element.uncompress(raw)
    blst2 = pyblst.BlstP2Element().uncompress(bytes(g2.to_compressed_bytes()))

    def blst_pairing():
        loop = pyblst.miller_loop(blst1, blst2)
        return pyblst.final_verify(loop, loop)

    median("blst: Miller loop and final exponentiation", 20, "ms", lambda: [blst_pairing() for _ in range(20)])
    point, points, step = g1, [], ark.G1Point.hash_to_curve(b"step", b"x")
    for _ in range(1 << 16):
        points.append(point)
        point = point + step
    for log in (14, 16):
        some = points[: 1 << log]
        for bits in (16, 20, 255):
            numbers = scalars[: 1 << log]
            if bits < 255:
                numbers = [ark.Scalar(i * 2654435761 % (1 << bits)) for i in range(1 << log)]
            what = f"arkworks: 2^{log} points, scalars of {bits} bits"
            median(what, 1 << log, "ns", lambda: ark.G1Point.multiexp_unchecked(some, numbers), 3)  # noqa: B023
    if len(sys.argv) > 1:
        import ckzg

        setup = ckzg.load_trusted_setup(sys.argv[1], 0)
        for bits in (16, 20, 255):
            numbers = [pow(3, i + 1, R) % (1 << bits) % R for i in range(4096)]
            blob = b"".join(n.to_bytes(32, "big") for n in numbers)
            what = f"ckzg: commitment to 4096 values of {bits} bits, for each"
            median(what, 4096, "ns", lambda: ckzg.blob_to_kzg_commitment(blob, setup), 5)  # noqa: B023


if __name__ == "__main__":
    main()
