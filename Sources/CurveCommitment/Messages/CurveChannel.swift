// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofTranscript

extension Transcript {
  /// A uniform element of Fr: the first of the challenge's blocks that is below r once its highest bit is cleared.
  package mutating func scalarChallenge(_ label: String) -> Fr {
    absorb(label, .challenge, [])
    var counter: UInt64 = 0
    while true {
      var message = Array("driftproof/expand".utf8) + state
      message.append(littleEndian: counter)
      counter += 1
      var block = SHA256.hash(message)
      block[31] &= 0x7F
      if let scalar = Fr(littleEndian: block) { return scalar }
    }
  }

  package mutating func scalarChallenges(_ label: String, _ count: Int) -> [Fr] {
    (0..<count).map { scalarChallenge("\(label)/\($0)") }
  }

  package mutating func absorb(_ label: String, scalars: [Fr]) {
    absorb(label, .scalar, scalars.flatMap(\.littleEndianBytes))
  }

  package mutating func absorb(_ label: String, points: [G1]) {
    absorb(label, .point, points.flatMap(\.compressed))
  }
}

/// The prover's end over the curve: every message enters the transcript and the proof.
package struct CurveProverChannel: Sendable {
  package var transcript: Transcript
  package private(set) var proof: [UInt8] = []
  /// Bytes of the proof by section, for reports.
  package private(set) var sizes: [(section: String, bytes: Int)] = []

  package init(transcript: Transcript) { self.transcript = transcript }

  private mutating func send(_ label: String, _ kind: Transcript.Kind, _ bytes: [UInt8]) {
    transcript.absorb(label, kind, bytes)
    proof += bytes
    sizes.append((label, bytes.count))
  }

  package mutating func send(_ label: String, _ scalars: [Fr]) {
    send(label, .scalar, scalars.flatMap(\.littleEndianBytes))
  }

  package mutating func send(_ label: String, _ scalar: Fr) { send(label, [scalar]) }

  package mutating func send(_ label: String, points: [G1]) { send(label, .point, points.flatMap(\.compressed)) }

  package mutating func send(_ label: String, digest: [UInt8]) { send(label, .digest, digest) }

  package mutating func challenge(_ label: String) -> Fr { transcript.scalarChallenge(label) }
}

/// The verifier's end over the curve: reads the same messages from the proof's bytes. Throws, never traps.
///
/// Every scalar must be canonical, every point in the one encoding that it has, on the curve and in the group: each is
/// checked by itself, as a random sum of many misses points of small order.
package struct CurveVerifierChannel: Sendable {
  package var transcript: Transcript
  private var reader: ByteReader<CurveProofRejection>

  package init(transcript: Transcript, proof: [UInt8]) {
    self.transcript = transcript
    reader = ByteReader(proof)
  }

  package mutating func receive(_ label: String, count: Int) throws(CurveProofRejection) -> [Fr] {
    guard count >= 0, count <= reader.remaining / Fr.encodedLength else { throw .truncated(section: label) }
    let bytes = try reader.bytes(label, count: count * Fr.encodedLength)
    var scalars: [Fr] = []
    scalars.reserveCapacity(count)
    for index in 0..<count {
      let start = index * Fr.encodedLength
      guard let scalar = Fr(littleEndian: bytes[start..<start + Fr.encodedLength]) else {
        throw .scalarNotCanonical(section: label, index: index)
      }
      scalars.append(scalar)
    }
    transcript.absorb(label, .scalar, bytes)
    return scalars
  }

  package mutating func receive(_ label: String) throws(CurveProofRejection) -> Fr {
    try receive(label, count: 1)[0]
  }

  package mutating func receivePoints(_ label: String, count: Int) throws(CurveProofRejection) -> [G1] {
    let length = G1.compressedLength
    guard count >= 0, count <= reader.remaining / length else { throw .truncated(section: label) }
    let bytes = try reader.bytes(label, count: count * length)
    let points = try Self.points(bytes, section: label)
    transcript.absorb(label, .point, bytes)
    return points
  }

  package mutating func receiveDigest(_ label: String) throws(CurveProofRejection) -> [UInt8] {
    let bytes = try reader.bytes(label, count: SHA256.digestLength)
    transcript.absorb(label, .digest, bytes)
    return bytes
  }

  package mutating func challenge(_ label: String) -> Fr { transcript.scalarChallenge(label) }

  package func finish() throws(CurveProofRejection) { try reader.finish() }

  /// Compressed points, each checked, the first that is wrong named; bytes must be a multiple of 48.
  package static func points(_ bytes: [UInt8], section: String) throws(CurveProofRejection) -> [G1] {
    let length = G1.compressedLength
    guard bytes.count.isMultiple(of: length) else { throw .truncated(section: section) }
    do throws(CurvePointError) { return try G1.points(compressed: bytes) } catch {
      throw .invalidPoint(section: section, index: error.index, reason: error.reason)
    }
  }
}
