// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofChain
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy

/// What a proof will be and cost, without proving anything.
public struct Forecast: Sendable {
  /// Seconds of each phase and of all.
  public let phases: [(name: String, seconds: Double)]
  /// Seconds of all phases together.
  public var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }
  /// Resident bytes at the peak.
  public let peakMemoryBytes: Int
  /// Bytes of the argument; 0 when nothing may change.
  public let proofBytes: Int
  /// Bytes of the whole certificate, about: the argument, the policy and what is said of each tensor.
  package let certificateBytes: Int
  /// Seconds of its verification.
  package let verifySeconds: Double
  /// Bytes of the transition; 0 where none is asked for.
  public let transitionBytes: Int
  /// The code: log2 of a row's length, code positions per cell, opened positions. 0 without a proof.
  public let logLength: Int
  /// Code positions per cell.
  public let blowup: Int
  /// Opened code positions.
  public let queries: Int
  /// Rows of the drift tableau and of the proof's own trees.
  public let driftRows: Int
  /// Rows of the proof's own trees.
  public let proofRows: Int
  /// Rows of the base's trees that the proof opens, beside its own; 0 where no clause speaks of the base's weights.
  public let baseRows: Int
  /// Entries of tensors that may change inside clauses, that may not change, and names that the policy excludes.
  public let certifiedParameters: Int
  /// Entries of tensors that may not change.
  public let frozenParameters: Int
  /// Names that the policy leaves outside the proof.
  public let excluded: [String]
  /// Whether the base's identity was known; without it bounds relative to the base's norm are guessed, which may move the
  /// figures a little.
  public let isExact: Bool

  /// - Parameters:
  ///   - identity: the base's, when it is known; needed where the model has no base at hand.
  ///   - parent: of a link, whose model the base is; needs `identity`.
  ///   - proofs: Q, how many proofs a new commitment is to serve.
  ///   - bands: G, in how many bands the leaves are to be hashed.
  ///   - hasBaseCache: the leaves of the base's trees are kept, so that they need not be made again.
  ///   - hasTransition: a tuned model's tableau is proved to be the base's and this drift, too; needs an identity that
  ///     commits to the base's weights.
  ///   - speed: of this machine against the cost table's; nil to measure it, which takes about a second.
  /// - Throws: `coverageGap`, `identityMismatch` or `operational`, as `prove` does before it reads weights.
  package init(
    _ model: TunedModel, policy: Policy, identity: BaseIdentity? = nil, parent: ParentCertificate? = nil,
    proofs: Int = CodeSelection.defaultProofs, bands: Int = 1, hasBaseCache: Bool = false,
    hasTransition: Bool = false, speed: Double? = nil
  ) throws(DriftProofError) {
    guard parent == nil || identity != nil else { throw .missingInput(.identityOfChain) }
    if let identity, parent == nil, let base = model.base { try CheckpointPass.compareHeaders(base, identity) }
    guard !hasTransition || identity?.linked != nil else { throw .coverageGap([.nothingToAlignWith]) }
    guard let outline = identity ?? model.base.map(BaseIdentity.guess) else { throw .missingInput(.baseOfAdapter) }
    let (derived, code) = try DriftProofError.translating {
      let tensors = try model.manifestTensors(outline: outline, policy: policy)
      let derived = try DerivedStatement.derive(
        identity: outline, tuned: tensors, policy: policy, isAligned: hasTransition, isOutline: identity == nil)
      if let base = model.base { try parent?.check(base: base, tuned: tensors, derived: derived) }
      return (derived, derived.isEmpty ? nil : try CodeSelection.choose(derived, proofs: proofs, bands: bands))
    }
    var transition: TransitionCost?
    if hasTransition {
      guard let code else { throw .identityMismatch(.transition(.noDrift)) }
      transition = try TransitionCost(outline, statement: derived.statement(code: code, binding: []))
    }
    let cost = CostModel(
      derived: derived, code: code, model: model, hasIdentity: identity != nil, isLink: parent != nil,
      hasBaseCache: hasBaseCache, transition: transition)
    self.init(
      derived, cost, code: code, policy: policy, proofs: proofs, speed: speed ?? CostModel.measuredSpeed(),
      isExact: identity != nil)
  }

  private init(
    _ derived: DerivedStatement, _ model: CostModel, code: CodeParameters?, policy: Policy, proofs: Int, speed: Double,
    isExact: Bool
  ) {
    phases = model.phases(speed: speed).map { ($0.phase.rawValue, $0.seconds) }
    peakMemoryBytes = model.peakBytes + model.packedBytes
    let trees = derived.baseTrees
    proofBytes =
      code.flatMap { CodeSelection.proofBytes(tensors: derived.tensors, code: $0, proofs: proofs, baseTrees: trees) }
      ?? 0
    let manifest = derived.coverage.reduce(0) { $0 + $1.name.utf8.count + CostTable.manifestBytesPerTensor }
    certificateBytes = proofBytes + policy.canonicalBytes().count + manifest + CostTable.frameBytes
    verifySeconds =
      (CostTable.verifyFixedSeconds + CostTable.verifyNanosecondsPerByte * Double(proofBytes) / 1e9) / speed
    transitionBytes = model.transition?.bytes ?? 0
    baseRows = trees.reduce(0) { $0 + $1.rows }
    logLength = code?.logLength ?? 0
    blowup = code.map { 1 << $0.logBlowup } ?? 0
    queries = code?.queries ?? 0
    driftRows = model.sizes?.driftRows ?? 0
    proofRows = model.sizes.map { $0.digitRows + $0.factorRows } ?? 0
    excluded = derived.excludedNames
    var (certified, frozen) = (0, 0)
    for tensor in derived.coverage {
      switch tensor.tensorClass {
      case .frozen: frozen += tensor.entryCount
      case .excluded: break
      case .norm, .rank, .kronecker, .circulant, .sparse, .entrywise, .pattern, .composed:
        certified += tensor.entryCount
      }
    }
    (certifiedParameters, frozenParameters) = (certified, frozen)
    self.isExact = isExact
  }
}

extension BaseIdentity {
  /// Names, types and shapes of a base with statistics as small weights have them, for estimates before it is read.
  package static func guess(of base: Checkpoint) -> BaseIdentity {
    BaseIdentity(
      outline: base.tensors.map { tensor in
        // A fifth of the largest weight is a usual root mean square: q of 2^21/5.
        let square = UInt128(tensor.dtype.isFloating ? tensor.entryCount : 0) << 37
        return Leaf(
          name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
          statistics: TensorStatistics(
            fractionBits: tensor.dtype.isFloating ? Encoding.fractionBitsRange.upperBound : 0, sumOfSquares: square,
            maxAbs: 0, sha256: [UInt8](repeating: 0, count: SHA256.digestLength)))
      })
  }
}

extension CodeSelection {
  /// Bytes of a proof with this code, as the choice estimates them.
  package static func proofBytes(
    tensors: [TableauTensor], code: CodeParameters, proofs: Int, baseTrees: [BaseTree] = []
  ) -> Int? {
    estimate(
      tensors, logLength: code.logLength, logBlowup: code.logBlowup, proofs: proofs, baseTrees: baseTrees,
      hidingBase: code.hidingBase
    )?.proofBytes
  }
}
