// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Colours for sizes that span decades: seven steps, equal in the logarithm, and one for nothing.
struct HeatScale {
  static let steps = 7

  /// log10 of the lower end and the width; at least one decade, so that equal sizes look equal.
  private let low: Double
  private let width: Double

  /// Nil without any positive, finite value.
  init?(_ values: [Double]) {
    let logs = values.filter { $0 > 0 && $0.isFinite }.map { log10($0) }
    guard let least = logs.min(), let greatest = logs.max() else { return nil }
    width = max(1, greatest - least)
    low = greatest - width
  }

  /// 0 for nothing, else 1...7.
  func step(_ value: Double) -> Int {
    guard value > 0 else { return 0 }
    guard value.isFinite else { return Self.steps }
    let place = (log10(value) - low) / width * Double(Self.steps)
    return 1 + Int(min(max(place, 0), Double(Self.steps) - 1).rounded(.down))
  }

  /// The range of a step of 1...7.
  func range(_ step: Int) -> (from: Double, to: Double) {
    func edge(_ index: Int) -> Double { pow(10, low + width * Double(index) / Double(Self.steps)) }
    return (edge(step - 1), edge(step))
  }
}
