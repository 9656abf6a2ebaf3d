// SPDX-License-Identifier: Apache-2.0

/// Labels of the argument's trees, messages and challenges: what enters the transcript, in one place for both sides.
package enum ArgumentLabel {
  package static let identifier = "driftproof/argument/v1"

  // Absorbed before the first message.
  package static let binding = "binding"
  package static let statement = "statement"
  package static let drift = "drift"

  // Trees; that of the drift is ``drift``.
  /// P1.
  package static let factorTree = "P1"
  /// P2.
  package static let auxiliaryTree = "P2"

  /// R.
  package static let projection = "R"

  // Orthonormality stage.
  package static let orthonormalMembers = "s orthonormal"
  package static let leftRows = "alpha"
  package static let rightRows = "beta"
  /// σ.
  package static let orthonormalSum = "sigma"

  // Bounds stage.
  package static let claimPowers = "lambda"
  package static let squares = "s"
  package static let projections = "s'"
  package static let projectionRows = "m*"
  package static let exactEntries = "z"
  package static let digits = "z digits"
  package static let factorChunks = "s factors"
  package static let slotBits = "z bits"
  package static let patterns = "z patterns"

  // Structure and merging stage.
  /// d.
  package static let driftValue = "d"
  package static let mergingPowers = "chi"

  // Opening.
  package static let valuePowers = "tau"
  package static let libraPowers = "chi Libra"

  // Messages and challenges of a sumcheck.
  package static func libraSum(_ stage: Stage) -> String { "\(stage.rawValue)/sum g" }
  package static func libraFactor(_ stage: Stage) -> String { "\(stage.rawValue)/gamma" }
  package static func round(_ stage: Stage) -> String { "\(stage.rawValue)/round" }
  package static func roundChallenge(_ stage: Stage) -> String { "\(stage.rawValue)/r" }
  package static func evaluation(_ stage: Stage, _ oracle: Oracle) -> String { "\(stage.rawValue)/\(oracle.letter)" }
  package static func libraValue(_ stage: Stage) -> String { "\(stage.rawValue)/g" }
}
