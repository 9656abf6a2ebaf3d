// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension CurveStatement {
  /// Typed, length-prefixed bytes of everything but the binding that layout and claims derive from.
  package var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/curve/statement/v\(isStructured ? 2 : 1)")
    bytes.append(littleEndian: UInt64(logLength))
    bytes.append(lengthPrefixed: setupID)
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(lengthPrefixed: tensor.name)
      bytes.append(littleEndian: UInt64(tensor.rows))
      bytes.append(littleEndian: UInt64(tensor.columns))
      bytes.append(littleEndian: Int64(tensor.fractionBits))
      bytes.append(littleEndian: UInt64(tensor.rowCount))
      switch tensor.claim {
      case .norm(let bound):
        bytes.append(0)
        bytes += Self.bytes(bound)
      case .frozen: bytes.append(1)
      case .any: bytes.append(2)
      }
      bytes.append(tensor.countsInTotal ? 1 : 0)
      if isStructured { bytes += Self.bytes(tensor.clauses) }
    }
    return bytes + Self.bytes(totalBound)
  }

  private static func bytes(_ clauses: [CurveClause]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: UInt64(clauses.count))
    for clause in clauses {
      bytes.append(littleEndian: UInt64(clause.rank ?? 0))
      bytes.append(clause.sparse?.code ?? 0)
      bytes.append(littleEndian: UInt64(clause.sparse?.count ?? 0))
      bytes.append(littleEndian: UInt64(clause.scale))
      bytes += clause.bound.littleEndianBytes
    }
    return bytes
  }

  /// A byte that says whether there is a bound, and its 32 bytes.
  private static func bytes(_ bound: CurveBound?) -> [UInt8] { bound.map { [1] + $0.littleEndianBytes } ?? [0] }
}
