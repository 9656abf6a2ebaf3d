import Argument
import Checkpoint
import Commitment
import DriftPolicy
import Foundation
import Transcript

/// Certifies that a tuned checkpoint differs from its base only inside a policy.
public enum DriftProver {
  /// A finished proof. The opening file is on disk by then; the certificate is the caller's to write.
  public struct Result: Sendable {
    /// The bytes of `CERT.drift`.
    public let certificate: [UInt8]
    /// What the verifier says about it: it was verified before this was returned.
    public let verification: VerificationReport
    public let report: ProveReport
  }

  /// Proves, and verifies the proof.
  /// - Parameters:
  ///   - openingPath: a new file, or one of an earlier proof about the same commitment, which is continued: it counts
  ///     what its proofs reveal. A file of another commitment is an error and left as it is.
  ///   - proofs: how many proofs a new commitment is to serve.
  ///   - progress: told the name of each phase as it begins.
  /// - Throws: `policyViolated` with all violations, before any cryptography; `precisionRefused`, `coverageGap`, or
  ///   `operational`.
  package static func prove(
    base: Checkpoint, tuned: Checkpoint, policy: Policy, openingPath: String,
    proofs: Int = CodeSelection.defaultProofs, progress: (@Sendable (String) -> Void)? = nil
  ) throws(DriftProofError) -> Result {
    try DriftProofError.translating {
      let clock = PhaseClock(progress: progress)
      clock.begin("base identity")
      let identity = try BaseIdentity.compute(checkpoint: base)
      let derived = try DerivedStatement.derive(identity: identity, tuned: tuned.manifestTensors, policy: policy)
      clock.begin("policy check")
      let measurement = try DriftMeasurer(base: base, tuned: tuned).measure(
        identical: derived.coverage.filter { $0.tensorClass == .frozen }.map(\.name), tensors: derived.tensors,
        totalBound: derived.totalBound)
      let code = derived.isEmpty ? nil : try CodeSelection.choose(tensors: derived.tensors, proofs: proofs)

      let opening = try OpeningSession(path: openingPath)
      let committed = try DriftCommitment(
        derived: derived, code: code, base: base, tuned: tuned, secret: opening.secret, phase: clock.begin)
      let commitment = committed.commitment(baseRoot: identity.root)
      // On disk before the proof exists, so that no proof goes uncounted.
      let counted = try opening.reserve(
        commitment: commitment, budget: code?.driftTail ?? 0, positions: code?.queries ?? 0)

      var proof: ArgumentProof?
      if let code, let tableau = committed.tableau {
        let binding = TunedCommitment.binding(
          baseRoot: identity.root, policyDigest: Certificate.policyDigest(policy), commitment: commitment)
        let statement = derived.statement(code: code, binding: binding)
        let witness = ArgumentWitness(
          rows: tableau.rows, factors: measurement.factors, supports: measurement.supports)
        do {
          proof = try ArgumentProver(statement: statement, scheme: HashCommitment(code)).prove(
            witness: witness, drift: tableau.committed,
            secret: proofSecret(opening: opening.secret, statement: statement), phase: clock.begin)
        } catch let refusal as ArgumentRefusal {
          opening.discard()
          throw refusal
        }
      }
      let certificate = Certificate(
        baseRoot: identity.root, policy: policy, manifest: committed.manifest, driftRoot: committed.driftRoot,
        driftPins: committed.driftPins,
        proof: proof?.bytes ?? []
      ).bytes
      clock.begin("self-check")
      let verification: VerificationReport
      do throws(DriftProofError) {
        verification = try CertificateVerifier.verify(certificate: certificate, identity: identity, policy: policy)
      } catch {
        throw DriftProofError.operational(
          "internal error: the certificate that was made does not verify (\(error)); please report this")
      }
      clock.finish()
      var report = ProveReport()
      report.phases = clock.phases
      report.proofSections = proof.map(sections) ?? []
      report.proofBytes = proof?.bytes.count ?? 0
      report.certificateBytes = certificate.count
      report.peakMemoryBytes = ProveReport.peakMemory()
      report.proofsUsed = code.map { counted.revealed / $0.queries } ?? 0
      report.proofsAllowed = code.map { counted.budget / $0.queries } ?? 0
      return Result(certificate: certificate, verification: verification, report: report)
    }
  }

  /// Fresh for every proof, also from a restored copy of the opening file (docs/protocol.md section 11, item 6).
  private static func proofSecret(opening: [UInt8], statement: DriftStatement) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/proof-secret/v1")
    message.append(lengthPrefixed: statement.binding)
    message.append(lengthPrefixed: statement.canonicalBytes)
    return SHA256.authenticate(key: opening, message: message + SHA256.systemRandom(32))
  }

  /// Bytes per kind of message, the largest first.
  private static func sections(_ proof: ArgumentProof) -> [(name: String, bytes: Int)] {
    var sums: [String: Int] = [:]
    for (section, bytes) in proof.sizes {
      // "A/round 3" and "A/round 4" are one kind; parts of the opening are shown apart.
      let parts = section.split(separator: "/")
      sums[parts.prefix(parts.first == "opening" ? 2 : 1).joined(separator: "/"), default: 0] += bytes
    }
    return sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}

/// The opening file of one run: a new secret, or that of an earlier run.
private final class OpeningSession {
  let path: String
  let secret: [UInt8]
  private let existing: OpeningFile?
  private var isCreated = false

  init(path: String) throws(DriftProofError) {
    self.path = path
    guard FileManager.default.fileExists(atPath: path) else {
      existing = nil
      secret = SHA256.systemRandom(SHA256.digestLength)
      return
    }
    do throws(OpeningError) {
      let opening = try OpeningFile.load(path: path)
      existing = opening
      secret = opening.secret
    } catch {
      throw error.asDriftProofError
    }
  }

  /// Counts the positions on disk; a new file appears only now.
  func reserve(commitment: [UInt8], budget: Int, positions: Int) throws(DriftProofError) -> OpeningFile {
    if let existing, existing.tunedCommitment != commitment {
      throw .operational(
        "\(path): this opening belongs to another commitment (other weights or another policy); it stays as it is: "
          + "name a new file")
    }
    do throws(OpeningError) {
      if existing == nil {
        _ = try OpeningFile.create(path: path, secret: secret, tunedCommitment: commitment, budget: budget)
        isCreated = true
      }
      return try OpeningFile.reserve(path: path, positions: positions)
    } catch {
      throw error.asDriftProofError
    }
  }

  /// Removes a file that this run made: the prover refused, so nothing was opened.
  func discard() {
    if isCreated { try? FileManager.default.removeItem(atPath: path) }
  }
}
