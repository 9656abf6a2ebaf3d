// SPDX-License-Identifier: Apache-2.0

/// Sparse parts beside a sum of Kronecker products: of low rank in one order of the entries, sparse in another.
extension Sparse {
  /// A support and what Kronecker products are to be fitted to.
  package struct BlockDecomposition: Sendable {
    /// As ``Decomposition/support``, of the matrix itself.
    package let support: [Int]
    /// The drift in block order, its support replaced by the nearest integers of the products.
    package let target: IntegerMatrix
  }

  /// Fits that are made from one beginning at most.
  private static let blockIterations = 12

  /// As ``decompose(_:rank:form:)``, of a drift that is of low rank in block order.
  /// - Parameter drift: the matrix itself.
  package static func decompose(
    _ drift: IntegerMatrix, order: BlockOrder, terms: Int, form: Form
  ) throws(LinearAlgebraError) -> BlockDecomposition {
    let ordered = order.ordered(drift)
    if case .entries = form {
      let parts = try decompose(ordered, rank: terms, form: form)
      return BlockDecomposition(support: parts.support.map(order.index).sorted(), target: parts.cleaned(ordered))
    }
    let lines = Lines(ordered: ordered, order: order, form: form)
    // The lines of the raw drift are right for large outliers, those of what a fit leaves for small ones.
    let raw = lines.choose(TruncatedSVD(empty: ordered.rows, ordered.columns))
    let fitted = lines.choose(try LowRank.decompose(ordered, rank: terms))
    let (one, other) = (try lines.refined(raw, terms: terms), try lines.refined(fitted, terms: terms))
    let best = other.rest < one.rest ? other : one
    return BlockDecomposition(support: best.support, target: lines.replaced(best))
  }

  /// Rows or columns of the matrix as a support, while the entries lie in block order.
  private struct Lines {
    struct Choice {
      let support: [Int]
      let rest: Double
      let left: Matrix
      let right: Matrix
    }

    let ordered: IntegerMatrix
    let order: BlockOrder
    let form: Form

    private var count: Int {
      switch form {
      case .entries(let count), .rows(let count), .columns(let count): count
      }
    }

    private var isOfRows: Bool { if case .rows = form { true } else { false } }
    private var number: Int { isOfRows ? order.rows : order.columns }

    private func line(_ block: Int, _ inner: Int) -> Int {
      isOfRows ? order.row(block: block, inner: inner) : order.column(block: block, inner: inner)
    }

    /// The lines of the largest energy beside a fit.
    func choose(_ spectrum: TruncatedSVD) -> Choice {
      let (left, right) = spectrum.balanced(rank: spectrum.sigma.count)
      var energies = [Double](repeating: 0, count: number)
      LowRank.forEachResidualBlock(ordered, left: left, right: right) { range, values in
        for block in range {
          let first = (block - range.lowerBound) * order.entries
          for inner in 0..<order.entries {
            energies[line(block, inner)] += values[first + inner] * values[first + inner]
          }
        }
      }
      let peak = Double(ordered.maximumMagnitude)
      // Below the rounding of doubles.
      let floor = left.columns == 0 ? 0 : 1e-24 * peak * peak * Double(ordered.count / max(1, number))
      let (support, rest) = Sparse.largest(energies.map { $0 > floor ? $0 : 0 }, count)
      return Choice(support: support, rest: rest, left: left, right: right)
    }

    /// The best of some fits, each to the drift whose support is what the one before says.
    func refined(_ start: Choice, terms: Int) throws(LinearAlgebraError) -> Choice {
      var best = start
      for _ in 0..<Sparse.blockIterations where best.rest > 0 || best.left.columns == 0 {
        let next = choose(try LowRank.decompose(replaced(best), rank: terms))
        let stalled = best.left.columns > 0 && next.rest > 0.999 * best.rest
        if best.left.columns == 0 || next.rest < best.rest { best = next }
        if stalled { break }
      }
      return best
    }

    /// The drift with the support replaced by the fit, in integers; those of 32 bits stay so.
    func replaced(_ choice: Choice) -> IntegerMatrix {
      var isCovered = [Bool](repeating: false, count: number)
      for line in choice.support { isCovered[line] = true }
      func replace<T: FixedWidthInteger>(_ values: inout [T]) {
        for block in 0..<order.count {
          for inner in 0..<order.entries where isCovered[line(block, inner)] {
            var value = 0.0
            for k in 0..<choice.left.columns { value += choice.left[block, k] * choice.right[inner, k] }
            values[block * order.entries + inner] = T(clamping: Int64(value.rounded()))
          }
        }
      }
      switch ordered.storage {
      case .narrow(var values):
        replace(&values)
        return IntegerMatrix(unchecked: .narrow(values), rows: ordered.rows, columns: ordered.columns)
      case .wide(var values):
        replace(&values)
        return IntegerMatrix(unchecked: .wide(values), rows: ordered.rows, columns: ordered.columns)
      }
    }
  }
}
