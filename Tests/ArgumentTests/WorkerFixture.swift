// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofTranscript
import Synchronization

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// A statement of many rows, its witness in memory, and proofs of it by any number of workers under the same randomness.
struct WorkerFixture: Sendable {
  let fixture: Fixture
  let rows: MemoryRows
  let statement: DriftStatement

  static let secrets = (opening: [UInt8](repeating: 7, count: 32), proof: [UInt8](repeating: 8, count: 32))

  init(_ fixture: Fixture, bands: Int) throws {
    var fixture = fixture
    fixture.bands = bands
    self.fixture = fixture
    let source = fixture.rows
    rows = MemoryRows(rows: (0..<source.rowCount).map { source.message($0) })
    statement = fixture.statement
  }

  /// Every kind of norm, rank and sparse clause, and so many rows of digits that a run of theirs has no masks.
  static let large = Result { () throws -> WorkerFixture in
    var fixture = Fixture.everything()
    fixture.totalBound = nil
    fixture.add(.norm(rows: 1000, columns: 1200, name: "large"))
    return try WorkerFixture(fixture, bands: 5)
  }

  /// - Parameter team: nil for one process without workers.
  func prove(_ team: WorkerTeam?) throws -> (proof: [UInt8], drift: Fixture.Drift) {
    let scheme = HashCommitment(fixture.code)
    let held = team?.rows(of: .drift) ?? rows
    let drift = try DriftCommitter(statement: statement, scheme: scheme).commit(
      rows: held, secret: Self.secrets.opening)
    var prover = try ArgumentProver(statement: statement, scheme: scheme)
    prover.workers = team
    let proof = try prover.prove(
      witness: ArgumentWitness(
        rows: held, factors: fixture.factors, supports: fixture.supports, diagonals: fixture.diagonals), drift: drift,
      secret: Self.secrets.proof)
    return (proof.bytes, Fixture.Drift(drift))
  }

  func team(_ workers: Int, rows other: (any TableauRows)? = nil) throws -> WorkerTeam {
    try WorkerTeam(statement: statement, workers: workers, rows: other ?? rows)
  }

  /// Two workers, the second of which lies.
  func team(lying lie: Lie) throws -> WorkerTeam {
    try WorkerTeam(statement: statement, workers: 2, rows: rows) { number in
      LyingWorker(LocalWorker(try WorkerState(statement: statement, workers: 2, number: number, rows: rows)), lie)
    }
  }
}

/// What a lying worker changes of its answers: told of the request that bulk belongs to, not of its pieces.
struct Lie: Sendable {
  var change: @Sendable (_ request: WorkerRequest, _ answer: inout WorkerAnswer) -> Void
}

/// An honest worker whose answers are changed.
final class LyingWorker: ProofWorker {
  private let inner: any ProofWorker
  private let lie: Lie
  private let current = Mutex<WorkerRequest?>(nil)

  init(_ inner: any ProofWorker, _ lie: Lie) {
    self.inner = inner
    self.lie = lie
  }

  func begin(_ request: WorkerRequest) throws {
    if case .piece = request {} else { current.withLock { $0 = request } }
    try inner.begin(request)
  }

  func answer() throws -> WorkerAnswer {
    var answer = try inner.answer()
    if let request = current.withLock({ $0 }) { lie.change(request, &answer) }
    return answer
  }
}
