// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofCheckpoint
import Testing

/// Prefixes are told from names, whatever they are, and only where they are the reason.
@Suite struct GapDiagnosisTests {
  private static let names = ["lm_head.weight", "model.embed.weight", "model.layers.0.q.weight", "model.norm.weight"]

  @Test(arguments: [["module."], ["_orig_mod."], ["module._orig_mod."], ["base_model.model."]])
  func prefixes(_ parts: [String]) throws {
    let wrapped = Self.names.map { parts.joined() + $0 }
    let found = try #require(NamePrefix.find(base: Self.names, tuned: wrapped))
    #expect(found.side == .tuned && found.parts == parts && found.count == 4 && found.total == 4)
    #expect(NamePrefix.find(base: wrapped, tuned: Self.names)?.side == .base)
    let reading = NameReading(without: found.parts)
    #expect(wrapped.map(reading.read) == Self.names)
  }

  @Test func wrappersInside() throws {
    let wrapped =
      ["lm_head.weight", "model._fsdp_wrapped_module.embed.weight"]
      + ["model.layers._fsdp_wrapped_module.0._checkpoint_wrapped_module.q.weight", "model._orig_mod.norm.weight"]
    let found = try #require(NamePrefix.find(base: Self.names, tuned: wrapped))
    #expect(wrapped.map(NameReading(without: found.parts).read) == Self.names)
  }

  @Test func othersAreNone() {
    #expect(NamePrefix.find(base: Self.names, tuned: Self.names) == nil)
    #expect(NamePrefix.find(base: Self.names, tuned: Array(Self.names.dropLast())) == nil)
    #expect(NamePrefix.find(base: Self.names, tuned: ["transformer.h.0.attn.weight", "transformer.wte.weight"]) == nil)
    #expect(NamePrefix.find(base: [], tuned: Self.names) == nil && NamePrefix.find(base: Self.names, tuned: []) == nil)
  }

  @Test func readingLeavesTheRest() {
    let reading = NameReading(without: ["module", "_orig_mod."])
    #expect(reading.read("module.module.a") == "module.a")
    #expect(reading.read("a.module.b") == "a.module.b")
    #expect(reading.read("_orig_mod.a._orig_mod.b") == "a.b")
    #expect(reading.read("module") == "module" && reading.read("modules.a") == "modules.a")
    #expect(reading.read("a_orig_mod.b") == "a_orig_mod.b" && reading.read("") == "")
  }

  /// What the prefix does not explain is told after it.
  @Test func theRestIsTold() throws {
    let fixture = try StatementFixture()
    let tuned = fixture.tuned.dropFirst().map {
      TunedTensor(name: "module." + $0.name, dtype: $0.dtype, shape: $0.shape)
    }
    let error = #expect(throws: StatementError.self) { _ = try fixture.derive([], tuned: Array(tuned)) }
    guard case .coverageGap(let gaps)? = error, gaps.count == 2, case .prefixed(let prefix) = gaps[0],
      case .missing("a.weight", _) = gaps[1]
    else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(prefix.parts == ["module."] && prefix.count == tuned.count)
  }
}
