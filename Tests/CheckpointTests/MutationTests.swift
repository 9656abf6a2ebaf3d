// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Random damage must give an error or a valid reading, never a trap. It shows nothing about which error is given.
@Suite struct MutationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// One to four edits: a byte replaced, a bit flipped, bytes removed, inserted or repeated.
  private func mutate(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    let interesting = Array("{}[]\",:\\u0-9e.+ \u{0}".utf8) + [0x80, 0xFF, 0xC3, 0xED]
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...9, using: &generator)))
      case 3: bytes.insert(interesting.randomElement(using: &generator) ?? 0, at: place)
      case 4: bytes[place] = interesting.randomElement(using: &generator) ?? 0
      default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 12)], at: place)
      }
    }
    return bytes
  }

  /// Opens and reads everything.
  private func read(_ path: String) -> Bool {
    do {
      let checkpoint = try Checkpoint.open(path)
      var words: [Int64] = []
      for tensor in checkpoint.tensors {
        _ = tensor.matrixShape
        if tensor.dtype.isFloating {
          try checkpoint.encode(tensor, range: 0..<tensor.entryCount, fractionBits: 24, into: &words)
        }
      }
      let identity = try BaseIdentity.compute(checkpoint: checkpoint)
      return try BaseIdentity.parse(identity.jsonBytes()) == identity
    } catch {
      return !error.description.isEmpty && error.description != "rejected"
    }
  }

  @Test func damagedFilesNeverTrap() throws {
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: writeFile(knownSamples, folder.file("o")))))
    for seed in 0..<3000 {
      var generator = SeededGenerator(seed: UInt64(seed))
      let path = try folder.write("m.safetensors", mutate(original, &generator))
      #expect(read(path), "seed \(seed)")
    }
  }

  @Test func damagedIndexesNeverTrap() throws {
    try writeFile([knownSamples[0]], folder.file("s1"))
    try writeFile(Array(knownSamples[1...]), folder.file("s2"))
    let original = Array(
      #"{"metadata": {"total_size": 36}, "weight_map": {"a": "s2", "b.count": "s2", "c": "s1"}}"#.utf8)
    for seed in 0..<2000 {
      var generator = SeededGenerator(seed: UInt64(seed))
      try folder.write("model.safetensors.index.json", mutate(original, &generator))
      #expect(read(folder.path), "seed \(seed)")
    }
  }

  @Test func damagedIdentitiesNeverTrap() throws {
    let path = try writeFile(knownSamples, folder.file("o"))
    let original = try BaseIdentity.compute(checkpoint: Checkpoint.open(path))
    let bytes = original.jsonBytes()
    for seed in 0..<3000 {
      var generator = SeededGenerator(seed: UInt64(seed))
      do {
        // White space may change; nothing else can without breaking the root.
        #expect(try BaseIdentity.parse(mutate(bytes, &generator)) == original, "seed \(seed)")
      } catch {
        #expect(!String(describing: error).isEmpty, "seed \(seed)")
      }
    }
  }
}
