// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The public weights of pattern claims in the bounds stage (docs/protocol.md section 5, step 4): with a point t of Z-space and
/// x over the places of each claim's tensor
///
///     bits:     Σ eq(t, x)·(z² - z) = 0
///     support:  Σ eq(t, x)·(1 - z)·(X + c·T) = 0, c = 0 for the drift, 1 for the tuned weights; Σ eq(t, x)·(X - z·T) = 0
///     groups:   Σ eq'(t, x)·z = N·Σ eq(t, x), eq' over the variables that number the groups.
package struct PatternWeights {
  let layout: PatternLayout
  let challenges: BoundsStageChallenges

  package init(layout: PatternLayout, challenges: BoundsStageChallenges) {
    self.layout = layout
    self.challenges = challenges
  }

  /// What the groups add to the stage's total.
  package var total: CubicExtension {
    layout.members.reduce(.zero) { sum, member in
      guard member.claim.hasGroups else { return sum }
      let places = member.cubes.reduce(CubicExtension.zero) { $0 + $1.fixedWeight(challenges.patterns) }
      return sum + challenges.power(.groups) * places * Goldilocks(member.claim.count)
    }
  }

  /// The form at a point of Z-space.
  package func form(_ point: [CubicExtension]) -> PatternForm {
    var form = PatternForm()
    for member in layout.members {
      let first = member.claim.logGroup
      for cube in member.cubes {
        let place = cube.fixedWeight(point) * cube.fixedWeight(challenges.patterns)
        // The groups' weight does not depend on the place in a group.
        var (all, groups) = (place, place)
        for variable in cube.free {
          let equality = Multilinear.equality(challenges.patterns[variable], point[variable])
          all *= equality
          if variable >= first { groups *= equality }
        }
        form.add(member.claim, weight: all, groups: groups, challenges: challenges)
      }
    }
    return form
  }
}

/// The weights of Z-space's oracles: a quadratic form, at a point or of one place.
package struct PatternForm: Sendable, Equatable {
  /// Of z² and of z, X, T.
  package var cellSquare = CubicExtension.zero
  package var cell = CubicExtension.zero
  package var drift = CubicExtension.zero
  package var base = CubicExtension.zero
  /// Of z·X and of z·T.
  package var cellDrift = CubicExtension.zero
  package var cellBase = CubicExtension.zero

  package init() {}

  /// - Parameters:
  ///   - weight: eq(t, ·).
  ///   - groups: eq'(t, ·).
  package mutating func add(
    _ claim: PatternClaim, weight: CubicExtension, groups: CubicExtension, challenges: BoundsStageChallenges
  ) {
    let support = weight * challenges.power(.support)
    drift += support
    guard claim.hasGroups else {
      cellBase -= support
      return
    }
    let bits = weight * challenges.power(.cellBits)
    cellSquare += bits
    cell += groups * challenges.power(.groups) - bits
    cellDrift -= support
    guard claim.speaksOfBase else { return }
    base += support
    cellBase -= support
  }

  /// What one oracle adds to the form's value; products count for the later one of their oracles.
  package func contribution(
    of oracle: PatternOracle, _ value: (PatternOracle) throws(ProofRejection) -> CubicExtension
  ) throws(ProofRejection) -> CubicExtension {
    let own = try value(oracle)
    switch oracle {
    case .cells: return (cellSquare * own + cell) * own
    case .drift: return (drift + cellDrift * (try value(.cells))) * own
    case .base: return (base + cellBase * (try value(.cells))) * own
    }
  }
}
