// SPDX-License-Identifier: Apache-2.0

/// One token as a server listed it, with what it says of the alternatives at that place.
package struct AnswerToken: Equatable, Sendable {
  /// One entry of the list of likely tokens.
  package struct Entry: Equatable, Sendable {
    /// As the server spells it.
    package let token: [UInt8]
    /// Millionths of a nat.
    package let value: Int

    package init(token: [UInt8], value: Int) {
      self.token = token
      self.value = value
    }
  }

  /// As the server spells it.
  package let token: [UInt8]
  /// Millionths of a nat.
  package let value: Int
  package let top: [Entry]

  package init(token: [UInt8], value: Int, top: [Entry]) {
    self.token = token
    self.value = value
    self.top = top
  }
}

/// What an endpoint answered, as far as a score needs it.
package struct Answer: Equatable, Sendable {
  package let text: [UInt8]
  /// Empty where the answer has no log probabilities.
  package let tokens: [AnswerToken]
  /// `stop`, `length`, or what else the server calls the end.
  package let finish: String

  package init(text: [UInt8], tokens: [AnswerToken], finish: String) {
    self.text = text
    self.tokens = tokens
    self.finish = finish
  }
}

/// An answer with its tokens as bytes.
package struct ReadAnswer: Equatable, Sendable {
  /// The distribution at one place of the answer.
  package struct Place: Equatable, Sendable {
    package let token: [UInt8]
    package let value: Int
    /// Distinct tokens, the likeliest first, equal ones by their bytes.
    package let listed: [AnswerToken.Entry]

    /// The likeliest listed value, the emitted token's among them.
    package var best: Int { max(value, listed.first?.value ?? value) }
    /// An upper bound for what is not listed. The emitted token does not count where there are others: servers add it to
    /// their list even where it is less likely than what they leave out.
    package var bound: Int { listed.last { $0.token != token }?.value ?? value }

    /// As listed; of the emitted token what is said beside it, where the list has it not.
    package func value(of other: [UInt8]) -> Int? {
      listed.first { $0.token == other }?.value ?? (other == token ? value : nil)
    }
  }

  package let places: [Place]
  /// Places that the text consists of: one less than all where the last is a stop token.
  package let shown: Int
  package let finish: String

  /// Nil for an answer without text or log probabilities, or whose tokens do not join to its text.
  package init?(_ answer: Answer, spelling: TokenSpelling) {
    guard !answer.text.isEmpty, !answer.tokens.isEmpty else { return nil }
    var places: [Place] = []
    for token in answer.tokens {
      guard let bytes = spelling.bytes(of: token.token) else { return nil }
      places.append(Place(token: bytes, value: token.value, listed: Self.listed(token.top, spelling)))
    }
    guard let shown = TokenSpelling.joined(places.map(\.token), answer.text) else { return nil }
    self.places = places
    self.shown = shown
    finish = answer.finish
  }

  /// What stands twice in one list is dropped from it: parts of characters are equal texts to some servers.
  private static func listed(_ top: [AnswerToken.Entry], _ spelling: TokenSpelling) -> [AnswerToken.Entry] {
    // What is not written in this spelling is no token that could be compared.
    let entries = top.compactMap { entry in
      spelling.bytes(of: entry.token).map { AnswerToken.Entry(token: $0, value: entry.value) }
    }
    // Lists are short: comparing all with all takes less than a table.
    return entries.indices.filter { place in
      !entries.indices.contains { $0 != place && entries[$0].token == entries[place].token }
    }.map {
      entries[$0]
    }.sorted { a, b in a.value != b.value ? a.value > b.value : a.token.lexicographicallyPrecedes(b.token) }
  }

  /// Whether every token that counts is its place's best, up to 0.05 nat: sampling was greedy.
  package var isGreedy: Bool { places.prefix(max(1, shown)).allSatisfy { $0.best - $0.value <= Self.greedyTolerance } }

  /// Millionths of a nat.
  package static let greedyTolerance = 50_000
}
