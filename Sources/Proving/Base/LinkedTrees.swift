// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofDrift
import DriftProofStatement
import DriftProofTranscript

/// The trees of a base's tableau that a statement speaks of, made again from the base: no prover keeps them.
package struct LinkedTrees {
  private let numbers: [Int]
  /// One for each of the statement's trees, in their order.
  package let rows: [BaseRows]
  package let committed: [CommittedTableau]

  /// - Parameters:
  ///   - identity: which commits to the base's weights, if the statement speaks of any.
  ///   - base: nil where only the identity is at hand.
  ///   - code: of the proof.
  ///   - opening: secret of the opening of a tableau that hides the weights; nil for a public one.
  ///   - cache: a folder of `identify`'s, whose leaves spare the work; nil for none.
  /// - Throws: `identityMismatch` for a base that does not have the identity's trees, `missingInput` for no base or no opening;
  ///   errors of the weights and of the folder.
  package init(
    _ derived: DerivedStatement, identity: BaseIdentity, base: Checkpoint?, code: CodeParameters,
    opening: [UInt8]? = nil, cache: String? = nil
  ) throws {
    try self.init(derived.baseTrees, identity: identity, base: base, code: code, opening: opening, cache: cache)
  }

  /// The same of any of the base's trees.
  init(
    _ trees: [BaseTree], identity: BaseIdentity, base: Checkpoint?, code: CodeParameters, opening: [UInt8]? = nil,
    cache: String? = nil
  ) throws {
    var (rows, committed): ([BaseRows], [CommittedTableau]) = ([], [])
    if let linked = identity.linked, !trees.isEmpty {
      guard let base else { throw DriftProofError.missingInput(.baseOfAdapter) }
      let layout = BaseTableauLayout(identity, logLength: linked.logLength)
      var secret = PublicTableau.secret
      if linked.isHiding {
        guard let opening else { throw DriftProofError.missingInput(.openingOfBase) }
        secret = BaseTableau.treeSecret(
          opening, identity: identity, layoutDigest: linked.layoutDigest, tail: linked.tail,
          predecessor: linked.predecessor)
      }
      let archive = try cache.map {
        try BaseCache(path: $0, identity: identity, layoutDigest: linked.layoutDigest, secret: secret)
      }
      // The tableau has one band, whatever the proof has.
      let scheme = HashCommitment(code.inOneBand)
      for tree in trees {
        let tensors = layout.trees[tree.number].tensors
        let own = try BaseRows(
          plan: TableauPlan(tensors: tensors, logLength: linked.logLength), tensors: tensors,
          fractionBits: tensors.map { linked.tensor(named: $0.name)?.fractionBits ?? 0 }, base: base)
        var again = try scheme.commit(
          label: BaseTableauLayout.label(tree.number), rows: own,
          shapes: BaseTableau.shapes(rowCount: own.rowCount, code), secret: secret, archive: archive)
        guard again.root == tree.root else {
          throw DriftProofError.identityMismatch(
            .checkpoint(
              "the base on disk does not give tree \(tree.number) of the tableau that the identity commits to; use the "
                + "identity of this base" + (cache == nil ? "" : ", or another folder for its leaves")))
        }
        if linked.isHiding {
          again = try scheme.pinBase(again, at: tree.point)
          guard again.pins?.values == tree.pins else {
            throw DriftProofError.identityMismatch(.basePins(tree: tree.number))
          }
        }
        rows.append(own)
        committed.append(again)
      }
    }
    self.init(numbers: trees.map(\.number), rows: rows, committed: committed)
  }

  private init(numbers: [Int], rows: [BaseRows], committed: [CommittedTableau]) {
    self.numbers = numbers
    self.rows = rows
    self.committed = committed
  }

  /// All trees of a next base, whose identity says nothing else of the base on disk.
  /// - Throws: as the others.
  static func all(
    _ identity: BaseIdentity, base: Checkpoint, opening: [UInt8]?, cache: String? = nil
  ) throws -> LinkedTrees {
    guard let linked = identity.linked else { throw DriftProofError.coverageGap([.nothingToAlignWith]) }
    return try LinkedTrees(
      linked.baseTrees, identity: identity, base: base, code: code(linked, hiding: linked.hidingBase), opening: opening,
      cache: cache)
  }

  /// Rows, rate and tails of a base's trees, whatever the queries of proofs about them are.
  static func code(_ linked: LinkedBase, hiding: CodeParameters.HidingBase?) throws(ProofRejection) -> CodeParameters {
    try CodeParameters(
      logLength: linked.logLength, logBlowup: linked.logBlowup, queries: 1, grindingBits: 0, driftTail: 1
    ).beside(hiding)
  }

  /// Those of some trees, all of which are among these.
  func chosen(_ trees: [BaseTree]) -> LinkedTrees {
    let places = trees.compactMap { numbers.firstIndex(of: $0.number) }
    return LinkedTrees(
      numbers: places.map { numbers[$0] }, rows: places.map { rows[$0] }, committed: places.map { committed[$0] })
  }
}
