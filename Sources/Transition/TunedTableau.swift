// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofField

/// A hiding commitment to a tuned model's weights, in the units and places of its base's tableau: C_ft of the paper
/// (docs/protocol.md, section 13). It says nothing of the weights, and stands for one tableau only.
package struct TunedTableau: Hashable, Sendable {
  /// The linked root of the base whose layout and units it has, 32 bytes.
  package let baseRoot: [UInt8]
  /// The code of its rows; the tail is as long as that of a drift tableau with this code. What a hiding base adds follows from
  /// the base, see ``reference(_:)``.
  package let code: CodeParameters
  package let rowCount: Int
  /// 32 bytes.
  package let root: [UInt8]
  /// The value of each row at the point that the root determines.
  package let pins: [CubicExtension]

  package init(baseRoot: [UInt8], code: CodeParameters, rowCount: Int, root: [UInt8], pins: [CubicExtension]) {
    self.baseRoot = baseRoot
    self.code = code
    self.rowCount = rowCount
    self.root = root
    self.pins = pins
  }

  /// Of its tree in leaves, pins and transcripts.
  package static let label = "tuned"

  package static func shapes(rowCount: Int, _ code: CodeParameters) -> [RowShape] {
    [RowShape](repeating: RowShape(tailOffset: code.length, tailCount: code.driftRowTail), count: rowCount)
  }

  /// - Parameter code: ``code``, beside a hiding base if the base is one; in one band, whatever the certificate's has.
  package func reference(_ code: CodeParameters) -> TableauReference {
    TableauReference(
      label: Self.label, root: root, shapes: Self.shapes(rowCount: rowCount, code), pinValues: pins,
      parameters: code.inOneBand)
  }

  /// What a transition names, 32 bytes: SHA-256 of label, base root, code, rows, root and pins (docs/format.md).
  package var digest: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/tuned-tableau/v1")
    bytes += baseRoot + code.bytes
    bytes.append(littleEndian: UInt64(rowCount))
    return SHA256.hash(bytes, root, SHA256.hash(TreePins(point: .zero, values: pins).bytes))
  }
}
