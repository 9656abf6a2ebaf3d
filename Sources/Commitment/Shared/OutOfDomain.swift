// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// Points of K outside F at which committed polynomials are evaluated: among the words of a list there is then one at
/// most with the stated values (docs/protocol.md section 6).
package enum OutOfDomain {
  /// The first of `draw(0)`, `draw(1)`, … that lies outside F: inside, three equations over F would be one, and a code
  /// position might be hit.
  package static func point(_ draw: (_ attempt: Int) -> CubicExtension) -> CubicExtension {
    var attempt = 0
    while true {
      let point = draw(attempt)
      if isOutside(point) { return point }
      attempt += 1
    }
  }

  package static func isOutside(_ point: CubicExtension) -> Bool { point.c1 != .zero || point.c2 != .zero }

  /// A challenge of a proof's transcript.
  package static func point(_ label: String, _ transcript: inout Transcript) -> CubicExtension {
    point { transcript.challenge("\(label)/\($0)") }
  }

  /// The point of a tree that exists before any transcript: it follows from the tree's root and shape.
  package static func point(root: [UInt8], label: String, shapes: [RowShape], parameters: CodeParameters)
    -> CubicExtension
  {
    point(root: root, label: label, shapes: shapes, code: parameters.bytes)
  }

  /// The point of a tree of a hiding base: proofs of other queries open it, too, so that only l and the rate, and its rows'
  /// tails, play a part.
  package static func point(root: [UInt8], label: String, shapes: [RowShape], logLength: Int, logBlowup: Int)
    -> CubicExtension
  {
    var code: [UInt8] = []
    for value in [logLength, logBlowup] { code.append(littleEndian: UInt64(value)) }
    return point(root: root, label: label, shapes: shapes, code: code)
  }

  /// The one point of all trees of a next base: it follows from all of their roots, so that a transition evaluates the rows of
  /// drift and base once, however many trees there are (docs/protocol.md, section 13).
  package static func point(ofNextBase roots: [[UInt8]], shapes: [RowShape], logLength: Int, logBlowup: Int)
    -> CubicExtension
  {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/next base/roots/v1")
    bytes.append(littleEndian: UInt64(roots.count))
    for root in roots { bytes.append(lengthPrefixed: root) }
    return point(
      root: SHA256.hash(bytes), label: "next base", shapes: shapes, logLength: logLength, logBlowup: logBlowup)
  }

  private static func point(root: [UInt8], label: String, shapes: [RowShape], code: [UInt8]) -> CubicExtension {
    var transcript = Transcript(protocolID: "driftproof/pins/v1")
    transcript.absorb("code", bytes: code)
    transcript.absorb("label", bytes: Array(label.utf8))
    var bytes: [UInt8] = []
    for shape in shapes {
      bytes.append(littleEndian: UInt64(shape.tailOffset))
      bytes.append(littleEndian: UInt64(shape.tailCount))
    }
    transcript.absorb("shapes", bytes: bytes)
    transcript.absorb("root", .digest, root)
    return point("pin", &transcript)
  }
}

/// The pins of a tree: y_t = p_t(point) of every row, tails included.
package struct TreePins: Hashable, Sendable {
  package let point: CubicExtension
  package let values: [CubicExtension]

  package init(point: CubicExtension, values: [CubicExtension]) {
    self.point = point
    self.values = values
  }

  package var bytes: [UInt8] { FieldEncoding.bytes(values) }

  /// What ``bytes`` are of; nil where they are no elements of K.
  package static func values(_ bytes: [UInt8]) -> [CubicExtension]? { FieldEncoding.cubicElements(bytes) }

  /// Σ weight·y: the combined row's value at the point.
  package func combined(_ weights: [CubicExtension]) -> CubicExtension { Multilinear.innerProduct(weights, values) }
}
