import Field
import Kernels
import Transcript

/// The linear claims on folded combinations, on both sides; docs/protocol.md section 6.

extension OpeningLayout {
  /// What one folded claim says about the low part of its combination u: ⟨c, u_low⟩ first, then u_low(z) for its pins.
  struct Targets {
    var functional: CubicExtension
    /// u(z) of the whole combination, tail included, in the order of ``OpeningLayout/pins``.
    var pins: [CubicExtension]
  }

  /// Claims and pins of all folded claims together: each gets its own power of χ.
  var constraintCount: Int { foldedClaims.reduce(0) { $0 + 1 + pins[$1].count } }

  /// u(z) = Σ_b (β + β_b)·P_b(z) + mask(z), β_b = 0 for trees without pins.
  ///
  /// - Parameters:
  ///   - own: P_a(z) of the pinned tree a itself, from its pins.
  ///   - others: P_b(z), in the order of `pin.others`.
  func pinTarget(
    claim: Int, pin: Pin, own: CubicExtension, others: [CubicExtension], mask: CubicExtension, beta: CubicExtension,
    pinBetas: [CubicExtension]
  ) -> CubicExtension {
    func coefficient(_ tree: Int) -> CubicExtension {
      pins[claim].firstIndex { $0.tree == tree }.map { beta + pinBetas[$0] } ?? beta
    }
    var sum = mask + coefficient(pin.tree) * own
    for (tree, value) in zip(pin.others, others) { sum += coefficient(tree) * value }
    return sum
  }
}

/// Powers of a point as weights of coefficients: x^i, i bit by bit, is a tensor.
enum PowerWeights {
  /// 1, x, x², …, 2^logCount of them, times `scale`.
  static func table(_ x: CubicExtension, logCount: Int, scale: CubicExtension) -> [CubicExtension] {
    let low = x.powers(1 << min(logCount, 12))
    let step = low[low.count - 1] * x
    var scales = step.powers(1 << logCount / low.count)
    for i in scales.indices { scales[i] *= scale }
    let factors = scales
    return ParallelMap.of(count: 1 << logCount) { i in factors[i / low.count] * low[i % low.count] }
  }

  /// Binds the lowest variables to `challenges`: the factor Π (1 - r + r·x^(2^i)), and x^(2^count) for what is left.
  static func bind(_ x: Goldilocks, _ challenges: ArraySlice<CubicExtension>) -> (CubicExtension, Goldilocks) {
    var factor = CubicExtension.one
    var power = x
    for r in challenges {
      factor *= r * (power - .one) + .one
      power *= power
    }
    return (factor, power)
  }

  static func bind(_ x: CubicExtension, _ challenges: ArraySlice<CubicExtension>) -> (CubicExtension, CubicExtension) {
    var factor = CubicExtension.one
    var power = x
    for r in challenges {
      factor *= r * (power - .one) + .one
      power *= power
    }
    return (factor, power)
  }

  /// target[i] += Σ_j scales[j]·points[j]^i. The points' low powers are rows of a weighted sum, the same for all blocks.
  static func accumulate(_ points: [Goldilocks], scales: [CubicExtension], into target: inout [CubicExtension]) {
    let size = min(target.count, 1 << 12)
    let rows = points.map { point in
      var powers: [UInt64] = []
      powers.reserveCapacity(size)
      var power = Goldilocks.one
      for _ in 0..<size {
        powers.append(power.value)
        power *= point
      }
      return RowMessage.field(powers)
    }
    let steps = points.map { $0.power(UInt64(size)) }
    var scales = scales
    for start in stride(from: 0, to: target.count, by: size) {
      var block = Array(target[start..<start + size])
      RowCombination.accumulate(rows: rows, weights: scales, into: &block)
      target.replaceSubrange(start..<start + size, with: block)
      for j in scales.indices { scales[j] = scales[j] * steps[j] }
    }
  }
}
