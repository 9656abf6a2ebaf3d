// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation

/// Numbers in messages for people.
enum CalibrationNumber {
  /// Three significant digits.
  static func text(_ value: Double) -> String { String(format: "%.3g", value) }

  /// 1,234,567.
  static func count(_ value: Int) -> String { Thousands.text(value) }
}
