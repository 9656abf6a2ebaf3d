// SPDX-License-Identifier: Apache-2.0

/// What each term of the soundness error means, in a sentence for people who are no cryptographers.
public enum SoundnessWords {
  /// What a number of bits says.
  public static let bits =
    "A cheat gets past a step with n bits by a chance of at most 1 in 2 to the n. 128 bits are 1 in "
    + "340 billion billion billion billion: out of reach for all computers together. Only the weakest step counts."

  /// Nil for a term that is not known here.
  public static func sentence(_ term: String) -> String? { sentences[term] }

  private static let sentences: [String: String] = [
    "projections":
      "Sizes are checked on random mixtures of all changes. Too large a change would have to look small in every one "
      + "of 132 mixtures.",
    "claims":
      "Many equations are joined into one with random weights. False ones would have to cancel out by luck.",
    "sumcheck A":
      "A sum over all entries is reduced, step by step, to a single value at a random place. A false sum would have to "
      + "survive a random question in each step.",
    "sumcheck B": "The same for the equations that say that a change has low rank, or few entries, rows or columns.",
    "sumcheck C": "The values that are left over are brought to one random place, where they are checked together.",
    "row weights":
      "All rows of the table of changes are added up with random weights. A wrong row would have to vanish in the sum.",
    "evaluations": "The value of that sum is asked for at a random place, where a false table would show.",
    "pins":
      "The certificate fixes each row's value at a random point early on, so that only one table of changes can fit it.",
    "combination of trees and mask":
      "All tables, and one of pure noise that hides them, are joined with random weights.",
    "batching of the claims": "All questions about the joined table are merged into one with random weights.",
    "folding": "The joined table is halved again and again by random choices. A false one would have to become true.",
    "out-of-domain answers":
      "After each halving the certificate answers at a point outside the table, which settles which table it means.",
    "batching of folded leaves": "Spot checks of each halving are merged into the next one with random weights.",
    "queries of inner layers": "The halved tables are compared with each other at random places.",
    "queries":
      "The table is opened at random places, each with a fingerprint that cannot be forged. A false table would have to "
      + "look right at all of them.",
  ]
}
