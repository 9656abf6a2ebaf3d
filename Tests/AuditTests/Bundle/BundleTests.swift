// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
@testable import DriftProofAuditBundle
import DriftProofCore
import TestSupport
import Testing

@Suite struct BundleTests {
  @Test func aBundleIsVerifiedFromItsBytesAlone() throws {
    let forge = try BundleForge(count: 12, shift: 500_000)
    let tar = try forge.bundle()
    #expect(try forge.bundle() == tar)
    let report = try BundleForge.verify(tar)
    #expect(report.verdict == .different)
    #expect(report.summary.scores.count == 2)
    #expect(report.summary.key == forge.simulation.key)
    #expect(report.statement.binding == .recorded)
    #expect(report.result?.decision == (try forge.simulation.compare(forge.reference, forge.candidate)).decision)
    #expect(try AuditSummary(file: report.summary.file) == report.summary)
    // What a signer of nothing else makes by hand is the same.
    #expect(try forge.forged() == tar)
  }

  @Test(arguments: [false, true]) func eachVerdictAndEachKeyCanBeBundled(_ isWithheld: Bool) throws {
    for (count, shift, verdict) in [(265, 0, Verdict.same), (12, 0, .undecided), (12, 500_000, .different)] {
      let forge = try BundleForge(count: count, shift: shift)
      var maker = forge.maker()
      maker.isWithheld = isWithheld
      for name in ["ed25519", "p256"] {
        let made = try maker.make(signing: try BundleForge.signer(name))
        #expect(made.report.verdict == verdict)
        #expect(made.report.isWithheld == isWithheld)
        let other = try BundleForge.signer(name == "p256" ? "ed25519" : "p256").publicKey
        #expect(throws: BundleRejection.attestation(.notSigned(keyID: other.keyID))) {
          try BundleVerifier.verify(made.tar, key: other)
        }
      }
    }
  }

  /// No question, answer or key is in a bundle that withholds them, and its roots are those of the whole.
  @Test func aWithheldBundleShowsNothing() throws {
    let forge = try BundleForge(count: 12, shift: 3_000)
    let (full, withheld) = (try forge.bundle(), try forge.bundle(withheld: true))
    let report = try BundleForge.verify(withheld)
    #expect(report.result == nil && report.summary.key == nil)
    #expect(report.statement.roots.candidate == (try BundleForge.verify(full)).statement.roots.candidate)
    let text = String(decoding: withheld, as: UTF8.self)
    #expect(!text.contains(forge.simulation.key.revealed))
    #expect(!text.contains("\"kind\":\"sent\"") && !text.contains("\"kind\":\"answer\""))
    for index in 0..<12 {
      let prompt = try forge.simulation.questions().prompt(index) ?? ""
      let answer = Simulation.answer(prompt, shift: 3_000)
      #expect(!text.contains(Base64.encode(answer.text)))
      // The whole bundle has it.
      #expect(String(decoding: full, as: UTF8.self).contains(Base64.encode(answer.text)))
      let request = EndpointRequest(plan: forge.simulation.plan, modelName: forge.simulation.plan.modelName)
      #expect(!text.contains(SHA256.hash(request.body(prompt)).hexadecimal))
    }
  }

  @Test func flippedBitsAndMovedLinesAreRefused() throws {
    let forge = try BundleForge(count: 6, shift: 500_000)
    var random = SeededGenerator(seed: 77)
    for tar in [try forge.bundle(), try forge.bundle(withheld: true)] {
      var kinds: Set<String> = []
      for _ in 0..<1000 {
        var bytes = tar
        let place = Int.random(in: bytes.indices, using: &random)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        do {
          _ = try BundleForge.verify(bytes)
          Issue.record("bit of byte \(place) changed nothing")
        } catch let error as BundleRejection {
          kinds.insert("\(error)".prefix { $0 != "(" }.description)
        }
      }
      #expect(kinds.count >= 5, "\(kinds)")
      for file in [BundleFile.reference, .candidate] {
        for _ in 0..<50 {
          var archive = try BundleArchive(tar: tar).files
          var lines = (archive[file] ?? []).split(separator: 0x0A)
          let (a, b) = (Int.random(in: lines.indices, using: &random), Int.random(in: lines.indices, using: &random))
          guard a != b else { continue }
          lines.swapAt(a, b)
          archive[file] = Array(lines.joined(separator: [0x0A])) + [0x0A]
          do {
            _ = try BundleForge.verify(BundleArchive(archive).tar)
            Issue.record("lines \(a) and \(b) were swapped")
          } catch let error as BundleRejection {
            guard case .otherTranscript = error else { throw error }
          }
        }
      }
    }
  }

  /// Eight hundred requests, the longest preset.
  @Test func aLongAuditIsVerifiedQuickly() throws {
    let forge = try BundleForge(count: 800) { $0.mode = .extended }
    let tar = try forge.bundle()
    let start = ContinuousClock.now
    let report = try BundleForge.verify(tar)
    let seconds = start.duration(to: .now) / .seconds(1)
    #expect(report.verdict == .same && report.summary.scores.count == 609)
    print("verifying \(report.summary.scores.count) of 800 requests, \(tar.count) bytes: \(seconds) s")
    // About 0.4 s alone; this machine may be busy.
    #expect(seconds < 10)
  }

  @Test func ownQuestionsTravelWithTheBundle() throws {
    let lines = Array((0..<300).map { "question \($0) of a user\n" }.joined().utf8)
    let file = try PromptFile(lines)
    var forge = try BundleForge(count: 12) { $0.score = .text }
    forge.simulation.plan.prompts = .file(digest: file.digest)
    forge.simulation.file = file
    forge.reference = try forge.simulation.reference(12)
    forge.candidate = try forge.simulation.candidate(forge.reference)
    let tar = try forge.bundle { $0.prompts = lines }
    #expect(try BundleForge.verify(tar).verdict == .undecided)
    #expect(throws: BundleRejection.audit(.plan(.otherPrompts(expected: file.digest, found: nil)))) {
      try forge.bundle()
    }
    let withheld = try forge.bundle(withheld: true) { $0.prompts = lines }
    #expect(try BundleArchive(tar: withheld).files[.prompts] == nil)
    // Where they are withheld nothing may bring them in again.
    var files = try BundleArchive(tar: withheld).files
    files[.prompts] = lines
    #expect(throws: BundleRejection.unexpectedFile(.prompts)) { try BundleForge.verify(BundleArchive(files).tar) }
  }
}
