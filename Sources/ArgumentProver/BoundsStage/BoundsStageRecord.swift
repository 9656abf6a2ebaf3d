import Commitment
import Core
import Argument
import CommitmentProver
import Field
import Transcript

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
    var reader = RecordReader(bytes: bytes)
    guard let before = reader.bytes(SHA256.digestLength), let state = reader.bytes(SHA256.digestLength),
      let proof = reader.prefixed(), let messages = reader.count()
    else { return nil }
    var sizes: [(section: String, bytes: Int)] = []
    for _ in 0..<messages {
      guard let section = reader.text(), let size = reader.integer() else { return nil }
      sizes.append((section, size))
    }
    guard let length = reader.count(), let point = reader.elements(length), reader.count() == shape.oracles.count
    else { return nil }
    var evaluations = Evaluations(shape.stage)
    for (oracle, _) in shape.oracles {
      guard reader.text() == oracle.letter, let value = reader.elements(1) else { return nil }
      evaluations.set(oracle, value[0])
    }
    guard let libra = reader.elements(1), reader.isAtEnd else { return nil }
    return (
      before, ProverChannel(resuming: Transcript(resuming: state), proof: proof, sizes: sizes),
      SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libra[0])
    )
  }
}

/// Reads a record front to back; nil at the end, never traps.
private struct RecordReader {
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard count >= 0, count <= bytes.count - position else { return nil }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  mutating func integer() -> Int? {
    guard let raw = bytes(8) else { return nil }
    return Int(exactly: FieldEncoding.word(raw, at: 0))
  }

  /// A count of things of at least a byte each, so that none is larger than the rest.
  mutating func count() -> Int? {
    guard let count = integer(), count <= bytes.count - position else { return nil }
    return count
  }

  mutating func prefixed() -> [UInt8]? { count().flatMap { bytes($0) } }
  mutating func text() -> String? { prefixed().flatMap { String(validating: $0, as: UTF8.self) } }

  mutating func elements(_ count: Int) -> [CubicExtension]? {
    guard count <= (bytes.count - position) / 24 else { return nil }
    return bytes(24 * count).flatMap { FieldEncoding.cubicElements($0) }
  }
}
