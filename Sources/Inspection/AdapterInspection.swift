import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation

/// What an unmerged adapter adds to its base, in the figures from which a person writes a policy.
public struct AdapterInspection: Sendable {
  /// A tensor to which a product is added.
  public struct Product: Sendable {
    /// The base's name of it.
    public let tensor: String
    public let rows: Int
    public let columns: Int
    /// Of the adapter's matrices, as far as the tensor's size has it.
    public let rank: Int
    /// What B·A is multiplied by: alpha/r or alpha/√r.
    public let factor: Double
    /// ‖W‖_F of the base's tensor and ‖ΔW‖_F of the product.
    public let baseNorm: Double
    public let norm: Double

    /// ‖ΔW‖/‖W‖, as a policy's "relative"; nil for a tensor of zeros.
    public var relativeNorm: Double? { baseNorm > 0 ? norm / baseNorm : nil }
  }

  /// In name order.
  public let products: [Product]
  /// Tensors that the adapter holds as a whole, under the base's names, equal to the base's or not.
  public let replaced: [String]

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
          factor: product.module.factor, baseNorm: Double(statistics.sumOfSquares).squareRoot() * unit,
          norm: try ProductFactors.norm(product, of: adapter))
      }
      return AdapterInspection(products: products, replaced: model.wholes.tensors.map(\.name))
    }
  }

  private static let everything = """
    {"driftPolicy": 1, "name": "everything", "securityBits": 128, "rules": [{"tensors": "*", "allow": "any"}]}
    """
}

extension Adapter {
  /// Whether a path is a folder with an adapter's configuration and without a model's weights, except for what is left out.
  package static func isAdapter(_ path: String, leavingOut: [FilePattern] = []) -> Bool {
    func has(_ name: String) -> Bool {
      !leavingOut.contains { $0.matches(name) }
        && FileManager.default.fileExists(atPath: (path.hasSuffix("/") ? path : path + "/") + name)
    }
    return has(AdapterConfig.fileName) && !has(Checkpoint.singleFileName) && !has(Checkpoint.indexFileName)
  }
}
