// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import Testing

/// Folders and tensors of adapters, and how they meet the base: every refusal by its case.
@Suite struct AdapterFilesTests {
  var fixture: AdapterFixture

  init() throws { fixture = try AdapterFixture() }

  /// The model of an adapter on the fixture's base.
  private func model(
    _ adapter: TestAdapter, base: TestModel? = nil, policy: String = "{\"rank\": 4}",
    rules: [(String, String)] = []
  ) throws -> AdapterModel {
    let base = try (base ?? fixture.model).write("base", in: fixture.folder)
    return try AdapterModel(
      adapter.open("adapter", in: fixture.folder), identity: BaseIdentity.compute(checkpoint: base),
      policy: AdapterFixture.policy(policy, more: rules))
  }

  private func expect(
    _ adapter: TestAdapter, base: TestModel? = nil, rules: [(String, String)] = [],
    _ isExpected: (AdapterError) -> Bool, line: Int = #line
  ) {
    let error = #expect(throws: AdapterError.self, "line \(line)") { try model(adapter, base: base, rules: rules) }
    if let error { #expect(isExpected(error), "line \(line): \(error)") }
  }

  /// Refusals before there is a base.
  private func openRefusal(_ adapter: TestAdapter) throws -> String {
    do {
      _ = try adapter.open("refused", in: fixture.folder)
      return "accepted"
    } catch DriftProofError.operational(let message) {
      return message
    }
  }

  @Test func folders() throws {
    let folder = fixture.folder.file("folder")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    func expect(_ error: AdapterError) {
      #expect(throws: error.asDriftProofError) { try Adapter.open(folder) }
    }
    expect(.noConfig(folder: folder))
    let config = URL(fileURLWithPath: folder + "/adapter_config.json")
    let count = AdapterFiles.configLimit + 1
    try Data(repeating: UInt8(ascii: " "), count: count).write(to: config)
    expect(.configSize(file: config.path, count: count, limit: AdapterFiles.configLimit))
    try Data(fixture.adapter.configText.utf8).write(to: config)
    expect(.noWeights(folder: folder))
    try Data([1]).write(to: URL(fileURLWithPath: folder + "/adapter_model.bin"))
    expect(.pickled(folder: folder))
    try Data([1]).write(to: URL(fileURLWithPath: folder + "/adapter_model.safetensors"))
    #expect(throws: DriftProofError.self) { try Adapter.open(folder) }
  }

  /// Folders and files of tools that need no configuration, and what is neither.
  @Test mutating func filesWithoutConfiguration() throws {
    var adapter = TestAdapter()
    adapter.configBytes = ""
    adapter.weightsName = "pytorch_lora_weights.safetensors"
    adapter.tensors["unet.q.lora_A.weight"] = TestAdapter.random([4, 40], random: &fixture.random)
    adapter.tensors["unet.q.lora_B.weight"] = TestAdapter.random([48, 4], random: &fixture.random)
    let folder = try adapter.write("lone", in: fixture.folder)
    let file = folder + "/pytorch_lora_weights.safetensors"
    for path in [folder, file] {
      #expect(Adapter.isAdapter(path))
      #expect(try Adapter.open(path).scheme == .diffusers(component: "unet"))
    }
    #expect(try Adapter.open(folder).filesRead == ["pytorch_lora_weights.safetensors"])
    #expect(try Adapter.open(file).filesRead == [file])
    // Several: which one is not for the program to say.
    adapter.weightsName = "second.safetensors"
    try adapter.write("lone", in: fixture.folder)
    let several = AdapterError.severalFiles(
      folder: folder, files: ["pytorch_lora_weights.safetensors", "second.safetensors"])
    #expect(throws: several.asDriftProofError) { try Adapter.open(folder) }
    #expect(
      try Adapter.open(folder, leavingOut: [FilePattern("second*")]).checkpoint.filesLeftOut == ["second.safetensors"])
    // A pickle beside it is another adapter, or a model.
    try FileManager.default.removeItem(atPath: folder + "/second.safetensors")
    try Data([1]).write(to: URL(fileURLWithPath: folder + "/other.bin"))
    #expect(throws: DriftProofError.self) { try Adapter.open(folder) }
    // The weights of a folder without its configuration.
    let whole = try fixture.adapter.write("whole", in: fixture.folder)
    let part = AdapterError.partOfFolder(file: whole + "/adapter_model.safetensors", folder: whole + "/")
    #expect(throws: part.asDriftProofError) { try Adapter.open(whole + "/adapter_model.safetensors") }
    try Data([1]).write(to: URL(fileURLWithPath: whole + "/adapters.safetensors"))
    let both = AdapterError.severalFiles(folder: whole, files: ["adapter_model.safetensors", "adapters.safetensors"])
    #expect(throws: both.asDriftProofError) { try Adapter.open(whole) }
    // Models are none.
    let base = try fixture.base()
    #expect(!Adapter.isAdapter(base.path) && !Adapter.isAdapter(fixture.folder.file("nothing")))
    #expect(Adapter.isAdapter(whole))
    try Data([1]).write(to: URL(fileURLWithPath: whole + "/model.safetensors"))
    #expect(!Adapter.isAdapter(whole) && Adapter.isAdapter(whole, leavingOut: [FilePattern("model*")]))
  }

  @Test func keys() throws {
    let whole: [(String, String, Bool)] = [
      ("score.weight", "score.weight", false), ("score.modules_to_save.weight", "score.weight", false),
      ("a.embed.base_layer.weight", "a.embed.weight", true), ("a.q.base_layer.bias", "a.q.bias", true),
      ("a.bias", "a.bias", false),
    ]
    for (key, name, isBaseLayer) in whole {
      #expect(
        try AdapterKey.parse(AdapterKey.prefix + key, file: "") == .whole(tensor: name, isBaseLayer: isBaseLayer))
    }
    #expect(
      try AdapterKey.parse(AdapterKey.prefix + "a.lora_A.weight", file: "") == .matrix(module: "a", .a, .linear))
    #expect(
      try AdapterKey.parse(AdapterKey.prefix + "a.lora_embedding_B", file: "") == .matrix(module: "a", .b, .embedding))
    for key in [
      "a.lora_A.weight", "base_model.model.a.lora_A.default.weight", "base_model.model.a.lora_E",
      "base_model.model.token_adapter.trainable_tokens_delta", "base_model.model..weight", "base_model.model.weight",
      "base_model.model.base_layer.weight", "base_model.model.a.base_layer.modules_to_save.weight",
      "base_model.model.original_module.weight", "base_model.model.lora_A.weight",
    ] {
      #expect(throws: AdapterError.unknownTensor(file: "f", key: key)) { try AdapterKey.parse(key, file: "f") }
    }
    #expect(throws: AdapterError.dora(file: "f")) {
      try AdapterKey.parse("base_model.model.a.lora_magnitude_vector", file: "f")
    }
    #expect(throws: AdapterError.loraBias(file: "f", key: "base_model.model.a.lora_B.bias")) {
      try AdapterKey.parse("base_model.model.a.lora_B.bias", file: "f")
    }
  }

  @Test mutating func halves() throws {
    let a = "base_model.model.model.layers.0.q.lora_A.weight"
    let b = "base_model.model.model.layers.0.q.lora_B.weight"
    var adapter = fixture.adapter
    adapter.tensors[b] = nil
    #expect(try openRefusal(adapter).contains("has no counterpart \"\(b)\""))
    adapter = fixture.adapter
    adapter.tensors[a] = nil
    #expect(try openRefusal(adapter).contains("has no counterpart \"\(a)\""))
    adapter = fixture.adapter
    adapter.tensors[a]?.dtype = .i32
    #expect(try openRefusal(adapter).contains("is I32; save the adapter as"))
    adapter = fixture.adapter
    adapter.config["r"] = "8"
    #expect(try openRefusal(adapter).contains("has rank 4, adapter_config.json says 8"))
    for shape in [[5, 32], [160], [4, 40, 1], [2, 2, 40]] {
      adapter = fixture.adapter
      adapter.tensors[a]?.shape = shape
      adapter.tensors[a]?.values = [Double](repeating: 1, count: shape.reduce(1, *))
      #expect(try openRefusal(adapter).contains("belong to no LoRA layer"), "\(shape)")
    }
    adapter = fixture.adapter
    adapter.config["r"] = "1025"
    adapter.config["rank_pattern"] = "{\"v\": 4}"
    adapter.add("model.layers.0.q", shape: [48, 40], rank: 1025, random: &fixture.random)
    #expect(try openRefusal(adapter).contains("has rank 1025, more than 1024"))
    adapter = fixture.adapter
    adapter.tensors = [:]
    #expect(try openRefusal(adapter).contains("has no LoRA matrices"))
    adapter = fixture.adapter
    adapter.tensors["base_model.model.head.weight"] = adapter.tensors[a]
    adapter.tensors["base_model.model.head.modules_to_save.weight"] = adapter.tensors[a]
    #expect(try openRefusal(adapter).contains("two tensors stand for \"head.weight\""))
    adapter = fixture.adapter
    adapter.tensors["base_model.model.model.layers.0.q.lora_embedding_A"] = adapter.tensors[a]
    #expect(try openRefusal(adapter).contains("is no part of a LoRA or LoKr adapter"))
  }

  @Test mutating func names() throws {
    #expect(
      try model(fixture.adapter).products.map(\.tensor) == ["model.layers.0.q.weight", "model.layers.0.v.weight"])
    // Saved from a model inside the adapter's, and from one around it.
    for (drop, add) in [("model.", ""), ("", "bert.")] {
      var adapter = fixture.adapter
      adapter.tensors = [:]
      for (key, tensor) in fixture.adapter.tensors {
        let path = key.dropFirst(AdapterKey.prefix.count)
        adapter.tensors[AdapterKey.prefix + add + path.dropFirst(drop.count)] = tensor
      }
      #expect(
        try model(adapter).products.map(\.tensor) == ["model.layers.0.q.weight", "model.layers.0.v.weight"])
    }
    var adapter = fixture.adapter
    adapter.add("model.layers.9.q", shape: [48, 40], random: &fixture.random)
    expect(adapter) {
      $0
        == .unresolved(
          file: fixture.folder.file("adapter") + "/adapter_model.safetensors",
          key: "base_model.model.model.layers.9.q.lora_A.weight", tensor: "model.layers.9.q.weight")
    }
    var twins = TestModel()
    for (name, tensor) in fixture.model.tensors {
      twins.tensors[name] = tensor
      twins.tensors["other" + name.dropFirst(5)] = tensor
    }
    adapter = TestAdapter()
    adapter.add("layers.0.q", shape: [48, 40], random: &fixture.random)
    expect(adapter, base: twins) { error in
      guard case .ambiguous(_, let prefixes) = error else { return false }
      return prefixes == ["model", "other"]
    }
    #expect(AdapterError.unresolved(file: "f", key: "k", tensor: "lm_head.weight").description.contains("tied"))
  }

  @Test mutating func shapes() throws {
    var adapter = fixture.adapter
    adapter.add("model.layers.1.q", shape: [40, 48], random: &fixture.random)
    // Swapped sizes are those of a transposed layer, whatever the setting says: PEFT corrects it.
    #expect(try model(adapter).products.map(\.isTransposed) == [false, false, true])
    adapter.config["fan_in_fan_out"] = "true"
    #expect(try model(adapter).products.map(\.isTransposed) == [false, false, true])
    adapter = fixture.adapter
    adapter.config["fan_in_fan_out"] = "true"
    adapter.add("model.square", shape: [24, 24], random: &fixture.random)
    expect(adapter, rules: [("model.square.weight", "\"any\"")]) { error in
      guard case .orientation(_, "model.square", true) = error else { return false }
      return true
    }
    for shape in [[48, 41], [47, 40]] {
      adapter = fixture.adapter
      adapter.add("model.layers.1.q", shape: shape, random: &fixture.random)
      expect(adapter) { error in
        guard case .misfit(_, "model.layers.1.q", _, [48, 40], _, _) = error else { return false }
        return true
      }
    }
    adapter = fixture.adapter
    adapter.add("model.conv", shape: [12, 3, 3, 6], random: &fixture.random)
    expect(adapter, rules: [("model.conv.weight", "\"any\"")]) { error in
      guard case .misfit(_, "model.conv", _, _, _, _) = error else { return false }
      return true
    }
    adapter = TestAdapter()
    adapter.tensors["base_model.model.model.embed.lora_embedding_A"] = TestAdapter.random(
      [4, 16], random: &fixture.random)
    adapter.tensors["base_model.model.model.embed.lora_embedding_B"] = TestAdapter.random(
      [50, 4], random: &fixture.random)
    expect(adapter, rules: [("model.embed.weight", "\"any\"")]) { error in
      guard case .misfit(_, "model.embed", _, _, _, _) = error else { return false }
      return true
    }
    var base = fixture.model
    base.tensors["model.layers.0.q.weight"] = nil
    base.counter = ("model.layers.0.q.weight", 1)
    expect(fixture.adapter, base: base) { $0 == .notCertifiable(tensor: "model.layers.0.q.weight", dtype: .i64) }
  }

  /// Which shapes are transposed: by the sizes, always for embeddings, never for convolutions.
  @Test mutating func orientations() throws {
    var adapter = TestAdapter()
    adapter.add("model.layers.0.q", shape: [40, 48], random: &fixture.random)
    adapter.add("model.square", shape: [24, 24], random: &fixture.random)
    adapter.add("model.conv", shape: [12, 6, 3, 3], random: &fixture.random)
    adapter.tensors["base_model.model.model.embed.lora_embedding_A"] = TestAdapter.random(
      [4, 50], random: &fixture.random)
    adapter.tensors["base_model.model.model.embed.lora_embedding_B"] = TestAdapter.random(
      [16, 4], random: &fixture.random)
    let found = try model(adapter, rules: [("model.{square,conv,embed}.weight", "\"any\"")]).products
    #expect(
      found.map { "\($0.tensor) \($0.rows) \($0.columns) \($0.isTransposed)" } == [
        "model.conv.weight 12 54 false", "model.embed.weight 50 16 true", "model.layers.0.q.weight 48 40 true",
        "model.square.weight 24 24 false",
      ])
  }

  /// Tensors that replace others: what the policy freezes must be the base's, and so must an adapted embedding.
  @Test mutating func replacedTensors() throws {
    let bias = try #require(fixture.model.tensors["model.head.bias"])
    var adapter = fixture.adapter
    let key = "base_model.model.model.head.bias"
    adapter.tensors[key] = .init(shape: bias.shape, values: bias.values.map(Double.init))
    let same = try model(adapter)
    #expect(same.wholes.tensors.isEmpty)
    #expect(same.tensors.first { $0.name == "model.head.bias" }?.change == TensorChange.none)
    let free = try model(adapter, rules: [("model.head.bias", "{\"norm\": {\"absolute\": 1}}")])
    #expect(free.wholes.tensors.map(\.name) == ["model.head.bias"])
    #expect(free.tensors.first { $0.name == "model.head.bias" }?.change == .dense)
    adapter.tensors[key]?.values[3] += 0.25
    let replaced = PolicyViolation(tensor: "model.head.bias", .replaced)
    #expect(throws: DriftProofError.policyViolated([replaced])) { try model(adapter) }

    let q = try #require(fixture.model.tensors["model.layers.0.q.weight"])
    adapter = fixture.adapter
    adapter.tensors["base_model.model.model.layers.0.q.base_layer.weight"] = .init(
      shape: q.shape, values: q.values.map(Double.init))
    #expect(try model(adapter).products.count == 2)
    adapter.tensors["base_model.model.model.layers.0.q.base_layer.weight"]?.values[0] += 1
    expect(adapter) { error in
      guard case .replacedAndAdapted(_, "model.layers.0.q.weight") = error else { return false }
      return true
    }
    // A head that the base does not have is a tensor that was added, with the gap's own message.
    adapter = fixture.adapter
    adapter.tensors["base_model.model.score.weight"] = TestAdapter.random([3, 48], random: &fixture.random)
    #expect(
      fixture.refusal(try AdapterFixture.policy("{\"rank\": 4}"), adapter: adapter)
        == .coverageGap([.added(tensor: "score.weight", renamedFrom: nil)]))
  }
}
