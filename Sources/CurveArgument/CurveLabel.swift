// SPDX-License-Identifier: Apache-2.0

/// Labels of the argument's messages and challenges, in one place for both sides.
package enum CurveLabel {
  package static let identifier = "driftproof/curve/argument/v1"
  /// Of statements with clauses.
  package static let structuredIdentifier = "driftproof/curve/argument/v2"

  // Absorbed before the first message.
  package static let binding = "binding"
  package static let statement = "statement"
  package static let baseRows = "base rows"
  package static let tunedRows = "tuned rows"

  /// R_group, from 1.
  package static func projection(_ group: Int) -> String { "R/\(group + 1)" }
  /// The same of the matrices of U and V.
  package static func factorProjection(_ group: Int) -> String { "R factors/\(group + 1)" }
  /// P1.
  package static let factorRows = "P1"
  /// P2.
  package static let auxiliaryRows = "P2"

  // Stage A.
  package static let claimPowers = "lambda"
  package static let projectionRows = "m*"
  package static let bits = "z bits"
  package static let hotCells = "z hot"
  package static let hotSums = "z sums"
  package static let libraSum = "A/sum g"
  package static let libraFactor = "A/gamma"
  package static let round = "A/round"
  package static let roundChallenge = "A/r"
  package static let driftValue = "A/E"
  package static let bitsValue = "A/D"
  package static let factorValue = "A/G"
  package static let libraValue = "A/g"
  package static let stage = "A"

  // Stage B.
  package static let committedValue = "A/d"
  package static let structureSum = "B/sum g"
  package static let structureFactor = "B/gamma"
  package static let structureRound = "B/round"
  package static let structureChallenge = "B/r"
  package static let structureValues = "B/values"
  package static let structureLibra = "B/g"
  package static let structureStage = "B"

  // Opening.
  package static let valuePowers = "tau"
}
