// SPDX-License-Identifier: Apache-2.0

/// The two clauses of SAME: the average of the expected scores, each given everything before it, is below the margin, and
/// the average probability of a far one is below its share.
///
/// With S the sum and Q the sum of squares of scores in [0, 1], exp(λ(Σμ - S) - ψ(λ)Q), ψ(λ) = -ln(1-λ) - λ, is a
/// supermartingale for every sequence of conditional means μ: exp(-λx - ψ(λ)x²) ≤ 1 - λx on [0, 1]. So
/// λ(nm - S) - ψ(λ)Q ≥ ln(1/(αw)) while the average of the means is m or more happens, ever, with probability at most αw.
/// Each line below is one λ with its w; the eight weights add up to one, as who is asked may choose on the way which
/// clause to violate.
package struct SameClauses: Equatable, Sendable {
  /// One λ in 32nds, ψ(λ)·2^40 and ln(1/(αw))·2^40, both rounded up.
  package struct Line: Sendable {
    package let lambda: Int
    package let psi: Int
    /// For 1/α = 40, 100, 1000.
    let need: (quick: Int, audit: Int, extended: Int)

    package func need(_ mode: AuditMode) -> Int {
      switch mode {
      case .quick: need.quick
      case .audit: need.audit
      case .extended: need.extended
      }
    }
  }

  /// ψ(λ)·2^40 for λ = 8/32, 16/32, 24/32, 28/32, 30/32; ln(w⁻¹/α)·2^40 for w⁻¹ = 32, 16, 16, 16, 32.
  package static let meanLines = [
    Line(lambda: 8, psi: 41_431_876_820, need: weight32), Line(lambda: 16, psi: 212_367_570_898, need: weight16),
    Line(lambda: 24, psi: 699_613_048_740, need: weight16), Line(lambda: 28, psi: 1_324_297_480_054, need: weight16),
    Line(lambda: 30, psi: 2_017_701_388_104, need: weight32),
  ]
  /// λ = 16/32, 24/32, and 1 with w⁻¹ = 16, 16/3, 2. The last is exp(Σp) while nothing was far, zero afterwards: a
  /// supermartingale as 1 - p ≤ exp(-p).
  static let tailLines = [
    Line(lambda: 16, psi: 212_367_570_898, need: weight16),
    Line(
      lambda: 24, psi: 699_613_048_740,
      need: (quick: 5_896_522_406_598, audit: 6_903_994_720_717, extended: 9_435_713_804_407)),
    Line(
      lambda: 32, psi: 0, need: (quick: 4_818_089_238_049, audit: 5_825_561_552_168, extended: 8_357_280_635_858)),
  ]
  private static let weight32 = (quick: 7_866_582_777_192, audit: 8_874_055_091_311, extended: 11_405_774_175_001)
  private static let weight16 = (quick: 7_104_459_392_406, audit: 8_111_931_706_525, extended: 10_643_650_790_216)

  /// Requests so far.
  package private(set) var count = 0
  /// Their scores in thousandths, added up.
  package private(set) var sum = 0
  /// Squares of the scores, added up.
  package private(set) var squares = 0
  /// How many were far off.
  package private(set) var tail = 0

  package init() {}

  /// Takes one score, from 0 to 1000.
  package mutating func add(_ score: Int, isFar: Bool) {
    count += 1
    sum += score
    squares += score * score
    if isFar { tail += 1 }
  }

  /// Whether the average is shown to be below `margin` thousandths.
  package func meanIsBelow(_ margin: Int, _ mode: AuditMode) -> Bool {
    Self.meanLines.contains { line in
      let gain = Int128(line.lambda) * Int128(count * margin - sum) * 1000 << 40
      return gain - 32 * Int128(line.psi) * Int128(squares) >= 32 * Int128(line.need(mode)) * 1_000_000
    }
  }

  /// Whether the average probability of a far one is shown to be below `numerator`/`denominator`.
  package func tailIsBelow(_ numerator: Int, over denominator: Int, _ mode: AuditMode) -> Bool {
    Self.tailLines.contains { line in
      guard line.lambda < 32 || tail == 0 else { return false }
      let gain = Int128(line.lambda) * Int128(count * numerator - denominator * tail) << 40
      let cost = 32 * Int128(denominator) * Int128(line.psi) * Int128(tail)
      return gain - cost >= 32 * Int128(denominator) * Int128(line.need(mode))
    }
  }

  /// Whether both clauses hold, at the mode's margin.
  /// - Parameter inverseTailShare: 1/ρ.
  package func hold(_ mode: AuditMode, inverseTailShare: Int) -> Bool {
    meanIsBelow(mode.margin, mode) && tailIsBelow(1, over: inverseTailShare, mode)
  }

  /// How far SAME is shown, about: 1 and more where both clauses hold. It decides nothing.
  package func shownProgress(_ mode: AuditMode, inverseTailShare: Int) -> Double {
    let (count, scale) = (Double(count), Double(1 << 40))
    func best(_ lines: [Line], sum: Double, squares: Double, margin: Double) -> Double {
      lines.map { line in
        let lambda = Double(line.lambda) / 32
        return (lambda * (count * margin - sum) - Double(line.psi) / scale * squares) * scale / Double(line.need(mode))
      }.max() ?? 0
    }
    let far = Double(tail)
    let mean = best(
      Self.meanLines, sum: Double(sum) / 1000, squares: Double(squares) / 1e6, margin: Double(mode.margin) / 1000)
    let tails = Self.tailLines.filter { $0.lambda < 32 || tail == 0 }
    return max(0, min(mean, best(tails, sum: far, squares: far, margin: 1 / Double(inverseTailShare))))
  }

  /// Requests until SAME where no score is above zero.
  package static func fewestRequests(of mode: AuditMode, inverseTailShare: Int? = nil) -> Int {
    requests(of: mode, tail: 0, inverseTailShare: inverseTailShare)
  }

  /// Requests until SAME when `tail` of them are far off, at the largest score, and the others at zero.
  /// - Parameter inverseTailShare: 1/ρ; nil for the mode's own.
  package static func requests(of mode: AuditMode, tail: Int, inverseTailShare: Int? = nil) -> Int {
    let share = inverseTailShare ?? mode.inverseTailShare
    var clauses = SameClauses()
    for _ in 0..<tail { clauses.add(1000, isFar: true) }
    while !clauses.hold(mode, inverseTailShare: share), clauses.count < 1_000_000 { clauses.add(0, isFar: false) }
    return clauses.count
  }
}
