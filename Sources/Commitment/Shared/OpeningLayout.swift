// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// What both sides derive from the public shape of the claims before the first byte of the opening.
package struct OpeningLayout: Sendable {
  /// One pinned tree a of a claim: the combination is evaluated at its point, where a's part follows from the pins and
  /// the parts of the other trees are sent.
  package struct Pin: Sendable {
    package let tree: Int
    package let point: CubicExtension
    package let others: [Int]
  }

  /// Per claim: where the tails of its rows begin (L, or the common length of its short rows).
  package let tailOffsets: [Int]
  /// Per claim: coefficients of the combination's tail, that of its mask, which no row's tail exceeds.
  package let tailCounts: [Int]
  /// Claims that are folded together, in order.
  package let foldedClaims: [Int]
  /// Per claim: the pinned trees that it weighs. Empty for claims in clear.
  package let pins: [[Pin]]
  /// Trees that a claim or a mask touches, ascending: those whose leaves are opened.
  package let openedTrees: [Int]
  package let plan: FoldingPlan

  /// Checks that the claims fit the trees. Everything here is public: a failure says that prover and verifier were
  /// called with claims that no proof can serve.
  ///
  /// `points`: per tree, the point at which it is pinned, or nil.
  package init(
    _ parameters: CodeParameters, shapes: [[RowShape]], points: [CubicExtension?], claims: [OpeningClaim]
  ) throws(ProofRejection) {
    for case let point? in points where !OutOfDomain.isOutside(point) { throw .pinInsideBaseField }
    var pins: [[Pin]] = []
    var tailOffsets: [Int] = []
    var tailCounts: [Int] = []
    var folded: [Int] = []
    var opened: Set<Int> = []
    var maskRowsInUse: Set<[Int]> = []
    for (index, claim) in claims.enumerated() {
      let offset: Int
      switch claim.functional {
      case .equality(let point):
        guard point.count == parameters.logLength else {
          throw .unsupportedParameters("claim \(claim.name) has a point of \(point.count) coordinates")
        }
        offset = parameters.length
        folded.append(index)
      case .parts(let parts):
        guard parts.allSatisfy({ $0.fits(logLength: parameters.logLength) }) else {
          throw .unsupportedParameters("claim \(claim.name) has a part outside its rows")
        }
        offset = parameters.length
        folded.append(index)
      case .clear(let weights): offset = weights.count
      }
      let mask = claim.mask
      guard shapes.indices.contains(mask.tree), mask.firstRow >= 0, mask.firstRow <= shapes[mask.tree].count - 3 else {
        throw .unsupportedParameters("claim \(claim.name) has no mask")
      }
      let maskRows = mask.firstRow..<mask.firstRow + 3
      // A mask that serves twice reveals the difference of two combinations.
      for row in maskRows {
        guard maskRowsInUse.insert([mask.tree, row]).inserted else {
          throw .unsupportedParameters("claim \(claim.name) shares its mask")
        }
      }
      let maskShape = shapes[mask.tree][mask.firstRow]
      guard maskShape.tailOffset == offset, shapes[mask.tree][maskRows].allSatisfy({ $0 == maskShape }) else {
        throw .unsupportedParameters("the mask of claim \(claim.name) has another shape than its rows")
      }
      opened.insert(mask.tree)
      guard claim.weights.count == shapes.count else {
        throw .unsupportedParameters("claim \(claim.name) has weights for \(claim.weights.count) trees")
      }
      for (tree, weights) in claim.weights.enumerated() where !weights.isEmpty {
        guard weights.count == shapes[tree].count else {
          throw .unsupportedParameters("claim \(claim.name) has \(weights.count) weights for tree \(tree)")
        }
        guard tree != mask.tree || weights[maskRows].allSatisfy({ $0 == .zero }) else {
          throw .unsupportedParameters("claim \(claim.name) weighs its own mask")
        }
        opened.insert(tree)
        // A tail that reached below the offset would count as message; one that is longer than the mask's would leak.
        for (weight, shape) in zip(weights, shapes[tree]) where weight != .zero {
          guard shape.tailOffset == offset, shape.tailCount <= maskShape.tailCount else {
            throw .unsupportedParameters("claim \(claim.name) weighs a row of another shape in tree \(tree)")
          }
        }
      }
      // The distance of ``CodeParameters/securityBits`` assumes degree below L + q̄.
      guard offset <= parameters.length, maskShape.tailCount >= 0, maskShape.tailCount <= parameters.longestTail else {
        throw .unsupportedParameters("claim \(claim.name) exceeds the code's degree")
      }
      let weighed = claim.weights.indices.filter { !claim.weights[$0].isEmpty }
      pins.append(
        weighed.compactMap { tree in
          points[tree].map { point in Pin(tree: tree, point: point, others: weighed.filter { $0 != tree }) }
        })
      // Only a folded combination is compared with pins: in clear, a pinned tree would stay one of few.
      if case .clear = claim.functional, pins.last?.isEmpty == false {
        throw .unsupportedParameters("claim \(claim.name) weighs a pinned tree in clear")
      }
      tailOffsets.append(offset)
      tailCounts.append(maskShape.tailCount)
    }
    self.pins = pins
    self.tailOffsets = tailOffsets
    self.tailCounts = tailCounts
    foldedClaims = folded
    openedTrees = opened.sorted()
    plan = FoldingPlan(parameters, claims: folded.count)
  }
}
