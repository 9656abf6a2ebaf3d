// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// A functional on one aligned run of a row's places: c(offset + y) = weight·eq(point, y) for y below 2^m, m the number of
/// the point's coordinates, and 0 elsewhere. The run of a tensor that shares its row with others.
package struct FunctionalPart: Hashable, Sendable {
  package let weight: CubicExtension
  /// A multiple of 2^m.
  package let offset: Int
  /// Lowest bit first.
  package let point: [CubicExtension]

  package init(weight: CubicExtension, offset: Int, point: [CubicExtension]) {
    self.weight = weight
    self.offset = offset
    self.point = point
  }

  /// Whether the run lies inside rows of 2^logLength places.
  func fits(logLength: Int) -> Bool {
    point.count <= logLength && offset >= 0 && offset < 1 << logLength && offset & (1 << point.count - 1) == 0
  }

  /// The same as an equality over all l places: the bits of the offset are coordinates.
  func coordinates(logLength: Int) -> [CubicExtension] {
    point + (point.count..<logLength).map { offset >> $0 & 1 == 1 ? .one : .zero }
  }
}

extension OpeningClaim.Functional {
  /// The equalities whose weighted sum it is; nil for one that is sent in clear.
  func equalities(logLength: Int) -> [(weight: CubicExtension, point: [CubicExtension])]? {
    switch self {
    case .equality(let point): [(.one, point)]
    case .parts(let parts): parts.map { ($0.weight, $0.coordinates(logLength: logLength)) }
    case .clear: nil
    }
  }
}
