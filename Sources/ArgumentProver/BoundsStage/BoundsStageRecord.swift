// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofField
import DriftProofTranscript

/// What an archive keeps of a finished bounds stage (Stage A): the channel after it, and the sumcheck's outcome.
///
/// Bytes: the transcript's states before and after; u64 count and bytes of the proof so far; u64 count of its messages,
/// each with label and u64 size; u64 count and elements of the point; u64 count of evaluations, each with label and
/// element; g at the point. Integers little-endian, labels after their u64 length, elements as three canonical u64.
enum BoundsStageRecord {
  static let name = "stage A"

  /// The outcome that is kept, or that of `run`, which is kept then.
  /// - Throws: `ArchiveMismatch` when what is kept belongs to other messages than those in the channel.
  static func resumingOrRunning(
    _ shape: SumcheckShape, archive: (any CommitmentArchive)?, channel: inout ProverChannel,
    _ run: (inout ProverChannel) throws -> SumcheckOutcome
  ) throws -> SumcheckOutcome {
    let before = channel.transcript.state
    if let bytes = try archive?.bytes(name) {
      guard let record = decode(bytes, shape), record.before == before else { throw ArchiveMismatch(name: name) }
      channel = record.channel
      return record.outcome
    }
    let outcome = try run(&channel)
    try archive?.write(name, try encode(before: before, channel: channel, outcome: outcome, shape))
    return outcome
  }

  static func encode(
    before: [UInt8], channel: ProverChannel, outcome: SumcheckOutcome, _ shape: SumcheckShape
  ) throws -> [UInt8] {
    var bytes = before + channel.transcript.state
    bytes.append(lengthPrefixed: channel.proof)
    bytes.append(littleEndian: UInt64(channel.sizes.count))
    for (section, size) in channel.sizes {
      bytes.append(lengthPrefixed: section)
      bytes.append(littleEndian: UInt64(size))
    }
    bytes.append(littleEndian: UInt64(outcome.point.count))
    bytes += FieldEncoding.bytes(outcome.point)
    bytes.append(littleEndian: UInt64(shape.oracles.count))
    for (oracle, _) in shape.oracles {
      bytes.append(lengthPrefixed: oracle.letter)
      bytes += FieldEncoding.bytes([try outcome.evaluations.value(oracle)])
    }
    return bytes + FieldEncoding.bytes([outcome.libraValue])
  }

  /// Nil for anything that ``encode(before:channel:outcome:_:)`` does not write.
  static func decode(
    _ bytes: [UInt8], _ shape: SumcheckShape
  ) -> (before: [UInt8], channel: ProverChannel, outcome: SumcheckOutcome)? {
    try? read(bytes, shape)
  }

  private static func read(
    _ bytes: [UInt8], _ shape: SumcheckShape
  ) throws(RecordError) -> (before: [UInt8], channel: ProverChannel, outcome: SumcheckOutcome) {
    var reader = ByteReader<RecordError>(bytes)
    let before = try reader.bytes("the state before", count: SHA256.digestLength)
    let state = try reader.bytes("the state after", count: SHA256.digestLength)
    let proof = try reader.prefixed("the proof")
    var sizes: [(section: String, bytes: Int)] = []
    for _ in 0..<(try reader.count("the messages")) {
      let section = try reader.text("a message's label")
      guard let size = Int(exactly: try reader.integer("a message's size", as: UInt64.self)) else {
        throw .notCanonical
      }
      sizes.append((section, size))
    }
    let point = try elements(&reader, try reader.count("the point", of: 24))
    guard try reader.count("the evaluations") == shape.oracles.count else { throw RecordError.notCanonical }
    var evaluations = Evaluations(shape.stage)
    for (oracle, _) in shape.oracles {
      guard try reader.text("an evaluation's label") == oracle.letter else { throw RecordError.notCanonical }
      evaluations.set(oracle, try elements(&reader, 1)[0])
    }
    let libra = try elements(&reader, 1)[0]
    try reader.finish()
    return (
      before, ProverChannel(resuming: Transcript(resuming: state), proof: proof, sizes: sizes),
      SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libra)
    )
  }

  private static func elements(
    _ reader: inout ByteReader<RecordError>, _ count: Int
  ) throws(RecordError) -> [CubicExtension] {
    let bytes = try reader.bytes("elements", count: 24 * count)
    guard let elements = FieldEncoding.cubicElements(bytes) else { throw .notCanonical }
    return elements
  }
}

/// Why bytes are no record; ``BoundsStageRecord/decode(_:_:)`` only says that they are none.
private enum RecordError: TextReadingError {
  case truncated(section: String)
  case trailingBytes(count: Int)
  case invalidText(section: String)
  case combiningMarks(section: String)
  /// A number that is no field element, or no size.
  case notCanonical
}
