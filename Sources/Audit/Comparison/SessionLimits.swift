// SPDX-License-Identifier: Apache-2.0

/// How much of the reference each session of a candidate rests on. Whoever writes a transcript chooses how many sessions and ends it
/// has, so each is found without going through all of them.
package struct SessionLimits: Sendable {
  /// Numbers of the sessions' lines, rising, and the reference's lines when it had the root that the session names.
  private var sessions: [(from: Int, lines: Int)] = []

  /// - Parameter endings: the reference's; of those with one root the last counts.
  /// - Throws: `otherReference`, where a session names no state of it.
  package init(
    _ sessions: [(number: Int, session: TranscriptLine.Session)], endings: [Transcript.Ending]
  ) throws(AuditRejection) {
    let lines = Dictionary(endings.map { ($0.end.root, $0.end.lines) }) { $1 }
    for (number, session) in sessions {
      guard let found = session.reference.flatMap({ lines[$0] }) else { throw .otherReference(line: number) }
      self.sessions.append((number, found))
    }
  }

  /// Of the session that line `number` of the candidate stands in; 0 before the first one.
  package func lines(at number: Int) -> Int {
    var (low, high) = (0, sessions.count)
    while low < high {
      let middle = (low + high) / 2
      if sessions[middle].from < number { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : sessions[low - 1].lines
  }
}
