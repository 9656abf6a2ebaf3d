// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Why a proof is rejected: one case per check of the verifier.
public enum ProofRejection: Error, Equatable, Sendable {
  // Bytes
  case truncated(section: String)
  case notCanonical(section: String)
  case trailingBytes(count: Int)
  // Statement
  case unsupportedParameters(String)
  case insufficientSecurity(bits: Double, required: Int)
  /// Numbers of bands that no code has.
  case bandsOutOfRange(Int)
  /// More bands than blocks of eight rows of the drift tableau.
  case tooManyBands(Int, rows: Int)
  // Commitment (docs/protocol.md section 6)
  case pinInsideBaseField
  case proofOfWork
  case merklePath(tree: String)
  case rowsAgainstCombination(functional: String)
  case openingSumcheck(functional: String)
  case finalPolynomial(functional: String)
  case clearCombination(functional: String)
  // Argument (docs/protocol.md section 5)
  case sumcheckFinal(stage: String)
}

extension ProofRejection: ByteReadingError {}

extension ProofRejection: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .truncated(let section): "the proof ends inside \(section)"
    case .notCanonical(let section): "\(section) holds a value that is not a canonical field element"
    case .trailingBytes(let count): "\(count) bytes follow the end of the proof"
    case .unsupportedParameters(let why): "the proof's parameters are not supported: \(why)"
    case .insufficientSecurity(let bits, let required):
      "the proof's parameters give \(bits) bits, \(required) are required"
    case .bandsOutOfRange(let bands): "\(bands) bands are outside 1...256"
    case .tooManyBands(let bands, let rows):
      "\(bands) bands are more than the \((rows + 7) / 8) blocks of eight that the drift tableau's \(rows) rows have"
    case .pinInsideBaseField: "a tree is pinned at a point of the base field, where rows are opened"
    case .proofOfWork: "the proof of work is wrong"
    case .merklePath(let tree): "a Merkle path of the \(tree) tree does not lead to its root"
    case .rowsAgainstCombination(let f): "opening \(f): the tableau rows disagree with their claimed combination"
    case .openingSumcheck(let f): "opening \(f): the sumcheck does not end at the final polynomial"
    case .finalPolynomial(let f): "opening \(f): the final polynomial disagrees with the last folding"
    case .clearCombination(let f): "opening \(f): the combination sent in clear has another value"
    case .sumcheckFinal(let stage): "the \(stage) sumcheck does not end at the claimed evaluations"
    }
  }
}
