// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy

/// Why no statement follows from a base's identity, a tuned model's tensors and a policy.
package enum StatementError: Error, Equatable, Sendable {
  /// The policy does not cover the difference in names, types and shapes: every gap.
  case coverageGap([CoverageGap])
  /// Sizes beyond what is proved or verified.
  case tooLarge(StatementSize)
  /// A record of an adapter fits no tensor of the base. Provers make no such records.
  case adapterRecord(tensor: String, problem: AdapterRecordProblem)
  /// What an adapter adds is more than the policy allows, whatever its numbers are.
  case policyViolated([PolicyViolation])
  /// Clauses that are not provable of an adapter.
  case precisionRefused([UnprovableClause])
  /// A rule of the policy cuts tensors into slices, which the original rules do not know.
  case slicesUnderOriginalRules(rule: Int)
  /// A rule of the policy bounds single entries, which only manifests 6 to 8 know.
  case entryBoundsUnderEarlierRules(rule: Int)
  /// Manifests 6 and 7 are for policies with entrywise bounds alone: every statement has one version.
  case entryRulesWithoutEntryBounds
  /// A rule of the policy bounds roundings, which only manifest 8 knows.
  case roundingUnderEarlierRules(rule: Int)
  /// Manifest 8 is for policies with rounding bounds alone.
  case roundingRulesWithoutRounding
  /// A rule of the policy has a pattern, which only manifest 9 knows.
  case patternsUnderEarlierRules(rule: Int)
  /// Manifest 9 is for policies with patterns alone.
  case patternRulesWithoutPatterns
  /// A rule of the policy has a sum of Kronecker products, which manifest 10 knows, and 13.
  case blocksUnderEarlierRules(rule: Int)
  /// Manifest 10 is for policies with such sums alone.
  case blockRulesWithoutBlocks
  /// A rule of the policy has circulant blocks, which only manifest 13 knows.
  case circulantsUnderEarlierRules(rule: Int)
  /// Manifest 13 is for policies with such blocks alone.
  case circulantRulesWithoutCirculants
  /// The identity's linked part is no tableau of a base with its tensors.
  case linkedBase(LinkedBaseError)
}

/// A size beyond `StatementLimits`; names of tensors are shown safely (`StrictJSON.shown`).
public enum StatementSize: Error, Equatable, Sendable {
  /// One tensor of this shape.
  case tensor(String, shape: [Int])
  /// The heads of one tensor, `size` rows or columns each, or its slices behind `size` dimensions.
  case heads(tensor: String, count: Int, size: Int, axis: String)
  /// Tensors of the model.
  case tensorCount(Int, limit: Int)
  /// What a certificate says of the model's tensors: names, types, shapes and digests.
  case manifest(bytes: Int, limit: Int)
  /// All certified tensors together, padded, have more than 2^logLimit entries.
  case allTensors(logLimit: Int)
  /// Rank or counts of one tensor's clauses.
  case clauses(tensor: String)
  /// No code serves this many proofs of one commitment.
  case proofs(Int)
  /// The drift tableau's rows cannot be cut into so many bands.
  case bands(Int, rows: Int)
}

extension StatementSize {
  /// The largest number of bands of a drift tableau.
  static func bandLimit(rows: Int) -> Int {
    max(1, min(CodeParameters.bandRange.upperBound, RowLeafFormat.blocks(rows: rows)))
  }
}

extension StatementSize: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .tensor(let name, let shape): "tensor \(name) of shape \(shape) is too large to certify; freeze or exclude it"
    case .heads(let tensor, let count, _, HeadSplit.Axis.slices.rawValue):
      "tensor \(tensor): \(count) slices are too many; count fewer leading dimensions, or certify the tensor as a whole"
    case .heads(let tensor, let count, let size, let axis):
      "tensor \(tensor): \(count) heads of \(size) \(axis) are too many; make them larger, or certify the tensor as a "
        + "whole"
    case .tensorCount(let count, let limit):
      "\(count) tensors are more than the \(limit) that a certificate can list; store experts or packed parts as one tensor"
    case .manifest(let bytes, let limit):
      "the names and shapes of the tensors take \(bytes) bytes of a certificate, more than \(limit); shorten the names"
    case .allTensors(let logLimit):
      "the certified tensors together exceed 2^\(logLimit) entries; freeze or exclude some"
    case .clauses(let tensor):
      "tensor \(tensor): rank or counts of its clauses are too large for its shape; lower them"
    case .bands(let bands, let rows):
      "the \(rows) rows of the drift tableau can be cut into 1 to \(StatementSize.bandLimit(rows: rows)) bands of whole blocks of "
        + "eight, not into \(bands)"
    case .proofs(let count): "no code serves \(count) proofs of this tableau; ask for fewer"
    }
  }
}

/// A clause that may hold, but that no proof can show of this drift at this precision.
public struct UnprovableClause: Error, Hashable, Sendable, CustomStringConvertible {
  /// The tensor's name; nil where the reason names what it is about.
  public let tensor: String?
  /// Why, and what helps.
  public let reason: String

  /// A clause that cannot be shown; see the members.
  public init(tensor: String?, reason: String) {
    self.tensor = tensor
    self.reason = reason
  }

  /// In English, for people and logs.
  public var description: String { (tensor.map { "tensor \($0): " } ?? "") + reason }
}
