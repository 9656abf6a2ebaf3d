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
    libra = (0..<layout.libraLength + CurveLibra.randomCells).map { _ in scalar() }
    blindings = (0..<layout.auxiliaryRows).map { _ in scalar() }
  }

  /// P2.
  func rows(_ layout: CurveArgumentLayout, cells: [Int64]) -> [AuxiliaryRow] {
    let length = 1 << layout.logLength
    var rows: [AuxiliaryRow.Cells] = (0..<layout.bitRows).map { row in
      .integers(Array(cells[min(cells.count, row * length)..<min(cells.count, (row + 1) * length)]))
    }
    rows += [.scalars([bitsMask]), .scalars([driftMask]), .scalars(openingMask), .scalars(libra)]
    return zip(rows, blindings).map { AuxiliaryRow(cells: $0, blinding: $1) }
  }
}
