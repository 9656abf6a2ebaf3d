import Argument
import Checkpoint
import Commitment
import DriftPolicy
import Kernels
import Synchronization
import Transcript

extension Checkpoint {
  /// Names, types and shapes: what the manifest says of a tuned model.
  package var manifestTensors: [TunedTensor] {
    tensors.map { TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
  }
}

/// The tuned model of a statement under one opening secret: what prover and holders of the weights compute alike.
struct DriftCommitment {
  let statementTensors: [TableauTensor]
  let manifest: DriftManifest
  /// Nil for an empty tableau.
  let tableau: (rows: CheckpointRows, committed: CommittedTableau)?

  var driftRoot: [UInt8]? { tableau?.committed.root }
  var driftPins: [UInt8] { tableau?.committed.pins?.bytes ?? [] }

  func commitment(baseRoot: [UInt8]) -> [UInt8] {
    TunedCommitment.commitment(
      baseRoot: baseRoot, manifest: manifest.bytes, driftRoot: driftRoot ?? Certificate.emptyDriftRoot,
      driftPins: driftPins)
  }

  /// - Parameter code: nil for an empty tableau.
  /// - Throws: errors of the checkpoints' weights.
  init(
    derived: DerivedStatement, code: CodeParameters?, base: Checkpoint, tuned: Checkpoint, secret: [UInt8],
    phase: (String) -> Void
  ) throws {
    statementTensors = derived.tensors
    phase("byte digests")
    let digests = try Self.byteDigests(of: derived, tuned: tuned, secret: secret)
    let entries = zip(tuned.manifestTensors, digests).map { DriftManifest.Entry(tensor: $0, byteDigest: $1) }
    guard let code, !derived.isEmpty else {
      tableau = nil
      manifest = DriftManifest(code: nil, rowCount: 0, entries: entries)
      return
    }
    phase("rows")
    let plan = TableauPlan(tensors: derived.tensors, logLength: code.logLength)
    let rows = try CheckpointRows(plan: plan, tensors: derived.tensors, base: base, tuned: tuned)
    phase("commitment")
    // The binding plays no part in a commitment, which the binding itself contains.
    let prover = try ArgumentProver(statement: derived.statement(code: code, binding: []), scheme: HashCommitment(code))
    tableau = (rows, try prover.commit(rows: rows, secret: secret))
    manifest = DriftManifest(
      code: code, rowCount: rows.rowCount, layoutDigest: prover.statement.layoutDigest, entries: entries)
  }

  /// One per tuned tensor, nil for the frozen ones.
  private static func byteDigests(
    of derived: DerivedStatement, tuned: Checkpoint, secret: [UInt8]
  ) throws -> [[UInt8]?] {
    let wanted = Set(derived.coverage.filter(\.hasByteDigest).map(\.name))
    let tensors = tuned.tensors
    let results = Mutex([Result<[UInt8], any Error>?](repeating: nil, count: tensors.count))
    Parallel.forEach(tensors.count) { index in
      let info = tensors[index]
      guard wanted.contains(info.name) else { return }
      let result = Result { () throws -> [UInt8] in
        ByteDigest.digest(
          salt: ByteDigest.salt(secret: secret, tensor: info.name),
          tensor: TunedTensor(name: info.name, dtype: info.dtype, shape: info.shape),
          sha256: try tuned.digest(of: info))
      }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.map { try $0?.get() } }
  }
}
