// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofDrift
@testable import DriftProofAdapter
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

/// The canonical factors of a product: orthonormal, exact, nearly so after rounding, and the same on every machine.
@Suite struct FactorisationTests {
  private var random = SeededGenerator(seed: 21)

  private mutating func matrix(_ rows: Int, _ columns: Int) -> [Double] {
    (0..<rows * columns).map { _ in Double(random.signed()) }
  }

  private func gram(_ basis: OrthonormalRows) -> Double {
    var worst = 0.0
    for j in 0..<basis.rank {
      for k in 0..<basis.rank {
        let row = Array(basis.rows[k * basis.columns..<(k + 1) * basis.columns])
        let product = OrthonormalRows.product(basis.rows, j * basis.columns, row)
        worst = max(worst, abs(product - (j == k ? 1 : 0)))
      }
    }
    return worst
  }

  private func rebuilt(_ basis: OrthonormalRows, sourceRows: Int) -> [Double] {
    var result: [Double] = []
    for i in 0..<sourceRows {
      for x in 0..<basis.columns {
        result.append(
          (0..<basis.rank).reduce(0) {
            $0 + basis.coefficients[i * basis.rank + $1] * basis.rows[$1 * basis.columns + x]
          })
      }
    }
    return result
  }

  private func expectFactors(_ values: [Double], _ rows: Int, _ columns: Int, scale: Double, line: Int = #line) {
    let basis = OrthonormalRows(values, sourceRows: rows, columns: columns)
    #expect(basis.rank == min(rows, columns) && basis.rows.count == basis.rank * columns, "line \(line)")
    #expect(gram(basis) < 1e-14 * Double(columns), "line \(line): \(gram(basis))")
    for (found, expected) in zip(rebuilt(basis, sourceRows: rows), values) {
      #expect(abs(found - expected) <= 0x1p-44 * scale * Double(columns).squareRoot(), "line \(line)")
    }
  }

  @Test mutating func orthonormalRows() {
    expectFactors(matrix(8, 100), 8, 100, scale: 1)
    expectFactors(matrix(1, 1), 1, 1, scale: 1)
    expectFactors(matrix(7, 3), 7, 3, scale: 1)
    expectFactors(matrix(16, 16), 16, 16, scale: 1)
    // Dependent and nearly dependent rows, zero rows, all zero.
    var values = matrix(4, 50)
    for x in 0..<50 { values[150 + x] = values[x] - 3 * values[50 + x] }
    expectFactors(values, 4, 50, scale: 4)
    for x in 0..<50 { values[150 + x] = values[x] * (1 + (x == 7 ? 1e-9 : 0)) }
    expectFactors(values, 4, 50, scale: 1)
    for x in 0..<50 { values[50 + x] = 0 }
    expectFactors(values, 4, 50, scale: 1)
    expectFactors([Double](repeating: 0, count: 60), 6, 10, scale: 1)
    expectFactors([Double](repeating: 0, count: 100), 10, 10, scale: 1)
    // Sizes at both ends of the doubles.
    expectFactors(matrix(3, 20).map { $0 * 0x1p1000 }, 3, 20, scale: 0x1p1000)
    expectFactors(matrix(3, 20).map { $0 * 0x1p-1000 }, 3, 20, scale: 0x1p-1000)
  }

  /// The bound that ``BalancedRounding`` states, on rows whose nearest rounding breaks it.
  @Test mutating func balancedRounding() {
    for (rank, columns, isFlat) in [(4, 4096, true), (8, 300, false), (16, 64, false), (1, 5, false)] {
      var values = matrix(rank, columns)
      if isFlat {
        for x in 0..<columns { values[x] = 1 + 1e-3 }
      }
      let basis = OrthonormalRows(values, sourceRows: rank, columns: columns)
      let bits = ProductPrecision.rightBits(rank: rank, columns: columns)
      let rounded = BalancedRounding.round(basis.rows, rank: rank, columns: columns, fractionBits: bits)
      let unit = Double(sign: .plus, exponent: bits, significand: 1)
      for (found, exact) in zip(rounded, basis.rows) { #expect(abs(Double(found) - exact * unit) < 1) }
      for k in 0..<rank {
        var length = 0.0
        for j in 0..<rank {
          var sum = 0.0
          for x in 0..<columns {
            sum += basis.rows[j * columns + x] * (Double(rounded[k * columns + x]) - basis.rows[k * columns + x] * unit)
          }
          length += sum * sum
        }
        #expect(length <= Double(rank) / 4 * 1.001)
      }
      var worst = 0
      for j in 0..<rank {
        for k in 0..<rank {
          let product = (0..<columns).reduce(0) {
            $0 + Int(rounded[j * columns + $1]) * Int(rounded[k * columns + $1])
          }
          worst = max(worst, abs(product - (j == k ? 1 << (2 * bits) : 0)))
        }
      }
      #expect(worst < 1 << 29 && Double(worst) <= unit * Double(rank).squareRoot() + Double(columns) + 0x1p20)
    }
    // A nearest rounding of equal entries errs in one direction: 2·2^24·0.3·64 is beyond 2^29.
    let flat = OrthonormalRows([Double](repeating: 1, count: 5000), sourceRows: 1, columns: 5000).rows
    let nearest = flat.map { Int(($0 * 0x1p24).rounded()) }
    #expect(abs(nearest.reduce(0) { $0 + $1 * $1 } - 1 << 48) > 1 << 29)
  }

  /// f_A for every number of columns: a chunk full of such rows stays provable, and the Gram matrix in range.
  @Test func units() {
    for rank in [1, 2, 8, 256, 257, 1024] {
      for columns in (0...27).flatMap({ [1 << $0, (1 << $0) + 1] }) where columns <= 1 << 27 {
        // The revised rules speak of ranks that products have: at most their columns.
        for rules in StatementRules.allCases where rules == .original || rank <= columns {
          let bits = ProductPrecision.rightBits(rank: rank, columns: columns, rules: rules)
          #expect((18...24).contains(bits))
          // RightBitsTests compares the revised rules with the layout.
          let rows = max(1, (1 << 14) / (1 << StatementLimits.log2(columns)))
          #expect(rules != .original || rows << (2 * bits) <= 1 << 51)
          #expect(Double(1 << bits) * Double(rank).squareRoot() + Double(columns) + 0x1p20 < 0x1p29)
          let shrinkage = OrthonormalShrinkage(rank: rank, fractionBits: bits)
          #expect(UInt64(shrinkage.divisor) << 29 == 1 << UInt64(2 * bits) + UInt64(rank) << 29)
          #expect(shrinkage.log + 29 == 2 * bits)
        }
      }
    }
    let few = OrthonormalShrinkage(rank: 2, fractionBits: 20)
    let many = OrthonormalShrinkage(rank: 9, fractionBits: 20)
    let coarse = OrthonormalShrinkage(rank: 2, fractionBits: 18)
    #expect([few, many, coarse].min() == coarse && [few, many].min() == many)
  }

  /// Largest difference of an entry of 2^-(f_B + f_A)·B̂·Â from factor·B·A, over the bound of the report.
  private func excess(_ product: AdapterModel.Product, of adapter: Adapter, leftBits: Int, rightBits: Int) throws
    -> Double
  {
    let factors = try ProductFactors(product, of: adapter, leftBits: leftBits, rightBits: rightBits)
    let (left, right) = (factors.left, factors.right)
    let a = try adapter.checkpoint.doubles(of: product.module.matrices.all[0])
    let b = try adapter.checkpoint.doubles(of: product.module.matrices.all[1])
    let (r, rows, columns) = (product.module.rank, product.rows, product.columns)
    let unit = Double(sign: .plus, exponent: -leftBits - rightBits, significand: 1)
    let bound = ProductPrecision.error(rank: product.rank, leftBits: leftBits, rightBits: rightBits)
    var worst = 0.0
    for i in 0..<rows {
      var exact: [Double] = []
      for j in 0..<columns {
        exact.append(
          product.module.factor
            * (0..<r).reduce(0.0) {
              $0 + (product.isTransposed ? b[j * r + $1] * a[$1 * rows + i] : b[i * r + $1] * a[$1 * columns + j])
            })
      }
      let length = exact.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for j in 0..<columns {
        let found = (0..<product.rank).reduce(Int64(0)) { $0 + left.entry(i, $1) * right.entry($1, j) }
        let allowed = bound.relative * length + bound.absolute
        worst = max(worst, abs(Double(found) * unit - exact[j]) / allowed)
      }
    }
    return worst
  }

  private func model(_ adapter: Adapter, base: [(name: String, shape: [Int])]) throws -> AdapterModel {
    try SchemeFixture.model(adapter, base: base)
  }

  /// The report's bound holds for every kind of layer and odd factors.
  @Test mutating func productsOfEveryLayer() throws {
    let folder = try TemporaryFolder()
    var adapter = TestAdapter()
    adapter.config["fan_in_fan_out"] = "true"
    adapter.config["rank_pattern"] = "{\"tall\": 9}"
    adapter.add("q", shape: [40, 48], random: &random)
    adapter.add("conv", shape: [12, 6, 3, 3], random: &random)
    adapter.add("tall", shape: [3, 50], rank: 9, random: &random)
    adapter.tensors["base_model.model.embed.lora_embedding_A"] = TestAdapter.random([4, 50], random: &random)
    adapter.tensors["base_model.model.embed.lora_embedding_B"] = TestAdapter.random([16, 4], random: &random)
    let base = [
      ("conv.weight", [12, 6, 3, 3]), ("embed.weight", [50, 16]), ("q.weight", [48, 40]), ("tall.weight", [50, 3]),
    ]
    let opened = try adapter.open("adapter", in: folder)
    for product in try model(opened, base: base).products {
      let excess = try excess(
        product, of: opened, leftBits: 20,
        rightBits: ProductPrecision.rightBits(rank: product.rank, columns: product.columns))
      #expect(excess <= 1 && excess > 0, "\(product.tensor): \(excess)")
      // A bound that nothing approaches would say nothing.
      #expect(excess > 0.02, "\(product.tensor): \(excess)")
    }
  }

  /// One product, many factorisations: the integers hardly know which.
  @Test mutating func gaugeLeavesNoTrace() throws {
    let folder = try TemporaryFolder()
    var adapter = TestAdapter()
    adapter.add("q", shape: [30, 40], random: &random)
    var other = adapter
    // B·A = (B·2^k)·(2^-k·A), and rows of A in another order.
    let (a, b) = ("base_model.model.q.lora_A.weight", "base_model.model.q.lora_B.weight")
    other.scale(a, by: 1.0 / 1024)
    other.scale(b, by: 1024)
    func factors(_ adapter: TestAdapter, _ name: String) throws -> ProductFactors {
      let opened = try adapter.open(name, in: folder)
      let product = try #require(try model(opened, base: [("q.weight", [30, 40])]).products.first)
      return try ProductFactors(product, of: opened, leftBits: 22, rightBits: 22)
    }
    let first = try factors(adapter, "first")
    #expect(try factors(other, "second") == first)
    #expect(first.left.measure.reach > 1 << 12 && first.left.wide.isEmpty)
  }

  @Test mutating func numbersThatDoNotFit() throws {
    let folder = try TemporaryFolder()
    func refusal(_ scale: Double, leftBits: Int) throws -> any Error {
      var adapter = TestAdapter()
      var random = SeededGenerator(seed: 3)
      adapter.add("q", shape: [8, 8], random: &random)
      for key in Array(adapter.tensors.keys) {
        adapter.tensors[key]?.dtype = .f64
        adapter.scale(key, by: scale)
      }
      let opened = try adapter.open("adapter", in: folder)
      let product = try #require(try model(opened, base: [("q.weight", [8, 8])]).products.first)
      do {
        let factors = try ProductFactors(product, of: opened, leftBits: leftBits, rightBits: 18)
        return Fits(wide: factors.left.wide.count, reach: factors.left.measure.reach)
      } catch {
        return error
      }
    }
    #expect(try refusal(1e200, leftBits: 20) as? AdapterError == .overflow(tensor: "q.weight"))
    #expect(try refusal(1e10, leftBits: 20) as? AdapterError == .tooLarge(tensor: "q.weight", fractionBits: 20))
    // Beyond 32 bits, but not beyond 2^40.
    let wide = try #require(try refusal(1e3, leftBits: 24) as? Fits)
    #expect(wide.wide > 0 && wide.reach > 1 << 31)
    #expect(try refusal(.infinity, leftBits: 20) is CheckpointError)
  }

  private struct Fits: Error {
    let wide: Int
    let reach: UInt64
  }

  /// The integers of the repository's adapter: another machine, compiler or order of sums that gives others would make
  /// `check` fail on honest adapters.
  @Test func pinnedIntegers() throws {
    let adapter = try Adapter.open(TestAdapter.shipped)
    let base = (0..<6).map { ("fc.\($0).weight", [$0 == 5 ? 20 : 512, $0 == 0 ? 256 : 512]) }
    var bytes: [UInt8] = []
    for product in try model(adapter, base: base).products {
      let factors = try ProductFactors(
        product, of: adapter, leftBits: 22,
        rightBits: ProductPrecision.rightBits(rank: product.rank, columns: product.columns))
      for matrix in [factors.left, factors.right] {
        for value in matrix.narrow { bytes.append(littleEndian: value) }
      }
    }
    #expect(SHA256.hash(bytes).hexadecimal == "df44934447afec2d221056a6b1b0633e15016c49dc3e8f8667b7277d3f750c8d")
  }
}
