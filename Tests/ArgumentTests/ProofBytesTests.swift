// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import TestSupport
import DriftProofCommitmentProver
import Foundation
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Bytes that are not the proof's: all rejected, none may trap (docs/protocol.md section 11, item 9).
@Suite struct ProofBytesTests {
  private struct Sample {
    let fixture: Fixture
    let proof: ArgumentProof
    let drift: Fixture.Drift

    init(_ fixture: Fixture) throws {
      self.fixture = fixture
      proof = try fixture.run()
      let committer = try DriftCommitter(statement: fixture.statement, scheme: HashCommitment(fixture.code))
      drift = Fixture.Drift(try committer.commit(rows: fixture.rows, secret: [UInt8](repeating: 7, count: 32)))
    }

    func rejection(_ bytes: [UInt8]) -> ProofRejection? {
      do {
        try fixture.verify(bytes, drift: drift)
        return nil
      } catch let rejection as ProofRejection {
        return rejection
      } catch { return nil }
    }

    /// Every message of the proof: label, where it begins, its length.
    var messages: [(section: String, start: Int, count: Int)] {
      var start = 0
      return proof.sizes.map { size in
        defer { start += size.bytes }
        return (size.section, start, size.bytes)
      }
    }

    /// The first and the last message of each label.
    var samples: [(section: String, start: Int, count: Int)] {
      var first: [String: Int] = [:]
      var last: [String: Int] = [:]
      let messages = messages.filter { $0.count > 0 }
      for (index, message) in messages.enumerated() {
        first[message.section] = first[message.section] ?? index
        last[message.section] = index
      }
      #if DEBUG
        return first.values.sorted().map { messages[$0] }
      #else
        return Set(Array(first.values) + Array(last.values)).sorted().map { messages[$0] }
      #endif
    }
  }

  private static func small() -> Fixture {
    var fixture = Fixture.everything().keeping([2, 3])
    fixture.add(.orthonormal([(3, 50)]))
    return fixture
  }

  #if DEBUG
    private static let stride = 120
    private static let runs = 10
  #else
    private static let stride = 7
    private static let runs = 300
  #endif

  /// The transcript binds labels, order and messages: one that changes changes every proof. These are the digests of
  /// proofs from fixed secrets, all stages in the first.
  @Test func proofsHaveTheBytesThatTheyAlwaysHad() throws {
    var all = Fixture.everything()
    all.add(.orthonormal([(3, 50), (16, 1100)]))
    all.totalBound = nil
    let expected: [(Fixture, String)] = [
      (all, "75884188a1ccb41e4b520f59ec9807ce7fc522ad219d1a79f9b09010c7246563"),
      (.norm(rows: 150, columns: 200), "9442b5188757dc20011e717326873316337c7d110d6d95fd84bd54e9da7f654b"),
    ]
    for (fixture, digest) in expected {
      let bytes = SHA256.hash(try fixture.run().bytes)
      #expect(bytes.map { String(format: "%02x", $0) }.joined() == digest)
    }
  }

  @Test func sizesAddUpToTheProof() throws {
    let sample = try Sample(Self.small())
    #expect(sample.proof.sizes.reduce(0) { $0 + $1.bytes } == sample.proof.bytes.count)
  }

  @Test func flippedByteOfEverySectionIsRejected() throws {
    #if DEBUG
      let sample = try Sample(Self.small())
    #else
      var fixture = Fixture.everything()
      fixture.add(.orthonormal([(3, 50)]))
      fixture.totalBound = nil
      let sample = try Sample(fixture)
    #endif
    for (section, start, count) in sample.samples {
      #if DEBUG
        let offsets = [count / 2]
      #else
        let offsets = Set([0, count / 2, count - 1])
      #endif
      for offset in offsets {
        var bytes = sample.proof.bytes
        bytes[start + offset] ^= 1
        #expect(sample.rejection(bytes) != nil, "\(section), byte \(offset)")
      }
    }
  }

  @Test func valueThatIsNotCanonicalIsRejected() throws {
    let sample = try Sample(Self.small())
    for (section, start, count) in sample.samples where count.isMultiple(of: 8) {
      // All bits set is above p, in hashes and nonces it is merely another value.
      var bytes = sample.proof.bytes
      for i in start..<start + 8 { bytes[i] = 0xff }
      let isHash =
        section.hasPrefix("root of") || section.hasPrefix("opening/layer root") || section.hasPrefix("opening/salts")
        || section.hasPrefix("opening/paths") || section.hasPrefix("opening/proof of work")
      if isHash {
        #expect(sample.rejection(bytes) != nil, "\(section)")
      } else {
        #expect(sample.rejection(bytes) == .notCanonical(section: section))
      }
    }
  }

  @Test func truncatedProofNamesTheSection() throws {
    let sample = try Sample(Self.small())
    for (section, start, count) in sample.samples {
      for length in Set([start, start + count - 1]) {
        #expect(sample.rejection(Array(sample.proof.bytes[..<length])) == .truncated(section: section))
      }
    }
    #expect(sample.rejection([]) == .truncated(section: sample.messages[0].section))
  }

  @Test(arguments: [1, 24, 4096])
  func extendedProofIsRejected(_ count: Int) throws {
    let sample = try Sample(.norm(rows: 20, columns: 30))
    let bytes = sample.proof.bytes + [UInt8](repeating: 0, count: count)
    #expect(sample.rejection(bytes) == .trailingBytes(count: count))
  }

  @Test func swappedAndRepeatedMessagesAreRejected() throws {
    let sample = try Sample(Self.small())
    let messages = sample.messages
    for index in Swift.stride(from: 0, to: messages.count - 1, by: Self.stride) {
      let (a, b) = (messages[index], messages[index + 1])
      let bytes = sample.proof.bytes
      let end = b.start + b.count
      var swapped = bytes
      swapped.replaceSubrange(a.start..<end, with: Array(bytes[b.start..<end]) + Array(bytes[a.start..<b.start]))
      var repeated = bytes
      repeated.insert(contentsOf: bytes[a.start..<b.start], at: b.start)
      var omitted = bytes
      omitted.removeSubrange(a.start..<b.start)
      for changed in [swapped, repeated, omitted] where changed != bytes {
        #expect(sample.rejection(changed) != nil, "\(a.section), \(b.section)")
      }
    }
  }

  @Test func randomChangesAreRejected() throws {
    let sample = try Sample(Self.small())
    var generator = SeededGenerator(seed: 2024)
    for run in 0..<Self.runs {
      var bytes = sample.proof.bytes
      switch run % 3 {
      case 0: bytes[Int.random(in: bytes.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1:
        let start = Int.random(in: 0..<bytes.count - 64, using: &generator)
        for i in start..<start + 64 { bytes[i] = .random(in: 0...255, using: &generator) }
      default:
        let start = Int.random(in: 0..<bytes.count - 64, using: &generator)
        bytes.removeSubrange(start..<start + Int.random(in: 1...64, using: &generator))
      }
      #expect(sample.rejection(bytes) != nil, "run \(run)")
    }
    for count in [0, 1, 31, 32, 100, 5000, 500_000] {
      #expect(sample.rejection((0..<count).map { _ in .random(in: 0...255, using: &generator) }) != nil)
    }
  }
}
