// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import Foundation

/// Which implementation of a kernel runs: the C one for this processor, or its portable Swift twin. All give the same
/// bits.
///
/// `DRIFTPROOF_KERNELS=portable` forces the twins for a whole process; `plainC`, `avx2` and `shaExtensions` cap the
/// instructions of the C kernels, which lets a test on one processor go through the code for others. On 64-bit ARM
/// `avx2` means NEON, and `shaExtensions` and `native` NEON with the SHA-256 instructions.
package enum KernelPath: String, Sendable, CaseIterable {
  case portable
  case plainC
  case avx2
  case shaExtensions
  case native

  package static let selected: KernelPath =
    ProcessInfo.processInfo.environment["DRIFTPROOF_KERNELS"].flatMap(KernelPath.init(rawValue:)) ?? .native

  /// The level for the C kernels; nil for the Swift twins.
  var level: Int32? {
    switch self {
    case .portable: nil
    case .plainC: Self.levels[0]
    case .avx2: Self.levels[1]
    case .shaExtensions: Self.levels[2]
    case .native: Self.levels[3]
    }
  }

  private static let levels = (0..<4).map { dp_level(Int32($0)) }
}

/// The message of one tableau row: at most 2^l entries, the rest are zeros.
package enum RowMessage: Sendable {
  case zero
  /// Small signed integers.
  case narrow([Int32])
  /// Canonical elements of F_p.
  case field([UInt64])

  /// The number of entries given.
  package var count: Int {
    switch self {
    case .zero: 0
    case .narrow(let entries): entries.count
    case .field(let entries): entries.count
    }
  }
}
