// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField

/// The prover's end: every message enters the transcript and the proof.
package struct ProverChannel: Sendable {
  package var transcript: Transcript
  package private(set) var proof: [UInt8] = []
  /// Bytes of the proof per section, for reports.
  package private(set) var sizes: [(section: String, bytes: Int)] = []

  package init(transcript: Transcript) { self.transcript = transcript }

  /// A channel that continues after messages which were recorded.
  package init(resuming transcript: Transcript, proof: [UInt8], sizes: [(section: String, bytes: Int)]) {
    self.transcript = transcript
    self.proof = proof
    self.sizes = sizes
  }

  private mutating func write(_ section: String, _ bytes: [UInt8]) {
    proof += bytes
    sizes.append((section, bytes.count))
  }

  package mutating func send(_ label: String, _ values: [CubicExtension]) {
    let bytes = FieldEncoding.bytes(values)
    transcript.absorb(label, .cubic, bytes)
    write(label, bytes)
  }

  package mutating func send(_ label: String, _ value: CubicExtension) { send(label, [value]) }

  package mutating func send(_ label: String, digest: [UInt8]) {
    transcript.absorb(label, .digest, digest)
    write(label, digest)
  }

  package mutating func send(_ label: String, nonce: UInt64) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: nonce)
    transcript.absorb(label, .bytes, bytes)
    write(label, bytes)
  }

  /// Bytes that the verifier checks against a commitment that is already in the transcript.
  package mutating func hint(_ section: String, _ bytes: [UInt8]) { write(section, bytes) }
}

/// The verifier's end: reads the same messages from the proof's bytes. Throws, never traps.
package struct VerifierChannel: Sendable {
  package var transcript: Transcript
  private var reader: ByteReader<ProofRejection>

  package init(transcript: Transcript, proof: [UInt8]) {
    self.transcript = transcript
    reader = ByteReader(proof)
  }

  /// `count` raw bytes, not absorbed.
  package mutating func hint(_ section: String, count: Int) throws(ProofRejection) -> [UInt8] {
    try reader.bytes(section, count: count)
  }

  package mutating func receive(_ label: String, count: Int) throws(ProofRejection) -> [CubicExtension] {
    guard count >= 0, count <= reader.remaining / 24 else { throw .truncated(section: label) }
    let bytes = try hint(label, count: 24 * count)
    guard let values = FieldEncoding.cubicElements(bytes) else { throw .notCanonical(section: label) }
    transcript.absorb(label, .cubic, bytes)
    return values
  }

  package mutating func receive(_ label: String) throws(ProofRejection) -> CubicExtension {
    try receive(label, count: 1)[0]
  }

  package mutating func receiveDigest(_ label: String) throws(ProofRejection) -> [UInt8] {
    let bytes = try hint(label, count: SHA256.digestLength)
    transcript.absorb(label, .digest, bytes)
    return bytes
  }

  package mutating func receiveNonce(_ label: String) throws(ProofRejection) -> UInt64 {
    let bytes = try hint(label, count: 8)
    transcript.absorb(label, .bytes, bytes)
    return FieldEncoding.word(bytes, at: 0)
  }

  package func finish() throws(ProofRejection) {
    try reader.finish()
  }
}

/// The one encoding of field elements: 8 little-endian bytes each, canonical.
package enum FieldEncoding {
  package static func bytes(_ values: [CubicExtension]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(24 * values.count)
    for v in values {
      result.append(littleEndian: v.c0.value)
      result.append(littleEndian: v.c1.value)
      result.append(littleEndian: v.c2.value)
    }
    return result
  }

  package static func bytes(_ values: [Goldilocks]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(8 * values.count)
    for v in values { result.append(littleEndian: v.value) }
    return result
  }

  package static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    var word: UInt64 = 0
    for i in 0..<8 { word |= UInt64(bytes[offset + i]) << (8 * UInt64(i)) }
    return word
  }

  /// Nil when the length is no multiple of 8 or a value is not below p.
  package static func fieldElements(_ bytes: [UInt8]) -> [Goldilocks]? {
    guard bytes.count.isMultiple(of: 8) else { return nil }
    var result: [Goldilocks] = []
    result.reserveCapacity(bytes.count / 8)
    let span = bytes.span
    for start in stride(from: 0, to: span.count, by: 8) {
      var word: UInt64 = 0
      // Below the count, which is a multiple of 8: without checks of each byte this is one load.
      for i in 0..<8 { word |= UInt64(span[unchecked: start + i]) << (8 * UInt64(i)) }
      guard let element = Goldilocks(canonical: word) else { return nil }
      result.append(element)
    }
    return result
  }

  package static func cubicElements(_ bytes: [UInt8]) -> [CubicExtension]? {
    guard bytes.count.isMultiple(of: 24), let flat = fieldElements(bytes) else { return nil }
    return stride(from: 0, to: flat.count, by: 3).map { CubicExtension(flat[$0], flat[$0 + 1], flat[$0 + 2]) }
  }
}
