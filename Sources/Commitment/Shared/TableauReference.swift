// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Where the random tail of a row lies: p(X) = message(X) + X^tailOffset·ρ(X), ρ of `tailCount` coefficients.
///
/// Normal rows have tailOffset = L. Short rows, which are opened in clear, have the length of their message.
package struct RowShape: Hashable, Sendable {
  package let tailOffset: Int
  package let tailCount: Int

  package init(tailOffset: Int, tailCount: Int) {
    self.tailOffset = tailOffset
    self.tailCount = tailCount
  }
}

/// The verifier's side of a tableau under the hash backend. `shapes` comes from the public layout, never from a proof.
package struct TableauReference: Hashable, Sendable {
  package let label: String
  /// 32 bytes: the Merkle root.
  package let root: [UInt8]
  package let shapes: [RowShape]
  /// Into how many runs its rows are cut at most (``RowLeafFormat``).
  package let bands: Int
  /// One value per row; nil for a tree that is not pinned.
  package let pins: TreePins?

  /// Rows without tails: its leaves have salts of zeros, which no proof carries.
  package static func isPublic(_ shapes: [RowShape]) -> Bool { shapes.allSatisfy { $0.tailCount == 0 } }

  package init(label: String, root: [UInt8], shapes: [RowShape], bands: Int, pins: TreePins? = nil) {
    self.label = label
    self.root = root
    self.shapes = shapes
    self.bands = bands
    self.pins = pins
  }

  /// A tree that is pinned at the point that follows from its root.
  package init(
    label: String, root: [UInt8], shapes: [RowShape], pinValues: [CubicExtension], parameters: CodeParameters
  ) {
    let point = OutOfDomain.point(root: root, label: label, shapes: shapes, parameters: parameters)
    self.init(
      label: label, root: root, shapes: shapes, bands: parameters.bands, pins: TreePins(point: point, values: pinValues)
    )
  }
}
