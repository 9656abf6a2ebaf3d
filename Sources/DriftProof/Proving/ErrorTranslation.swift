import Argument
import ArgumentProver
import Checkpoint
import LinearAlgebra
import Transcript

extension DriftProofError {
  /// The error of a lower layer as a command reports it: which exit code, and a message that says what to do.
  init(translating error: any Error) {
    switch error {
    case let error as DriftProofError: self = error
    case let error as CheckpointError: self = Self.translated(error)
    case let error as AdapterError: self = error.asDriftProofError
    case let error as ArgumentRefusal: self = Self.translated(error)
    case let error as ProofRejection: self = .proofInvalid(.argument(error))
    case let error as ResumeError: self = .operational(error.description)
    case let error as ArchiveMismatch:
      self = .operational("the state of the stopped proof is damaged: \(error); remove its folder to begin anew")
    case let error as LinearAlgebraError: self = .operational("numerical linear algebra failed: \(error)")
    default: self = .operational("\(error)")
    }
  }

  private static func translated(_ error: CheckpointError) -> DriftProofError {
    switch error {
    case .dataTypeMismatch(let tensor, let base, let tuned):
      .coverageGap([.dataTypeChanged(tensor: tensor, base: base.rawValue, tuned: tuned.rawValue)])
    case .shapeMismatch(let tensor, let base, let tuned):
      .coverageGap([.reshaped(tensor: tensor, base: base, tuned: tuned)])
    default: .operational(error.description)
    }
  }

  private static func translated(_ refusal: ArgumentRefusal) -> DriftProofError {
    switch refusal {
    case .chunkTooLarge, .entryTooLarge, .factorTooLarge, .notOrthonormal: .precisionRefused(refusal.description)
    // The measurement before has found all bounds to hold, so these say that its witness is not the argument's.
    case .exactClauseViolated, .boundExceeded, .totalExceeded: .policyViolated([refusal.description])
    }
  }

  /// Runs `body` and translates what it throws.
  static func translating<R>(_ body: () throws -> R) throws(DriftProofError) -> R {
    do {
      return try body()
    } catch {
      throw DriftProofError(translating: error)
    }
  }
}
