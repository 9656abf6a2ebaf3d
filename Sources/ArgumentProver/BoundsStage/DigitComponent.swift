// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The part of the digit oracle D in the bounds stage: Σ_x (1-top)·[scale·eq(z, x)·V(D(x)) + W(x)·D(x)] with V(d) =
/// d(d-1)(d-2)(d-3).
///
/// The factor eq(z, ·) is kept as a scalar for the bound and the current variables and as tables for the rest (Gruen,
/// "Some improvements for the PIOP for ZeroCheck"). The oracle is held as digits for seven rounds, the small-value
/// technique of Bagad, Domb and Thaler ("The sum-check protocol over fields of small characteristic"):
/// - while the three variables inside a word are bound (and `top`), a round needs only the sums of eq over all words
///   of one content, ``WordHistogram``;
/// - in the next three rounds a bound value is a sum of two table entries a word;
/// - then there are tables of 1/64 of the oracle.
/// Words with masks or with cells that are no digits are held apart as ``DigitSpecial``; the words hold 0 there.
struct DigitComponent: SumcheckComponent {
  let rounds: Int
  private let point: [CubicExtension]
  /// Of a part of the oracle: the variables of a word's place in its row, and eq over those of the row for each of the part's
  /// rows. Nil for the whole oracle.
  private let part: (rowVariables: Int, rowWeights: [CubicExtension])?
  private var words: [UInt16]
  private var weights: DigitWeights
  private var specials: [DigitSpecial] = []
  private var histogram: WordHistogram
  /// The four values of a digit, later of all contents of 2, 4 and 8 cells with the variables bound so far.
  private var contentValues: [CubicExtension]
  /// ``DigitWeights/patterns`` with the variables bound so far.
  private var patterns: [[CubicExtension]]
  /// By level: 2·2^level tables of 256 values, two a word.
  private var lookup: [CubicExtension] = []
  private var values: [CubicExtension] = []
  private var linear: [CubicExtension] = []
  /// eq over the variables after the current one, once there are tables.
  private var rest: [CubicExtension] = []
  /// scale·eq over the bound variables.
  private var boundEquality: CubicExtension
  private var topFactor: CubicExtension?
  private var bound = 0
  /// Σ eq·V and Σ W·D over what is not bound, eq over it alone.
  private var claims = (quartic: CubicExtension.zero, linear: CubicExtension.zero)
  /// Coefficients of the round's polynomials.
  private var current: (quartic: [CubicExtension], linear: [CubicExtension]) = ([], [])

  /// log2 of a block of words, within which eq(z, ·) is one table and one factor.
  private static let logBlock = 8
  /// Rounds after those inside a word that make no tables.
  private let streamedRounds: Int

  /// - Parameters:
  ///   - digits: beyond them the oracle is 0; of a part those of its rows.
  ///   - mask: entries at the lowest indices of the half top = 1: one word. Of a part without the first row empty.
  ///   - part: rows of 2^logRow cells; then the component ends when the variables inside a row are bound.
  init(
    variables: Int, digits: PackedDigits, mask: [CubicExtension], weights: DigitWeights, point: [CubicExtension],
    scale: CubicExtension, part: (rows: Range<Int>, logRow: Int)? = nil
  ) {
    let logWord = PackedDigits.logWord
    precondition(point.count == variables && digits.count <= 1 << variables)
    precondition(mask.count == PackedDigits.wordCells || mask.isEmpty && part?.rows.lowerBound ?? 0 > 0)
    precondition(part == nil || digits.exceptions.isEmpty, "only a prover of one process has cells that are no digits")
    rounds = (part?.logRow ?? variables) + 1
    streamedRounds = variables >= logWord + 3 + Self.logBlock ? 3 : 0
    self.point = point
    self.part = part.map { part in
      (part.logRow, part.rows.map { Multilinear.equality(point[part.logRow...], at: $0) })
    }
    let weights =
      part.map { part in
        let log = part.logRow - logWord
        return weights.clipped(to: part.rows.lowerBound << log..<part.rows.upperBound << log, logRow: log)
      } ?? weights
    self.weights = weights
    boundEquality = scale
    words = digits.words
    let group = 1 << streamedRounds
    words += [UInt16](repeating: 0, count: max(1, (words.count + group - 1) / group) * group - words.count)
    contentValues = (0..<Limits.digitBase).map { CubicExtension($0) }
    patterns = DigitWeights.patterns
    let address = Array(point[logWord...])
    let first = mask.isEmpty ? [] : [0]
    for word in Set(first + digits.exceptions.keys.map { $0 >> logWord }).sorted() {
      let first = word << logWord
      let segment = weights.segment(of: word)
      specials.append(
        DigitSpecial(
          word: word,
          cells: (first..<first + PackedDigits.wordCells).map {
            $0 < digits.count ? CubicExtension(Goldilocks(reducing: digits[$0])) : .zero
          },
          masks: word == 0 ? mask : mask.map { _ in .zero }, equality: Multilinear.equality(address, at: word),
          weight: segment?.weight(word) ?? .zero, isShort: segment?.isShort(word) ?? false))
      words[word] = 0
    }
    let split = min(Self.logBlock, address.count)
    // What ``equality(from:)`` gives; self is not complete yet.
    let high =
      self.part.map { part in
        Self.products(Multilinear.equality(point[(logWord + split)..<part.rowVariables]), part.rowWeights)
      } ?? Multilinear.equality(address[split...])
    histogram = WordHistogram(
      words: words, weights: weights, low: Multilinear.equality(address[..<split]), high: high)
  }

  /// The whole oracle, of whose rows one value each is left: values, and those of W.
  /// - Parameter bound: the challenges so far, that of `top` first.
  init(
    variables: Int, values: [CubicExtension], linear: [CubicExtension], point: [CubicExtension], scale: CubicExtension,
    bound: [CubicExtension]
  ) {
    rounds = variables + 1
    streamedRounds = 0
    part = nil
    self.point = point
    self.bound = bound.count - 1
    (words, contentValues, patterns) = ([], [], [])
    (weights, histogram) = (DigitWeights(), WordHistogram())
    self.values = values
    self.linear = linear
    topFactor = .one - bound[0]
    boundEquality = zip(point, bound.dropFirst()).reduce(scale) { $0 * Multilinear.equality($1.0, $1.1) }
    let equality = Multilinear.equality(point[self.bound...])
    claims = (
      zip(values, equality).reduce(.zero) { $0 + $1.1 * Digits.vanishing($1.0) },
      zip(values, linear).reduce(.zero) { $0 + $1.0 * $1.1 }
    )
    rest = self.bound < point.count ? Multilinear.equality(point[(self.bound + 1)...]) : []
    prepareRound()
  }

  /// eq(z, ·) over the variables of the part from one on.
  private func equality(from variable: Int) -> [CubicExtension] {
    guard let part else { return Multilinear.equality(point[variable...]) }
    return Self.products(Multilinear.equality(point[variable..<part.rowVariables]), part.rowWeights)
  }

  private static func products(_ low: [CubicExtension], _ high: [CubicExtension]) -> [CubicExtension] {
    high.flatMap { weight in low.map { $0 * weight } }
  }

  /// What is left of each row when the variables inside a row are bound: its value, and that of W.
  var rowEnds: (values: [CubicExtension], linear: [CubicExtension]) { (values, linear) }

  // MARK: Rounds

  func roundValues(degree: Int) -> [CubicExtension] {
    guard let topFactor else { return topRound(degree) }
    let z = point[bound]
    return (0...degree).map { x in
      let value = CubicExtension(x)
      let quartic = Univariate.evaluate(current.quartic, at: value) * Multilinear.equality(z, value)
      return (quartic * boundEquality + Univariate.evaluate(current.linear, at: value)) * topFactor
    }
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    let low = Multilinear.equality(point[..<PackedDigits.logWord])
    // Σ eq over the cells with each digit.
    var digits = histogram.equality
    for variable in (0..<PackedDigits.logWord).reversed() {
      digits = WordHistogram.marginal(digits, z: point[variable])
    }
    let linear = zip(patterns, histogram.linear).reduce(.zero) { $0 + Multilinear.innerProduct($1.0, $1.1) }
    return (0...degree).map { i in
      let (x, c) = (CubicExtension(i), CubicExtension.one - CubicExtension(i))
      var quartic = CubicExtension.zero
      for digit in 1..<Limits.digitBase { quartic += digits[digit] * Digits.vanishing(c * CubicExtension(digit)) }
      var sum = c * linear
      for special in specials {
        let pattern = patterns[special.isShort ? 1 : 0]
        for (place, (cell, mask)) in zip(special.cells, special.masks).enumerated() {
          let entry = c * cell + x * mask
          quartic += special.equality * low[place] * Digits.vanishing(entry)
          sum += special.weight * pattern[place] * entry
        }
      }
      return c * (boundEquality * quartic + sum)
    }
  }

  /// Fills ``current`` with the round of variable `bound`.
  private mutating func prepareRound() {
    guard bound < rounds - 1 else { return }
    let z = point[bound]
    if bound < PackedDigits.logWord {
      current = histogramRound()
    } else {
      let level = bound - PackedDigits.logWord
      let sums = level < streamedRounds ? streamedRound(level) : tableRound()
      current = (sums.quartic(claim: claims.quartic, z: z), sums.linear(claim: claims.linear))
    }
  }

  private func histogramRound() -> (quartic: [CubicExtension], linear: [CubicExtension]) {
    // The other variables inside the word are summed, those that come last first.
    var table = histogram.equality
    for variable in ((bound + 1)..<max(bound + 1, PackedDigits.logWord)).reversed() {
      table = WordHistogram.marginal(table, z: point[variable])
    }
    var quartic = QuarticRound.quartic(table: table, values: contentValues)
    var lines = QuarticRound.Sums()
    var l1 = CubicExtension.zero
    func addLines(_ weights: [CubicExtension], _ data: [CubicExtension]) {
      for pair in 0..<data.count / 2 {
        lines.addLinear(weights[2 * pair], weights[2 * pair + 1], a: data[2 * pair], b: data[2 * pair + 1])
        l1 += weights[2 * pair + 1] * data[2 * pair + 1]
      }
    }
    for (pattern, sums) in zip(patterns, histogram.linear) { addLines(pattern, sums) }
    let low = Multilinear.equality(point[(bound + 1)..<max(bound + 1, PackedDigits.logWord)])
    for special in specials {
      addLines(patterns[special.isShort ? 1 : 0].map { $0 * special.weight }, special.cells)
      for pair in 0..<special.cells.count / 2 {
        let (a, b) = (special.cells[2 * pair], special.cells[2 * pair + 1])
        var sums = QuarticRound.Sums()
        sums.add(weight: special.equality * low[pair], a: a, b: b)
        // The coefficient of X, which no claim gives here, from the value at 1.
        let one = special.equality * low[pair] * Digits.vanishing(b)
        let own = [sums.v0, one - sums.v0 - sums.v2 - sums.v3 - sums.v4, sums.v2, sums.v3, sums.v4]
        for k in 0..<5 { quartic[k] += own[k] }
      }
    }
    return (quartic, [lines.l0, l1 - lines.l0 - lines.l2, lines.l2])
  }

  /// The round over pairs of groups of 2^level words.
  private func streamedRound(_ level: Int) -> QuarticRound.Sums {
    let firstVariable = PackedDigits.logWord + Self.logBlock
    let low = Multilinear.equality(point[(bound + 1)..<firstVariable])
    let high = equality(from: firstVariable)
    let starts = pieceStarts
    let sums = parallelSum(count: starts.last ?? 0, width: 6, minimumStep: 16) { range, out in
      var total = QuarticRound.Sums()
      for (index, segment) in weights.segments.enumerated() {
        for piece in range.clamped(to: starts[index]..<starts[index + 1]) {
          let log = min(Self.logBlock, segment.logWords)
          let first = segment.firstWord + (piece - starts[index]) << log
          add(
            first..<first + 1 << log, of: segment, level: level, low: low, high: high[first >> Self.logBlock],
            to: &total)
        }
      }
      out = [total.v0, total.v2, total.v3, total.v4, total.l0, total.l2]
    }
    var total = QuarticRound.Sums(v0: sums[0], v2: sums[1], v3: sums[2], v4: sums[3], l0: sums[4], l2: sums[5])
    correct(level, low: low, high: high, total: &total)
    return total
  }

  /// First number of each segment's pieces, blocks or whole segments; then the number of all pieces.
  private var pieceStarts: [Int] {
    var starts = [0]
    for segment in weights.segments {
      starts.append(starts[starts.count - 1] + 1 << max(0, segment.logWords - Self.logBlock))
    }
    return starts
  }

  /// The words of a range inside one block.
  private func add(
    _ range: Range<Int>, of segment: DigitWeights.Segment, level: Int, low: [CubicExtension], high: CubicExtension,
    to total: inout QuarticRound.Sums
  ) {
    let pair = 2 << level
    let run = min(range.count, 1 << segment.logRun)
    var quartic = QuarticRound.Sums()
    for first in stride(from: range.lowerBound, to: range.upperBound, by: run) {
      let offset = first - segment.firstWord
      // segment.table is folded: one entry a group.
      let entry = (offset & (1 << segment.logRun - 1)) >> level
      var lines = QuarticRound.Sums()
      for index in 0..<run / pair {
        let word = first + index * pair
        let a = value(word, level)
        let b = value(word + pair / 2, level)
        quartic.add(weight: low[(word & (1 << Self.logBlock - 1)) / pair], a: a, b: b)
        lines.addLinear(segment.table[entry + 2 * index], segment.table[entry + 2 * index + 1], a: a, b: b)
      }
      total.add(lines, linear: segment.factors[offset >> segment.logRun])
    }
    total.add(quartic, quartic: high)
  }

  /// The bound value of 2^level words.
  @inline(__always)
  private func value(_ first: Int, _ level: Int) -> CubicExtension {
    var sum = CubicExtension.zero
    for i in 0..<1 << level {
      let word = Int(words[first + i])
      sum += lookup[512 * i + word & 255] + lookup[512 * i + 256 + word >> 8]
    }
    return sum
  }

  /// Replaces the pairs that hold specials.
  private func correct(
    _ level: Int, low: [CubicExtension], high: [CubicExtension], total: inout QuarticRound.Sums
  ) {
    var index = 0
    while index < specials.count {
      let pair = specials[index].word >> 1
      var data = [value(2 * pair << level, level), value((2 * pair + 1) << level, level)]
      let first = pair << (level + 1)
      let weight = low[(first & (1 << Self.logBlock - 1)) >> (level + 1)] * high[first >> Self.logBlock]
      let w = [groupWeight(2 * pair, level), groupWeight(2 * pair + 1, level)]
      var sums = QuarticRound.Sums()
      sums.add(weight: weight, a: data[0], b: data[1])
      sums.addLinear(w[0], w[1], a: data[0], b: data[1])
      total.subtract(sums)
      while index < specials.count, specials[index].word >> 1 == pair {
        data[specials[index].word & 1] += specials[index].cells[0]
        index += 1
      }
      sums = QuarticRound.Sums()
      sums.add(weight: weight, a: data[0], b: data[1])
      sums.addLinear(w[0], w[1], a: data[0], b: data[1])
      total.add(sums)
    }
  }

  /// W of a group of 2^level words, in which ``DigitWeights/Segment/table`` is folded.
  private func groupWeight(_ group: Int, _ level: Int) -> CubicExtension {
    let word = group << level
    guard let segment = weights.segment(of: word) else { return .zero }
    let offset = word - segment.firstWord
    return segment.factors[offset >> segment.logRun] * segment.table[(offset & (1 << segment.logRun - 1)) >> level]
  }

  private func tableRound() -> QuarticRound.Sums {
    let (values, linear, rest) = (values, linear, rest)
    let pairs = values.count / 2
    let sums = parallelSum(count: pairs, width: 6) { range, out in
      let found = CubicSums.quartic(values: values, linear: linear, rest: rest, range)
      out = found.quartic + found.linear
    }
    var total = QuarticRound.Sums(v0: sums[0], v2: sums[1], v3: sums[2], v4: sums[3], l0: sums[4], l2: sums[5])
    if !values.count.isMultiple(of: 2) {
      // Beyond the last entry the table is 0.
      total.add(weight: rest[pairs], a: values[2 * pairs], b: .zero)
      total.addLinear(linear[2 * pairs], .zero, a: values[2 * pairs], b: .zero)
    }
    return total
  }

  // MARK: Binding

  mutating func bind(_ r: CubicExtension) {
    defer { prepareRound() }
    guard topFactor != nil else {
      let complement = CubicExtension.one - r
      topFactor = complement
      for i in contentValues.indices { contentValues[i] *= complement }
      for kind in histogram.linear.indices {
        for i in histogram.linear[kind].indices { histogram.linear[kind][i] *= complement }
      }
      for i in specials.indices {
        for (place, mask) in specials[i].masks.enumerated() {
          specials[i].cells[place] = specials[i].cells[place] * complement + mask * r
        }
      }
      return
    }
    claims = (Univariate.evaluate(current.quartic, at: r), Univariate.evaluate(current.linear, at: r))
    boundEquality *= Multilinear.equality(point[bound], r)
    bound += 1
    let level = bound - PackedDigits.logWord
    if level <= 0 {
      bindInsideWord(r)
      if level == 0 { startStream() }
    } else if level <= streamedRounds {
      bindGroups(r)
    } else {
      Self.fold(&values, r)
      Self.fold(&linear, r)
      if rest.count > 1 { rest = (0..<rest.count / 2).map { rest[2 * $0] + rest[2 * $0 + 1] } }
    }
    if level == streamedRounds { makeTables(level) }
  }

  private mutating func bindInsideWord(_ r: CubicExtension) {
    for i in specials.indices { Multilinear.fold(&specials[i].cells, r) }
    for kind in patterns.indices {
      Multilinear.fold(&patterns[kind], r)
      Multilinear.fold(&histogram.linear[kind], r)
    }
    let (low, high) = (contentValues.map { $0 * (.one - r) }, contentValues.map { $0 * r })
    if bound == PackedDigits.logWord {
      lookup = low + high
      contentValues = []
    } else {
      contentValues = high.flatMap { b in low.map { $0 + b } }
    }
  }

  /// All variables inside a word are bound: the weights of words, short or not, in one table.
  private mutating func startStream() {
    histogram.equality = []
    let scales = patterns.map { $0[0] }
    weights.rescale { $0 * scales[$1 ? 1 : 0] }
  }

  /// The variable between the two halves of a pair of groups.
  private mutating func bindGroups(_ r: CubicExtension) {
    lookup = lookup.map { $0 * (.one - r) } + lookup.map { $0 * r }
    weights.fold(r)
    var folded: [DigitSpecial] = []
    for special in specials {
      var special = special
      special.cells[0] *= special.word & 1 == 1 ? r : .one - r
      special.word >>= 1
      if let last = folded.last, last.word == special.word {
        folded[folded.count - 1].cells[0] += special.cells[0]
      } else {
        folded.append(special)
      }
    }
    specials = folded
  }

  private mutating func makeTables(_ level: Int) {
    let count = words.count >> level
    // On one core: parts that are joined would double the memory at its peak.
    values.reserveCapacity(count)
    for group in 0..<count { values.append(value(group << level, level)) }
    for special in specials { values[special.word] += special.cells[0] }
    linear = [CubicExtension](repeating: .zero, count: count)
    for segment in weights.segments {
      let first = segment.firstWord >> level
      var next = first
      for factor in segment.factors {
        for entry in segment.table where next < count {
          linear[next] = factor * entry
          next += 1
        }
      }
    }
    rest = bound < rounds - 1 ? equality(from: bound + 1) : []
    (words, lookup, specials) = ([], [], [])
  }

  /// Folds a table whose missing entries are zeros.
  private static func fold(_ table: inout [CubicExtension], _ r: CubicExtension) {
    if !table.count.isMultiple(of: 2) { table.append(.zero) }
    Folding.fold(&table, r)
  }

  var evaluations: [Oracle: CubicExtension] { [.digits: values[0]] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    let d = try evaluations.value(.digits)
    return (boundEquality * Digits.vanishing(d) + linear[0] * d) * (topFactor ?? .one)
  }
}
