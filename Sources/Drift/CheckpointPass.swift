// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofChain
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import DriftProofKernels
import Synchronization

/// The one pass over base and tuned checkpoint before any cryptography: identity of the base, comparison of what may not
/// change, digests of what may, and the squares of the drift.
///
/// With an identity at hand, frozen tensors cost a comparison of their bytes and no hashing, and the base of excluded
/// tensors is not read. Every other base tensor is hashed and measured as it is read, and must be the identity's: the
/// statement's bounds and units come from there. What is not hashed is trusted: a certificate names the identity's
/// root, so a base on disk that is another one can only give a certificate that `check` refuses, never a bound that a
/// verifier takes for another.
///
/// Of a next base only the tensors outside its tableau are compared here: its trees are compared where they are made again.
///
/// For a link of a chain the base on disk is the parent's model: only its names, types and shapes can be compared, with the
/// parent's certificate, whose commitment hides the rest. The identity is the chain's base's all the same.
///
/// Tensors that are cut into heads, and those with rounding bounds, are read once more where they changed: the scan knows
/// nothing of heads, nor of the units of a base's tableau.
package struct CheckpointPass: Sendable {
  package let identity: BaseIdentity
  package let derived: DerivedStatement
  /// Names of frozen tensors that differ, with the first place, in name order.
  package let differences: [(name: String, place: TensorDifference)]
  /// SHA-256 of the bytes of each tuned tensor that has a byte digest.
  package let tunedDigests: [String: [UInt8]]
  /// ‖Δ‖² and a bound of |Δ|, one for each tensor of the tableau, in units of the statement.
  package let drifts: [TensorScan.Drift]
  let counters: Counters

  /// What the pass cost.
  struct Counters: Sendable, Equatable {
    var readBytes = 0
    var hashedBytes = 0
  }

  /// - Parameters:
  ///   - given: an identity file's content, trusted as said above; nil to compute it.
  ///   - parent: whose model `base` is, for a link; needs `given`.
  ///   - isAligned: the statement is to be in units and places of the base's tableau, which `given` must have.
  ///   - progress: told the fraction of bytes that is done, from several threads.
  /// - Throws: `coverageGap` before any weight is read; `identityMismatch` naming the first base tensor that is not
  ///   the given identity's; errors of the weights.
  package static func run(
    base: Checkpoint, tuned: Checkpoint, policy: Policy, given: BaseIdentity? = nil, parent: ParentCertificate? = nil,
    isAligned: Bool = false,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> CheckpointPass {
    guard parent == nil || given != nil else { throw DriftProofError.missingInput(.identityOfChain) }
    if let given, parent == nil { try compareHeaders(base, given) }
    let outline = given ?? BaseIdentity.outline(of: base)
    let first = try DerivedStatement.derive(
      identity: outline, tuned: tuned.manifestTensors, policy: policy, isAligned: isAligned, isOutline: given == nil)
    try parent?.check(base: base, tuned: tuned.manifestTensors, derived: first)
    let tasks = tasks(first, base: base, tuned: tuned, given: given, isLink: parent != nil)
    let findings = try UnencodableWeight.gap { () throws(CheckpointError) in try scan(tasks, progress: progress) }

    let identity = try given ?? computed(base, tasks: tasks, findings: findings)
    if given != nil { try compare(identity, tasks: tasks, findings: findings) }
    let derived =
      given != nil
      ? first
      : try DerivedStatement.derive(
        identity: identity, tuned: tuned.manifestTensors, policy: policy, isAligned: isAligned)
    var differences: [(name: String, place: TensorDifference)] = []
    var digests: [String: [UInt8]] = [:]
    var drifts: [String: TensorScan.Drift] = [:]
    var unchanged: Set<String> = []
    var counters = Counters()
    for (task, finding) in zip(tasks, findings) {
      counters.readBytes += finding.readBytes
      counters.hashedBytes += finding.hashedBytes
      if task.mustEqual, let place = finding.difference { differences.append((task.name, place)) }
      if let digest = finding.tunedDigest { digests[task.name] = digest }
      if let drift = finding.drift { drifts[task.name] = drift }
      if task.base != nil, task.tuned != nil, finding.difference == nil { unchanged.insert(task.name) }
    }
    let heads = try Self.apart(
      of: derived, unchanged: unchanged, base: base, tuned: tuned, counters: &counters)
    drifts.merge(heads) { _, head in head }
    return CheckpointPass(
      identity: identity, derived: derived, differences: differences, tunedDigests: digests,
      drifts: try Self.drifts(of: derived, found: drifts, base: base, tuned: tuned, counters: &counters),
      counters: counters)
  }

  // MARK: Tasks

  /// One scan. An excluded tensor may have other shapes on both sides and so has two.
  private struct Task: Sendable {
    let name: String
    let base: TensorInfo?
    let tuned: TensorInfo?
    let mustEqual: Bool
    let scan: Result<TensorScan, CheckpointError>

    init(
      _ name: String, base: (checkpoint: Checkpoint, tensor: TensorInfo)?,
      tuned: (checkpoint: Checkpoint, tensor: TensorInfo)?, mustEqual: Bool = false, wants: TensorScan.Wants
    ) {
      self.name = name
      self.base = base?.tensor
      self.tuned = tuned?.tensor
      self.mustEqual = mustEqual
      do throws(CheckpointError) {
        scan = .success(try TensorScan(base: base, tuned: tuned, wants: wants))
      } catch {
        scan = .failure(error)
      }
    }

    var bytes: Int { (base?.byteRange.count ?? 0) + (tuned?.byteRange.count ?? 0) }
  }

  /// In name order.
  private static func tasks(
    _ derived: DerivedStatement, base: Checkpoint, tuned: Checkpoint, given: BaseIdentity?, isLink: Bool
  ) -> [Task] {
    let hasIdentity = given != nil
    // A next base's leaves are those of the base before it.
    let others = given?.linked.flatMap { $0.isNext ? $0 : nil }
    var units: [String: TensorScan.DriftUnit] = [:]
    // Heads, and drifts in the units of the base's tableau, are measured one by one, after the pass.
    for claim in derived.claims where claim.tensor.block == nil && claim.tensor.base == nil {
      units[claim.tensor.name] = hasIdentity ? .bits(claim.tensor.fractionBits) : .ofBase
    }
    var tasks: [Task] = []
    for tensor in derived.coverage {
      let before = base.tensor(named: tensor.name).map { (checkpoint: base, tensor: $0) }
      let after = tuned.tensor(named: tensor.name).map { (checkpoint: tuned, tensor: $0) }
      switch tensor.tensorClass {
      case .frozen:
        tasks.append(
          Task(tensor.name, base: before, tuned: after, mustEqual: true, wants: .init(statistics: !hasIdentity)))
      case .excluded:
        if before != nil, !hasIdentity {
          tasks.append(Task(tensor.name, base: before, tuned: nil, wants: .init(statistics: true)))
        }
        if after != nil { tasks.append(Task(tensor.name, base: nil, tuned: after, wants: .init(tunedDigest: true))) }
      case .norm, .rank, .kronecker, .circulant, .sparse, .entrywise, .pattern, .composed:
        tasks.append(
          Task(
            tensor.name, base: before, tuned: after,
            // The parent's tensors are no leaves of the identity.
            wants: .init(
              statistics: !isLink && others?.tensor(named: tensor.name) == nil, tunedDigest: true,
              drift: units[tensor.name])))
      }
    }
    return tasks
  }

  /// All tasks on all cores, the largest first; of several errors the first in name order is thrown.
  private static func scan(
    _ tasks: [Task], progress: (@Sendable (Double) -> Void)?
  ) throws(CheckpointError) -> [TensorScan.Finding] {
    let order = tasks.indices.sorted { tasks[$0].bytes > tasks[$1].bytes }
    let total = max(1, tasks.reduce(0) { $0 + $1.bytes })
    let bytesDone = Mutex(0)
    return try Parallel.map(tasks.count, order: order) { index throws(CheckpointError) in
      defer {
        let done = bytesDone.withLock {
          $0 += tasks[index].bytes
          return $0
        }
        progress?(Double(done) / Double(total))
      }
      return try tasks[index].scan.get().run()
    }
  }

  /// Drifts of the tableau's heads, by the heads' names, and of tensors in units that the scan has not. Tensors of which some
  /// change are read again for them.
  private static func apart(
    of derived: DerivedStatement, unchanged: Set<String>, base: Checkpoint, tuned: Checkpoint,
    counters: inout Counters
  ) throws -> [String: TensorScan.Drift] {
    var drifts: [String: TensorScan.Drift] = [:]
    var sources: [DriftSource] = []
    for tensor in derived.tensors {
      guard tensor.block != nil || tensor.base != nil else { continue }
      if unchanged.contains(tensor.block?.tensor ?? tensor.name) {
        drifts[tensor.name] = TensorScan.Drift(fractionBits: tensor.fractionBits, sumOfSquares: 0, reach: 0)
        continue
      }
      sources.append(
        try DriftSource(
          base: base, tuned: tuned, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block))
    }
    let changed = sources
    let measured = try UnencodableWeight.gap { () throws(CheckpointError) in
      try Parallel.map(changed.count) { index throws(CheckpointError) in try changed[index].measure() }
    }
    for (source, drift) in zip(changed, measured) {
      drifts[source.name] = drift
      counters.readBytes += source.readByteCount
    }
    return drifts
  }

  // MARK: Identity

  private static func computed(
    _ base: Checkpoint, tasks: [Task], findings: [TensorScan.Finding]
  ) throws -> BaseIdentity {
    var statistics: [String: TensorStatistics] = [:]
    for (task, finding) in zip(tasks, findings) where finding.statistics != nil {
      statistics[task.name] = finding.statistics
    }
    return BaseIdentity(
      sorted: try base.tensors.map { tensor in
        guard let found = statistics[tensor.name] else { throw CheckpointError.digestUnavailable }
        return BaseIdentity.Leaf(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, statistics: found)
      })
  }

  private static func mismatch(_ message: String) -> DriftProofError { .identityMismatch(.checkpoint(message)) }

  /// Names, types and shapes of the base against a given identity.
  package static func compareHeaders(_ base: Checkpoint, _ given: BaseIdentity) throws(DriftProofError) {
    if let prefix = NamePrefix.find(base: base.tensors.map(\.name), tuned: given.tensors.map(\.name)) {
      throw .identityMismatch(.names(prefix, in: .identity))
    }
    for tensor in base.tensors {
      guard let leaf = given.tensor(named: tensor.name) else {
        throw mismatch("the base has tensor \(StrictJSON.shown(tensor.name)), the identity given has not")
      }
      guard leaf.dtype == tensor.dtype, leaf.shape == tensor.shape else {
        throw mismatch(
          "tensor \(StrictJSON.shown(tensor.name)) of the base is \(tensor.dtype.rawValue) \(tensor.shape), in the "
            + "identity given \(leaf.dtype.rawValue) \(leaf.shape)")
      }
    }
    if let lost = given.tensors.first(where: { base.tensor(named: $0.name) == nil }) {
      throw mismatch("the identity given has tensor \(StrictJSON.shown(lost.name)), the base has not")
    }
  }

  /// What was read and hashed of the base is the given identity's.
  private static func compare(
    _ identity: BaseIdentity, tasks: [Task], findings: [TensorScan.Finding]
  ) throws(DriftProofError) {
    for (task, finding) in zip(tasks, findings) {
      guard let found = finding.statistics else { continue }
      try compare(identity, task.name, found)
    }
  }

  /// The same of one tensor.
  package static func compare(
    _ identity: BaseIdentity, _ name: String, _ found: TensorStatistics?
  ) throws(DriftProofError) {
    guard identity.tensor(named: name)?.statistics == found else {
      throw mismatch(
        "tensor \(StrictJSON.shown(name)) of the base is not the one that the identity given describes; use the "
          + "identity of this base")
    }
  }

  /// In the statement's units: those of the identity in general, coarser ones for wide norm clauses (`PrecisionRule`),
  /// which need another pass over their tensors.
  private static func drifts(
    of derived: DerivedStatement, found known: [String: TensorScan.Drift], base: Checkpoint, tuned: Checkpoint,
    counters: inout Counters
  ) throws -> [TensorScan.Drift] {
    let tensors = derived.tensors
    let stale = tensors.filter { $0.block == nil && known[$0.name]?.fractionBits != $0.fractionBits }
    let again = stale.map { tensor in
      Task(
        tensor.name, base: base.tensor(named: tensor.name).map { (base, $0) },
        tuned: tuned.tensor(named: tensor.name).map { (tuned, $0) },
        wants: .init(drift: .bits(tensor.fractionBits)))
    }
    var fresh: [String: TensorScan.Drift] = [:]
    let found = try UnencodableWeight.gap { () throws(CheckpointError) in try scan(again, progress: nil) }
    for (task, finding) in zip(again, found) {
      fresh[task.name] = finding.drift
      counters.readBytes += finding.readBytes
    }
    return try tensors.map { tensor in
      guard let drift = fresh[tensor.name] ?? known[tensor.name] else { throw CheckpointError.digestUnavailable }
      return drift
    }
  }
}

extension BaseIdentity {
  /// The identity's names, types and shapes with statistics of nothing: enough to find what a policy covers.
  package static func outline(of base: Checkpoint) -> BaseIdentity {
    BaseIdentity(
      outline: base.tensors.map { tensor in
        Leaf(
          name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
          statistics: TensorStatistics(
            fractionBits: tensor.dtype.isFloating ? Encoding.fractionBitsRange.upperBound : 0, sumOfSquares: 0,
            maxAbs: 0, sha256: [UInt8](repeating: 0, count: SHA256.digestLength)))
      })
  }
}
