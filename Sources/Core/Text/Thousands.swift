// SPDX-License-Identifier: Apache-2.0

/// Whole numbers for people.
package enum Thousands {
  /// The number with a comma before every three digits: -1,234,567.
  package static func text(_ value: Int) -> String {
    let digits = String(value.magnitude)
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
