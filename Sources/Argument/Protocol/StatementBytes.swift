// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofTranscript

extension DriftStatement {
  /// Binds how the rows of the tableau are read: l, and every tensor's name, matrix, fractional bits and signature.
  /// What is claimed of them (bounds, orthonormality) does not change the reading and is bound by ``canonicalBytes``.
  package var layoutDigest: [UInt8] {
    // Statements that are not aligned have the bytes that they had before there were any that are.
    var bytes = isAligned ? placeBytes(label: "driftproof/layout/aligned/v1") : []
    // Statements without entrywise, or without rounding clauses have the bytes that they had before there were any.
    let version = hasPatterns ? "v5" : hasRoundingClaims ? "v4" : hasEntryClaims ? "v3" : "v2"
    bytes.append(lengthPrefixed: "driftproof/layout/\(version)")
    bytes.append(littleEndian: UInt64(code.logLength))
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(lengthPrefixed: tensor.name)
      bytes.append(littleEndian: UInt64(tensor.rows))
      bytes.append(littleEndian: UInt64(tensor.columns))
      bytes.append(littleEndian: Int64(tensor.fractionBits))
      let signatures = TableauLayout.signatures(of: tensor)
      bytes.append(littleEndian: UInt64(signatures.count))
      for signature in signatures {
        bytes.append(littleEndian: UInt64(signature.scale))
        bytes.append(signature.entrywise ? 2 : signature.exact ? 1 : 0)
        guard hasPatterns || hasRoundingClaims else { continue }
        bytes.append(littleEndian: UInt64(signature.rounding?.fineShift ?? 0))
        bytes.append(signature.rounding?.kind.rawValue ?? 0)
      }
      guard hasPatterns || hasRoundingClaims else { continue }
      bytes.append(tensor.base == nil ? 0 : 1)
      guard let base = tensor.base else { continue }
      for value in [base.tree, base.row] { bytes.append(littleEndian: UInt64(value)) }
      bytes.append(base.offset == nil ? 0 : 1)
      bytes.append(littleEndian: UInt64(base.offset ?? 0))
    }
    return SHA256.hash(bytes)
  }

  /// Where the base's tableau has every tensor.
  private func placeBytes(label: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: label)
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(littleEndian: UInt64(tensor.base?.tree ?? 0))
      bytes.append(littleEndian: UInt64(tensor.base?.row ?? 0))
      bytes.append(tensor.base?.offset == nil ? 0 : 1)
      bytes.append(littleEndian: UInt64(tensor.base?.offset ?? 0))
    }
    return bytes
  }

  /// Tails and pins of the base's trees; nothing of a public base, so that its statements have the bytes that they always had.
  private var hidingBytes: [UInt8] {
    guard let hiding = code.hidingBase else { return [] }
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/statement/hiding/v1")
    for value in [hiding.trees, hiding.tail, baseTrees.count] { bytes.append(littleEndian: UInt64(value)) }
    for tree in baseTrees {
      bytes.append(littleEndian: UInt64(tree.number))
      bytes += SHA256.hash(FieldEncoding.bytes(tree.pins))
    }
    return bytes
  }

  /// Nothing with one band: statements of before there were any more have their bytes.
  private var bandBytes: [UInt8] {
    guard code.bands > 1 else { return [] }
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/statement/bands/v1")
    bytes.append(littleEndian: UInt64(code.bands))
    return bytes
  }

  private var hasEntryClaims: Bool { tensors.contains { $0.clauses.contains { $0.entries != nil } } }
  private var hasPatterns: Bool { tensors.contains { !$0.patterns.isEmpty } }
  private var hasBlocks: Bool { tensors.contains { $0.clauses.contains { $0.blocks != nil } } }
  private var hasCirculants: Bool { tensors.contains { $0.clauses.contains { $0.circulant != nil } } }
  private var hasRoundingClaims: Bool { tensors.contains { $0.clauses.contains { $0.entries?.rounding != nil } } }

  /// Typed, length-prefixed bytes of everything that the layout and the claims derive from.
  package var canonicalBytes: [UInt8] {
    var bytes = isAligned ? placeBytes(label: "driftproof/statement/aligned/v1") : []
    bytes += hidingBytes + bandBytes
    let hasCirculants = hasCirculants
    // Versions 5 and 6 have everything that any before them has.
    let hasBlocks = hasCirculants || self.hasBlocks
    let hasPatterns = hasBlocks || self.hasPatterns
    let version =
      hasCirculants
      ? "v6" : hasBlocks ? "v5" : hasPatterns ? "v4" : hasRoundingClaims ? "v3" : hasEntryClaims ? "v2" : "v1"
    bytes.append(lengthPrefixed: "driftproof/statement/\(version)")
    for value in [code.logLength, code.logBlowup, code.queries, code.grindingBits, code.driftTail] {
      bytes.append(littleEndian: UInt64(value))
    }
    func append(bound: [UInt16]?) {
      guard let bound else { return bytes.append(0) }
      bytes.append(1)
      bytes.append(littleEndian: UInt64(bound.count))
      for digit in bound { bytes.append(littleEndian: digit) }
    }
    append(bound: totalBound)
    if hasPatterns || hasRoundingClaims {
      bytes.append(littleEndian: UInt64(baseTrees.count))
      for tree in baseTrees {
        for value in [tree.number, tree.rows] { bytes.append(littleEndian: UInt64(value)) }
        bytes += tree.root
      }
    }
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(lengthPrefixed: tensor.name)
      bytes.append(littleEndian: UInt64(tensor.rows))
      bytes.append(littleEndian: UInt64(tensor.columns))
      bytes.append(littleEndian: Int64(tensor.fractionBits))
      // Two bits: statements without orthonormal tensors have the bytes that they had before there were any.
      bytes.append((tensor.isPlain ? 1 : 0) | (tensor.isOrthonormal ? 2 : 0))
      append(bound: tensor.plainBound)
      bytes.append(littleEndian: UInt64(tensor.clauses.count))
      for clause in tensor.clauses {
        bytes.append(littleEndian: UInt64(clause.rank ?? 0))
        if hasBlocks {
          bytes.append(clause.blocks == nil ? 0 : 1)
          if let blocks = clause.blocks {
            for value in [blocks.logRows, blocks.logColumns] { bytes.append(littleEndian: UInt64(value)) }
          }
        }
        if hasCirculants {
          bytes.append(clause.circulant == nil ? 0 : 1)
          if let circulant = clause.circulant { bytes.append(littleEndian: UInt64(circulant.logSize)) }
        }
        switch clause.sparse {
        case nil: bytes.append(0)
        case .entries: bytes.append(1)
        case .rows: bytes.append(2)
        case .columns: bytes.append(3)
        }
        bytes.append(littleEndian: UInt64(clause.sparse?.count ?? 0))
        bytes.append(littleEndian: UInt64(clause.scale))
        append(bound: clause.bound)
        guard hasPatterns || hasEntryClaims else { continue }
        bytes.append(clause.entries == nil ? 0 : 1)
        if let entries = clause.entries { bytes.append(littleEndian: UInt64(entries.square)) }
        guard hasPatterns || hasRoundingClaims else { continue }
        bytes.append(clause.entries?.rounding == nil ? 0 : 1)
        guard let rounding = clause.entries?.rounding else { continue }
        for value in [
          rounding.fineShift, rounding.residualWeight, rounding.classBound, rounding.logClasses, rounding.tuned,
          rounding.base, rounding.drift, rounding.differenceRange,
        ] { bytes.append(littleEndian: UInt64(value)) }
      }
      guard hasPatterns else { continue }
      bytes.append(littleEndian: UInt64(tensor.patterns.count))
      for pattern in tensor.patterns {
        bytes.append(pattern.form.rawValue)
        for value in [pattern.count, pattern.logGroup] { bytes.append(littleEndian: UInt64(value)) }
      }
    }
    return bytes
  }
}
