// SPDX-License-Identifier: Apache-2.0

/// One token as a server listed it, with what it says of the alternatives at that place.
package struct AnswerToken: Equatable, Sendable {
  /// One entry of the list of likely tokens.
  package struct Entry: Equatable, Sendable {
    /// As the server spells it.
    package let bytes: TokenBytes
    /// Millionths of a nat.
    package let value: Int

    package var token: [UInt8] { bytes.bytes }

    package init(token: [UInt8], value: Int) { self.init(TokenBytes(token), value: value) }

    init(_ bytes: TokenBytes, value: Int) {
      self.bytes = bytes
      self.value = value
    }
  }

  /// As the server spells it.
  package let bytes: TokenBytes
  /// Millionths of a nat.
  package let value: Int
  package let top: [Entry]

  package var token: [UInt8] { bytes.bytes }

  package init(token: [UInt8], value: Int, top: [Entry]) { self.init(TokenBytes(token), value: value, top: top) }

  init(_ bytes: TokenBytes, value: Int, top: [Entry]) {
    self.bytes = bytes
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
    package let bytes: TokenBytes
    package let value: Int
    /// Distinct tokens, the likeliest first, equal ones by their bytes.
    package let listed: [AnswerToken.Entry]
    /// Tokens that were dropped, as they stood there twice.
    fileprivate(set) var dropped: [TokenBytes] = []
    /// Of the list, also where no more than its beginning is kept: tokens that are parts of characters.
    fileprivate(set) var parts: [TokenBytes] = []

    /// Whether a part of a character, which is not listed as such, may be listed under a text: with U+FFFD for it, or without it.
    func mayShow(_ part: TokenBytes) -> Bool {
      let text = part.text
      return bytes.isUnclear || bytes == text || listed.contains { $0.bytes.isUnclear || $0.bytes == text }
        || dropped.contains { $0.isUnclear || $0 == text }
    }

    /// The likeliest listed value, the emitted token's among them.
    package var best: Int { max(value, listed.first?.value ?? value) }
    /// An upper bound for what is not listed. The emitted token does not count where there are others: servers add it to
    /// their list even where it is less likely than what they leave out.
    package var bound: Int { listed.last { $0.bytes != bytes }?.value ?? value }

    /// As listed; of the emitted token what is said beside it, where the list has it not.
    package func value(of other: TokenBytes) -> Int? {
      listed.first { $0.bytes == other }?.value ?? (other == bytes ? value : nil)
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
      guard let bytes = spelling.bytes(of: token.bytes) else { return nil }
      let (listed, dropped) = Self.listed(token.top, spelling)
      let parts = listed.filter { !$0.bytes.isText }.map(\.bytes)
      places.append(Place(bytes: bytes, value: token.value, listed: listed, dropped: dropped, parts: parts))
    }
    guard let shown = Self.joined(places, answer.text) else { return nil }
    self.places = places
    self.shown = shown
    finish = answer.finish
  }

  private init(places: [Place], shown: Int, finish: String) {
    (self.places, self.shown, self.finish) = (places, shown, finish)
  }

  /// With the likeliest tokens of each place alone. What is not listed then may have been: this is for a side whose values are
  /// looked for elsewhere, never for one in which they are.
  func limited(to count: Int) -> ReadAnswer {
    let places = places.map { place in
      place.listed.count <= count
        ? place
        : Place(
          bytes: place.bytes, value: place.value, listed: Array(place.listed.prefix(count)),
          dropped: place.dropped, parts: place.parts)
    }
    return ReadAnswer(places: places, shown: shown, finish: finish)
  }

  /// How many tokens the text consists of; nil where they do not join to it.
  private static func joined(_ places: [Place], _ text: [UInt8]) -> Int? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    for place in places { place.bytes.append(to: &bytes) }
    // Equal bytes are equal as text.
    return bytes == text ? places.count : TokenSpelling.joined(places.map(\.bytes.bytes), text)
  }

  /// What stands twice in one list is dropped from it: parts of characters are equal texts to some servers.
  private static func listed(
    _ top: [AnswerToken.Entry], _ spelling: TokenSpelling
  ) -> (listed: [AnswerToken.Entry], dropped: [TokenBytes]) {
    // What is not written in this spelling is no token that could be compared.
    let entries =
      spelling == .plain
      ? top
      : top.compactMap { entry in
        spelling.bytes(of: entry.bytes).map { AnswerToken.Entry($0, value: entry.value) }
      }
    // Lists are short: comparing all with all takes less than a table.
    let distinct = entries.indices.filter { place in
      !entries.indices.contains { $0 != place && entries[$0].bytes == entries[place].bytes }
    }
    let isWhole = distinct.count == entries.count
    let kept = isWhole ? entries : distinct.map { entries[$0] }
    let dropped = isWhole ? [] : entries.indices.filter { !distinct.contains($0) }.map { entries[$0].bytes }
    // Most servers list them so.
    let isSorted = zip(kept, kept.dropFirst()).allSatisfy { precedes($0, $1) }
    return (isSorted ? kept : kept.sorted(by: precedes), dropped)
  }

  private static func precedes(_ a: AnswerToken.Entry, _ b: AnswerToken.Entry) -> Bool {
    a.value != b.value ? a.value > b.value : a.bytes < b.bytes
  }

  /// Whether every token that counts is its place's best, up to 0.05 nat: sampling was greedy.
  package var isGreedy: Bool { places.prefix(max(1, shown)).allSatisfy { $0.best - $0.value <= Self.greedyTolerance } }

  /// Millionths of a nat.
  package static let greedyTolerance = 50_000
}
