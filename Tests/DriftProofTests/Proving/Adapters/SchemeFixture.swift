// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofStatement
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Adapters of every naming scheme on a base of names and shapes, and the products computed here by each tool's own formula.
struct SchemeFixture {
  typealias Matrix = TestAdapter.Matrix

  let folder: TemporaryFolder
  var base: [(name: String, shape: [Int])] = []
  var adapter = TestAdapter()
  var random = SeededGenerator(seed: 77)
  private var count = 0

  init(_ base: [(name: String, shape: [Int])] = []) throws {
    folder = try TemporaryFolder()
    self.base = base
    // Values as float32 has them, so that the file holds what the test computes with.
    adapter.configBytes = ""
    adapter.weightsName = "lora.safetensors"
  }

  mutating func matrix(_ shape: [Int]) -> Matrix {
    var matrix = TestAdapter.random(shape, random: &random)
    matrix.values = matrix.values.map { Double(Float($0)) }
    return matrix
  }

  /// Adds a matrix to the adapter.
  @discardableResult mutating func add(_ key: String, _ shape: [Int]) -> Matrix {
    let matrix = matrix(shape)
    adapter.tensors[key] = matrix
    return matrix
  }

  mutating func add(_ key: String, alpha: Double) { adapter.tensors[key] = Matrix(shape: [], values: [alpha]) }

  mutating func model() throws -> AdapterModel {
    count += 1
    let path = try adapter.write("adapter\(count)", in: folder)
    return try model(Adapter.open(path))
  }

  func model(_ adapter: Adapter) throws -> AdapterModel { try Self.model(adapter, base: base) }

  /// On a base of which names and shapes are all that matters.
  static func model(_ adapter: Adapter, base: [(name: String, shape: [Int])]) throws -> AdapterModel {
    let leaves = base.sorted { TensorPair.precedes($0.name, $1.name) }.map {
      BaseIdentity.Leaf(
        name: $0.name, dtype: .f32, shape: $0.shape,
        statistics: TensorStatistics(
          fractionBits: 22, sumOfSquares: 1 << 50, maxAbs: 1 << 20, sha256: [UInt8](repeating: 0, count: 32)))
    }
    return try AdapterModel(
      adapter, identity: BaseIdentity(sorted: leaves), policy: testPolicy([("*", "\"any\"")]), comparesBytes: false)
  }

  /// The certified products by tensor, row-major, as the base keeps them.
  mutating func products() throws -> [String: [Double]] {
    let model = try model()
    var found: [String: [Double]] = [:]
    for product in model.products {
      let factors = try ProductFactors(product, of: model.adapter, leftBits: 22, rightBits: 22)
      let unit = 0x1p-44
      var values: [Double] = []
      for i in 0..<product.rows {
        for j in 0..<product.columns {
          values.append(
            unit * Double((0..<product.rank).reduce(0) { $0 + factors.left.entry(i, $1) * factors.right.entry($1, j) }))
        }
      }
      found[product.tensor] = values
    }
    return found
  }

  /// Exactly these products, to what their rounding leaves.
  mutating func expect(_ expected: [String: [Double]], line: Int = #line) throws {
    let found = try products()
    #expect(found.keys.sorted() == expected.keys.sorted(), "line \(line)")
    for (name, values) in expected {
      let own = found[name] ?? []
      #expect(own.count == values.count, "line \(line): \(name)")
      let worst = zip(own, values).map { abs($0 - $1) }.max() ?? 1
      let size = values.map(abs).max() ?? 0
      #expect(size > 1e-4 && worst < 1e-5, "line \(line): \(name) is off by \(worst) of \(size)")
    }
  }

  /// The refusal of an adapter, by its case.
  mutating func refusal() -> AdapterError? {
    count += 1
    do {
      let path = try adapter.write("adapter\(count)", in: folder)
      let own = try Adapter(path, leavingOut: [], reading: NameReading(without: []))
      _ = try model(own)
      return nil
    } catch {
      return error as? AdapterError
    }
  }

  // MARK: Arithmetic

  /// factor·left·right, of m × r and r × n matrices.
  static func product(_ factor: Double, _ left: Matrix, _ right: Matrix) -> [Double] {
    let r = left.shape[1]
    let (m, n) = (left.values.count / r, right.values.count / r)
    var values = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        values[i * n + j] = factor * (0..<r).reduce(0) { $0 + left.values[i * r + $1] * right.values[$1 * n + j] }
      }
    }
    return values
  }

  static func transposed(_ values: [Double], rows: Int) -> [Double] {
    let columns = values.count / rows
    return (0..<values.count).map { values[($0 % rows) * columns + $0 / rows] }
  }
}
