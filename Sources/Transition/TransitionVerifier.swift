// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import DriftProofStatement
import DriftProofTranscript

/// What a verified transition establishes.
public struct TransitionReport: Hashable, Sendable {
  /// Of the tuned model's tableau, 64 hexadecimal digits.
  public let tableau: String
  /// Linked root of the base, 64 hexadecimal digits.
  public let base: String
  /// Tensors of 16 bits that the tableau holds.
  public let tensors: Int
  /// -log2 of the error: the least of its terms.
  public let securityBits: Double
  /// Terms of the soundness error.
  public let soundness: [SoundnessTerm]
  /// Of the file.
  public let byteCount: Int
  /// Of the transition alone, without its certificate.
  public let verifySeconds: Double
}

/// Verifies that a tuned model's tableau is the base's tableau and a certificate's drift, place by place, without weights:
/// T1 = T0 + Δ (docs/protocol.md, section 13).
public enum TransitionVerifier {
  /// - Parameters:
  ///   - transition: the file's bytes.
  ///   - tableauFile: `TUNED.tableau.json`.
  ///   - certificate: the certificate of the drift, which is verified, too.
  ///   - identityFile: of the base, which commits to the base's weights.
  ///   - policyFile: of the certificate.
  /// - Throws: why not, with the exit code. No bytes make it trap.
  public static func verify(
    transition: [UInt8], tableauFile: [UInt8], certificate: [UInt8], identityFile: [UInt8], policyFile: [UInt8]
  ) throws(DriftProofError) -> TransitionReport {
    let (identity, policy) = try CertificateVerifier.parse(identityFile: identityFile, policyFile: policyFile)
    let tableau = try parse(tableauFile: tableauFile)
    let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
    try checked.verifyProof()
    return try verify(transition: transition, tableau: tableau, certificate: checked, identity: identity)
  }

  /// Reads `TUNED.tableau.json`.
  package static func parse(tableauFile: [UInt8]) throws(DriftProofError) -> TunedTableau {
    do throws(JSONError) {
      return try TunedTableau.parse(tableauFile)
    } catch {
      throw .operational("the tuned model's tableau: \(error)")
    }
  }

  /// - Parameter certificate: whose proof was verified.
  package static func verify(
    transition bytes: [UInt8], tableau: TunedTableau, certificate: CheckedCertificate, identity: BaseIdentity
  ) throws(DriftProofError) -> TransitionReport {
    let start = ContinuousClock.now
    let transition: Transition
    do throws(FormatError) {
      transition = try Transition.parse(bytes)
    } catch {
      throw .proofInvalid(.transition(.file(error)))
    }
    let sum = try TransitionSum(tableau: tableau, certificate: certificate, identity: identity)
    try sum.requireNames(of: transition)
    do throws(ProofRejection) {
      try sum.verify(transition.proof)
    } catch {
      throw .proofInvalid(.transition(.argument(error)))
    }
    return TransitionReport(
      tableau: tableau.digest.hexadecimal, base: transition.baseRoot.hexadecimal,
      tensors: identity.linked?.tensors.count ?? 0, securityBits: sum.soundness.map(\.bits).min() ?? 0,
      soundness: sum.soundness.map { SoundnessTerm(name: $0.name, bits: $0.bits) }, byteCount: bytes.count,
      verifySeconds: start.duration(to: .now) / .seconds(1))
  }
}

/// Tableau, drift and base that belong together, with what a proof of their sum must open.
package struct TransitionSum: Sendable {
  package let layout: TransitionLayout
  package let code: CodeParameters
  package let soundness: [Soundness.Term]
  let tableau: TunedTableau
  let drift: TableauReference
  let baseRoot: [UInt8]
  let tunedCommitment: [UInt8]

  /// All checks that need no proof.
  /// - Throws: `identityMismatch` for parts of different origin, `proofInvalid` for a tableau of another form.
  package init(
    tableau: TunedTableau, certificate: CheckedCertificate, identity: BaseIdentity
  ) throws(DriftProofError) {
    guard certificate.manifest.isAligned else { throw .identityMismatch(.transition(.notAligned)) }
    guard let linked = identity.linked, let root = identity.linkedRoot else {
      throw .coverageGap([.nothingToAlignWith])
    }
    guard let argument = certificate.argument else { throw .identityMismatch(.transition(.noDrift)) }
    guard tableau.baseRoot == root else {
      throw .identityMismatch(
        .transition(.tableauBase(tableau: tableau.baseRoot.hexadecimal, given: root.hexadecimal)))
    }
    code = argument.verifier.statement.code
    // What a hiding base adds to the certificate's follows from the base, whose root the tableau has.
    guard let own = try? tableau.code.beside(linked.hidingBase), own == code else {
      throw .identityMismatch(.transition(.code))
    }
    do throws(TransitionRejection) {
      layout = try TransitionLayout(identity, linked: linked, statement: argument.verifier.statement)
      guard tableau.rowCount == layout.rowCount else {
        throw .rowCount(stated: tableau.rowCount, derived: layout.rowCount)
      }
      guard tableau.pins.count == layout.rowCount else {
        throw .pins(stated: tableau.pins.count, rows: layout.rowCount)
      }
      soundness = TransitionProtocol.soundness(layout, code)
      let bits = soundness.map(\.bits).min() ?? 0
      guard bits >= CodeParameters.requiredSecurityBits else {
        throw .insufficientSecurity(bits: bits, required: Int(CodeParameters.requiredSecurityBits))
      }
    } catch {
      throw .proofInvalid(.transition(error))
    }
    self.tableau = tableau
    drift = argument.drift
    baseRoot = root
    tunedCommitment = certificate.certificate.tunedCommitment
  }

  /// The file says what it is about: a proof about something else is a mix-up, not an invalid one.
  func requireNames(of transition: Transition) throws(DriftProofError) {
    guard transition.baseRoot == baseRoot else {
      throw .identityMismatch(
        .transition(.base(transition: transition.baseRoot.hexadecimal, given: baseRoot.hexadecimal)))
    }
    guard transition.tableau == tableau.digest else {
      throw .identityMismatch(
        .transition(.tableau(transition: transition.tableau.hexadecimal, given: tableau.digest.hexadecimal)))
    }
    guard transition.tunedCommitment == tunedCommitment else {
      throw .identityMismatch(
        .transition(
          .certificate(transition: transition.tunedCommitment.hexadecimal, given: tunedCommitment.hexadecimal)))
    }
  }

  package var transcript: Transcript {
    TransitionProtocol.transcript(baseRoot: baseRoot, tableau: tableau.digest, commitment: tunedCommitment)
  }

  /// The moves: P → V the masks' tree; V → P z; P → V the opening of all trees.
  func verify(_ proof: [UInt8]) throws(ProofRejection) {
    let scheme = HashCommitment(code)
    var channel = VerifierChannel(transcript: transcript, proof: proof)
    let masks = try scheme.receive(
      label: TransitionProtocol.maskTree, shapes: TransitionProtocol.maskShapes(layout, code), isPinned: false,
      from: &channel)
    let claims = TransitionProtocol.claims(layout, transcript: &channel.transcript)
    let base = layout.trees.map { tree in
      let label = BaseTableauLayout.label(tree.number)
      let shapes = TransitionProtocol.baseShapes(tree, code)
      return code.hidingBase == nil
        ? scheme.publicReference(label: label, root: tree.root, shapes: shapes)
        : scheme.hidingReference(label: label, root: tree.root, shapes: shapes, pins: tree.pins)
    }
    try scheme.verify([drift, masks, tableau.reference(code)] + base, claims: claims, channel: &channel)
    try channel.finish()
  }

  /// The file around a proof of this sum.
  package func transition(proof: [UInt8]) -> Transition {
    Transition(baseRoot: baseRoot, tableau: tableau.digest, tunedCommitment: tunedCommitment, proof: proof)
  }
}
