// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import TestSupport
import Testing
import DriftProofTranscript

/// Damaged certificates through the whole verifier: a changed byte is always rejected, and nothing traps.
///
/// The originals are the pinned certificates, so that a seed means the same bytes on every machine.
@Suite struct MutationTests {
  let norm: PinnedCertificate
  let classes: PinnedCertificate

  init() throws {
    norm = try PinnedCertificate.norm.get()
    classes = try PinnedCertificate.classes.get()
  }

  /// The exit code of a rejection that says why; nil when the bytes are accepted or rejected without a word.
  private func rejection(_ pinned: PinnedCertificate, _ bytes: [UInt8]) -> Int32? {
    do throws(DriftProofError) {
      _ = try pinned.verify(bytes)
      return nil
    } catch {
      return error.description.isEmpty ? nil : error.exitCode
    }
  }

  private func damaged(_ pinned: PinnedCertificate, seed: UInt64, _ generator: inout SeededGenerator) throws {
    let head = pinned.certificate.count - (try Certificate.parse(pinned.certificate).proof.count)
    // Every third case spares the frame, the manifest and the policy, which are a small part of the file.
    let range = seed % 3 == 0 ? head..<pinned.certificate.count : seed % 3 == 1 ? 0..<head : 0..<head + 4096
    let bytes = Mutation.changed(pinned.certificate, &generator) { Mutation.binary($0, in: range, &$1) }
    let code = rejection(pinned, bytes)
    #expect(code == 11 || code == 12, "certificate seed \(seed): \(String(describing: code))")
  }

  @Test func certificates() throws {
    #expect(rejection(norm, norm.certificate) == nil)
    try Mutation.run("certificate", count: 2000, debug: 200) { seed, generator in
      try damaged(norm, seed: seed, &generator)
    }
  }

  @Test func certificatesOfEveryClass() throws {
    #expect(rejection(classes, classes.certificate) == nil)
    try Mutation.run("certificate-of-every-class", count: 500, debug: 20) { seed, generator in
      try damaged(classes, seed: seed, &generator)
    }
  }

  /// One bit of every byte before the proof, and of proof bytes at every distance.
  @Test func everyByteCounts() throws {
    let bytes = norm.certificate
    let head = bytes.count - (try Certificate.parse(bytes).proof.count)
    let step = Mutation.isDebug ? 2039 : 509
    let places = Array(0..<head) + Array(stride(from: head, to: bytes.count, by: step)) + [bytes.count - 1]
    for place in places {
      var changed = bytes
      changed[place] ^= 1 << UInt8(place % 8)
      let code = rejection(norm, changed)
      #expect(code == 11 || code == 12, "byte \(place): \(String(describing: code))")
    }
  }

  /// Only the frame and what lies in it; no cryptography.
  @Test func certificateFrames() throws {
    try Mutation.run("certificate-frame", count: 2000) { seed, generator in
      let original = seed % 2 == 0 ? norm : classes
      // The proof is opaque to the parser: a short one keeps the cases quick.
      let parsed = try Certificate.parse(original.certificate)
      let short = Certificate(
        baseRoot: parsed.baseRoot, policyDigest: parsed.policyDigest, tunedCommitment: parsed.tunedCommitment,
        manifest: parsed.manifest, policy: parsed.policy, driftRoot: parsed.driftRoot, driftPins: parsed.driftPins,
        proof: [1, 2, 3, 4])
      let bytes = Mutation.changed(short.bytes, &generator) { Mutation.binary($0, &$1) }
      do throws(FormatError) {
        let read = try Certificate.parse(bytes)
        #expect(read.bytes == bytes, "certificate-frame seed \(seed)")
      } catch {
        #expect(!error.description.isEmpty, "certificate-frame seed \(seed)")
      }
      let code = rejection(original, bytes)
      #expect(code == 11 || code == 12, "certificate-frame seed \(seed): \(String(describing: code))")
    }
  }

  /// A damaged manifest under a commitment that fits it, as a cheating prover would write.
  @Test func sealedManifests() throws {
    try Mutation.run("manifest", count: 3000, debug: 600) { seed, generator in
      let pinned = seed % 2 == 0 ? norm : classes
      let good = try Certificate.parse(pinned.certificate)
      // Half of the cases stay with the numbers at its front.
      let range = seed % 4 < 2 ? 0..<72 : good.manifest.indices
      let manifest = Mutation.changed(good.manifest, &generator) { Mutation.binary($0, in: range, &$1) }
      do throws(FormatError) {
        let read = try DriftManifest.parse(manifest)
        #expect(read.bytes == manifest, "manifest seed \(seed)")
      } catch {
        #expect(!error.description.isEmpty, "manifest seed \(seed)")
      }
      let forged = Certificate(
        baseRoot: good.baseRoot, policyDigest: good.policyDigest,
        tunedCommitment: TunedCommitment.commitment(
          baseRoot: good.baseRoot, manifest: manifest, driftRoot: good.driftRoot, driftPins: good.driftPins),
        manifest: manifest, policy: good.policy, driftRoot: good.driftRoot, driftPins: good.driftPins, proof: good.proof
      )
      #expect(rejection(pinned, forged.bytes) != nil, "manifest seed \(seed)")
    }
  }

  /// Another policy than the proof's, in a certificate whose public parts all fit it.
  @Test func sealedPolicies() throws {
    try Mutation.run("sealed-policy", count: 800, debug: 30) { seed, generator in
      let pinned = seed % 2 == 0 ? norm : classes
      // Most damage leaves no policy; it is the subject of the parser's tests.
      for _ in 0..<5000 {
        let bytes = Mutation.json(pinned.policyFile, &generator)
        guard let policy = try? Policy.parse(bytes), policy != pinned.policy else { continue }
        return try expectSealedRejection(pinned, pinned.identity, policy, "sealed-policy seed \(seed)")
      }
      Issue.record("sealed-policy seed \(seed): no other policy")
    }
  }

  /// Another base than the proof's, likewise.
  @Test func sealedIdentities() throws {
    try Mutation.run("sealed-identity", count: 800, debug: 30) { seed, generator in
      let pinned = seed % 2 == 0 ? norm : classes
      for _ in 0..<5000 {
        let bytes = Mutation.json(pinned.identityFile, &generator)
        guard let identity = Self.sealed(bytes), identity != pinned.identity else { continue }
        return try expectSealedRejection(pinned, identity, pinned.policy, "sealed-identity seed \(seed)")
      }
      Issue.record("sealed-identity seed \(seed): no other identity")
    }
  }

  /// Reads an identity as if its root were right.
  static func sealed(_ bytes: [UInt8]) -> BaseIdentity? {
    do throws(CheckpointError) {
      return try BaseIdentity.parse(bytes)
    } catch {
      guard case .identityRootMismatch(let stated, let computed) = error else { return nil }
      let text = String(decoding: bytes, as: UTF8.self).replacing(stated, with: computed, maxReplacements: 1)
      return try? BaseIdentity.parse(Array(text.utf8))
    }
  }

  /// The proof of `pinned` in a certificate about `identity` and `policy` is rejected, whatever they say.
  private func expectSealedRejection(
    _ pinned: PinnedCertificate, _ identity: BaseIdentity, _ policy: Policy, _ comment: String
  ) throws {
    let good = try Certificate.parse(pinned.certificate)
    let parsed = try DriftManifest.parse(good.manifest)
    let tuned = identity.tensors.map { TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
    let manifest: DriftManifest
    do {
      let derived = try DerivedStatement.derive(identity: identity, tuned: tuned, policy: policy)
      let code = try #require(parsed.code)
      guard StatementLimits.hasFewRows(derived.tensors, logLength: code.logLength) else {
        throw DriftProofError.proofInvalid(.rowsTooShort(logLength: code.logLength))
      }
      let entries = zip(tuned, derived.coverage).map { tensor, coverage in
        DriftManifest.Entry(tensor: tensor, byteDigest: coverage.hasByteDigest ? SHA256.hash([1]) : nil)
      }
      if derived.isEmpty {
        manifest = DriftManifest(code: nil, rowCount: 0, entries: entries)
      } else {
        let verifier = try ArgumentVerifier(
          statement: derived.statement(code: code, binding: []), scheme: HashCommitment(code))
        manifest = DriftManifest(
          code: code, rowCount: verifier.rowCount, layoutDigest: verifier.statement.layoutDigest, entries: entries)
      }
    } catch {
      #expect(
        error is DriftProofError || error is StatementError || error is ProofRejection, "\(comment): \(error)")
      return
    }
    let certificate = Certificate(
      baseRoot: identity.root, policy: policy, manifest: manifest, driftRoot: good.driftRoot, driftPins: good.driftPins,
      proof: good.proof)
    let error = #expect(throws: DriftProofError.self, "\(comment)") {
      try CertificateVerifier.verify(certificate: certificate.bytes, identity: identity, policy: policy)
    }
    #expect(error?.exitCode == 11, "\(comment): \(String(describing: error))")
  }
}
