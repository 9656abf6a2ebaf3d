// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofLinearAlgebra
import Foundation

/// `curve [LOG]`: processor time of BLS12-381's parts, medians of seven; sums of multiples have up to 2^LOG points.
///
/// `scripts/curve-vectors --measure` times other libraries on the same machine.
struct CurveTimings {
  private let log: Int
  private var generator = SplitMix64(seed: 1)

  init(log: Int) { self.log = log }

  /// Processor time of all threads, the median of several calls, for each of `count` parts.
  private func median(_ what: String, per count: Int, runs: Int = 7, unit: Double = 1e9, _ body: () -> Void) {
    let times = (0..<runs).map { _ in
      let start = clock()
      body()
      return Double(clock() - start) / Double(CLOCKS_PER_SEC)
    }.sorted()
    let value = times[runs / 2] * unit / Double(count)
    let name = unit == 1e9 ? "ns" : unit == 1e6 ? "us" : "ms"
    let padding = String(repeating: " ", count: max(1, 62 - what.count))
    print("\(what)\(padding)\(String(format: "%.2f", value)) \(name)")
  }

  private mutating func scalar() -> Fr {
    var result = Fr(Int64(bitPattern: generator.next()))
    for _ in 0..<3 { result = result * Fr(Int64(bitPattern: generator.next())) + Fr(1) }
    return result
  }

  mutating func run() throws {
    fields()
    try groups()
    print("kernels: \(CurveKernelLevel.selected)")
    for size in stride(from: min(log, 14), through: log, by: 2) { sums(log: size) }
  }

  private mutating func fields() {
    var a = Fp(generator.next())
    let b = Fp(generator.next())
    median("product in Fp", per: 1_000_000) { for _ in 0..<1_000_000 { a = a * b } }
    var c = scalar()
    let d = scalar()
    median("product in Fr", per: 1_000_000) { for _ in 0..<1_000_000 { c = c * d } }
    median("inverse in Fp", per: 300, unit: 1e6) { for _ in 0..<300 { a = a.inverse() } }
    if a.isZero || c.isZero { print("zero") }
  }

  private mutating func groups() throws {
    var p = G1.generator
    var q = G2.generator
    let k = scalar()
    median("addition in G1", per: 20_000) { for _ in 0..<20_000 { p = p + .generator } }
    median("addition in G2", per: 10_000) { for _ in 0..<10_000 { q = q + .generator } }
    median("multiple in G1, scalar secret", per: 50, unit: 1e6) { for _ in 0..<50 { p = k * p } }
    median("multiple in G2, scalar secret", per: 20, unit: 1e6) { for _ in 0..<20 { q = k * q } }
    let base = FixedBase(.generator)
    median("multiple of a fixed point, scalar secret", per: 50, unit: 1e6) { for _ in 0..<50 { p = p + base.times(k) } }
    let bytes = (p.compressed, q.compressed)
    var read = 0
    median("48 bytes to a point of G1, order checked", per: 50, unit: 1e6) {
      for _ in 0..<50 { if let point = try? G1(compressed: bytes.0), point == p { read += 1 } }
    }
    median("96 bytes to a point of G2, order checked", per: 50, unit: 1e6) {
      for _ in 0..<50 { if let point = try? G2(compressed: bytes.1), point == q { read += 1 } }
    }
    guard read == 700 else { throw CurveEncodingError.notOnCurve }
    median("hash to G1", per: 20, unit: 1e6) { for i in 0..<20 { p = p + HashedGenerators.cell(UInt64(i)) } }
    let prepared = PreparedG2(q)
    var ones = 0
    median("pairing", per: 5, unit: 1e3) {
      for _ in 0..<5 { ones += Pairing.product(of: [(p, q)]) == .one ? 1 : 0 }
    }
    median("product of three pairings, lines prepared", per: 5, unit: 1e3) {
      for _ in 0..<5 { ones += Pairing.isProductOne([(p, prepared), (-p, prepared), (p, prepared)]) ? 1 : 0 }
    }
    if ones > 0 { print("a pairing was one") }
  }

  private mutating func sums(log: Int) {
    let count = 1 << log
    var point = G1.generator
    let step = G1.hash([1], domain: HashedGenerators.domain)
    var points = [G1]()
    for _ in 0..<count {
      points.append(point)
      point = point + step
    }
    let table = PointTable(points)
    func integers(_ bits: Int) -> [Int64] {
      (0..<count).map { _ in Int64(generator.next() >> UInt64(63 - bits)) - (1 << Int64(bits)) }
    }
    for bits in [8, 16, 20, 32] {
      let numbers = integers(bits)
      median("2^\(log) points, signed integers of \(bits) bits", per: count) { _ = table.sum(numbers) }
    }
    // As the weights of a bf16 checkpoint in units of 2^-24: mantissas of eight bits, exponents of a normal distribution.
    let weights = (0..<count).map { _ -> Int64 in
      let sum = (0..<6).reduce(0.0) { total, _ in total + Double(generator.next() >> 11) / 9_007_199_254_740_992 - 0.5 }
      let value = Int64(sum * 0.7071 * 0.02 * 16_777_216)
      let shift = max(0, 56 - value.magnitude.leadingZeroBitCount)
      let magnitude = (Int64(value.magnitude) >> Int64(shift)) << Int64(shift)
      return value < 0 ? -magnitude : magnitude
    }
    median("2^\(log) points, bf16 weights", per: count) { _ = table.sum(weights) }
    let scalars = (0..<count).map { _ in scalar() }
    median("2^\(log) points, scalars of 255 bits", per: count, runs: log > 16 ? 3 : 5) { _ = table.sum(scalars) }
  }
}
