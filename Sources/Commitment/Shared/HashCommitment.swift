// SPDX-License-Identifier: Apache-2.0

/// The transparent backend: Reed-Solomon codewords under SHA-256 Merkle trees, openings by folding in the manner of
/// WHIR; docs/protocol.md sections 3 and 6.
package struct HashCommitment: TableauCommitmentScheme {
  package let parameters: CodeParameters

  package init(_ parameters: CodeParameters) { self.parameters = parameters }

  package func bindingBytes(of reference: TableauReference) -> [UInt8] {
    reference.root + (reference.pins?.bytes ?? [])
  }
}

/// Labels of the messages that announce a tree.
package enum CommitmentLabel {
  package static func root(_ tree: String) -> String { "root of \(tree)" }
  package static func pins(_ tree: String) -> String { "pins of \(tree)" }
}
