// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation

/// Why bytes between coordinator and worker are none of theirs.
package enum FrameError: TextReadingError, Equatable {
  case truncated(section: String)
  case trailingBytes(count: Int)
  case invalidText(section: String)
  case combiningMarks(section: String)
  /// The other side has closed its end.
  case ended
  case noFrame
  case tooLong(Int)
  /// Not the next one, or one of another kind.
  case unexpected(kind: UInt32, number: UInt64)
  /// Changed on the way, or of another key.
  case seal
  case value(String)
}

extension FrameError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated(let section): "a frame ends inside \(section)"
    case .trailingBytes(let count): "\(count) bytes follow the end of a frame's message"
    case .invalidText(let section): "\(section) is no text"
    case .combiningMarks(let section): "\(section) has too many combining marks"
    case .ended: "it has ended"
    case .noFrame: "its bytes are no frame"
    case .tooLong(let count): "a frame of \(count) bytes is longer than \(FrameChannel.longest)"
    case .unexpected(let kind, let number): "frame \(number) of kind \(kind) is not the next one"
    case .seal: "a frame is not sealed with the key of this job"
    case .value(let what): "\(what) has a value that it cannot have"
    }
  }
}

/// What frames hold; docs/clusters.md, "Frames".
enum FrameKind: UInt32 {
  case hello = 1
  case job
  case request
  case answer
  /// An `ArgumentRefusal`.
  case refusal
  /// A text: why the worker ends.
  case failure
}

/// Frames in both directions, each with the next number only; sealed once both sides have said hello.
struct FrameChannel {
  /// Bytes of the longest frame's message: keys of all salts and tails of a tree of 2^31 positions fit.
  static let longest = 1 << 27
  private static let magic = Array("DPF1".utf8)
  private static let headerLength = 24
  private static let pieceLength = 1 << 20

  enum Side: UInt8 {
    case coordinator = 0
    case worker = 1
  }

  private let side: Side
  private let input: FileHandle
  private let output: FileHandle
  private var keys: (own: [UInt8], other: [UInt8])?
  private var sent: UInt64 = 0
  private var received: UInt64 = 0

  init(side: Side, input: FileHandle, output: FileHandle) {
    self.side = side
    self.input = input
    self.output = output
  }

  /// From here on everything is sealed.
  mutating func seal(own: [UInt8], other: [UInt8]) { keys = (own, other) }

  mutating func send(_ kind: FrameKind, _ bytes: [UInt8]) throws(FrameError) {
    guard bytes.count <= Self.longest else { throw .tooLong(bytes.count) }
    var header = Self.magic
    header.append(littleEndian: kind.rawValue)
    header.append(littleEndian: sent)
    header.append(littleEndian: UInt64(bytes.count + (keys == nil ? 0 : Sealing.tagLength)))
    let body = keys.map {
      Sealing.seal(bytes, key: $0.own, nonce: Self.nonce(side.rawValue, sent), associated: header)
    }
    sent += 1
    do {
      try output.write(contentsOf: Data(header + (body ?? bytes)))
    } catch {
      throw .ended
    }
  }

  mutating func receive() throws(FrameError) -> (kind: FrameKind, bytes: [UInt8]) {
    let header = try read(Self.headerLength)
    guard Array(header.prefix(4)) == Self.magic else { throw .noFrame }
    var reader = ByteReader<FrameError>(Array(header[4...]))
    let kind = try reader.integer("the header", as: UInt32.self)
    let number = try reader.integer("the header", as: UInt64.self)
    let stated = try reader.integer("the header", as: UInt64.self)
    guard let known = FrameKind(rawValue: kind), number == received else {
      throw .unexpected(kind: kind, number: number)
    }
    guard let count = Int(exactly: stated), count <= Self.longest + Sealing.tagLength else {
      throw .tooLong(Int(clamping: stated))
    }
    let bytes = try read(count)
    received += 1
    guard let keys else {
      // Nothing but a hello comes in clear.
      guard known == .hello else { throw .unexpected(kind: kind, number: number) }
      return (known, bytes)
    }
    let other = 1 - side.rawValue
    guard
      let opened = Sealing.open(bytes, key: keys.other, nonce: Self.nonce(other, number), associated: header)
    else { throw .seal }
    return (known, opened)
  }

  private static func nonce(_ direction: UInt8, _ number: UInt64) -> [UInt8] {
    var nonce: [UInt8] = []
    nonce.append(littleEndian: UInt32(direction))
    nonce.append(littleEndian: number)
    return nonce
  }

  /// Bytes that are there, never more memory than they take and a piece.
  func read(_ count: Int) throws(FrameError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let piece: Data?
      do {
        piece = try input.read(upToCount: min(count - bytes.count, Self.pieceLength))
      } catch {
        throw .ended
      }
      guard let piece, !piece.isEmpty else { throw .ended }
      bytes += piece
    }
    return bytes
  }
}
