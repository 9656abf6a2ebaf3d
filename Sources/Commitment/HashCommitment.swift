import Field
import Transcript

/// The transparent backend: Reed-Solomon codewords under SHA-256 Merkle trees, openings by folding in the manner of WHIR;
/// docs/protocol.md sections 3 and 6.
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
        $0.tailOffset >= 0 && $0.tailOffset <= parameters.length && (0...parameters.driftRowTail).contains($0.tailCount)
      }, "a row's degree exceeds the code's")
    return try CommittedTableau(
      label: label, rows: rows, shapes: shapes, secret: secret, parameters: parameters, tampering: tampering)
  }

  package func reference(of committed: CommittedTableau) -> TableauReference { committed.reference }

  package func isPinned(_ reference: TableauReference) -> Bool { reference.pins != nil }

  package func bindingBytes(of reference: TableauReference) -> [UInt8] {
    reference.root + (reference.pins?.bytes ?? [])
  }

  /// The point follows from the root, so that the commitment stands on its own: anybody derives it again.
  package func pin(_ committed: CommittedTableau) throws -> CommittedTableau {
    let point = OutOfDomain.point(
      root: committed.root, label: committed.label, shapes: committed.shapes, parameters: parameters)
    return try committed.pinned(at: point)
  }

  package func send(
    _ committed: CommittedTableau, isPinned: Bool, to channel: inout ProverChannel
  ) throws -> CommittedTableau {
    channel.send(Self.rootLabel(committed.label), digest: committed.root)
    guard isPinned else { return committed }
    let point = OutOfDomain.point(Self.pinLabel(committed.label), &channel.transcript)
    let pinned = try committed.pinned(at: point)
    channel.send(Self.pinLabel(committed.label), pinned.pins?.values ?? [])
    return pinned
  }

  package func receive(
    label: String, shapes: [RowShape], isPinned: Bool, from channel: inout VerifierChannel
  ) throws(ProofRejection) -> TableauReference {
    let root = try channel.receiveDigest(Self.rootLabel(label))
    guard isPinned else { return TableauReference(label: label, root: root, shapes: shapes) }
    let point = OutOfDomain.point(Self.pinLabel(label), &channel.transcript)
    let values = try channel.receive(Self.pinLabel(label), count: shapes.count)
    return TableauReference(
      label: label, root: root, shapes: shapes, pins: TreePins(point: point, values: values))
  }

  private static func pinLabel(_ label: String) -> String { "pins of \(label)" }
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
