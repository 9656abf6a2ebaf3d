// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import DriftProofTranscript

/// Requests as bytes: a tag, then the fields in order; docs/clusters.md, "Frames".
extension WorkerRequest {
  private enum Tag: UInt8 {
    case keys = 1
    case digests, piece, values, witness, projections, digits, bounds, bind, sums, positions
  }

  var encoded: [UInt8] {
    var out: [UInt8] = []
    switch self {
    case .keys(let tree, let keys):
      out = [Tag.keys.rawValue, tree.rawValue]
      out.append(littleEndian: UInt64(keys.tails.count))
      for (row, key) in keys.tails.sorted(by: { $0.key < $1.key }) {
        out.append(littleEndian: UInt64(row))
        out += key
      }
      out.append(lengthPrefixed: keys.salts)
    case .digests(let tree, let run):
      out = [Tag.digests.rawValue, tree.rawValue]
      out.append(littleEndian: UInt64(run))
    case .piece(let range):
      out = [Tag.piece.rawValue]
      out.append(littleEndian: UInt64(range.lowerBound))
      out.append(littleEndian: UInt64(range.count))
    case .values(let tree, let point):
      out = [Tag.values.rawValue, tree.rawValue] + FieldEncoding.bytes([point])
    case .witness(let witness):
      out = [Tag.witness.rawValue] + witness.encoded
    case .projections(let state):
      out = [Tag.projections.rawValue]
      out.append(lengthPrefixed: state)
    case .digits(let first, let words):
      out = [Tag.digits.rawValue]
      out.append(littleEndian: UInt64(first))
      out.append(littleEndian: UInt64(words.count))
      out.reserveCapacity(out.count + 2 * words.count)
      for word in words { out.append(littleEndian: word) }
    case .bounds(let state, let residualMask, let digitMask):
      out = [Tag.bounds.rawValue]
      out.append(lengthPrefixed: state)
      out.append(elements: residualMask)
      out.append(elements: digitMask)
    case .bind(let challenge):
      out = [Tag.bind.rawValue] + FieldEncoding.bytes([challenge])
    case .sums(let tree, let claims):
      out = [Tag.sums.rawValue, tree.rawValue]
      out.append(littleEndian: UInt64(claims.count))
      for claim in claims {
        out.append(littleEndian: UInt64(claim.tailOffset))
        out.append(littleEndian: UInt64(claim.tailCount))
        out.append(elements: claim.weights)
      }
    case .positions(let tree, let positions):
      out = [Tag.positions.rawValue, tree.rawValue]
      out.append(littleEndian: UInt64(positions.count))
      for position in positions { out.append(littleEndian: UInt64(position)) }
    }
    return out
  }

  init(_ bytes: [UInt8]) throws(FrameError) {
    var reader = ByteReader<FrameError>(bytes)
    guard let tag = Tag(rawValue: try reader.integer("a request", as: UInt8.self)) else { throw .value("a request") }
    switch tag {
    case .keys:
      let tree = try reader.tree()
      var keys = TreeKeys(tails: [:], salts: [])
      for _ in 0..<(try reader.count("keys", of: 40)) {
        keys.tails[try reader.number("keys")] = try reader.bytes("keys", count: 32)
      }
      keys.salts = try reader.prefixed("keys")
      self = .keys(tree, keys)
    case .digests: self = .digests(try reader.tree(), run: try reader.number("digests"))
    case .piece:
      let first = try reader.number("a piece")
      self = .piece(first..<first + (try reader.number("a piece")))
    case .values: self = .values(try reader.tree(), at: try reader.element("values"))
    case .witness: self = .witness(try ClauseWitness(reading: &reader))
    case .projections: self = .projections(try reader.prefixed("projections"))
    case .digits:
      let first = try reader.number("digits")
      let count = try reader.count("digits", of: 2)
      let raw = try reader.bytes("digits", count: 2 * count)
      self = .digits(first: first, (0..<count).map { UInt16(raw[2 * $0]) | UInt16(raw[2 * $0 + 1]) << 8 })
    case .bounds:
      self = .bounds(
        try reader.prefixed("bounds"), residualMask: try reader.elements("bounds"),
        digitMask: try reader.elements("bounds"))
    case .bind: self = .bind(try reader.element("bind"))
    case .sums:
      let tree = try reader.tree()
      var claims: [RowWeights] = []
      for _ in 0..<(try reader.count("sums", of: 24)) {
        let (offset, count) = (try reader.number("sums"), try reader.number("sums"))
        claims.append(RowWeights(weights: try reader.elements("sums"), tailOffset: offset, tailCount: count))
      }
      self = .sums(tree, claims)
    case .positions:
      let tree = try reader.tree()
      var positions: [Int] = []
      for _ in 0..<(try reader.count("positions", of: 8)) { positions.append(try reader.number("positions")) }
      self = .positions(tree, positions)
    }
    try reader.finish()
  }
}

extension ClauseWitness {
  fileprivate var encoded: [UInt8] {
    func sorted<Value>(_ values: [ArgumentWitness.ClauseID: Value]) -> [(ArgumentWitness.ClauseID, Value)] {
      values.sorted { ($0.key.tensor, $0.key.clause) < ($1.key.tensor, $1.key.clause) }.map { ($0.key, $0.value) }
    }
    var out: [UInt8] = []
    func append(_ id: ArgumentWitness.ClauseID) {
      out.append(littleEndian: UInt64(id.tensor))
      out.append(littleEndian: UInt64(id.clause))
    }
    func append(_ values: [Int32]) {
      out.append(littleEndian: UInt64(values.count))
      for value in values { out.append(littleEndian: UInt32(bitPattern: value)) }
    }
    func append(_ values: [Int64]) {
      out.append(littleEndian: UInt64(values.count))
      for value in values { out.append(littleEndian: UInt64(bitPattern: value)) }
    }
    out.append(littleEndian: UInt64(factors.count))
    for (id, value) in sorted(factors) {
      append(id)
      append(value.left)
      append(value.right)
    }
    out.append(littleEndian: UInt64(supports.count))
    for (id, value) in sorted(supports) {
      append(id)
      append(value.map(Int64.init))
    }
    out.append(littleEndian: UInt64(diagonals.count))
    for (id, value) in sorted(diagonals) {
      append(id)
      append(value)
    }
    return out
  }

  fileprivate init(reading reader: inout ByteReader<FrameError>) throws(FrameError) {
    self.init()
    for _ in 0..<(try reader.count("factors", of: 32)) {
      let id = try reader.clause()
      factors[id] = .init(left: try reader.narrow("factors"), right: try reader.narrow("factors"))
    }
    for _ in 0..<(try reader.count("supports", of: 24)) {
      let id = try reader.clause()
      supports[id] = try reader.wide("supports").map { Int($0) }
    }
    for _ in 0..<(try reader.count("diagonals", of: 24)) {
      let id = try reader.clause()
      diagonals[id] = try reader.wide("diagonals")
    }
  }
}

extension [UInt8] {
  /// A count and elements of K.
  mutating func append(elements: [CubicExtension]) {
    append(littleEndian: UInt64(elements.count))
    self += FieldEncoding.bytes(elements)
  }
}

extension ByteReader<FrameError> {
  /// Below 2^48, so that sums and products of small counts do not overflow.
  mutating func number(_ section: String) throws(FrameError) -> Int {
    let stated = try integer(section, as: UInt64.self)
    guard stated < 1 << 48 else { throw .value(section) }
    return Int(stated)
  }

  mutating func tree() throws(FrameError) -> SpreadTree {
    guard let tree = SpreadTree(rawValue: try integer("a tree", as: UInt8.self)) else { throw .value("a tree") }
    return tree
  }

  mutating func element(_ section: String) throws(FrameError) -> CubicExtension {
    guard let element = FieldEncoding.cubicElements(try bytes(section, count: 24))?.first else { throw .value(section) }
    return element
  }

  mutating func elements(_ section: String) throws(FrameError) -> [CubicExtension] {
    let count = try count(section, of: 24)
    guard let elements = FieldEncoding.cubicElements(try bytes(section, count: 24 * count)) else {
      throw .value(section)
    }
    return elements
  }

  fileprivate mutating func clause() throws(FrameError) -> ArgumentWitness.ClauseID {
    .init(tensor: try number("a clause"), clause: try number("a clause"))
  }

  mutating func narrow(_ section: String) throws(FrameError) -> [Int32] {
    var values: [Int32] = []
    for _ in 0..<(try count(section, of: 4)) {
      values.append(Int32(bitPattern: try integer(section, as: UInt32.self)))
    }
    return values
  }

  mutating func wide(_ section: String) throws(FrameError) -> [Int64] {
    var values: [Int64] = []
    for _ in 0..<(try count(section, of: 8)) {
      values.append(Int64(bitPattern: try integer(section, as: UInt64.self)))
    }
    return values
  }
}
