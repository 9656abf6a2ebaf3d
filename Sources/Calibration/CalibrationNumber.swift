import Foundation

/// Numbers in messages for people.
enum CalibrationNumber {
  /// Three significant digits.
  static func text(_ value: Double) -> String { String(format: "%.3g", value) }

  /// 1,234,567.
  static func count(_ value: Int) -> String {
    var digits = String(value)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(Substring(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([Substring(digits)] + groups).joined(separator: ",")
  }
}
