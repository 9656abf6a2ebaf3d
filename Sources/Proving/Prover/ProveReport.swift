// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import Foundation
import Synchronization

/// What a proof cost; every figure for people and for `--json`.
public struct ProveReport: Sendable {
  /// Wall-clock seconds per phase, in the order in which the phases began.
  public internal(set) var phases: [(name: String, seconds: Double)] = []
  /// Bytes of the argument per kind of message, largest first.
  public internal(set) var proofSections: [(name: String, bytes: Int)] = []
  /// Bytes of the argument; 0 when nothing may change.
  public internal(set) var proofBytes = 0
  /// Bytes of the whole certificate.
  public internal(set) var certificateBytes = 0
  /// The process's largest resident memory so far, 0 where the system does not tell.
  public internal(set) var peakMemoryBytes = 0
  /// How many proofs the opening file has served, this one included, and how many it may serve.
  public internal(set) var proofsUsed = 0
  /// Proofs that the opening file may serve in all.
  public internal(set) var proofsAllowed = 0
  /// How many proofs like this one the base's opening may serve after it; nil where the base's weights are public, or not
  /// spoken of.
  public internal(set) var baseProofsLeft: Int?
  /// Rows of the drift tableau that phases have asked for, when somebody watched the progress.
  package var askedRows: [ProofPhase: Int] = [:]

  /// Seconds of all phases together.
  public var totalSeconds: Double { phases.reduce(0) { $0 + $1.seconds } }

  /// VmHWM of /proc/self/status in bytes.
  static func peakMemory() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
    for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
      return (line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0) * 1024
    }
    return 0
  }
}

/// Measures phases that follow each other.
final class PhaseClock: Sendable {
  private struct State {
    var phases: [(name: String, seconds: Double)] = []
    var current: (phase: ProofPhase, start: ContinuousClock.Instant)?
  }

  private let state = Mutex(State())
  let meter: ProgressMeter
  /// Somebody looks at the meter.
  var isWatched: Bool { meter.isWatched }

  init(meter: ProgressMeter) { self.meter = meter }

  /// Ends the current phase and begins the one named.
  func begin(_ phase: ProofPhase) {
    endPhase()
    state.withLock { $0.current = (phase, ContinuousClock.now) }
    meter.begin(phase)
  }

  /// Ends the current phase and the progress.
  func finish(isComplete: Bool) {
    endPhase()
    meter.finish(isComplete: isComplete)
  }

  private func endPhase() {
    state.withLock { state in
      guard let (phase, start) = state.current else { return }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      state.phases.append((phase.rawValue, seconds))
      state.current = nil
    }
  }

  var phases: [(name: String, seconds: Double)] { state.withLock { $0.phases } }
}
