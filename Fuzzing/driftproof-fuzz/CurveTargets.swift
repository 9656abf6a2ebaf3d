// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofPolicy
import Foundation

/// What the curve's backend reads: setups in its own form and in those of ceremonies, contributions, identities, certificates.
enum CurveTargets {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func read(_ path: String) -> [UInt8] {
    do { return [UInt8](try Data(contentsOf: root.appendingPathComponent(path))) } catch {
      fatalError("\(path): \(error)")
    }
  }

  // MARK: Setups

  private static let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "driftproof-fuzz-setup-\(ProcessInfo.processInfo.processIdentifier)")

  private static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private static func write(_ bytes: [UInt8], _ name: String) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(bytes).write(to: folder.appendingPathComponent(name))
    } catch { fatalError("\(folder.path): \(error)") }
  }

  /// The input as a setup; then as what a ceremony published, of which four powers are taken.
  static func setup(_ bytes: [UInt8]) {
    write(bytes, "setup")
    do throws(CurveSetupError) {
      let file = try SetupFile(path: path("setup"))
      try file.check()
      try SetupFile.write(
        to: path("again"), logLength: file.logLength, key: file.key, origin: file.origin,
        contributions: file.contributions
      ) { range throws(CurveSetupError) in try file.powers(range, isOrderChecked: true) }
      FuzzTarget.promise(
        (try? Data(contentsOf: folder.appendingPathComponent("again"))) == Data(bytes), "one setup has one form")
    } catch {
      FuzzTarget.promise(!error.description.isEmpty && !error.remedy.isEmpty, "a refusal has a reason and a remedy")
    }
    for log in [2, nil] {
      do throws(CurveSetupError) {
        let file = try SetupImport.convert(path("setup"), to: path("imported"), logLength: log)
        FuzzTarget.promise((try? file.check()) != nil, "what is imported is a setup")
      } catch {
        FuzzTarget.promise(!error.description.isEmpty && !error.remedy.isEmpty, "a refusal has a reason and a remedy")
      }
    }
  }

  // MARK: Contributions

  private static let record = read("Fuzzing/seeds/curve-contribution/record")

  /// The input as a contribution to powers of one, of which the seed is.
  static func contribution(_ bytes: [UInt8]) {
    guard bytes.count == SetupContribution.encodedLength else { return }
    do throws(CurveSetupError) {
      let contribution = try SetupContribution(encoded: bytes, index: 0)
      FuzzTarget.promise(contribution.encoded == bytes, "one contribution has one form")
      try contribution.check(index: 0, before: .generator, previous: [UInt8](repeating: 0, count: 32))
      FuzzTarget.promise(bytes == record, "a changed contribution is rejected")
    } catch {
      FuzzTarget.promise(!error.description.isEmpty, "a refusal has a reason")
    }
  }

  // MARK: Certificates

  private struct Case: Sendable {
    let certificate: [UInt8]
    let identityBytes: [UInt8]
    let identity: CurveIdentity
    let policy: Policy

    init(_ folder: String) {
      certificate = CurveTargets.read("\(folder)/tuned.drift")
      identityBytes = CurveTargets.read("\(folder)/base.identity.json")
      do {
        identity = try CurveIdentity.parse(identityBytes)
        policy = try Policy.parse(CurveTargets.read("\(folder)/policy.json"))
      } catch { fatalError("\(folder): \(error)") }
    }

    func accepts(_ bytes: [UInt8], _ identity: CurveIdentity) -> Bool {
      do throws(CurveCertificateError) {
        _ = try CurveCertificateVerifier.verify(
          bytes, identity: identity, policy: policy,
          trust: .init(setups: [identity.key.id], permitsAssumption: true))
        return true
      } catch {
        FuzzTarget.promise(!error.description.isEmpty, "a rejection has a reason")
        return false
      }
    }
  }

  private static let pinned = Case("Tests/Fixtures/curve/certificates/mixed")

  /// The input as an identity, and the pinned certificate about it.
  static func identity(_ bytes: [UInt8]) {
    do throws(CurveCertificateError) {
      let identity = try CurveIdentity.parse(bytes)
      FuzzTarget.promise(identity.jsonBytes() == bytes, "one identity has one form")
      FuzzTarget.promise(
        !pinned.accepts(pinned.certificate, identity) || bytes == pinned.identityBytes,
        "a certificate is about one identity")
    } catch {
      FuzzTarget.promise(!error.description.isEmpty, "a refusal has a reason")
    }
  }

  static func certificate(_ bytes: [UInt8]) {
    FuzzTarget.promise(
      !pinned.accepts(bytes, pinned.identity) || bytes == pinned.certificate, "a changed certificate is rejected")
    guard let parsed = try? CurveCertificate(bytes) else { return }
    FuzzTarget.promise(parsed.bytes == bytes, "one certificate has one form")
    // The same content with the identities and hashes in place, so that the checks behind them are reached.
    var sealed = parsed
    sealed.baseRoot = pinned.identity.root
    sealed.setupID = pinned.identity.key.id
    sealed.logLength = pinned.identity.logLength
    sealed.policy = pinned.policy.canonicalBytes()
    guard let plan = try? CurvePlan(identity: pinned.identity, policy: pinned.policy),
      let blocks = try? CurveCertificate.blocks(sealed.manifest, plan: plan, identity: pinned.identity)
    else { return }
    sealed.tunedCommitment = CurveCertificate.commitment(
      baseRoot: sealed.baseRoot, manifest: sealed.manifest, blocks: blocks, setupID: sealed.setupID,
      logLength: sealed.logLength)
    FuzzTarget.promise(
      !pinned.accepts(sealed.bytes, pinned.identity) || sealed.bytes == pinned.certificate,
      "a changed certificate is rejected")
  }
}
