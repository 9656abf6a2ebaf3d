// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

@Suite struct CalibrationTests {
  private func simulation(_ score: AuditPlan.Score = .logProbabilities) throws -> Simulation {
    try Simulation { plan in
      plan.score = score
      // Wide enough for every honest one to go on until SAME.
      plan.margin = 500_000
    }
  }

  /// A transcript of every question, each answer `shift` millionths of a nat away, some of them other texts.
  private func honest(_ simulation: Simulation, _ reference: [UInt8], shift: Int, farEvery: Int = .max) throws
    -> Transcript
  {
    let root = try simulation.read(reference, .reference).endings.last?.end.root
    var writer = Writer(side: .candidate, plan: simulation.plan)
    try writer.add(.header(simulation.header(.candidate)), simulation.session(reference: root))
    let count = try simulation.read(reference, .reference).resolvedCount
    for index in 0..<count {
      let isFar = index % farEvery == farEvery - 1
      try simulation.ask(
        .candidate, index, { prompt, _ in Simulation.answer(isFar ? "far \(index)" : prompt, shift: shift) }, &writer)
    }
    try writer.end(count: count, outcome: .init(Decision(mode: .audit)))
    return try simulation.read(writer.file, .candidate)
  }

  @Test func theMarginIsOneStepAboveTheSmallestThatAccusesNobody() throws {
    let simulation = try simulation()
    let file = try simulation.reference(400)
    let reference = try simulation.read(file, .reference)
    func calibrate(_ shifts: Int...) throws -> MarginCalibration {
      try MarginCalibration(
        plan: simulation.plan, reference: reference, honest: try shifts.map { try honest(simulation, file, shift: $0) })
    }
    #expect(try calibrate(0).margin == 2_000)
    #expect(try calibrate(500).margin == 2_000)
    let wide = try calibrate(500, 3_000)
    #expect(wide.margin == 10_000 && wide.inverseFarShare == nil)
    #expect(wide.honest.map(\.least) == [1_000, 5_000] && wide.honest.map(\.requests) == [400, 400])
    #expect(try calibrate(30_000).margin == 100_000)
    #expect(try MarginCalibration(file: wide.file) == wide)
    // A plan with it says SAME of both, one with the next smaller margin accuses one.
    for (margin, verdicts) in [(10_000, [Verdict.same, .same]), (2_000, [.same, .different])] {
      var planned = simulation
      planned.plan.margin = margin
      let reference = try planned.reference(400)
      for (shift, verdict) in zip([500, 3_000], verdicts) {
        let candidate = try planned.candidate(reference) { prompt, _ in Simulation.answer(prompt, shift: shift) }
        #expect(try planned.compare(reference, candidate).verdict == verdict)
      }
    }
  }

  /// Texts agree wholly or not at all: there the share of far ones is picked, too.
  @Test func ofTextsTheShareIsPicked() throws {
    let simulation = try simulation(.text)
    let file = try simulation.reference(800)
    let reference = try simulation.read(file, .reference)
    func calibrate(_ every: Int) throws -> MarginCalibration {
      try MarginCalibration(
        plan: simulation.plan, reference: reference, honest: [try honest(simulation, file, shift: 0, farEvery: every)])
    }
    #expect(try calibrate(.max).inverseFarShare == nil)
    let some = try calibrate(20)
    let share = try #require(some.inverseFarShare)
    #expect(share == 10 && some.margin <= 200_000, "\(share), \(some.margin)")
    var planned = simulation
    planned.plan.margin = some.margin
    let strict = try audit(planned, every: 20)
    planned.plan.farShare = share
    #expect(try AuditPlan(file: planned.plan.file) == planned.plan)
    #expect(try audit(planned, every: 20) == .same)
    #expect(strict != .same)
    // What is more often far than that is still found.
    #expect(try audit(planned, every: 2) == .different)
  }

  private func audit(_ simulation: Simulation, every: Int) throws -> Verdict {
    let reference = try simulation.reference(800)
    let candidate = try simulation.candidate(reference) { prompt, index in
      Simulation.answer(index % every == every - 1 ? "far \(index)" : prompt, shift: 0)
    }
    return try simulation.compare(reference, candidate).verdict
  }

  @Test func whatCannotBeCalibratedIsRefused() throws {
    let simulation = try simulation()
    let file = try simulation.reference(300)
    let reference = try simulation.read(file, .reference)
    let far = try honest(simulation, file, shift: 0, farEvery: 1)
    #expect(throws: CalibrationFailure.noMargin(transcript: 0, requests: 300, needed: 265)) {
      try MarginCalibration(plan: simulation.plan, reference: reference, honest: [far])
    }
    #expect(throws: CalibrationFailure.noTranscript) {
      try MarginCalibration(plan: simulation.plan, reference: reference, honest: [])
    }
    let short = try simulation.reference(20)
    #expect(throws: CalibrationFailure.noMargin(transcript: 0, requests: 20, needed: 265)) {
      try MarginCalibration(
        plan: simulation.plan, reference: try simulation.read(short, .reference),
        honest: [try honest(simulation, short, shift: 0)])
    }
    // Transcripts of another reference.
    let other = try simulation.read(short, .reference)
    do throws(CalibrationFailure) {
      _ = try MarginCalibration(plan: simulation.plan, reference: other, honest: [far])
      Issue.record("another reference was accepted")
    } catch {
      guard case .rejected(.otherReference) = error else {
        Issue.record("\(error)")
        return
      }
    }
    for text in ["", "{}\n", "{\"calibration\":2}\n"] {
      do {
        _ = try MarginCalibration(file: Array(text.utf8))
        Issue.record("\(text) was read")
      } catch {
        guard case .malformed = error else { throw error }
      }
    }
  }

  /// A share belongs to texts, and to the digest.
  @Test func aPlansShareIsOneOfFive() throws {
    var plan = try PlanTests.plan()
    plan.score = .text
    plan.farShare = 10
    var own = plan
    own.farShare = nil
    #expect(plan.inverseFarShare == 10 && plan.digest != own.digest)
    #expect(try AuditPlan(file: plan.file) == plan)
    for share in [0, 1, 7, 100] {
      plan.farShare = share
      #expect(throws: AuditPlanError.self) { try AuditPlan(file: plan.file) }
    }
    plan.farShare = 10
    plan.score = .logProbabilities
    #expect(throws: AuditPlanError.self) { try AuditPlan(file: plan.file) }
  }
}
