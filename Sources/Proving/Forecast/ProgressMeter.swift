// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import Foundation
import Synchronization

/// How far a proof is.
public struct ProveProgress: Sendable, Equatable {
  /// The phase at work.
  public let phase: String
  /// 0...1, of the phase and of everything.
  public let phaseFraction: Double
  /// 0...1, of everything.
  public let fraction: Double
  /// Seconds since the beginning.
  public let elapsed: Double
  /// Seconds that the rest will take, at the speed seen so far; nil before anything is known.
  public let remaining: Double?
}

/// Weighs phases by a forecast of their seconds, and corrects the forecast by the speed seen so far.
///
/// A phase reports how far it is: by a fraction of its own, or by the drift rows that it asks for. Where it reports
/// nothing its clock does, up to a part, so that the end is never announced too early.
final class ProgressMeter: Sendable {
  typealias Handler = @Sendable (ProveProgress) -> Void

  private struct State {
    var plan: [(phase: ProofPhase, seconds: Double)] = []
    var current: (phase: ProofPhase, start: ContinuousClock.Instant)?
    var reported: Double?
    var askedRows = 0
    /// Rows that finished phases have asked for.
    var asked: [ProofPhase: Int] = [:]
    /// Forecast seconds of finished phases.
    var done = 0.0
    var finished: Set<ProofPhase> = []
    var isOver = false
  }

  private let handler: Handler?
  /// Somebody wants to know.
  var isWatched: Bool { handler != nil }

  private let begin = ContinuousClock.now
  private let state = Mutex(State())
  /// Rows of the drift tableau; 0 before it is known.
  private let rowCount = Mutex(0)

  /// How much of a phase its clock alone may claim.
  private static let clockLimit = 0.95
  /// The forecast counts as much as this part of the whole when it is corrected.
  private static let forecastWeight = 0.05
  private static let interval = 0.2

  init(handler: Handler?) {
    self.handler = handler
    guard handler != nil else { return }
    // A thread of its own: the pool's are busy with the proof.
    let thread = Thread { [weak self] in
      while let meter = self, !meter.state.withLock({ $0.isOver }) {
        meter.report()
        Thread.sleep(forTimeInterval: Self.interval)
      }
    }
    thread.start()
  }

  /// Replaces the forecast; phases that are over keep what they count.
  func plan(_ phases: [(phase: ProofPhase, seconds: Double)], rowCount rows: Int) {
    state.withLock { state in
      let before = state.plan
      state.plan = phases
      for phase in state.finished where !phases.contains(where: { $0.phase == phase }) {
        state.plan.append((phase, before.first { $0.phase == phase }?.seconds ?? 0))
      }
      state.done = state.plan.reduce(0) { $0 + (state.finished.contains($1.phase) ? $1.seconds : 0) }
    }
    rowCount.withLock { $0 = rows }
  }

  func begin(_ phase: ProofPhase) {
    state.withLock { state in
      Self.end(&state)
      // Phases that a proof which goes on has behind it.
      if let index = state.plan.firstIndex(where: { $0.phase == phase }) {
        state.plan = state.plan.enumerated()
          .filter { $0.offset >= index || state.finished.contains($0.element.phase) }.map(\.element)
      }
      state.current = (phase, ContinuousClock.now)
      state.reported = nil
      state.askedRows = 0
    }
    report()
  }

  private static func end(_ state: inout State) {
    guard let phase = state.current?.phase else { return }
    state.asked[phase, default: 0] += state.askedRows
    guard state.finished.insert(phase).inserted else { return }
    state.done += state.plan.first { $0.phase == phase }?.seconds ?? 0
  }

  /// Ends the reports; the last one says that all is done, if so.
  func finish(isComplete: Bool) {
    let last = state.withLock { state -> ProofPhase? in
      guard !state.isOver else { return nil }
      Self.end(&state)
      state.isOver = true
      return state.current?.phase
    }
    guard let handler, let last, isComplete else { return }
    let elapsed = (ContinuousClock.now - begin) / .seconds(1)
    reporting.withLock { _ in
      handler(ProveProgress(phase: last.rawValue, phaseFraction: 1, fraction: 1, elapsed: elapsed, remaining: 0))
    }
  }

  /// Rows of the drift tableau that each phase has asked for.
  var askedRows: [ProofPhase: Int] { state.withLock { $0.asked } }

  /// The current phase says how far it is; from any thread.
  func advance(_ fraction: Double) { state.withLock { $0.reported = fraction } }

  /// One drift row was asked for; from any thread.
  func asked() { state.withLock { $0.askedRows += 1 } }

  /// Reports come one at a time, from the proof's thread and from the clock's.
  private let reporting = Mutex(())

  private func report() {
    guard let handler else { return }
    reporting.withLock { _ in
      guard !state.withLock({ $0.isOver }), let progress = snapshot() else { return }
      handler(progress)
    }
  }

  /// Nil before the first phase.
  func snapshot() -> ProveProgress? {
    let rows = rowCount.withLock { $0 }
    return state.withLock { state -> ProveProgress? in
      guard let (phase, start) = state.current else { return nil }
      let now = ContinuousClock.now
      let elapsed = (now - begin) / .seconds(1)
      let total = state.plan.reduce(0) { $0 + $1.seconds }
      let isRepeated = state.finished.contains(phase)
      let forecast = isRepeated ? 0 : state.plan.first { $0.phase == phase }?.seconds ?? 0
      let passes = CostTable.costs.first { $0.phase == phase }?.passes ?? 0
      let inPhase = (now - start) / .seconds(1)
      var fraction: Double
      if let reported = state.reported {
        fraction = reported
      } else if passes > 0, rows > 0, state.askedRows > 0 {
        fraction = Double(state.askedRows) / Double(passes * rows)
      } else {
        // At the speed of the phases before.
        let before = elapsed - inPhase
        let slowness = Self.slowness(elapsed: before, done: state.done, total: total)
        fraction = forecast > 0 ? min(Self.clockLimit, inPhase / (forecast * slowness)) : 0
      }
      fraction = min(1, max(0, fraction))
      let done = state.done + forecast * fraction
      let slowness = Self.slowness(elapsed: elapsed, done: done, total: total)
      return ProveProgress(
        phase: phase.rawValue, phaseFraction: fraction, fraction: total > 0 ? min(1, done / total) : 0,
        elapsed: elapsed,
        remaining: total > 0 ? max(0, (total - done) * slowness) : nil)
    }
  }

  /// Seconds per forecast second, with the forecast itself as a small part of the evidence.
  private static func slowness(elapsed: Double, done: Double, total: Double) -> Double {
    let weight = max(1e-6, forecastWeight * total)
    return (elapsed + weight) / (done + weight)
  }
}
