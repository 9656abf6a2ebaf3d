// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofDrift
@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport

/// A folder as PEFT saves it, in memory.
struct TestAdapter {
  /// The repository's real one.
  static let shipped = Repository.example("mlp-lora/adapter").path

  /// Values as JSON text, by key.
  var config: [String: String] = [
    "peft_type": "\"LORA\"", "r": "4", "lora_alpha": "8", "bias": "\"none\"", "fan_in_fan_out": "false",
    "use_dora": "false", "use_rslora": "false", "rank_pattern": "{}", "alpha_pattern": "{}",
    "init_lora_weights": "true", "target_modules": "[\"q\", \"v\", \"conv\", \"embed\", \"square\", \"tall\"]",
    "lora_dropout": "0.05",
  ]
  var tensors: [String: Matrix] = [:]
  var weightsName = "adapter_model.safetensors"
  /// In place of ``config``; empty for a folder without a configuration.
  var configBytes: String?
  var metadata: [(key: String, value: String)] = []

  struct Matrix {
    var shape: [Int]
    var dtype = DataType.f32
    var values: [Double]
  }

  static func random(_ shape: [Int], scale: Double = 0.05, random: inout SeededGenerator) -> Matrix {
    Matrix(shape: shape, values: (0..<shape.reduce(1, *)).map { _ in scale * Double(random.signed()) })
  }

  /// A pair of matrices of a linear layer or a convolution [out, in, …].
  mutating func add(
    _ module: String, shape: [Int], rank: Int = 4, scale: Double = 0.05, random: inout SeededGenerator
  ) {
    let tail = Array(shape.dropFirst())
    tensors["base_model.model.\(module).lora_A.weight"] = Self.random([rank] + tail, scale: scale, random: &random)
    tensors["base_model.model.\(module).lora_B.weight"] = Self.random(
      [shape[0], rank] + tail.dropFirst().map { _ in 1 }, scale: scale, random: &random)
  }

  mutating func scale(_ key: String, by factor: Double) {
    guard let matrix = tensors[key] else { return }
    tensors[key]?.values = matrix.values.map { $0 * factor }
  }

  var configText: String {
    "{" + config.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}"
  }

  /// Writes the folder and returns its path.
  @discardableResult
  func write(_ name: String, in folder: TemporaryFolder) throws -> String {
    let path = folder.file(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let config = configBytes ?? configText
    if !config.isEmpty { try Data(config.utf8).write(to: URL(fileURLWithPath: path + "/adapter_config.json")) }
    let names = tensors.keys.sorted()
    let writer = try SafetensorsWriter(
      path: path + "/" + weightsName,
      tensors: names.compactMap { name in
        tensors[name].map { .init(name: name, dtype: $0.dtype, shape: $0.shape) }
      }, metadata: metadata)
    for name in names {
      guard let tensor = tensors[name] else { continue }
      switch tensor.dtype {
      case .bf16: try writer.append(words: tensor.values.map { TestTensor.code(Float($0)) })
      case .f64: try writer.append(words: tensor.values.map(\.bitPattern))
      case .f32: try writer.append(words: tensor.values.map { Float($0).bitPattern })
      default: try writer.append([UInt8](repeating: 0, count: tensor.values.count * tensor.dtype.bits / 8))
      }
    }
    try writer.finish()
    return path
  }

  func open(_ name: String, in folder: TemporaryFolder) throws -> Adapter {
    try Adapter.open(write(name, in: folder))
  }
}

/// A small base with one tensor of every kind that an adapter may meet, and an adapter on some of them.
struct AdapterFixture {
  let folder: TemporaryFolder
  var model = TestModel()
  var adapter = TestAdapter()
  var random = SeededGenerator(seed: 5)

  init() throws {
    folder = try TemporaryFolder()
    for (name, shape) in [
      ("layers.0.q.weight", [48, 40]), ("layers.0.v.weight", [32, 64]), ("layers.1.q.weight", [48, 40]),
      ("conv.weight", [12, 6, 3, 3]), ("head.bias", [10]), ("head.weight", [10, 48]), ("square.weight", [24, 24]),
    ] { model.tensors["model.\(name)"] = TestTensor(shape, random: &random) }
    model.tensors["model.embed.weight"] = TestTensor([50, 16], random: &random)
    model.counter = ("model.steps", 7)
    adapter.add("model.layers.0.q", shape: [48, 40], random: &random)
    adapter.add("model.layers.0.v", shape: [32, 64], random: &random)
  }

  func base() throws -> Checkpoint { try model.write("base", in: folder) }

  static func policy(_ allow: String, total: String? = nil, more: [(String, String)] = []) throws -> Policy {
    try testPolicy(more + [("*.{q,v}.weight", allow)], frozenRest: true, total: total)
  }

  /// A proof with its identity.
  func prove(
    _ policy: Policy, adapter: TestAdapter? = nil, name: String = "adapter", opening: String = "opening"
  ) throws -> (result: DriftProver.Result, identity: BaseIdentity) {
    let base = try base()
    let identity = try BaseIdentity.compute(checkpoint: base)
    var request = DriftProver.Request(
      adapter: try (adapter ?? self.adapter).open(name, in: folder), base: base, policy: policy,
      openingPath: folder.file(opening))
    request.identity = identity
    return (try DriftProver.prove(request), identity)
  }

  /// Why a proof is refused; nil when it is not.
  func refusal(_ policy: Policy, adapter: TestAdapter? = nil) -> DriftProofError? {
    do {
      _ = try prove(policy, adapter: adapter, name: "refused", opening: "refused.secret")
      return nil
    } catch {
      return error as? DriftProofError
    }
  }
}

extension FactorMatrix {
  func entry(_ row: Int, _ column: Int) -> Int64 {
    let index = row * columns + column
    return wide.first { $0.position == index }?.value ?? Int64(narrow[index])
  }
}

extension TestAdapter {
  /// A LoKr adapter without modules.
  /// - Parameters:
  ///   - rank: r.
  ///   - settings: other members of the configuration, as JSON.
  static func lokr(rank: Int = 8, settings: [String: String] = [:]) -> TestAdapter {
    var result = TestAdapter()
    result.config = [
      "peft_type": "\"LOKR\"", "r": "\(rank)", "alpha": "\(2 * rank)", "rank_dropout": "0.0", "module_dropout": "0.1",
      "use_effective_conv2d": "false", "decompose_both": "false", "decompose_factor": "-1", "init_weights": "true",
      "rank_dropout_scale": "false", "rank_pattern": "{}", "alpha_pattern": "{}",
      "target_modules": "[\"q\", \"v\", \"conv\", \"square\"]",
    ]
    result.config.merge(settings) { _, new in new }
    return result
  }

  /// The tensors of a LoKr module, of any shapes.
  mutating func add(
    _ module: String, parts: [KroneckerPart: [Int]], scale: Double = 0.1, random: inout SeededGenerator
  ) {
    for part in KroneckerPart.allCases {
      guard let shape = parts[part] else { continue }
      tensors["base_model.model.\(module).\(part.rawValue)"] = Self.random(shape, scale: scale, random: &random)
    }
  }

  /// Those of one part.
  func matrix(_ module: String, _ part: KroneckerPart) -> Matrix? {
    tensors["base_model.model.\(module).\(part.rawValue)"]
  }
}
