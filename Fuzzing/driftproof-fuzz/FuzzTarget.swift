// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import DriftProofTranscript

/// What a target does with one input. A trap, a broken promise (`fatalError`) or a hang is a finding.
enum FuzzTarget {
  case attestation, auditAnswer, auditBundle, auditDecision, auditFile, auditLine, auditTar, baseCache, certificate,
    canonicalPolicy, curveCertificate, curveContribution, curveIdentity, curveSetup, hidingCertificate, identity, index,
    key, nitro, opening, policy, quote, revocations, roundingCertificate, safetensors, sevSNP

  func run(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    switch self {
    case .attestation: AttestationTargets.attestation(bytes)
    case .auditAnswer: AuditTargets.answer(bytes)
    case .auditBundle: AuditTargets.bundle(bytes)
    case .auditDecision: DecisionTarget.run(bytes)
    case .auditFile: AuditTargets.file(bytes)
    case .auditLine: _ = ParserTargets.line(bytes)
    case .auditTar: _ = ParserTargets.archive(bytes)
    case .baseCache: BaseCacheTarget.run(bytes)
    case .certificate: Self.certificate(bytes, Pinned.shared)
    case .roundingCertificate: Self.certificate(bytes, Pinned.rounding)
    case .hidingCertificate: Self.certificate(bytes, Pinned.hiding)
    case .canonicalPolicy: Self.canonicalPolicy(bytes)
    case .curveCertificate: CurveTargets.certificate(bytes)
    case .curveContribution: CurveTargets.contribution(bytes)
    case .curveIdentity: CurveTargets.identity(bytes)
    case .curveSetup: CurveTargets.setup(bytes)
    case .identity: Self.identity(bytes)
    case .index: Self.checkpoint(bytes, isIndex: true)
    case .key: AttestationTargets.key(bytes)
    case .nitro: _ = ParserTargets.nitro(bytes)
    case .opening: Self.opening(bytes)
    case .policy: Self.policy(bytes)
    case .quote: AuditTargets.quote(bytes)
    case .revocations: Self.revocations(bytes)
    case .safetensors: Self.checkpoint(bytes, isIndex: false)
    case .sevSNP: _ = ParserTargets.report(bytes)
    }
    return 0
  }

  static func promise(_ condition: Bool, _ what: String) {
    if !condition { fatalError("broken promise: \(what)") }
  }

  private static func certificate(_ bytes: [UInt8], _ pinned: Pinned) {
    if let parsed = try? Certificate.parse(bytes) {
      promise(parsed.bytes == bytes, "one certificate has one form")
      if let manifest = try? DriftManifest.parse(parsed.manifest) {
        promise(manifest.bytes == parsed.manifest, "one manifest has one form")
      }
    }
    do throws(DriftProofError) {
      _ = try CertificateVerifier.verify(certificate: bytes, identity: pinned.identity, policy: pinned.policy)
      promise(bytes == pinned.certificate, "a changed certificate is rejected")
    } catch {
      promise(!error.description.isEmpty, "a rejection has a reason")
    }
    // The same content with the identities and hashes in place, so that the checks behind them are reached.
    guard let parsed = try? Certificate.parse(bytes),
      let baseRoot = try? StatementRules.baseRoot(pinned.identity, for: pinned.policy)
    else { return }
    let sealed = Certificate(
      baseRoot: baseRoot, policyDigest: Certificate.policyDigest(pinned.policy),
      tunedCommitment: TunedCommitment.commitment(
        baseRoot: baseRoot, manifest: parsed.manifest, driftRoot: parsed.driftRoot,
        driftPins: parsed.driftPins),
      manifest: parsed.manifest, policy: pinned.policy.canonicalBytes(), driftRoot: parsed.driftRoot,
      driftPins: parsed.driftPins, proof: parsed.proof)
    let isAccepted =
      (try? CertificateVerifier.verify(certificate: sealed.bytes, identity: pinned.identity, policy: pinned.policy))
      != nil
    promise(!isAccepted || sealed.bytes == pinned.certificate, "a changed certificate is rejected")
  }

  private static func canonicalPolicy(_ bytes: [UInt8]) {
    guard let policy = try? CanonicalPolicyReader.policy(bytes) else { return }
    promise(policy.canonicalBytes() == bytes, "one policy has one form")
  }

  private static func identity(_ bytes: [UInt8]) {
    do throws(CheckpointError) {
      let identity = try BaseIdentity.parse(bytes)
      promise((try? BaseIdentity.parse(identity.jsonBytes())) == identity, "an identity is read back")
      linked(identity)
    } catch {
      promise(!error.description.isEmpty, "a rejection has a reason")
      var (text, error) = (String(decoding: bytes, as: UTF8.self), error)
      // As if the roots were right, of the weights and of their tableau: what follows is then the work of the verifier.
      for _ in 0..<2 {
        guard case .identityRootMismatch(let stated, let computed) = error else { return }
        text = text.replacing(stated, with: computed, maxReplacements: 1)
        do throws(CheckpointError) {
          let sealed = try BaseIdentity.parse(Array(text.utf8))
          derive(sealed, Pinned.shared.policy)
          linked(sealed)
          return
        } catch let other {
          error = other
        }
      }
    }
  }

  /// What is derived of a base whose weights an identity commits to, by clauses that speak of them.
  private static func linked(_ identity: BaseIdentity) {
    guard identity.linked != nil else { return }
    let isFit = (try? LinkedBaseCheck.check(identity)) != nil
    for policy in Pinned.weightPolicies {
      let isDerived = derive(identity, policy)
      promise(isFit || !isDerived, "nothing is derived of a tableau that no base has")
    }
  }

  private static func policy(_ bytes: [UInt8]) {
    do throws(PolicyError) {
      let policy = try Policy.parse(bytes)
      let canonical = policy.canonicalBytes()
      promise((try? CanonicalPolicyReader.policy(canonical)) == policy, "a policy is read back")
      derive(Pinned.shared.identity, policy)
      derive(Pinned.rounding.identity, policy)
    } catch {
      promise(error.description.hasPrefix("$") && !error.remedy.isEmpty, "a rejection has a path and a remedy")
    }
  }

  @discardableResult
  private static func derive(_ identity: BaseIdentity, _ policy: Policy) -> Bool {
    let tuned = identity.tensors.map { TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) }
    return (try? DerivedStatement.derive(identity: identity, tuned: tuned, policy: policy)) != nil
  }

  private static func opening(_ bytes: [UInt8]) {
    guard let opening = try? OpeningFile.parse(bytes, path: "opening") else { return }
    promise(opening.bytes == bytes, "one opening has one form")
    promise((0...opening.budget).contains(opening.revealed), "no more is revealed than allowed")
  }

  private static func revocations(_ bytes: [UInt8]) {
    do throws(DriftProofError) {
      let list = try RevocationList(file: bytes)
      promise(Set(list.entries.map(\.subject)).count == list.entries.count, "each subject is listed once")
    } catch {
      guard case .operational = error else { fatalError("a list is refused as a file") }
      promise(!error.description.isEmpty, "a rejection has a reason")
    }
  }

  private static func checkpoint(_ bytes: [UInt8], isIndex: Bool) {
    let name = isIndex ? Checkpoint.indexFileName : Checkpoint.singleFileName
    let file = Pinned.folder(isIndex ? "index" : "safetensors").appendingPathComponent(name)
    do { try Data(bytes).write(to: file) } catch { fatalError("\(file.path): \(error)") }
    do throws(CheckpointError) {
      let checkpoint = try Checkpoint.open(file.deletingLastPathComponent().path)
      let identity = try BaseIdentity.compute(checkpoint: checkpoint)
      promise((try? BaseIdentity.parse(identity.jsonBytes())) == identity, "an identity is read back")
    } catch {
      promise(!error.description.isEmpty, "a rejection has a reason")
    }
  }
}
