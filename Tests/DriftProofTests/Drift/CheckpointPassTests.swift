// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import Synchronization
import TestSupport
import Testing

/// The one pass over both checkpoints: it finds what separate passes find, and costs what it must.
@Suite struct CheckpointPassTests {
  private let folder: TemporaryFolder
  private var before = TestModel()
  private var after = TestModel()

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 3)
    for index in 0..<99 { before.tensors["frozen.\(index)"] = TestTensor([32, 16], random: &random) }
    // Weights grow along the tensor, so that its fractional bits fall after the first blocks.
    before.tensors["norm"] = TestTensor([300, 400], isHalf: true, random: &random)
    for index in 0..<120_000 where index > 60_000 { before.tensors["norm"]?.values[index] *= 64 }
    before.counter = ("steps", 4)
    after = before
    for index in stride(from: 7, to: 120_000, by: 3) {
      let value = after.tensors["norm"]?.values[index] ?? 0
      after.tensors["norm"]?.values[index] = TestTensor.rounded(value * 1.02)
    }
  }

  private func policy(_ norm: String = "{ \"norm\": { \"relative\": 0.1 } }") throws -> Policy {
    try testPolicy([("norm", norm), ("steps", "\"any\"")], frozenRest: true)
  }

  @Test func agreesWithSeparatePasses() throws {
    let (base, tuned) = (try before.write("base", in: folder), try after.write("tuned", in: folder))
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: try policy())
    #expect(pass.identity == (try BaseIdentity.compute(checkpoint: base)))
    #expect(pass.differences.isEmpty)
    #expect(Set(pass.tunedDigests.keys) == ["norm", "steps"])
    for name in ["norm", "steps"] {
      let info = try #require(tuned.tensor(named: name))
      #expect(try pass.tunedDigests[name] == tuned.digest(of: info))
    }
    let tensor = try #require(pass.derived.tensors.first)
    let source = try DriftSource(base: base, tuned: tuned, name: "norm", fractionBits: tensor.fractionBits)
    var drift: [Int64] = []
    try source.read(0..<120_000, into: &drift)
    #expect(pass.drifts[0].fractionBits == tensor.fractionBits)
    #expect(
      pass.drifts[0].sumOfSquares == drift.reduce(UInt128(0)) { $0 + UInt128($1.magnitude) * UInt128($1.magnitude) })
    #expect(drift.allSatisfy { $0.magnitude <= pass.drifts[0].reach })
    // In coarser units, where a wide clause asks for them.
    let wide = try CheckpointPass.run(
      base: base, tuned: tuned, policy: try policy("{ \"norm\": { \"absolute\": 1e9 } }"))
    let bits = try #require(wide.derived.tensors.first?.fractionBits)
    #expect(bits < tensor.fractionBits && wide.drifts[0].fractionBits == bits)
  }

  /// A policy that freezes 99 of 100 tensors: with an identity only the one is hashed, and the tableau holds only it.
  @Test func workGrowsWithTheDrift() throws {
    let (base, tuned) = (try before.write("base", in: folder), try after.write("tuned", in: folder))
    let identity = try BaseIdentity.compute(checkpoint: base)
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: try policy(), given: identity)
    let moving = 2 * 120_000
    #expect(pass.counters.hashedBytes <= 2 * moving + 8)
    let frozen = 99 * 32 * 16 * 4
    #expect(pass.counters.readBytes <= 2 * (moving + frozen) + moving + 8)
    #expect(pass.derived.tensors.map(\.name) == ["norm"])
    let all = try CheckpointPass.run(base: base, tuned: tuned, policy: try policy())
    #expect(all.counters.hashedBytes <= 2 * moving + frozen + 16)
    #expect(all.identity == identity && pass.derived.tensors == all.derived.tensors)
  }

  @Test func aGivenIdentityMustBeTheBases() throws {
    let (base, tuned) = (try before.write("base", in: folder), try after.write("tuned", in: folder))
    let identity = try BaseIdentity.compute(checkpoint: base)
    func error(_ other: TestModel) throws -> DriftProofError? {
      let wrong = try other.write("wrong", in: folder)
      do {
        _ = try CheckpointPass.run(base: wrong, tuned: tuned, policy: try policy(), given: identity)
        return nil
      } catch {
        return DriftProofError(translating: error)
      }
    }
    var changed = before
    changed.tensors["norm"]?.values[99] += 1
    var lost = before
    lost.tensors["frozen.3"] = nil
    var reshaped = before
    reshaped.tensors["frozen.3"]?.shape = [16, 32]
    for (model, name) in [(changed, "norm"), (lost, "frozen.3"), (reshaped, "frozen.3")] {
      let found = try error(model)
      #expect(found?.exitCode == 12)
      #expect(found.map { "\($0)".contains("\"\(name)\"") } == true, "\(String(describing: found))")
    }
    // A frozen base tensor is compared with the tuned one, not with the identity.
    var frozen = before
    frozen.tensors["frozen.3"]?.values[0] += 1
    let wrong = try frozen.write("wrong", in: folder)
    let pass = try CheckpointPass.run(base: wrong, tuned: tuned, policy: try policy(), given: identity)
    #expect(pass.differences.map(\.name) == ["frozen.3"])
  }

  @Test func gapsAreFoundBeforeWeightsAreRead() throws {
    var broken = before
    broken.tensors["frozen.0"]?.values[0] = .nan
    let base = try broken.write("base", in: folder)
    var other = after
    other.tensors["frozen.1"] = nil
    let tuned = try other.write("tuned", in: folder)
    let error = #expect(throws: StatementError.self) {
      _ = try CheckpointPass.run(base: base, tuned: tuned, policy: try policy())
    }
    #expect(error?.exitCode == 13)
  }

  /// Rows that are kept, packed, or packed as long as there is room are those that are read again.
  @Test func keptRowsAreTheRows() throws {
    let (base, tuned) = (try before.write("base", in: folder), try after.write("tuned", in: folder))
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: try policy())
    let plan = TableauPlan(tensors: pass.derived.tensors, logLength: 14)
    let cells = plan.rowCount << 14
    let direct = try CheckpointRows(
      plan: plan, tensors: pass.derived.tensors, base: base, tuned: tuned, room: RowRoom(whole: 0))
    for room in [RowRoom(whole: 4 * cells), RowRoom(whole: 0, packed: 4 * cells), RowRoom(whole: 0, packed: 1 << 15)] {
      let rows = try CheckpointRows(
        plan: plan, tensors: pass.derived.tensors, base: base, tuned: tuned, room: room)
      // Twice, and then once more in memory that was given back.
      for row in (0..<3).flatMap({ _ in 0..<plan.rowCount }) {
        guard case .narrow(let kept) = try rows.message(row), case .narrow(let made) = try direct.message(row) else {
          Issue.record("a row is not narrow")
          continue
        }
        #expect(kept == made)
        rows.recycle(.narrow(kept))
      }
    }
  }

  /// A row that finds no room closes the cache, so that no later pass packs rows that cannot stay.
  @Test func fullCacheTakesNoMore() {
    let cache = RowCache(rowCount: 3, length: 512, room: RowRoom(whole: 0, packed: 600))
    cache.keep(.narrow([Int32](repeating: 7, count: 512)), row: 0)
    cache.keep(.narrow([Int32](repeating: 1 << 20, count: 512)), row: 1)
    cache.keep(.narrow([Int32](repeating: 0, count: 512)), row: 2)
    #expect(cache.holds(0) && !cache.holds(1) && !cache.holds(2))
  }

  /// One neighbourhood of a wide tensor holds all of its drift: too large for the precision, and found before the drift is
  /// committed, so no opening file appears.
  @Test func aLargeNeighbourhoodIsRefusedEarly() throws {
    var random = SeededGenerator(seed: 8)
    var base = TestModel()
    // 128 chunks; the precision suits drifts of which no chunk holds more than an eighth.
    base.tensors["w"] = TestTensor([2048, 1024], random: &random)
    var tuned = base
    for index in 0..<8 { tuned.tensors["w"]?.values[index] = 10_000 }
    let (old, new) = (try base.write("old", in: folder), try tuned.write("new", in: folder))
    let phases = Mutex<[String]>([])
    let error = #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(
        base: old, tuned: new, policy: try testPolicy([("*", "{ \"norm\": { \"absolute\": 28300.0 } }")]),
        openingPath: folder.file("opening")
      ) { progress in phases.withLock { $0.append(progress.phase) } }
    }
    #expect(error?.exitCode == 14, "\(String(describing: error))")
    #expect(!phases.withLock { $0 }.contains("commitment"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("opening")))
  }

  @Test func progressRisesToTheEnd() throws {
    let (base, tuned) = (try before.write("base", in: folder), try after.write("tuned", in: folder))
    let reports = Mutex<[ProveProgress]>([])
    let result = try DriftProver.prove(
      base: base, tuned: tuned, policy: try policy(), openingPath: folder.file("opening")
    ) { progress in reports.withLock { $0.append(progress) } }
    let seen = reports.withLock { $0 }
    #expect(Set(result.report.phases.map(\.name)).isSubset(of: seen.map(\.phase)))
    #expect(seen.allSatisfy { (0...1).contains($0.fraction) && (0...1).contains($0.phaseFraction) })
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.elapsed <= $1.elapsed })
    #expect(seen.last?.fraction == 1 && seen.last?.remaining == 0)
  }

  @Test func forecastsNeedHeadersOnly() throws {
    var broken = before
    broken.tensors["frozen.0"]?.values[0] = .nan
    let (base, tuned) = (try broken.write("base", in: folder), try after.write("tuned", in: folder))
    let forecast = try Forecast(base: base, tuned: tuned, policy: try policy(), speed: 1)
    #expect(forecast.certifiedParameters == 120_000 && forecast.frozenParameters == 99 * 512)
    #expect(forecast.excluded == ["steps"] && !forecast.isExact)
    #expect(forecast.proofBytes > 0 && forecast.peakMemoryBytes > 0 && forecast.seconds > 0)
    #expect(forecast.driftRows > 0 && forecast.logLength >= 14)
  }
}
