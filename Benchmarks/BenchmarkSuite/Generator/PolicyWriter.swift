// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Sums over one tensor of a generated pair, in units of the weights.
struct DriftSums: Sendable {
  var base = 0.0
  var drift = 0.0
  /// Of drift - U·Vᵀ: the rounding that a merge leaves.
  var residual = 0.0
}

/// The policy that an honest publisher would claim: one rule for each role, as tight as the pair allows with a margin.
enum PolicyWriter {
  /// Room over the largest measured norm, for the units of the proof.
  static let margin = 1.005
  /// More for residuals: integer factors are not the real ones.
  static let residualMargin = 1.01

  /// - Parameter sums: per tensor, in the model's order.
  static func policy(model: ModelShape, drift: ModelDrift, sums: [DriftSums]) -> String {
    var rules: [String] = []
    for role in TensorRole.allCases {
      guard let pattern = model.patterns[role] else { continue }
      let indices = model.tensors.indices.filter { model.tensors[$0].role == role }
      func largest(_ part: KeyPath<DriftSums, Double>) -> Double {
        indices.map { (sums[$0][keyPath: part] / max(sums[$0].base, .leastNormalMagnitude)).squareRoot() }.max() ?? 0
      }
      let allowance: String
      switch drift.drift(of: role, in: model) {
      case .none: continue
      case .dense: allowance = #"{ "norm": { "relative": \#(roundedUp(largest(\.drift) * margin)) } }"#
      case .lowRank(let rank, _):
        let residual = roundedUp(largest(\.residual) * residualMargin)
        allowance = #"{ "rank": \#(rank), "residual": { "relative": \#(residual) } }"#
      case .rows(let count): allowance = #"{ "rows": \#(count) }"#
      }
      rules.append(#"    { "tensors": "\#(pattern)", "allow": \#(allowance) }"#)
    }
    if drift != .dense { rules.append(#"    { "tensors": "*", "allow": "frozen" }"#) }
    return """
      {
        "driftPolicy": 1,
        "name": "\(model.name)-\(drift.rawValue)",
        "securityBits": 128,
        "rules": [
      \(rules.joined(separator: ",\n"))
        ]
      }

      """
  }

  /// To three significant digits.
  static func roundedUp(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "0" }
    let places = 2 - Int(log10(value).rounded(.down))
    let scale = pow(10, Double(places))
    return String(format: "%.*f", max(0, places), (value * scale).rounded(.up) / scale)
  }
}
