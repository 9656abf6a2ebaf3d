// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofDrift
import DriftProofStatement
import DriftProofTransition

/// Commits to a tuned model as the next base of a line of releases (docs/protocol.md, section 13): trees, places and units are
/// the base's, rows hide as a hiding base's do, and all trees have one pinned point.
struct NextBaseCommitter {
  /// Of the next base.
  let identity: BaseIdentity
  let committed: [CommittedTableau]

  /// Two passes over the model: one commits, one pins. All trees stand in memory together: the point needs all roots.
  /// - Parameters:
  ///   - base: the identity of the base, public, hiding or itself a next one.
  ///   - secret: of the opening file: all randomness follows from it, the base's linked root and the tail.
  ///   - tail: random coefficients of each row; see ``tail(_:proofs:)``.
  /// - Throws: `coverageGap` for an identity without a tableau; `identityMismatch` naming a tensor that is not like the base's;
  ///   errors of the weights.
  init(
    _ model: Checkpoint, base: BaseIdentity, secret: [UInt8], tail: Int, progress: (@Sendable (Double) -> Void)? = nil
  ) throws {
    guard let linked = base.linked, let root = base.linkedRoot else {
      throw DriftProofError.coverageGap([.nothingToAlignWith])
    }
    do {
      try LinkedBaseCheck.check(base)
    } catch {
      throw StatementError.linkedBase(error)
    }
    try TunedTableauCommitter.compare(model, base)
    let hiding = CodeParameters.HidingBase(trees: linked.trees.count, tail: tail)
    let code = try LinkedTrees.code(linked, hiding: hiding)
    let own = BaseTableau.treeSecret(
      secret, identity: base, layoutDigest: linked.layoutDigest, tail: tail, predecessor: root)
    let rows = try TunedRows(base, linked: linked, model: model).byTree
    let total = Double(2 * rows.reduce(0) { $0 + $1.rowCount })
    let scheme = HashCommitment(code)
    var done = 0
    func step(_ count: Int) {
      done += count
      progress?(Double(done) / total)
    }
    let trees = try rows.enumerated().map { number, rows in
      defer { step(rows.rowCount) }
      return try scheme.commit(
        label: BaseTableauLayout.label(number), rows: rows,
        shapes: BaseTableau.shapes(rowCount: rows.rowCount, code), secret: own, archive: nil)
    }
    func next(_ trees: [CommittedTableau]) -> LinkedBase {
      LinkedBase(
        logLength: linked.logLength, logBlowup: linked.logBlowup, tail: tail,
        trees: trees.map { .init(rows: $0.shapes.count, root: $0.root, pins: $0.pins?.bytes ?? []) },
        tensors: linked.tensors, layoutDigest: linked.layoutDigest, predecessor: root)
    }
    let point = next(trees).sharedPoint
    committed = try trees.map { tree in
      defer { step(tree.shapes.count) }
      return try scheme.pinBase(tree, at: point)
    }
    identity = base.linking(next(committed))
  }

  /// Of rows that hide the model in as many proofs: transitions to it and from it, and certificates that speak of it.
  /// - Throws: `tooLarge` where the rows are too short for them.
  static func tail(_ base: BaseIdentity, proofs: Int) throws -> Int {
    guard let linked = base.linked else { throw DriftProofError.coverageGap([.nothingToAlignWith]) }
    let code = try CodeSelection.hiding(
      LinkedTrees.code(linked, hiding: nil), trees: linked.trees.count, proofs: proofs, isNext: true)
    return code.hidingBase?.tail ?? 0
  }

  /// All of the model that the tableau does not hold is the base's, byte for byte: the identity's leaves say what that is.
  static func compareRest(_ model: Checkpoint, _ base: BaseIdentity) throws {
    try CheckpointPass.compareHeaders(model, base)
    for tensor in model.tensors {
      guard let leaf = base.tensor(named: tensor.name), !LinkedBase.contains(leaf) else { continue }
      guard try model.statistics(of: tensor) == leaf.statistics else {
        throw DriftProofError.identityMismatch(
          .checkpoint(
            "\(model.path): tensor \(StrictJSON.shown(tensor.name)) is not the base's, and no tensor of 16 bits; a next base "
              + "has all such tensors of its base"))
      }
    }
  }
}

/// The identity of a tuned model that later models start from, with its opening.
public enum NextBaseCommitment {
  /// What `driftproof commit --as-base` makes.
  public struct Result: Sendable {
    /// Of the identity's file.
    public let bytes: [UInt8]
    /// Linked root of the next base, 64 hexadecimal digits.
    public let root: String
    /// Linked root of its base, 64 hexadecimal digits.
    public let base: String
    /// Tensors of 16 bits that it holds.
    public let tensors: Int
    /// Rows of all trees.
    public let rows: Int
    /// Trees.
    public let trees: Int
    /// Transitions and certificates that the opening allows.
    public let proofs: Int
  }

  /// Commits, and writes the opening; the identity is the caller's to write.
  /// - Parameters:
  ///   - identity: of the base.
  ///   - openingPath: a new file, or that of an earlier commitment to the same weights beside the same base.
  /// - Throws: `coverageGap`, `identityMismatch` or `operational`.
  package static func make(
    _ model: Checkpoint, identity: BaseIdentity, openingPath: String, proofs: Int = BaseTableau.Hiding.defaultProofs,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(DriftProofError) -> Result {
    try DriftProofError.translating {
      let opening = try OpeningSession(path: openingPath)
      try NextBaseCommitter.compareRest(model, identity)
      let made = try NextBaseCommitter(
        model, base: identity, secret: opening.secret, tail: NextBaseCommitter.tail(identity, proofs: proofs),
        progress: progress)
      let (next, root) = (made.identity.linked, made.identity.linkedRoot ?? [])
      _ = try opening.reserve(commitment: root, budget: next?.budget ?? 0, positions: 0, session: nil)
      return Result(
        bytes: made.identity.jsonBytes(), root: root.hexadecimal, base: next?.predecessor?.hexadecimal ?? "",
        tensors: next?.tensors.count ?? 0, rows: next?.trees.reduce(0) { $0 + $1.rows } ?? 0,
        trees: next?.trees.count ?? 0, proofs: proofs)
    }
  }
}

/// The check of a holder of the weights: a next base holds exactly this model (docs/protocol.md, section 13).
package enum NextBaseChecker {
  /// Commits to the model again, with the randomness of the opening. Nothing is counted in it.
  /// - Parameters:
  ///   - next: the identity of the next base.
  ///   - base: of the base beside which it was made.
  /// - Throws: `identityMismatch` for another base, model or opening; errors of the weights.
  package static func check(
    _ next: BaseIdentity, model: Checkpoint, base: BaseIdentity, openingPath: String
  ) throws(DriftProofError) {
    try TransitionTarget.nextBase(next).requireBase(base)
    let opening = try BaseOpening(openingPath, identity: next)
    try DriftProofError.translating {
      try NextBaseCommitter.compareRest(model, base)
      let own = try NextBaseCommitter(model, base: base, secret: opening.secret, tail: next.linked?.tail ?? 0)
      guard own.identity == next else {
        throw DriftProofError.identityMismatch(
          .checkpoint("\(model.path) is not the model that the next base holds, or the opening is not its own"))
      }
    }
  }
}
