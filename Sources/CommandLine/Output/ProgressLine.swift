// SPDX-License-Identifier: Apache-2.0

import DriftProofProving
import Synchronization

/// Shows how far a proof is: a bar on a terminal, a line per phase elsewhere.
final class ProgressLine: Sendable {
  private let console: Console
  private let phase = Mutex("")

  init(console: Console) { self.console = console }

  func show(_ progress: ProveProgress) {
    let isNew = phase.withLock { phase in
      defer { phase = progress.phase }
      return phase != progress.phase
    }
    guard console.hasBar else {
      if isNew { console.remark(progress.phase) }
      return
    }
    var parts = [progress.phase, "\(Format.duration(progress.elapsed)) so far"]
    if let remaining = progress.remaining { parts.append("\(Format.duration(remaining)) left") }
    console.progress(parts.joined(separator: ", "), fraction: progress.fraction)
  }
}
