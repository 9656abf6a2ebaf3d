// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Which files of a folder are the model, and what is said of the others.
@Suite struct ModelFolderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ names: String...) throws {
    for name in names { try folder.write(name, [UInt8](repeating: 7, count: 64)) }
  }

  private func single(_ name: String = "model.safetensors") throws { try writeFile(knownSamples, folder.file(name)) }

  private func sharded(_ prefix: String = "model") throws {
    let shards = ["\(prefix)-00001-of-00002.safetensors", "\(prefix)-00002-of-00002.safetensors"]
    try writeFile([knownSamples[0]], folder.file(shards[0]))
    try writeFile(Array(knownSamples[1...]), folder.file(shards[1]))
    let map = "{\"weight_map\": {\"a\": \"\(shards[1])\", \"b.count\": \"\(shards[1])\", \"c\": \"\(shards[0])\"}}"
    try folder.write("\(prefix).safetensors.index.json", Array(map.utf8))
  }

  /// The other weights that a folder is refused for; nil for one that is accepted.
  private func others(_ leavingOut: String...) throws -> [String]? {
    do throws(CheckpointError) {
      _ = try Checkpoint.open(folder.path, leavingOut: leavingOut.map { FilePattern($0) })
      return nil
    } catch {
      guard case .moreWeights(_, _, let others) = error else { throw error }
      return others
    }
  }

  @Test(arguments: [
    "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin", "consolidated.safetensors",
    "consolidated.00.pth", "model.fp16.safetensors", "extra.safetensors", "pytorch_model.bin",
    "pytorch_model-00001-of-00002.bin", "model.gguf", "ggml-model-q4_0.gguf", "last.ckpt", "tf_model.h5",
    "flax_model.msgpack", "model.onnx", "weights.npz", "model.pt", "MODEL.PT", "optimizer.safetensors",
    "model-00001-of-00002.safetensors", "big.gguf.part1of2", "saved_model.pb", "optimizerless.pt",
  ])
  func refusesOtherWeights(_ name: String) throws {
    try single()
    try write(name)
    #expect(try others() == [name])
    #expect(try others("unrelated*") == [name])
    let left = try Checkpoint.open(folder.path, leavingOut: [FilePattern(name)])
    #expect(left.filesLeftOut == [name] && left.pathsLeftOut == [folder.file(name)])
    #expect(left.filesRead == ["model.safetensors"])
  }

  @Test(arguments: [
    "README.md", "config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
    "special_tokens_map.json", "vocab.txt", "merges.txt", "spiece.model", "optimizer.pt", "optimizer.bin",
    "optimizer_0.pt",
    "scheduler.pt", "rng_state.pth", "rng_state_0.pth", "random_states_0.pkl", "training_args.bin",
    "trainer_state.json",
    "scaler.pt", "sampler_1.bin", "pytorch_model.bin.index.json", ".hidden.safetensors", ".gitattributes",
    "zero_to_fp32.py", "latest", "events.out.tfevents.1", "chat_template.jinja", "model.safetensors.metadata",
  ])
  func takesWhatNothingLoads(_ name: String) throws {
    try single()
    try folder.write(name, Array("{}".utf8))
    let opened = try Checkpoint.open(folder.path)
    #expect(opened.tensors.count == 3 && opened.filesLeftOut.isEmpty)
  }

  @Test func shardedFolders() throws {
    try sharded()
    try folder.write("tokenizer.json", Array("{}".utf8))
    try FileManager.default.createDirectory(atPath: folder.file("onnx"), withIntermediateDirectories: true)
    try writeFile(knownSamples, folder.file("onnx/model.safetensors"))
    let opened = try Checkpoint.open(folder.path)
    #expect(
      opened.filesRead == [
        "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
      ])
    // A second set, and a shard that the index does not name.
    try sharded("consolidated")
    try writeFile(knownSamples, folder.file("model-00003-of-00003.safetensors"))
    #expect(
      try others() == [
        "consolidated-00001-of-00002.safetensors", "consolidated-00002-of-00002.safetensors",
        "model-00003-of-00003.safetensors",
      ])
    #expect(try others("consolidated*", "model-00003-*") == nil)
  }

  /// Who leaves out one of two has chosen the other; what is read cannot be left out.
  @Test func bothLayouts() throws {
    try sharded()
    try single()
    let ambiguous = CheckpointError.ambiguousFolder(
      folder: folder.path, found: ["model.safetensors", "model.safetensors.index.json"])
    #expect(throws: ambiguous) { try Checkpoint.open(folder.path) }
    #expect(throws: ambiguous) { try Checkpoint.open(folder.path, leavingOut: [FilePattern("model*")]) }
    #expect(ambiguous.isAboutWhichWeights)
    #expect(try others("model.safetensors") == nil)
    #expect(try others("*.index.json") == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
    let single = try Checkpoint.open(folder.path, leavingOut: [FilePattern("*.index.json"), FilePattern("*-of-*")])
    #expect(single.filesRead == ["model.safetensors"] && single.filesLeftOut.count == 3)
    try FileManager.default.removeItem(atPath: folder.file("model.safetensors.index.json"))
    #expect(try others("*") == nil)
    #expect(try Checkpoint.open(folder.path, leavingOut: [FilePattern("*")]).filesRead == ["model.safetensors"])
  }

  /// Components of diffusers' pipelines, and variants: the only one is read.
  @Test(arguments: [
    "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "model.fp16.safetensors",
    "model.non_ema.safetensors",
  ])
  func variants(_ name: String) throws {
    try single(name)
    #expect(try Checkpoint.open(folder.path).filesRead == [name])
    // What is read cannot be left out.
    #expect(try Checkpoint.open(folder.path, leavingOut: [FilePattern("*")]).filesRead == [name])
    try single("diffusion_pytorch_model.bf16.safetensors")
    let both = [name, "diffusion_pytorch_model.bf16.safetensors"].sorted()
    let ambiguous = CheckpointError.ambiguousFolder(folder: folder.path, found: both)
    #expect(throws: ambiguous) { try Checkpoint.open(folder.path) }
    #expect(ambiguous.isAboutWhichWeights && ambiguous.description.contains("name the one file"))
    let chosen = try Checkpoint.open(folder.path, leavingOut: [FilePattern("*.bf16.*")])
    #expect(chosen.filesRead == [name] && chosen.filesLeftOut == ["diffusion_pytorch_model.bf16.safetensors"])
    // Beside the usual name all others are more weights, as before.
    try single()
    #expect(try others() == both)
  }

  @Test func variantsOfIndexes() throws {
    try sharded("diffusion_pytorch_model")
    let index = "diffusion_pytorch_model.safetensors.index.json"
    #expect(try Checkpoint.open(folder.path).filesRead.first == index)
    let variant = "diffusion_pytorch_model.safetensors.index.fp16.json"
    try FileManager.default.moveItem(atPath: folder.file(index), toPath: folder.file(variant))
    #expect(try Checkpoint.open(folder.path).filesRead.first == variant)
    try sharded("diffusion_pytorch_model")
    #expect(throws: CheckpointError.ambiguousFolder(folder: folder.path, found: [variant, index])) {
      try Checkpoint.open(folder.path)
    }
    // An index beside the model leads to other weights.
    try single()
    #expect(try others()?.contains(index) == true)
    try folder.write("other.safetensors.index.json", Array("{}".utf8))
    #expect(try others()?.contains("other.safetensors.index.json") == false)
  }

  @Test func subfoldersAreNamed() throws {
    for name in ["unet", "text_encoder", "scheduler", ".git"] {
      try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: true)
    }
    for name in ["unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors", ".git/x.safetensors"] {
      try writeFile(knownSamples, folder.file(name))
    }
    try folder.write("model_index.json", Array("{}".utf8))
    #expect(throws: CheckpointError.otherWeights(folder: folder.path, .subfolders(["text_encoder", "unet"]))) {
      try Checkpoint.open(folder.path)
    }
    #expect("\(FolderContents.subfolders(["a", "b"]))".contains("\"a\", \"b\"; name one of them"))
  }

  /// transformers loads what `transformers_weights` names.
  @Test func configuredWeights() throws {
    func configure(_ value: String) throws {
      try folder.write("config.json", Array("{\"model_type\": \"x\", \"transformers_weights\": \(value)}".utf8))
    }
    try single("other.safetensors")
    try configure("\"other.safetensors\"")
    #expect(try Checkpoint.open(folder.path).filesRead == ["other.safetensors"])
    try single()
    #expect(try others() == ["model.safetensors"])
    #expect(try others("model.safetensors") == nil)
    try configure("null")
    #expect(try others() == ["other.safetensors"])
    for value in ["\"gone.safetensors\"", "\"../x.safetensors\"", "\"other.bin\"", "7", "{"] {
      try configure(value)
      let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
      #expect(error?.isAboutWhichWeights == true && error?.description.contains("config.json") == true, "\(value)")
    }
    // Not JSON, as some write it, and nothing in it that matters.
    try folder.write("config.json", Array("{\"limit\": Infinity}".utf8))
    #expect(try others("other*") == nil)
    try sharded("set")
    try configure("\"set.safetensors.index.json\"")
    #expect(try others("model*", "other*") == nil)
  }

  @Test func oneShardIsNoModel() throws {
    try sharded()
    let path = folder.file("model-00001-of-00002.safetensors")
    #expect(throws: CheckpointError.shardAlone(file: path, index: 1, count: 2)) { try Checkpoint.open(path) }
    for (name, place) in [
      ("model-00001-of-00003.safetensors", 3), ("pytorch_model.fp16-00001-of-00003.safetensors", 3),
      ("a/model-00001-of-00003.fp16.safetensors", 3), ("model_00001-of-00003.safetensors", 3),
      ("1-of-2.safetensors", 2),
    ] {
      #expect(WeightFiles.shard(name)?.count == place, "\(name)")
    }
    for name in [
      "model-00001-of-00001.safetensors", "best-of-3.safetensors", "model.safetensors", "of-1-2.safetensors",
    ] {
      #expect(WeightFiles.shard(name) == nil, "\(name)")
    }
    // Nor is it suggested.
    try FileManager.default.removeItem(atPath: folder.file("model.safetensors.index.json"))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    let message = try #require(error).description
    #expect(message.contains("2 of 2 shards") && message.contains("index.json") && !message.contains("name one"))
  }

  /// The Hub's cache: links into a folder of contents; and what is left when the contents are gone.
  @Test func linkedFiles() throws {
    try FileManager.default.createDirectory(atPath: folder.file("blobs"), withIntermediateDirectories: true)
    let snapshot = folder.file("snapshots/main")
    try FileManager.default.createDirectory(atPath: snapshot, withIntermediateDirectories: true)
    try writeFile(knownSamples, folder.file("blobs/0123abcd"))
    try FileManager.default.createSymbolicLink(
      atPath: snapshot + "/model.safetensors", withDestinationPath: "../../blobs/0123abcd")
    #expect(try Checkpoint.open(snapshot).tensors.count == 3)
    #expect(
      throws: CheckpointError.noCheckpoint(
        folder: folder.file("blobs"), lookedFor: ["model.safetensors", "model.safetensors.index.json"])
    ) { try Checkpoint.open(folder.file("blobs")) }
    try FileManager.default.createSymbolicLink(
      atPath: snapshot + "/adapter_model.bin", withDestinationPath: "../../blobs/gone")
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(snapshot) }
    guard case .moreWeights(_, _, ["adapter_model.bin"])? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try FileManager.default.removeItem(atPath: snapshot + "/adapter_model.bin")
    try FileManager.default.removeItem(atPath: folder.file("blobs/0123abcd"))
    #expect(
      throws: CheckpointError.danglingLink(file: snapshot + "/model.safetensors", target: "../../blobs/0123abcd")
    ) { try Checkpoint.open(snapshot) }
  }

  @Test func patterns() {
    let cases: [(String, [String], [String])] = [
      ("adapter_*", ["adapter_", "adapter_model.bin"], ["my_adapter_x", "adapter"]), ("*", ["", "a.b"], []),
      ("*.bin", [".bin", "a.b.bin"], ["a.bin.x", "bin"]), ("a?c", ["abc", "a*c"], ["ac", "abbc"]),
      ("a*b*c", ["abc", "aXbYbZc"], ["acb", "ab"]), ("[x]", ["[x]"], ["x"]), ("", [""], ["a"]),
    ]
    for (pattern, matched, others) in cases {
      for name in matched { #expect(FilePattern(pattern).matches(name), "\(pattern) \(name)") }
      for name in others { #expect(!FilePattern(pattern).matches(name), "\(pattern) \(name)") }
    }
    let long = String(repeating: "a", count: 2000)
    #expect(!FilePattern(String(repeating: "*a", count: 200) + "b").matches(long))
  }
}
