// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveArgument

/// The cells of D.
enum BitCells {
  static func cells(_ layout: CurveArgumentLayout, projections: [Int64], measure: DriftMeasure) -> [Int64] {
    var cells = [Int64](repeating: 0, count: layout.usedCells)
    func put(_ number: CurveBound, bits: Int, at cell: Int) {
      for bit in 0..<bits { cells[cell + bit] = Int64(number.bit(bit)) }
    }
    for (m, value) in projections.enumerated() {
      // |Z| < 2^60.
      let shifted = UInt64(value + 1 << Int64(CurveLimits.logHalfRange))
      put(CurveBound(shifted), bits: CurveLimits.projectionBits, at: layout.projectionCell(m))
    }
    if let slack = measure.totalSlack { put(slack, bits: CurveLimits.totalBits, at: layout.totalCell) }
    for (number, slack) in measure.slacks.enumerated() {
      put(slack, bits: CurveLimits.boundBits, at: layout.boundCell(number))
    }
    return cells
  }
}
