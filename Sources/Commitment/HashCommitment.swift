import Field
import Transcript

/// The transparent backend: Reed-Solomon codewords under SHA-256 Merkle trees, openings by folding (BaseFold in
/// evaluation form); docs/protocol.md sections 3 and 6.
package struct HashCommitment: TableauCommitmentScheme {
  package let parameters: CodeParameters

  package init(_ parameters: CodeParameters) { self.parameters = parameters }

  package func commit(label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8]) throws
    -> CommittedTableau
  {
    try commit(label: label, rows: rows, shapes: shapes, secret: secret, tampering: nil)
  }

  /// `tampering`: for adversarial tests only.
  package func commit(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], tampering: CommitmentTampering?
  ) throws -> CommittedTableau {
    precondition(rows.rowCount == shapes.count && !shapes.isEmpty, "one shape per row")
    precondition(
      shapes.allSatisfy {
        $0.tailOffset >= 0 && $0.tailOffset <= parameters.length && (0...parameters.driftTail).contains($0.tailCount)
      }, "a row's degree exceeds the code's")
    return try CommittedTableau(
      label: label, rows: rows, shapes: shapes, secret: secret, parameters: parameters, tampering: tampering)
  }

  package func reference(of committed: CommittedTableau) -> TableauReference { committed.reference }

  package func bindingBytes(of reference: TableauReference) -> [UInt8] { reference.root }

  package func send(_ committed: CommittedTableau, to channel: inout ProverChannel) {
    channel.send(Self.rootLabel(committed.label), digest: committed.root)
  }

  package func receive(label: String, shapes: [RowShape], from channel: inout VerifierChannel) throws(ProofRejection)
    -> TableauReference
  {
    TableauReference(label: label, root: try channel.receiveDigest(Self.rootLabel(label)), shapes: shapes)
  }

  private static func rootLabel(_ label: String) -> String { "root of \(label)" }

  package func open(_ trees: [CommittedTableau], claims: [OpeningClaim], channel: inout ProverChannel) throws {
    try open(trees, claims: claims, channel: &channel, tampering: nil)
  }

  /// `tampering`: for adversarial tests only.
  package func open(
    _ trees: [CommittedTableau], claims: [OpeningClaim], channel: inout ProverChannel, tampering: OpeningTampering?
  ) throws {
    let prover = try OpeningProver(parameters: parameters, trees: trees, claims: claims, tampering: tampering)
    try prover.prove(&channel)
  }

  package func verify(_ trees: [TableauReference], claims: [OpeningClaim], channel: inout VerifierChannel)
    throws(ProofRejection)
  {
    let verifier = try OpeningVerifier(parameters: parameters, trees: trees, claims: claims)
    try verifier.verify(&channel)
  }
}
