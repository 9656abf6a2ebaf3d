// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import Synchronization

/// The coordinator's side of the seam: who holds which rows, and how their answers add up. It holds P1, all masks and the
/// transcript; sums and digests are exact, so that their order and the number of workers are not in the proof.
package final class WorkerTeam: Sendable {
  package let layout: ArgumentLayout
  package let assignment: WorkerAssignment
  private let workers: [any ProofWorker]
  /// Worker 0, in this process: it alone gets rows of masks.
  private let first: LocalWorker
  /// Runs whose digests have been asked for and not yet fetched.
  private let begun = Mutex<[SpreadTree: Set<Int>]>([:])

  /// Items of one piece of a bulk: at most 4 MiB.
  static let pieceBytes = 1 << 22
  static let pieceElements = 1 << 17
  static let pieceNumbers = 1 << 20
  static let pieceWords = 1 << 21

  /// - Parameters:
  ///   - rows: of the drift, of which worker 0 asks for its own.
  ///   - make: makes the workers behind worker 0, which is in this process.
  /// - Throws: ``WorkerError`` where the statement or the number of workers is none that is spread; what `make` throws.
  package init(
    statement: DriftStatement, workers count: Int, rows: any TableauRows,
    make: (_ number: Int) throws -> any ProofWorker
  ) throws {
    let layout = ArgumentLayout(statement)
    try SpreadStatement.check(layout)
    assignment = try WorkerAssignment(layout, workers: count)
    self.layout = layout
    first = LocalWorker(try WorkerState(statement: statement, workers: count, number: 0, rows: rows))
    workers = try [first] + (1..<count).map(make)
  }

  /// All workers in this process, with the same rows, of which each asks for its own.
  package convenience init(statement: DriftStatement, workers count: Int, rows: any TableauRows) throws {
    try self.init(statement: statement, workers: count, rows: rows) { number in
      LocalWorker(try WorkerState(statement: statement, workers: count, number: number, rows: rows))
    }
  }

  /// The rows of a tree as a commitment takes them.
  /// - Parameter own: rows that this process has, too: those of P2's masks.
  package func rows(of tree: SpreadTree, own: (any TableauRows)? = nil) -> any TableauRows {
    SpreadTableau(team: self, tree: tree, own: own)
  }

  // MARK: Asking

  /// Every worker that has a request, all at once; answers in the order of workers, nil where none was asked.
  func all(_ requests: [WorkerRequest?]) throws -> [WorkerAnswer?] {
    for (worker, request) in zip(workers, requests) {
      if let request { try worker.begin(request) }
    }
    return try zip(workers, requests).map { worker, request in request == nil ? nil : try worker.answer() }
  }

  func ask(_ worker: Int, _ request: WorkerRequest) throws -> WorkerAnswer {
    try workers[worker].begin(request)
    return try workers[worker].answer()
  }

  private func tell(_ requests: [WorkerRequest?]) throws {
    for (worker, (answer, request)) in zip(try all(requests), requests).enumerated() {
      guard let request else { continue }
      guard case .done? = answer else { throw unexpected(worker, request) }
    }
  }

  func unexpected(_ worker: Int, _ request: WorkerRequest) -> WorkerError {
    .unexpectedAnswer(worker: worker, to: request.name)
  }

  /// Workers that have rows of a tree, and which.
  private func holders(of tree: SpreadTree) -> [(worker: Int, rows: Range<Int>)] {
    (0..<assignment.workers).compactMap { worker in
      let rows = assignment.rows(of: tree, worker: worker)
      return rows.isEmpty ? nil : (worker, rows)
    }
  }

  private func requests(of tree: SpreadTree, _ request: (_ worker: Int, _ rows: Range<Int>) -> WorkerRequest)
    -> [WorkerRequest?]
  {
    var result = [WorkerRequest?](repeating: nil, count: assignment.workers)
    for (worker, rows) in holders(of: tree) { result[worker] = request(worker, rows) }
    return result
  }

  /// Fetches a bulk of bytes.
  private func bytes(_ worker: Int, count: Int, for request: WorkerRequest, _ body: (Int, [UInt8]) -> Void) throws {
    for start in stride(from: 0, to: count, by: Self.pieceBytes) {
      let range = start..<min(count, start + Self.pieceBytes)
      guard case .bytes(let piece) = try ask(worker, .piece(range)), piece.count == range.count else {
        throw unexpected(worker, request)
      }
      body(start, piece)
    }
  }

  private func elements(
    _ worker: Int, count: Int, for request: WorkerRequest, _ body: (Int, [CubicExtension]) -> Void
  ) throws {
    for start in stride(from: 0, to: count, by: Self.pieceElements) {
      let range = start..<min(count, start + Self.pieceElements)
      guard case .elements(let piece) = try ask(worker, .piece(range)), piece.count == range.count else {
        throw unexpected(worker, request)
      }
      body(start, piece)
    }
  }

  // MARK: Trees

  func begin(_ tree: SpreadTree, _ randomness: RowRandomness, positions: Int) throws {
    begun.withLock { $0[tree] = [] }
    try tell(requests(of: tree) { .keys(tree, randomness.keys(rows: $1, positions: positions)) })
  }

  func digests(_ tree: SpreadTree, ofRun run: Int, into digests: AlignedBuffer<UInt8>) throws {
    func begin(_ run: Int) throws {
      guard begun.withLock({ $0[tree, default: []].insert(run).inserted }) else { return }
      try workers[assignment.owner(of: tree, run: run)].begin(.digests(tree, run: run))
    }
    // Each worker's first run at once, and the next ones as soon as one is fetched.
    if run == 0 {
      for (worker, _) in holders(of: tree) { try begin(assignment.runs(of: tree, worker: worker).lowerBound) }
    }
    try begin(run)
    let worker = assignment.owner(of: tree, run: run)
    let request = WorkerRequest.digests(tree, run: run)
    guard case .bulk(let count) = try workers[worker].answer(), count == digests.count else {
      throw unexpected(worker, request)
    }
    try bytes(worker, count: count, for: request) { digests.store($1, at: $0) }
    if assignment.runs(of: tree, worker: worker).contains(run + 1) { try begin(run + 1) }
  }

  func values(_ tree: SpreadTree, at point: CubicExtension) throws -> [CubicExtension] {
    let requests = requests(of: tree) { _, _ in .values(tree, at: point) }
    var result = [CubicExtension](repeating: .zero, count: tree.shapes(layout).count)
    for (answer, holder) in zip(try all(requests).compactMap(\.self), holders(of: tree)) {
      guard case .elements(let values) = answer, values.count == holder.rows.count else {
        throw unexpected(holder.worker, .values(tree, at: point))
      }
      result.replaceSubrange(holder.rows, with: values)
    }
    return result
  }

  func values(_ tree: SpreadTree, at positions: [Int]) throws -> [[UInt64]] {
    let requests = requests(of: tree) { _, _ in .positions(tree, positions) }
    var result = [[UInt64]](repeating: [], count: tree.shapes(layout).count)
    for (answer, holder) in zip(try all(requests).compactMap(\.self), holders(of: tree)) {
      guard case .rows(let values) = answer, values.count == holder.rows.count,
        values.allSatisfy({ $0.count == positions.count && $0.allSatisfy { $0 < Goldilocks.modulus } })
      else { throw unexpected(holder.worker, .positions(tree, positions)) }
      result.replaceSubrange(holder.rows, with: values)
    }
    return result
  }

  func sums(_ tree: SpreadTree, _ claims: [RowWeights]) throws -> [[CubicExtension]] {
    var result: [[CubicExtension]] = claims.map { LargeArray.zeros(count: $0.count) }
    if claims.isEmpty { return result }
    let requests = requests(of: tree) { _, rows in
      .sums(
        tree,
        claims.map {
          RowWeights(weights: Array($0.weights[rows]), tailOffset: $0.tailOffset, tailCount: $0.tailCount)
        })
    }
    let total = claims.reduce(0) { $0 + $1.count }
    for (answer, holder) in zip(try all(requests).compactMap(\.self), holders(of: tree)) {
      let request = WorkerRequest.sums(tree, [])
      guard case .bulk(let count) = answer, count == total else { throw unexpected(holder.worker, request) }
      try elements(holder.worker, count: count, for: request) { first, piece in
        var (claim, place) = (0, first)
        for value in piece {
          while place >= result[claim].count { (claim, place) = (claim + 1, place - result[claim].count) }
          result[claim][place] += value
          place += 1
        }
      }
    }
    return result
  }

  // MARK: The witness

  /// What the holders of the rows find of E.
  func prepare(
    _ witness: ArgumentWitness
  ) throws -> (squares: [(Int, UInt64)], sparse: [(cell: Int, value: Int64)]) {
    var clauses = ClauseWitness()
    (clauses.factors, clauses.supports, clauses.diagonals) = (witness.factors, witness.supports, witness.diagonals)
    let request = WorkerRequest.witness(clauses)
    var (squares, sparse): ([(Int, UInt64)], [(cell: Int, value: Int64)]) = ([], [])
    let cells = layout.hasFactors ? layout.factors.used : 0
    for (worker, answer) in try all((0..<assignment.workers).map { _ in request }).enumerated() {
      guard case .witness(let own, let values)? = answer,
        own.allSatisfy({ (0..<layout.tableau.squareChunks).contains($0.index) }),
        values.allSatisfy({ (0..<cells).contains($0.cell) })
      else { throw unexpected(worker, request) }
      squares += own.map { ($0.index, $0.square) }
      sparse += values.map { ($0.cell, $0.value) }
    }
    return (squares, sparse)
  }

  /// Stores the projections under the R that follows from a state of the transcript.
  /// - Parameter tiles: all of them, without entries.
  func project(_ state: [UInt8], tiles: DriftTiles, into table: inout DigitTable) throws {
    let places = DigitTable.places(layout, layout.digits.projections)
    let request = WorkerRequest.projections(state)
    for (worker, answer) in try all((0..<assignment.workers).map { _ in request }).enumerated() {
      let rows = assignment.rows(of: .drift, worker: worker)
      let chunks = tiles.tiles.indices.filter { rows.contains(tiles.tiles[$0].row) }.flatMap {
        tiles.chunks.projections[$0]
      }
      guard case .bulk(let count)? = answer, count == chunks.count * Limits.projections else {
        throw unexpected(worker, request)
      }
      // Whole chunks.
      let step = Self.pieceNumbers / Limits.projections
      for start in stride(from: 0, to: chunks.count, by: step) {
        let end = min(chunks.count, start + step)
        let range = start * Limits.projections..<end * Limits.projections
        guard case .numbers(let numbers) = try ask(worker, .piece(range)), numbers.count == range.count else {
          throw unexpected(worker, request)
        }
        let values = numbers.map(Int64.init)
        for index in start..<end {
          guard let place = places[chunks[index]] else { continue }
          table.digits.store(values, index - start, place.slots, place.chunk)
        }
      }
    }
  }

  /// Gives the holders of P2's rows their digits, and worker 0 the rows with masks.
  func give(_ digits: PackedDigits, masks: any TableauRows) throws {
    first.hold(masks: masks)
    for worker in 0..<assignment.workers {
      let cells = HeldDigits.cells(of: assignment.digitRows(worker: worker), layout: layout)
      let words = cells.lowerBound >> PackedDigits.logWord..<cells.upperBound >> PackedDigits.logWord
      for start in stride(from: words.lowerBound, to: words.upperBound, by: Self.pieceWords) {
        let own = Array(digits.words[start..<min(words.upperBound, start + Self.pieceWords)])
        let request = WorkerRequest.digits(first: start - words.lowerBound, own)
        guard case .done = try ask(worker, request) else { throw unexpected(worker, request) }
      }
    }
  }
}

/// The rows of a tree that workers hold.
private struct SpreadTableau: TableauRows, SpreadRows {
  let team: WorkerTeam
  let tree: SpreadTree
  /// Rows that this process has, too.
  let own: (any TableauRows)?

  var rowCount: Int { tree.shapes(team.layout).count }
  var spread: (any SpreadRows)? { self }

  func message(_ row: Int) throws -> RowMessage {
    guard let own else { throw WorkerError.notHeld("row \(row) of \(tree.label)") }
    return try own.message(row)
  }

  func begin(_ randomness: RowRandomness, positions: Int) throws {
    try team.begin(tree, randomness, positions: positions)
  }

  func digests(ofRun number: Int, into digests: AlignedBuffer<UInt8>) throws {
    try team.digests(tree, ofRun: number, into: digests)
  }

  func values(at point: CubicExtension) throws -> [CubicExtension] { try team.values(tree, at: point) }
  func values(at positions: [Int]) throws -> [[UInt64]] { try team.values(tree, at: positions) }
  func sums(_ claims: [RowWeights]) throws -> [[CubicExtension]] { try team.sums(tree, claims) }
}
