// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// A holder of rows and what it has been told: it answers one request after the other, and knows no secret but keys of its rows.
package struct WorkerState: Sendable {
  private let layout: ArgumentLayout
  private let assignment: WorkerAssignment
  private let number: Int
  /// The drift's, of which it asks for its own alone.
  private let rows: any TableauRows
  private let keptTileBytes: Int
  /// The rows of P2 that are no digits', of worker 0.
  package var masks: (any TableauRows)?

  private var shares: [SpreadTree: TableauShare] = [:]
  private var bulk = Bulk.none
  private var tables: WitnessTables?
  private var matrix: ProjectionMatrix?
  private var digits: PackedDigits?
  private var stage: WorkerStage?

  /// What is fetched in pieces.
  private enum Bulk: Sendable {
    case none
    case bytes(AlignedBuffer<UInt8>)
    case numbers([Int32])
    case elements([CubicExtension])
  }

  /// - Parameters:
  ///   - statement: its binding plays no part here.
  ///   - rows: of the drift tableau; only this worker's are asked for.
  ///   - keptTileBytes: of E-tiles in memory, where all of this worker's fit; nil for its part of what one process keeps.
  /// - Throws: ``WorkerError``, or a rejection of the statement.
  package init(
    statement: DriftStatement, workers: Int, number: Int, rows: any TableauRows,
    keptTileBytes: Int? = nil
  ) throws {
    try statement.validate()
    layout = ArgumentLayout(statement)
    try statement.code.requireBands(rows: layout.tableau.rowCount)
    try SpreadStatement.check(layout)
    assignment = try WorkerAssignment(layout, workers: workers)
    precondition((0..<workers).contains(number), "worker \(number) of \(workers)")
    self.number = number
    self.rows = HeldRows(rows: rows, held: assignment.rows(of: .drift, worker: number))
    self.keptTileBytes = keptTileBytes ?? DriftTiles.keptLimit / workers
  }

  package mutating func answer(_ request: WorkerRequest) throws -> WorkerAnswer {
    switch request {
    case .keys(let tree, let keys): try take(keys, of: tree)
    case .digests(let tree, let run):
      guard assignment.runs(of: tree, worker: number).contains(run) else {
        throw WorkerError.notHeld("run \(run) of \(tree.label)")
      }
      let digests = try share(tree).digests(ofRun: run)
      bulk = .bytes(digests)
      return .bulk(digests.count)
    case .piece(let range): return try piece(range)
    case .values(let tree, let point): return .elements(try share(tree).values(at: point))
    case .witness(let witness): return try prepare(witness)
    case .projections(let state): return try project(state)
    case .digits(let first, let words): try take(words, at: first)
    case .bounds(let state, let residualMask, let digitMask):
      return try begin(state, residualMask: residualMask, digitMask: digitMask)
    case .bind(let challenge):
      guard var stage else { throw WorkerError.outOfOrder("a round") }
      // Never two holders of its tables.
      self.stage = nil
      let round = try stage.bind(challenge)
      if !stage.isFinished { self.stage = stage }
      return .round(round)
    case .sums(let tree, let claims): return try sum(claims, of: tree)
    case .positions(let tree, let positions):
      guard positions.allSatisfy({ (0..<1 << layout.statement.code.logDomain).contains($0) }) else {
        throw WorkerError.notHeld("positions beyond the code")
      }
      return .rows(try share(tree).values(at: positions))
    }
    return .done
  }

  // MARK: Rows

  private func share(_ tree: SpreadTree) throws(WorkerError) -> TableauShare {
    guard let share = shares[tree] else { throw .outOfOrder("rows of \(tree.label)") }
    return share
  }

  private mutating func take(_ keys: TreeKeys, of tree: SpreadTree) throws(WorkerError) {
    let held = assignment.rows(of: tree, worker: number)
    let source: any TableauRows
    switch tree {
    case .drift: source = rows
    case .auxiliary:
      source = HeldDigits(
        layout: layout, rows: assignment.digitRows(worker: number), digits: digits ?? PackedDigits(count: 0),
        masks: masks)
    }
    let share = TableauShare(
      label: tree.label, shapes: tree.shapes(layout), parameters: layout.statement.code, rows: source, keys: keys,
      held: held)
    guard let share else { throw .notHeld("rows of \(tree.label) whose keys it was given") }
    shares[tree] = share
  }

  private mutating func take(_ words: [UInt16], at first: Int) throws(WorkerError) {
    let rows = assignment.digitRows(worker: number)
    let count = HeldDigits.cells(of: rows, layout: layout).count
    var own = digits ?? PackedDigits(count: count)
    guard first >= 0, first <= own.words.count, words.count <= own.words.count - first else {
      throw .notHeld("digits of other rows")
    }
    digits = nil
    own.replace(words, at: first)
    digits = own
  }

  private func piece(_ range: Range<Int>) throws(WorkerError) -> WorkerAnswer {
    let count =
      switch bulk {
      case .none: 0
      case .bytes(let bytes): bytes.count
      case .numbers(let numbers): numbers.count
      case .elements(let elements): elements.count
      }
    guard range.lowerBound >= 0, range.upperBound <= count else { throw .outOfOrder("a piece") }
    switch bulk {
    case .none: return .done
    case .bytes(let bytes): return .bytes(bytes.copy(range))
    case .numbers(let numbers): return .numbers(Array(numbers[range]))
    case .elements(let elements): return .elements(Array(elements[range]))
    }
  }

  private mutating func sum(_ claims: [RowWeights], of tree: SpreadTree) throws -> WorkerAnswer {
    let share = try share(tree)
    let shapes = tree.shapes(layout)[share.held]
    for claim in claims {
      guard claim.weights.count == share.held.count, (0...layout.length).contains(claim.tailOffset),
        (0...layout.statement.code.longestTail).contains(claim.tailCount),
        zip(claim.weights, shapes).allSatisfy({ weight, shape in
          weight == .zero || shape.tailOffset == claim.tailOffset && shape.tailCount <= claim.tailCount
        })
      else { throw WorkerError.notHeld("weights of other rows") }
    }
    let whole = claims.map { claim in
      var own = claim
      own.weights = [CubicExtension](repeating: .zero, count: share.held.lowerBound) + claim.weights
      return own
    }
    let sums = try share.sums(whole)
    bulk = .elements(sums.count == 1 ? sums[0] : Array(sums.joined()))
    return .bulk(claims.reduce(0) { $0 + $1.count })
  }

  // MARK: Witness

  private mutating func prepare(_ witness: ClauseWitness) throws -> WorkerAnswer {
    guard witness.fits(layout) else { throw WorkerError.notHeld("factors or supports of other clauses") }
    let own = try WitnessTables(
      layout: layout,
      witness: ArgumentWitness(
        rows: rows, factors: witness.factors, supports: witness.supports, diagonals: witness.diagonals),
      keptLimit: keptTileBytes, held: assignment.rows(of: .drift, worker: number))
    tables = own
    return .witness(
      squares: own.tiles.chunks.squares.joined().map { .init(index: $0.index, square: own.squares[$0.index]) },
      sparse: own.sparseValues.map { .init(cell: $0.cell, value: $0.value) })
  }

  private mutating func project(_ state: [UInt8]) throws -> WorkerAnswer {
    guard let tables else { throw WorkerError.outOfOrder("projections") }
    let matrix = ProjectionMatrix(bits: try Self.bits(state))
    self.matrix = matrix
    let tiles = tables.tiles
    typealias Found = [(position: Int, numbers: [Int32])]
    var found = try DriftTiles.ascending(
      tiles.count, workers: DriftTiles.workers(length: layout.length), { Found() }, merge: { $0 += $1 },
      { own, position in
        let chunks = tiles.chunks.projections[position].count
        if chunks == 0 { return }
        let entries = try tiles.entries(position)
        let values = DigitTable.project(entries, matrix)
        tiles.recycle(entries)
        let numbers = try values.map { value in
          // An honest chunk's are below 2^29 (section 5, completeness).
          guard let number = Int32(exactly: value) else {
            throw WorkerError.outOfOrder("a projection beyond its range")
          }
          return number
        }
        own.append(
          (
            position,
            numbers.isEmpty ? [Int32](repeating: 0, count: chunks * Limits.projections) : numbers
          ))
      })
    found.sort { $0.position < $1.position }
    let numbers = found.flatMap(\.numbers)
    bulk = .numbers(numbers)
    return .bulk(numbers.count)
  }

  private static func bits(_ state: [UInt8]) throws(WorkerError) -> [UInt8] {
    var transcript = try transcript(state)
    return ArgumentProtocol.matrixBits(&transcript)
  }

  private static func transcript(_ state: [UInt8]) throws(WorkerError) -> Transcript {
    guard state.count == 32 else { throw .outOfOrder("challenges of no transcript") }
    return Transcript(resuming: state)
  }

  // MARK: The bounds stage

  private mutating func begin(
    _ state: [UInt8], residualMask: [CubicExtension], digitMask: [CubicExtension]
  ) throws -> WorkerAnswer {
    guard let tables, let matrix else { throw WorkerError.outOfOrder("the bounds stage") }
    var transcript = try Self.transcript(state)
    let challenges = BoundsStageChallenges(layout: layout, transcript: &transcript)
    let digitRows = assignment.digitRows(worker: number)
    let hasFirstTile = tables.tiles.maskTile != nil
    guard residualMask.count == (hasFirstTile ? Limits.maskEntries : 0),
      digitMask.count == (digitRows.isEmpty || digitRows.lowerBound > 0 ? 0 : Limits.maskEntries)
    else { throw WorkerError.notHeld("masks of other rows") }
    let stage = try WorkerStage(
      layout: layout, challenges: challenges, tiles: tables.tiles,
      columnWeights: matrix.weightedColumns(rowWeights: challenges.rowWeights), residualMask: residualMask,
      digits: digits ?? PackedDigits(count: 0), digitRows: digitRows, digitMask: digitMask)
    self.stage = stage
    return .round(stage.round)
  }
}

/// The part of the bounds stage in which no product mixes two rows.
private struct WorkerStage: Sendable {
  private let logLength: Int
  private var residuals: DriftComponent
  private var digits: DigitComponent?
  private var bound = 0

  init(
    layout: ArgumentLayout, challenges: BoundsStageChallenges, tiles: DriftTiles, columnWeights: [CubicExtension],
    residualMask: [CubicExtension], digits: PackedDigits, digitRows: Range<Int>, digitMask: [CubicExtension]
  ) throws {
    logLength = layout.logLength
    residuals = try DriftComponent(
      layout: layout.tableau, challenges: challenges, columnWeights: columnWeights, tiles: tiles, mask: residualMask)
    guard !digitRows.isEmpty else { return }
    self.digits = DigitComponent(
      variables: layout.digitVariables, digits: digits, mask: digitMask,
      weights: DigitWeights(layout: layout, challenges: challenges), point: challenges.digits,
      scale: challenges.power(.digits),
      // A row that is not filled has fewer variables; it is all of D.
      part: layout.digitVariables > logLength ? (digitRows, logLength) : nil)
  }

  var isFinished: Bool { bound > logLength }

  /// What this worker adds to the next round.
  var round: BoundsRound {
    var values = [CubicExtension](repeating: .zero, count: ArgumentLayout.boundsDegree + 1)
    if isFinished { return BoundsRound(values: values) }
    let parts: [(any SumcheckComponent)?] = [residuals, digits]
    for case let part? in parts where part.rounds > bound {
      for (x, value) in part.roundValues(degree: ArgumentLayout.boundsDegree).enumerated() { values[x] += value }
    }
    return BoundsRound(values: values)
  }

  mutating func bind(_ challenge: CubicExtension) throws -> BoundsRound {
    try residuals.bind(challenge)
    if let rounds = digits?.rounds, rounds > bound { digits?.bind(challenge) }
    bound += 1
    var round = round
    if let digits, digits.rounds == bound {
      let ends = digits.rowEnds
      round.digits = zip(ends.values, ends.linear).map { .init(value: $0, linear: $1) }
    }
    if isFinished {
      round.tiles = residuals.tileEnds.map {
        .init(tile: $0.tile, value: $0.value, square: $0.square, linear: $0.linear)
      }
    }
    return round
  }
}
