// SPDX-License-Identifier: Apache-2.0

/// Why a proof of several workers is not begun, or ends without a certificate.
package enum WorkerError: Error, Equatable, Sendable {
  /// Something of the statement that only a proof without workers has so far.
  case notYet(String)
  case moreWorkersThanBands(workers: Int, bands: Int)
  /// Worker and coordinator do not speak of the same statement.
  case otherStatement(worker: Int)
  /// A worker is asked for rows that it does not have.
  case notHeld(String)
  /// A worker is asked for something out of order.
  case outOfOrder(String)
  /// An answer that no honest worker gives to the question.
  case unexpectedAnswer(worker: Int, to: String)
  /// A worker has ended, or its bytes are no answer.
  case lost(worker: Int, reason: String)
}

extension WorkerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notYet(let what): "not yet with workers: \(what); prove without them"
    case .moreWorkersThanBands(let workers, let bands):
      "\(workers) workers need as many bands, and the certificate's leaves have \(bands)"
    case .otherStatement(let worker): "worker \(worker) finds another statement in its files; have they changed?"
    case .notHeld(let what): "a worker is asked for \(what), which it does not hold"
    case .outOfOrder(let what): "a worker is asked for \(what) before its time"
    case .unexpectedAnswer(let worker, let question): "worker \(worker) gives no possible answer to \(question)"
    case .lost(let worker, let reason): "worker \(worker) is lost: \(reason); there is no certificate"
    }
  }
}
