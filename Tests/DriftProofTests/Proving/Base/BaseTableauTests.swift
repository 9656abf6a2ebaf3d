// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
@testable import DriftProofProving
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// The linked part of an identity, against the same numbers computed entry by entry.
@Suite struct BaseTableauTests {
  private let folder: TemporaryFolder
  private var random = SeededGenerator(seed: 77)

  init() throws { folder = try TemporaryFolder() }

  /// Tensors of three name shapes, of sizes that are no powers of two, one of zeros, one in F32.
  private mutating func model() -> TestModel {
    var model = TestModel()
    for layer in 0..<3 {
      model.tensors["layers.\(layer).q.weight"] = TestTensor([300, 517], isHalf: true, random: &random)
      model.tensors["layers.\(layer).q.bias"] = TestTensor([300], isHalf: true, random: &random)
    }
    model.tensors["norm.weight"] = TestTensor([1, 70], isHalf: true, random: &random)
    model.tensors["zero.weight"] = TestTensor([9, 5], isHalf: true, random: &random)
    model.tensors["zero.weight"]?.values = .init(repeating: 0, count: 45)
    model.tensors["single.weight"] = TestTensor([8, 8], random: &random)
    // One row is a thousand times as heavy as the others.
    for column in 0..<517 { model.tensors["layers.1.q.weight"]?.values[40 * 517 + column] *= 1024 }
    model.counter = ("steps", 3)
    return model
  }

  private func link(_ model: TestModel, _ name: String = "base", cache: String? = nil) throws -> BaseIdentity {
    let base = try model.write(name, in: folder)
    return try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base, cache: cache)
  }

  @Test mutating func numbersAreThoseOfTheWeights() throws {
    let model = model()
    let identity = try link(model)
    let linked = try #require(identity.linked)
    #expect(linked.tensors.map(\.name) == model.tensors.keys.filter { $0 != "single.weight" }.sorted())
    for tensor in linked.tensors {
      let leaf = try #require(identity.tensor(named: tensor.name))
      let values = try #require(model.tensors[tensor.name]?.values).map(Double.init)
      let below = values.count { abs(($0 * exp2(Double(tensor.fractionBits))).rounded(.toNearestOrEven)) < 16384 }
      #expect(tensor.entriesBelowFloor == below)
      guard tensor.name != "zero.weight" else {
        #expect(tensor.heaviestChunk == 0 && tensor.fractionBits == leaf.statistics.fractionBits)
        continue
      }
      // σ of the heaviest chunk, in the tensor's own units.
      let (rows, columns) = leaf.matrixShape
      let chunk = BaseTableauLayout.chunkEntries(rows: rows, columns: columns)
      let scale = exp2(Double(tensor.fractionBits - leaf.statistics.fractionBits))
      let deviation = (Double(tensor.heaviestChunk) / Double(chunk)).squareRoot() * scale
      #expect((Double(1 << 17)..<Double(1 << 18)).contains(deviation))
    }
    // The heavy row makes the units of its tensor coarse, and puts most of the others below the floor.
    let (heavy, light) = (linked.tensor(named: "layers.1.q.weight"), linked.tensor(named: "layers.0.q.weight"))
    #expect(try #require(heavy).fractionBits < #require(light).fractionBits - 4)
    #expect(try #require(heavy).entriesBelowFloor > 150_000)
    try LinkedBaseCheck.check(identity)
  }

  /// The chunks of a tensor that is one tile wide are its rows, as many as there are in 2^14 positions.
  @Test mutating func heaviestChunkIsTheLargestSum() throws {
    let model = model()
    let identity = try link(model)
    let linked = try #require(identity.linked)
    let layout = BaseTableauLayout(identity, logLength: linked.logLength)
    for tree in layout.trees {
      let plan = TableauPlan(tensors: tree.tensors, logLength: linked.logLength)
      var heaviest = [Int](repeating: 0, count: tree.tensors.count)
      for row in 0..<plan.rowCount {
        for region in plan.regions(ofRow: row) {
          let tensor = tree.tensors[region.tensor]
          let bits = identity.tensor(named: tensor.name)?.statistics.fractionBits ?? 0
          let values = model.tensors[tensor.name]?.values ?? []
          var sum = 0
          for (place, _) in region.positions.enumerated() {
            if place % Limits.chunk == 0 { sum = 0 }
            let (i, j) = (region.firstRow + place / region.width, region.firstColumn + place % region.width)
            guard i < tensor.rows, j < tensor.columns else { continue }
            let q = Int((Double(values[i * tensor.columns + j]) * exp2(Double(bits))).rounded(.toNearestOrEven))
            sum += q * q
            heaviest[region.tensor] = max(heaviest[region.tensor], sum)
          }
        }
      }
      for (tensor, sum) in zip(tree.tensors, heaviest) {
        #expect(linked.tensor(named: tensor.name)?.heaviestChunk == UInt128(sum))
      }
    }
  }

  /// From a script in another language that shares no code: field, code, leaves, tree, digests.
  @Test func matchesTheIndependentScript() throws {
    var model = TestModel()
    var generator = SeededGenerator(seed: 1)
    model.tensors["a.weight"] = TestTensor([5, 7], isHalf: true, random: &generator)
    model.tensors["b.bias"] = TestTensor([3], isHalf: true, random: &generator)
    model.tensors["a.weight"]?.values = (0..<35).map { Float($0 * $0 - 300) / 256 }
    model.tensors["b.bias"]?.values = [0.5, -0.25, 1]
    let identity = try link(model)
    #expect(identity.linked?.trees.first?.root.hexadecimal == Self.knownRoot)
    #expect(identity.linkedRoot?.hexadecimal == Self.knownLinkedRoot)
  }
  private static let knownRoot = "d4d6325651be67b1da221f21ebc2c2f1fdfbc61c621ef7622d599521a93cc346"
  private static let knownLinkedRoot = "855b86a4cac881996380692695aab1d41c93cacbfd9fd1d63d2f2f7fa05c7479"

  @Test mutating func doesNotDependOnShardsAndSurvivesTheFile() throws {
    let model = model()
    let identity = try link(model)
    #expect(try link(model, "again") == identity)
    let bytes = identity.jsonBytes()
    let parsed = try BaseIdentity.parse(bytes)
    #expect(parsed == identity && parsed.jsonBytes() == bytes && parsed.root == identity.root)
    #expect(String(decoding: bytes.prefix(20), as: UTF8.self) == "{\"driftIdentity\": 3,")
    // A weight changes its tree and the linked root, and no other tree.
    var other = model
    other.tensors["layers.0.q.weight"]?.values[5] += 1
    let changed = try link(other, "changed")
    #expect(changed.linkedRoot != identity.linkedRoot)
    #expect(changed.linked?.trees[0].root != identity.linked?.trees[0].root)
    #expect(changed.linked?.trees[1].root == identity.linked?.trees[1].root)
  }

  @Test mutating func leavesAreKept() throws {
    let model = model()
    let base = try model.write("base", in: folder)
    let identity = try BaseIdentity.compute(checkpoint: base)
    let cache = folder.file("cache")
    let linked = try #require(try BaseTableau.link(identity, base: base, cache: cache).linked)
    #expect(try BaseTableau.link(identity, base: base).linked == linked)
    let archive = try BaseCache(path: cache, identity: identity, layoutDigest: linked.layoutDigest)
    for index in linked.trees.indices {
      var digest: [UInt8] = []
      #expect(
        try archive.read(
          "leaves of \(BaseTableauLayout.label(index))", byteCount: 32 << (linked.logLength + linked.logBlowup)
        ) {
          digest += $0.prefix(1)
        })
    }
    // Kept for another base they are of no use.
    let other = try BaseCache(path: folder.file("none"), identity: identity, layoutDigest: linked.layoutDigest)
    #expect(try !other.read("leaves of base/0", byteCount: nil) { _ in })
  }

  @Test func unitsFollowTheHeaviestChunk() {
    func units(_ chunk: UInt128, _ type: DataType = .bf16, g: Int = 20, n: Int = 1 << 14) -> Int {
      LinkedBase.units(type, fractionBits: g, heaviestChunk: chunk, chunkEntries: n).fractionBits
    }
    // σ = 2^17, one less, and one bit more.
    #expect(units(1 << 48) == 20 && units(1 << 48 - 1) == 21 && units(1 << 50 - 1) == 20 && units(1 << 50) == 19)
    #expect(units(16 << 14) == 35 && units(16 << 14 - 1) == 20)
    #expect(units(16 * 64, g: 24, n: 64) == 39 && LinkedBase.fractionBitsRange.upperBound == 39)
    #expect(units(16 * 64, .f16, g: 24, n: 64) == 28)
    #expect(!LinkedBase.units(.bf16, fractionBits: 3, heaviestChunk: 0, chunkEntries: 64).isLinkable)
  }

  /// Every relation that a forged file could break has its own error.
  @Test mutating func forgedPartsAreRefused() throws {
    let identity = try link(model())
    let linked = try #require(identity.linked)
    func with(
      trees: [LinkedBase.Tree]? = nil, tensors: [LinkedBase.Tensor]? = nil, digest: [UInt8]? = nil
    ) -> BaseIdentity {
      identity.linking(
        LinkedBase(
          logLength: linked.logLength, logBlowup: linked.logBlowup, trees: trees ?? linked.trees,
          tensors: tensors ?? linked.tensors, layoutDigest: digest ?? linked.layoutDigest))
    }
    func changed(_ index: Int, chunk: UInt128? = nil, below: Int? = nil, bits: Int? = nil) -> BaseIdentity {
      var tensors = linked.tensors
      let old = tensors[index]
      tensors[index] = .init(
        name: old.name, heaviestChunk: chunk ?? old.heaviestChunk,
        entriesBelowFloor: below ?? old.entriesBelowFloor, fractionBits: bits ?? old.fractionBits)
      return with(tensors: tensors)
    }
    let leaf = try #require(identity.tensor(named: linked.tensors[0].name)).statistics
    // What leaves alone forbid is refused by the file's reader.
    for forged in [
      changed(0, chunk: leaf.sumOfSquares + 1),
      changed(0, chunk: UInt128(leaf.maxAbs) * UInt128(leaf.maxAbs) - 1), changed(0, below: 301),
      with(tensors: linked.tensors.dropLast()), with(tensors: linked.tensors.reversed()),
    ] {
      #expect {
        try BaseIdentity.parse(forged.jsonBytes())
      } throws: { error in
        guard case .identityValue? = error as? CheckpointError else { return false }
        return true
      }
    }
    // What needs the layout, by the check.
    let weight = try #require(linked.tensors.firstIndex { $0.name == "layers.0.q.weight" })
    let tensor = linked.tensors[weight]
    #expect(throws: LinkedBaseError.fractionBits(tensor: tensor.name, found: 5, expected: tensor.fractionBits)) {
      try LinkedBaseCheck.check(changed(weight, bits: 5))
    }
    let whole = try #require(identity.tensor(named: tensor.name)).statistics
    let average = whole.sumOfSquares / 11
    #expect(throws: LinkedBaseError.self) { try LinkedBaseCheck.check(changed(weight, chunk: average / 8)) }
    #expect(throws: LinkedBaseError.layoutDigest) {
      try LinkedBaseCheck.check(with(digest: [UInt8](repeating: 1, count: 32)))
    }
    let rows = linked.trees.map { LinkedBase.Tree(rows: $0.rows + 1, root: $0.root) }
    #expect(throws: LinkedBaseError.trees(found: rows.map(\.rows), expected: linked.trees.map(\.rows))) {
      try LinkedBaseCheck.check(with(trees: rows))
    }
    #expect(throws: LinkedBaseError.self) { try LinkedBaseCheck.check(with(trees: linked.trees.dropLast())) }
    // A root of somebody else's is another linked root.
    var text = String(decoding: identity.jsonBytes(), as: UTF8.self)
    text.replace(linked.trees[0].root.hexadecimal, with: String(repeating: "0", count: 64))
    #expect {
      try BaseIdentity.parse(Array(text.utf8))
    } throws: { error in
      guard case .identityRootMismatch? = error as? CheckpointError else { return false }
      return true
    }
  }

  @Test func baseWithoutSixteenBits() throws {
    var generator = SeededGenerator(seed: 3)
    var model = TestModel()
    model.tensors["a"] = TestTensor([4, 4], random: &generator)
    #expect {
      try link(model)
    } throws: { error in
      "\(error)".contains("no tensor of F16 or BF16")
    }
  }
}
