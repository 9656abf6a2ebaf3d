// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// W, the digit oracle's linear weights in the bounds stage: what the verifier evaluates at one point.
///
/// Every number begins with a word of eight cells, so W is u·(1, 4, …, 4^7) in each word; in the last word of a
/// projection or a carry the last cell belongs to no claim and has weight 0 ("short"). u is a product of a factor for
/// each run of words (a chunk) and a table inside a run (rows of R), so that W takes no memory of the oracle's size.
struct DigitWeights: Sendable {
  struct Segment: Sendable {
    var firstWord: Int
    /// log2 of the words of a run.
    var logRun: Int
    /// One factor a run.
    var factors: [CubicExtension]
    /// u / factor of the words of one run.
    var table: [CubicExtension]
    /// The word w of a run is short when w & shortMask == shortMask; nil: none is.
    var shortMask: Int?

    var logWords: Int { logRun + factors.count.trailingZeroBitCount }
    var words: Range<Int> { firstWord..<firstWord + factors.count << logRun }
    func isShort(_ word: Int) -> Bool { shortMask.map { word & $0 == $0 } ?? false }
    /// u of a word of the oracle.
    func weight(_ word: Int) -> CubicExtension {
      let offset = word - firstWord
      return factors[offset >> logRun] * table[offset & (1 << logRun - 1)]
    }
  }

  /// (1, 4, …, 4^7), and the same without the last.
  static let patterns: [[CubicExtension]] = {
    let full = (0..<PackedDigits.wordCells).map { CubicExtension(1 << (Limits.logDigit * $0)) }
    return [full, full.dropLast() + [.zero]]
  }()

  /// In rising order; aligned to their sizes; what lies between and beyond them has weight 0.
  private(set) var segments: [Segment] = []

  /// No weights.
  init() {}

  init(layout: ArgumentLayout, challenges: BoundsStageChallenges) {
    let digits = layout.digits
    // Two words a number, times 4^8 in the second.
    func words(_ weight: CubicExtension, _ range: DigitRange = .projections) -> [CubicExtension] {
      [range.half > 0 ? weight : .zero, weight * Goldilocks(range.highWeight)]
    }
    func add(_ slots: ProjectionSlots, _ factors: [CubicExtension]) {
      // u = -chunk·row.
      let rows = challenges.rowWeights.flatMap { words(-$0, slots.range) }
      let main = 2 * ProjectionSlots.mainRows
      for (slot, log, table) in [
        (slots.main, ProjectionSlots.logMain, Array(rows[..<main])),
        (slots.rest, ProjectionSlots.logRest, Array(rows[main...])),
      ] {
        segments.append(
          Segment(
            firstWord: slot.offset >> PackedDigits.logWord, logRun: log + 1, factors: factors, table: table,
            shortMask: slots.range.highDigits == DigitRange.wordDigits ? nil : 1))
      }
    }
    let chunks = Multilinear.equality(challenges.projections, scale: challenges.power(.projections))
    for (piece, slots) in zip(layout.tableau.projectionPieces, digits.projections) {
      add(slots, Array(chunks[piece.base..<piece.base + piece.count]))
    }
    for (family, projections) in zip(layout.entries.families, digits.entryProjections) {
      let chunks = Multilinear.equality(challenges.projections, scale: challenges.power(family))
      for (index, slots) in zip(layout.entries.pieces, projections) {
        guard let slots else { continue }
        let piece = layout.tableau.projectionPieces[index]
        add(slots, Array(chunks[piece.base..<piece.base + piece.count]))
      }
    }
    if let slots = digits.factorProjections {
      var chunks = Multilinear.equality(challenges.factorChunks, scale: challenges.power(.factorProjections))
      for chunk in layout.factors.factorChunks..<chunks.count { chunks[chunk] = .zero }
      add(slots, chunks)
    }
    if let orthonormal = challenges.orthonormal {
      for (index, products) in digits.products.enumerated() {
        let (rows, columns) = orthonormal.productWeights(index)
        segments.append(
          Segment(
            firstWord: products.slot.offset >> PackedDigits.logWord, logRun: products.logRows + 1, factors: rows,
            table: columns.flatMap { words($0) }, shortMask: 1))
      }
    }
    addSquaresAndLines(layout: layout, challenges: challenges)
    segments.sort { $0.firstWord < $1.firstWord }
  }

  private mutating func addSquaresAndLines(layout: ArgumentLayout, challenges: BoundsStageChallenges) {
    let digits = layout.digits
    guard let squares = digits.squares else { return }
    var table = [CubicExtension](repeating: .zero, count: squares.count >> PackedDigits.logWord)
    let weights = Multilinear.equality(challenges.squares, scale: challenges.power(.squares))
    for (chunk, weight) in weights.enumerated() {
      for limb in 0..<Limits.squareLimbs {
        table[chunk * Limits.squareLimbs + limb] = -weight * Goldilocks(1 << (Limits.logLimb * limb))
      }
    }
    var first = 0
    for (line, slot) in zip(digits.lines, digits.lineSlots) {
      let powers = Array(challenges.linePowers(first: first, count: line.limbs))
      first += line.limbs
      for term in line.terms {
        for limb in 0..<Limits.squareLimbs {
          let weight = powers[limb + term.limbShift] * Goldilocks(1 << term.logWeight)
          for chunk in term.piece.base..<term.piece.base + term.piece.count {
            table[chunk * Limits.squareLimbs + limb] += weight
          }
        }
      }
      var own = [CubicExtension](repeating: .zero, count: slot.count >> PackedDigits.logWord)
      BoundLineWeights.forEachCell(powers: powers) { cell, weight in
        if cell.isMultiple(of: PackedDigits.wordCells) { own[cell >> PackedDigits.logWord] = weight }
      }
      addTable(own, at: slot, shortMask: 3)
    }
    addTable(table, at: squares, shortMask: nil)
  }

  private mutating func addTable(_ table: [CubicExtension], at slot: Slot, shortMask: Int?) {
    // Groups of 8 words may not straddle segments; a shorter slot is the oracle's last, with nothing behind it.
    let padding = [CubicExtension](repeating: .zero, count: max(0, 8 - table.count))
    let words = table + padding
    segments.append(
      Segment(
        firstWord: slot.offset >> PackedDigits.logWord, logRun: words.count.trailingZeroBitCount, factors: [.one],
        table: words, shortMask: shortMask))
  }

  /// Replaces u of every word, told whether the word is short.
  mutating func rescale(_ change: (CubicExtension, Bool) -> CubicExtension) {
    for i in segments.indices {
      for word in segments[i].table.indices {
        segments[i].table[word] = change(segments[i].table[word], segments[i].isShort(word))
      }
    }
  }

  /// Binds the lowest variable of a word's address; a segment's tables then hold one entry for two. ``Segment/logRun``
  /// and ``Segment/firstWord`` go on counting words.
  mutating func fold(_ r: CubicExtension) {
    for i in segments.indices { Multilinear.fold(&segments[i].table, r) }
  }

  /// The weights of some words, counted from the first of them: a segment for each row of 2^log words that one covers or lies
  /// in.
  func clipped(to range: Range<Int>, logRow log: Int) -> DigitWeights {
    var result = self
    result.segments = segments.flatMap { segment -> [Segment] in
      let first = (segment.words.lowerBound >> log) << log
      return stride(from: first, to: segment.words.upperBound, by: 1 << log).compactMap { row -> Segment? in
        let words = segment.words.clamped(to: row..<row + 1 << log)
        guard range.contains(words.lowerBound) else { return nil }
        var own = segment
        own.firstWord = words.lowerBound - range.lowerBound
        let offset = words.lowerBound - segment.firstWord
        // Both are aligned powers of two, and so is what they have in common.
        if segment.logRun <= words.count.trailingZeroBitCount {
          own.factors = Array(segment.factors[offset >> segment.logRun..<(offset + words.count) >> segment.logRun])
        } else {
          own.logRun = words.count.trailingZeroBitCount
          own.factors = [segment.factors[offset >> segment.logRun]]
          let entry = offset & (1 << segment.logRun - 1)
          own.table = Array(segment.table[entry..<entry + words.count])
        }
        return own
      }
    }
    return result
  }

  func segment(of word: Int) -> Segment? { segments.first { $0.words.contains(word) } }

  /// All weights, one a cell, as many as are used: for tests.
  func cells(count: Int) -> [CubicExtension] {
    var result = [CubicExtension](repeating: .zero, count: count)
    for segment in segments {
      for word in segment.words {
        let u = segment.weight(word)
        let pattern = Self.patterns[segment.isShort(word) ? 1 : 0]
        for (digit, power) in pattern.enumerated() where word << PackedDigits.logWord + digit < count {
          result[word << PackedDigits.logWord + digit] = u * power
        }
      }
    }
    return result
  }
}
