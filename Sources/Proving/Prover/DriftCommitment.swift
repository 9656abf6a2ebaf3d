// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCommitmentProver
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import DriftProofKernels

/// The tuned model of a statement under one opening secret: what prover and holders of the weights compute alike.
struct DriftCommitment {
  let statementTensors: [TableauTensor]
  let manifest: DriftManifest
  /// Nil for an empty tableau.
  let tableau: (rows: any TableauRows, committed: CommittedTableau)?
  /// Who holds the rows; nil for this process.
  let team: WorkerTeam?

  var driftRoot: [UInt8]? { tableau?.committed.root }
  var driftPins: [UInt8] { tableau?.committed.pins?.bytes ?? [] }

  func commitment(baseRoot: [UInt8]) -> [UInt8] {
    TunedCommitment.commitment(
      baseRoot: baseRoot, manifest: manifest.bytes, driftRoot: driftRoot ?? Certificate.emptyDriftRoot,
      driftPins: driftPins)
  }

  /// What a proof does besides: none of it changes the commitment.
  struct Companions {
    /// Refuses a drift before it is committed.
    var check: ChunkCheck?
    /// Memory for rows.
    var room = RowRoom()
    /// Keeps the tree, or has it.
    var archive: (any CommitmentArchive)?
    /// Makes the holders of the rows, where that is not this process.
    var team: ((DriftStatement, any TableauRows) throws -> WorkerTeam)?
    /// Told of each row that is asked for.
    var asked: (@Sendable () -> Void)?
    /// Told of each phase as it begins.
    var phase: (ProofPhase) -> Void = { _ in }
  }

  /// - Parameters:
  ///   - parent: tuned commitment of the certificate whose model the base is; nil for the base itself.
  ///   - code: nil for an empty tableau.
  ///   - secret: the opening's.
  ///   - tunedDigests: SHA-256 of the bytes of the tuned tensors where they are known already, by name.
  /// - Throws: errors of the checkpoints' weights.
  package init(
    derived: DerivedStatement, parent: [UInt8]? = nil, code: CodeParameters?, model: ResolvedModel, secret: [UInt8],
    tunedDigests: [String: [UInt8]] = [:], companions: Companions = Companions()
  ) throws {
    statementTensors = derived.tensors
    if tunedDigests.isEmpty { companions.phase(.byteDigests) }
    let digests = try Self.byteDigests(of: derived, tuned: model.moved, known: tunedDigests, secret: secret)
    let products = try model.productDigests(secret: secret)
    let entries = model.manifestTensors.map { tensor in
      DriftManifest.Entry(tensor: tensor, byteDigest: products[tensor.name] ?? digests[tensor.name])
    }
    guard let code, !derived.isEmpty else {
      (tableau, team) = (nil, nil)
      manifest = DriftManifest(rules: derived.rules, parent: parent, code: nil, rowCount: 0, entries: entries)
      return
    }
    companions.phase(.rows)
    let plan = TableauPlan(tensors: derived.tensors, logLength: code.logLength)
    let rows = try CheckpointRows(
      plan: plan, tensors: derived.tensors, pair: model.pair, factors: model.factors, room: companions.room,
      asked: companions.asked)
    try companions.check?.check(plan: plan, rows: rows)
    companions.phase(.commitment)
    // The binding plays no part in a commitment, which the binding itself contains.
    let outline = derived.statement(code: code, binding: [])
    let committer = try DriftCommitter(statement: outline, scheme: HashCommitment(code))
    let team = try companions.team?(outline, rows)
    self.team = team
    let held = team?.rows(of: .drift) ?? rows
    tableau = (held, try committer.commit(rows: held, secret: secret, archive: companions.archive))
    manifest = DriftManifest(
      rules: derived.rules, isAligned: derived.isAligned, parent: parent, code: code, rowCount: rows.rowCount,
      layoutDigest: outline.layoutDigest, entries: entries)
  }

  /// By the names of the tuned tensors that are not frozen.
  private static func byteDigests(
    of derived: DerivedStatement, tuned: Checkpoint, known: [String: [UInt8]], secret: [UInt8]
  ) throws -> [String: [UInt8]] {
    let wanted = Set(derived.coverage.filter(\.hasByteDigest).map(\.name))
    let tensors = tuned.tensors.filter { wanted.contains($0.name) }
    let found = try Parallel.map(tensors.count) { index in
      let info = tensors[index]
      return ByteDigest.digest(
        salt: ByteDigest.salt(secret: secret, tensor: info.name),
        tensor: TunedTensor(name: info.name, dtype: info.dtype, shape: info.shape),
        sha256: try known[info.name] ?? tuned.digest(of: info))
    }
    var digests: [String: [UInt8]] = [:]
    for (tensor, digest) in zip(tensors, found) { digests[tensor.name] = digest }
    return digests
  }
}
