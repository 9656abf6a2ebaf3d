// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

@Suite struct CheckpointFolderTests {
  let folder: TemporaryFolder
  let index = "model.safetensors.index.json"

  init() throws { folder = try TemporaryFolder() }

  private func writeShards(_ map: String) throws {
    try writeFile([knownSamples[0]], folder.file("s1.safetensors"))
    try writeFile(Array(knownSamples[1...]), folder.file("s2.safetensors"))
    try folder.write(index, Array("{\"metadata\": {\"total_size\": 36}, \"weight_map\": \(map)}".utf8))
  }

  private let goodMap = #"{"a": "s2.safetensors", "b.count": "s2.safetensors", "c": "s1.safetensors"}"#

  private func expect(_ error: CheckpointError, _ location: SourceLocation = #_sourceLocation) {
    #expect(throws: error, sourceLocation: location) { try Checkpoint.open(folder.path) }
  }

  @Test func shardedFolderHasTheIdentityOfTheSingleFile() throws {
    try writeShards(goodMap)
    let sharded = try Checkpoint.open(folder.path + "/")
    let other = try TemporaryFolder()
    let single = try Checkpoint.open(try writeFile(knownSamples, other.file("model.safetensors")))
    #expect(sharded.tensors.map(\.name) == ["a", "b.count", "c"])
    let identity = try BaseIdentity.compute(checkpoint: sharded)
    #expect(try identity == BaseIdentity.compute(checkpoint: single))
    #expect(try identity == BaseIdentity.compute(checkpoint: Checkpoint.open(other.path)))
    for (left, right) in zip(sharded.tensors, single.tensors) {
      #expect(try Checkpoint.firstDifference(base: sharded, left, tuned: single, right) == nil)
    }
  }

  @Test func rejects_folder_when_nothing_or_both_layouts_are_there() throws {
    expect(.noCheckpoint(folder: folder.path, lookedFor: ["model.safetensors", index]))
    try writeShards(goodMap)
    try writeFile(knownSamples, folder.file("model.safetensors"))
    expect(.ambiguousFolder(folder: folder.path, found: ["model.safetensors", index]))
  }

  @Test func rejects_path_when_absent_or_not_a_file() {
    let path = folder.file("gone")
    #expect(throws: CheckpointError.cannotOpen(file: path, reason: "No such file or directory")) {
      try Checkpoint.open(path)
    }
    #expect(throws: CheckpointError.notARegularFile(file: "/dev/null")) { try Checkpoint.open("/dev/null") }
  }

  @Test func rejects_index_when_shard_is_missing() throws {
    try writeShards(goodMap)
    try FileManager.default.removeItem(atPath: folder.file("s1.safetensors"))
    expect(
      .missingShard(file: folder.file(index), shard: "s1.safetensors", reason: "No such file or directory"))
  }

  @Test func rejects_index_when_shard_is_a_path() throws {
    for name in ["../s1.safetensors", "/etc/passwd", "..", "", "a\\\\b", "a\\u0000"] {
      try writeShards("{\"a\": \"\(name)\"}")
      #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    }
    try writeShards(#"{"a": "x/y"}"#)
    expect(.shardName(file: folder.file(index), tensor: "a", shard: "x/y"))
  }

  @Test func rejects_index_when_shard_lacks_the_tensor() throws {
    try writeShards(goodMap.replacingOccurrences(of: "}", with: ", \"d\": \"s1.safetensors\"}"))
    expect(.missingFromShard(file: folder.file(index), tensor: "d", shard: "s1.safetensors"))
  }

  @Test func rejects_index_when_tensor_is_not_listed() throws {
    try writeShards(#"{"a": "s2.safetensors", "c": "s1.safetensors"}"#)
    expect(.missingFromIndex(file: folder.file(index), tensor: "b.count", shard: "s2.safetensors"))
  }

  @Test func rejects_index_when_tensor_is_in_another_shard() throws {
    try writeShards(#"{"a": "s1.safetensors", "b.count": "s2.safetensors", "c": "s1.safetensors"}"#)
    expect(
      .wrongShard(file: folder.file(index), tensor: "a", indexed: "s1.safetensors", found: "s2.safetensors"))
  }

  @Test func rejects_shards_when_a_tensor_is_in_two() throws {
    try writeShards(goodMap)
    try writeFile(Array(knownSamples[0...1]), folder.file("s1.safetensors"))
    #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }
    do {
      _ = try Checkpoint.open(folder.path)
    } catch CheckpointError.duplicateTensor(_, let tensor, _) {
      #expect(tensor == "a")
    }
  }

  @Test func rejects_index_when_keys_are_wrong() throws {
    try writeShards(goodMap)
    try folder.write(index, Array(#"{"weights": {}}"#.utf8))
    expect(.json(file: folder.file(index), .unknownKey(path: "$.weights", allowed: ["weight_map", "metadata"])))
    try folder.write(index, Array(#"{"weight_map": {"a": 1}}"#.utf8))
    expect(
      .json(file: folder.file(index), .wrongType(path: "$.weight_map.a", expected: "a string", found: "a number")))
    try folder.write(index, Array(#"{"weight_map": {"a": "s1.safetensors", "a": "s2.safetensors"}}"#.utf8))
    expect(.json(file: folder.file(index), .duplicateKey("a", offset: 39)))
  }
}
