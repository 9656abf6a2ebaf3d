// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCore
import DriftProofField
import DriftProofTranscript

/// Answers as bytes, as requests are.
extension WorkerAnswer {
  private enum Tag: UInt8 {
    case done = 1
    case bulk, bytes, numbers, elements, rows, witness, round
  }

  var encoded: [UInt8] {
    var out: [UInt8] = []
    switch self {
    case .done: out = [Tag.done.rawValue]
    case .bulk(let count):
      out = [Tag.bulk.rawValue]
      out.append(littleEndian: UInt64(count))
    case .bytes(let bytes): out = [Tag.bytes.rawValue] + bytes
    case .numbers(let numbers):
      out = [Tag.numbers.rawValue]
      out.append(littleEndian: UInt64(numbers.count))
      for number in numbers { out.append(littleEndian: UInt32(bitPattern: number)) }
    case .elements(let elements):
      out = [Tag.elements.rawValue]
      out.append(elements: elements)
    case .rows(let rows):
      out = [Tag.rows.rawValue]
      out.append(littleEndian: UInt64(rows.count))
      for row in rows {
        out.append(littleEndian: UInt64(row.count))
        for value in row { out.append(littleEndian: value) }
      }
    case .witness(let squares, let sparse):
      out = [Tag.witness.rawValue]
      out.append(littleEndian: UInt64(squares.count))
      for square in squares {
        out.append(littleEndian: UInt64(square.index))
        out.append(littleEndian: square.square)
      }
      out.append(littleEndian: UInt64(sparse.count))
      for cell in sparse {
        out.append(littleEndian: UInt64(cell.cell))
        out.append(littleEndian: UInt64(bitPattern: cell.value))
      }
    case .round(let round):
      out = [Tag.round.rawValue]
      out.append(elements: round.values)
      out.append(littleEndian: UInt64(round.tiles.count))
      for tile in round.tiles {
        out.append(littleEndian: UInt64(tile.tile))
        out += FieldEncoding.bytes([tile.value, tile.square, tile.linear])
      }
      out.append(littleEndian: UInt64(round.digits.count))
      for row in round.digits { out += FieldEncoding.bytes([row.value, row.linear]) }
    }
    return out
  }

  init(_ bytes: [UInt8]) throws(FrameError) {
    var reader = ByteReader<FrameError>(bytes)
    guard let tag = Tag(rawValue: try reader.integer("an answer", as: UInt8.self)) else { throw .value("an answer") }
    switch tag {
    case .done: self = .done
    case .bulk: self = .bulk(try reader.number("bulk"))
    case .bytes: self = .bytes(try reader.bytes("bytes", count: reader.remaining))
    case .numbers: self = .numbers(try reader.narrow("numbers"))
    case .elements: self = .elements(try reader.elements("elements"))
    case .rows:
      var rows: [[UInt64]] = []
      for _ in 0..<(try reader.count("rows", of: 8)) {
        var row: [UInt64] = []
        for _ in 0..<(try reader.count("rows", of: 8)) { row.append(try reader.integer("rows", as: UInt64.self)) }
        rows.append(row)
      }
      self = .rows(rows)
    case .witness:
      var squares: [IndexedSquare] = []
      for _ in 0..<(try reader.count("squares", of: 16)) {
        squares.append(
          .init(index: try reader.number("squares"), square: try reader.integer("squares", as: UInt64.self)))
      }
      var sparse: [SparseCell] = []
      for _ in 0..<(try reader.count("sparse values", of: 16)) {
        let cell = try reader.number("sparse values")
        let value = try reader.integer("sparse values", as: UInt64.self)
        sparse.append(.init(cell: cell, value: Int64(bitPattern: value)))
      }
      self = .witness(squares: squares, sparse: sparse)
    case .round:
      var round = BoundsRound(values: try reader.elements("a round"))
      for _ in 0..<(try reader.count("tiles", of: 80)) {
        round.tiles.append(
          .init(
            tile: try reader.number("tiles"), value: try reader.element("tiles"), square: try reader.element("tiles"),
            linear: try reader.element("tiles")))
      }
      for _ in 0..<(try reader.count("rows of digits", of: 48)) {
        round.digits.append(
          .init(value: try reader.element("rows of digits"), linear: try reader.element("rows of digits")))
      }
      self = .round(round)
    }
    try reader.finish()
  }
}

/// Refusals as bytes: a tag, a tensor's name and two numbers, or two pairs of them.
extension ArgumentRefusal {
  private enum Tag: UInt8 {
    case chunkTooLarge = 1
    case entryTooLarge, factorTooLarge, exactClauseViolated, boundExceeded, entryBoundExceeded, patternViolated,
      totalExceeded, notOrthonormal
  }

  var encoded: [UInt8] {
    func form(
      _ tag: Tag, _ tensor: String, _ row: Int = 0, _ column: Int = 0, _ first: Double = 0, _ second: Double = 0
    )
      -> [UInt8]
    {
      var out = [tag.rawValue]
      out.append(lengthPrefixed: tensor)
      out.append(littleEndian: UInt64(row))
      out.append(littleEndian: UInt64(column))
      out.append(littleEndian: first.bitPattern)
      out.append(littleEndian: second.bitPattern)
      return out
    }
    return switch self {
    case .chunkTooLarge(let tensor, let row, let column, let norm, let limit):
      form(.chunkTooLarge, tensor, row, column, norm, limit)
    case .entryTooLarge(let tensor, let row, let column): form(.entryTooLarge, tensor, row, column)
    case .factorTooLarge(let tensor): form(.factorTooLarge, tensor)
    case .exactClauseViolated(let tensor, let row, let column): form(.exactClauseViolated, tensor, row, column)
    case .boundExceeded(let tensor): form(.boundExceeded, tensor)
    case .entryBoundExceeded(let tensor, let row, let column): form(.entryBoundExceeded, tensor, row, column)
    case .patternViolated(let tensor, let row, let column): form(.patternViolated, tensor, row, column)
    case .totalExceeded: form(.totalExceeded, "")
    case .notOrthonormal(let tensor, let row, let other): form(.notOrthonormal, tensor, row, other)
    }
  }

  init(_ bytes: [UInt8]) throws(FrameError) {
    var reader = ByteReader<FrameError>(bytes)
    guard let tag = Tag(rawValue: try reader.integer("a refusal", as: UInt8.self)) else { throw .value("a refusal") }
    let tensor = try reader.text("a refusal")
    let (row, column) = (try reader.number("a refusal"), try reader.number("a refusal"))
    let norm = Double(bitPattern: try reader.integer("a refusal", as: UInt64.self))
    let limit = Double(bitPattern: try reader.integer("a refusal", as: UInt64.self))
    try reader.finish()
    self =
      switch tag {
      case .chunkTooLarge:
        .chunkTooLarge(tensor: tensor, row: row, column: column, log2Norm: norm, log2Limit: limit)
      case .entryTooLarge: .entryTooLarge(tensor: tensor, row: row, column: column)
      case .factorTooLarge: .factorTooLarge(tensor: tensor)
      case .exactClauseViolated: .exactClauseViolated(tensor: tensor, row: row, column: column)
      case .boundExceeded: .boundExceeded(tensor: tensor)
      case .entryBoundExceeded: .entryBoundExceeded(tensor: tensor, row: row, column: column)
      case .patternViolated: .patternViolated(tensor: tensor, row: row, column: column)
      case .totalExceeded: .totalExceeded
      case .notOrthonormal: .notOrthonormal(tensor: tensor, row: row, other: column)
      }
  }
}
