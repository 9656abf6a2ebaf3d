// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import Foundation
import TestSupport
import Testing

/// Files that are no safetensors: each message says what the file seems to be and what to do.
@Suite struct FileKindTests {
  static let kinds: [(start: String, kind: FileKind, words: String)] = [
    ("GGUF\u{3}\0\0\0\0\0\0\0", .gguf, "convert the weights"),
    ("PK\u{3}\u{4}\u{14}\0\0\0", .zip, "convert the weights"),
    ("<!DOCTYPE html><html>", .html, "download the file again"), ("\n<html lang=\"en\">", .html, "download"),
    ("version https://git-lfs.github.com/spec/v1\noid", .unfetched, "git lfs pull"),
    ("{\"driftPolicy\": 1}", .policy, "a drift policy"), ("// mine\n{\"driftPolicy\": 1}", .policy, "a drift policy"),
    ("{\"driftIdentity\": 1}", .identity, "a base identity"), ("driftprf\u{2}\0\0\0", .certificate, "a certificate"),
    ("{\"weight_map\": {}}", .shardIndex, "name the folder"), ("-----BEGIN PRIVATE KEY-----", .pem, "a key"),
    ("{\"x\": 1}", .json, "a JSON file"),
  ]

  @Test func kindsOfFiles() throws {
    let folder = try TemporaryFolder()
    for (start, kind, words) in Self.kinds {
      #expect(FileKind(Array(start.utf8)) == kind, "\(start)")
      let path = try folder.write("model.safetensors", Array(start.utf8))
      let error = #expect(throws: CheckpointError.wrongKind(file: path, kind)) { try Checkpoint.open(path) }
      let message = try #require(error).description
      #expect(message.hasPrefix(path) && message.contains(words), "\(message)")
      #expect(throws: CheckpointError.wrongKind(file: path, kind)) { try Checkpoint.open(folder.path) }
    }
    for (start, kind) in [
      ([0x80, 0x02, 0x7D], FileKind.pickle), ([0x1F, 0x8B, 8], .gzip), ([0x89, 0x48, 0x44, 0x46], .hdf5),
      ([0x7F, 0x45, 0x4C, 0x46], .executable), ([0xEF, 0xBB, 0xBF, 0x7B, 0x22, 0x61], .json),
    ] as [([UInt8], FileKind)] { #expect(FileKind(start) == kind) }
    for start in [[], [0], [0x80, 0x41], Array("hello".utf8), [UInt8](repeating: 0, count: 64)] as [[UInt8]] {
      #expect(FileKind(start) == nil, "\(start)")
    }
    let good = try writeFile(knownSamples, folder.file("good.safetensors"))
    #expect(FileKind(Array(try Data(contentsOf: URL(fileURLWithPath: good)).prefix(64))) == .safetensors)
  }

  @Test func bytesBehindTheLastTensor() throws {
    let folder = try TemporaryFolder()
    let path = try writeFile(knownSamples, folder.file("x.safetensors"))
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    try folder.write("x.safetensors", bytes + [1, 2, 3])
    var error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error?.description.contains("3 bytes stand behind the last tensor") == true)
    try folder.write("x.safetensors", bytes.dropLast())
    error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    #expect(error?.description.contains("the download may be incomplete") == true)
  }

  @Test func tooManyOpenFiles() throws {
    let folder = try TemporaryFolder()
    let path = try writeFile(knownSamples, folder.file("x.safetensors"))
    // Said by the words alone: to run out of descriptors would disturb tests beside this one.
    let message = CheckpointError.cannotOpen(file: path, reason: MappedFile.reason(EMFILE)).description
    #expect(message.contains("Too many open files") && message.contains("ulimit -n"))
  }
}
