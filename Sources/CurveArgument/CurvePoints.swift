// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

/// Points of rows with their bytes, so that nobody encodes twice what was read.
package struct CurvePoints: Sendable {
  package let points: [G1]
  /// 48 bytes each.
  package let encoded: [UInt8]

  package init(_ points: [G1]) {
    self.points = points
    encoded = points.flatMap(\.compressed)
  }

  /// - Throws: `truncated` where the bytes are no multiple of 48, `invalidPoint` with the first that is none.
  package init(encoded: [UInt8], section: String) throws(CurveProofRejection) {
    points = try CurveVerifierChannel.points(encoded, section: section)
    self.encoded = encoded
  }

  package var count: Int { points.count }

  package func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> {
    encoded[range.lowerBound * G1.compressedLength..<range.upperBound * G1.compressedLength]
  }
}
