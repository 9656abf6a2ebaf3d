// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import Synchronization

/// A worker in the coordinator's process: worker 0 always, the others in tests and where nobody asks for processes.
package final class LocalWorker: ProofWorker {
  private struct Pending: Sendable {
    var state: WorkerState
    var request: WorkerRequest?
  }

  private let pending: Mutex<Pending>

  package init(_ state: WorkerState) { pending = Mutex(Pending(state: state)) }

  /// The rows of P2 that are no digits', which never leave the process that has the proof's secret.
  func hold(masks: any TableauRows) { pending.withLock { $0.state.masks = masks } }

  package func begin(_ request: WorkerRequest) throws {
    try pending.withLock { pending in
      guard pending.request == nil else { throw WorkerError.outOfOrder(request.name) }
      pending.request = request
    }
  }

  /// Computes only now: what other processes have begun goes on meanwhile.
  package func answer() throws -> WorkerAnswer {
    try pending.withLock { pending in
      guard let request = pending.request else { throw WorkerError.outOfOrder("an answer") }
      pending.request = nil
      return try pending.state.answer(request)
    }
  }
}
