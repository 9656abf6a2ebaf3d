// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import DriftProofCore
import DriftProofField
import DriftProofTranscript

/// A commitment to the scores of one audit: the root of one tableau and its pin, which together stand for one table.
package struct ScoreCommitment: Hashable, Sendable {
  /// 32 bytes.
  package let root: [UInt8]
  /// The value of the tableau's one row at the point that follows from the root; 24 bytes.
  package let pin: [UInt8]

  package static let pinLength = 24

  package init(root: [UInt8], pin: [UInt8]) {
    self.root = root
    self.pin = pin
  }

  /// What is signed: SHA-256(label ‖ root ‖ SHA-256(pin)), the label after its length as UInt64.
  package var digest: [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/audit/scores/v1")
    return SHA256.hash(message, root, SHA256.hash(pin))
  }

  /// What the argument absorbs first: label, then SHA-256 of everything that was signed. So a proof for one audit is none
  /// for another, whoever signs.
  package static func binding(payload: [UInt8]) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/audit/decision/v1")
    return message + SHA256.hash(payload)
  }

  /// The verifier's side of the tableau; nil where the pin is no element of K.
  package func reference(shapes: [RowShape], code: CodeParameters) -> TableauReference? {
    guard let pins = FieldEncoding.cubicElements(pin), pins.count == shapes.count else { return nil }
    return TableauReference(
      label: ArgumentLabel.drift, root: root, shapes: shapes, pinValues: pins, parameters: code)
  }
}
