// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Output heads that one of two models stores: read as the embedding where their bytes are the embedding's, else left alone.
@Suite struct TiedHeadsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let head = "lm_head.weight"
  private let embedding = "model.embed_tokens.weight"

  private func model(
    _ name: String, _ values: [(name: String, word: UInt32)], config: String? = nil
  ) throws -> Checkpoint {
    let path = folder.file(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try writeFile(
      values.map { Sample($0.name, .f32, [1, 2], littleEndian([$0.word, 0x3f80_0000])) }, path + "/model.safetensors")
    if let config { try folder.write(name + "/config.json", Array(config.utf8)) }
    return try Checkpoint.open(path)
  }

  @Test func equalHeads() throws {
    let tied = try model("tied", [(embedding, 0x3f00_0000)])
    let both = try model("both", [(embedding, 0x3e00_0000), (head, 0x3e00_0000)])
    let stored = try TiedHeads.reconcile(both, with: .checkpoint(tied))
    #expect(stored.tensors.map(\.name) == [embedding])
    #expect(stored.tiedAliases == [TiedAlias(head: head, embedding: embedding, isStored: true)])
    let absent = try TiedHeads.reconcile(tied, with: .checkpoint(both))
    #expect(absent.tensors.map(\.name) == [head, embedding])
    #expect(absent.tiedAliases == [TiedAlias(head: head, embedding: embedding, isStored: false)])
    // The head that is read is the model's own embedding, not the reference's.
    let own = try #require(absent.tensor(named: head))
    let values = try #require(tied.tensor(named: embedding))
    #expect(try absent.digest(of: own) == tied.digest(of: values))
    // By an identity, which knows digests.
    let identity = try BaseIdentity.compute(checkpoint: both)
    #expect(try TiedHeads.reconcile(tied, with: .identity(identity)).tiedAliases == absent.tiedAliases)
    #expect(
      try TiedHeads.reconcile(both, with: .identity(BaseIdentity.compute(checkpoint: tied))).tiedAliases
        == stored.tiedAliases)
    #expect(try TiedHeads.reconcile(both, with: .checkpoint(both)).tiedAliases.isEmpty)
  }

  @Test func headsTrainedApart() throws {
    let tied = try model("tied", [(embedding, 0x3f00_0000)])
    let apart = try model("apart", [(embedding, 0x3f00_0000), (head, 0x3f00_0001)])
    for (own, reference) in [(tied, apart), (apart, tied)] {
      let found = try TiedHeads.reconcile(own, with: .checkpoint(reference))
      #expect(found.tensors == own.tensors && found.tiedAliases.isEmpty)
      let identity = try BaseIdentity.compute(checkpoint: reference)
      #expect(try TiedHeads.reconcile(own, with: .identity(identity)).tensors == own.tensors)
    }
  }

  /// The side without a head says that it is not tied: the save lost it.
  @Test func configurationContradicts() throws {
    let both = try model("both", [(embedding, 0x3e00_0000), (head, 0x3e00_0000)])
    for (config, isTied) in [
      (#"{"tie_word_embeddings": false}"#, false), (#"{"text_config": {"tie_word_embeddings": false}}"#, false),
      (#"{"tie_word_embeddings": true, "text_config": {"tie_word_embeddings": false}}"#, true), ("{}", true),
    ] {
      let tied = try model("tied", [(embedding, 0x3e00_0000)], config: config)
      #expect(try TiedHeads.reconcile(tied, with: .checkpoint(both)).tiedAliases.isEmpty == !isTied, "\(config)")
      #expect(try TiedHeads.reconcile(both, with: .checkpoint(tied)).tiedAliases.isEmpty == !isTied, "\(config)")
    }
  }

  @Test func names() throws {
    for name in [
      "lm_head.weight", "model.lm_head.weight", "embed_out.weight", "cls.predictions.decoder.weight",
      "encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
    ] { #expect(TiedHeads.isHead(name), "\(name)") }
    for name in [
      "lm_head.bias", "xlm_head.weight", "lm_head.dense.weight", "model.embed_tokens.weight", "decoder.weight",
    ] { #expect(!TiedHeads.isHead(name), "\(name)") }
    // An encoder's table is the shared one, not any embedding.
    let shared = try model("shared", [("shared.weight", 0x3e00_0000), ("other.wte.weight", 0x3e00_0000)])
    let three = try model(
      "three", [("shared.weight", 1), ("encoder.embed_tokens.weight", 1), ("other.wte.weight", 1)])
    let found = try TiedHeads.reconcile(three, with: .checkpoint(shared))
    #expect(found.tiedAliases.map(\.embedding) == ["shared.weight"])
  }
}
