// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// Text of others, such as names in files and arguments, safe to print.
enum Quoting {
  static func shown(_ text: String) -> String { StrictJSON.shown(text) }

  /// As it is where that cannot disturb a terminal or a table, quoted otherwise.
  static func plain(_ text: String) -> String {
    let quoted = StrictJSON.quoted(text)
    return quoted.count == text.count + 2 && !text.isEmpty ? text : quoted
  }
}
