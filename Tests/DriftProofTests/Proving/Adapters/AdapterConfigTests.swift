// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
import DriftProofCheckpoint
import Foundation
import Testing

/// `adapter_config.json`: what is read, what is passed over, and what is refused.
@Suite struct AdapterConfigTests {
  private func parse(_ changes: [String: String]) throws -> AdapterConfig {
    var adapter = TestAdapter()
    adapter.config.merge(changes) { $1 }
    return try AdapterConfig.parse(Array(adapter.configText.utf8), file: "config")
  }

  @Test func scalings() throws {
    let plain = try parse([:])
    #expect(try plain.scaling(of: "a.q", file: "").factor == 2)
    #expect(try parse(["use_rslora": "true"]).scaling(of: "a.q", file: "").factor == 4)
    #expect(try parse(["lora_alpha": "0.5"]).scaling(of: "a.q", file: "").factor == 0.125)
  }

  /// PEFT: `re.match(r"(.*\.)?(PATTERN)$", module)`, the first that matches.
  @Test func patterns() throws {
    let config = try parse([
      "rank_pattern": #"{"layers\\.[01]\\.q": 2, "q": 16, "v|k": 3}"#,
      "alpha_pattern": #"{"layers.0.q": 32, "layers.1": 64}"#,
    ])
    let cases: [(String, Int, Double)] = [
      ("model.layers.0.q", 2, 16), ("model.layers.1.q", 2, 4), ("layers.1.q", 2, 4), ("model.layers.2.q", 16, 0.5),
      ("model.layers.0.xq", 4, 2), ("q", 16, 0.5), ("a.v", 3, 8.0 / 3), ("a.k", 3, 8.0 / 3), ("a.kx", 4, 2),
      // A dot of a pattern stands for any character, and a whole name may match at its end only.
      ("model.layersX0.q", 16, 2), ("layers.1.v.x", 4, 2), ("model.layers.1", 4, 16),
    ]
    for (module, rank, factor) in cases {
      let found = try config.scaling(of: module, file: "")
      #expect(found.rank == rank && found.factor == factor, "\(module): \(found)")
    }
    #expect(throws: AdapterError.pattern(file: "f", pattern: "(")) {
      try parse(["rank_pattern": #"{"(": 2}"#]).scaling(of: "q", file: "f")
    }
  }

  /// Whole names that expressions match, and such that they do not, as Python's `re` says.
  @Test func expressions() throws {
    let cases: [(pattern: String, matched: [String], others: [String])] = [
      (#"^model\.q"#, ["model.q"], ["a.model.q", "modelxq"]), ("q$", ["q", "a.q"], ["q.a", "aq"]),
      (
        #"layers\.(0|1[0-5])\.(?:q|v)_proj"#, ["a.layers.0.q_proj", "layers.15.v_proj"],
        ["layers.16.q_proj", "layers.1.q_proj"]
      ),
      (#"l\.\d+\.\w*?x?"#, ["l.12.", "l.1.ab_x", "l.1.x"], ["l.a.x", "l..x", "l.1.a-b"]),
      ("[^a-c.]+", ["xyz", "abc.de"], ["abc", "xay"]), ("(a*)*b", ["b", "aab", "x.ab"], ["a", "xab", "aac"]),
      ("a|b|", ["a", "b", "", "x."], ["c", "ab"]), ("[-a]x", ["-x", "ax"], ["bx"]),
      ("(ab?)+", ["aab", "abab"], ["b", "abb"]), ("a{2}b{1,}c{0,2}", ["aab", "aabbcc", "x.aabc"], ["ab", "aabccc"]),
      (#"(?:\bmodel\.x|y)_q"#, ["model.x_q", "a.y_q", "y_q"], ["amodel.x_q", "x_q"]),
      (#"^(?!.*(?:vision|head)).*q$"#, ["model.q", "q"], ["vision.q", "a.head.q"]),
      (#"lm(?=\.).*q"#, ["lm.q", "lm.x.q"], ["lmq", "lmx.q"]),
    ]
    for (text, matched, others) in cases {
      let pattern = try #require(ModulePattern(text), "\(text)")
      for name in matched { #expect(pattern.matches(name) == true, "\(text) on \(name)") }
      for name in others { #expect(pattern.matches(name) == false, "\(text) on \(name)") }
    }
    let refused = [
      "(", ")", "a)", "(a", "[", "[]", "[a", "*", "a**", "a++", "a{", "a{,2}", "a{2,1}", "a{2}{3}", "a{999}",
      "((a{99}){99}){99}", #"\B"#, #"\1"#, "(?=a(?!b))", "(?<=a)", "(?i)a", "[b-a]", "\\",
      "é",
      "a|*", "[[:alpha:]]",
    ]
    for text in refused { #expect(ModulePattern(text) == nil, "\(text)") }
    #expect(ModulePattern("a|b")?.matches("é") == nil)
  }

  /// A stranger's configuration takes neither time nor stack without end.
  @Test(.timeLimit(.minutes(1))) func hostileExpressions() throws {
    let name = String(repeating: "a", count: 4000)
    for text in ["(a|a)*b", "(a*)*b", "(a+)+b", ".*.*.*.*.*.*.*.*b", String(repeating: "a?", count: 400) + "b"] {
      #expect(ModulePattern(text)?.matches(name) == false, "\(text)")
    }
    for depth in [100, 1_000_000] {
      let nested = String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
      #expect(throws: AdapterError.pattern(file: "f", pattern: nested)) {
        try parse(["rank_pattern": "{\"\(nested)\": 2}"]).scaling(of: "q", file: "f")
      }
    }
    #expect(ModulePattern(String(repeating: "(", count: 30) + "a" + String(repeating: ")", count: 30)) != nil)
    #expect(ModulePattern(String(repeating: "a", count: 1025)) == nil)
  }

  /// Everything that PEFT 0.21 writes for a plain adapter is taken.
  @Test func peftDefaults() throws {
    let path = TestAdapter.shipped + "/adapter_config.json"
    let config = try AdapterConfig.parse(Array(Data(contentsOf: URL(fileURLWithPath: path))), file: path)
    #expect(config.rank == 8 && config.alpha == 16 && !config.isTransposed && !config.usesRankRoot)
  }

  private static let refusals: [(changes: [String: String], error: AdapterError)] = [
    (["peft_type": "\"ADALORA\""], .peftType(file: "config", found: "ADALORA")),
    (["use_dora": "true"], .dora(file: "config")),
    (["init_lora_weights": "\"pissa_niter_4\""], .initialisation(file: "config", found: "pissa_niter_4")),
    (["init_lora_weights": "\"loftq\""], .initialisation(file: "config", found: "loftq")),
    (["future_variant": "1"], .unknownSetting(file: "config", key: "future_variant")),
    (["kappa": "{\"a\": 1}"], .unknownSetting(file: "config", key: "kappa")),
  ]

  @Test func refusals() {
    for (changes, error) in Self.refusals {
      #expect(throws: error) { try parse(changes) }
    }
    for (key, value) in [
      ("layer_replication", "[[0, 2], [1, 3]]"), ("arrow_config", "{\"top_k\": 2}"), ("lora_bias", "true"),
      ("alora_invocation_tokens", "[1]"), ("trainable_token_indices", "[5]"), ("target_parameters", "[\"w\"]"),
      ("megatron_config", "{\"a\": 1}"), ("ensure_weight_tying", "true"), ("use_bdlora", "{\"n\": 2}"),
      ("use_qalora", "true"), ("kasa_config", "{\"a\": 1}"),
    ] {
      let error = #expect(throws: AdapterError.self) { try parse([key: value]) }
      guard case .unsupported(_, key, _)? = error else {
        Issue.record("\(key): \(String(describing: error))")
        continue
      }
    }
  }

  /// What is off is no reason to refuse, also when it is unknown.
  @Test func settingsThatAreOff() throws {
    for value in ["null", "false", "{}", "[]"] {
      _ = try parse(["future_variant": value, "layer_replication": value])
    }
    for value in ["true", "false", "\"gaussian\"", "\"eva\"", "\"orthogonal\""] {
      _ = try parse(["init_lora_weights": value])
    }
    _ = try parse(["bias": "\"all\"", "modules_to_save": "[\"score\"]"])
  }

  @Test func wrongTypes() {
    for (key, value) in [
      ("r", "0"), ("r", "8.0"), ("r", "\"8\""), ("lora_alpha", "\"8\""), ("lora_alpha", "1e999"), ("bias", "\"some\""),
      ("use_rslora", "1"), ("rank_pattern", "[]x"), ("rank_pattern", "{\"q\": 0}"), ("alpha_pattern", "{\"q\": null}"),
      ("peft_type", "null"), ("use_dora", "\"no\""),
    ] {
      let error = #expect(throws: AdapterError.self) { try parse([key: value]) }
      guard case .json? = error else {
        Issue.record("\(key) \(value): \(String(describing: error))")
        continue
      }
    }
    for text in ["", "[]", "{\"peft_type\": \"LORA\"}", "{\"r\": 1, \"r\": 1}", "{\"peft_type\": \"LORA\", \"r\": 1}"] {
      #expect(throws: AdapterError.self) { try AdapterConfig.parse(Array(text.utf8), file: "") }
    }
  }
}
