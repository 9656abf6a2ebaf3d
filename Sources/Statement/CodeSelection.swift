// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import Foundation

/// The prover's choice of code for a tableau: small proofs at bounded cost. The verifier never calls this; it reads the
/// parameters from the manifest and checks ranges and security.
package enum CodeSelection {
  /// Proofs that one commitment serves: Q of docs/protocol.md section 3.
  package static let defaultProofs = 2
  static let grindingBits = 20
  /// log2 of the padded cells up to which a tableau gets each log blow-up; beyond the last one, 1. Encoding and hashing
  /// grow with the blow-up, queries and so proofs fall.
  static let blowups: [(logCells: Int, logBlowup: Int)] = [(19, 5), (20, 4), (25, 3), (29, 2)]
  /// A code of w times the work must save the w^(1/4)-th part of the bytes.
  static let workExponent = 0.25
  /// Each doubling of the rows' length doubles what a prover holds besides the weights (two trees of 32 bytes a position, the
  /// tables of an opening), up to this one.
  static let maximumLogLength = 24
  /// Above so many cells, log2, rows are the largest part of a proof and may be twice as long: half as many are opened at
  /// each position. Trees and tables of an opening take some 4 GB more with them.
  static let logLargeCells = 32
  static let maximumLogLengthOfLarge = 25
  /// The most that the work may grow by rows beyond ``maximumLogLength``, as one part of so many. Matrices whose sides are far from
  /// powers of 2 leave much of longer rows empty: 11008 × 4096 takes three rows of 2^24, but two of 2^25.
  static let growthOfWork = 8

  /// One candidate with its estimates.
  package struct Estimate: Hashable, Sendable {
    package let code: CodeParameters
    package let proofBytes: Int
    /// Field elements of all codewords.
    let work: Int

    var price: Double { Double(proofBytes) * pow(Double(work), workExponent) }
  }

  /// - Parameters:
  ///   - tensors: the tableau, not empty, as in ``DerivedStatement/tensors``.
  ///   - proofs: Q ≥ 1.
  ///   - hasManyTrees: the rows are spread over several trees that stand in memory together; they do not get longer then.
  /// - Throws: `tooLarge` when no length serves them.
  package static func choose(
    tensors: [TableauTensor], proofs: Int = defaultProofs, hasManyTrees: Bool = false
  ) throws(StatementError) -> CodeParameters {
    let cells = tensors.reduce(0) {
      $0 + 1 << StatementLimits.paddedLog(rows: $1.rows, columns: $1.columns)
    }
    let logBlowup = blowups.first(where: { cells <= 1 << $0.logCells })?.logBlowup ?? 1
    let longest = cells > 1 << logLargeCells && !hasManyTrees ? maximumLogLengthOfLarge : maximumLogLength
    var estimates: [Estimate] = []
    for logLength in CodeParameters.logLengthRange.lowerBound...longest {
      // Thousands of rows never win, and their layouts take time.
      guard cells >> logLength <= 1 << 12 || logLength == longest else { continue }
      if let estimate = estimate(tensors, logLength: logLength, logBlowup: logBlowup, proofs: proofs) {
        estimates.append(estimate)
      }
    }
    if let usual = estimates.last(where: { $0.code.logLength <= maximumLogLength }) {
      estimates.removeAll {
        $0.code.logLength > maximumLogLength && $0.work > usual.work + usual.work / growthOfWork
      }
    }
    guard let best = estimates.min(by: { $0.price < $1.price }) else {
      throw .tooLarge(.proofs(proofs))
    }
    return best.code
  }

  /// The code of a statement: the one of the base's tableau where clauses speak of it, whose queries alone are chosen.
  /// - Parameters:
  ///   - nextTail: of the rows of a next base that a transition is to open with the same queries; 0 without one.
  ///   - bands: G, what the caller asks for: it changes neither sizes nor soundness.
  /// - Throws: `tooLarge` for more bands than the drift tableau has blocks of eight rows, too.
  package static func choose(
    _ derived: DerivedStatement, proofs: Int = defaultProofs, nextTail: Int = 0, bands: Int = 1
  ) throws(StatementError) -> CodeParameters {
    let code = try inOneBand(derived, proofs: proofs, nextTail: nextTail)
    guard bands != 1 else { return code }
    let rows = TableauLayout(tensors: derived.tensors, logLength: code.logLength).rowCount
    guard bands <= StatementSize.bandLimit(rows: rows), let banded = try? code.inBands(bands) else {
      throw .tooLarge(.bands(bands, rows: rows))
    }
    return banded
  }

  private static func inOneBand(
    _ derived: DerivedStatement, proofs: Int, nextTail: Int
  ) throws(StatementError) -> CodeParameters {
    guard let base = derived.baseCode else { return try choose(tensors: derived.tensors, proofs: proofs) }
    guard
      let estimate = estimate(
        derived.tensors, logLength: base.logLength, logBlowup: base.logBlowup, proofs: proofs,
        baseTrees: derived.baseTrees, hidingBase: derived.hidingBase, nextTail: nextTail)
    else { throw .tooLarge(.proofs(proofs)) }
    return estimate.code
  }

  /// The code of a base's tableau that hides the weights: its rows' tails serve `proofs` proofs of statements about it.
  /// - Parameters:
  ///   - code: whose rows and rate it has.
  ///   - trees: of the tableau.
  ///   - isNext: it is a next base's, whose rows show their values at the points of the base before it, too.
  /// - Throws: `tooLarge` where the rows are too short for them.
  package static func hiding(
    _ code: CodeParameters, trees: Int, proofs: Int, isNext: Bool = false
  ) throws(StatementError) -> CodeParameters {
    guard (1...maximumBaseProofs).contains(proofs) else { throw .tooLarge(.proofs(proofs)) }
    // Longer tails raise the rate, which asks for more queries, which ask for longer tails.
    var queries = code.queries
    while true {
      let base = CodeParameters.HidingBase(
        trees: trees,
        tail: CodeParameters.HidingBase.tail(trees: trees, queries: queries, proofs: proofs)
          + (isNext ? CodeParameters.HidingBase.ofNextBase : 0))
      guard
        let needed = CodeParameters.queries(
          logLength: code.logLength, logBlowup: code.logBlowup, grindingBits: grindingBits, proofs: defaultProofs,
          hidingBase: base),
        let result = try? code.beside(base)
      else { throw .tooLarge(.proofs(proofs)) }
      if needed <= queries { return result }
      queries = needed
    }
  }

  /// So that tails can be computed; rows are too short for as many anyway.
  private static let maximumBaseProofs = 1 << 20

  package static func estimate(
    _ tensors: [TableauTensor], logLength: Int, logBlowup: Int, proofs: Int, baseTrees: [BaseTree] = [],
    hidingBase: CodeParameters.HidingBase? = nil, nextTail: Int = 0
  ) -> Estimate? {
    guard
      let queries = CodeParameters.queries(
        logLength: logLength, logBlowup: logBlowup, grindingBits: grindingBits, proofs: proofs, hidingBase: hidingBase,
        nextTail: nextTail),
      let code = try? CodeParameters(
        logLength: logLength, logBlowup: logBlowup, queries: queries, grindingBits: grindingBits,
        driftTail: proofs * queries
      ).beside(hidingBase)
    else { return nil }
    let size = ProofSize(tensors: tensors, code: code, baseTrees: baseTrees)
    return Estimate(code: code, proofBytes: size.bytes, work: size.work)
  }
}
