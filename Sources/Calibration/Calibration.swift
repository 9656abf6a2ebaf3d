// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCheckpoint
import DriftProofPolicy

/// A policy that encloses several reference fine-tunes of one base, each by a margin; docs/calibration.md.
package struct Calibration: Sendable {
  /// Margins that make sense: below 1 the runs themselves would be refused.
  package static let marginRange = 1.0...1000.0
  package static let defaultMargin = 2.5

  package let margin: Double
  package let runs: [ReferenceRun]
  /// In the order of the policy's rules.
  package let groups: [CalibratedGroup]
  /// Tensors that no run changed, frozen by the last rule.
  package let frozenTensors: Int
  package let policy: Policy
  package let warnings: [CalibrationWarning]

  /// Measures the runs, writes bounds, and tries the policy on every run with the prover's own checks.
  ///
  /// Memory: a few times the largest tensor, whatever the number of runs.
  /// - Parameters:
  ///   - runs: paths and checkpoints, at least one.
  ///   - margin: every bound is this many times the largest value measured; `marginRange`.
  ///   - options: what else may stand in the policy.
  ///   - progress: told what is read, and how much of it is done, 0...1.
  package static func calibrate(
    base: Checkpoint, runs: [(path: String, checkpoint: Checkpoint)], margin: Double = defaultMargin,
    options: Options = Options(),
    progress: ((_ what: String, _ fraction: Double) -> Void)? = nil
  ) throws(CalibrationError) -> Calibration {
    try calibrate(
      base: base, models: runs.map { ($0.path, .checkpoint($0.checkpoint)) }, margin: margin, options: options,
      progress: progress)
  }

  /// Clauses beyond norm, rank and counts.
  package struct Options: Sendable {
    /// Single entries are bounded, too.
    package var boundsEntries = false
    /// The base's identity, which commits to its weights: rounding clauses are tried beside ranks.
    package var identity: BaseIdentity?
    /// Adapters that were merged into the runs, by their order; nil for a run without one. Their factors leave exactly the
    /// rounding, which fits without them do not.
    package var merged: [Adapter?] = []

    package init() {}
  }

  /// The same of runs of which some may be unmerged adapters.
  package static func calibrate(
    base: Checkpoint, models runs: [(path: String, model: ReferenceRun.Model)], margin: Double = defaultMargin,
    options: Options = Options(),
    progress: ((_ what: String, _ fraction: Double) -> Void)? = nil
  ) throws(CalibrationError) -> Calibration {
    guard marginRange.contains(margin) else { throw .marginOutOfRange }
    guard !runs.isEmpty else { throw .noRuns }
    guard !base.tensors.isEmpty else { throw .emptyBase }
    var seen: Set<String> = []
    for run in runs where !seen.insert(run.path).inserted { throw .repeatedRun(run.path) }
    var identity: BaseIdentity
    do {
      identity = try BaseIdentity.compute(checkpoint: base)
    } catch {
      throw .checkpoint(error)
    }
    if let given = options.identity {
      guard given.root == identity.root else {
        throw .otherIdentity(found: identity.rootHex, given: given.rootHex)
      }
      identity = given
    }
    var measured: [ReferenceRun] = []
    for (index, run) in runs.enumerated() {
      var own: ReferenceRun
      switch run.model {
      case .checkpoint(let checkpoint):
        own = try ReferenceRun.measure(run.path, of: checkpoint, base: base) { _, done, total in
          progress?(run.path, total > 0 ? Double(done) / Double(total) : 1)
        }
      case .adapter(let adapter):
        own = try ReferenceRun.measure(run.path, of: adapter, base: base, identity: identity)
        progress?(run.path, 1)
      }
      own.merged = options.merged.indices.contains(index) ? options.merged[index] : nil
      // A copy under another name shows nothing of how much fine-tunes vary.
      if measured.contains(where: { $0.hasChanges(of: own) }) { throw .repeatedRun(run.path) }
      measured.append(own)
    }
    var draft = try PolicyDraft(
      identity: identity, runs: measured, margin: margin, boundsEntries: options.boundsEntries)
    try draft.encloseAll(base: base, runs: measured) { progress?("trial of \($0)", 1) }
    return try draft.finished(runs: measured)
  }
}

/// Tensors whose names differ in layer numbers only and that all runs changed alike: one rule.
package struct CalibratedGroup: Sendable {
  /// The patterns of its rules; more than one only where no single pattern holds all names.
  package let patterns: [String]
  /// In name order.
  package let tensors: [String]
  package let dtype: DataType
  /// Entries of all of them.
  package let parameters: Int
  package let form: DriftForm
  package let allowance: Allowance
  /// ‖Δ‖ over its tensors and the runs that changed them, in the norm bound's unit; nil for counters.
  package let drift: Distribution?
  /// What the bounds admit beside what the runs did; nil for counters.
  package let excess: Excess?

  /// Of positive numbers, in the unit of the bound: ‖Δ‖/‖W‖, or ‖Δ‖ where `isRelative` is false.
  package struct Distribution: Sendable, Equatable {
    package let minimum: Double
    package let median: Double
    package let maximum: Double
    package let isRelative: Bool

    init?(_ values: [Double], isRelative: Bool) {
      let sorted = values.sorted()
      guard let first = sorted.first, let last = sorted.last else { return nil }
      let middle = sorted.count / 2
      minimum = first
      median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
      maximum = last
      self.isRelative = isRelative
    }
  }
}
