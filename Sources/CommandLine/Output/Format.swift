// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Numbers and tables for people.
enum Format {
  /// `digits` significant digits, as C's %g: 0.002134, 1.2e-07.
  static func number(_ value: Double, digits: Int = 4) -> String {
    let capacity = 64
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      let written = withVaList([Int32(digits), value]) { arguments in
        buffer.withMemoryRebound(to: CChar.self) { vsnprintf($0.baseAddress, capacity, "%.*g", arguments) }
      }
      count = min(capacity - 1, max(0, Int(written)))
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// 1,234,567.
  static func count(_ value: Int) -> String { Thousands.text(value) }

  /// `1 tensor`, `2 tensors`.
  static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count(value)) \(value == 1 ? noun : plural ?? noun + "s")"
  }

  static func shape(_ shape: [Int]) -> String {
    shape.isEmpty ? "scalar" : shape.map(String.init).joined(separator: "×")
  }

  /// `8 s`, `3 min 20 s`, `2 h 5 min`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(max(0, min(seconds, 1e9)).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// KB, MB, GB of 1000.
  static func byteCount(_ value: Int, digits: Int = 4) -> String {
    let units = ["bytes", "KB", "MB", "GB", "TB"]
    var (scaled, unit) = (Double(value), 0)
    while scaled >= 1000, unit < units.count - 1 {
      scaled /= 1000
      unit += 1
    }
    return "\(unit == 0 ? String(value) : number(scaled, digits: digits)) \(units[unit])"
  }

  /// Lines with aligned columns: the first `leftAligned` to the left, the others to the right.
  /// - Parameter width: characters of a line; that of the terminal unless given, nil for any number.
  static func table(
    header: [String], rows: [[String]], leftAligned: Int, width: Int? = TerminalWidth.current
  ) -> [String] {
    TableText(header: header, rows: rows, leftAligned: leftAligned).lines(width: width)
  }
}
