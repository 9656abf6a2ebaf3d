import Foundation

/// Which implementation of a kernel runs: the C one for this processor, or its portable Swift twin.
///
/// `DRIFTPROOF_KERNELS=portable` forces the twins for a whole process; both give the same bits.
package enum KernelPath: Sendable, CaseIterable {
  case portable
  case native

  package static let selected: KernelPath =
    ProcessInfo.processInfo.environment["DRIFTPROOF_KERNELS"] == "portable" ? .portable : .native
}

/// The message of one tableau row: at most 2^l entries, the rest are zeros.
package enum RowMessage: Sendable {
  case zero
  /// Small signed integers.
  case narrow([Int32])
  /// Canonical elements of F_p.
  case field([UInt64])
}
