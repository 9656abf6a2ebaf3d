// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// A public linear functional on the L = 2^l cells of a row: a sum of terms.
package struct CurveFunctional: Sendable, Equatable {
  /// One term.
  package enum Term: Sendable, Equatable {
    /// scale·Π_j (ρ_j where bit j of x - offset is set, else 1 - ρ_j) on offset ..< offset + 2^point.count, zero elsewhere.
    /// The first coordinate belongs to the lowest bit. With l coordinates and offset 0 it is scale·eq(ρ, x).
    case equality(offset: Int, point: [Fr], scale: Fr)
    /// The values at offset, offset + 1, …, zero elsewhere.
    case vector(offset: Int, values: [Fr])
  }

  package var terms: [Term]

  package init(_ terms: [Term]) { self.terms = terms }

  /// The first cell that no term reaches.
  package var end: Int {
    terms.reduce(0) { end, term in
      switch term {
      case .equality(let offset, let point, _): max(end, offset + 1 << point.count)
      case .vector(let offset, let values): max(end, offset + values.count)
      }
    }
  }

  /// Σ_x c[x]·X^x at a point X, in time that grows with the logarithm of equality terms and the length of vectors.
  package func polynomial(at point: Fr) -> Fr {
    terms.reduce(.zero) { sum, term in
      switch term {
      case .equality(let offset, let coordinates, let scale):
        var product = scale * point.power(offset)
        var square = point
        for coordinate in coordinates {
          product = product * (.one - coordinate + coordinate * square)
          square = square * square
        }
        return sum + product
      case .vector(let offset, let values):
        let value = values.reversed().reduce(Fr.zero) { $0 * point + $1 }
        return sum + value * point.power(offset)
      }
    }
  }
}

/// One part of a claim: ⟨functional, Σ weight·row⟩, rows numbered through all committed rows in the transcript's order.
package struct CurvePart: Sendable {
  package var functional: CurveFunctional
  package var rows: [(row: Int, weight: Fr)]

  package init(functional: CurveFunctional, rows: [(row: Int, weight: Fr)]) {
    self.functional = functional
    self.rows = rows
  }
}

/// The sum of the parts is the value; what each part contributes is not public.
package struct CurveClaim: Sendable {
  package var parts: [CurvePart]
  /// One row of random cells for each part, numbered as rows are; nil where the rows are masked inside (Libra's).
  package var maskRows: [Int]?
  package var value: Fr

  package init(parts: [CurvePart], maskRows: [Int]?, value: Fr) {
    self.parts = parts
    self.maskRows = maskRows
    self.value = value
  }

  /// Random cells of a mask row, at its lowest positions; none of the others is random.
  package static let maskCells = 16
}

extension Fr {
  /// The power by a public exponent that is not negative.
  package func power(_ exponent: Int) -> Fr {
    var (result, square, rest) = (Fr.one, self, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      square = square * square
      rest >>= 1
    }
    return result
  }
}
