// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import Testing

/// An audit that is computed line by line is the one that is computed from whole transcripts, and as strict.
@Suite struct ReadingTests {
  private func read(_ simulation: Simulation, _ reference: [UInt8], _ candidate: [UInt8]) throws -> AuditResult {
    let reading = try AuditReading(plan: simulation.plan, reference: reference[...], candidate: candidate[...])
    return try AuditResult(
      plan: simulation.plan, key: simulation.key, prompts: simulation.file, reference: reading.reference,
      candidate: reading.candidate)
  }

  private func rejection(_ body: () throws -> AuditResult) -> AuditRejection? {
    do { _ = try body() } catch { return error as? AuditRejection }
    return nil
  }

  @Test(arguments: [AuditPlan.Score.logProbabilities, .text])
  func nothingIsLostByKeepingLess(score: AuditPlan.Score) throws {
    let simulation = try Simulation {
      $0.score = score
      $0.mode = .quick
    }
    let reference = try simulation.reference(120) { prompt, index in
      index % 50 == 7 ? nil : Simulation.model(prompt, index)
    }
    for shift in [0, 3_000, 90_000] {
      let candidate = try simulation.candidate(reference) { prompt, index in
        index == 11 ? nil : Simulation.answer(shift > 50_000 ? "x" + prompt : prompt, shift: shift)
      }
      let whole = try simulation.compare(reference, candidate)
      let found = try read(simulation, reference, candidate)
      #expect(found.rows == whole.rows)
      #expect(TranscriptLine.Outcome(found.decision) == TranscriptLine.Outcome(whole.decision))
      #expect(found.remarks == whole.remarks)
      #expect(found.skipped == whole.skipped && found.missing == whole.missing)
    }
  }

  @Test func noListsAreKept() throws {
    let simulation = try Simulation()
    let reference = try simulation.reference(70)
    let candidate = try simulation.candidate(reference)
    let reading = try AuditReading(plan: simulation.plan, reference: reference[...], candidate: candidate[...])
    for transcript in [reading.reference, reading.candidate] {
      for question in transcript.questions.values {
        guard case .answered(let answered) = question.state else { continue }
        #expect(answered.answer.tokens.isEmpty)
        if case .compared(.logProbabilities(let read)?) = answered.kept {
          #expect(read.places.allSatisfy { $0.listed.count == 5 })
        } else if case .scored(let row) = answered.kept {
          #expect(row != nil)
        } else {
          Issue.record("question \(answered.index) keeps something else")
        }
      }
    }
  }

  /// Batches, and what is kept, change no error: a reference that samples, a score that does not follow, a broken link far behind.
  @Test func cheatsAreRefusedAsBefore() throws {
    let simulation = try Simulation { $0.mode = .quick }
    let honest = try simulation.reference(88)
    let candidate = try simulation.candidate(honest)
    let sampled = try Forgery.relinked(honest, simulation.plan.digest) { lines in
      guard case .answer(var answered) = lines[101] else { return }
      let tokens = answered.answer.tokens.map {
        AnswerToken(token: $0.top[4].token, value: $0.top[4].value, top: $0.top)
      }
      let text = Array(tokens.map(\.token).joined())
      answered.answer = Answer(text: text, tokens: tokens, finish: answered.answer.finish)
      lines[101] = .answer(answered)
    }
    guard case .referenceSamples(index: 49)? = rejection({ try read(simulation, sampled, candidate) }) else {
      Issue.record("a reference that samples is not refused")
      return
    }
    let swapped = try Forgery.relinked(candidate, simulation.plan.digest) { lines in
      guard case .answer(var answered) = lines[101] else { return }
      answered.answer = Simulation.answer("another question", shift: 0)
      lines[101] = .answer(answered)
    }
    guard case .wrongVerdict? = rejection({ try read(simulation, honest, swapped) }) else {
      Issue.record("an answer that was replaced is not refused")
      return
    }
    #expect(
      rejection { try simulation.compare(honest, swapped) } == rejection { try read(simulation, honest, swapped) })
    var broken = honest
    let ends = broken.indices.filter { broken[$0] == 0x0A }
    broken[ends[99] + 20] ^= 1
    // Another second; the next line is linked to what stood there.
    #expect(
      rejection { try read(simulation, broken, candidate) } == .transcript(.reference, .brokenChain(number: 102)))
  }
}
