// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveArgumentProver
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofPolicy
import DriftProofTranscript

/// Proves that a tuned checkpoint obeys a policy, over rows committed on the curve.
///
/// The drift is held in memory, eight bytes a weight of bounded tensors.
package enum CurveProver {
  package struct Request: Sendable {
    package var base: Checkpoint
    package var tuned: Checkpoint
    package var identity: CurveIdentity
    package var policy: Policy
    package var setup: CheckedSetup
    /// 32 fresh bytes, of this tuned model alone: what hides its rows.
    package var secret: [UInt8]
    /// Whether the caller permits the assumption where the policy does not.
    package var permitsAssumption: Bool
    /// Of a link: the model of a verified certificate, whose weights `base` has.
    package var parent: CurveCertificateVerifier.Model?

    package init(
      base: Checkpoint, tuned: Checkpoint, identity: CurveIdentity, policy: Policy, setup: CheckedSetup,
      secret: [UInt8],
      permitsAssumption: Bool = false, parent: CurveCertificateVerifier.Model? = nil
    ) {
      self.base = base
      self.tuned = tuned
      self.identity = identity
      self.policy = policy
      self.setup = setup
      self.secret = secret
      self.permitsAssumption = permitsAssumption
      self.parent = parent
    }
  }

  package struct Result: Sendable {
    package let certificate: [UInt8]
    package let report: CurveCertificateVerifier.Report
    /// Whether any weight of a bounded tensor changed.
    package let hasDrift: Bool
    package let proofSections: [(section: String, bytes: Int)]
  }

  /// The certificate, verified by its own verifier.
  package static func prove(
    _ request: Request, progress: (Double) -> Void = { _ in }
  ) throws(CurveProvingError) -> Result {
    let identity = request.identity
    let plan: CurvePlan
    // Before any work.
    guard request.policy.assumption == .bls12381 || request.permitsAssumption else {
      throw .certificate(.assumptionNotAllowed)
    }
    do throws(CurveCertificateError) { plan = try CurvePlan(identity: identity, policy: request.policy) } catch {
      throw .certificate(error)
    }
    guard request.setup.id == identity.key.id else { throw .certificate(.setupMismatch) }
    try checkTensors([request.base, request.tuned], identity)
    try checkFrozen(request, plan)
    let committer: CurveCommitter
    do throws(CurveSetupError) {
      committer = try request.setup.committer(log: identity.logLength) { progress(0.1 * $0) }
    } catch { throw .setup(error) }
    let committed = try commit(request, plan, committer) { progress(0.1 + 0.5 * $0) }
    let witness = try CurveClauseFits.witness(plan.statement, rows: committed.rows)
    let baseRoot = identity.root
    let policy = request.policy.canonicalBytes()
    let parent = request.parent?.commitment
    let commitment = CurveCertificate.commitment(
      baseRoot: baseRoot, parent: parent, manifest: committed.manifest, blocks: committed.blocks,
      setupID: identity.key.id,
      logLength: identity.logLength)
    let statement = plan.statement(
      binding: CurveCertificate.binding(
        baseRoot: baseRoot, parent: parent, policy: policy, commitment: commitment))
    let proof = try argue(statement, plan, committed, witness, request.startingBlocks, committer)
    progress(1)
    let certificate = CurveCertificate(
      version: CurveCertificate.version(of: statement, parent: parent), baseRoot: baseRoot, setupID: identity.key.id,
      logLength: identity.logLength, parent: parent, tunedCommitment: commitment, policy: policy,
      manifest: committed.manifest, proof: proof.bytes
    ).bytes
    do throws(CurveCertificateError) {
      let report = try CurveCertificateVerifier.verify(
        certificate, identity: identity, policy: request.policy,
        trust: .init(setups: [identity.key.id], permitsAssumption: request.permitsAssumption),
        parent: request.parent)
      return Result(
        certificate: certificate, report: report, hasDrift: committed.hasDrift, proofSections: proof.sizes)
    } catch { throw .certificate(error) }
  }

  // MARK: Checks

  /// That checkpoints have the identity's tensors, in their types and shapes.
  static func checkTensors(
    _ checkpoints: [Checkpoint], _ identity: CurveIdentity
  ) throws(CurveProvingError) {
    let names = Set(identity.base.tensors.map(\.name))
    for checkpoint in checkpoints {
      if let extra = checkpoint.tensors.first(where: { !names.contains($0.name) }) {
        throw .tensors("\(checkpoint.path) has a tensor \(extra.name) that the identity has not")
      }
      for leaf in identity.base.tensors {
        guard let tensor = checkpoint.tensor(named: leaf.name) else {
          throw .tensors("\(checkpoint.path) has no tensor \(leaf.name)")
        }
        guard tensor.shape == leaf.shape, tensor.dtype == leaf.dtype else {
          throw .tensors(
            "tensor \(leaf.name) is \(leaf.dtype.rawValue) of \(leaf.shape) in the identity and \(tensor.dtype.rawValue) of "
              + "\(tensor.shape) in \(checkpoint.path); the kzg backend takes models of the base's types and shapes")
        }
      }
    }
  }

  private static func checkFrozen(_ request: Request, _ plan: CurvePlan) throws(CurveProvingError) {
    for (leaf, kind) in zip(request.identity.base.tensors, plan.kinds) where kind == .frozen {
      guard let before = request.base.tensor(named: leaf.name), let after = request.tuned.tensor(named: leaf.name)
      else { continue }
      let (byte, digest): (Int?, [UInt8])
      do throws(CheckpointError) {
        byte = try Checkpoint.firstDifference(base: request.base, before, tuned: request.tuned, after)
        digest = try request.base.digest(of: before)
      } catch { throw .checkpoint(error) }
      if let byte { throw .frozenChanged(name: leaf.name, byte: byte) }
      // What a parent's weights are nobody can tell from its commitment.
      guard request.parent == nil else { continue }
      guard digest == leaf.statistics.sha256 else { throw .otherBase(name: leaf.name) }
    }
  }

  // MARK: Commitment

  private struct Committed {
    var manifest: [UInt8] = []
    var blocks: [CurveBlock] = []
    /// Of bounded tensors.
    var rows: [[Int64]] = []
    var blindings: [Fr] = []
    var hasDrift = false
  }

  private struct CommittedRow: Sendable {
    let drift: [Int64]
    let blinding: Fr
    /// Of the base, without blinding, and of the tuned model.
    let points: (base: [UInt8], tuned: [UInt8])
  }

  private static func commit(
    _ request: Request, _ plan: CurvePlan, _ committer: CurveCommitter, _ progress: (Double) -> Void
  ) throws(CurveProvingError) -> Committed {
    let identity = request.identity
    let blinding = RowBlinding(
      secret: request.secret, setupID: identity.key.id, baseRoot: identity.tree.root)
    var result = Committed()
    for (index, (leaf, kind)) in zip(identity.base.tensors, plan.kinds).enumerated() {
      result.manifest.append(kind.rawValue)
      let block = request.startingBlocks[index]
      switch kind {
      case .frozen: result.blocks.append(block)
      case .opaque:
        guard let tensor = request.tuned.tensor(named: leaf.name) else { throw .tensors("no tensor \(leaf.name)") }
        let digest: [UInt8]
        do throws(CheckpointError) {
          digest = try saltedDigest(leaf.name, tensor, request.tuned, secret: request.secret)
        } catch { throw .checkpoint(error) }
        result.manifest += digest
        result.blocks.append(CurveIdentity.block(leaf, .digest(digest)))
      case .bounded, .free:
        let rows = try commit(leaf, block, request, committer, blinding)
        let points = rows.flatMap(\.points.tuned)
        result.manifest += points
        result.blocks.append(CurveIdentity.block(leaf, .rows(points)))
        guard kind == .bounded else { continue }
        result.hasDrift = result.hasDrift || rows.contains { $0.drift.contains { $0 != 0 } }
        result.rows += rows.map(\.drift)
        result.blindings += rows.map(\.blinding)
      }
      progress(Double(index + 1) / Double(plan.kinds.count))
    }
    return result
  }

  private static func commit(
    _ leaf: BaseIdentity.Leaf, _ block: CurveBlock, _ request: Request, _ committer: CurveCommitter,
    _ blinding: RowBlinding
  ) throws(CurveProvingError) -> [CommittedRow] {
    guard let layout = CurveIdentity.layout(leaf, logLength: committer.logLength),
      case .rows(let stated) = block.content
    else { throw .otherBase(name: leaf.name) }
    let source = try TensorRows(leaf, layout: layout, base: request.base, tuned: request.tuned)
    let start = try request.parent == nil ? nil : parentRows(stated, leaf)
    let rows: [CommittedRow]
    do throws(CheckpointError) {
      rows = try Parallel.map(layout.rowCount) { row throws(CheckpointError) -> CommittedRow in
        let drift = try source.drift(row: row)
        // A parent's rows are taken as its certificate has them: they hide its weights.
        let base: G1
        if let start { base = start[row] } else { base = committer.commit(try source.base(row: row), blinding: .zero) }
        let encoded = base.compressed
        let scalar = blinding.scalar(tensor: leaf.name, row: row, basePoint: encoded, cells: drift)
        // Row by row, changed or not: a row without blinding of its own would show that its tile did not change.
        let tuned = base + committer.commit(drift, blinding: scalar)
        return CommittedRow(drift: drift, blinding: scalar, points: (encoded, tuned.compressed))
      }
    } catch { throw .checkpoint(error) }
    // The identity's rows are computed again before they are used as commitments to these weights.
    guard rows.flatMap(\.points.base) == stated else { throw .otherBase(name: leaf.name) }
    return rows
  }

  private static func parentRows(
    _ encoded: [UInt8], _ leaf: BaseIdentity.Leaf
  ) throws(CurveProvingError) -> [G1] {
    do throws(CurveProofRejection) {
      return try CurvePoints(encoded: encoded, section: "rows of \(leaf.name)").points
    } catch { throw .certificate(.proof(error)) }
  }

  /// SHA-256 of a tag, a salt that the secret determines, and the tensor's digest.
  static func saltedDigest(
    _ name: String, _ tensor: TensorInfo, _ checkpoint: Checkpoint, secret: [UInt8]
  ) throws(CheckpointError) -> [UInt8] {
    let stream = PseudorandomStream(secret: secret, label: "driftproof/curve/salt/v1", context: Array(name.utf8))
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/curve/salted/v1")
    return SHA256.hash(message + stream.bytes(32) + (try checkpoint.digest(of: tensor)))
  }

  // MARK: Argument

  private static func argue(
    _ statement: CurveStatement, _ plan: CurvePlan, _ committed: Committed, _ witness: [[CurveClauseWitness]],
    _ start: [CurveBlock], _ committer: CurveCommitter
  ) throws(CurveProvingError) -> CurveArgumentProver.Proof {
    do {
      let base = try CurveCertificateVerifier.rows(start, plan, "base rows")
      let tuned = try CurveCertificateVerifier.rows(committed.blocks, plan, "tuned rows")
      return try CurveArgumentProver(statement: statement).prove(
        rows: MemoryDriftRows(rows: committed.rows, blindings: committed.blindings), witness: witness,
        base: base, tuned: tuned, committer: committer, secret: SystemRandom.bytes(32))
    } catch let error as CurveArgumentError {
      throw translated(error, statement)
    } catch let error as CurveProofRejection {
      throw .certificate(.proof(error))
    } catch {
      throw .tensors("\(error)")
    }
  }

  private static func translated(_ error: CurveArgumentError, _ statement: CurveStatement) -> CurveProvingError {
    func norm(_ square: CurveBound, _ bits: Int) -> Double {
      let value = square.words.reversed().reduce(0.0) { $0 * 0x1p64 + Double($1) }
      return value.squareRoot() * (bits >= 0 ? 1 / Double(1 << bits) : Double(1 << -bits))
    }
    switch error {
    case .normExceeded(let name, let square, let bound):
      let bits = statement.tensors.first { $0.name == name }?.fractionBits ?? 0
      return .normExceeded(name: name, norm: norm(square, bits), bound: norm(bound, bits))
    case .totalExceeded(let square, let bound):
      let bits = statement.tensors.filter(\.countsInTotal).map(\.fractionBits).max() ?? 0
      return .totalExceeded(norm: norm(square, bits), bound: norm(bound, bits))
    default: return .argument(error)
    }
  }
}

extension CurveProver.Request {
  /// The rows from which the drift starts: the parent's of a link, else the identity's.
  var startingBlocks: [CurveBlock] { parent?.blocks ?? identity.blocks }
}
