// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAuditStatic
import DriftProofCheckpoint
import DriftProofCore
import Foundation
import TestSupport
import Testing

/// What files say without a model that runs.
struct StaticTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func checkpoint(_ name: String, _ tensors: [(name: String, values: [Float])], half: Bool = false) throws
    -> Checkpoint
  {
    var (header, data) = ([String](), Data())
    for (tensor, values) in tensors {
      let start = data.count
      for value in values {
        if half {
          // bf16, by cutting: the sketch need not see a unit in the last place.
          let bits = UInt16(truncatingIfNeeded: value.bitPattern >> 16)
          withUnsafeBytes(of: bits.littleEndian) { data.append(contentsOf: $0) }
        } else {
          withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
      }
      header.append(
        "\"\(tensor)\":{\"dtype\":\"\(half ? "BF16" : "F32")\",\"shape\":[\(values.count)],\"data_offsets\":[\(start),\(data.count)]}"
      )
    }
    let text = Data("{\(header.joined(separator: ","))}".utf8)
    var file = Data()
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { file.append(contentsOf: $0) }
    let path = folder.file(name + ".safetensors")
    try (file + text + data).write(to: URL(fileURLWithPath: path))
    return try Checkpoint.open(path)
  }

  private func gaussian(_ count: Int, _ seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      Float((0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) })
    }
  }

  /// The share of bits that differ is the angle over π, whatever the type; tensors of other names are drawn otherwise.
  @Test(arguments: [200, 40_000]) func sketchesMeasureAngles(_ count: Int) throws {
    let (weights, noise) = (gaussian(count, 1), gaussian(count, 2))
    func distance(_ name: String, _ values: [Float], half: Bool = false) throws -> Double {
      let a = try ModelSketch(checkpoint("a", [("w", weights)]))
      let b = try ModelSketch(checkpoint(name, [("w", values)], half: half))
      return try #require(SketchComparison(a, b).distance)
    }
    #expect(try distance("same", weights) == 0)
    #expect(try distance("half", weights, half: true) < 0.02)
    #expect(try (0.43...0.57).contains(distance("other", noise)))
    #expect(try distance("negated", weights.map { -$0 }) > 0.98)
    #expect(try distance("twice", weights.map { 2 * $0 }) == 0)
    // tan θ = 1/4: θ/π = 0.078.
    let tuned = zip(weights, noise).map { $0 + $1 / 4 }
    #expect(try (0.02...0.15).contains(distance("tuned", tuned)))
    let names = try ModelSketch(checkpoint("names", [("a", weights), ("b", weights)]))
    #expect(names.tensors[0].sketch != names.tensors[1].sketch)
  }

  /// Draws and sums as the documentation has them, computed apart.
  @Test func aSketchIsTheDocumentedOne() throws {
    #expect(WeightSketch.repeats(entries: 1) == 256)
    #expect(WeightSketch.repeats(entries: 1000) == 66)
    #expect(WeightSketch.repeats(entries: 65536) == 1)
    // SplitMix64 from seed 0.
    #expect(WeightSketch.draw(0, 0) == 0xE220_A839_7B1D_CDAF)
    #expect(WeightSketch.draw(0, 1) == 0x6E78_9E6A_A1B9_65F4)
    let values = gaussian(3, 5)
    let sketch = try ModelSketch(checkpoint("three", [("w", values)])).tensors[0].sketch
    var sums = [Double](repeating: 0, count: 256)
    let seed = WeightSketch.seed("w")
    for place in 0..<3 * 256 {
      let draw = WeightSketch.draw(seed, UInt64(place))
      sums[Int(draw % 256)] += (draw >> 8) % 2 == 0 ? Double(values[place / 256]) : -Double(values[place / 256])
    }
    let bits = sums.map { $0 > 0 }
    #expect(
      sketch?.bytes.enumerated().allSatisfy { byte in
        (0..<8).allSatisfy { (byte.element >> UInt8($0) & 1 == 1) == bits[8 * byte.offset + $0] }
      } == true)
  }

  @Test func otherNamesAndShapesAreNotCompared() throws {
    let a = try ModelSketch(checkpoint("a", [("v", [1, 2]), ("w", [1, 2, 3])]))
    let b = try ModelSketch(checkpoint("b", [("w", [1, 2]), ("x", [1])]))
    let comparison = SketchComparison(a, b)
    #expect(comparison.distance == nil && comparison.unmatched == ["v", "w", "x"])
    #expect(throws: CheckpointError.self) { try ModelSketch(checkpoint("nan", [("w", [.nan])])) }
  }

  /// One setting has one spelling; what says nothing of the architecture does not count.
  @Test func configurationsAreComparedByValue() throws {
    func file(_ text: String) throws -> ConfigurationFile { try ConfigurationFile(Array(text.utf8)) }
    let a = try file(
      #"{"eps":1e-05,"n":10000.0,"architectures":["A","B"],"torch_dtype":"float16","z":{"b":1,"a":-0.50}}"#)
    let b = try file(#"{"z":{"a":-5E-1,"b":1.0},"architectures":["B","A"],"n":10000,"eps":0.00001,"dtype":"bfloat16"}"#)
    #expect(a.digest == b.digest && a.differences(from: b).isEmpty)
    let c = try file(#"{"z":{"a":-0.5,"b":2},"architectures":["B","A"],"n":10000,"eps":0.00001}"#)
    #expect(a.digest != c.digest)
    #expect(a.differences(from: c).map(\.path) == ["$.z.b"])
    for (text, normal) in [
      ("0", "0"), ("-0.0", "0"), ("120", "12e1"), ("1.20e2", "12e1"), ("-1e-2", "-1e-2"),
      ("1e99999999999999999999", "1e99999999999999999999"),
    ] { #expect(DecimalSpelling.normal(text) == normal) }
  }

  @Test func tokenizersHaveFourFigures() throws {
    func facts(_ vocab: String, _ merges: String, settings: String? = nil) throws -> TokenizerFacts {
      try TokenizerFacts(
        whole: Array(
          #"{"added_tokens":[{"id":0,"content":"<s>","special":true}],"model":{"vocab":\#(vocab),"merges":\#(merges)}}"#
            .utf8),
        settings: settings.map { Array($0.utf8) })
    }
    let a = try facts(#"{"a":1,"b":2,"ab":3}"#, #"["a b"]"#, settings: #"{"chat_template":"{{x}}"}"#)
    let same = try facts(#"{"ab":3,"b":2,"a":1}"#, #"[["a","b"]]"#, settings: #"{"chat_template":"{{x}}"}"#)
    #expect(a == same && a.digest == same.digest && TokenizerComparison(a, same).isSame)
    let other = TokenizerComparison(a, try facts(#"{"a":1,"b":3,"ab":2}"#, #"["b a"]"#))
    #expect(!other.isSame && !other.hasEqualTemplate)
    #expect(other.vocabulary == (1, 5) && other.merges == (0, 1) && other.added == (1, 1))
    // Pieces of Unigram, numbered by their places; files of other tools.
    let pieces = try facts(#"[["a",-1.5],["b",-2]]"#, "[]")
    #expect(pieces.vocabulary == [Array("a".utf8): 0, Array("b".utf8): 1])
    let old = try TokenizerFacts(
      vocab: Array(#"{"a":1,"b":2,"ab":3}"#.utf8), merges: Array("#version: 0.2\na b\n".utf8))
    #expect(old.vocabulary == a.vocabulary && old.merges == a.merges)
    #expect(throws: StaticFailure.self) { try facts(#"{"a":"1"}"#, "[]") }
  }
}
