// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// A side that is quantised where the other is not, in every format that people have.
@Suite struct QuantisedTests {
  @Sendable private static func stem(_ name: String) -> String { String(name.dropLast(".weight".count)) }

  private static let formats: [(String, @Sendable (String) -> String, [(suffix: String, dtype: DataType)])] = [
    ("GPTQ", stem, [(".qweight", .i32), (".qzeros", .i32), (".scales", .f16), (".g_idx", .i32)]),
    ("AWQ", stem, [(".qweight", .i32), (".qzeros", .i32), (".scales", .f16)]),
    ("FP8", { $0 }, [("", .f8e4m3), ("_scale_inv", .f32)]),
    ("bitsandbytes", { $0 }, [("", .u8), (".absmax", .f32), (".quant_map", .f32)]),
    ("bitsandbytes", stem, [(".weight", .i8), (".SCB", .f32)]),
  ]

  @Test(arguments: 0..<5) func isSaidOnce(_ index: Int) throws {
    let (format, weight, parts) = Self.formats[index]
    let fixture = try RemedyFixture()
    let packed = try fixture.packed("packed.safetensors", weight: weight, parts)
    let plain = try fixture.model("plain.safetensors")
    let policy = try fixture.policy(RemedyFixture.norm("*"))
    for (base, tuned, words) in [
      (packed, plain, "the base is quantised"), (plain, packed, "the tuned model is quantised"),
    ] {
      let run = try fixture.prove(base: base, tuned: tuned, policy: policy)
      #expect(run.exitCode == 13 && run.errors.contains("\(words) (\(format)"), "\(run.errors)")
      #expect(run.errors.contains("before quantisation") && !run.errors.contains("missing"), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 2, "\(run.errors)")
      #expect(try Tool.run("inspect", base, tuned, "-q").output.contains(words))
    }
  }

  @Test func blocksOfExperts() throws {
    let fixture = try RemedyFixture()
    let packed = try fixture.packed("packed.safetensors", weight: Self.stem, [("_blocks", .u8), ("_scales", .u8)])
    let plain = try fixture.model("plain.safetensors") { name in
      RemedyFixture.projections.contains(name) ? Self.stem(name) : name
    }
    let run = try fixture.prove(base: packed, tuned: plain, policy: fixture.policy(RemedyFixture.norm("*")))
    #expect(run.exitCode == 13 && run.errors.contains("the base is quantised (MXFP4)"), "\(run.errors)")
  }

  @Test(arguments: 0..<5) func presetsResolve(_ index: Int) throws {
    let (_, weight, parts) = Self.formats[index]
    let fixture = try RemedyFixture()
    let packed = try fixture.packed("packed.safetensors", weight: weight, parts)
    let policy = fixture.folder.file("init.json")
    let run = try Tool.run("policy", "init", "--preset", "llama-lora", "--base", packed, "-o", policy, "-q")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(try String(contentsOfFile: policy, encoding: .utf8).contains("// Packed weights"))
    let explained = try Tool.run("policy", "explain", policy, "--base", packed, "--json", "-q")
    #expect(try explained.json()["resolves"] as? Bool == true, "\(explained.output)")
  }
}
