import Field

/// The public quantities of Stage B at Stage A's point: d - e = (1-top)·[Σ w_e·U·V + Σ_j w_j·v_j·Π_l f_l(j)] + dummy,
/// with f_l(j) = b·x + (1-b)(1-x) for a live index bit b over E-variable x, and 1 for a dead one.
struct StageBWeights {
  let layout: ArgumentLayout
  /// Stage A's `top`, and the E-space point below it.
  let top: CubicExtension
  let point: [CubicExtension]

  init(layout: ArgumentLayout, stageAPoint: [CubicExtension]) {
    self.layout = layout
    top = stageAPoint[0]
    point = Array(stageAPoint[1...layout.driftVariables])
  }

  func coordinates(_ variables: [Int]) -> [CubicExtension] { variables.map { point[$0] } }

  /// (1-top)·eq over the variables that a clause's sub-cube fixes.
  func clauseWeight(_ cube: TensorCube) -> CubicExtension { (.one - top) * cube.cube.fixedWeight(point) }

  /// Weight of the dummy's entry i: what the half top = 1 of E contributes at position i.
  func dummyWeights() -> [CubicExtension] {
    let scale = point[Limits.logMaskEntries...].reduce(top) { $0 * (.one - $1) }
    return Multilinear.equality(point.prefix(Limits.logMaskEntries), scale: scale)
  }

  /// Names of Stage B's oracles, in the order of their evaluations.
  static func oracleNames(_ factors: FactorLayout) -> [String] {
    (factors.lowRank.isEmpty ? [] : ["U", "V"])
      + (factors.sparse.isEmpty ? [] : ["values"] + (0..<factors.bitCount).map { "bit/\($0)" }) + ["dummy"]
  }

  static func shape(_ layout: ArgumentLayout) -> SumcheckShape {
    let rounds = layout.stageBVariables + 1
    return SumcheckShape(
      stage: "B", variables: rounds, degree: layout.stageBDegree,
      oracles: oracleNames(layout.factors).map { ($0, rounds) })
  }

  /// The constant part of f_l: 1 for dead bits, 1 - x for live ones, as a multilinear polynomial at `at`.
  func bitConstant(_ bit: Int, at: [CubicExtension]) -> CubicExtension {
    layout.factors.sparse.reduce(.one) { sum, group in
      guard bit < group.variables.count else { return sum }
      let place = Multilinear.equality(at[group.logCount...], at: group.base >> group.logCount)
      return sum - place * point[group.variables[bit]]
    }
  }

  /// The verifier's final value of Stage B at κ (with its own top first).
  func contribution(_ kappa: [CubicExtension], _ evaluations: [String: CubicExtension]) -> CubicExtension {
    func value(_ name: String) -> CubicExtension { evaluations[name] ?? .zero }
    let at = Array(kappa[1...])
    var sum = value("U") * value("V")
    if !layout.factors.sparse.isEmpty {
      sum += (0..<layout.factors.bitCount).reduce(value("values")) { $0 * value("bit/\($1)") }
    }
    let low = Limits.logMaskEntries
    var dummy = value("dummy") * Multilinear.innerProduct(dummyWeights(), Multilinear.equality(at.prefix(low)))
    for r in at[low...] { dummy *= .one - r }
    return (.one - kappa[0]) * (sum + dummy)
  }
}

/// Stage C: all evaluations of Stage B are linear functionals of the factor oracle G; one linear sumcheck, each claim
/// with its own power of χ, brings them to one point.
struct StageCWeights {
  let stageB: StageBWeights
  let layout: ArgumentLayout
  /// Stage B's own top and point.
  let kappaTop: CubicExtension
  let kappa: [CubicExtension]
  private let powers: [CubicExtension]

  init(stageB: StageBWeights, kappa: [CubicExtension], chi: CubicExtension) {
    self.stageB = stageB
    layout = stageB.layout
    kappaTop = kappa[0]
    self.kappa = Array(kappa[1...])
    powers = chi.powers(FactorLayout.Mask.firstBit.rawValue + layout.factors.bitCount)
  }

  static func shape(_ layout: ArgumentLayout) -> SumcheckShape {
    let rounds = layout.stageCVariables + 1
    return SumcheckShape(
      stage: "C", variables: rounds, degree: ArgumentLayout.stageCDegree, oracles: [("G", rounds)])
  }

  private func power(_ mask: FactorLayout.Mask, bit: Int = 0) -> CubicExtension { powers[mask.rawValue + bit] }
  private var data: CubicExtension { .one - kappaTop }

  /// Masks that exist, with their λ-power: what Stage B revealed.
  private var masks: [(mask: FactorLayout.Mask, bit: Int)] {
    (layout.factors.lowRank.isEmpty ? [] : [(.left, 0), (.right, 0)])
      + (layout.factors.sparse.isEmpty ? [] : [(.values, 0)] + (0..<layout.factors.bitCount).map { (.firstBit, $0) })
  }

  func total(_ evaluations: [String: CubicExtension]) -> CubicExtension {
    func value(_ name: String) -> CubicExtension { evaluations[name] ?? .zero }
    var total = power(.dummy) * value("dummy")
    if !layout.factors.lowRank.isEmpty { total += power(.left) * value("U") + power(.right) * value("V") }
    if !layout.factors.sparse.isEmpty {
      total += power(.values) * value("values")
      for bit in 0..<layout.factors.bitCount {
        total +=
          power(.firstBit, bit: bit) * (value("bit/\(bit)") - data * stageB.bitConstant(bit, at: kappa))
      }
    }
    return total
  }

  // MARK: The prover's dense table

  func table() -> [CubicExtension] {
    let factors = layout.factors
    var table = [CubicExtension](repeating: .zero, count: 1 << layout.factorVariables)
    let equality = Multilinear.equality(kappa)
    for clause in factors.lowRank {
      let weight = data * stageB.clauseWeight(clause.cube)
      fill(clause.left, clause, stageB.coordinates(clause.cube.rowVariables), power(.left) * weight)
      fill(clause.right, clause, stageB.coordinates(clause.cube.columnVariables), power(.right) * data)
    }
    func fill(_ slot: Slot, _ clause: FactorLayout.LowRank, _ line: [CubicExtension], _ scale: CubicExtension) {
      for (index, weight) in Multilinear.equality(line, scale: scale).enumerated() {
        for k in 0..<clause.rank {
          table[slot.offset + index << clause.logRank + k] = weight * equality[clause.base + k]
        }
      }
    }
    for group in factors.sparse {
      let scale = power(.values) * data * stageB.clauseWeight(group.cube)
      let vector = Multilinear.equality(stageB.coordinates(group.vectorVariables), scale: scale)
      for slot in 0..<group.count {
        for (y, weight) in vector.enumerated() {
          table[group.values.offset + slot << group.vectorVariables.count + y] = weight * equality[group.base + slot]
        }
      }
      guard let bits = factors.bits else { continue }
      for (bit, variable) in group.variables.enumerated() {
        let x = stageB.point[variable]
        let weight = power(.firstBit, bit: bit) * data * (x + x - .one)
        for slot in 0..<1 << group.logCount {
          table[bits.offset + bit << factors.logSlots + group.base + slot] = weight * equality[group.base + slot]
        }
      }
    }
    let maskScale = kappa[Limits.logMaskEntries...].reduce(kappaTop) { $0 * (.one - $1) }
    let maskWeights = Multilinear.equality(kappa.prefix(Limits.logMaskEntries), scale: maskScale)
    for (mask, bit) in masks {
      for (entry, weight) in maskWeights.enumerated() {
        table[factors.maskCell(mask, bit: bit, entry: entry)] = weight * power(mask, bit: bit)
      }
    }
    for entry in 0..<Limits.maskEntries {
      table[factors.maskCell(.dummy, entry: entry)] = power(.dummy) * data * equality[entry]
      table[factors.maskCell(.dummyMask, entry: entry)] = power(.dummy) * maskWeights[entry]
    }
    return table
  }

  // MARK: The verifier's value

  /// The table's multilinear extension at a point of G (without top).
  func weight(at y: [CubicExtension]) -> CubicExtension {
    let factors = layout.factors
    var sum = CubicExtension.zero
    for clause in factors.lowRank {
      let columns =
        Multilinear.prefixSum(
          Array(kappa.prefix(clause.logRank)), Array(y.prefix(clause.logRank)), count: clause.rank)
        * Multilinear.equality(kappa[clause.logRank...], at: clause.base >> clause.logRank) * data
      func line(_ slot: Slot, _ variables: [Int]) -> CubicExtension {
        slot.address(y)
          * Multilinear.equality(stageB.coordinates(variables), y[clause.logRank..<clause.logRank + variables.count])
      }
      sum +=
        columns
        * (power(.left) * stageB.clauseWeight(clause.cube) * line(clause.left, clause.cube.rowVariables)
          + power(.right) * line(clause.right, clause.cube.columnVariables))
    }
    for group in factors.sparse { sum += sparseWeight(group, at: y) }
    let low = Limits.logMaskEntries
    let matched = Multilinear.equality(kappa.prefix(low), y.prefix(low))
    let highZero = kappa[low...].reduce(CubicExtension.one) { $0 * (.one - $1) }
    func run(_ mask: FactorLayout.Mask, _ bit: Int = 0) -> CubicExtension {
      matched * Multilinear.equality(y[low...], at: factors.maskCell(mask, bit: bit, entry: 0) >> low)
    }
    for (mask, bit) in masks { sum += power(mask, bit: bit) * kappaTop * highZero * run(mask, bit) }
    sum += power(.dummy) * highZero * (data * run(.dummy) + kappaTop * run(.dummyMask))
    return sum
  }

  private func sparseWeight(_ group: FactorLayout.Sparse, at y: [CubicExtension]) -> CubicExtension {
    let factors = layout.factors
    let log = group.logCount
    let vector = group.vectorVariables.count
    let place = Multilinear.equality(kappa[log...], at: group.base >> log) * data
    var sum =
      power(.values) * place * stageB.clauseWeight(group.cube) * group.values.address(y)
      * Multilinear.prefixSum(Array(kappa.prefix(log)), Array(y[vector..<vector + log]), count: group.count)
      * Multilinear.equality(stageB.coordinates(group.vectorVariables), y.prefix(vector))
    guard let bits = factors.bits else { return sum }
    let slots =
      place * bits.address(y) * Multilinear.equality(kappa.prefix(log), y.prefix(log))
      * Multilinear.equality(y[log..<factors.logSlots], at: group.base >> log)
    for (bit, variable) in group.variables.enumerated() {
      let x = stageB.point[variable]
      sum +=
        power(.firstBit, bit: bit) * slots * (x + x - .one)
        * Multilinear.equality(y[factors.logSlots..<bits.log], at: bit)
    }
    return sum
  }
}
