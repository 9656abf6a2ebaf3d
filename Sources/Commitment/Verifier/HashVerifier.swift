// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

extension HashCommitment: TableauCommitmentVerifier {
  // The base's trees have their own number of bands, one (docs/format.md), not the proof's.
  package func publicReference(label: String, root: [UInt8], shapes: [RowShape]) -> TableauReference {
    TableauReference(label: label, root: root, shapes: shapes, bands: 1)
  }

  package func hidingReference(
    label: String, root: [UInt8], shapes: [RowShape], pins: [CubicExtension], at shared: CubicExtension?
  ) -> TableauReference {
    let point =
      shared
      ?? OutOfDomain.point(
        root: root, label: label, shapes: shapes, logLength: parameters.logLength, logBlowup: parameters.logBlowup)
    return TableauReference(
      label: label, root: root, shapes: shapes, bands: 1, pins: TreePins(point: point, values: pins))
  }

  package func isPinned(_ reference: TableauReference) -> Bool { reference.pins != nil }

  package func receive(
    label: String, shapes: [RowShape], isPinned: Bool, from channel: inout VerifierChannel
  ) throws(ProofRejection) -> TableauReference {
    let root = try channel.receiveDigest(CommitmentLabel.root(label))
    guard isPinned else {
      return TableauReference(label: label, root: root, shapes: shapes, bands: parameters.bands)
    }
    let point = OutOfDomain.point(CommitmentLabel.pins(label), &channel.transcript)
    let values = try channel.receive(CommitmentLabel.pins(label), count: shapes.count)
    return TableauReference(
      label: label, root: root, shapes: shapes, bands: parameters.bands, pins: TreePins(point: point, values: values))
  }

  package func verify(_ trees: [TableauReference], claims: [OpeningClaim], channel: inout VerifierChannel)
    throws(ProofRejection)
  {
    let verifier = try OpeningVerifier(parameters: parameters, trees: trees, claims: claims)
    try verifier.verify(&channel)
  }
}
