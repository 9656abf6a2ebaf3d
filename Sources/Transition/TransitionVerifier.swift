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
  /// Digest of the tuned model's tableau, or linked root of the next base; 64 hexadecimal digits.
  public let tableau: String
  /// It is a next base, whose weights other certificates may speak of.
  public let isNextBase: Bool
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
    return try verify(transition: transition, of: .tableau(tableau), certificate: checked, identity: identity)
  }

  /// The same of a next base.
  /// - Parameter nextIdentityFile: of the next base, as `commit --as-base` wrote it.
  /// - Throws: why not, with the exit code. No bytes make it trap.
  public static func verify(
    transition: [UInt8], nextIdentityFile: [UInt8], certificate: [UInt8], identityFile: [UInt8], policyFile: [UInt8]
  ) throws(DriftProofError) -> TransitionReport {
    let (identity, policy) = try CertificateVerifier.parse(identityFile: identityFile, policyFile: policyFile)
    let next = try parse(nextIdentityFile: nextIdentityFile)
    let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
    try checked.verifyProof()
    return try verify(transition: transition, of: .nextBase(next), certificate: checked, identity: identity)
  }

  /// Reads the identity of a next base; whether it is one is said when a transition is verified.
  package static func parse(nextIdentityFile: [UInt8]) throws(DriftProofError) -> BaseIdentity {
    do throws(CheckpointError) {
      return try BaseIdentity.parse(nextIdentityFile)
    } catch {
      throw .operational("the next base's identity: \(error)")
    }
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
    transition bytes: [UInt8], of target: TransitionTarget, certificate: CheckedCertificate, identity: BaseIdentity
  ) throws(DriftProofError) -> TransitionReport {
    let start = ContinuousClock.now
    let transition: Transition
    do throws(FormatError) {
      transition = try Transition.parse(bytes)
    } catch {
      throw .proofInvalid(.transition(.file(error)))
    }
    guard transition.isNextBase == target.isNextBase else {
      throw .identityMismatch(.transition(.kind(isNextBase: transition.isNextBase)))
    }
    let sum = try TransitionSum(of: target, certificate: certificate, identity: identity)
    try sum.requireNames(of: transition)
    do throws(ProofRejection) {
      try sum.verify(transition.proof)
    } catch {
      throw .proofInvalid(.transition(.argument(error)))
    }
    return TransitionReport(
      tableau: target.digest.hexadecimal, isNextBase: target.isNextBase, base: transition.baseRoot.hexadecimal,
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
  let target: TransitionTarget
  let drift: TableauReference
  let baseRoot: [UInt8]
  let tunedCommitment: [UInt8]

  /// All checks that need no proof.
  /// - Throws: `identityMismatch` for parts of different origin, `proofInvalid` for a tableau of another form.
  package init(
    of target: TransitionTarget, certificate: CheckedCertificate, identity: BaseIdentity
  ) throws(DriftProofError) {
    guard certificate.manifest.isAligned else { throw .identityMismatch(.transition(.notAligned)) }
    guard let linked = identity.linked, let root = identity.linkedRoot else {
      throw .coverageGap([.nothingToAlignWith])
    }
    guard let argument = certificate.argument else { throw .identityMismatch(.transition(.noDrift)) }
    try target.requireBase(identity)
    let stated = argument.verifier.statement.code
    switch target {
    case .tableau(let tableau):
      // What a hiding base adds to the certificate's follows from the base, whose root the tableau has; bands are the
      // certificate's alone.
      guard let own = try? tableau.code.beside(linked.hidingBase), own == stated.inOneBand else {
        throw .identityMismatch(.transition(.code))
      }
      code = stated
    case .nextBase:
      do throws(ProofRejection) {
        code = try stated.opening(nextTail: target.nextTail)
      } catch {
        throw .proofInvalid(.transition(.argument(error)))
      }
    }
    do throws(TransitionRejection) {
      layout = try TransitionLayout(identity, linked: linked, statement: argument.verifier.statement)
      // Rows and pins of a next base were compared with its layout.
      if case .tableau(let tableau) = target {
        guard tableau.rowCount == layout.rowCount else {
          throw .rowCount(stated: tableau.rowCount, derived: layout.rowCount)
        }
        guard tableau.pins.count == layout.rowCount else {
          throw .pins(stated: tableau.pins.count, rows: layout.rowCount)
        }
      }
      soundness = TransitionProtocol.soundness(layout, hasTrees: target.isNextBase, code)
      let bits = soundness.map(\.bits).min() ?? 0
      guard bits >= CodeParameters.requiredSecurityBits else {
        throw .insufficientSecurity(bits: bits, required: Int(CodeParameters.requiredSecurityBits))
      }
    } catch {
      throw .proofInvalid(.transition(error))
    }
    self.target = target
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
    guard transition.tableau == target.digest else {
      throw .identityMismatch(
        .transition(.tableau(transition: transition.tableau.hexadecimal, given: target.digest.hexadecimal)))
    }
    guard transition.tunedCommitment == tunedCommitment else {
      throw .identityMismatch(
        .transition(
          .certificate(transition: transition.tunedCommitment.hexadecimal, given: tunedCommitment.hexadecimal)))
    }
  }

  package var transcript: Transcript {
    TransitionProtocol.transcript(
      baseRoot: baseRoot, tableau: target.digest, isNextBase: target.isNextBase, commitment: tunedCommitment)
  }

  package func claims(transcript: inout Transcript) -> [OpeningClaim] {
    TransitionProtocol.claims(layout, hasTrees: target.isNextBase, transcript: &transcript)
  }

  /// The tuned model's rows: one tree, or a next base's.
  package var tuned: [TableauReference] {
    switch target {
    case .tableau(let tableau): return [tableau.reference(code)]
    case .nextBase(let identity):
      guard let linked = identity.linked else { return [] }
      let scheme = HashCommitment(code)
      return linked.baseTrees.map { tree in
        scheme.hidingReference(
          label: BaseTableauLayout.label(tree.number), root: tree.root,
          shapes: TransitionProtocol.shapes(rows: tree.rows, tail: linked.tail, code), pins: tree.pins, at: tree.point)
      }
    }
  }

  /// The moves: P → V the masks' tree; V → P z; P → V the opening of all trees.
  func verify(_ proof: [UInt8]) throws(ProofRejection) {
    let scheme = HashCommitment(code)
    var channel = VerifierChannel(transcript: transcript, proof: proof)
    let masks = try scheme.receive(
      label: TransitionProtocol.maskTree, shapes: TransitionProtocol.maskShapes(layout, code), isPinned: false,
      from: &channel)
    let claims = claims(transcript: &channel.transcript)
    let base = layout.trees.map { tree in
      let label = BaseTableauLayout.label(tree.number)
      let shapes = TransitionProtocol.baseShapes(tree, code)
      return code.hidingBase == nil
        ? scheme.publicReference(label: label, root: tree.root, shapes: shapes)
        : scheme.hidingReference(label: label, root: tree.root, shapes: shapes, pins: tree.pins, at: tree.point)
    }
    try scheme.verify([drift, masks] + tuned + base, claims: claims, channel: &channel)
    try channel.finish()
  }

  /// The file around a proof of this sum.
  package func transition(proof: [UInt8]) -> Transition {
    Transition(
      baseRoot: baseRoot, tableau: target.digest, isNextBase: target.isNextBase, tunedCommitment: tunedCommitment,
      proof: proof)
  }
}
