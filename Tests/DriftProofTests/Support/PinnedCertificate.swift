// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofAdapter
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// A certificate of Tests/Fixtures/pinned-v2, or of pinned-v4 to pinned-v13 for manifests of these versions, with everything
/// that belongs to it, made once by an earlier version.
struct PinnedCertificate: Sendable {
  let certificate: [UInt8]
  let identityFile: [UInt8]
  let policyFile: [UInt8]
  let opening: [UInt8]
  let identity: BaseIdentity
  let policy: Policy
  let base: String
  /// A checkpoint, or an adapter's folder.
  let tuned: String

  static let folder = Repository.fixture("pinned-v2")
  static let revisedFolder = Repository.fixture("pinned-v4")
  static let entriesFolder = Repository.fixture("pinned-v6")
  static let patternsFolder = Repository.fixture("pinned-v9")
  static let blocksFolder = Repository.fixture("pinned-v10")
  static let lokrFolder = Repository.fixture("pinned-v12")
  static let circulantsFolder = Repository.fixture("pinned-v13")
  static let bandsFolder = Repository.fixture("pinned-v14")
  static let linkFolder = Repository.fixture("pinned-v7")
  static let roundingFolder = Repository.fixture("pinned-v8")
  static let hidingFolder = Repository.fixture("pinned-hiding")

  /// One 4 × 4 tensor with a norm clause: the smallest certificate.
  static let norm = Result { try PinnedCertificate("norm") }
  /// An unmerged adapter on two matrices, under a norm and a total: the orthonormality stage of several tensors.
  static let adapter = Result { try PinnedCertificate("adapter") }
  /// Heads, a tensor of several tiles, and precisions that are 13 bits apart under one total.
  static let heads = Result { try PinnedCertificate("heads") }
  /// One small tensor of every class of drift.
  static let classes = Result { try PinnedCertificate("classes") }

  /// Under the revised rules: the smallest one, an adapter, and the experts of a fused weight.
  static let revisedNorm = Result { try PinnedCertificate("norm", in: revisedFolder) }
  static let revisedAdapter = Result { try PinnedCertificate("adapter", in: revisedFolder) }
  static let slices = Result { try PinnedCertificate("slices", in: revisedFolder) }

  /// Bounds of single entries, alone in two tiles and beside a rank.
  static let entries = Result { try PinnedCertificate("entries", in: entriesFolder) }
  /// A link with such bounds; `base` is the chain's, `parent` the model from which its drift starts.
  static let link = Result { try PinnedCertificate("link", in: linkFolder) }
  /// A merge under rounding bounds, over an identity that commits to the base.
  static let rounding = Result { try PinnedCertificate("rounding", in: roundingFolder) }

  /// Fractions of weights and a pattern of the base, about an identity that hides the base's weights; its folder has the base's
  /// opening, too.
  static let hiding = Result { try PinnedCertificate("hiding", in: hidingFolder) }

  /// Patterns of the drift, the tuned weights and the base, about an identity that commits to the base.
  static let patterns = Result { try PinnedCertificate("patterns", in: patternsFolder) }

  /// Sums of Kronecker products: exact, with a residual, beside rows.
  static let kronecker = Result { try PinnedCertificate("kronecker", in: blocksFolder) }

  /// Circulant blocks of three sizes: exact under a norm, beside entries, with a residual.
  static let circulant = Result { try PinnedCertificate("circulant", in: circulantsFolder) }

  /// An unmerged LoKr adapter: a clause of its blocks, a norm alone, a rank, under a total.
  static let lokr = Result { try PinnedCertificate("lokr", in: lokrFolder) }

  /// Leaves in three bands.
  static let bands = Result { try PinnedCertificate("bands", in: bandsFolder) }

  init(_ name: String, in folder: URL = Self.folder) throws {
    let folder = folder.appendingPathComponent(name)
    func read(_ file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appendingPathComponent(file))) }
    certificate = try read("tuned.drift")
    identityFile = try read("base.identity.json")
    policyFile = try read("policy.json")
    opening = try read("opening.json")
    identity = try BaseIdentity.parse(identityFile)
    policy = try Policy.parse(policyFile)
    base = folder.appendingPathComponent("base.safetensors").path
    let adapter = folder.appendingPathComponent("adapter").path
    tuned =
      FileManager.default.fileExists(atPath: adapter)
      ? adapter : folder.appendingPathComponent("tuned.safetensors").path
  }

  func verify(_ bytes: [UInt8]) throws(DriftProofError) -> VerificationReport {
    try CertificateVerifier.verify(certificate: bytes, identity: identity, policy: policy)
  }
}

/// Makes the files. Run it when a new format version needs a new pin, in a new folder; old pins stay as they are:
///
///     DRIFTPROOF_MAKE_PINNED=1 swift test --filter 'PinnedCertificateGenerator/entries'
///
/// It replaces the certificates and openings in a folder, pinned-v4 to pinned-v14 or pinned-hiding; their secrets are random, so the bytes
/// differ from run to run.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_MAKE_PINNED"] != nil))
struct PinnedCertificateGenerator {
  @Test func norm() throws {
    var random = SeededGenerator(seed: 1)
    var base = TestModel()
    base.tensors["w"] = TestTensor([4, 4], random: &random)
    var tuned = base
    tuned.tensors["w"]?.values[5] += 0.125
    try make(
      "norm", base, tuned,
      """
      { "driftPolicy": 1, "name": "pinned norm", "securityBits": 128,
        "rules": [ { "tensors": "w", "allow": { "norm": { "absolute": 0.25 } } } ] }

      """)
  }

  @Test func classes() throws {
    var random = SeededGenerator(seed: 2)
    var base = TestModel()
    for (name, shape) in [
      ("columns", [4, 12]), ("entries", [10, 6]), ("frozen", [5, 3]), ("mixed", [8, 8]), ("norm", [7, 9]),
      ("rows", [12, 5]), ("twice", [8, 10]), ("bias", [11]),
    ] { base.tensors[name] = TestTensor(shape, random: &random) }
    base.tensors["rank"] = TestTensor([16, 12], isHalf: true, random: &random)
    base.counter = ("steps", 1)
    var tuned = base
    tuned.counter = ("steps", 900)
    for name in ["norm", "bias"] {
      for index in tuned.tensors[name]?.values.indices ?? 0..<0 {
        tuned.tensors[name]?.values[index] += 0.02 * random.signed()
      }
    }
    tuned.tensors["rank"]?.addLowRank(2, scale: 0.05, random: &random)
    tuned.tensors["twice"]?.addLowRank(1, scale: 0.02, random: &random)
    tuned.tensors["mixed"]?.addLowRank(1, scale: 0.02, random: &random)
    tuned.tensors["mixed"]?.values[13] += 1
    for index in [0, 59] { tuned.tensors["entries"]?.values[index] += 0.25 }
    for column in 0..<5 { tuned.tensors["rows"]?.values[3 * 5 + column] += 0.1 }
    for row in 0..<4 { tuned.tensors["columns"]?.values[row * 12 + 11] *= 0.5 }
    try make(
      "classes", base, tuned,
      """
      { "driftPolicy": 1, "name": "pinned classes", "securityBits": 128,
        "rules": [
          { "tensors": "{norm,bias}", "allow": { "norm": { "absolute": 1 } } },
          { "tensors": "rank", "allow": { "rank": 2, "residual": { "relative": 0.01 } } },
          { "tensors": "entries", "allow": { "entries": 2 } },
          { "tensors": "rows", "allow": { "rows": 1 } },
          { "tensors": "columns", "allow": { "columns": 1 } },
          { "tensors": "mixed", "allow": { "rank": 1, "entries": 1, "residual": { "absolute": 0.001 } } },
          { "tensors": "twice",
            "allow": [ { "norm": { "relative": 0.2 } }, { "rank": 1, "residual": { "absolute": 0.001 } } ] },
          { "tensors": "steps", "allow": "any" },
          { "tensors": "*", "allow": "frozen" } ],
        "total": { "norm": { "absolute": 5 } } }

      """)
  }

  @Test func adapter() throws {
    var random = SeededGenerator(seed: 3)
    var base = TestModel()
    var adapter = TestAdapter()
    for (name, shape) in [("model.q", [12, 10]), ("model.v", [9, 14])] {
      base.tensors[name + ".weight"] = TestTensor(shape, random: &random)
      adapter.add(name, shape: shape, random: &random)
    }
    base.tensors["model.frozen"] = TestTensor([5], random: &random)
    try make(
      "adapter", base, .init(adapter: adapter),
      """
      { "driftPolicy": 1, "name": "pinned adapter", "securityBits": 128,
        "rules": [
          { "tensors": "model.{q,v}.weight", "allow": [ { "rank": 4 }, { "norm": { "relative": 0.5 } } ] },
          { "tensors": "*", "allow": "frozen" } ],
        "total": { "norm": { "absolute": 4 } } }

      """)
  }

  @Test func heads() throws {
    var random = SeededGenerator(seed: 4)
    var base = TestModel()
    for (name, shape) in [("q", [32, 12]), ("grid", [150, 140]), ("coarse", [40]), ("fine", [40])] {
      base.tensors[name] = TestTensor(shape, isHalf: name == "grid", random: &random)
    }
    for (name, scale) in [("coarse", 1000 as Float), ("fine", 0.1)] {
      for index in 0..<40 { base.tensors[name]?.values[index] *= scale }
    }
    var tuned = base
    // Rank 1 in every head of eight rows.
    for head in 0..<4 {
      let (left, right) = ((0..<8).map { _ in random.signed() }, (0..<12).map { _ in random.signed() })
      for row in 0..<8 {
        for column in 0..<12 {
          tuned.tensors["q"]?.values[(8 * head + row) * 12 + column] += left[row] * right[column] / 8
        }
      }
    }
    for (name, scale) in [("grid", 0.02 as Float), ("coarse", 0.05), ("fine", 0.001)] {
      let values = tuned.tensors[name]?.values ?? []
      let moved = values.map { $0 + scale * random.signed() }
      tuned.tensors[name]?.values = name == "grid" ? moved.map(TestTensor.rounded) : moved
    }
    try make(
      "heads", base, .init(checkpoint: tuned),
      """
      { "driftPolicy": 1, "name": "pinned heads", "securityBits": 128,
        "rules": [
          { "tensors": "q", "heads": { "of": "rows", "size": 8 },
            "allow": { "rank": 1, "residual": { "absolute": 0.001 } } },
          { "tensors": "*", "allow": { "norm": { "absolute": 4 } } } ],
        "total": { "norm": { "absolute": 5 } } }

      """)
  }

  @Test func slices() throws {
    var random = SeededGenerator(seed: 6)
    var base = TestModel()
    base.tensors["experts"] = TestTensor([3, 4, 6], isHalf: true, random: &random)
    var tuned = base
    for expert in 0..<3 {
      let (left, right) = ((0..<4).map { _ in random.signed() }, (0..<6).map { _ in random.signed() })
      for row in 0..<4 {
        for column in 0..<6 {
          tuned.tensors["experts"]?.values[(expert * 4 + row) * 6 + column] += left[row] * right[column] / 4
        }
      }
    }
    try make(
      "slices", base, tuned,
      """
      { "driftPolicy": 1, "name": "pinned slices", "securityBits": 128,
        "rules": [
          { "tensors": "experts", "heads": { "of": "slices" },
            "allow": [ { "rank": 1, "residual": { "absolute": 0.02 } }, { "norm": { "absolute": 2 } } ] } ] }

      """)
  }

  @Test func entries() throws {
    var random = SeededGenerator(seed: 7)
    var base = TestModel()
    for (name, shape) in [("a", [150, 140]), ("b", [9, 11]), ("rank", [14, 20])] {
      base.tensors[name] = TestTensor(shape, isHalf: name == "b", random: &random)
    }
    var tuned = base
    for (name, reach) in [("a", 0.01 as Float), ("b", 0.02), ("rank", 0.002)] {
      let values = tuned.tensors[name]?.values ?? []
      let moved = values.map { $0 + reach * random.signed() }
      tuned.tensors[name]?.values = name == "b" ? moved.map(TestTensor.rounded) : moved
    }
    tuned.tensors["rank"]?.addLowRank(2, scale: 0.05, random: &random)
    try make(
      "entries", base, .init(checkpoint: tuned),
      """
      { "driftPolicy": 1, "name": "pinned entries", "securityBits": 128,
        "rules": [
          { "tensors": "a", "allow": { "entrywise": { "absolute": 0.011 } } },
          { "tensors": "b", "allow": { "entrywise": { "relative": 0.03 } } },
          { "tensors": "rank", "allow": { "rank": 2, "entrywise": { "absolute": 0.003 } } } ] }

      """, in: PinnedCertificate.entriesFolder)
  }

  @Test func patterns() throws {
    var random = SeededGenerator(seed: 8)
    var base = TestModel()
    for (name, shape) in [("drift", [20, 24]), ("tuned", [16, 32]), ("zeros", [12, 10])] {
      base.tensors[name] = TestTensor(shape, isHalf: name != "drift", random: &random)
    }
    for index in 0..<120 where index % 3 == 0 { base.tensors["zeros"]?.values[index] = 0 }
    var tuned = base
    for (name, keeps) in [("drift", { $0 % 4 < 2 }), ("tuned", { $0 % 8 == 5 }), ("zeros", { $0 % 3 != 0 })]
      as [(
        String, (Int) -> Bool
      )]
    {
      for index in base.tensors[name]?.values.indices ?? 0..<0 {
        let value = base.tensors[name]?.values[index] ?? 0
        tuned.tensors[name]?.values[index] = keeps(index) ? value + 0.25 : name == "tuned" ? 0 : value
      }
    }
    try make(
      "patterns", base, .init(checkpoint: tuned),
      """
      { "driftPolicy": 1, "name": "pinned patterns", "securityBits": 128,
        "rules": [
          { "tensors": "drift", "allow": { "pattern": { "of": "drift", "n": 2, "m": 4 } } },
          { "tensors": "tuned",
            "allow": [ { "pattern": { "of": "tuned", "n": 1, "m": 8 } }, { "norm": { "relative": 2 } } ] },
          { "tensors": "zeros", "allow": [ { "pattern": { "of": "base" } }, { "entrywise": { "absolute": 0.3 } } ] } ] }

      """, in: PinnedCertificate.patternsFolder, isLinked: true)
  }

  @Test func lokr() throws {
    var random = SeededGenerator(seed: 12)
    var base = TestModel()
    var adapter = TestAdapter.lokr(rank: 8, settings: ["rank_pattern": "{\"low\": 1}"])
    adapter.config["target_modules"] = "[\"blocks\", \"free\", \"low\"]"
    // 32 = 4·8, 16 = 4·4; 24 = 4·6, 20 = 4·5; 18 = 3·6, 8 = 2·4.
    for (name, shape, parts) in [
      ("model.blocks", [32, 16], [.w1: [4, 4], .w2: [8, 4]]), ("model.free", [24, 20], [.w1: [4, 4], .w2: [6, 5]]),
      ("model.low", [18, 8], [.w1: [3, 2], .w2A: [6, 1], .w2B: [1, 4]]),
    ] as [(String, [Int], [KroneckerPart: [Int]])] {
      base.tensors[name + ".weight"] = TestTensor(shape, random: &random)
      adapter.add(name, parts: parts, random: &random)
    }
    base.tensors["model.frozen"] = TestTensor([5], random: &random)
    try make(
      "lokr", base, .init(adapter: adapter),
      """
      { "driftPolicy": 1, "name": "pinned LoKr", "securityBits": 128,
        "rules": [
          { "tensors": "model.blocks.weight", "allow": { "kronecker": { "terms": 1, "inner": [8, 4] } } },
          { "tensors": "model.free.weight", "allow": { "norm": { "relative": 0.5 } } },
          { "tensors": "model.low.weight", "allow": [ { "rank": 2 }, { "norm": { "absolute": 2 } } ] },
          { "tensors": "*", "allow": "frozen" } ],
        "total": { "norm": { "absolute": 4 } } }

      """, in: PinnedCertificate.lokrFolder)
  }

  @Test func kronecker() throws {
    var random = SeededGenerator(seed: 9)
    var base = TestModel()
    for (name, shape) in [("exact", [24, 20]), ("merged", [16, 24]), ("sum", [24, 16])] {
      base.tensors[name] = TestTensor(shape, isHalf: true, random: &random)
      base.tensors[name]?.isHalf = name == "merged"
    }
    var tuned = base
    for name in ["exact", "merged", "sum"] {
      guard var tensor = tuned.tensors[name] else { continue }
      let width = tensor.shape[1]
      func factor(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float(Int.random(in: -15...15, using: &random)) / 64 }
      }
      let (outer, inner) = (factor(tensor.values.count / 32), factor(32))
      for index in tensor.values.indices {
        let (row, column) = (index / width, index % width)
        tensor.values[index] += outer[row / 8 * (width / 4) + column / 4] * inner[row % 8 * 4 + column % 4]
        if name == "sum", row == 3 { tensor.values[index] += random.signed() }
      }
      if tensor.isHalf { tensor.values = tensor.values.map(TestTensor.rounded) }
      tuned.tensors[name] = tensor
    }
    try make(
      "kronecker", base, .init(checkpoint: tuned),
      """
      { "driftPolicy": 1, "name": "pinned Kronecker products", "securityBits": 128,
        "rules": [
          { "tensors": "exact", "allow": { "kronecker": { "terms": 1, "inner": [8, 4] } } },
          { "tensors": "merged",
            "allow": [ { "kronecker": { "terms": 1, "inner": [8, 4] }, "residual": { "relative": 0.003 } },
              { "norm": { "relative": 2 } } ] },
          { "tensors": "sum",
            "allow": { "kronecker": { "terms": 1, "inner": [8, 4] }, "rows": 1, "residual": { "absolute": 0.01 } } } ] }

      """, in: PinnedCertificate.blocksFolder)
  }

  @Test func circulant() throws {
    var random = SeededGenerator(seed: 13)
    var base = TestModel()
    for (name, shape) in [("exact", [24, 40]), ("merged", [16, 32]), ("sum", [6, 10])] {
      base.tensors[name] = TestTensor(shape, isHalf: true, random: &random)
      base.tensors[name]?.isHalf = name == "merged"
    }
    var tuned = base
    for (name, size) in [("exact", 8), ("merged", 16), ("sum", 2)] {
      guard var tensor = tuned.tensors[name] else { continue }
      let width = tensor.shape[1]
      let numbers = (0..<tensor.values.count / size).map { _ in Float(Int.random(in: -15...15, using: &random)) / 256 }
      for index in tensor.values.indices {
        let (row, column) = (index / width, index % width)
        let block = row / size * (width / size) + column / size
        tensor.values[index] += numbers[block * size + (column % size + size - row % size) % size]
      }
      if name == "sum" { tensor.values[17] += 0.5 }
      if tensor.isHalf { tensor.values = tensor.values.map(TestTensor.rounded) }
      tuned.tensors[name] = tensor
    }
    try make(
      "circulant", base, .init(checkpoint: tuned),
      """
      { "driftPolicy": 1, "name": "pinned circulant blocks", "securityBits": 128,
        "rules": [
          { "tensors": "exact", "allow": [ { "circulant": { "block": 8 } }, { "norm": { "absolute": 9 } } ] },
          { "tensors": "merged",
            "allow": { "circulant": { "block": 16 }, "residual": { "relative": 0.003 } } },
          { "tensors": "sum", "allow": { "circulant": { "block": 2 }, "entries": 1 } } ] }

      """, in: PinnedCertificate.circulantsFolder)
  }

  @Test func hiding() throws {
    var random = SeededGenerator(seed: 12)
    var base = TestModel()
    for (name, shape) in [("fraction", [24, 16]), ("pattern", [8, 64])] {
      base.tensors[name] = TestTensor(shape, isHalf: true, random: &random)
    }
    var tuned = base
    for (index, value) in (base.tensors["fraction"]?.values ?? []).enumerated() {
      tuned.tensors["fraction"]?.values[index] = TestTensor.rounded(value * (1 + 0.02 * Float(random.signed())))
    }
    for index in 0..<512 where index % 8 == 3 {
      base.tensors["pattern"]?.values[index] = 0
      tuned.tensors["pattern"]?.values[index] = 0
    }
    for index in stride(from: 0, to: 512, by: 8) { tuned.tensors["pattern"]?.values[index] += 0.125 }
    try make(
      "hiding", base, .init(checkpoint: tuned),
      """
      { "driftPolicy": 1, "name": "pinned hiding base", "securityBits": 128,
        "rules": [
          { "tensors": "fraction", "allow": { "entrywise": { "ofWeight": 0.04 } } },
          { "tensors": "pattern",
            "allow": [ { "pattern": { "of": "base" } }, { "norm": { "relative": 1 } } ] } ] }

      """, in: PinnedCertificate.hidingFolder, isHiding: true)
  }

  /// A tuned model in one of its two forms.
  private struct Tuned {
    var checkpoint: TestModel?
    var adapter: TestAdapter?
  }

  private func make(_ name: String, _ base: TestModel, _ tuned: TestModel, _ policy: String) throws {
    try make(name, base, Tuned(checkpoint: tuned), policy)
  }

  @Test func bands() throws {
    let model = BandedModel()
    try make(
      "bands", model.base, .init(checkpoint: model.tuned), model.policy, in: PinnedCertificate.bandsFolder, bands: 3)
  }

  private func make(
    _ name: String, _ base: TestModel, _ tuned: Tuned, _ policy: String,
    in pins: URL = PinnedCertificate.revisedFolder, isLinked: Bool = false, isHiding: Bool = false,
    bands: Int = 1
  ) throws {
    let folder = pins.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ bytes: [UInt8], _ file: String) throws {
      try Data(bytes).write(to: folder.appendingPathComponent(file))
    }
    let temporary = try TemporaryFolder()
    let before = try base.write("base", in: temporary)
    var model: TunedModel?
    var files = [(before.path, "base.safetensors")]
    if let checkpoint = try tuned.checkpoint?.write("tuned", in: temporary) {
      model = .checkpoint(checkpoint, base: before)
      files.append((checkpoint.path, "tuned.safetensors"))
    }
    if let adapter = tuned.adapter {
      let path = try adapter.write("adapter", in: temporary)
      model = .adapter(try Adapter.open(path), base: before)
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("adapter"), withIntermediateDirectories: true)
      files += ["adapter_config.json", "adapter_model.safetensors"].map { ("\(path)/\($0)", "adapter/\($0)") }
    }
    let opening = temporary.file("opening")
    var request = DriftProver.Request(
      try #require(model), policy: try Policy.parse(Array(policy.utf8)), openingPath: opening)
    var identity = try BaseIdentity.compute(checkpoint: before)
    if isLinked { identity = try BaseTableau.link(identity, base: before) }
    if isHiding {
      let secret = temporary.file("base-opening")
      identity = try HidingIdentity.make(identity, base: before, openingPath: secret, proofs: 2)
      request.baseOpeningPath = secret
      files.append((secret, "base-opening.json"))
    }
    request.identity = identity
    request.bands = bands
    let result = try DriftProver.prove(request)
    for (source, target) in files + [(opening, "opening.json")] {
      try write([UInt8](try Data(contentsOf: URL(fileURLWithPath: source))), target)
    }
    try write(result.certificate, "tuned.drift")
    try write(identity.jsonBytes(), "base.identity.json")
    try write(Array(policy.utf8), "policy.json")
    try write(Array((result.verification.tunedCommitment + "\n").utf8), "tuned-commitment.txt")
  }
}
