// SPDX-License-Identifier: Apache-2.0

/// Runs of combining marks in text from elsewhere.
///
/// Swift compares and hashes strings in normal form, for which it sorts each run of combining marks: in time that grows with
/// the square of the run. A name of a few megabytes of them would keep a verifier busy for hours. Unicode's Stream-Safe Text
/// Format (UAX #15, section 13) allows 30 in a row, more than any language has.
package enum CombiningMarks {
  /// Marks in a row that a text may have.
  package static let longestRun = 30

  /// Whether a text has no longer run; in time proportional to its length.
  package static func areFew(in text: String) -> Bool {
    // The first combining mark, U+0300, begins with this byte.
    guard text.utf8.contains(where: { $0 >= 0xCC }) else { return true }
    var run = 0
    for scalar in text.unicodeScalars {
      run = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : run + 1
      if run > longestRun { return false }
    }
    return true
  }
}
