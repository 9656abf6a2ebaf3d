// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofStatement

/// What an unmerged adapter adds to its base, in the figures from which a person writes a policy.
public struct AdapterInspection: Sendable {
  /// A tensor to which a product is added.
  public struct Product: Sendable {
    /// The base's name of it.
    public let tensor: String
    /// Rows of the base tensor's matrix.
    public let rows: Int
    /// Columns of the base tensor's matrix.
    public let columns: Int
    /// Of the adapter's matrices, as far as the tensor's size has it; of a Kronecker product the highest that its form has.
    public let rank: Int
    /// Rows and columns of W2 in a Kronecker product W1 ⊗ W2; nil for B·A.
    public let inner: (rows: Int, columns: Int)?
    /// What B·A or W1 ⊗ W2 is multiplied by: alpha/r or alpha/√r.
    public let factor: Double
    /// ‖W‖_F of the base's tensor, nil for a tensor with a weight that has no encoding, such as NaN; and ‖ΔW‖_F of the product.
    public let baseNorm: Double?
    /// ‖factor·B·A‖_F.
    public let norm: Double
    /// As a certificate can say it.
    package let changes: Set<TensorChange>

    /// ‖ΔW‖/‖W‖, as a policy's "relative"; nil for a tensor of zeros.
    public var relativeNorm: Double? { baseNorm.flatMap { $0 > 0 ? norm / $0 : nil } }
  }

  /// In name order.
  public let products: [Product]
  /// Tensors that the adapter holds as a whole, under the base's names, equal to the base's or not.
  public var replaced: [String] { wholes.map(\.name) }
  /// The same with what is known of them.
  package let wholes: [Whole]

  /// A tensor that the adapter holds as a whole, beside the base's.
  package struct Whole: Sendable {
    package let name: String
    package let finding: Finding
    /// The base's tensor of this name, where the two were not compared.
    package var base: TensorInfo?

    package enum Finding: Sendable {
      case compared(TensorInspection)
      /// The base has no such tensor, or one of another type or shape.
      case other(DataType, [Int])
    }

    /// Nil where nothing was compared.
    package var inspection: TensorInspection? {
      if case .compared(let inspection) = finding { inspection } else { nil }
    }
  }

  /// ‖Δ‖_F of all whole tensors that could be measured.
  public var wholeNorm: Double {
    wholes.compactMap { $0.inspection?.drift?.norm }.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// ‖·‖_F of all products together.
  public var norm: Double { products.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot() }

  /// Reads the adapter's matrices, and of the base the tensors that they change.
  /// - Throws: `coverageGap` for an adapter that does not fit the base, `operational`.
  package static func inspect(base: Checkpoint, adapter: Adapter) throws(DriftProofError) -> AdapterInspection {
    try DriftProofError.translating {
      let model = try AdapterModel(
        adapter, identity: BaseIdentity.outline(of: base), policy: Policy.parse(Array(everything.utf8)),
        comparesBytes: false)
      let products = try model.products.map { product in
        guard let tensor = base.tensor(named: product.tensor) else { throw CheckpointError.digestUnavailable }
        let statistics = try base.statistics(of: tensor)
        let unit = Double(sign: .plus, exponent: -statistics.fractionBits, significand: 1)
        return Product(
          tensor: product.tensor, rows: product.rows, columns: product.columns, rank: product.rank,
          inner: product.inner, factor: product.module.factor,
          baseNorm: statistics.unencodableEntry == nil ? Double(statistics.sumOfSquares).squareRoot() * unit : nil,
          norm: try ProductFactors.norm(product, of: adapter), changes: product.changes)
      }
      return AdapterInspection(products: products, wholes: try model.wholes.tensors.map { try whole($0, model, base) })
    }
  }

  private static func whole(_ own: TensorInfo, _ model: AdapterModel, _ base: Checkpoint) throws -> Whole {
    let isComparable = base.tensor(named: own.name).map { before in
      let floating = before.dtype.isFloating && own.dtype.isFloating
      return (before.dtype == own.dtype || floating)
        && (before.shape == own.shape || (floating && Shape.addedRows(base: before.shape, tuned: own.shape) != nil))
    }
    guard let before = base.tensor(named: own.name), isComparable == true else {
      return Whole(name: own.name, finding: .other(own.dtype, own.shape), base: base.tensor(named: own.name))
    }
    return Whole(
      name: own.name,
      finding: .compared(
        try TensorComparison(base: base, before: before, tuned: model.wholes, after: own).inspect()))
  }

  private static let everything = """
    {"driftPolicy": 1, "name": "everything", "securityBits": 128, "rules": [{"tensors": "*", "allow": "any"}]}
    """
}
