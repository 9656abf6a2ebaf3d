// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// All questions of one audit: they follow from its key, its plan and its beacon.
package struct Challenge: Equatable, Sendable {
  private let key: [UInt8]

  init(key: [UInt8]) { self.key = key }

  /// HMAC-SHA-256(challenge key, label ‖ u64 index): labels are fixed words none of which begins another.
  private func stream(_ label: String, _ index: Int) -> KeyedStream {
    var message = Array(label.utf8)
    message.append(littleEndian: UInt64(index))
    return KeyedStream(seed: SHA256.authenticate(key: key, message: message))
  }

  /// One question of the families.
  package struct Drawn: Equatable, Sendable {
    package let text: String
    package let family: PromptFamily
    /// At least so many bits were chosen for its sentence and what fills it.
    package let bits: Int
  }

  /// Question `index`. The family is drawn anew for each, so that every question is a fresh draw from one distribution.
  package func drawn(_ index: Int) -> Drawn { draw(stream("prompt", index)) }

  /// Question `index`, from 0 to 7, of those that find out how an endpoint answers. Fixed ones would announce the audit.
  package func preflight(_ index: Int) -> Drawn { draw(stream("check", index)) }

  private func draw(_ stream: KeyedStream) -> Drawn {
    var stream = stream
    let family = stream.pick(PromptFamily.allCases)
    let before = stream.bits
    let text = family.prompt(&stream)
    return Drawn(text: text, family: family, bits: stream.bits - before)
  }

  /// A keyed order of `count` things.
  package func order(_ count: Int) -> [Int] {
    var places = Array(0..<count)
    var stream = stream("order", 0)
    for place in places.indices.reversed() { places.swapAt(place, stream.below(place + 1)) }
    return places
  }

  /// A number from 0 to 999, for waiting times.
  package func jitter(_ index: Int, attempt: Int) -> Int {
    var stream = stream("pause", index)
    var value = 0
    for _ in 0..<max(1, attempt) { value = stream.below(1000) }
    return value
  }
}

/// Where an audit's questions come from.
package struct PromptSource: Sendable {
  private let challenge: Challenge
  /// The user's own lines in the audit's order; nil for the families.
  private let lines: [String]?

  /// Questions of the families.
  package init(challenge: Challenge) {
    self.challenge = challenge
    lines = nil
  }

  /// Questions out of a file, none twice.
  package init(challenge: Challenge, file: PromptFile) {
    self.challenge = challenge
    lines = challenge.order(file.lines.count).map { file.lines[$0] }
  }

  /// How many there are; nil for no end.
  package var count: Int? { lines?.count }

  /// Nil behind the end of a file.
  package func prompt(_ index: Int) -> String? {
    guard let lines else { return challenge.drawn(index).text }
    return index < lines.count ? lines[index] : nil
  }

  /// Nil for prompts of a file.
  package func family(_ index: Int) -> PromptFamily? { lines == nil ? challenge.drawn(index).family : nil }
}
