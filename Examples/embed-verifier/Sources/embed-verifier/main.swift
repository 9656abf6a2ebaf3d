// SPDX-License-Identifier: Apache-2.0

// Verifies a certificate with the library alone: no weights, no OpenBLAS, no driftproof on the path.
//
//     embed-verifier CERT.drift BASE.identity.json POLICY.json

import DriftProofVerifier
import Foundation

/// What a script that calls this program can rely on.
enum ExitCode: Int32 {
  case verified = 0
  /// A file cannot be read, or is no policy or identity at all.
  case unreadable = 1
  case usage = 2
  /// The certificate proves nothing: take the model for an uncertified one.
  case invalid = 11
  /// The certificate may be a good one, but about another base, policy or parent than the given.
  case anotherSubject = 12
  /// The certificate's model has not the tensors that base and policy speak of.
  case coverageGap = 13
}

func stop(_ code: ExitCode, _ message: String) -> Never {
  FileHandle.standardError.write(Data("embed-verifier: \(message)\n".utf8))
  exit(code.rawValue)
}

func read(_ path: String) -> [UInt8] {
  do {
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  } catch {
    stop(.unreadable, "\(path) cannot be read: \(error.localizedDescription)")
  }
}

let paths = Array(CommandLine.arguments.dropFirst())
guard paths.count == 3 else { stop(.usage, "usage: embed-verifier CERT.drift BASE.identity.json POLICY.json") }

do throws(DriftProofError) {
  // The one call. Whom do you trust for the other two files? The identity is yours, or comes from the base's publisher;
  // the policy is the one that *you* accept, not one that came with the certificate.
  let report = try CertificateVerifier.verify(
    certificate: read(paths[0]), identityFile: read(paths[1]), policyFile: read(paths[2]))

  print("verified: a model whose change from the base obeys the policy")
  print("policy               \(report.policyName)")
  print("security             \(report.securityBits) bits")
  print("base identity        \(report.baseIdentity)")
  print("tuned commitment     \(report.tunedCommitment)")

  let tensors = report.tensors
  print("frozen tensors       \(tensors.frozen)")
  print("bounded in norm      \(tensors.norm)")
  print("of low rank          \(tensors.rank)")
  print("sparse               \(tensors.sparse)")
  print("sums of these        \(tensors.composed)")
  print("certified parameters \(report.certifiedParameters)")
  print("frozen parameters    \(report.frozenParameters)")

  // A verified certificate says nothing of tensors that the policy leaves out: show them, or refuse.
  print("NOT COVERED          \(report.excluded.isEmpty ? "nothing" : report.excluded.joined(separator: ", "))")
} catch {
  // Every error says in words what is wrong; its case says what to make of it.
  switch error {
  case .proofInvalid: stop(.invalid, "\(error)")
  case .identityMismatch: stop(.anotherSubject, "\(error)")
  case .coverageGap: stop(.coverageGap, "\(error)")
  default: stop(.unreadable, "\(error)")
  }
}
