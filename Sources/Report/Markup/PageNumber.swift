// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation

/// Numbers as a page shows them.
enum PageNumber {
  /// Up to `digits` significant digits: 0.002134, 1.2 × 10⁻⁷.
  static func number(_ value: Double, digits: Int = 4) -> String {
    let parts = String(format: "%.\(digits)g", value).split(separator: "e")
    guard parts.count == 2, let exponent = Int(parts[1]) else { return String(format: "%.\(digits)g", value) }
    return "\(parts[0])\u{A0}×\u{A0}\(power(exponent))"
  }

  /// A power of ten, such as 10⁻⁷.
  static func power(_ exponent: Int) -> String {
    let raised: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
    ]
    return "10" + String(String(exponent).compactMap { raised[$0] })
  }

  /// 1,234,567.
  static func count(_ value: Int) -> String { Thousands.text(value) }

  /// `1 tensor`, `2 tensors`.
  static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count(value)) \(value == 1 ? noun : plural ?? noun + "s")"
  }

  /// With a space at which no line breaks.
  static let sign = "\u{A0}%"

  /// With one decimal, and never rounded to nothing or to everything.
  static func percent(_ fraction: Double) -> String {
    switch fraction {
    case ...0: "0\(sign)"
    case 1...: fraction < 1.0005 ? "100\(sign)" : number(fraction * 100, digits: 3) + sign
    case ..<0.0005: "< 0.1\(sign)"
    case 0.9995...: "> 99.9\(sign)"
    default: String(format: "%.1f", fraction * 100) + sign
    }
  }

  /// Rounded down: a claim about security must not be rounded up.
  static func bits(_ value: Double) -> String { String(format: "%.1f", (value * 10).rounded(.down) / 10) }

  /// At most six sizes: a shape of others may have any number.
  static func shape(_ shape: [Int]) -> String {
    guard !shape.isEmpty else { return "scalar" }
    let sizes = shape.prefix(6).map { String($0) }.joined(separator: " × ")
    return shape.count > 6 ? "\(sizes) × … (\(shape.count) dimensions)" : sizes
  }

  /// KB, MB, GB of 1000.
  static func byteCount(_ value: Int) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB"]
    var (scaled, unit) = (Double(value), 0)
    while scaled >= 1000, unit < units.count - 1 {
      scaled /= 1000
      unit += 1
    }
    return "\(unit == 0 ? String(value) : number(scaled)) \(units[unit])"
  }

  /// Milliseconds below a second, then seconds.
  static func seconds(_ value: Double) -> String {
    value < 1 ? "\(number(value * 1000, digits: 3)) ms" : "\(number(value, digits: 3)) s"
  }

  /// A coordinate in a drawing.
  static func coordinate(_ value: Double) -> String { String(format: "%.1f", value) }
}
