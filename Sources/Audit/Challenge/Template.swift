// SPDX-License-Identifier: Apache-2.0

/// A sentence with places to fill: `«w»` a word, `«W»` one with a capital, `«9»` a number of nine digits, `«6»` one below a
/// million, `«x»` eight hexadecimal digits, `«n3»` an invented noun of three syllables, `«a|b»` one of the choices.
struct Template: Sendable {
  private enum Piece: Sendable {
    case text(String)
    case word(capital: Bool)
    case number(least: Int, count: Int)
    case hexadecimal
    case noun(syllables: Int)
    case choice([String])
  }

  private let pieces: [Piece]

  init(_ source: String) {
    var pieces: [Piece] = []
    var rest = source[...]
    while let open = rest.firstIndex(of: "«"), let close = rest[open...].firstIndex(of: "»") {
      pieces.append(.text(String(rest[..<open])))
      pieces.append(Self.place(String(rest[rest.index(after: open)..<close])))
      rest = rest[rest.index(after: close)...]
    }
    self.pieces = pieces + [.text(String(rest))]
  }

  private static func place(_ name: String) -> Piece {
    switch name {
    case "w": .word(capital: false)
    case "W": .word(capital: true)
    case "9": .number(least: 100_000_000, count: 900_000_000)
    case "6": .number(least: 0, count: 1_000_000)
    case "x": .hexadecimal
    case "n2": .noun(syllables: 2)
    case "n3": .noun(syllables: 3)
    case "n4": .noun(syllables: 4)
    default: .choice(name.split(separator: "|").map(String.init))
    }
  }

  /// The sentence that the stream chooses.
  func filled(_ stream: inout KeyedStream) -> String {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let fixed): text += fixed
      case .word(let capital):
        let word = stream.pick(Vocabulary.words)
        text += capital ? word.prefix(1).uppercased() + word.dropFirst() : word
      case .number(let least, let count): text += String(least + stream.below(count))
      case .hexadecimal:
        let digits = String(stream.below(1 << 32), radix: 16)
        text += String(repeating: "0", count: 8 - digits.count) + digits
      case .noun(let syllables):
        for _ in 0..<syllables { text += stream.pick(Self.consonants) + stream.pick(Self.vowels) }
      case .choice(let choices): text += stream.pick(choices)
      }
    }
    return text
  }

  private static let consonants = "bcdfghjklmnprstvz".map { String($0) }
  private static let vowels = "aeiou".map { String($0) }
}
