// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Seeded damage to files. One case is one seed: `DRIFTPROOF_MUTATION_SEED=17 swift test --filter Mutation` replays it.
enum Mutation {
  #if DEBUG
    static let isDebug = true
  #else
    static let isDebug = false
  #endif

  /// Runs `body` on `count` seeds, or `debug` in debug builds.
  ///
  /// The seed at work is kept in a file, which is left behind by a trap: no message can be printed then.
  static func run(
    _ target: String, count: Int, debug: Int? = nil,
    _ body: (_ seed: UInt64, _ generator: inout SeededGenerator) throws -> Void
  ) throws {
    // Of this process: several test runs may go on at a time.
    let trace = FileManager.default.temporaryDirectory
      .appendingPathComponent("driftproof-mutation-\(target)-\(getpid()).seed")
    guard FileManager.default.createFile(atPath: trace.path, contents: nil) else {
      Issue.record("\(trace.path) cannot be written")
      return
    }
    let file = try FileHandle(forWritingTo: trace)
    let start = ContinuousClock.now
    let seeds: [UInt64]
    if let replayed = ProcessInfo.processInfo.environment["DRIFTPROOF_MUTATION_SEED"].flatMap({ UInt64($0) }) {
      seeds = [replayed]
    } else {
      seeds = (0..<(isDebug ? debug ?? count : count)).map { UInt64($0) }
    }
    var slowest: (time: Duration, seed: UInt64) = (.zero, 0)
    for seed in seeds {
      let begin = ContinuousClock.now
      try file.seek(toOffset: 0)
      try file.write(contentsOf: Data("\(seed)          \n".utf8))
      var generator = SeededGenerator(seed: seed)
      try body(seed, &generator)
      let time = ContinuousClock.now - begin
      if time > slowest.time { slowest = (time, seed) }
    }
    try file.close()
    try FileManager.default.removeItem(at: trace)
    print(
      "mutations of \(target): \(seeds.count) cases in \(ContinuousClock.now - start), the slowest "
        + "\(slowest.time) (seed \(slowest.seed))")
  }

  /// `edit` until it has changed something.
  static func changed(
    _ original: [UInt8], _ generator: inout SeededGenerator,
    _ edit: (_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8]
  ) -> [UInt8] {
    var bytes = edit(original, &generator)
    while bytes == original { bytes = edit(original, &generator) }
    return bytes
  }

  /// One to three edits of any file, within `range` of its bytes where the edit has a place.
  static func binary(_ original: [UInt8], in range: Range<Int>? = nil, _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<[1, 1, 1, 2, 3][Int.random(in: 0..<5, using: &generator)] where !bytes.isEmpty {
      let allowed = (range ?? bytes.indices).clamped(to: bytes.indices)
      let place = Int.random(in: allowed.isEmpty ? bytes.indices : allowed, using: &generator)
      let length = min(Int.random(in: 1...64, using: &generator), bytes.count - place)
      switch Int.random(in: 0..<11, using: &generator) {
      case 0, 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: for index in place..<place + length { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
      case 3: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 4: bytes.removeLast(bytes.count - place)
      case 5: bytes += (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      case 6: swapBlocks(&bytes, place, length, &generator)
      case 7: bytes.removeSubrange(place..<place + length)
      case 8: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
      case 9: overwriteWord(&bytes, place, &generator)
      default: for index in place..<place + length { bytes[index] = 0 }
      }
    }
    return bytes
  }

  /// Exchanges two blocks of one length that do not overlap.
  private static func swapBlocks(
    _ bytes: inout [UInt8], _ place: Int, _ length: Int, _ generator: inout SeededGenerator
  ) {
    let other = Int.random(in: 0..<bytes.count, using: &generator)
    let count = min(length, bytes.count - max(place, other), abs(place - other))
    for offset in 0..<count { bytes.swapAt(place + offset, other + offset) }
  }

  /// A count or element that is likely to overflow something, as UInt32 or UInt64.
  private static func overwriteWord(_ bytes: inout [UInt8], _ place: Int, _ generator: inout SeededGenerator) {
    let words: [UInt64] = [
      0, 1, 2, 0x7F, 0xFF, 0xFFFF, 1 << 31, 0xFFFF_FFFF, 1 << 32, 1 << 62, 1 << 63, .max, .max - 7,
      0xFFFF_FFFF_0000_0000, 0xFFFF_FFFF_0000_0001,
    ]
    let word = words[Int.random(in: words.indices, using: &generator)]
    let width = Bool.random(using: &generator) ? 4 : 8
    for index in 0..<min(width, bytes.count - place) {
      bytes[place + index] = UInt8(truncatingIfNeeded: word >> (8 * UInt64(index)))
    }
  }

  private static let tokens = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "-", "1e9999", "99999999999999999999", "9223372036854775807", "0", "00",
    ".", "\n", " ", "\t", "\\u0061", "\\uD800", "null", "true", "{}", "[]", "\u{0}", "é", "e\u{301}", "//", "*",
    "340282366920938463463374607431768211455", "4294967296", "2199023255552", "1", "-1", "-0", "1.0", "1E2",
  ].map { Array($0.utf8) }

  /// One to three edits of a file of JSON; half of them exchange or repeat whole values.
  static func json(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
      let token = tokens[Int.random(in: tokens.indices, using: &generator)]
      let place = Int.random(in: bytes.indices, using: &generator)
      switch Int.random(in: 0..<8, using: &generator) {
      case 0: bytes.insert(contentsOf: token, at: place)
      case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 2, 3:
        if let value = scalar(bytes, from: place) { bytes.replaceSubrange(value, with: token) }
      case 4:
        if let value = scalar(bytes, from: place),
          let other = scalar(bytes, from: Int.random(in: bytes.indices, using: &generator))
        {
          bytes.replaceSubrange(value, with: Array(bytes[other]))
        }
      case 5:
        // White space where it may stand.
        if let comma = bytes[place...].firstIndex(of: UInt8(ascii: ",")) {
          bytes.insert(contentsOf: Array(" \n\t ".utf8), at: comma + 1)
        }
      case 6:
        if let value = scalar(bytes, from: place), let last = bytes[value].last {
          // Another digit or letter of the same value.
          bytes[value.upperBound - 1] = last ^ UInt8.random(in: 1...3, using: &generator)
        }
      default: bytes = binary(bytes, &generator)
      }
    }
    return bytes
  }

  /// The next string or number at or after `start`.
  private static func scalar(_ bytes: [UInt8], from start: Int) -> Range<Int>? {
    let digits = Set("+-.0123456789eE".utf8)
    guard let first = bytes[start...].firstIndex(where: { $0 == UInt8(ascii: "\"") || digits.contains($0) }) else {
      return nil
    }
    if bytes[first] == UInt8(ascii: "\"") {
      guard let end = bytes[(first + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
      return first..<end + 1
    }
    return first..<(bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count)
  }
}
