// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofCheckpoint
@testable import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// One model with a tensor for each class of drift, certified once; every proof takes seconds in debug builds.
@Suite struct EndToEndTests {
  let folder: TemporaryFolder
  var base = TestModel()
  var tuned = TestModel()

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 7)
    for (name, shape) in [
      ("columns", [12, 40]), ("entries", [20, 31]), ("free", [6, 6]), ("frozen", [17, 5]), ("mixed", [32, 24]),
      ("norm", [33, 20]), ("rows", [25, 16]), ("twice", [24, 24]), ("bias", [19]),
    ] { base.tensors[name] = TestTensor(shape, random: &random) }
    base.tensors["rank"] = TestTensor([48, 40], isHalf: true, random: &random)
    base.counter = ("steps", 1)
    tuned = base
    tuned.counter = ("steps", 900)
    for name in ["norm", "bias", "free"] {
      for index in tuned.tensors[name]?.values.indices ?? 0..<0 {
        tuned.tensors[name]?.values[index] += 0.02 * random.signed()
      }
    }
    tuned.tensors["rank"]?.addLowRank(2, scale: 0.05, random: &random)
    tuned.tensors["twice"]?.addLowRank(2, scale: 0.02, random: &random)
    tuned.tensors["mixed"]?.addLowRank(2, scale: 0.02, random: &random)
    for index in [3, 100, 700] { tuned.tensors["mixed"]?.values[index] += 1 }
    for index in [0, 77, 619] { tuned.tensors["entries"]?.values[index] += 0.25 }
    for column in 0..<16 {
      tuned.tensors["rows"]?.values[3 * 16 + column] += 0.1
      tuned.tensors["rows"]?.values[24 * 16 + column] -= 0.1
    }
    for row in 0..<12 { for column in [0, 39] { tuned.tensors["columns"]?.values[row * 40 + column] *= 0.5 } }
  }

  private func policy(
    rank: Int = 2, entries: Int = 3, rows: Int = 2, columns: Int = 2, mixed: Int = 3, norm: String = "1.0",
    total: String = "50.0"
  ) throws -> Policy {
    try testPolicy(
      [
        ("{norm,bias}", "{ \"norm\": { \"absolute\": \(norm) } }"),
        ("rank", "{ \"rank\": \(rank), \"residual\": { \"relative\": 0.004 } }"),
        ("entries", "{ \"entries\": \(entries) }"), ("rows", "{ \"rows\": \(rows) }"),
        ("columns", "{ \"columns\": \(columns) }"),
        ("mixed", "{ \"rank\": 2, \"entries\": \(mixed), \"residual\": { \"absolute\": 0.001 } }"),
        ("twice", "[{ \"norm\": { \"relative\": 0.2 } }, { \"rank\": 2, \"residual\": { \"absolute\": 0.0001 } }]"),
        ("{free,steps}", "\"any\""),
      ], frozenRest: true, total: "{ \"norm\": { \"absolute\": \(total) } }")
  }

  /// The exit code and message of a refusal.
  private func refusal(_ base: Checkpoint, _ tuned: Checkpoint, _ policy: Policy) -> DriftProofError? {
    do throws(DriftProofError) {
      _ = try DriftProver.prove(base: base, tuned: tuned, policy: policy, openingPath: folder.file("refused"))
      return nil
    } catch {
      return error
    }
  }

  @Test func everyClassInOneCertificate() throws {
    let before = try base.write("base", in: folder)
    let after = try tuned.write("tuned", in: folder)
    let policy = try policy()
    let opening = folder.file("opening")
    let result = try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: opening)
    let counts = result.verification.tensors
    #expect(counts.frozen == 1 && counts.norm == 2 && counts.rank == 1 && counts.sparse == 3)
    #expect(counts.composed == 2 && counts.excluded == 2)
    #expect(result.verification.excluded == ["free", "steps"])
    #expect(result.verification.securityBits >= 128)
    #expect(result.report.proofsUsed == 1 && result.report.proofsAllowed == 2)
    #expect(result.report.proofSections.reduce(0) { $0 + $1.bytes } == result.report.proofBytes)
    #expect(result.report.peakMemoryBytes > 0)

    // The holder of the weights; with other weights, whatever differs.
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: before, tuned: after, openingPath: opening)
    #expect(checked.tunedCommitment == result.verification.tunedCommitment)
    for name in ["norm", "frozen", "free", "rank"] {
      var other = tuned
      other.tensors[name]?.values[5] += 0.5
      let stranger = try other.write("other", in: folder)
      let error = #expect(throws: DriftProofError.self) {
        try CertificateChecker.check(
          certificate: result.certificate, base: before, tuned: stranger, openingPath: opening)
      }
      #expect(error?.exitCode == 12)
      #expect(error.map { "\($0)".contains("\"\(name)\"") } == true, "\(String(describing: error))")
    }
    let wrongBase = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(certificate: result.certificate, base: after, tuned: after, openingPath: opening)
    }
    #expect(wrongBase?.exitCode == 12)

    // Another pair cannot use the opening, and leaves it as it is.
    let content = try Data(contentsOf: URL(fileURLWithPath: opening))
    let foreign = #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(base: before, tuned: before, policy: policy, openingPath: opening)
    }
    #expect(foreign?.exitCode == 1)
    #expect(try Data(contentsOf: URL(fileURLWithPath: opening)) == content)
  }

  @Test func borders() throws {
    let before = try base.write("base", in: folder)
    let after = try tuned.write("tuned", in: folder)
    let cases: [(Policy, String)] = [
      (try policy(rank: 1), "rank"), (try policy(entries: 2), "entries"), (try policy(rows: 1), "rows"),
      (try policy(columns: 1), "columns"), (try policy(mixed: 2), "mixed"), (try policy(norm: "0.1"), "norm"),
      (try policy(total: "0.5"), PolicyViolation.wholeModel),
    ]
    for (policy, name) in cases {
      let error = refusal(before, after, policy)
      #expect(error?.exitCode == 10, "\(name)")
      if case .policyViolated(let lines)? = error {
        #expect(lines.contains { $0.hasPrefix("tensor \(name):") }, "\(lines)")
        #expect(lines.count == (name == "norm" ? 1 : lines.count))
      }
    }
    // All violations at once, none of them after cryptography: no opening file appears.
    if case .policyViolated(let lines)? = refusal(before, after, try policy(rank: 1, entries: 2, rows: 1)) {
      #expect(lines.count == 3)
    } else {
      Issue.record("no violation")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("refused")))
    var other = tuned
    other.tensors["frozen"]?.values[0] = 9
    #expect(refusal(before, try other.write("other", in: folder), try policy())?.exitCode == 10)
    other = tuned
    other.tensors["norm"]?.values[4] = .nan
    let broken = refusal(before, try other.write("other", in: folder), try policy())
    #expect(broken?.exitCode == 13)
    #expect(broken.map { "\($0)".contains("norm") && "\($0)".contains("4") } == true)
    other = tuned
    other.tensors["norm"] = nil
    #expect(refusal(before, try other.write("other", in: folder), try policy())?.exitCode == 13)
  }

  /// ‖Δ‖ = 5 units of 2^-10 exactly: a bound of 5 units verifies, one below is refused; the opening serves two proofs.
  @Test func normBorderAndBudget() throws {
    var model = TestModel()
    var random = SeededGenerator(seed: 3)
    model.tensors["w"] = TestTensor([9, 9], random: &random)
    model.tensors["w"]?.values = (0..<81).map { Float($0 - 40) / 1024 }
    let before = try model.write("base", in: folder)
    model.tensors["w"]?.values[7] += 3 / 1024
    model.tensors["w"]?.values[60] -= 4 / 1024
    let after = try model.write("tuned", in: folder)
    let just = try testPolicy([("w", "{ \"norm\": { \"absolute\": 0.0048828125 } }")])
    let below = try testPolicy([("w", "{ \"norm\": { \"absolute\": 0.0048828124 } }")])
    let error = refusal(before, after, below)
    #expect(error?.exitCode == 10)
    let opening = folder.file("opening")
    for use in 1...2 {
      let result = try DriftProver.prove(base: before, tuned: after, policy: just, openingPath: opening)
      #expect(result.report.proofsUsed == use)
    }
    let exhausted = #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(base: before, tuned: after, policy: just, openingPath: opening)
    }
    #expect(exhausted?.exitCode == 1)
  }

  @Test func nothingMayChange() throws {
    let before = try base.write("base", in: folder)
    let after = try base.write("tuned", in: folder)
    let frozen = try testPolicy([], frozenRest: true)
    let opening = folder.file("opening")
    let result = try DriftProver.prove(base: before, tuned: after, policy: frozen, openingPath: opening)
    #expect(result.report.proofBytes == 0)
    _ = try CertificateChecker.check(certificate: result.certificate, base: before, tuned: after, openingPath: opening)
    let changed = try tuned.write("changed", in: folder)
    #expect(refusal(before, changed, frozen)?.exitCode == 10)
  }

  @Test func policiesComeBackFromTheirCanonicalBytes() throws {
    let policy = try policy()
    let bytes = policy.canonicalBytes()
    #expect(try CanonicalPolicyReader.policy(bytes) == policy)
    for length in 0..<bytes.count {
      #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(Array(bytes.prefix(length))) }
    }
    var random = SeededGenerator(seed: 5)
    for _ in 0..<500 {
      var damaged = bytes
      damaged[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
      // Either no policy, or another one.
      if let other = try? CanonicalPolicyReader.policy(damaged) { #expect(other.canonicalBytes() == damaged) }
    }
  }
}
