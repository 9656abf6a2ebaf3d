// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// Setups of ceremonies, in the forms in which they are published.
package enum SetupImport {
  /// Powers of a ceremony: those of the first group as they are encoded, and two of the second.
  struct Powers {
    /// How many powers there are in the first group.
    let count: Int
    let isCompressed: Bool
    /// Encodings of [τ^x]_1 for a range of x, each checked when it is decoded. They may stay in a file until then.
    let first: (Range<Int>) throws(CurveSetupError) -> [[UInt8]]
    /// [τ]_2 and [τ²]_2.
    let second: (G2, G2)
  }

  static let maximumTextBytes = 1 << 28

  /// Reads a published setup, writes it in the form of ``SetupFile``, and checks what was written.
  /// - Parameter logLength: how many powers to take; nil for all.
  /// - Throws: `unusableForm`, `otherCurve`, or what is wrong with a point or an equation.
  package static func convert(
    _ path: String, to output: String, logLength: Int?, progress: (Double) -> Void = { _ in }
  ) throws(CurveSetupError) -> SetupFile {
    let powers = try read(path, logLength: logLength)
    let have = Int.bitWidth - 1 - powers.count.leadingZeroBitCount
    let log = logLength ?? have
    guard log >= 1 else { throw .notASetup("it has fewer than two powers") }
    guard log <= have else { throw .tooSmall(log: log, have: have) }
    let first = try points(powers, 1..<2)[0]
    let key = CurveSetupKey(first: first, second: powers.second.0, secondSquare: powers.second.1)
    try key.check()
    try SetupFile.write(to: output, logLength: log, key: key, progress: { progress($0 / 2) }) {
      range throws(CurveSetupError) in
      let points = try points(powers, range)
      if let place = points.firstIndex(where: \.isInfinity) { throw .infinity(index: range.lowerBound + place) }
      return points
    }
    let file = try SetupFile(path: output)
    try file.check { progress(0.5 + $0 / 2) }
    return file
  }

  private static func points(_ powers: Powers, _ range: Range<Int>) throws(CurveSetupError) -> [G1] {
    let encodings = try powers.first(range)
    let length = powers.isCompressed ? G1.compressedLength : G1.uncompressedLength
    // Text may have points of any length.
    let fitting = encodings.prefix { $0.count == length }
    let points: [G1]
    do throws(CurvePointError) {
      let bytes = Array(fitting.joined())
      points = try powers.isCompressed ? G1.points(compressed: bytes) : G1.points(uncompressed: bytes)
    } catch { throw .point(index: range.lowerBound + error.index, reason: error.reason) }
    if fitting.count < encodings.count {
      throw .point(
        index: range.lowerBound + fitting.count,
        reason: .length(expected: length, found: encodings[fitting.count].count))
    }
    return points
  }

  private static func read(_ path: String, logLength: Int?) throws(CurveSetupError) -> Powers {
    let file: MappedFile
    do throws(CheckpointError) { file = try MappedFile(path: path) } catch { throw .file(error.description) }
    func bytes(_ range: Range<Int>) throws(CurveSetupError) -> [UInt8] {
      do throws(CheckpointError) { return try file.bytes(in: range) } catch { throw .file(error.description) }
    }
    let head = try bytes(0..<min(file.count, 1 << 10))
    if head.starts(with: SetupFile.magic) { throw .notASetup("it is in this program's own form already") }
    if head.starts(with: Array("ptau".utf8)) { throw CeremonyFiles.snarkjs(head) }
    if let parameters = CeremonyFiles.Zcash(size: file.count) {
      return try CeremonyFiles.powers(parameters, logLength: logLength, bytes)
    }
    guard file.count <= maximumTextBytes else {
      throw .notASetup("it has no form that is known, and \(file.count) bytes are too many for text")
    }
    let text = try bytes(0..<file.count)
    let start = text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    return try start == UInt8(ascii: "{") ? CeremonyFiles.json(text, logLength: logLength) : CeremonyFiles.lines(text)
  }
}
