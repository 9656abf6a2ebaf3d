import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy

/// What a certificate says about one tensor of base or tuned model.
package struct ReportedTensor: Sendable, Equatable {
  package let name: String
  package let dtype: String
  package let shape: [Int]
  /// Entries.
  package let parameters: Int
  package let tensorClass: TensorClass
  /// The deciding rule, counted from 0.
  package let rule: Int
  /// What it allows: in full with bounds as numbers, and in a few words.
  package let words: String
  package let shortWords: String
  /// The largest ‖Δ‖_F that the tensor's own rule admits; nil where it sets no limit.
  package let largestNorm: Double?
}

/// Tensors of one kind.
package struct CoverageShare: Sendable, Equatable {
  package var tensors = 0
  package var parameters = 0

  /// Parameters stay at `Int.max` where sizes are made up.
  mutating func add(tensors more: Int, parameters moreParameters: Int) {
    tensors += more
    let (sum, overflow) = parameters.addingReportingOverflow(moreParameters)
    parameters = overflow ? .max : sum
  }
}

/// How a certificate covers all names of base and tuned model.
package struct ReportedCoverage: Sendable, Equatable {
  /// May change, and the change is proved to obey its clauses.
  package var proved = CoverageShare()
  /// Unchanged by definition of the tuned commitment.
  package var identical = CoverageShare()
  /// Outside the proof.
  package var excluded = CoverageShare()

  package init(_ tensors: [ReportedTensor]) {
    for tensor in tensors {
      switch tensor.tensorClass {
      case .frozen: identical.add(tensors: 1, parameters: tensor.parameters)
      case .excluded: excluded.add(tensors: 1, parameters: tensor.parameters)
      case .norm, .rank, .sparse, .composed: proved.add(tensors: 1, parameters: tensor.parameters)
      }
    }
  }

  package var all: CoverageShare {
    [proved, identical, excluded].reduce(into: CoverageShare()) { sum, share in
      sum.add(tensors: share.tensors, parameters: share.parameters)
    }
  }

  /// A share's part of all parameters, 0...1; 0 without any.
  package func fraction(_ share: CoverageShare) -> Double {
    let all = all.parameters
    return all > 0 ? Double(share.parameters) / Double(all) : 0
  }
}

extension PolicyTensor {
  /// What policies need to know about a tensor of the base.
  package init(_ leaf: BaseIdentity.Leaf) {
    let (rows, columns) = leaf.matrixShape
    let unit = Double(sign: .plus, exponent: -leaf.statistics.fractionBits, significand: 1)
    self.init(
      name: leaf.name, dtype: leaf.dtype.rawValue, shape: leaf.shape, rows: rows, columns: columns,
      isFloating: leaf.isEncodable, norm: Double(leaf.statistics.sumOfSquares).squareRoot() * unit,
      maximum: Double(leaf.statistics.maxAbs) * unit)
    unencodableEntry = leaf.statistics.unencodableEntry
  }

  /// A tensor that only the tuned model has: there is nothing from which it could drift.
  init(added tensor: TunedTensor) {
    let (rows, columns) = Shape.matrix(tensor.shape)
    self.init(
      name: tensor.name, dtype: tensor.dtype.rawValue, shape: tensor.shape, rows: rows, columns: columns,
      isFloating: tensor.dtype.isFloating, norm: 0, maximum: 0)
  }
}
