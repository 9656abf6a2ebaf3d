// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy

/// What a certificate says about one tensor of base or tuned model.
public struct ReportedTensor: Sendable, Equatable {
  /// Name as in the checkpoints.
  public let name: String
  /// As safetensors names it.
  public let dtype: String
  /// Sizes as in the file.
  public let shape: [Int]
  /// Entries.
  public let parameters: Int
  /// How it counts.
  public let tensorClass: TensorClass
  /// The deciding rule, counted from 0.
  public let rule: Int
  /// What it allows: in full with bounds as numbers, and in a few words.
  public let words: String
  /// What the rule allows, in a few words.
  public let shortWords: String
  /// The largest ‖Δ‖_F that the tensor's own rule admits; nil where it sets no limit.
  public let largestNorm: Double?
}

/// Tensors of one kind.
public struct CoverageShare: Sendable, Equatable {
  /// How many there are.
  public var tensors = 0
  /// Entries of all of them.
  public var parameters = 0

  /// Parameters stay at `Int.max` where sizes are made up.
  mutating func add(tensors more: Int, parameters moreParameters: Int) {
    tensors += more
    let (sum, overflow) = parameters.addingReportingOverflow(moreParameters)
    parameters = overflow ? .max : sum
  }
}

/// How a certificate covers all names of base and tuned model.
public struct ReportedCoverage: Sendable, Equatable {
  /// May change, and the change is proved to obey its clauses.
  public var proved = CoverageShare()
  /// Unchanged by definition of the tuned commitment.
  public var identical = CoverageShare()
  /// Outside the proof.
  public var excluded = CoverageShare()

  /// Sums over all tensors by class.
  public init(_ tensors: [ReportedTensor]) {
    for tensor in tensors {
      switch tensor.tensorClass {
      case .frozen: identical.add(tensors: 1, parameters: tensor.parameters)
      case .excluded: excluded.add(tensors: 1, parameters: tensor.parameters)
      case .norm, .rank, .kronecker, .circulant, .sparse, .entrywise, .pattern, .composed:
        proved.add(tensors: 1, parameters: tensor.parameters)
      }
    }
  }

  /// Everything together.
  public var all: CoverageShare {
    [proved, identical, excluded].reduce(into: CoverageShare()) { sum, share in
      sum.add(tensors: share.tensors, parameters: share.parameters)
    }
  }

  /// A share's part of all parameters, 0...1; 0 without any.
  public func fraction(_ share: CoverageShare) -> Double {
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

  /// The same of an identity, whose linked part says more of what rounding bounds do.
  package static func all(_ identity: BaseIdentity) -> [PolicyTensor] { identity.tensors.map { of($0, in: identity) } }

  /// One of them.
  package static func of(_ leaf: BaseIdentity.Leaf, in identity: BaseIdentity) -> PolicyTensor {
    var tensor = PolicyTensor(leaf)
    guard let linked = identity.linked, leaf.isEncodable else { return tensor }
    tensor.roundingObstacle = CoverageCheck.obstacle(leaf, linked: linked)?.description
    tensor.patternObstacle = CoverageCheck.patternObstacle(leaf, linked: linked)?.description
    if let own = linked.tensor(named: leaf.name), tensor.entryCount > 0 {
      tensor.shareBelowFloor = Double(own.entriesBelowFloor) / Double(tensor.entryCount)
    }
    return tensor
  }

  /// A tensor that only the tuned model has: there is nothing from which it could drift.
  init(added tensor: TunedTensor) {
    let (rows, columns) = Shape.matrix(tensor.shape)
    self.init(
      name: tensor.name, dtype: tensor.dtype.rawValue, shape: tensor.shape, rows: rows, columns: columns,
      isFloating: tensor.dtype.isFloating, norm: 0, maximum: 0)
  }
}
