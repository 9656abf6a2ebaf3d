// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofTranscript

/// What both sides do alike.
package enum CurveArgumentProtocol {
  /// Everything public, before the first message.
  package static func transcript(_ statement: CurveStatement, base: CurvePoints, tuned: CurvePoints) -> Transcript {
    var transcript = Transcript(
      protocolID: statement.isStructured ? CurveLabel.structuredIdentifier : CurveLabel.identifier)
    transcript.absorb(CurveLabel.binding, bytes: statement.binding)
    transcript.absorb(CurveLabel.statement, bytes: statement.canonicalBytes)
    transcript.absorb(CurveLabel.baseRows, .point, base.encoded)
    transcript.absorb(CurveLabel.tunedRows, .point, tuned.encoded)
    return transcript
  }

  /// C_tuned - C_base of every tensor with a norm claim, row by row: without clauses the rows of E-space.
  /// - Throws: where there are not as many points as rows, and where a frozen tensor has other rows than the base's.
  package static func drift(
    _ layout: CurveArgumentLayout, base: CurvePoints, tuned: CurvePoints
  ) throws(CurveProofRejection) -> [G1] {
    let statement = layout.statement
    for points in [base, tuned] where points.count != statement.rowCount {
      throw .rowCount(expected: statement.rowCount, found: points.count)
    }
    var first = 0
    for tensor in statement.tensors {
      let range = first..<first + tensor.rowCount
      if tensor.claim == .frozen, base.bytes(range) != tuned.bytes(range) { throw .frozenTensorChanged(tensor.name) }
      first = range.upperBound
    }
    return layout.places.map { tuned.points[$0] - base.points[$0] }
  }
}
