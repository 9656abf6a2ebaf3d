// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofField
import Synchronization

/// Rows as polynomials evaluated at some points of F: p(η_j) for p(X) = Σ_x m[x]·X^x + X^tailOffset·Σ_i tail[i]·X^i.
///
/// With L = U·M and x = M·u + y, p(η) = Σ_y η^y·A(η^M, y), A(ω, y) = Σ_u m[M·u + y]·ω^u. Points of a code share the
/// few values of ω = η^M, and ω and -ω share the sums over even and odd u, which are small integers times constants.
/// What is left is M products a point instead of L. The choice of U balances both; any points are right, points of a
/// coset of roots of unity are fast.
package final class MultipointEvaluation: Sendable {
  package let points: [Goldilocks]
  /// L; no message is longer.
  package let length: Int
  private let plan: Plan?
  /// The points in Montgomery form, zeros up to a multiple of 8.
  private let forms: [UInt64]
  private let level: Int32?
  /// Memory for one row at work; as much exists as rows are worked on at one time.
  private let idle = Mutex<[Scratch]>([])

  /// - Parameter length: a power of two.
  package init(points: [Goldilocks], length: Int, path: KernelPath = .selected) {
    precondition(length > 0 && length & (length - 1) == 0, "length \(length)")
    self.points = points
    self.length = length
    level = path.level
    let padding = (8 - points.count % 8) % 8
    forms = level == nil ? [] : points.map(Montgomery.form) + [UInt64](repeating: 0, count: padding)
    plan = level == nil ? nil : Plan.best(points: points, length: length)
  }

  /// p(η_j) for all j, canonical. Field entries are canonical, the tail is or is not. Runs on the caller's core and may
  /// be called on several at once.
  package func values(_ message: RowMessage, tail: [UInt64] = [], tailOffset: Int = 0) -> [Goldilocks] {
    precondition(message.count <= length && tailOffset >= 0, "\(message.count) entries, tail at \(tailOffset)")
    var result = [Goldilocks](repeating: .zero, count: points.count)
    switch message {
    case .zero: break
    case .narrow(let entries):
      guard let plan, let level else {
        result = horner(entries.map { Goldilocks(Int64($0)).value })
        break
      }
      entries.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        if dp_magnitude(level, base, source.count) < plan.entryLimit {
          result = evaluate(source, plan, level) { entry in entry }
        } else {
          let low = evaluate(source, plan, level) { entry in entry & 0xFFFF }
          let high = evaluate(source, plan, level) { entry in entry >> 16 }
          for j in points.indices { result[j] = low[j] + high[j] * Goldilocks(reducing: 1 << 16) }
        }
      }
    case .field(let entries):
      guard let plan, let level else {
        result = horner(entries)
        break
      }
      // Three numbers of 22 bits an entry.
      entries.withUnsafeBufferPointer { source in
        for k in [44, 22, 0] as [UInt64] {
          let part = evaluate(source, plan, level) { entry in
            Int32(truncatingIfNeeded: entry >> k & Plan.fieldPartMask)
          }
          for j in points.indices { result[j] = result[j] * Goldilocks(reducing: 1 << 22) + part[j] }
        }
      }
    }
    guard !tail.isEmpty else { return result }
    let ends = horner(tail.map { Goldilocks(reducing: $0).value })
    for j in points.indices { result[j] += ends[j] * points[j].power(UInt64(tailOffset)) }
    return result
  }

  /// Σ_i coefficients[i]·η_j^i for canonical coefficients.
  private func horner(_ coefficients: [UInt64]) -> [Goldilocks] {
    guard let level else {
      return points.map { point in
        coefficients.reversed().reduce(.zero) { $0 * point + Goldilocks(reducing: $1) }
      }
    }
    var out = [UInt64](repeating: 0, count: forms.count)
    dp_points_horner(level, forms, forms.count, coefficients, coefficients.count, &out)
    return points.indices.map { Goldilocks(reducing: out[$0]) }
  }

  /// The values of Σ_x part(entries[x])·X^x, from the highest group of places down (Horner in η^512).
  @inline(__always)
  private func evaluate<T>(
    _ entries: UnsafeBufferPointer<T>, _ plan: Plan, _ level: Int32, _ part: (T) -> Int32
  ) -> [Goldilocks] {
    let scratch = idle.withLock { $0.popLast() } ?? Scratch(plan, points: points.count)
    defer { idle.withLock { $0.append(scratch) } }
    scratch.sums.pointer.update(repeating: 0, count: scratch.sums.count)
    let group = Plan.group
    let groups = (min(entries.count, plan.places) + group - 1) / group
    for first in stride(from: (groups - 1) * group, through: 0, by: -group) {
      for u in 0..<plan.digits {
        let start = plan.places * u + first
        let have = max(0, min(group, entries.count - start))
        let target = scratch.entries.pointer + Plan.entryStride * u
        for x in 0..<have { target[x] = part(entries[start + x]) }
        for x in have..<group { target[x] = 0 }
      }
      dp_points_expand(
        level, scratch.entries.pointer, Plan.entryStride, plan.digits, plan.pairWeights, plan.pairCount,
        scratch.values.pointer)
      dp_points_collect(
        level, scratch.values.pointer, plan.slots, plan.limbs, points.count, scratch.sums.pointer)
    }
    var result = [Goldilocks](repeating: .zero, count: points.count)
    for (index, j) in plan.order.enumerated() {
      // Lane k has the places 2k of runs of 16; see `Plan.limbs`.
      let square = points[j] * points[j]
      var sum = Goldilocks.zero
      for lane in (0..<8).reversed() {
        sum = sum * square + Goldilocks(reducing: scratch.sums.pointer[8 * index + lane])
      }
      result[j] = sum
    }
    return result
  }
}

extension MultipointEvaluation {
  private final class Scratch: Sendable {
    let entries: AlignedBuffer<Int32>
    let values: AlignedBuffer<UInt64>
    let sums: AlignedBuffer<UInt64>

    init(_ plan: Plan, points: Int) {
      entries = AlignedBuffer(count: Plan.entryStride * plan.digits)
      values = AlignedBuffer(count: Int(DP_POINTS_STRIDE) * 2 * plan.pairCount)
      sums = AlignedBuffer(count: 8 * points)
    }
  }

  /// U, M and the constants of the C kernels.
  private struct Plan: Sendable {
    /// U.
    let digits: Int
    /// M.
    let places: Int
    let pairCount: Int
    /// ω^u of every pair ±ω in two signed limbs.
    let pairWeights: [Int32]
    /// Points in the order of their slots, so that a slot stays in the cache while it is in use.
    let order: [Int]
    /// Of the points in that order: where A(η^M, ·) is, and in limbs η^(16i), η^(16i + 1) for i < 32 (the even and the
    /// odd places of a run of 16) and η^512.
    let slots: [UInt32]
    let limbs: [UInt32]

    static let group = Int(DP_POINTS_GROUP)
    /// No multiple of a power of two, for the same reason as DP_POINTS_STRIDE.
    static let entryStride = group + 16
    static let fieldPartMask: UInt64 = 1 << 22 - 1
    /// U·2^22 ≤ 2^29, so parts of field elements fit dp_points_expand.
    private static let digitRange = [4, 8, 16, 32, 64]

    /// e and -1 - e of an entry e are below this: U·|e| ≤ 2^29.
    var entryLimit: Int32 { 1 << 29 / Int32(digits) }

    /// Nil when rows are too short for groups of places.
    static func best(points: [Goldilocks], length: Int) -> Plan? {
      var best: (cost: Double, digits: Int, pairs: Pairs)?
      for digits in digitRange where length / digits >= group {
        let pairs = Pairs(points: points, exponent: length / digits)
        let cost = pairs.cost(points: points.count, digits: digits)
        if cost < best?.cost ?? .infinity { best = (cost, digits, pairs) }
      }
      return best.map { Plan(points: points, length: length, digits: $0.digits, pairs: $0.pairs) }
    }

    private init(points: [Goldilocks], length: Int, digits: Int, pairs: Pairs) {
      self.digits = digits
      places = length / digits
      pairCount = pairs.omegas.count
      pairWeights = pairs.omegas.flatMap { omega in
        var power = Goldilocks.one
        var weights: [Int32] = []
        for _ in 0..<digits {
          weights += Self.signedLimbs(power)
          power *= omega
        }
        return weights
      }
      order = points.indices.sorted { pairs.slots[$0] < pairs.slots[$1] }
      slots = order.map { UInt32(pairs.slots[$0]) }
      var limbs: [UInt32] = []
      for j in order {
        let factor = points[j].power(16)
        var power = Goldilocks.one
        for _ in 0..<Self.group / 16 {
          limbs += Montgomery.limbs(power) + Montgomery.limbs(power * points[j])
          power *= factor
        }
        limbs += Montgomery.limbs(power)
      }
      self.limbs = limbs
    }

    /// low + high·2^32, both in [-2^31, 2^31). The representative is below 2^63 - 2^31 - 1, where high would not fit.
    private static func signedLimbs(_ a: Goldilocks) -> [Int32] {
      let bits = a.value >= (Goldilocks.modulus - 1) / 2 ? a.value &- Goldilocks.modulus : a.value
      let value = Int64(bitPattern: bits)
      let low = Int32(truncatingIfNeeded: value)
      return [low, Int32(truncatingIfNeeded: (value &- Int64(low)) >> 32)]
    }
  }

  /// The values ω of η^M up to their signs.
  private struct Pairs {
    private(set) var omegas: [Goldilocks] = []
    /// 2·pair for ω, 2·pair + 1 for -ω; one for each point.
    private(set) var slots: [Int] = []

    init(points: [Goldilocks], exponent: Int) {
      var known: [Goldilocks: Int] = [:]
      for point in points {
        let omega = point.power(UInt64(exponent))
        if let slot = known[omega] {
          slots.append(slot)
        } else {
          known[omega] = 2 * omegas.count
          known[-omega] = 2 * omegas.count + 1
          slots.append(2 * omegas.count)
          omegas.append(omega)
        }
      }
    }

    /// Measured, in nanoseconds an entry (AVX-512 at 4.4 GHz): products of a pair, joining its limbs, and a point's
    /// products.
    func cost(points: Int, digits: Int) -> Double {
      let (pairs, points, digits) = (Double(omegas.count), Double(points), Double(digits))
      return 0.037 * pairs + 0.18 * pairs / digits + 0.107 * points / digits
    }
  }
}
