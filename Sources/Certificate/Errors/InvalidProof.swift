// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofTranscript

/// Why a certificate proves nothing.
public enum InvalidProof: Error, Equatable, Sendable {
  /// The file is no certificate.
  case certificate(FormatError)
  /// The manifest inside it is none.
  case manifest(FormatError)
  /// The manifest's count of tableau rows differs from the layout's.
  case rowCount(stated: Int, derived: Int)
  /// The manifest chooses rows of 2^logLength entries, of which the policy's tensors would need too many.
  case rowsTooShort(logLength: Int)
  /// The manifest's layout digest is not that of the policy's layout.
  case layoutDigest
  /// The manifest has a byte digest for a tensor that must not have one, or lacks one.
  case byteDigest(tensor: String, isMissing: Bool)
  /// The policy inside it is not the one of its policy digest.
  case policyBytes
  /// The stated tuned commitment is not the hash of its parts.
  case tunedCommitment
  /// The drift pins are not one canonical element of K for each row of the tableau.
  case driftPins
  /// Nothing is to be proved, but there is a proof or a drift root; or the reverse.
  case emptyTableau
  /// A record of an adapter fits no tensor of the base.
  case adapterRecord(tensor: String, problem: AdapterRecordProblem)
  /// Records of an adapter that the policy does not allow.
  case adapterOutsidePolicy([PolicyViolation])
  /// Records of an adapter whose clauses are not provable of it.
  case adapterNotProvable([UnprovableClause])
  /// Its manifest's version follows rules that do not know the slices of the policy's rule.
  case slicesUnderOriginalRules(rule: Int)
  /// Its manifest's version follows rules that do not know the entrywise bounds of the policy's rule.
  case entryBoundsUnderEarlierRules(rule: Int)
  /// Its manifest's version is that of policies with entrywise bounds, which this one has not.
  case entryRulesWithoutEntryBounds
  /// Its manifest's version follows rules that do not know the rounding bounds of the policy's rule.
  case roundingUnderEarlierRules(rule: Int)
  /// Its manifest's version is that of policies with rounding bounds, which this one has not.
  case roundingRulesWithoutRounding
  /// Its manifest's version follows rules that do not know the pattern of the policy's rule.
  case patternsUnderEarlierRules(rule: Int)
  /// Its manifest's version is that of policies with patterns, which this one has not.
  case patternRulesWithoutPatterns
  /// Its manifest's version follows rules that do not know the blocks of the policy's rule.
  case blocksUnderEarlierRules(rule: Int)
  /// Its manifest's version is that of policies with Kronecker products, which this one has not.
  case blockRulesWithoutBlocks
  /// Its manifest's version follows rules that do not know the circulant blocks of the policy's rule.
  case circulantsUnderEarlierRules(rule: Int)
  /// Its manifest's version is that of policies with circulant blocks, which this one has not.
  case circulantRulesWithoutCirculants
  /// Its code has other rows than the base's tableau, of which its policy speaks.
  case otherCodeThanBase(logLength: Int, logBlowup: Int, expectedLength: Int, expectedBlowup: Int)
  /// The proof that the tuned model's tableau is the base's and the drift.
  case transition(TransitionRejection)
  /// A check of the argument failed.
  case argument(ProofRejection)
}

extension InvalidProof: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .certificate(let error): "\(error)"
    case .manifest(let error): "its manifest: \(error)"
    case .rowCount(let stated, let derived): "it states \(stated) tableau rows, the policy and shapes give \(derived)"
    case .rowsTooShort(let log): "its rows of 2^\(log) entries are too short for the policy's tensors"
    case .layoutDigest: "its tableau was committed with another layout or precision than the policy's"
    case .byteDigest(let tensor, let isMissing):
      isMissing ? "tensor \(tensor) lacks its byte digest" : "tensor \(tensor) is frozen but has a byte digest"
    case .policyBytes: "the policy inside it is not the one of its policy digest"
    case .tunedCommitment: "the tuned commitment is not the hash of base identity, manifest and drift tableau"
    case .driftPins: "the pins of its drift tableau are not one field element for each row"
    case .emptyTableau: "the policy allows no certified change, so there must be neither proof nor drift root"
    case .adapterRecord(let tensor, let problem): "its record of an adapter on tensor \(tensor): \(problem)"
    case .adapterOutsidePolicy(let violations): "its adapter is outside the policy:\n" + MessageList.text(violations)
    case .adapterNotProvable(let clauses): "its adapter is outside the policy:\n" + MessageList.text(clauses)
    case .slicesUnderOriginalRules(let rule):
      "its manifest has a version of before policies had slices, as $.rules[\(rule)] has; have it proved again"
    case .entryBoundsUnderEarlierRules(let rule):
      "its manifest has a version of before policies had entrywise bounds, as $.rules[\(rule)] has; have it proved again"
    case .entryRulesWithoutEntryBounds:
      "its manifest has the version of policies with entrywise bounds, but its policy has none"
    case .patternsUnderEarlierRules(let rule):
      "its manifest has a version of before policies had patterns, as $.rules[\(rule)] has; have it proved again"
    case .blocksUnderEarlierRules(let rule):
      "its manifest has a version of before policies had Kronecker products, as $.rules[\(rule)] has; have it proved again"
    case .blockRulesWithoutBlocks:
      "its manifest has the version of policies with Kronecker products, but its policy has none"
    case .circulantsUnderEarlierRules(let rule):
      "its manifest has a version of before policies had circulant blocks, as $.rules[\(rule)] has; have it proved again"
    case .circulantRulesWithoutCirculants:
      "its manifest has the version of policies with circulant blocks, but its policy has none"
    case .patternRulesWithoutPatterns: "its manifest has the version of policies with patterns, but its policy has none"
    case .roundingUnderEarlierRules(let rule):
      "its manifest has a version of policies without rounding bounds, which $.rules[\(rule)] has; have it proved again"
    case .roundingRulesWithoutRounding:
      "its manifest has the version of policies with rounding bounds, but its policy has none"
    case .otherCodeThanBase(let length, let blowup, let expectedLength, let expectedBlowup):
      "its rows have 2^\(length) entries at rate 1/\(1 << blowup), those of the base's tableau 2^\(expectedLength) at rate "
        + "1/\(1 << expectedBlowup)"
    case .transition(let rejection): "\(rejection)"
    case .argument(let rejection): "\(rejection)"
    }
  }
}
