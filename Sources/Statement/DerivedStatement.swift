// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy

/// What a policy says about one base and the names, types and shapes of a tuned model: the statement to prove, without
/// code parameters and commitment. A pure function of public data, so prover and verifier derive the same.
package struct DerivedStatement: Sendable {
  /// A tensor's place in the report.
  package struct Coverage: Hashable, Sendable {
    package let name: String
    package let tensorClass: TensorClass
    /// Entries: of the base's tensor, or of the tuned model's where the base has none or fewer.
    package let entryCount: Int
    /// The tuned tensor has a salted byte digest in the manifest: it is in the tableau, or it is excluded and exists.
    package let hasByteDigest: Bool
    /// Its place among the tuned tensors; nil where the tuned model has none of this name.
    package let tunedIndex: Int?
    /// Of the product that an adapter adds to it; nil without one, and for a Kronecker product.
    package var productRank: Int?
    /// An adapter adds a Kronecker product to it.
    package var isKroneckerProduct = false
    /// Of a covered tensor whose type is not the base's.
    package var retyping: Retyping?
    /// Of a covered tensor with more rows than the base's: the first dimension, before and after.
    package var growth: Growth?
  }

  /// Floating types of a tensor in base and tuned model.
  package struct Retyping: Hashable, Sendable {
    package let from: DataType
    package let to: DataType
  }

  /// Sizes of a tensor's first dimension in base and tuned model.
  package struct Growth: Hashable, Sendable {
    package let from: Int
    package let to: Int
  }

  /// The tableau's tensors, in name order; the heads of one stand in its place, in rising order.
  package let claims: [TensorClaim]
  /// Digits of the global ball; nil without one or with an empty tableau.
  package let totalBound: [UInt16]?
  /// Every name of base and tuned model, in order.
  package let coverage: [Coverage]
  /// The tuned model is the base and an adapter.
  package var isAdapter = false
  /// The trees of the base's tableau that clauses speak of.
  package var baseTrees: [BaseTree] = []
  /// l and log blow-up that the code must have, where clauses speak of the base's tableau.
  package var baseCode: (logLength: Int, logBlowup: Int)?
  /// Where clauses speak of a base whose tableau hides its weights, or a transition will open it.
  package var hidingBase: CodeParameters.HidingBase?
  /// Tensors have the units and places of the base's tableau, whatever their clauses say.
  package var isAligned = false
  /// By which it was derived.
  package var rules = StatementRules.current

  /// Nothing is to be proved: every tensor is frozen or excluded.
  package var isEmpty: Bool { claims.isEmpty }
  package var tensors: [TableauTensor] { claims.map(\.tensor) }
  package var excludedNames: [String] { coverage.filter { $0.tensorClass == .excluded }.map(\.name) }
  package func count(_ tensorClass: TensorClass) -> Int {
    coverage.reduce(0) { $0 + ($1.tensorClass == tensorClass ? 1 : 0) }
  }

  package func statement(code: CodeParameters, binding: [UInt8]) -> DriftStatement {
    DriftStatement(
      tensors: tensors, totalBound: totalBound, code: code, binding: binding, baseTrees: baseTrees, isAligned: isAligned
    )
  }

  /// - Parameters:
  ///   - tuned: in rising order of the names' UTF-8 bytes, names distinct.
  ///   - rules: those of the manifest's version; nil for a prover's, which are the current ones.
  ///   - isAligned: in units and places of the base's tableau (docs/protocol.md, section 13).
  ///   - isOutline: the identity's statistics are guesses, so that bounds below the precision are none of its gaps.
  /// - Throws: `coverageGap` with every gap, or `tooLarge` for sizes beyond ``StatementLimits``.
  package static func derive(
    identity: BaseIdentity, tuned: [TunedTensor], policy: Policy, rules given: StatementRules? = nil,
    isAligned: Bool = false, isOutline: Bool = false
  ) throws(StatementError) -> DerivedStatement {
    try StatementLimits.check(manifest: tuned)
    let rules = given ?? .current(for: policy)
    try rules.check(policy)
    if rules == .original, let rule = policy.rules.firstIndex(where: \.allowance.hasSlices) {
      throw .slicesUnderOriginalRules(rule: rule)
    }
    let pairs = TensorPair.merge(base: identity.tensors, tuned: tuned)
    let resolutions: [Resolution]
    do throws(PolicyError) {
      resolutions = try policy.resolve(tensorNames: pairs.map(\.name))
    } catch {
      // Names that fit no rule may have a prefix.
      let diagnosis = GapDiagnosis(identity: identity, tuned: tuned)
      throw .coverageGap(diagnosis.prefix.map { [.prefixed($0)] } ?? [.policy(error)])
    }
    let adapter = try AdapterClaims(identity: identity, tuned: tuned, pairs: pairs)
    let gaps = CoverageCheck(
      identity: identity, tuned: tuned, pairs: pairs, resolutions: resolutions, rules: rules, isAligned: isAligned
    ).gaps()
    guard gaps.isEmpty else {
      throw .coverageGap(GapDiagnosis(identity: identity, tuned: tuned).explained(gaps))
    }
    try adapter?.check(resolutions)

    let places: LinkedPlaces?
    if policy.speaksOfBase || isAligned, let linked = identity.linked {
      places = try LinkedPlaces(identity, linked)
    } else {
      places = nil
    }
    var claims: [TensorClaim] = []
    var coverage: [Coverage] = []
    // Only heads and factors have names that could be taken.
    let hasParts = adapter != nil || resolutions.contains(where: \.allowance.hasHeads)
    var names = hasParts ? Set(pairs.map(\.name)) : []
    for (pair, resolution) in zip(pairs, resolutions) {
      let shape = pair.base.map { identity.tensors[$0].shape } ?? pair.tuned.map { tuned[$0].shape } ?? []
      var entries = Shape.entryCount(shape) ?? 0
      var (retyping, growth): (Retyping?, Growth?)
      var tensorClass = TensorClass.frozen
      let change = pair.tuned.map { tuned[$0].change } ?? .dense
      if resolution.allowance == .any, change != .none { tensorClass = .excluded }
      if tensorClass != .excluded, let base = pair.base.map({ identity.tensors[$0] }),
        let own = pair.tuned.map({ tuned[$0] })
      {
        if base.dtype != own.dtype { retyping = Retyping(from: base.dtype, to: own.dtype) }
        if base.shape != own.shape { growth = Growth(from: base.shape.first ?? 0, to: own.shape.first ?? 0) }
        entries = Shape.entryCount(own.shape) ?? entries
      }
      if let clauses = resolution.allowance.forms, let base = pair.base, let own = pair.tuned,
        let builder = ProductClaimBuilder(
          leaf: identity.tensors[base], clauses: clauses, change: change, hasTotal: policy.total != nil, rules: rules)
      {
        tensorClass = TensorClass(clauses)
        try StatementLimits.check(tuned[own])
        claims += try builder.claims(baseIndex: base, tunedIndex: own, rule: resolution.ruleIndex, taken: &names)
      }
      // An empty tensor has nothing that could change.
      if change == .dense, let clauses = resolution.allowance.forms, entries > 0, let base = pair.base,
        let own = pair.tuned
      {
        tensorClass = TensorClass(clauses)
        let leaf = identity.tensors[base]
        try StatementLimits.check(tuned[own])
        var blocks: [TensorBlock?] = [nil]
        if case .heads(let split, _) = resolution.allowance {
          try StatementLimits.check(heads: split, of: leaf, after: claims.count)
          blocks = try HeadBlocks.blocks(of: leaf, split: split, taken: &names)
        }
        for block in blocks {
          let builder = TensorClaimBuilder(
            leaf: leaf, shape: tuned[own].shape, clauses: clauses, block: block, hasTotal: policy.total != nil,
            rules: rules, hasRounding: policy.firstRuleWithRounding != nil, isAligned: isAligned, isOutline: isOutline,
            linked: places?.source(of: leaf))
          claims.append(try builder.claim(baseIndex: base, tunedIndex: own, rule: resolution.ruleIndex))
        }
      }
      coverage.append(
        Coverage(
          name: pair.name, tensorClass: tensorClass, entryCount: entries,
          hasByteDigest: tensorClass != .frozen && pair.tuned != nil, tunedIndex: pair.tuned,
          productRank: change.rank, isKroneckerProduct: change.isKronecker, retyping: retyping, growth: growth))
    }
    try StatementLimits.check(claims.map(\.tensor))
    var result = DerivedStatement(
      claims: claims, totalBound: totalBound(policy.total, claims: claims, identity: identity), coverage: coverage,
      isAdapter: adapter != nil, rules: rules)
    result.isAligned = isAligned && !claims.isEmpty
    if let places, claims.contains(where: { $0.tensor.base != nil }) {
      // An aligned statement opens no tree that its claims do not speak of.
      result.baseTrees = places.trees(
        of: claims.map(\.tensor).filter { tensor in
          tensor.clauses.contains { $0.entries?.rounding != nil } || tensor.patterns.contains(where: \.speaksOfBase)
        })
      result.baseCode = (places.linked.logLength, places.linked.logBlowup)
      if isAligned || !result.baseTrees.isEmpty { result.hidingBase = places.linked.hidingBase }
    }
    return result
  }

  private static func totalBound(_ bound: Bound?, claims: [TensorClaim], identity: BaseIdentity) -> [UInt16]? {
    let counted = claims.filter(\.tensor.countsInTotal)
    let fractionBits = counted.map(\.tensor.fractionBits)
    guard let bound, let finest = fractionBits.max() else { return nil }
    let base = identity.tensors.filter(\.isEncodable).map {
      (fractionBits: $0.statistics.fractionBits, sumOfSquares: $0.statistics.sumOfSquares)
    }
    // The bound shrinks by the worst product's factor, for all summands.
    let shrinkage = claims.compactMap { claim in
      claim.tensor.isOrthonormal
        ? OrthonormalShrinkage(rank: claim.tensor.rows, fractionBits: claim.tensor.fractionBits) : nil
    }.min()
    let exact =
      shrinkage.map { shrinkage in
        BoundArithmetic.totalBound(bound, finest: finest, base: base, extraShift: shrinkage.log)
          .divided(by: shrinkage.divisor)
      } ?? BoundArithmetic.totalBound(bound, finest: finest, base: base)
    return BoundArithmetic.totalDigits(exact, fractionBits: fractionBits)
  }
}
