// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofTranscript

extension HashCommitment: TableauCommitmentProver {
  package func commit(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], archive: (any CommitmentArchive)?
  ) throws -> CommittedTableau {
    guard let archive else { return try commit(label: label, rows: rows, shapes: shapes, secret: secret) }
    // Encoding and hashing rows is what an archive spares: the upper levels are hashed again, so that a changed leaf
    // changes the root.
    let name = "leaves of \(label)"
    let restored = try CommittedTableau(
      label: label, rows: rows, shapes: shapes, secret: secret, parameters: parameters, leaves: archive, name: name)
    if let restored { return restored }
    let committed = try commit(label: label, rows: rows, shapes: shapes, secret: secret)
    try archive.write(name, byteCount: committed.tree.leafBytes) { committed.tree.leafDigests($0) }
    return committed
  }

  /// - Parameter deviation: of a cheating prover; it goes on when the tree is pinned.
  package func commit(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8],
    deviation: any CommitmentDeviation = HonestCommitment()
  ) throws -> CommittedTableau {
    precondition(rows.rowCount == shapes.count && !shapes.isEmpty, "one shape per row")
    precondition(
      shapes.allSatisfy {
        $0.tailOffset >= 0 && $0.tailOffset <= parameters.length && (0...parameters.longestTail).contains($0.tailCount)
      }, "a row's degree exceeds the code's")
    return try CommittedTableau(
      label: label, rows: rows, shapes: shapes, secret: secret, parameters: parameters, deviation: deviation)
  }

  package func reference(of committed: CommittedTableau) -> TableauReference { committed.reference }

  /// The point follows from the root, so that the commitment stands on its own: anybody derives it again.
  package func pin(_ committed: CommittedTableau) throws -> CommittedTableau {
    let point = OutOfDomain.point(
      root: committed.root, label: committed.label, shapes: committed.shapes, parameters: parameters)
    return try committed.pinned(at: point)
  }

  /// Of a tree of a hiding base: at the point that root, l and rate determine, whatever the proof's queries are.
  /// - Parameter shared: the point of all trees of a next base, in place of the root's.
  package func pinBase(_ committed: CommittedTableau, at shared: CubicExtension? = nil) throws -> CommittedTableau {
    let point =
      shared
      ?? OutOfDomain.point(
        root: committed.root, label: committed.label, shapes: committed.shapes, logLength: parameters.logLength,
        logBlowup: parameters.logBlowup)
    return try committed.pinned(at: point)
  }

  package func send(
    _ committed: CommittedTableau, isPinned: Bool, to channel: inout ProverChannel
  ) throws -> CommittedTableau {
    channel.send(CommitmentLabel.root(committed.label), digest: committed.root)
    guard isPinned else { return committed }
    let point = OutOfDomain.point(CommitmentLabel.pins(committed.label), &channel.transcript)
    let pinned = try committed.pinned(at: point)
    channel.send(CommitmentLabel.pins(committed.label), pinned.pins?.values ?? [])
    return pinned
  }

  package func open(_ trees: [CommittedTableau], claims: [OpeningClaim], channel: inout ProverChannel) throws {
    try open(trees, claims: claims, channel: &channel, deviation: HonestOpening())
  }

  package func open(
    _ trees: [CommittedTableau], claims: [OpeningClaim], channel: inout ProverChannel,
    deviation: any OpeningDeviation
  ) throws {
    let prover = try OpeningProver(parameters: parameters, trees: trees, claims: claims, deviation: deviation)
    try prover.prove(&channel)
  }
}
