// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofInspection
@testable import DriftProofProving
import DriftProofCheckpoint
import DriftProofCore
@testable import DriftProofPolicy
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

/// Damaged identities, policies, openings and checkpoints: an error with a message, or the same meaning.
@Suite struct MutationParserTests {
  let norm: PinnedCertificate
  let classes: PinnedCertificate

  init() throws {
    norm = try PinnedCertificate.norm.get()
    classes = try PinnedCertificate.classes.get()
  }

  @Test func identities() throws {
    try Mutation.run("identity", count: 3500) { seed, generator in
      let pinned = seed % 2 == 0 ? norm : classes
      let bytes = Mutation.changed(pinned.identityFile, &generator) { Mutation.json($0, &$1) }
      do throws(CheckpointError) {
        // White space and escapes may change; nothing else can without breaking the root.
        let identity = try BaseIdentity.parse(bytes)
        #expect(identity == pinned.identity && identity.jsonBytes() == pinned.identityFile, "identity seed \(seed)")
      } catch {
        #expect(!error.description.isEmpty, "identity seed \(seed)")
      }
      guard let sealed = MutationTests.sealed(bytes) else { return }
      let back = try? BaseIdentity.parse(sealed.jsonBytes())
      #expect(back == sealed, "identity seed \(seed)")
    }
  }

  @Test func policies() throws {
    try Mutation.run("policy", count: 3500) { seed, generator in
      let pinned = seed % 4 == 0 ? norm : classes
      let bytes = Mutation.changed(pinned.policyFile, &generator) { Mutation.json($0, &$1) }
      do throws(PolicyError) {
        let policy = try Policy.parse(bytes)
        let canonical = policy.canonicalBytes()
        let back = try? CanonicalPolicyReader.policy(canonical)
        #expect(back == policy, "policy seed \(seed)")
        guard canonical != pinned.policy.canonicalBytes() else { return }
        // Another meaning is another policy, and the certificate is not about that.
        let error = #expect(throws: DriftProofError.self, "policy seed \(seed)") {
          try CertificateVerifier.verify(
            certificate: pinned.certificate, identity: pinned.identity, policy: policy)
        }
        #expect(error?.exitCode == 12, "policy seed \(seed)")
      } catch {
        #expect(error.description.hasPrefix("$") && !error.remedy.isEmpty, "policy seed \(seed)")
      }
    }
  }

  /// The policy inside a certificate, which `check` reads.
  @Test func canonicalPolicies() throws {
    try Mutation.run("canonical-policy", count: 2000) { seed, generator in
      let original = (seed % 4 == 0 ? norm : classes).policy.canonicalBytes()
      let bytes = Mutation.changed(original, &generator) { Mutation.binary($0, &$1) }
      do throws(CanonicalPolicyError) {
        let policy = try CanonicalPolicyReader.policy(bytes)
        #expect(policy.canonicalBytes() == bytes, "canonical-policy seed \(seed)")
      } catch {
        #expect(!FormatError(error).description.isEmpty, "canonical-policy seed \(seed)")
      }
    }
  }

  /// Half of them with a checksum that fits.
  @Test func openings() throws {
    let marker = Array(", \"checksum\": \"".utf8)
    try Mutation.run("opening", count: 2500) { seed, generator in
      var bytes = Mutation.changed(norm.opening, &generator) {
        Bool.random(using: &$1) ? Mutation.json($0, &$1) : Mutation.binary($0, &$1)
      }
      if seed % 2 == 0, let end = bytes.firstRange(of: marker)?.lowerBound {
        let head = Array(bytes[..<end])
        let checksum = SHA256.hash(Array(OpeningFile.checksumLabel.utf8), head).hexadecimal
        bytes = head + marker + Array((checksum + "\"}\n").utf8)
      }
      do throws(OpeningError) {
        let opening = try OpeningFile.parse(bytes, path: "o")
        #expect(opening.bytes == bytes && (0...opening.budget).contains(opening.revealed), "opening seed \(seed)")
        for positions in [0, 1, opening.budget, .max, .min] { _ = try opening.counting(positions, path: "o") }
      } catch {
        #expect(!error.description.isEmpty, "opening seed \(seed)")
      }
    }
  }

  /// A damaged tuned checkpoint: inspected without a trap, and never taken for the certificate's by `check`.
  @Test func checkpoints() throws {
    let folder = try TemporaryFolder()
    let base = try Checkpoint.open(classes.base)
    let original = try bytes(classes.tuned)
    let intact = try BaseIdentity.compute(checkpoint: Checkpoint.open(classes.tuned))
    let opening = try OpeningFile.parse(classes.opening, path: "o")
    let headerEnd = 8 + original.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    try Mutation.run("safetensors", count: 800, debug: 200) { seed, generator in
      let bytes = Mutation.changed(original, &generator) {
        switch seed % 4 {
        case 0: Self.header(Mutation.json(Array($0[8..<headerEnd]), &$1)) + $0[headerEnd...]
        case 1: Mutation.binary($0, in: 0..<headerEnd, &$1)
        case 2: Mutation.binary($0, in: headerEnd..<$0.count, &$1)
        default: Mutation.binary($0, &$1)
        }
      }
      let path = folder.file("damaged.safetensors")
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      do {
        let damaged = try Checkpoint.open(path)
        _ = try CheckpointInspection.inspect(base: base, tuned: damaged).notes
        // Reordered data, padding or metadata leave the tensors as they are.
        guard try BaseIdentity.compute(checkpoint: damaged) != intact else { return }
        #expect(throws: DriftProofError.self, "safetensors seed \(seed)") {
          try CertificateChecker.check(
            certificate: classes.certificate, model: .checkpoint(damaged, base: base), opening: opening)
        }
      } catch {
        let isTyped = error is CheckpointError || error is InspectionError
        #expect(isTyped && !"\(error)".isEmpty, "safetensors seed \(seed): \(error)")
      }
    }
  }

  /// An index over two intact shards.
  @Test func shardedIndexes() throws {
    let folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 3)
    for (name, tensors) in [("one", ["a", "b.weight"]), ("two", ["c", "d.bias"])] {
      var model = TestModel()
      for tensor in tensors { model.tensors[tensor] = TestTensor([2, 3], random: &random) }
      _ = try model.write(name, in: folder)
    }
    let root = URL(fileURLWithPath: folder.file("one.safetensors")).deletingLastPathComponent().path
    let original = Array(
      """
      {"metadata": {"total_size": 96, "nested": {"list": [1, 2.5, null, true]}},
       "weight_map": {"a": "one.safetensors", "b.weight": "one.safetensors",
        "c": "two.safetensors", "d.bias": "two.safetensors"}}

      """.utf8)
    let index = URL(fileURLWithPath: folder.file(Checkpoint.indexFileName))
    try Data(original).write(to: index)
    let intact = try BaseIdentity.compute(checkpoint: Checkpoint.open(root))
    try Mutation.run("index", count: 1500) { seed, generator in
      let bytes = Mutation.changed(original, &generator) {
        Bool.random(using: &$1) ? Mutation.json($0, &$1) : Mutation.binary($0, &$1)
      }
      try Data(bytes).write(to: index)
      do throws(CheckpointError) {
        // Whatever the index says, the tensors of the shards it names are what they are.
        let identity = try BaseIdentity.compute(checkpoint: Checkpoint.open(root))
        #expect(identity == intact || identity.tensors.allSatisfy(intact.tensors.contains), "index seed \(seed)")
      } catch {
        #expect(!error.description.isEmpty, "index seed \(seed)")
      }
    }
  }

  private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// A header with its length before it.
  private static func header(_ json: [UInt8]) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
  }
}
