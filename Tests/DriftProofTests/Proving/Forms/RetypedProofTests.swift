// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Tuned models in other floating types than their bases: certificates about values.
@Suite struct RetypedProofTests {
  let folder: TemporaryFolder
  var base = TypedModel()

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 17)
    base.add("single", .f32, [9, 7], random: &random)
    base.add("brain", .bf16, [6, 5], exact: true, random: &random)
    base.add("half", .f16, [11], exact: true, random: &random)
    base.add("double", .f64, [4, 3], exact: true, random: &random)
  }

  private let policy = [
    ("single", #"{"norm": {"relative": 0.01}}"#), ("{brain,double,half}", #""frozen""#),
  ]

  /// F32 rounded to BF16 under a norm; BF16 and F16 widened, F64 narrowed without rounding, all frozen.
  private var tuned: TypedModel {
    var tuned = base
    tuned.tensors["single"]?.dtype = .bf16
    tuned.tensors["brain"]?.dtype = .f32
    tuned.tensors["half"]?.dtype = .f64
    tuned.tensors["double"]?.dtype = .f16
    return tuned
  }

  private func refusal(_ tuned: Checkpoint, _ policy: Policy) throws -> DriftProofError? {
    let before = try base.write("base", in: folder)
    do throws(DriftProofError) {
      _ = try DriftProver.prove(base: before, tuned: tuned, policy: policy, openingPath: folder.file("refused"))
      return nil
    } catch {
      return error
    }
  }

  @Test func provedVerifiedAndChecked() throws {
    let before = try base.writeSharded("base", in: folder)
    let after = try tuned.write("tuned", in: folder)
    let policy = try testPolicy(policy)
    let identity = try BaseIdentity.compute(checkpoint: before)
    let opening = folder.file("opening")
    let result = try DriftProver.prove(base: before, tuned: after, policy: policy, openingPath: opening)
    #expect(result.hasDrift)
    let report = try CertificateVerifier.verify(
      certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.tensors.frozen == 3 && report.tensors.norm == 1 && report.grown.isEmpty)
    #expect(
      report.retyped.map { "\($0.from) \($0.to) \($0.tensors)" } == [
        "BF16 F32 1", "F16 F64 1", "F32 BF16 1", "F64 F16 1",
      ])
    // Sharded otherwise, the same model.
    let shards = try tuned.writeSharded("tuned-shards", in: folder)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: before, tuned: shards, openingPath: opening)
    #expect(checked.tunedCommitment == report.tunedCommitment && checked.retyped == report.retyped)

    // The same values in another type are another model; so is another value in the same type.
    var other = tuned
    other.tensors["brain"]?.dtype = .f64
    for (model, words) in [
      (other, "\"brain\""), (changed("brain", in: tuned), "entry 3 is"), (changed("single", in: tuned), "\"single\""),
    ] {
      let stranger = try model.write("stranger", in: folder)
      let error = #expect(throws: DriftProofError.self) {
        try CertificateChecker.check(
          certificate: result.certificate, base: before, tuned: stranger, openingPath: opening)
      }
      #expect(error?.exitCode == 12 && "\(String(describing: error))".contains(words), "\(String(describing: error))")
    }

    // Called an old version, its types are a gap: other rules, another statement.
    let certificate = try Certificate.parse(result.certificate)
    let manifest = try DriftManifest.parse(certificate.manifest)
    let relabelled = Certificate(
      baseRoot: certificate.baseRoot, policy: policy,
      manifest: DriftManifest(
        rules: .original, code: manifest.code, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest,
        entries: manifest.entries),
      driftRoot: certificate.driftRoot, driftPins: certificate.driftPins, proof: certificate.proof)
    guard
      case .coverageGap(let gaps)? = #expect(
        throws: DriftProofError.self,
        performing: {
          try CertificateVerifier.verify(certificate: relabelled.bytes, identity: identity, policy: policy)
        })
    else {
      Issue.record("a relabelled certificate passes")
      return
    }
    #expect(gaps.count == 4 && gaps.contains(.dataTypeChanged(tensor: "single", base: "F32", tuned: "BF16")))

    // Forged: a frozen tensor's type that it never had. Commitment and proof are about another manifest.
    var entries = manifest.entries
    entries[0] = .init(
      tensor: TunedTensor(name: entries[0].tensor.name, dtype: .f64, shape: entries[0].tensor.shape), byteDigest: nil)
    let forged = Certificate(
      baseRoot: certificate.baseRoot, policy: policy,
      manifest: DriftManifest(
        code: manifest.code, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest, entries: entries),
      driftRoot: certificate.driftRoot, driftPins: certificate.driftPins, proof: certificate.proof)
    let error = #expect(throws: DriftProofError.self) {
      try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: policy)
    }
    #expect(error?.exitCode == 11)
  }

  private func changed(_ name: String, in model: TypedModel) -> TypedModel {
    var model = model
    model.tensors[name]?.values[3] += 1.0 / 64
    return model
  }

  /// Rounding is a change: no frozen tensor has one, whichever type it was rounded to.
  @Test func aNarrowingThatRoundsIsNotFrozen() throws {
    let policy = try testPolicy([], frozenRest: true)
    for dtype in [DataType.f16, .bf16] {
      var tuned = base
      tuned.tensors["single"]?.dtype = dtype
      let stored = try tuned.write("rounded", in: folder)
      guard case .policyViolated(let violations)? = try refusal(stored, policy) else {
        Issue.record("\(dtype) passes")
        continue
      }
      guard case .changedValue(let entry, let base, let tuned, "F32", let to)? = violations.first?.excess else {
        Issue.record("\(violations)")
        continue
      }
      #expect(violations.count == 1 && violations[0].tensor == "single" && to == dtype.rawValue)
      #expect(entry == 0 && Double(base) != Double(tuned))
      let text = violations[0].description
      #expect(text.contains(base) && text.contains("save it in F32, or give it a clause") && !text.contains("any"))
    }
  }

  /// The sign of zero is a value of its own; a NaN is one by all its bits, and cannot be under a clause.
  @Test func zerosAndNaNs() throws {
    let policy = try testPolicy([], frozenRest: true)
    let folder = folder
    func model(_ name: String, _ word: UInt32, _ dtype: DataType) throws -> Checkpoint {
      let path = folder.file(name + ".safetensors")
      let writer = try SafetensorsWriter(path: path, tensors: [.init(name: "w", dtype: dtype, shape: [2])])
      if dtype == .bf16 {
        try writer.append(words: [UInt16(truncatingIfNeeded: word >> 16), 0x3F80])
      } else {
        try writer.append(words: [word, 0x3F80_0000])
      }
      try writer.finish()
      return try Checkpoint.open(path)
    }
    func proves(_ before: UInt32, _ after: UInt32) throws -> Bool {
      let base = try model("before", before, .bf16)
      let tuned = try model("after", after, .f32)
      do throws(DriftProofError) {
        let result = try DriftProver.prove(
          base: base, tuned: tuned, policy: policy, openingPath: folder.file("\(before)-\(after)"))
        #expect(!result.hasDrift && result.verification.retyped.count == 1)
        return true
      } catch {
        #expect(error.exitCode == 10)
        return false
      }
    }
    #expect(try proves(0x8000_0000, 0x8000_0000))
    #expect(try !proves(0x8000_0000, 0))
    #expect(try proves(0x7FC1_0000, 0x7FC1_0000))
    #expect(try !proves(0x7FC1_0000, 0x7FC1_0001))
    #expect(try !proves(0x7FC1_0000, 0xFFC1_0000))
    #expect(try proves(0xFF80_0000, 0xFF80_0000))
  }
}
