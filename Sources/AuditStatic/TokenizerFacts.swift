// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// What a folder says of its tokenizer: `tokenizer.json`, or `vocab.json` and `merges.txt`, and the chat's template.
package struct TokenizerFacts: Equatable, Sendable {
  /// UTF-8 of texts, and their numbers: texts of other bytes are other tokens, whatever Unicode takes for equal.
  package let vocabulary: [[UInt8]: Int]
  /// In their order.
  package let merges: [String]
  /// Texts of added tokens, with their numbers; an asterisk in front of special ones.
  package let added: [[UInt8]: Int]
  /// SHA-256 of the chat's template; nil without one.
  package let template: [UInt8]?
  /// SHA-256 of `tokenizer.model`, which is not read; nil without one.
  package let sentencePiece: [UInt8]?

  /// Nil where the folder has none of these files.
  package init?(folder: String) throws(StaticFailure) {
    let whole = try StaticFiles.read("tokenizer.json", in: folder)
    let vocab = try StaticFiles.read("vocab.json", in: folder)
    let merges = try StaticFiles.read("merges.txt", in: folder)
    let piece = try StaticFiles.read("tokenizer.model", in: folder)
    let jinja = try StaticFiles.read("chat_template.jinja", in: folder)
    let settings = try StaticFiles.read("tokenizer_config.json", in: folder)
    guard whole != nil || vocab != nil || piece != nil || jinja != nil || settings != nil else { return nil }
    try self.init(whole: whole, vocab: vocab, merges: merges, piece: piece, jinja: jinja, settings: settings)
  }

  package init(
    whole: [UInt8]? = nil, vocab: [UInt8]? = nil, merges: [UInt8]? = nil, piece: [UInt8]? = nil, jinja: [UInt8]? = nil,
    settings: [UInt8]? = nil
  ) throws(StaticFailure) {
    sentencePiece = piece.map { SHA256.hash($0) }
    template = try Self.template(jinja, settings).map { SHA256.hash($0) }
    guard let whole else {
      vocabulary =
        try vocab.map { (bytes) throws(StaticFailure) in
          try Self.pairs(JSONNode(StaticFiles.parse(bytes, file: "vocab.json")), "vocab.json")
        } ?? [:]
      self.merges =
        merges.map { bytes in
          bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }.filter { !$0.hasPrefix("#version") }
        } ?? []
      added = [:]
      return
    }
    let name = "tokenizer.json"
    let root = JSONNode(try StaticFiles.parse(whole, file: name))
    do throws(JSONError) {
      let model = try root.member("model")
      guard let words = try model.optionalMember("vocab") else { throw .missingKey(path: "$.model.vocab") }
      if case .array = words.value {
        // Unigram: texts with scores, numbered by their places.
        var found: [[UInt8]: Int] = [:]
        for (place, row) in try words.elements().enumerated() {
          if let text = try row.elements().first?.string() { found[Array(text.utf8)] = place }
        }
        vocabulary = found
      } else {
        vocabulary = try Self.pairs(words)
      }
      self.merges = try (model.optionalMember("merges")?.elements() ?? []).map { (node) throws(JSONError) -> String in
        if case .string(let text) = node.value { return text }
        return try node.elements().map { (part) throws(JSONError) -> String in try part.string() }
          .joined(separator: " ")
      }
      var marks: [[UInt8]: Int] = [:]
      for node in try root.optionalMember("added_tokens")?.elements() ?? [] {
        let isSpecial = try node.optionalMember("special")?.bool() ?? false
        marks[Array((isSpecial ? "*" : "").utf8) + (try node.member("content").string()).utf8] =
          try node.member("id").integer(in: 0...Int.max)
      }
      added = marks
    } catch {
      throw StaticFailure(file: name, reason: "\(error)")
    }
  }

  private static func pairs(_ node: JSONNode) throws(JSONError) -> [[UInt8]: Int] {
    var found: [[UInt8]: Int] = [:]
    for (key, value) in try node.members() { found[Array(key.utf8)] = try value.integer(in: 0...Int.max) }
    return found
  }

  private static func pairs(_ node: JSONNode, _ file: String) throws(StaticFailure) -> [[UInt8]: Int] {
    do throws(JSONError) {
      return try pairs(node)
    } catch {
      throw StaticFailure(file: file, reason: "\(error)")
    }
  }

  private static func template(_ jinja: [UInt8]?, _ settings: [UInt8]?) throws(StaticFailure) -> [UInt8]? {
    if let jinja { return jinja }
    guard let settings, case .object(let members) = try StaticFiles.parse(settings, file: "tokenizer_config.json"),
      let template = members.first(where: { $0.key == "chat_template" })?.value, template != .null
    else { return nil }
    if case .string(let text) = template { return Array(text.utf8) }
    return Array(template.compact.utf8)
  }

  /// SHA-256 over all of it, whatever the files' spelling.
  package var digest: [UInt8] {
    func object(_ pairs: [[UInt8]: Int]) -> JSONValue {
      .object(
        pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
          JSONMember(key: String(decoding: $0.key, as: UTF8.self), value: .number(String($0.value)))
        })
    }
    return SHA256.hash(
      CanonicalJSON.bytes(
        CanonicalJSON.object([
          ("vocabulary", object(vocabulary)), ("merges", .array(merges.map { .string($0) })), ("added", object(added)),
          ("template", template.map { .string($0.hexadecimal) }),
          ("sentencePiece", sentencePiece.map { .string($0.hexadecimal) }),
        ])))
  }
}

/// Four figures about two tokenizers, and no sum of them.
package struct TokenizerComparison: Equatable, Sendable {
  /// Of all pairs of a text and its number, how many both have.
  package let vocabulary: (equal: Int, all: Int)
  /// Of the longer list of merges, how many are equal from the beginning on.
  package let merges: (equal: Int, all: Int)
  package let added: (equal: Int, all: Int)
  package let hasEqualTemplate: Bool
  /// Of files that are not read; nil where neither side has one.
  package let hasEqualSentencePiece: Bool?

  package init(_ a: TokenizerFacts, _ b: TokenizerFacts) {
    vocabulary = Self.share(a.vocabulary, b.vocabulary)
    added = Self.share(a.added, b.added)
    merges = (zip(a.merges, b.merges).prefix { $0 == $1 }.count, max(a.merges.count, b.merges.count))
    hasEqualTemplate = a.template == b.template
    hasEqualSentencePiece =
      a.sentencePiece == nil && b.sentencePiece == nil ? nil : a.sentencePiece == b.sentencePiece
  }

  private static func share(_ a: [[UInt8]: Int], _ b: [[UInt8]: Int]) -> (equal: Int, all: Int) {
    let equal = a.count { b[$0.key] == $0.value }
    return (equal, a.count + b.count - equal)
  }

  /// Whether token texts and their numbers are the same: below that, audits by log probabilities compare texts of tokens that
  /// differ.
  package var isSame: Bool {
    vocabulary.equal == vocabulary.all && merges.equal == merges.all && added.equal == added.all
      && hasEqualSentencePiece != false
  }

  package static func == (a: TokenizerComparison, b: TokenizerComparison) -> Bool {
    a.vocabulary == b.vocabulary && a.merges == b.merges && a.added == b.added
      && a.hasEqualTemplate == b.hasEqualTemplate && a.hasEqualSentencePiece == b.hasEqualSentencePiece
  }
}
