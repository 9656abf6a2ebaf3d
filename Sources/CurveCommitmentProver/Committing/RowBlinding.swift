// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofTranscript

/// Blindings of a tuned model's rows: a function of a secret of this model and of all that tells rows apart.
///
/// With the cells in it two drifts never share a blinding: else the difference of two commitments would be a commitment without
/// blinding to the difference of the drifts. With the base's point in it, in a chain the parent's, two links never do: else
/// C_2 - C_1 = C_1 - C_0 would show a row that changed in neither.
package struct RowBlinding: Sendable {
  private let secret: [UInt8]
  private let setupID: [UInt8]
  private let baseRoot: [UInt8]

  /// - Parameters:
  ///   - secret: 32 bytes, new for every tuned model: two models under one secret would show which rows they share.
  ///   - baseRoot: of the base's blocks.
  package init(secret: [UInt8], setupID: [UInt8], baseRoot: [UInt8]) {
    precondition(secret.count == 32, "a secret of \(secret.count) bytes")
    self.secret = secret
    self.setupID = setupID
    self.baseRoot = baseRoot
  }

  /// - Parameters:
  ///   - row: counted within the tensor.
  ///   - basePoint: 48 bytes.
  ///   - cells: of the drift's row, without the zeros behind the last.
  package func scalar(tensor: String, row: Int, basePoint: [UInt8], cells: [Int64]) -> Fr {
    var context = setupID + baseRoot
    context.append(lengthPrefixed: tensor)
    context.append(littleEndian: UInt64(row))
    context += basePoint
    let used = cells.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * used)
    for cell in cells[..<used] { bytes.append(littleEndian: cell) }
    context += SHA256.hash(bytes)
    let stream = PseudorandomStream(secret: secret, label: "driftproof/curve/blinding/v1", context: context)
    while true {
      var block = stream.bytes(Fr.encodedLength)
      block[31] &= 0x7F
      if let scalar = Fr(littleEndian: block) { return scalar }
    }
  }
}
