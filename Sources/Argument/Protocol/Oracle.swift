// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// A committed oracle of a sumcheck, or a public table that a stage works on. The letters are those of
/// docs/protocol.md, and what the labels of the proof's messages say.
package enum Oracle: Hashable, Sendable {
  // Of the bounds stage.
  /// D: base-4 digits of everything that must be small.
  case digits
  /// E: what the clauses leave of the drift; Δ itself where there is nothing to leave.
  case residuals
  /// G: U, V, slots, diagonals and masks. Also of the merging stage.
  case factors
  /// a: roots of what entrywise clauses leave to E², on R-space.
  case roots
  /// r, a2, u, v: what rounding claims commit to besides.
  case residues
  case classRoots
  case classes
  case cofactors
  /// X: the drift itself, on R-space.
  case plainDrift
  /// T: the base, on R-space.
  case base
  /// z: cells of patterns, on Z-space.
  case patternCells
  /// X and T on Z-space.
  case patternDrift
  case patternBase
  /// O: the masks of the orthonormality stage.
  case orthonormalMasks
  // Of the structure stage.
  case leftFactor
  case rightFactor
  case slotValues
  /// One index bit of all slots.
  case slotBit(Int)
  /// Diagonals of circulant blocks, combined over the blocks.
  case diagonals
  /// What keeps d and e from being a relation on the witness.
  case dummy
  // Of the orthonormality stage.
  case leftRows
  case rightRows
  /// κ.
  case blind

  package var letter: String {
    switch self {
    case .digits: "D"
    case .residuals: "E"
    case .factors: "G"
    case .orthonormalMasks: "O"
    case .roots: "a"
    case .residues: "r"
    case .classRoots: "a2"
    case .classes: "u"
    case .cofactors: "v"
    case .plainDrift: "X"
    case .base: "T"
    case .patternCells: "z"
    case .patternDrift: "Xz"
    case .patternBase: "Tz"
    case .leftFactor: "U"
    case .rightFactor: "V"
    case .slotValues: "values"
    case .slotBit(let bit): "bit/\(bit)"
    case .diagonals: "c"
    case .dummy: "dummy"
    case .leftRows: "left"
    case .rightRows: "right"
    case .blind: "blind"
    }
  }
}

/// The sumchecks, by the letters of docs/protocol.md section 5.
package enum Stage: String, Sendable {
  /// Norms, ranges of digits, projections, exact clauses.
  case bounds = "A"
  /// d - e is what U, V and the slots explain.
  case structure = "B"
  /// Brings the structure stage's evaluations to one point of the factor oracle.
  case merging = "C"
  /// Products of rows.
  case orthonormality = "O"
}

/// Evaluations that a stage has stated. One that is not there is no zero: asking for it throws.
package struct Evaluations: Sendable, Equatable {
  package let stage: Stage
  private var values: [Oracle: CubicExtension] = [:]

  package init(_ stage: Stage) { self.stage = stage }

  package init(_ stage: Stage, _ values: [Oracle: CubicExtension]) {
    self.stage = stage
    self.values = values
  }

  /// - Throws: as when the proof ends before the evaluation.
  package func value(_ oracle: Oracle) throws(ProofRejection) -> CubicExtension {
    guard let value = values[oracle] else {
      throw .truncated(section: ArgumentLabel.evaluation(stage, oracle))
    }
    return value
  }

  package mutating func set(_ oracle: Oracle, _ value: CubicExtension) { values[oracle] = value }
}

extension EntryOracle {
  package var oracle: Oracle {
    switch self {
    case .roots: .roots
    case .residues: .residues
    case .classRoots: .classRoots
    case .classes: .classes
    case .cofactors: .cofactors
    case .drift: .plainDrift
    case .base: .base
    }
  }
}

extension PatternOracle {
  package var oracle: Oracle {
    switch self {
    case .cells: .patternCells
    case .drift: .patternDrift
    case .base: .patternBase
    }
  }
}
