// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCommitment
import DriftProofTranscript

/// The random cells and blindings of P2, in the order in which they are drawn.
struct ProofRandomness {
  /// m_E and m_D.
  let driftMask: Fr
  let bitsMask: Fr
  let openingMask: [Fr]
  /// Coefficients of g, and random cells behind them.
  let libra: [Fr]
  /// Of P2's rows.
  let blindings: [Fr]
  // With clauses alone.
  /// m_G.
  let factorMask: Fr
  /// The masks of Stage B's evaluations, and δ, which lie behind P1's integers.
  let structureMasks: [Fr]
  /// Of the opening's other parts, one for each row of P1.
  let partMasks: [[Fr]]
  /// Of P1's rows.
  let factorBlindings: [Fr]

  /// - Parameters:
  ///   - secret: fresh for every proof.
  ///   - context: what the proof is of, so that a secret that is used twice does not mask two drifts alike.
  init(_ layout: CurveArgumentLayout, secret: [UInt8], context: [UInt8]) {
    let stream = PseudorandomStream(secret: secret, label: "driftproof/curve/argument/v1", context: context)
    func scalar() -> Fr {
      while true {
        var bytes = stream.bytes(Fr.encodedLength)
        bytes[31] &= 0x7F
        if let scalar = Fr(littleEndian: bytes) { return scalar }
      }
    }
    driftMask = scalar()
    bitsMask = scalar()
    openingMask = (0..<CurveClaim.maskCells).map { _ in scalar() }
    libra = (0..<layout.allLibraLength + CurveLibra.randomCells).map { _ in scalar() }
    blindings = (0..<layout.auxiliaryRows).map { _ in scalar() }
    guard let factors = layout.factors else {
      (factorMask, structureMasks, partMasks, factorBlindings) = (.zero, [], [], [])
      return
    }
    factorMask = scalar()
    structureMasks = (0..<factors.valueCount + 1).map { _ in scalar() }
    partMasks = (0..<layout.factorRows).map { _ in (0..<CurveClaim.maskCells).map { _ in scalar() } }
    factorBlindings = (0..<layout.factorRows).map { _ in scalar() }
  }

  /// δ, by which E's own mask is less than that of the drift.
  var dummy: Fr { structureMasks.last ?? .zero }

  /// P1.
  func factorRows(_ layout: CurveArgumentLayout, cells: [Int64]) -> [AuxiliaryRow] {
    let length = 1 << layout.logLength
    return factorBlindings.enumerated().map { row, blinding in
      let range = row * length..<(row + 1) * length
      let own = Array(cells[min(cells.count, range.lowerBound)..<min(cells.count, range.upperBound)])
      let scalars = structureMasks.enumerated().compactMap { index, mask -> (cell: Int, value: Fr)? in
        range.contains(cells.count + index) ? (cells.count + index - range.lowerBound, mask) : nil
      }
      return AuxiliaryRow(cells: scalars.isEmpty ? .integers(own) : .mixed(own, scalars), blinding: blinding)
    }
  }

  /// P2.
  func rows(_ layout: CurveArgumentLayout, cells: [Int64]) -> [AuxiliaryRow] {
    let length = 1 << layout.logLength
    var rows: [AuxiliaryRow.Cells] = (0..<layout.bitRows).map { row in
      .integers(Array(cells[min(cells.count, row * length)..<min(cells.count, (row + 1) * length)]))
    }
    rows += [.scalars([bitsMask]), .scalars([driftMask])]
    if layout.factors != nil { rows.append(.scalars([factorMask])) }
    rows += ([openingMask] + partMasks + [libra]).map { .scalars($0) }
    return zip(rows, blindings).map { AuxiliaryRow(cells: $0, blinding: $1) }
  }
}
