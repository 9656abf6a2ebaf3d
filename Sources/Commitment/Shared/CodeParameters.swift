// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import Foundation
import DriftProofTranscript

/// The Reed-Solomon code of the hash backend and its query phase; docs/protocol.md sections 3 ("Hash backend") and 6.
///
/// A row is a polynomial of degree below L + its tail on 2^k points, k = logLength + logBlowup. *Code position* j in
/// [0, 2^k) is the point η_j = 7·Ω^{rev_k(j)}, Ω = 7^((p-1)/2^k) of order 2^k and rev_k the reversal of k bits. Hence
/// - coset c = j >> logLength is 7·Ω^{rev_{k-l}(c)} times the L-th roots of unity, in bit-reversed order;
/// - positions 2a and 2a + 1 are η and -η, and 2^f aligned neighbours are a coset of the 2^f-th roots of unity;
/// - η_j² is position j >> 1 of the same kind of domain with k - 1 bits and shift 7².
package struct CodeParameters: Hashable, Sendable {
  /// l: a row's message has 2^l entries.
  package let logLength: Int
  /// The rate is 2^-logBlowup.
  package let logBlowup: Int
  /// t: distinct positions opened by one proof.
  package let queries: Int
  /// g: leading zero bits of the proof of work.
  package let grindingBits: Int
  /// q of the drift tableau: positions that all its proofs together may reveal, `proofs`·t.
  package let driftTail: Int
  /// Fixes the folds per layer in tests of small codes; nil otherwise.
  package let foldSchedule: [Int]?
  /// G: into how many runs the rows of a tree are cut whose digests make a leaf together (``RowLeafFormat``). Of the drift, P1
  /// and P2 alike; a base's and a tuned model's tableaus have one band.
  package private(set) var bands = 1
  /// Of the base's tableau, where a statement speaks of one that hides the base's weights; nil otherwise.
  package private(set) var hidingBase: HidingBase?
  /// Random coefficients of the rows of a next base, where a transition opens one; 0 otherwise (docs/protocol.md, section 13).
  package private(set) var nextTail = 0

  /// What openings show besides because of a base's tableau that hides its weights; docs/protocol.md section 3, "Hiding
  /// base".
  package struct HidingBase: Hashable, Sendable {
    /// All trees of the tableau: each has a pinned point, at which every row that is opened beside it is evaluated.
    package let trees: Int
    /// Random coefficients of its rows.
    package let tail: Int

    package init(trees: Int, tail: Int) {
      self.trees = trees
      self.tail = tail
    }

    /// Coefficients that one proof of `queries` positions takes of each of its rows: a position is one equation over F, and a
    /// value at the drift's pinned point, or at P1's, three.
    package static func coefficients(queries: Int) -> Int { queries + 6 }

    /// Of rows that serve `proofs` proofs of `queries` positions: besides, once, their values at the trees' own points.
    package static func tail(trees: Int, queries: Int, proofs: Int) -> Int {
      proofs * coefficients(queries: queries) + 3 * trees
    }

    /// What a next base's rows show besides, once: their value at the one point of all of its trees. The points of the base
    /// before it, which are at most as many as it has trees, take the coefficients that are ``tail(trees:queries:proofs:)``'s.
    package static let ofNextBase = 3

    /// What proofs may take of the tail: ``tail`` without what the trees' own points take.
    package var budget: Int { tail - 3 * trees }
  }

  package static let logLengthRange = 14...26
  package static let logBlowupRange = 1...5
  /// More grinding would rest the 128 bits on work instead of on the code.
  package static let maximumGrindingBits = 20
  package static let maximumQueries = 1 << 10
  package static let bandRange = 1...256
  package static let requiredSecurityBits = 128.0
  /// The coset shift: a generator of F*, so that no power 7^(2^m) lies in a subgroup of roots of unity of order 2^k.
  package static let shift = Goldilocks.generator

  /// Random coefficients of the trees that belong to one proof: one for every position at which their leaves are
  /// opened, and three for each of the two pinned points, an evaluation in K being three equations over F, and for those of
  /// a base's trees.
  package var proofTail: Int { queries + 6 + pinnedBaseCoefficients }
  /// Random coefficients of a drift row: its own pin once, and the points of a base's trees, which are the same in all proofs;
  /// per proof t positions and P1's pinned point.
  package var driftRowTail: Int { driftTail + 3 * (driftTail / queries) + 3 + pinnedBaseCoefficients }
  /// The longest of all: of drift rows, of a hiding base's, or of a next base's.
  package var longestTail: Int { max(driftRowTail, hidingBase?.tail ?? 0, nextTail) }
  private var pinnedBaseCoefficients: Int { 3 * (hidingBase?.trees ?? 0) }
  package var length: Int { 1 << logLength }
  package var logDomain: Int { logLength + logBlowup }

  /// Parameters named by a certificate. Whether they are strong enough is ``securityBits``.
  package init(logLength: Int, logBlowup: Int, queries: Int, grindingBits: Int, driftTail: Int) throws(ProofRejection) {
    guard Self.logLengthRange.contains(logLength) else {
      throw .unsupportedParameters("log length \(logLength) is outside \(Self.logLengthRange)")
    }
    guard Self.logBlowupRange.contains(logBlowup) else {
      throw .unsupportedParameters("log blow-up \(logBlowup) is outside \(Self.logBlowupRange)")
    }
    guard (0...Self.maximumGrindingBits).contains(grindingBits) else {
      throw .unsupportedParameters("\(grindingBits) bits of grinding are outside 0...\(Self.maximumGrindingBits)")
    }
    guard (1...Self.maximumQueries).contains(queries) else {
      throw .unsupportedParameters("\(queries) queries are outside 1...\(Self.maximumQueries)")
    }
    guard driftTail >= queries, driftTail <= 1 << logLength else {
      throw .unsupportedParameters("a tail of \(driftTail) does not fit \(queries) queries and rows of 2^\(logLength)")
    }
    self.init(
      unchecked: logLength, logBlowup: logBlowup, queries: queries, grindingBits: grindingBits, driftTail: driftTail)
    guard driftRowTail <= length else {
      throw .unsupportedParameters("a tail of \(driftRowTail) does not fit rows of 2^\(logLength)")
    }
  }

  /// The same code for a statement about a base whose tableau hides its weights.
  /// - Throws: `unsupportedParameters` when the tails do not fit the rows.
  package func beside(_ base: HidingBase?) throws(ProofRejection) -> CodeParameters {
    var code = self
    code.hidingBase = base
    guard let base else { return code }
    guard base.trees > 0, base.tail >= HidingBase.tail(trees: base.trees, queries: queries, proofs: 1) else {
      throw .unsupportedParameters(
        "the base's tableau has tails of \(base.tail), too short to hide it from one proof of \(queries) queries")
    }
    guard code.longestTail <= length else {
      throw .unsupportedParameters("a tail of \(code.longestTail) does not fit rows of 2^\(logLength)")
    }
    return code
  }

  /// The same code for an opening that a next base's rows join.
  /// - Parameter tail: of these rows; 0 for none.
  /// - Throws: `unsupportedParameters` when it does not fit the rows.
  package func opening(nextTail tail: Int) throws(ProofRejection) -> CodeParameters {
    var code = self
    code.nextTail = tail
    guard tail >= 0, code.longestTail <= length else {
      throw .unsupportedParameters("a tail of \(tail) does not fit rows of 2^\(logLength)")
    }
    return code
  }

  /// The same code in bands.
  /// - Throws: `bandsOutOfRange`. Whether a tableau has rows enough is for ``requireBands(rows:)`` to say.
  package func inBands(_ bands: Int) throws(ProofRejection) -> CodeParameters {
    guard Self.bandRange.contains(bands) else { throw .bandsOutOfRange(bands) }
    var code = self
    code.bands = bands
    return code
  }

  /// The same code in one band: of trees that other commitments than a certificate's have.
  package var inOneBand: CodeParameters {
    var code = self
    code.bands = 1
    return code
  }

  /// No two numbers of bands give one drift tree: each has at least a block of eight rows.
  package func requireBands(rows: Int) throws(ProofRejection) {
    guard bands <= max(1, RowLeafFormat.blocks(rows: rows)) else { throw .tooManyBands(bands, rows: rows) }
  }

  /// For tests: any small code, `foldSchedule` folds per layer (see ``FoldingPlan``).
  package init(
    unchecked logLength: Int, logBlowup: Int, queries: Int, grindingBits: Int, driftTail: Int,
    foldSchedule: [Int]? = nil
  ) {
    self.logLength = logLength
    self.logBlowup = logBlowup
    self.queries = queries
    self.grindingBits = grindingBits
    self.driftTail = driftTail
    self.foldSchedule = foldSchedule
  }

  /// -log2 of the probability that a word at distance δ or more from the code passes the query phase and its grinding,
  ///
  ///     (1 - δ)^t · 2^-g ≤ 2^-128,  1 - δ = √ρ·(1 + 1/(2m)),  ρ = (L + tail)/2^k  (``JohnsonRadius``).
  ///
  /// Distinct positions are no worse than independent ones: each later factor only shrinks.
  package var securityBits: Double { -Double(queries) * log2(rowCode.agreement) + Double(grindingBits) }

  /// The code of the rows: degree below L + the longest tail.
  var rowCode: JohnsonRadius {
    JohnsonRadius(
      multiplicity: JohnsonRadius.rowMultiplicity, rate: Double(length + longestTail) / Double(1 << logDomain),
      length: Double(1 << logDomain))
  }

  /// The least t with ``securityBits`` ≥ 128 when a drift tableau serves `proofs` proofs (q = proofs·t).
  /// Nil when no t does: the row is too short for that many proofs.
  package static func queries(
    logLength: Int, logBlowup: Int, grindingBits: Int, proofs: Int, hidingBase: HidingBase? = nil, nextTail: Int = 0
  ) -> Int? {
    (1...maximumQueries).first { t in
      var candidate = CodeParameters(
        unchecked: logLength, logBlowup: logBlowup, queries: t, grindingBits: grindingBits, driftTail: proofs * t)
      candidate.hidingBase = hidingBase
      candidate.nextTail = nextTail
      guard candidate.longestTail <= candidate.length else { return false }
      return candidate.securityBits >= requiredSecurityBits
    }
  }

  /// Everything above, for the transcript: a proof is bound to its code.
  package var bytes: [UInt8] {
    var result: [UInt8] = []
    var values = [logLength, logBlowup, queries, grindingBits, driftTail]
    // Statements without a hiding base have the bytes that they had before there were any.
    if let hidingBase { values += [hidingBase.trees, hidingBase.tail] }
    // One number more of each, in transcripts of their own: version 2 of a transition always has a next base.
    if nextTail > 0 { values.append(nextTail) }
    if bands > 1 { values.append(bands) }
    for value in values { result.append(littleEndian: UInt64(value)) }
    return result
  }
}
