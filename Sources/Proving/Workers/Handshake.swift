// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The first frame of either side: a fresh point each, under the job's key, so that whoever does not have it neither takes part nor
/// reads along, and whoever gets it later does not read what was recorded.
struct Hello: Equatable {
  static let frameVersion: UInt32 = 1
  private static let nonceLength = 32

  var version: UInt32
  var nonce: [UInt8]
  var point: [UInt8]
  /// Of the program.
  var program: String
  /// ``KnownAnswers``: what this machine computes of known inputs.
  var answers: [UInt8]

  init(point: [UInt8]) {
    version = Self.frameVersion
    nonce = SystemRandom.bytes(Self.nonceLength)
    self.point = point
    program = ToolVersion.current
    answers = KnownAnswers.digest
  }

  private init(reading reader: inout ByteReader<FrameError>) throws(FrameError) {
    version = try reader.integer("hello", as: UInt32.self)
    nonce = try reader.bytes("hello", count: Self.nonceLength)
    point = try reader.bytes("hello", count: KeyAgreement.length)
    program = try reader.text("hello")
    answers = try reader.bytes("hello", count: SHA256.digestLength)
  }

  private var content: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: version)
    bytes += nonce + point
    bytes.append(lengthPrefixed: program)
    return bytes + answers
  }

  private static func code(_ content: [UInt8], key: [UInt8], side: FrameChannel.Side, heard: [UInt8]) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/hello/v1")
    message.append(side.rawValue)
    message.append(lengthPrefixed: content)
    message.append(lengthPrefixed: heard)
    return SHA256.authenticate(key: key, message: message)
  }

  /// - Parameter heard: the other side's hello, where it came first.
  func bytes(key: [UInt8], side: FrameChannel.Side, heard: [UInt8] = []) -> [UInt8] {
    content + Self.code(content, key: key, side: side, heard: heard)
  }

  static func read(
    _ bytes: [UInt8], key: [UInt8], side: FrameChannel.Side, heard: [UInt8] = []
  ) throws(FrameError) -> Hello {
    var reader = ByteReader<FrameError>(bytes)
    let hello = try Hello(reading: &reader)
    let code = try reader.bytes("hello", count: SHA256.digestLength)
    try reader.finish()
    guard code == Self.code(hello.content, key: key, side: side, heard: heard) else { throw .seal }
    return hello
  }
}

extension FrameChannel {
  /// Says hello, and seals everything after it.
  /// - Returns: the worker's hello.
  mutating func greet(key: [UInt8]) throws(FrameError) -> Hello {
    let agreement = KeyAgreement()
    let own = Hello(point: agreement.point).bytes(key: key, side: .coordinator)
    try send(.hello, own)
    let heard = try receive()
    guard heard.kind == .hello else { throw .noFrame }
    let hello = try Hello.read(heard.bytes, key: key, side: .worker, heard: own)
    try agree(agreement, hello.point, key: key, first: own, second: heard.bytes, isCoordinator: true)
    return hello
  }

  /// The worker's part.
  mutating func reply(key: [UInt8]) throws(FrameError) {
    let heard = try receive()
    guard heard.kind == .hello else { throw .noFrame }
    let hello = try Hello.read(heard.bytes, key: key, side: .coordinator)
    let agreement = KeyAgreement()
    let own = Hello(point: agreement.point).bytes(key: key, side: .worker, heard: heard.bytes)
    try send(.hello, own)
    try agree(agreement, hello.point, key: key, first: heard.bytes, second: own, isCoordinator: false)
  }

  private mutating func agree(
    _ agreement: KeyAgreement, _ point: [UInt8], key: [UInt8], first: [UInt8], second: [UInt8], isCoordinator: Bool
  ) throws(FrameError) {
    guard let shared = agreement.shared(with: point) else { throw .seal }
    func derived(_ side: Side) -> [UInt8] {
      var message: [UInt8] = []
      message.append(lengthPrefixed: "driftproof/job/v1")
      message.append(lengthPrefixed: shared)
      message += SHA256.hash(first) + SHA256.hash(second)
      message.append(side.rawValue)
      return SHA256.authenticate(key: key, message: message)
    }
    let (coordinator, worker) = (derived(.coordinator), derived(.worker))
    seal(own: isCoordinator ? coordinator : worker, other: isCoordinator ? worker : coordinator)
  }
}
