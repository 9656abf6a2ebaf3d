// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A part of a change that repeats itself block by block, where a rank would stand in a sum.
public enum BlockForm: Hashable, Sendable {
  /// At most `terms` Kronecker products A ⊗ B, B of `rows` × `columns`, the size of a block, and A with an entry for each block:
  /// every block of a product is a multiple of B. What merged LoKr adapters add. The tensor's matrix must consist of whole blocks.
  case kronecker(terms: Int, rows: Int, columns: Int)
  /// Square blocks of `size` rows, each circulant: every row of a block is the one above it, moved to the right by one, and around.
  /// What merged C3A adapters add. The tensor's matrix must consist of whole blocks.
  case circulant(size: Int)

  /// Terms that a sum may have.
  public static let termRange = 1...1024
  /// Rows and columns of a block: the powers of two among these.
  public static let sizeRange = 1...(1 << 16)
  /// Rows of a circulant block: the powers of two among these. Of one entry every matrix consists.
  public static let circulantRange = 2...(1 << 16)
}

extension BlockForm {
  /// Rows of one block.
  public var rows: Int { sizes.rows }
  /// Columns of one block.
  public var columns: Int { sizes.columns }

  private var sizes: (rows: Int, columns: Int) {
    switch self {
    case .kronecker(_, let rows, let columns): (rows, columns)
    case .circulant(let size): (size, size)
    }
  }

  /// Whether whole blocks fill a matrix.
  package func divides(rows: Int, columns: Int) -> Bool {
    rows.isMultiple(of: self.rows) && columns.isMultiple(of: self.columns)
  }

  /// How many Kronecker products every matrix of this size is a sum of; it must consist of whole blocks.
  package func fullTerms(rows: Int, columns: Int) -> Int {
    min((rows / self.rows) * (columns / self.columns), self.rows * self.columns)
  }
}

extension BlockForm {
  /// The largest circulant blocks up to `limit` rows that fill a matrix; nil where none does.
  package static func largestCirculant(rows: Int, columns: Int, limit: Int = circulantRange.upperBound) -> BlockForm? {
    guard rows > 0, columns > 0 else { return nil }
    var size = 1 << min(16, (rows | columns).trailingZeroBitCount)
    while size > limit { size /= 2 }
    return circulantRange.contains(size) ? .circulant(size: size) : nil
  }

  /// The two sizes whose product one dimension of a tensor is, outside and inside, as LoKr cuts it: `factor` outside if that divides
  /// it, otherwise the divisors next to the square root of which the outer is at most `factor`; -1 sets no limit.
  /// - Parameter dimension: at least 1.
  package static func factorisation(of dimension: Int, factor: Int = -1) -> (outer: Int, inner: Int) {
    if factor > 0, dimension.isMultiple(of: factor) { return (factor, dimension / factor) }
    let limit = factor == -1 ? dimension : factor
    // The sum of a divisor and its counterpart falls up to the square root.
    var best = 1
    var divisor = 2
    while divisor <= limit, divisor <= dimension / divisor {
      if dimension.isMultiple(of: divisor) { best = divisor }
      divisor += 1
    }
    return (best, dimension / best)
  }
}

extension ClauseForm {
  /// The part of a sum that repeats itself block by block; nil without one.
  public var blocks: BlockForm? { if case .sum(_, _, _, _, _, let blocks) = self { blocks } else { nil } }
}

extension Policy {
  /// The first rule with a sum of Kronecker products, counted from 0; nil without one.
  package var firstRuleWithBlocks: Int? {
    firstRule { if case .kronecker = $0 { true } else { false } }
  }

  /// The first rule with circulant blocks, counted from 0; nil without one.
  package var firstRuleWithCirculants: Int? {
    firstRule { if case .circulant = $0 { true } else { false } }
  }

  private func firstRule(_ matches: (BlockForm) -> Bool) -> Int? {
    rules.firstIndex { $0.allowance.forms?.contains { $0.blocks.map(matches) ?? false } ?? false }
  }
}

/// How a `kronecker` or a `circulant` is malformed.
public enum BlockProblem: Equatable, Sendable {
  /// A rank stands in the same object.
  case withRank
  /// `terms` is outside `BlockForm.termRange`.
  case termsOutOfRange(found: String)
  /// `inner` is no list of two numbers.
  case notTwoSizes(found: Int)
  /// A size that is no power of two in `BlockForm.sizeRange`.
  case sizeOutOfRange(found: String)
  /// A rank or a `kronecker` stands in the same object as a `circulant`.
  case circulantWithFactors
  /// `block` is no power of two in `BlockForm.circulantRange`.
  case circulantOutOfRange(found: String)

  var words: (problem: String, remedy: String) {
    switch self {
    case .withRank:
      (
        "rank and kronecker stand in one object", "keep one of them, or use a list of objects to require each"
      )
    case .termsOutOfRange(let found):
      (
        "\(displayed(found)) terms are out of range",
        "use \(BlockForm.termRange.lowerBound) to \(BlockForm.termRange.upperBound); a LoKr adapter has 1"
      )
    case .notTwoSizes(let found):
      (
        "inner has \(found) \(found == 1 ? "number" : "numbers")",
        "write the rows and the columns of the inner factor, as in [64, 64]"
      )
    case .sizeOutOfRange(let found):
      (
        "inner factors of \(displayed(found)) rows or columns are not supported",
        "use a power of two, \(BlockForm.sizeRange.lowerBound) to \(BlockForm.sizeRange.upperBound)"
      )
    case .circulantWithFactors:
      (
        "circulant stands in one object with rank or kronecker",
        "keep one of them, or use a list of objects to require each"
      )
    case .circulantOutOfRange(let found):
      (
        "circulant blocks of \(displayed(found)) rows are not supported",
        "use a power of two, \(BlockForm.circulantRange.lowerBound) to \(BlockForm.circulantRange.upperBound), such as the "
          + "block_size of a C3A adapter"
      )
    }
  }
}
