// SPDX-License-Identifier: Apache-2.0

import DriftProof
@testable import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Merged models against what they should be, computed here entry by entry.
@Suite struct MergeTests {
  /// W + factor·B·A of a linear layer or a convolution.
  private func expected(
    _ fixture: AdapterFixture, _ name: String, _ module: String, factor: Double
  ) throws -> [Float] {
    let base = try #require(fixture.model.tensors[name])
    let a = try #require(fixture.adapter.tensors["base_model.model.\(module).lora_A.weight"])
    let b = try #require(fixture.adapter.tensors["base_model.model.\(module).lora_B.weight"])
    let (rank, rows) = (a.shape[0], base.shape[0])
    let columns = base.values.count / rows
    return (0..<base.values.count).map { entry in
      var sum = 0.0
      for k in 0..<rank {
        let (left, right) = (
          Float(b.values[entry / columns * rank + k]), Float(a.values[k * columns + entry % columns])
        )
        sum += Double(left) * Double(right)
      }
      return Float(Double(base.values[entry]) + factor * sum)
    }
  }

  @Test func linearLayersConvolutionsAndTheRest() throws {
    var fixture = try AdapterFixture()
    fixture.adapter.add("model.conv", shape: [12, 6, 3, 3], random: &fixture.random)
    let merge = try ModelMerge.merge(
      base: fixture.base(), adapter: fixture.adapter.open("adapter", in: fixture.folder),
      to: fixture.folder.file("merged.safetensors"))
    #expect(merge.merged == 3 && merge.replaced == 0 && merge.copied == fixture.model.tensors.count + 1 - 3)
    let merged = try Checkpoint.open(fixture.folder.file("merged.safetensors"))
    let modules = [
      "model.layers.0.q.weight": "model.layers.0.q", "model.layers.0.v.weight": "model.layers.0.v",
      "model.conv.weight": "model.conv",
    ]
    for tensor in merged.tensors where tensor.dtype == .f32 {
      let values = try merged.doubles(of: tensor).map(Float.init)
      guard let module = modules[tensor.name] else {
        #expect(values == fixture.model.tensors[tensor.name]?.values)
        continue
      }
      #expect(try values == expected(fixture, tensor.name, module, factor: 2))
    }
    let counter = try #require(merged.tensor(named: "model.steps"))
    #expect(try merged.bytes(of: counter, range: 0..<8) == [7, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func byPath() throws {
    let fixture = try AdapterFixture()
    let (base, adapter) = (try fixture.base().path, try fixture.adapter.write("adapter", in: fixture.folder))
    let path = fixture.folder.file("by-path.safetensors")
    var fractions: [Double] = []
    let merge = try ModelMerge.merge(base: base, adapter: adapter, to: path) { fractions.append($0) }
    #expect(merge.merged == 2 && fractions.last == 1 && fractions == fractions.sorted())
    #expect(merge.weightFiles == ["by-path.safetensors"] && FileManager.default.fileExists(atPath: path))
  }

  /// A block's end inside a row changes nothing.
  @Test func blocksAreCutAnywhere() throws {
    var fixture = try AdapterFixture()
    let shape = [1031, 1033]
    fixture.model.tensors = ["model.layers.0.q.weight": TestTensor(shape, random: &fixture.random)]
    fixture.adapter.tensors = [:]
    fixture.adapter.add("model.layers.0.q", shape: shape, random: &fixture.random)
    _ = try ModelMerge.merge(
      base: fixture.base(), adapter: fixture.adapter.open("adapter", in: fixture.folder),
      to: fixture.folder.file("merged.safetensors"))
    let merged = try Checkpoint.open(fixture.folder.file("merged.safetensors"))
    #expect(shape.reduce(1, *) > MergedWeights.block)
    #expect(
      try merged.doubles(of: merged.tensors[0]).map(Float.init)
        == expected(fixture, "model.layers.0.q.weight", "model.layers.0.q", factor: 2))
  }

  /// What the adapter replaces gets the base's type; what only the adapter has comes along.
  @Test func replacedAndAddedTensors() throws {
    var fixture = try AdapterFixture()
    fixture.model.tensors["model.head.bias"]?.isHalf = true
    fixture.adapter.config["modules_to_save"] = "[\"head\", \"classifier\"]"
    let bias = TestAdapter.random([10], scale: 1, random: &fixture.random)
    let weight = TestAdapter.random([12, 48], scale: 1, random: &fixture.random)
    let classifier = TestAdapter.random([3, 10], scale: 1, random: &fixture.random)
    fixture.adapter.tensors["base_model.model.model.head.bias"] = bias
    fixture.adapter.tensors["base_model.model.model.head.weight"] = weight
    fixture.adapter.tensors["base_model.model.model.classifier.weight"] = classifier
    let merge = try ModelMerge.merge(
      base: fixture.base(), adapter: fixture.adapter.open("adapter", in: fixture.folder),
      to: fixture.folder.file("merged.safetensors"))
    #expect(merge.replaced == 3 && merge.grown == ["model.head.weight": 2])
    let merged = try Checkpoint.open(fixture.folder.file("merged.safetensors"))
    let own = try #require(merged.tensor(named: "model.head.bias"))
    #expect(own.dtype == .bf16)
    #expect(
      try merged.bytes(of: own, range: 0..<20)
        == WeightRounding.encode(bias.values.map { Double(Float($0)) }, as: .bf16))
    for (name, matrix) in [("model.head.weight", weight), ("model.classifier.weight", classifier)] {
      let tensor = try #require(merged.tensor(named: name))
      #expect(tensor.shape == matrix.shape)
      #expect(try merged.doubles(of: tensor) == matrix.values.map { Double(Float($0)) })
    }
  }

  private func refusal(_ fixture: AdapterFixture, base: Checkpoint? = nil) throws -> String? {
    let path = fixture.folder.file("refused")
    defer {
      #expect(!FileManager.default.fileExists(atPath: path))
      #expect(!FileManager.default.fileExists(atPath: path + ".merge-partial"))
    }
    do {
      _ = try ModelMerge.merge(
        base: base ?? fixture.base(), adapter: fixture.adapter.open("adapter", in: fixture.folder), to: path)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func weightsThatNoTypeHas() throws {
    var fixture = try AdapterFixture()
    fixture.adapter.tensors["base_model.model.model.layers.0.q.lora_B.weight"]?.values[9 * 4] = 1e38
    fixture.adapter.tensors["base_model.model.model.layers.0.q.lora_A.weight"]?.values = .init(repeating: 8, count: 160)
    let text = try #require(try refusal(fixture))
    #expect(text.contains("model.layers.0.q.weight") && text.contains("entry 360 ") && text.contains("F32"))
    // A wider type would hold it; bf16 has singles' range, and so the same end.
    fixture.adapter.tensors["base_model.model.model.layers.0.q.lora_A.weight"]?.values[3] = .nan
    #expect(try refusal(fixture)?.contains("lora_A") == true)
  }

  @Test func adaptedAndReplacedByOther() throws {
    var fixture = try AdapterFixture()
    let base = try #require(fixture.model.tensors["model.embed.weight"])
    fixture.adapter.tensors["base_model.model.model.embed.lora_embedding_A"] = TestAdapter.random(
      [4, 50], random: &fixture.random)
    fixture.adapter.tensors["base_model.model.model.embed.lora_embedding_B"] = TestAdapter.random(
      [16, 4], random: &fixture.random)
    let key = "base_model.model.model.embed.base_layer.weight"
    fixture.adapter.tensors[key] = .init(shape: [50, 16], values: base.values.map(Double.init))
    _ = try ModelMerge.merge(
      base: fixture.base(), adapter: fixture.adapter.open("adapter", in: fixture.folder),
      to: fixture.folder.file("same.safetensors"))
    fixture.adapter.tensors[key]?.values[77] += 0.5
    #expect(try refusal(fixture)?.contains("model.embed.weight") == true)
  }

  /// Where head and embedding are one tensor at run time, a change of one of them cannot be merged.
  @Test func tiedHeads() throws {
    var fixture = try AdapterFixture()
    let folder = fixture.folder.file("tied")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    fixture.model.tensors = ["model.embed_tokens.weight": TestTensor([50, 16], random: &fixture.random)]
    fixture.model.tensors["model.layers.0.q.weight"] = TestTensor([48, 40], random: &fixture.random)
    let file = try fixture.base().path
    try FileManager.default.copyItem(atPath: file, toPath: folder + "/model.safetensors")
    try Data(#"{"tie_word_embeddings": true}"#.utf8).write(to: URL(fileURLWithPath: folder + "/config.json"))
    let base = try Checkpoint.open(folder)

    fixture.adapter = TestAdapter()
    fixture.adapter.config["modules_to_save"] = "[\"embed_tokens\", \"lm_head\"]"
    fixture.adapter.add("model.layers.0.q", shape: [48, 40], random: &fixture.random)
    let rows = TestAdapter.random([52, 16], random: &fixture.random)
    fixture.adapter.tensors["base_model.model.model.embed_tokens.weight"] = rows
    #expect(try refusal(fixture, base: base)?.contains("ties the embedding") == true)
    // Both alike: a head of its own would say nothing more.
    fixture.adapter.tensors["base_model.model.lm_head.weight"] = rows
    let merge = try ModelMerge.merge(
      base: base, adapter: fixture.adapter.open("adapter", in: fixture.folder), to: fixture.folder.file("merged"))
    #expect(merge.replaced == 1 && merge.grown == ["model.embed_tokens.weight": 2])
    #expect(merge.companions == ["config.json"])
    fixture.adapter.tensors["base_model.model.lm_head.weight"]?.values[0] += 1
    #expect(try refusal(fixture, base: base)?.contains("ties the embedding") == true)
  }

  /// Files, order and index of the base's, and the same bytes again.
  @Test func shardsAndIndex() throws {
    var fixture = try AdapterFixture()
    let folder = fixture.folder.file("sharded")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let parts = [
      ("model-00001-of-00002.safetensors", ["model.layers.0.v.weight", "model.layers.0.q.weight"]),
      ("model-00002-of-00002.safetensors", ["model.head.weight"]),
    ]
    var map: [String: String] = [:]
    for (file, names) in parts {
      let writer = try SafetensorsWriter(
        path: folder + "/" + file,
        tensors: names.map { .init(name: $0, dtype: .f32, shape: fixture.model.tensors[$0]?.shape ?? []) },
        metadata: [("format", "pt")])
      for name in names {
        map[name] = file
        try writer.append(words: fixture.model.tensors[name]?.values.map(\.bitPattern) ?? [])
      }
      try writer.finish()
    }
    let index = try JSONSerialization.data(withJSONObject: ["weight_map": map])
    for (name, data) in [
      ("model.safetensors.index.json", index), ("README.md", Data("base".utf8)), ("LICENSE", Data("free".utf8)),
      ("tokenizer.json", Data("{}".utf8)),
    ] { try data.write(to: URL(fileURLWithPath: folder + "/" + name)) }
    let adapter = try fixture.adapter.open("adapter", in: fixture.folder)
    try Data("{\"own\": 1}".utf8).write(to: URL(fileURLWithPath: adapter.path + "/tokenizer.json"))
    var bytes: [[String: Data]] = []
    for name in ["one", "two"] {
      let path = fixture.folder.file(name)
      let merge = try ModelMerge.merge(base: Checkpoint.open(folder), adapter: adapter, to: path + "/")
      #expect(merge.weightFiles == parts.map(\.0) && merge.leftBehind == ["README.md"])
      #expect(merge.companions == ["LICENSE", "tokenizer.json"])
      let merged = try Checkpoint.open(path)
      #expect(merged.filesRead == ["model.safetensors.index.json"] + parts.map(\.0))
      let found = try merged.metadata(ofFile: path + "/" + parts[0].0)
      #expect(found["format"] == "pt" && found["driftproof.merge"] == "1")
      #expect(found["driftproof.merge.adapter.sha256"]?.count == 64)
      let files = try FileManager.default.contentsOfDirectory(atPath: path)
      bytes.append(
        Dictionary(
          uniqueKeysWithValues: try files.map { ($0, try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0))) }))
    }
    #expect(bytes[0] == bytes[1] && bytes[0]["tokenizer.json"] == Data("{\"own\": 1}".utf8))
    // What is there stays.
    #expect(throws: DriftProofError.self) {
      try ModelMerge.merge(base: Checkpoint.open(folder), adapter: adapter, to: fixture.folder.file("one"))
    }
  }
}
