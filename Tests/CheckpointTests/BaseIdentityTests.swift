// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

@Suite struct BaseIdentityTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func known() throws -> BaseIdentity {
    try BaseIdentity.compute(checkpoint: Checkpoint.open(writeFile(knownSamples, folder.file("k.safetensors"))))
  }

  /// Root, norms and maxima from a Python script that shares no code with this package.
  @Test func matchesTheIndependentScript() throws {
    let identity = try known()
    #expect(identity.rootHex == "e611c41b4f81dabacfdb5f1eaa89a00cb9e318183a615ee2b97e96926ed68675")
    #expect(identity.tensors.map(\.statistics.fractionBits) == [19, 0, 23])
    #expect(identity.tensors.map(\.statistics.sumOfSquares) == [4_916_191_386_665, 0, 3_516_719_431_680])
    #expect(identity.tensors.map(\.statistics.maxAbs) == [1_572_864, 0, 1_677_312])
    #expect(identity.tensor(named: "c")?.shape == [2])
    #expect(identity.tensor(named: "bb") == nil)
  }

  @Test func emptyCheckpointHasAnIdentity() throws {
    let identity = try BaseIdentity.compute(checkpoint: Checkpoint.open(writeFile([], folder.file("e.safetensors"))))
    #expect(identity.rootHex == "6abc9a86c3286aced5f0a92c19f460249b4315ce12bd1ca192c0a7c301f53ef1")
    #expect(try BaseIdentity.parse(identity.jsonBytes()) == identity)
  }

  @Test func isDeterministicAndSurvivesTheFile() throws {
    var generator = SeededGenerator(seed: 11)
    let samples = (0..<17).map { index in
      let words = (0..<index * 700).map { _ in Float.random(in: -2...2, using: &generator).bitPattern }
      return Sample("layer.\(index)\n\"é", .f32, [words.count], littleEndian(words))
    }
    let path = try writeFile(samples, folder.file("a.safetensors"))
    let reversed = try writeFile(samples.reversed(), folder.file("b.safetensors"))
    let first = try BaseIdentity.compute(checkpoint: Checkpoint.open(path))
    for _ in 0..<3 { #expect(try BaseIdentity.compute(checkpoint: Checkpoint.open(reversed)) == first) }
    let bytes = first.jsonBytes()
    let parsed = try BaseIdentity.parse(bytes)
    #expect(parsed == first)
    #expect(parsed.jsonBytes() == bytes)
  }

  @Test func everyFieldOfALeafChangesTheRoot() throws {
    let root = try known().root
    var others: [[UInt8]] = []
    for change in 0..<4 {
      var samples = knownSamples
      let old = samples[1]
      switch change {
      case 0: samples[1] = Sample("aa", old.dtype, old.shape, old.bytes)
      case 1: samples[1] = Sample("a", old.dtype, [3, 2], old.bytes)
      case 2: samples[1] = Sample("a", .i32, old.shape, old.bytes)
      default: samples[1] = Sample("a", old.dtype, old.shape, [old.bytes[0] ^ 1] + old.bytes.dropFirst())
      }
      let path = try writeFile(samples, folder.file("\(change).safetensors"))
      others.append(try BaseIdentity.compute(checkpoint: Checkpoint.open(path)).root)
    }
    #expect(Set(others + [root]).count == 5)
  }

  /// Weights without encoding: digest and entry in the leaf, version 2 of the file, and no other statistics.
  @Test func tensorsWithoutEncodingHaveAnIdentity() throws {
    let largest = Float(sign: .plus, exponent: 41, significand: 1)
    func words(_ values: [Float]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }
    // The second block has it, the bits fell before.
    var late = [Float](repeating: 1, count: 40_000)
    late[30_001] = -.infinity
    late[30_002] = .nan
    let samples = [
      Sample("a", .f32, [2], words([1, .nan])), Sample("b", .f32, [40_000], words(late)),
      Sample("c", .f32, [2], words([largest, 1])), Sample("d", .f32, [2], words([1, largest.nextUp])),
    ]
    let path = try writeFile(samples, folder.file("n.safetensors"))
    let identity = try BaseIdentity.compute(checkpoint: Checkpoint.open(path))
    #expect(identity.tensors.map(\.statistics.unencodableEntry) == [1, 30_001, nil, 1])
    #expect(identity.tensors.map(\.isEncodable) == [false, false, true, false])
    let text = String(decoding: identity.jsonBytes(), as: UTF8.self)
    #expect(text.hasPrefix("{\"driftIdentity\": 2, "))
    #expect(try BaseIdentity.parse(identity.jsonBytes()) == identity)
    // Another entry is another root, and a leaf of version 1 is no leaf of version 2.
    let moved = text.replacingOccurrences(of: "\"unencodableEntry\": 30001", with: "\"unencodableEntry\": 30002")
    #expect(throws: CheckpointError.self) { try BaseIdentity.parse(Array(moved.utf8)) }
    let zeros = text.replacingOccurrences(
      of: "\"unencodableEntry\": 30001", with: "\"fractionBits\": 0, \"sumOfSquares\": \"0\", \"maxAbs\": 0")
    #expect(throws: CheckpointError.self) { try BaseIdentity.parse(Array(zeros.utf8)) }
    // An entry that the tensor does not have, and version 1 for such a base.
    for (old, new) in [
      ("\"unencodableEntry\": 30001", "\"unencodableEntry\": 40000"), ("Identity\": 2", "Identity\": 1"),
    ] {
      let changed = text.replacingOccurrences(of: old, with: new)
      do {
        _ = try BaseIdentity.parse(Array(changed.utf8))
        Issue.record("accepted")
      } catch {
        guard case .identityValue = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }

  @Test func newerVersionsAreNamed() throws {
    let text = String(decoding: try known().jsonBytes(), as: UTF8.self)
    let newer = Array(text.replacingOccurrences(of: "Identity\": 1", with: "Identity\": 6").utf8)
    do {
      _ = try BaseIdentity.parse(newer)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("use a newer one"))
    }
  }

  /// Replaces `old` in the known identity's file and expects the error.
  private func expect(
    _ old: String, _ new: String, _ error: CheckpointError, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let text = String(decoding: try known().jsonBytes(), as: UTF8.self)
    #expect(text.contains(old), sourceLocation: location)
    let changed = Array(text.replacingOccurrences(of: old, with: new).utf8)
    #expect(throws: error, sourceLocation: location) { try BaseIdentity.parse(changed) }
    #expect(error.description.contains("$"), sourceLocation: location)
  }

  @Test func rejects_identity_when_keys_are_unknown_or_missing() throws {
    let keys = ["name", "dtype", "shape", "fractionBits", "sumOfSquares", "maxAbs", "sha256"]
    try expect(
      "\"maxAbs\": 1572864", "\"maxabs\": 1", .identityJSON(.unknownKey(path: "$.tensors[0].maxabs", allowed: keys)))
    try expect("\"maxAbs\": 1572864, ", "", .identityJSON(.missingKey(path: "$.tensors[0].maxAbs")))
    try expect(
      "\"driftIdentity\": 1, ", "\"driftIdentity\": 2, ",
      .identityValue(
        path: "$.driftIdentity", found: "2",
        expected:
          "1: version 5 is for next bases, 4 for bases with a tableau that hides their weights, 3 with a public one, 2 for others "
          + "with a tensor without encoding, 1 for the rest"))
  }

  @Test func rejects_identity_when_names_are_unsorted_or_repeat() throws {
    for name in ["a", "A"] {
      try expect(
        "\"b.count\"", "\"\(name)\"",
        .identityValue(
          path: "$.tensors[1].name", found: "\"\(name)\"", expected: "a name after \"a\" in the order of UTF-8 bytes"))
    }
  }

  @Test func rejects_identity_when_dtype_is_unknown() throws {
    try expect(
      "\"F32\"", "\"f32\"",
      .identityJSON(
        .outOfRange(path: "$.tensors[0].dtype", found: "\"f32\"", expected: "a safetensors dtype")))
  }

  @Test func rejects_identity_when_values_are_out_of_range() throws {
    try expect(
      "\"maxAbs\": 1572864", "\"maxAbs\": 1099511627777",
      .identityJSON(
        .outOfRange(
          path: "$.tensors[0].maxAbs", found: "1099511627777", expected: "an integer from 0 to 1099511627776")))
    try expect(
      "\"fractionBits\": 19", "\"fractionBits\": 25",
      .identityJSON(
        .outOfRange(path: "$.tensors[0].fractionBits", found: "25", expected: "an integer from -20 to 24")))
    // One more than 6 · 1572864², and one less than 1572864².
    for sum in ["14843406974977", "2473901162495"] {
      try expect(
        "\"4916191386665\"", "\"\(sum)\"",
        .identityValue(
          path: "$.tensors[0].sumOfSquares", found: sum, expected: "a value from maxAbs² to entries × maxAbs²"))
    }
    try expect(
      "\"shape\": [2, 3]", "\"shape\": [4294967296, 4294967296]",
      .identityValue(
        path: "$.tensors[0].shape", found: "[4294967296, 4294967296]", expected: "a size that fits whole bytes"))
  }

  @Test func rejects_identity_when_integer_tensors_have_norms() throws {
    let old = "\"fractionBits\": 0, \"sumOfSquares\": \"0\", \"maxAbs\": 0"
    try expect(
      old, "\"fractionBits\": 1, \"sumOfSquares\": \"0\", \"maxAbs\": 0",
      .identityValue(path: "$.tensors[1].fractionBits", found: "1", expected: "0 for I64"))
    try expect(
      old, "\"fractionBits\": 0, \"sumOfSquares\": \"1\", \"maxAbs\": 0",
      .identityValue(path: "$.tensors[1].sumOfSquares", found: "1", expected: "0 for I64"))
    try expect(
      old, "\"fractionBits\": 0, \"sumOfSquares\": \"0\", \"maxAbs\": 1",
      .identityValue(path: "$.tensors[1].maxAbs", found: "1", expected: "0 for I64"))
  }

  @Test func rejects_identity_when_root_does_not_match() throws {
    let text = String(decoding: try known().jsonBytes(), as: UTF8.self)
    let changed = text.replacingOccurrences(of: "\"4916191386665\"", with: "\"4916191386666\"")
    do {
      _ = try BaseIdentity.parse(Array(changed.utf8))
      Issue.record("accepted")
    } catch {
      guard case .identityRootMismatch = error else {
        Issue.record("\(error)")
        return
      }
    }
  }
}
