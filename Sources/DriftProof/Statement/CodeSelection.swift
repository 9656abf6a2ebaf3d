import Argument
import Commitment

/// The prover's choice of code for a tableau: small proofs at bounded cost. The verifier never calls this; it reads the
/// parameters from the manifest and checks ranges and security.
package enum CodeSelection {
  /// Proofs that one commitment serves: Q of docs/protocol.md section 3.
  package static let defaultProofs = 2
  static let grindingBits = 20
  /// Up to this many padded cells: blow-up 8, then 4, then 2; encoding and hashing grow with it.
  static let logCellsForBlowup8 = 26
  static let logCellsForBlowup4 = 30
  /// Work (rows of all trees times code length) may exceed the least possible by this factor.
  static let allowedWork = 1.5
  /// Rows of one proof's own trees that do not depend on the drift: masks and Libra rows.
  static let fixedRows = 12

  /// One candidate with its estimates.
  struct Estimate: Hashable, Sendable {
    let code: CodeParameters
    let proofBytes: Int
    /// Field elements of all codewords.
    let work: Int
  }

  /// - Parameters:
  ///   - tensors: the tableau, not empty, as in ``DerivedStatement/tensors``.
  ///   - proofs: Q ≥ 1.
  /// - Throws: `operational` when no length serves them.
  package static func choose(
    tensors: [TableauTensor], proofs: Int = defaultProofs
  ) throws(DriftProofError) -> CodeParameters {
    let cells = tensors.reduce(0) {
      $0 + 1 << StatementLimits.paddedLog(rows: $1.rows, columns: $1.columns)
    }
    let logBlowup = cells <= 1 << logCellsForBlowup8 ? 3 : cells <= 1 << logCellsForBlowup4 ? 2 : 1
    var estimates: [Estimate] = []
    for logLength in CodeParameters.logLengthRange {
      // Thousands of rows never win, and their layouts take time.
      guard cells >> logLength <= 1 << 14 || logLength == CodeParameters.logLengthRange.upperBound else { continue }
      if let estimate = estimate(tensors, cells: cells, logLength: logLength, logBlowup: logBlowup, proofs: proofs) {
        estimates.append(estimate)
      }
    }
    guard let least = estimates.map(\.work).min(),
      let best = estimates.filter({ Double($0.work) <= allowedWork * Double(least) })
        .min(by: { $0.proofBytes < $1.proofBytes })
    else { throw .operational("no code serves \(proofs) proofs of this tableau; ask for fewer") }
    return best.code
  }

  static func estimate(
    _ tensors: [TableauTensor], cells: Int, logLength: Int, logBlowup: Int, proofs: Int
  ) -> Estimate? {
    guard
      let queries = CodeParameters.queries(
        logLength: logLength, logBlowup: logBlowup, grindingBits: grindingBits, proofs: proofs),
      let code = try? CodeParameters(
        logLength: logLength, logBlowup: logBlowup, queries: queries, grindingBits: grindingBits,
        driftTail: proofs * queries)
    else { return nil }
    let rows = TableauPlan(tensors: tensors, logLength: logLength).rowCount
    // Digits: 132 projections of 16 cells for every 2^14 cells of the tableau.
    let digitRows = (cells >> 3) >> logLength + 1
    let trees = tensors.contains { !$0.clauses.isEmpty } ? 3 : 2
    let auxiliary = fixedRows + digitRows
    let logLeaves = logLength + logBlowup
    // Merkle paths share their top levels: about log2(t).
    let shared = 7
    var bytes = queries * (8 * (rows + auxiliary) + trees * 32 * (1 + max(0, logLeaves - shared)))
    // Folding layers: 8 values of K per leaf and a path each, then the final coefficients.
    var m = logLength
    while m > 9 {
      bytes += queries * (24 * 8 + 32 * max(0, m + logBlowup - 3 - shared))
      m -= 3
    }
    bytes += 24 << max(0, m)
    bytes += 24 * code.driftTail
    return Estimate(code: code, proofBytes: bytes, work: (rows + auxiliary) << logLeaves)
  }
}
