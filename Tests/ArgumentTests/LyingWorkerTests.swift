// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import DriftProofTranscript
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// A worker that lies. No lie makes a certificate that verifies but about the rows that it committed to: the coordinator verifies
/// each before it is given out, and these tests say which check stops which lie.
@Suite struct LyingWorkerTests {
  private func rejection(_ lie: @escaping @Sendable (WorkerRequest, inout WorkerAnswer) -> Void) throws
    -> ProofRejection?
  {
    let fixture = try WorkerFixture.large.get()
    let (proof, drift) = try fixture.prove(fixture.team(lying: Lie(change: lie)))
    do throws(any Error) {
      try fixture.fixture.verify(proof, drift: drift)
      return nil
    } catch {
      return error as? ProofRejection
    }
  }

  @Test func digestsOfOtherRows() throws {
    for tree in SpreadTree.allCases {
      let found = try rejection { request, answer in
        guard case .digests(tree, _) = request, case .bytes(var bytes) = answer else { return }
        for digest in stride(from: 0, to: bytes.count, by: 32) { bytes[digest] ^= 1 }
        answer = .bytes(bytes)
      }
      #expect(found == .merklePath(tree: tree.label))
    }
  }

  @Test func rowsOpenedOtherwise() throws {
    for tree in SpreadTree.allCases {
      let found = try rejection { request, answer in
        guard case .positions(tree, _) = request, case .rows(var rows) = answer else { return }
        rows[0][0] = (Goldilocks(reducing: rows[0][0]) + .one).value
        answer = .rows(rows)
      }
      #expect(found == .merklePath(tree: tree.label))
    }
  }

  @Test func wrongPin() throws {
    let found = try rejection { request, answer in
      guard case .values = request, case .elements(var values) = answer else { return }
      values[0] += .one
      answer = .elements(values)
    }
    #expect(found == .openingSumcheck(functional: "at Stage A's point, at Stage C's point"))
  }

  @Test func wrongSquares() throws {
    let found = try rejection { request, answer in
      guard case .witness(var squares, let sparse) = answer else { return }
      squares[0].square -= 1
      answer = .witness(squares: squares, sparse: sparse)
    }
    #expect(found == .sumcheckFinal(stage: "A"))
  }

  @Test func wrongSparseValue() throws {
    let found = try rejection { request, answer in
      guard case .witness(let squares, var sparse) = answer else { return }
      if sparse.isEmpty { return }
      sparse[0].value += 1
      answer = .witness(squares: squares, sparse: sparse)
    }
    // E is then not what is left of the rows beside the factors that are committed.
    #expect(found == .openingSumcheck(functional: "at Stage A's point, at Stage C's point"))
  }

  @Test func wrongProjection() throws {
    let found = try rejection { request, answer in
      guard case .projections = request, case .numbers(var numbers) = answer else { return }
      numbers[5] += 1
      answer = .numbers(numbers)
    }
    #expect(found == .sumcheckFinal(stage: "A"))
  }

  @Test(arguments: [0, 1, 5])
  func wrongRoundValue(_ place: Int) throws {
    let found = try rejection { request, answer in
      guard case .bind = request, case .round(var round) = answer, round.tiles.isEmpty else { return }
      round.values[place] += .one
      answer = .round(round)
    }
    // The value at 0 is not sent: it follows from the claim.
    #expect(found == (place == 0 ? nil : .sumcheckFinal(stage: "A")))
  }

  @Test func wrongEndOfATileOrARow() throws {
    for isTile in [true, false] {
      let found = try rejection { request, answer in
        guard case .round(var round) = answer, !round.tiles.isEmpty else { return }
        if isTile { round.tiles[0].value += .one } else { round.digits[0].value += .one }
        answer = .round(round)
      }
      #expect(found == .sumcheckFinal(stage: "A"), "tile \(isTile)")
    }
  }

  @Test func wrongPartialSum() throws {
    for tree in SpreadTree.allCases {
      let found = try rejection { request, answer in
        guard case .sums(tree, _) = request, case .elements(var elements) = answer else { return }
        elements[9] += .one
        answer = .elements(elements)
      }
      #expect(found == .rowsAgainstCombination(functional: "at Stage A's point"), "\(tree)")
    }
  }

  /// Other rows than those committed to, in all that comes after: E and sums are not of the tree's rows.
  @Test func anotherRowAfterTheCommitment() throws {
    let fixture = try WorkerFixture.large.get()
    let changed = ChangedRow(rows: fixture.rows, row: fixture.rows.rowCount * 4 / 5)
    let team = try WorkerTeam(statement: fixture.statement, workers: 2, rows: fixture.rows) { number in
      TwoFacedWorker(
        LocalWorker(
          try WorkerState(statement: fixture.statement, workers: 2, number: number, rows: fixture.rows)),
        LocalWorker(try WorkerState(statement: fixture.statement, workers: 2, number: number, rows: changed)))
    }
    let (proof, drift) = try fixture.prove(team)
    #expect(throws: ProofRejection.rowsAgainstCombination(functional: "at Stage A's point")) {
      try fixture.fixture.verify(proof, drift: drift)
    }
  }

  /// Other rows throughout are another model's: an honest proof of that, with another root. Whoever has the files sees it (`check`).
  @Test func anotherRowThroughout() throws {
    let fixture = try WorkerFixture.large.get()
    let changed = ChangedRow(rows: fixture.rows, row: fixture.rows.rowCount * 4 / 5)
    let team = try WorkerTeam(statement: fixture.statement, workers: 2, rows: fixture.rows) { number in
      LocalWorker(try WorkerState(statement: fixture.statement, workers: 2, number: number, rows: changed))
    }
    let (proof, drift) = try fixture.prove(team)
    try fixture.fixture.verify(proof, drift: drift)
    #expect(try drift.root != fixture.prove(nil).drift.root)
  }

  /// Answers of another form or size end the proof, and name the worker.
  @Test func impossibleAnswers() throws {
    let fixture = try WorkerFixture.large.get()
    let lies: [(String, @Sendable (WorkerRequest, inout WorkerAnswer) -> Void)] = [
      ("keys", { request, answer in if case .keys = request { answer = .bulk(3) } }),
      (
        "digests",
        { request, answer in if case .digests = request, case .bulk(let n) = answer { answer = .bulk(n + 32) } }
      ),
      ("digests", { request, answer in if case .digests = request, case .bytes = answer { answer = .bytes([1]) } }),
      ("values", { request, answer in if case .values = request { answer = .elements([.one]) } }),
      (
        "witness",
        { request, answer in
          if case .witness = answer { answer = .witness(squares: [.init(index: -1, square: 0)], sparse: []) }
        }
      ),
      (
        "projections",
        { request, answer in if case .projections = request, case .bulk = answer { answer = .bulk(132) } }
      ),
      ("digits", { request, answer in if case .digits = request { answer = .elements([]) } }),
      ("bounds", { request, answer in if case .bounds = request { answer = .round(BoundsRound(values: [])) } }),
      (
        "bind",
        { request, answer in
          guard case .round(var round) = answer, !round.tiles.isEmpty else { return }
          round.tiles.removeLast()
          answer = .round(round)
        }
      ),
      ("sums", { request, answer in if case .sums = request, case .bulk = answer { answer = .bulk(0) } }),
      ("positions", { request, answer in if case .positions = request { answer = .rows([[UInt64.max]]) } }),
    ]
    for (name, lie) in lies {
      #expect(throws: WorkerError.unexpectedAnswer(worker: 1, to: name)) {
        _ = try fixture.prove(fixture.team(lying: Lie(change: lie)))
      }
    }
  }
}

/// Rows of which one has another entry.
private struct ChangedRow: TableauRows {
  let rows: MemoryRows
  let row: Int

  var rowCount: Int { rows.rowCount }

  func message(_ number: Int) -> RowMessage {
    let message = rows.message(number)
    guard number == row, case .narrow(var values) = message else { return message }
    // A sign: no norm changes.
    if let place = values.firstIndex(where: { $0 != 0 }) { values[place] = -values[place] }
    return .narrow(values)
  }
}

/// One worker until its tree is hashed and pinned, another one from then on.
private final class TwoFacedWorker: ProofWorker {
  private let workers: [LocalWorker]

  init(_ first: LocalWorker, _ second: LocalWorker) { workers = [first, second] }

  func begin(_ request: WorkerRequest) throws { for worker in workers { try worker.begin(request) } }

  func answer() throws -> WorkerAnswer {
    let answers = try workers.map { try $0.answer() }
    // Pieces follow the bulk of either; only bytes are digests.
    switch answers[0] {
    case .bytes, .rows: return answers[0]
    case .elements(let values): return values.count < 1000 ? answers[0] : answers[1]
    default: return answers[1]
    }
  }
}
