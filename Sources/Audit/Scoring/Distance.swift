// SPDX-License-Identifier: Apache-2.0

/// How far one answer is from the reference's, as sums of millionths over a count, so that nothing is rounded twice.
package struct Distance: Equatable, Sendable {
  /// The least and the most that the distances may add up to.
  package let low: Int
  package let high: Int
  /// Over how many the sums are.
  package let count: Int

  /// The most that one distance counts: 1 nat, or two texts without a common beginning.
  package static let unit = 1_000_000

  package init(low: Int, high: Int, count: Int) {
    self.low = low
    self.high = high
    self.count = count
  }

  /// Thousandths in which the margin counts `scale`: rounded down for evidence of a difference, up against sameness.
  /// - Parameters:
  ///   - scale: the mode's margin, below 1000.
  ///   - margin: what it stands for, in millionths, from 1 to 10^6.
  package func score(scale: Int, margin: Int) -> RequestScore {
    // Sums are below 2^40: at most 4 MiB of text, or some thousand tokens, times 10^6.
    let divisor = Int128(count) * Int128(margin)
    let down = Int128(scale) * Int128(low) / divisor
    let up = (Int128(scale) * Int128(high) + divisor - 1) / divisor
    return RequestScore(low: Int(min(1000, down)), high: Int(min(1000, up)))
  }

  /// In millionths, for people; the least it is.
  package var shown: Double { Double(low) / Double(count) }
}

extension Distance {
  /// The reference's likeliest tokens that are compared at each place.
  package static func compared(listed: Int) -> Int { min(5, (listed + 1) / 2) }

  /// Of log probabilities: at each place up to the first where the emitted tokens differ, the absolute differences of the
  /// reference's likeliest tokens.
  /// - Parameter listed: how many tokens a place lists, by the plan.
  package init(reference: ReadAnswer, candidate: ReadAnswer, listed: Int) {
    let compared = Self.compared(listed: listed)
    var (low, high, count) = (0, 0, 0)
    for place in 0..<max(reference.places.count, candidate.places.count) {
      guard place < reference.places.count, place < candidate.places.count else {
        // One ended. A stop token that only one of them writes out is no difference; anything else may be all or nothing.
        let longer = place < reference.places.count ? reference : candidate
        let shorter = place < reference.places.count ? candidate : reference
        guard place != longer.shown || shorter.finish != "stop" || longer.finish != "stop" else { break }
        count += compared
        high += compared * Self.unit
        break
      }
      let (truth, found) = (reference.places[place], candidate.places[place])
      guard found.best - found.value <= ReadAnswer.greedyTolerance else {
        // Not the likeliest token by its own word: sampling, which was not asked for.
        self.init(low: Self.unit, high: Self.unit, count: 1)
        return
      }
      let tokens =
        truth.listed.isEmpty
        ? [AnswerToken.Entry(truth.bytes, value: truth.value)] : Array(truth.listed.prefix(compared))
      for entry in tokens {
        let (least, most) = Self.difference(entry, truth, found)
        low += least
        high += most
        count += 1
      }
      if truth.bytes != found.bytes { break }
    }
    self.init(low: low, high: high, count: max(1, count))
  }

  /// What is not listed may be anything up to the smallest listed value: then the distance has a range. Where a server lists
  /// tokens by their texts, many parts of characters have one, and of which token its value is cannot be known: none that it may be
  /// of is evidence of a difference.
  private static func difference(
    _ entry: AnswerToken.Entry, _ truth: ReadAnswer.Place, _ found: ReadAnswer.Place
  ) -> (least: Int, most: Int) {
    if let value = found.value(of: entry.bytes) {
      let distance = min(unit, abs(entry.value - value))
      let isEvidence = distance == 0 || !(entry.bytes.isUnclear || isShared(entry.bytes, truth, found))
      return (isEvidence ? distance : 0, distance)
    }
    if entry.bytes.isUnclear || isShared(entry.bytes, truth, found)
      || !entry.bytes.isText && found.mayShow(entry.bytes)
    {
      return (0, unit)
    }
    return (min(unit, max(0, entry.value - found.bound)), unit)
  }

  /// Whether one side may list a blank with the value of a part of a character that the other lists by itself. Blanks alone: an
  /// endpoint that invents parts must not take the evidence out of tokens that are texts.
  private static func isShared(_ token: TokenBytes, _ truth: ReadAnswer.Place, _ found: ReadAnswer.Place) -> Bool {
    guard !truth.parts.isEmpty || !found.parts.isEmpty, token.isBlank else { return false }
    func isAlone(_ parts: [TokenBytes], _ others: [TokenBytes]) -> Bool {
      parts.contains { $0.text == token && !others.contains($0) }
    }
    return isAlone(truth.parts, found.parts) || isAlone(found.parts, truth.parts)
  }

  /// Of texts: the share of the longer one behind the common beginning. Nil for two empty ones.
  package init?(reference: [UInt8], candidate: [UInt8]) {
    let longest = max(reference.count, candidate.count)
    guard longest > 0 else { return nil }
    let common = zip(reference, candidate).prefix { $0 == $1 }.count
    let sum = (longest - common) * Self.unit
    self.init(low: sum, high: sum, count: longest)
  }
}
