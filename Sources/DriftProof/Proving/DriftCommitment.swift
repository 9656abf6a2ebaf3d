import Argument
import ArgumentProver
import Checkpoint
import Commitment
import CommitmentProver
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

  /// - Parameters:
  ///   - parent: tuned commitment of the certificate whose model `base` is; nil for the base itself.
  ///   - code: nil for an empty tableau.
  ///   - check: what refuses a drift before it is committed.
  ///   - archive: keeps the tree, or has it.
  ///   - asked: told of each row that is asked for.
  ///   - tunedDigests: SHA-256 of the bytes of the tuned tensors where they are known already, by name.
  ///   - adapter: what changes the base; `tuned` has the tensors that it replaces.
  ///   - factors: of the adapter's products, by the names of the statement's tensors.
  /// - Throws: errors of the checkpoints' weights.
  init(
    derived: DerivedStatement, parent: [UInt8]? = nil, code: CodeParameters?, base: Checkpoint, tuned: Checkpoint,
    secret: [UInt8], tunedDigests: [String: [UInt8]] = [:], adapter: AdapterModel? = nil,
    factors: [String: FactorMatrix] = [:], check: ChunkCheck? = nil,
    archive: (any CommitmentArchive)? = nil, asked: (@Sendable () -> Void)? = nil, phase: (ProofPhase) -> Void
  ) throws {
    statementTensors = derived.tensors
    if tunedDigests.isEmpty { phase(.byteDigests) }
    let digests = try Self.byteDigests(of: derived, tuned: tuned, known: tunedDigests, secret: secret)
    let products = try adapter.map { try Self.productDigests(of: $0, secret: secret) } ?? [:]
    let entries = (adapter?.tensors ?? tuned.manifestTensors).map { tensor in
      DriftManifest.Entry(tensor: tensor, byteDigest: products[tensor.name] ?? digests[tensor.name])
    }
    guard let code, !derived.isEmpty else {
      tableau = nil
      manifest = DriftManifest(parent: parent, code: nil, rowCount: 0, entries: entries)
      return
    }
    phase(.rows)
    let plan = TableauPlan(tensors: derived.tensors, logLength: code.logLength)
    let rows = try CheckpointRows(
      plan: plan, tensors: derived.tensors, base: base, tuned: tuned, factors: factors, asked: asked)
    try check?.check(plan: plan, rows: rows)
    phase(.commitment)
    // The binding plays no part in a commitment, which the binding itself contains.
    let outline = derived.statement(code: code, binding: [])
    let committer = try DriftCommitter(statement: outline, scheme: HashCommitment(code))
    tableau = (rows, try committer.commit(rows: rows, secret: secret, archive: archive))
    manifest = DriftManifest(
      parent: parent, code: code, rowCount: rows.rowCount, layoutDigest: outline.layoutDigest,
      entries: entries)
  }

  /// By the names of the tensors that an adapter multiplies.
  private static func productDigests(of model: AdapterModel, secret: [UInt8]) throws -> [String: [UInt8]] {
    var digests: [String: [UInt8]] = [:]
    for product in model.products {
      digests[product.tensor] = try ByteDigest.digest(
        salt: ByteDigest.salt(secret: secret, tensor: product.tensor), product: product, of: model.adapter)
    }
    return digests
  }

  /// By the names of the tuned tensors that are not frozen.
  private static func byteDigests(
    of derived: DerivedStatement, tuned: Checkpoint, known: [String: [UInt8]], secret: [UInt8]
  ) throws -> [String: [UInt8]] {
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
          sha256: try known[info.name] ?? tuned.digest(of: info))
      }
      results.withLock { $0[index] = result }
    }
    var digests: [String: [UInt8]] = [:]
    for (tensor, result) in zip(tensors, results.withLock { $0 }) { digests[tensor.name] = try result?.get() }
    return digests
  }
}
