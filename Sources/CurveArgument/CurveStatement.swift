// SPDX-License-Identifier: Apache-2.0

/// A tensor with everything public about it: where its rows are, and what is claimed of its drift.
package struct CurveTensor: Hashable, Sendable {
  package enum Claim: Hashable, Sendable {
    /// The drift is a matrix of small integers, with Σ of its squares at most the bound; nil where the total or clauses bound it.
    case norm(CurveBound?)
    /// Every row is the base's, byte for byte.
    case frozen
    /// Nothing: the rows are bound to the proof and free.
    case any
  }

  package var name: String
  /// The matrix.
  package var rows: Int
  package var columns: Int
  /// f: an integer q stands for the weight q·2^-f.
  package var fractionBits: Int
  /// Committed rows of 2^l cells, tiles of the matrix or the one that holds all of it.
  package var rowCount: Int
  package var claim: Claim
  /// Whether the total counts it. The total counts tensors with norm claims alone.
  package var countsInTotal: Bool
  /// All of them hold, beside a norm claim that may be without a bound then.
  package var clauses: [CurveClause]

  package init(
    name: String, rows: Int, columns: Int, fractionBits: Int, rowCount: Int, claim: Claim, countsInTotal: Bool = false,
    clauses: [CurveClause] = []
  ) {
    self.name = name
    self.rows = rows
    self.columns = columns
    self.fractionBits = fractionBits
    self.rowCount = rowCount
    self.claim = claim
    self.countsInTotal = countsInTotal
    self.clauses = clauses
  }

  /// Whether E has the drift itself beside what clauses leave of it: for a bound, the total, or a clause about 2^s·Δ, which is
  /// about integers only where Δ is small.
  package var isPlain: Bool {
    guard case .norm(let bound) = claim else { return false }
    return bound != nil || countsInTotal || clauses.contains { $0.scale > 0 }
  }

  package var isBounded: Bool { if case .norm = claim { true } else { false } }
}

/// What is proved of the rows C_tuned - C_base; docs/protocol.md section 15.
package struct CurveStatement: Hashable, Sendable {
  /// In the order of their committed rows.
  package var tensors: [CurveTensor]
  /// N of the total Σ 4^(F - f)·Σ Δ² over the tensors that count, F the largest f among them; nil without one.
  package var totalBound: CurveBound?
  /// l: a row has 2^l cells.
  package var logLength: Int
  /// The setup's id, 32 bytes.
  package var setupID: [UInt8]
  /// What else the proof is bound to: identity, policy, manifest.
  package var binding: [UInt8]

  package init(
    tensors: [CurveTensor], totalBound: CurveBound? = nil, logLength: Int, setupID: [UInt8], binding: [UInt8]
  ) {
    self.tensors = tensors
    self.totalBound = totalBound
    self.logLength = logLength
    self.setupID = setupID
    self.binding = binding
  }

  /// Whether a tensor has clauses: then P1, Stage B and other bytes.
  package var isStructured: Bool { tensors.contains { !$0.clauses.isEmpty } }

  /// Of all tensors: as many points as C_base and C_tuned have here.
  package var rowCount: Int { tensors.reduce(0) { $0 + $1.rowCount } }
}

/// Constants of the argument over Fr, each beside the inequality that it must satisfy.
package enum CurveLimits {
  /// Random cells of a mask row and of Libra's row (docs/protocol.md, section 15): l ≥ 8 leaves room for the coefficients.
  package static let logLengths = 8...28
  /// n_E: (7/8)^704 over three groups of up to 14 bits.
  package static let maximumVariables = 40
  package static let maximumTensors = 1 << 16
  package static let fractionBits = -20...28
  /// F - f: totals have weights up to 4^44.
  package static let maximumPrecisionSpread = 44
  /// H = 2^60: an honest Z has Σ|E| < 2^60, so Z + 2^60 has 61 bits.
  package static let logHalfRange = 60
  package static let projectionBits = 61
  package static let logProjectionCells = 6
  /// (Σ|E|)² < 2^120, so that no honest sum of squares needs more, and 4^44·2^120 = 2^208. With |E| < 2^63 and at most 2^40
  /// cells ΣE² < 2^166; 2^88·2^166 + 2^208 < r: no line wraps.
  package static let boundBits = 120
  package static let logBoundCells = 7
  package static let totalBits = 208
  package static let logTotalCells = 8
  /// |U|, |V|, |E| < 2^63: 2^s·Δ - U·Vᵀ - E is below 2^(63 + 20) + 2^(10 + 126) + 2^63 < r/2, so what holds modulo r holds.
  package static let maximumRank = 1 << 10
  package static let maximumScale = 20
  package static let maximumClauses = 16
  /// Bits of a chunk of an address, one cell for each of its values.
  package static let logChunk = 8
  /// Of P1: what a verifier has to bear, and what provers hold as scalars.
  package static let maximumFactorCells = 1 << 24
}

package func ceilLog2(_ n: Int) -> Int { n <= 1 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount }
