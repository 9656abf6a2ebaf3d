// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra

/// Changes seeds at random, in bytes and in structure. Input n follows from its number and the seeds alone.
struct Mutator {
  private let seeds: [[UInt8]]
  private let limit: Int
  private var draws = SplitMix64(seed: 0)

  /// What parsers look out for.
  private static let tokens: [[UInt8]] =
    [
      "null", "true", "-0", "0", "1e9", "1e-99999", "NaN", "-Infinity", "18446744073709551616", "9223372036854775807",
      "\"\"",
      "[]", "{}", "[[", "{\"", "\\u0000", "\\ud800", "\\\"", "==", "\n", "\"kind\":\"end\"", "\"top\":[]", "<0x0A>",
      "Ġ", "▁",
    ].map { Array($0.utf8) } + [
      [0x9F], [0xBF], [0x5F], [0xF6], [0xD2], [0xA0], [0x80], [0x40], [0x1B] + [UInt8](repeating: 0xFF, count: 8),
      [0x5B] + [UInt8](repeating: 0xFF, count: 8), [0x9B] + [UInt8](repeating: 0x7F, count: 8), [0xEF, 0xBF, 0xBD],
      [0xC3],
      [0xED, 0xA0, 0x80],
    ]
  private static let bytes: [UInt8] =
    Array("\"\\{}[],:-+.eE09azAZ=/ \n".utf8) + [0, 1, 0x18, 0x1B, 0x7F, 0x80, 0xC0, 0xFF]

  /// - Parameters:
  ///   - seeds: at least one.
  ///   - limit: bytes of an input.
  init(seeds: [[UInt8]], limit: Int) { (self.seeds, self.limit) = (seeds, limit) }

  mutating func input(_ number: Int) -> [UInt8] {
    // Streams of neighbours would be the same, moved by one.
    var numbers = SplitMix64(seed: UInt64(truncatingIfNeeded: number))
    draws = SplitMix64(seed: numbers.next())
    var input = seeds[below(seeds.count)]
    // Mostly a few: an input that is wrong everywhere shows little.
    for _ in 0..<1 << below(4) { change(&input) }
    if input.count > limit { input.removeLast(input.count - limit) }
    return input
  }

  private mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(draws.next() % UInt64(bound)) }

  private mutating func change(_ input: inout [UInt8]) {
    guard !input.isEmpty else { return input = Self.tokens[below(Self.tokens.count)] }
    let place = below(input.count)
    switch below(14) {
    case 0: input[place] ^= 1 << UInt8(below(8))
    case 1: input[place] = UInt8(below(256))
    case 2: input[place] = Self.bytes[below(Self.bytes.count)]
    // Of the same kind: a number stays one, and hexadecimal digits stay such.
    case 3, 4, 5: input[place] = alike(input[place])
    case 6: input.insert(Self.bytes[below(Self.bytes.count)], at: place)
    case 7: input.insert(contentsOf: Self.tokens[below(Self.tokens.count)], at: place)
    case 8: input.removeSubrange(range(of: input, from: place, upTo: 16))
    case 9: input.insert(contentsOf: Array(input[range(of: input, from: place, upTo: 64)]), at: place)
    case 10:
      let other = seeds[below(seeds.count)]
      guard !other.isEmpty else { return }
      let found = range(of: other, from: below(other.count), upTo: 256)
      input.replaceSubrange(range(of: input, from: place, upTo: found.count), with: other[found])
    case 11: input.removeLast(input.count - place)
    case 12: input.swapAt(place, below(input.count))
    default: changeStructure(&input, from: place)
    }
  }

  private mutating func alike(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: 0x30 + UInt8(below(10))
    case 0x61...0x66: 0x61 + UInt8(below(6))
    case 0x41...0x5A: 0x41 + UInt8(below(26))
    case 0x67...0x7A: 0x67 + UInt8(below(20))
    default: byte ^ UInt8(1 + below(15))
    }
  }

  private mutating func range(of input: [UInt8], from place: Int, upTo count: Int) -> Range<Int> {
    place..<min(input.count, place + 1 + below(max(1, count)))
  }

  /// Repeats, drops or wraps the next array or object, or a line.
  private mutating func changeStructure(_ input: inout [UInt8], from place: Int) {
    guard let start = input[place...].firstIndex(where: { $0 == 0x5B || $0 == 0x7B || $0 == 0x0A }) else { return }
    var (depth, end) = (0, start + 1)
    if input[start] == 0x0A {
      end = input[(start + 1)...].firstIndex(of: 0x0A) ?? input.count
    } else {
      end = start
      repeat {
        if input[end] == 0x5B || input[end] == 0x7B { depth += 1 }
        if input[end] == 0x5D || input[end] == 0x7D { depth -= 1 }
        end += 1
      } while end < input.count && depth > 0
    }
    let part = Array(input[start..<end])
    switch below(4) {
    case 0: input.removeSubrange(start..<end)
    case 1: input.insert(contentsOf: part + (part[0] == 0x0A ? [] : [0x2C]), at: start)
    case 2: input.replaceSubrange(start..<end, with: [0x5B] + part + [0x5D])
    default:
      let copies = 1 + below(80)
      guard part.count * copies < limit else { return }
      input.insert(
        contentsOf: [[UInt8]](repeating: part + (part[0] == 0x0A ? [] : [0x2C]), count: copies).joined(), at: start)
    }
  }
}
