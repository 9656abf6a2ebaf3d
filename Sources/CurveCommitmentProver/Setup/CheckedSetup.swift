// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

/// A setup's file that was checked: the only one under which anything is committed to.
///
/// The id is of the key alone. A file with a known key and other powers would make a base's rows commit to other weights than
/// the base's, and a power outside of the group would show a row's integers modulo a small number.
package struct CheckedSetup: Sendable {
  package let file: SetupFile
  /// SHA-256 of the whole file.
  package let digest: [UInt8]

  /// - Parameter isRemembered: whether a file of this SHA-256 was checked before.
  /// - Throws: what is wrong with the file.
  package init(
    _ file: SetupFile, isRemembered: ([UInt8]) -> Bool = { _ in false }, progress: (Double) -> Void = { _ in }
  ) throws(CurveSetupError) {
    digest = try file.digest()
    if !isRemembered(digest) { try file.check(progress: progress) }
    self.file = file
  }

  package var id: [UInt8] { file.id }
  package var logLength: Int { file.logLength }

  /// What commits to rows of 2^log cells.
  package func committer(log: Int, progress: (Double) -> Void = { _ in }) throws(CurveSetupError) -> CurveCommitter {
    guard log <= logLength else { throw .tooSmall(log: log, have: logLength) }
    let powers = try PointTable(count: 1 << log) { range throws(CurveSetupError) in
      defer { progress(Double(range.upperBound) / Double(1 << log)) }
      return try file.powers(range, isOrderChecked: false)
    }
    return CurveCommitter(key: file.key, logLength: log, powers: powers)
  }
}
