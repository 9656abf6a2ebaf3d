// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAuditDecision
import DriftProofCore
import Foundation

/// Decisions in zero knowledge: the input as a file; then what stands in place of its attestation as a payload, signed.
enum DecisionTarget {
  private static let pinned: (file: [UInt8], signer: SigningKey) = {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Tests/Fixtures")
    do {
      func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: fixtures.appendingPathComponent(name)))
      }
      return (try read("audit-decision/quick.decision"), try SigningKey(pem: read("attestation/ed25519.pem")))
    } catch {
      fatalError("the pinned decision cannot be read: \(error)")
    }
  }()

  static func run(_ bytes: [UInt8]) {
    guard let file = try? DecisionFile(bytes) else { return }
    FuzzTarget.promise(file.bytes == bytes, "one decision has one form")
    check(bytes)
    // Behind the signature: any text that a signer might sign.
    var signed = file
    let payload =
      (try? JSONNode(parsing: file.attestation)).flatMap { try? SignatureEnvelope($0).payload } ?? file.attestation
    guard
      let envelope = try? SignatureEnvelope(
        payloadType: AttestationStatement.payloadType, payload: payload, key: pinned.signer)
    else { return }
    signed.attestation = Array(envelope.line.utf8)
    check(signed.bytes)
  }

  private static func check(_ bytes: [UInt8]) {
    do throws(DecisionRejection) {
      _ = try DecisionVerifier.verify(bytes, key: pinned.signer.publicKey)
      FuzzTarget.promise(bytes == pinned.file, "a changed decision is rejected")
    } catch {
      FuzzTarget.promise(!error.description.isEmpty, "a rejection has a reason")
    }
  }
}
