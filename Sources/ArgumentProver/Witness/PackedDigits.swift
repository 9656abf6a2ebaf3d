// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The digit oracle's payload: base-4 digits, eight in a 16-bit word, low first.
///
/// An honest prover's cells are digits. A cheating prover's may be any elements: those are kept beside, and their
/// places in the words hold 0.
struct PackedDigits: Sendable {
  /// log2 of the cells of a word.
  static let logWord = 3
  static let wordCells = 1 << logWord

  let count: Int
  private(set) var words: [UInt16]
  /// Canonical elements, at least 4, by cell.
  private(set) var exceptions: [Int: UInt64] = [:]

  /// All zeros. - Parameter count: a multiple of 8.
  init(count: Int) {
    precondition(count.isMultiple(of: Self.wordCells), "\(count) cells")
    self.count = count
    words = [UInt16](repeating: 0, count: count >> Self.logWord)
  }

  init(cells: [UInt64]) {
    self.init(count: cells.count)
    for (cell, value) in cells.enumerated() {
      if value < UInt64(Limits.digitBase) {
        words[cell >> Self.logWord] |= UInt16(value) << Self.shift(cell)
      } else {
        exceptions[cell] = Goldilocks(reducing: value).value
      }
    }
  }

  /// Words of digits of cells that follow each other.
  mutating func replace(_ own: [UInt16], at first: Int) { words.replaceSubrange(first..<first + own.count, with: own) }

  private static func shift(_ cell: Int) -> UInt16 { UInt16(Limits.logDigit * (cell & (wordCells - 1))) }

  subscript(cell: Int) -> UInt64 {
    exceptions[cell] ?? UInt64(words[cell >> Self.logWord] >> Self.shift(cell) & 3)
  }

  var cells: [UInt64] { (0..<count).map { self[$0] } }

  /// Base-4 digits of a number, from the first cell of a word on; the last one takes whatever is left above it, so that
  /// nothing is lost when a cheating prover's number does not fit.
  mutating func store(_ number: Int64, digits: Int, at cell: Int) {
    if !exceptions.isEmpty { for place in cell..<cell + digits { exceptions[place] = nil } }
    let last = Int64(Limits.logDigit * (digits - 1))
    let rest = number >> last
    let fits = rest >= 0 && rest < Int64(Limits.digitBase)
    let bits = fits ? number : number & (1 << last - 1)
    for word in 0..<(digits + Self.wordCells - 1) >> Self.logWord {
      words[cell >> Self.logWord + word] = UInt16(truncatingIfNeeded: bits >> Int64(16 * word))
    }
    if !fits { exceptions[cell + digits - 1] = Goldilocks(rest).value }
  }

  /// The digits of a number, from the first cell of a word on. One that has none (a cheating prover's) is what the last word's
  /// lowest cell makes up for, so that nothing is lost.
  mutating func store(_ number: Int64, range: DigitRange, at cell: Int) {
    guard range.half > 0 else { return }
    if !exceptions.isEmpty { for place in cell..<cell + 2 * Self.wordCells { exceptions[place] = nil } }
    let word = cell >> Self.logWord
    if let (low, high) = range.words(number) {
      words[word] = UInt16(truncatingIfNeeded: low)
      words[word + 1] = UInt16(truncatingIfNeeded: high)
      return
    }
    let (value, weight) = (number &+ Int64(range.half), Int64(range.highWeight))
    let rest = value >= 0 ? value / weight : -((weight - 1 - value) / weight)
    words[word] = UInt16(truncatingIfNeeded: value - rest * weight)
    words[word + 1] = 0
    exceptions[cell + Self.wordCells] = Goldilocks(rest).value
  }

  /// The number that some digits stand for, modulo 2^64.
  func number(at cell: Int, digits: Int) -> Int64 {
    if exceptions.isEmpty, digits == Self.wordCells { return Int64(words[cell >> Self.logWord]) }
    return (0..<digits).reduce(0) {
      $0 &+ Int64(truncatingIfNeeded: self[cell + $1]) << Int64(Limits.logDigit * $1)
    }
  }

  /// Cells of a range, as a row that ends with them, in an array of the pool.
  func row(_ range: Range<Int>, from pool: RowPool) -> RowMessage {
    if !exceptions.isEmpty, exceptions.keys.contains(where: range.contains) { return .field(range.map { self[$0] }) }
    let source = words[range.lowerBound >> Self.logWord..<range.upperBound >> Self.logWord]
    var row = pool.narrow(count: range.count)
    var cells = row.mutableSpan
    precondition(cells.count == Self.wordCells * source.count, "cells of whole words")
    var next = 0
    for word in source {
      for digit in 0..<Self.wordCells {
        cells[unchecked: next + digit] = Int32(word >> UInt16(Limits.logDigit * digit) & 3)
      }
      next += Self.wordCells
    }
    return .narrow(row)
  }
}
