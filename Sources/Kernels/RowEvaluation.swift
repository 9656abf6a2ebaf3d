// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofField

/// Rows as polynomials evaluated at one point z of K: p(z) for p(X) = Σ_x m[x]·X^x + X^tailOffset·Σ_i tail[i]·X^i.
///
/// With x = 4096·c + b, Σ_c z^(4096c)·m[4096c + b] is a weighted sum of runs of the row, with weights that fit the
/// first-level cache, and 4096 products with z^b end it. A value of this type holds the powers, for all rows of a
/// tableau; its calls run on the caller's core, so rows may go in parallel.
package struct RowEvaluation: Sendable {
  package let point: CubicExtension
  /// The longest message.
  package let length: Int
  /// z^b, b < 4096.
  private let low: [CubicExtension]
  /// z^(4096c) for every run c of a row.
  private let high: [CubicExtension]
  /// `high` as the C kernels take it; empty for the Swift twin.
  private let limbs: [UInt32]
  private let forms: [UInt64]
  private let level: Int32?

  private static let logRun = 12
  private static var run: Int { 1 << logRun }
  /// As many products of a limb and an entry fit a 64-bit sum of `dp_rows_narrow`.
  private static let sumLimit = 512

  package init(_ z: CubicExtension, length: Int, path: KernelPath = .selected) {
    precondition(length >= 0, "length \(length)")
    point = z
    self.length = length
    low = z.powers(Self.run)
    high = z.power(UInt64(Self.run)).powers((length + Self.run - 1) >> Self.logRun)
    level = path.level
    limbs = level == nil ? [] : Montgomery.limbs(high)
    forms = level == nil ? [] : Montgomery.form(high)
  }

  /// p(z). Field entries and the tail are canonical or not.
  package func value(_ message: RowMessage, tail: [UInt64] = [], tailOffset: Int = 0) -> CubicExtension {
    precondition(message.count <= length && tailOffset >= 0, "\(message.count) entries, tail at \(tailOffset)")
    var sums = [CubicExtension](repeating: .zero, count: min(Self.run, message.count))
    switch message {
    case .zero: break
    case .narrow(let entries):
      if let level {
        Self.runs(entries, into: &sums) { rows, lengths, first, out in
          limbs.withUnsafeBufferPointer { limbs in
            guard let limbs = limbs.baseAddress else { return }
            dp_rows_narrow(level, rows, lengths, limbs + 9 * first, lengths.count, 0, min(Self.run, entries.count), out)
          }
        }
      } else {
        for (x, e) in entries.enumerated() { sums[x & (Self.run - 1)] += high[x >> Self.logRun] * Goldilocks(Int64(e)) }
      }
    case .field(let entries):
      if let level {
        Self.runs(entries, into: &sums) { rows, lengths, first, out in
          forms.withUnsafeBufferPointer { forms in
            guard let forms = forms.baseAddress else { return }
            dp_rows_field(level, rows, lengths, forms + 3 * first, lengths.count, 0, min(Self.run, entries.count), out)
          }
        }
      } else {
        for (x, e) in entries.enumerated() {
          sums[x & (Self.run - 1)] += high[x >> Self.logRun] * Goldilocks(reducing: e)
        }
      }
    }
    var result = CubicExtension.zero
    for b in sums.indices { result += sums[b] * low[b] }
    var end = CubicExtension.zero
    for entry in tail.reversed() { end = end * point + CubicExtension(Goldilocks(reducing: entry)) }
    return tail.isEmpty ? result : result + end * point.power(UInt64(tailOffset))
  }

  /// Calls the body for batches of consecutive runs: their starts, lengths, the index of the first and the sums.
  private static func runs<T>(
    _ entries: [T], into sums: inout [CubicExtension],
    _ body: ([UnsafePointer<T>?], [Int], Int, UnsafeMutablePointer<UInt64>) -> Void
  ) {
    let count = (entries.count + run - 1) >> logRun
    Coordinates.with(&sums) { coordinates in
      entries.withUnsafeBufferPointer { entries in
        guard let out = coordinates.baseAddress, let source = entries.baseAddress else { return }
        for first in stride(from: 0, to: count, by: sumLimit) {
          let batch = first..<min(first + sumLimit, count)
          body(
            batch.map { source + $0 << logRun }, batch.map { min(run, entries.count - $0 << logRun) }, first, out)
        }
      }
    }
  }

  /// One row at one point; ``init(_:length:path:)`` once and ``value(_:tail:tailOffset:)`` for several rows.
  package static func at(_ z: CubicExtension, message: RowMessage, tail: [UInt64], tailOffset: Int) -> CubicExtension {
    RowEvaluation(z, length: message.count).value(message, tail: tail, tailOffset: tailOffset)
  }
}
