// SPDX-License-Identifier: Apache-2.0

/// Labels of the argument's messages and challenges, in one place for both sides.
package enum CurveLabel {
  package static let identifier = "driftproof/curve/argument/v1"

  // Absorbed before the first message.
  package static let binding = "binding"
  package static let statement = "statement"
  package static let baseRows = "base rows"
  package static let tunedRows = "tuned rows"

  /// R_group, from 1.
  package static func projection(_ group: Int) -> String { "R/\(group + 1)" }
  /// P2.
  package static let auxiliaryRows = "P2"

  // Stage A.
  package static let claimPowers = "lambda"
  package static let projectionRows = "m*"
  package static let bits = "z bits"
  package static let libraSum = "A/sum g"
  package static let libraFactor = "A/gamma"
  package static let round = "A/round"
  package static let roundChallenge = "A/r"
  package static let driftValue = "A/E"
  package static let bitsValue = "A/D"
  package static let libraValue = "A/g"
  package static let stage = "A"

  // Opening.
  package static let valuePowers = "tau"
}
