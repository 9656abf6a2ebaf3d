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
    /// outer[o]·eq(point, i)·inner[k] at offset + (o·2^point.count + i)·2^logInner + k, zero elsewhere; inner has at most 2^logInner
    /// values.
    case product(offset: Int, inner: [Fr], logInner: Int, point: [Fr], outer: [Fr])
  }

  package var terms: [Term]

  package init(_ terms: [Term]) { self.terms = terms }

  /// The first cell that no term reaches.
  package var end: Int {
    terms.reduce(0) { end, term in
      switch term {
      case .equality(let offset, let point, _): max(end, offset + 1 << point.count)
      case .vector(let offset, let values): max(end, offset + values.count)
      case .product(let offset, _, let logInner, let point, let outer):
        max(end, offset + outer.count << (logInner + point.count))
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
      case .product(let offset, let inner, let logInner, let coordinates, let outer):
        var product = point.power(offset) * inner.reversed().reduce(Fr.zero) { $0 * point + $1 }
        var square = point.power(1 << logInner)
        for coordinate in coordinates {
          product = product * (.one - coordinate + coordinate * square)
          square = square * square
        }
        let step = square
        return sum + product * outer.reversed().reduce(Fr.zero) { $0 * step + $1 }
      }
    }
  }
}

extension CurveFunctional.Term {
  /// A term on cells that lie in several rows of 2^logLength, row by row. Its offset must be a multiple of its size, padded to a power of
  /// two, if that is above a row.
  package func cut(logLength: Int) -> [(row: Int, term: CurveFunctional.Term)] {
    let length = 1 << logLength
    guard case .product(let offset, let inner, let logInner, let point, let outer) = self else {
      return [(offset >> logLength, moved(to: offset & (length - 1)))]
    }
    let size = logInner + point.count
    let first = offset >> logLength
    if outer.count << size <= length {
      return [(first, moved(to: offset & (length - 1)))]
    }
    if size <= logLength {
      let step = 1 << (logLength - size)
      return stride(from: 0, to: outer.count, by: step).map { start in
        let own = Array(outer[start..<min(outer.count, start + step)])
        return (
          first + start / step, .product(offset: 0, inner: inner, logInner: logInner, point: point, outer: own)
        )
      }
    }
    // A row has some of the coordinates' bits, or of the inner values.
    let kept = max(0, logLength - logInner)
    let upper = FrVector.equality(point[kept...])
    let pieces = logInner > logLength ? 1 << (logInner - logLength) : 1
    var result: [(row: Int, term: CurveFunctional.Term)] = []
    for (o, weight) in outer.enumerated() {
      for (i, factor) in upper.enumerated() {
        for piece in 0..<pieces {
          let start = piece << logLength
          guard start < inner.count else { continue }
          let own = pieces == 1 ? inner : Array(inner[start..<min(inner.count, start + length)])
          result.append(
            (
              first + (o * upper.count + i) * pieces + piece,
              .product(
                offset: 0, inner: own, logInner: min(logInner, logLength), point: Array(point[..<kept]),
                outer: [weight * factor])
            ))
        }
      }
    }
    return result
  }

  private var offset: Int {
    switch self {
    case .equality(let offset, _, _), .vector(let offset, _), .product(let offset, _, _, _, _): offset
    }
  }

  private func moved(to offset: Int) -> CurveFunctional.Term {
    switch self {
    case .equality(_, let point, let scale): .equality(offset: offset, point: point, scale: scale)
    case .vector(_, let values): .vector(offset: offset, values: values)
    case .product(_, let inner, let logInner, let point, let outer):
      .product(offset: offset, inner: inner, logInner: logInner, point: point, outer: outer)
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
