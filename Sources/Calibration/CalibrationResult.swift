// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

extension PolicyDraft {
  /// The groups in the order of their rules, with what there is to say about them.
  func finished(runs: [ReferenceRun]) throws(CalibrationError) -> Calibration {
    let policy = try policy()
    var order: [Int] = []
    for rule in assignment.rules where !order.contains(rule.group) { order.append(rule.group) }
    var groups: [CalibratedGroup] = []
    var warnings: [CalibrationWarning] = []
    for index in order {
      let group = try calibrated(index)
      groups.append(group)
      warnings += CalibrationWarning.all(about: group, margin: margin)
      warnings += remarks(index, group, runs)
    }
    if runs.count == 1 {
      warnings.append(
        CalibrationWarning(
          .fewRuns, nil, nil,
          "one run does not show how much honest fine-tunes vary: the margin \(CalibrationNumber.text(margin)) is a guess; "
            + "name more"))
    }
    return Calibration(
      margin: margin, runs: runs, groups: groups, frozenTensors: frozen.count, policy: policy, warnings: warnings)
  }

  private func calibrated(_ index: Int) throws(CalibrationError) -> CalibratedGroup {
    let group = groups[index]
    let allowance = try allowance(group)
    var excess: CalibratedGroup.Excess?
    if let clauses = allowance.forms {
      excess = CalibratedGroup.Excess(group.records, form: group.bounds.form, clauses: clauses)
    }
    let values = group.records.flatMap { record in
      record.drifts.map { group.bounds.isRelative ? $0.norm / record.baseNorm : $0.norm }
    }
    return CalibratedGroup(
      patterns: assignment.rules.filter { $0.group == index }.map(\.pattern.text),
      tensors: group.records.map(\.name), dtype: group.records.first?.dtype ?? .f32,
      parameters: group.records.reduce(0) { $0 + $1.entryCount }, form: group.bounds.form, allowance: allowance,
      drift: .init(values, isRelative: group.bounds.isRelative), excess: excess)
  }

  private func remarks(
    _ index: Int, _ group: CalibratedGroup, _ runs: [ReferenceRun]
  ) -> [CalibrationWarning] {
    var warnings: [CalibrationWarning] = []
    let records = groups[index].records
    let alone = runs.indices.filter { run in
      DriftForm.choose(records.compactMap { $0.of(run: run) }, margin: margin) != .norm
    }
    if group.form == .norm, let first = alone.first, records.contains(where: { $0.runs != alone }) {
      warnings.append(
        CalibrationWarning(
          .mixedRuns, group, nil,
          "\(alone.count) of \(runs.count) runs, such as \(StrictJSON.shown(runs[first].path)), changed these by a low rank "
            + "or in few places, the others did not: the rule bounds norms only; calibrate a policy for each recipe"))
    } else if group.form == .norm, let first = DriftForm.exceptions(records, margin: margin).first {
      let count = DriftForm.exceptions(records, margin: margin).count
      let rest = count > 1 ? " and \(count - 1) more" : ""
      warnings.append(
        CalibrationWarning(
          .mixedForms, group, nil,
          "most of these tensors changed by a low rank or in few places, but not \(StrictJSON.shown(first.name))\(rest): "
            + "the rule bounds norms only"))
    }
    if case .rank(let rank) = group.form {
      let own = runs.indices.map { run in
        DriftForm.choose(records.compactMap { $0.of(run: run) }, margin: margin).rank ?? rank
      }
      if let least = own.min(), least < rank, let widest = own.firstIndex(of: rank) {
        warnings.append(
          CalibrationWarning(
            .mixedRuns, group, nil,
            "the runs need ranks from \(least) to \(rank), which is that of \(StrictJSON.shown(runs[widest].path)): either "
              + "they are of several recipes, or that run is not what it is said to be"))
      }
    }
    let bounds = groups[index].bounds
    if bounds.normFactor > 1 {
      warnings.append(
        CalibrationWarning(
          .widened, group, nil,
          "the norm bound is \(CalibrationNumber.text(bounds.normFactor)) times wider than the margin asks for: a run's "
            + "drift lies so close together that a narrower bound could not be proved"))
    }
    if bounds.entryFactor > 1 {
      warnings.append(
        CalibrationWarning(
          .widened, group, nil,
          "the bound on single entries is \(CalibrationNumber.text(bounds.entryFactor)) times wider than the margin asks for: a "
            + "narrower one is below what can be proved of a run"))
    }
    if bounds.residualFactor > 1 {
      warnings.append(
        CalibrationWarning(
          .widened, group, nil,
          "the residual is \(CalibrationNumber.text(bounds.residualFactor)) times wider than the margin asks for: the "
            + "proof's integers do not come closer to a run's drift"))
    }
    return warnings
  }
}
