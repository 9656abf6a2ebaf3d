// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofStatement
import DriftProofTranscript

/// An error of a lower layer that has a place among those of the library.
package protocol DriftProofErrorConvertible: Error {
  var asDriftProofError: DriftProofError { get }
}

extension DriftProofError {
  /// An error of any layer as the library reports it.
  package init(translating error: any Error) {
    switch error {
    case let error as DriftProofError: self = error
    case let error as any DriftProofErrorConvertible: self = error.asDriftProofError
    default: self = .operational("\(error)")
    }
  }

  /// Runs `body` and translates what it throws.
  package static func translating<R>(_ body: () throws -> R) throws(DriftProofError) -> R {
    do {
      return try body()
    } catch {
      throw DriftProofError(translating: error)
    }
  }
}

extension StatementError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError {
    switch self {
    case .coverageGap(let gaps): .coverageGap(gaps)
    case .tooLarge(let size): .tooLarge(size)
    case .adapterRecord(let tensor, let problem): .proofInvalid(.adapterRecord(tensor: tensor, problem: problem))
    case .policyViolated(let violations): .policyViolated(violations)
    case .precisionRefused(let clauses): .precisionRefused(clauses)
    case .slicesUnderOriginalRules(let rule): .proofInvalid(.slicesUnderOriginalRules(rule: rule))
    case .entryBoundsUnderEarlierRules(let rule): .proofInvalid(.entryBoundsUnderEarlierRules(rule: rule))
    case .entryRulesWithoutEntryBounds: .proofInvalid(.entryRulesWithoutEntryBounds)
    case .roundingUnderEarlierRules(let rule): .proofInvalid(.roundingUnderEarlierRules(rule: rule))
    case .roundingRulesWithoutRounding: .proofInvalid(.roundingRulesWithoutRounding)
    case .patternsUnderEarlierRules(let rule): .proofInvalid(.patternsUnderEarlierRules(rule: rule))
    case .patternRulesWithoutPatterns: .proofInvalid(.patternRulesWithoutPatterns)
    case .blocksUnderEarlierRules(let rule): .proofInvalid(.blocksUnderEarlierRules(rule: rule))
    case .blockRulesWithoutBlocks: .proofInvalid(.blockRulesWithoutBlocks)
    case .circulantsUnderEarlierRules(let rule): .proofInvalid(.circulantsUnderEarlierRules(rule: rule))
    case .circulantRulesWithoutCirculants: .proofInvalid(.circulantRulesWithoutCirculants)
    case .linkedBase(let error): .operational("base identity: \(error)")
    }
  }
}

extension CheckpointError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError {
    switch self {
    case .dataTypeMismatch(let tensor, let base, let tuned):
      .coverageGap([.dataTypeChanged(tensor: tensor, base: base.rawValue, tuned: tuned.rawValue)])
    case .shapeMismatch(let tensor, let base, let tuned):
      .coverageGap([.reshaped(tensor: tensor, base: base, tuned: tuned)])
    case _ where isAboutWhichWeights: .coverageGap([.weights(UnclearWeights(self))])
    default: .operational(description)
    }
  }
}

extension ProofRejection: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError { .proofInvalid(.argument(self)) }
}
