// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCommitment

/// One term of the soundness error: an attack on this step succeeds with probability at most 2^-bits.
public struct SoundnessTerm: Hashable, Sendable {
  /// Which step it is about.
  public let name: String
  /// -log2 of the probability.
  public let bits: Double

  /// A term by name, with -log2 of its error.
  public init(name: String, bits: Double) {
    self.name = name
    self.bits = bits
  }
}

/// How many tensors of base and tuned model fall into each class.
public struct TensorCounts: Hashable, Sendable {
  /// Unchanged.
  public let frozen: Int
  /// Bounded in norm alone.
  public let norm: Int
  /// Bounded in rank.
  public let rank: Int
  /// Bounded in the number of entries, rows or columns that may change.
  public let sparse: Int
  /// Bounded in how far each weight moves.
  public let entrywise: Int
  /// Bounded to a sum of Kronecker products.
  public let kronecker: Int
  /// Certified by circulant blocks alone.
  public let circulant: Int
  /// Bounded in where they may differ from zero.
  public let pattern: Int
  /// Bounded by several clauses, or by a sum of forms.
  public let composed: Int
  /// Outside the proof.
  public let excluded: Int

  init(_ statement: DerivedStatement) {
    frozen = statement.count(.frozen)
    norm = statement.count(.norm)
    rank = statement.count(.rank)
    sparse = statement.count(.sparse)
    entrywise = statement.count(.entrywise)
    kronecker = statement.count(.kronecker)
    circulant = statement.count(.circulant)
    pattern = statement.count(.pattern)
    composed = statement.count(.composed)
    excluded = statement.count(.excluded)
  }
}

/// The numerical precision of the certified tensors: changes below 2^-f per entry are invisible, so a proven bound B
/// means ‖W' - W‖ ≤ B + sqrt(entries)·2^-f.
public struct PrecisionSummary: Hashable, Sendable {
  /// Fractional bits f of the certified tensors and how many have them, by rising f; without products of adapters.
  public let tensorsByFractionBits: [(fractionBits: Int, tensors: Int)]

  init(_ statement: DerivedStatement) {
    var counts: [Int: Int] = [:]
    // The heads of a tensor have one precision and count as that tensor.
    for claim in statement.claims where (claim.tensor.block?.index ?? 0) == 0 && claim.factor == nil {
      counts[claim.tensor.fractionBits, default: 0] += 1
    }
    tensorsByFractionBits = counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Whether both state the same.
  public static func == (a: PrecisionSummary, b: PrecisionSummary) -> Bool {
    a.tensorsByFractionBits.elementsEqual(b.tensorsByFractionBits) { $0 == $1 }
  }

  /// Feeds all that equality compares.
  public func hash(into hasher: inout Hasher) {
    for (bits, tensors) in tensorsByFractionBits {
      hasher.combine(bits)
      hasher.combine(tensors)
    }
  }
}

/// What a verified certificate says.
public struct VerificationReport: Hashable, Sendable {
  /// The policy's name, as its file states it.
  public let policyName: String
  /// Hexadecimal, as the next two.
  public let policyDigest: String
  /// The root of the base's identity; 64 hexadecimal digits.
  public let baseIdentity: String
  /// The commitment to the tuned model; 64 hexadecimal digits.
  public let tunedCommitment: String
  /// Of a link: the tuned commitment of its parent, from whose model the drift starts. Nil: it starts from the base.
  public let parent: String?
  /// The level of the statement as a whole; at least 128.
  public let securityBits: Double
  /// Every term of the soundness error; the least one is the level.
  public let soundness: [SoundnessTerm]
  /// Tensors of base and tuned model by class.
  public let tensors: TensorCounts
  /// Names that the policy leaves outside the proof, in order.
  public let excluded: [String]
  /// Rank clauses that hold for every matrix of some certified tensors' shapes.
  public let vacuousRanks: [VacuousRank]
  /// Entries of the tensors in the tableau.
  public let certifiedParameters: Int
  /// Entries of the frozen tensors.
  public let frozenParameters: Int
  /// Changes below it are invisible to the proof.
  public let precision: PrecisionSummary
  /// Covered tensors whose type is not the base's (of a link: the chain's base's), counted by both types.
  public let retyped: [RetypedTensors]
  /// Covered tensors with more rows than the base's (of a link: the chain's base's), in name order.
  public let grown: [GrownTensor]
  /// Tensors with rounding bounds: what is proved of their classes of weights; in name order.
  public let rounded: [RoundedTensor]
  /// Nil unless the tuned model is the base and an unmerged adapter.
  public let adapter: AdapterSummary?
  /// The code of the commitment, such as "l 17, rate 1/8, 131 queries, 20 bits of grinding"; nil with an empty tableau.
  public let code: String?
  /// In how many bands the leaves of its trees are hashed, among which machines can divide that work. It says nothing about the
  /// model.
  public let bands: Int
  /// Bytes of the argument's proof.
  public let proofBytes: Int
  /// Bytes of the whole certificate.
  public let certificateBytes: Int
  /// Wall-clock seconds that verification took.
  public let verifySeconds: Double
}
