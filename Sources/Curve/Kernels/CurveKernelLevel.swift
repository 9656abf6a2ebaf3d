// SPDX-License-Identifier: Apache-2.0

import CDriftProofCurveKernels
import DriftProofKernels

/// Which code adds points up: one of the C kernels', or the Swift twin. All give the same point.
///
/// `DRIFTPROOF_KERNELS` chooses as for the other kernels: `portable` is the twin, `plainC` C without vectors, `avx2` and
/// `shaExtensions` the same for BMI2 and ADX, `native` what the processor has.
package enum CurveKernelLevel: Int32, Sendable, CaseIterable {
  case portable = -1
  case plain = 0
  case mulx = 1
  case lanes = 2

  /// What the environment asks for, as far as this processor has it.
  package static let selected: CurveKernelLevel =
    switch KernelPath.selected {
    case .portable: .portable
    case .plainC: .plain
    case .avx2, .shaExtensions: CurveKernelLevel.mulx.available
    case .native: CurveKernelLevel.lanes.available
    }

  /// This level, or the highest below it that the processor has.
  package var available: CurveKernelLevel {
    self == .portable ? .portable : CurveKernelLevel(rawValue: dpc_level(rawValue)) ?? .plain
  }
}
