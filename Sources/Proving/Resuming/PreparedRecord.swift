// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCore

/// What is known of a proof before any cryptography: the base's identity, digests and squares of the drift, and the
/// witness of the structured clauses.
struct PreparedRecord {
  var identity: BaseIdentity
  var tunedDigests: [String: [UInt8]]
  var drifts: [TensorScan.Drift]
  var measurement: DriftMeasurer.Measurement

  /// Integers little-endian, lists after their u64 count: the identity's file; name and SHA-256 of tuned tensors; i64 f,
  /// u128 Σ, u64 reach of drifts; u64 tensor, u64 clause and two lists of i32 of factors; u64 tensor, u64 clause and a
  /// list of u64 of supports; where there are circulant blocks, u64 tensor, u64 clause and a list of i64 of their numbers.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: identity.jsonBytes())
    bytes.append(littleEndian: UInt64(tunedDigests.count))
    for (name, digest) in tunedDigests.sorted(by: { TensorPair.precedes($0.key, $1.key) }) {
      bytes.append(lengthPrefixed: name)
      bytes += digest
    }
    bytes.append(littleEndian: UInt64(drifts.count))
    for drift in drifts {
      bytes.append(littleEndian: Int64(drift.fractionBits))
      bytes.append(littleEndian: drift.sumOfSquares)
      bytes.append(littleEndian: drift.reach)
    }
    bytes.append(littleEndian: UInt64(measurement.factors.count))
    for (id, factors) in measurement.factors.sorted(by: { Self.precedes($0.key, $1.key) }) {
      append(id, to: &bytes)
      for side in [factors.left, factors.right] {
        bytes.append(littleEndian: UInt64(side.count))
        for value in side { bytes.append(littleEndian: value) }
      }
    }
    bytes.append(littleEndian: UInt64(measurement.supports.count))
    for (id, support) in measurement.supports.sorted(by: { Self.precedes($0.key, $1.key) }) {
      append(id, to: &bytes)
      bytes.append(littleEndian: UInt64(support.count))
      for value in support { bytes.append(littleEndian: UInt64(value)) }
    }
    guard !measurement.diagonals.isEmpty else { return bytes }
    bytes.append(littleEndian: UInt64(measurement.diagonals.count))
    for (id, diagonals) in measurement.diagonals.sorted(by: { Self.precedes($0.key, $1.key) }) {
      append(id, to: &bytes)
      bytes.append(littleEndian: UInt64(diagonals.count))
      for value in diagonals { bytes.append(littleEndian: value) }
    }
    return bytes
  }

  private typealias ID = ArgumentWitness.ClauseID

  private static func precedes(_ a: ID, _ b: ID) -> Bool { (a.tensor, a.clause) < (b.tensor, b.clause) }

  private func append(_ id: ID, to bytes: inout [UInt8]) {
    bytes.append(littleEndian: UInt64(id.tensor))
    bytes.append(littleEndian: UInt64(id.clause))
  }

  init(
    identity: BaseIdentity, tunedDigests: [String: [UInt8]], drifts: [TensorScan.Drift],
    measurement: DriftMeasurer.Measurement
  ) {
    self.identity = identity
    self.tunedDigests = tunedDigests
    self.drifts = drifts
    self.measurement = measurement
  }

  /// Reads what ``bytes`` gives; throws, never traps. Whether it fits the statement is for ``fits(_:)``.
  package init(_ bytes: [UInt8]) throws {
    var reader = ByteReader<FormatError>(bytes)
    let section = "the record"
    func count(_ size: Int) throws(FormatError) -> Int { try reader.count(section, of: size) }
    func id() throws(FormatError) -> ID {
      let (tensor, clause) = (
        try reader.integer(section, as: UInt64.self), try reader.integer(section, as: UInt64.self)
      )
      guard let tensor = Int(exactly: tensor), let clause = Int(exactly: clause) else {
        throw .truncated(section: section)
      }
      return ID(tensor: tensor, clause: clause)
    }
    func entries() throws(FormatError) -> [Int32] {
      let raw = try reader.bytes(section, count: 4 * (try count(4)))
      return stride(from: 0, to: raw.count, by: 4).map { start in
        Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(raw[start + $1]) << UInt32(8 * $1) })
      }
    }
    identity = try BaseIdentity.parse(try reader.prefixed(section))
    tunedDigests = [:]
    for _ in 0..<(try count(SHA256.digestLength)) {
      tunedDigests[try reader.text(section)] = try reader.bytes(section, count: SHA256.digestLength)
    }
    drifts = []
    for _ in 0..<(try count(32)) {
      let bits = Int64(bitPattern: try reader.integer(section, as: UInt64.self))
      let sum = try reader.integer(section, as: UInt128.self)
      drifts.append(
        TensorScan.Drift(
          fractionBits: Int(bits), sumOfSquares: sum, reach: try reader.integer(section, as: UInt64.self)))
    }
    measurement = DriftMeasurer.Measurement()
    for _ in 0..<(try count(32)) {
      let id = try id()
      let left = try entries()
      measurement.factors[id] = .init(left: left, right: try entries())
    }
    for _ in 0..<(try count(24)) {
      let id = try id()
      var support: [Int] = []
      for _ in 0..<(try count(8)) {
        guard let value = Int(exactly: try reader.integer(section, as: UInt64.self)) else {
          throw FormatError.truncated(section: section)
        }
        support.append(value)
      }
      measurement.supports[id] = support
    }
    for _ in 0..<(reader.remaining == 0 ? 0 : try count(24)) {
      let id = try id()
      var diagonals: [Int64] = []
      for _ in 0..<(try count(8)) {
        diagonals.append(Int64(bitPattern: try reader.integer(section, as: UInt64.self)))
      }
      measurement.diagonals[id] = diagonals
    }
    try reader.finish()
  }

  /// Whether every list has the size that the statement's tensors and clauses ask for.
  func fits(_ tensors: [TableauTensor]) -> Bool {
    guard drifts.count == tensors.count else { return false }
    func clause(_ id: ID) -> (tensor: TableauTensor, clause: StructuredClause)? {
      guard tensors.indices.contains(id.tensor), tensors[id.tensor].clauses.indices.contains(id.clause) else {
        return nil
      }
      return (tensors[id.tensor], tensors[id.tensor].clauses[id.clause])
    }
    let factorsFit = measurement.factors.allSatisfy { id, factors in
      guard let (tensor, clause) = clause(id), let rank = clause.rank else { return false }
      let rows = clause.factorRows(rows: tensor.rows, columns: tensor.columns)
      return factors.left.count == rows.left * rank && factors.right.count == rows.right * rank
    }
    let supportsFit = measurement.supports.allSatisfy { id, support in
      guard let (tensor, clause) = clause(id), let sparse = clause.sparse, support.count <= sparse.count else {
        return false
      }
      let bound =
        switch sparse {
        case .entries: tensor.rows * tensor.columns
        case .rows: tensor.rows
        case .columns: tensor.columns
        }
      return support.allSatisfy { $0 >= 0 && $0 < bound }
    }
    let diagonalsFit = measurement.diagonals.allSatisfy { id, diagonals in
      guard let (tensor, clause) = clause(id), let circulant = clause.circulant else { return false }
      return diagonals.count == circulant.count(rows: tensor.rows, columns: tensor.columns)
    }
    return factorsFit && supportsFit && diagonalsFit
  }
}
