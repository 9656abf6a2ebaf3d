// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofCurveChain
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofCurveProving
import DriftProofPolicy

/// Options of the curve backend, and its errors as exit codes.
extension CommandDescription.Option {
  static let backend = optional(
    "backend", "{hash,kzg}", "how weights are committed to: hash, or kzg: short certificates, by assumption (hash)")
  static let setup = optional("setup", "SETUP", "of the kzg backend: the setup's file, of driftproof setup")
  static let trustedSetup = optional(
    "setup", "SETUP", "of a kzg certificate: a setup that you trust besides those known: its file, or its id, 64 digits"
  )
  static let ancestor = optionalList(
    "ancestor", "CERT.drift", "of a kzg link: the certificates above --parent, up to the base, in any order")
  static let assume = optional(
    "assume", "{bls12-381}",
    "of a kzg certificate: permit assumptions about this curve beside the proven bits, as the policy's \"assume\" does")
}

extension ParsedArguments {
  /// Whether the curve's backend is asked for.
  var wantsCurve: Bool { values["backend"] == "kzg" }

  /// - Throws: a usage error for another word than those of the option.
  func checkBackend() throws(CommandFailure) {
    if let name = values["backend"], name != "hash", name != "kzg" {
      throw CommandFailure(
        UsageError("--backend is hash or kzg, not \(Quoting.shown(name))", command: command))
    }
    for name in ["setup", "log-rows", "assume", "ancestor"]
    where !wantsCurve && (values[name] != nil || lists[name] != nil) {
      throw CommandFailure(UsageError("--\(name) is of --backend kzg: give both", command: command))
    }
  }

  /// `--assume`; nil without it.
  func assumption() throws(CommandFailure) -> Assumption? {
    guard let word = values["assume"] else { return nil }
    guard let assumption = Assumption(rawValue: word) else {
      throw CommandFailure(
        UsageError(
          "--assume is \(Assumption.allCases.map(\.rawValue).joined(separator: " or ")), not \(Quoting.shown(word))",
          command: command))
    }
    return assumption
  }

  /// Refuses options of what this backend does not do, before any work.
  func refuse(_ options: [String]) throws(CommandFailure) {
    for name in options where values[name] != nil || has(name) {
      throw CommandFailure(
        CurveCertificateError.notYet("--\(name)"))
    }
  }

  /// The identity of `--identity`, with rows where it has them; nil without one.
  func readAnyIdentity() throws(CommandFailure) -> (base: BaseIdentity, rows: CurveIdentity?)? {
    guard values["identity"] != nil else { return nil }
    if CurveIdentity.isOne(try readFile("identity", limit: FileLimits.identity)) {
      let rows = try curveIdentity("identity")
      return (rows.base, rows)
    }
    return try readIdentity().map { ($0, nil) }
  }

  /// The model of `--parent`'s certificate, which is verified with those of `--ancestor`; nil without one.
  func curveParent(_ identity: CurveIdentity) throws(CommandFailure) -> CurveCertificateVerifier.Model? {
    let paths = lists["ancestor"] ?? []
    guard let path = values["parent"] else {
      guard paths.isEmpty else {
        throw CommandFailure(UsageError("--ancestor is of --parent: give both", command: command))
      }
      return nil
    }
    let parent = try readFile("parent", limit: FileLimits.certificate)
    var ancestors: [[UInt8]] = []
    for path in paths {
      ancestors.append(try Self.readFile(at: path, limit: FileLimits.certificate, expected: .certificate))
    }
    do throws(CurveChainRejection) {
      return try CurveChainVerifier.model(of: parent, ancestors: ancestors, identity: identity)
    } catch {
      var remedy = error.remedy
      if case .parentMissing = error { remedy = "It is a link itself: give the certificates above it with --ancestor." }
      throw CommandFailure(error.exitCode, "\(path): \(error)", remedy: remedy)
    }
  }

  /// `--setup`'s file, checked if it was not before.
  func requiredSetup(_ console: Console) throws(CommandFailure) -> CheckedSetup {
    guard values["setup"] != nil else {
      throw CommandFailure(
        UsageError("--backend kzg needs --setup, a file of driftproof setup import or new", command: command))
    }
    return try CheckedSetups.checked(try openSetup("setup"), path: try required("setup"), console: console)
  }

  /// The file of an identity with rows.
  func curveIdentity(_ option: String) throws(CommandFailure) -> CurveIdentity {
    let bytes = try readFile(option, limit: FileLimits.identity)
    guard CurveIdentity.isOne(bytes) else {
      throw CommandFailure(
        .identityMismatch, "\(try required(option)): it has no rows on the curve",
        remedy: "Make one with driftproof identify BASE --commit --backend kzg --setup SETUP.")
    }
    do throws(CurveCertificateError) { return try CurveIdentity.parse(bytes) } catch {
      throw CommandFailure(.operational, "\(try required(option)): \(error)", remedy: error.remedy)
    }
  }
}

extension CommandFailure {
  init(_ error: CurveCertificateError) {
    let code: ExitCode =
      switch error {
      case .otherBase, .otherPolicy, .otherParent, .linkAlone, .setupMismatch, .unknownSetup, .assumptionNotAllowed:
        .identityMismatch
      case .policy: .coverageGap
      case .notYet: .notProvable
      case .setup, .identity, .baseRows: .operational
      case .truncated, .trailingBytes, .notACertificate, .unsupportedVersion, .otherVersion,
        .unsupportedBackend, .tunedRows, .malformedPolicy,
        .wrongKind,
        .otherCommitment, .proof:
        .proofInvalid
      }
    self.init(code, error.description, remedy: error.remedy)
  }

  init(_ error: CurveProvingError) {
    switch error {
    case .certificate(let error): self.init(error)
    case .checkpoint(let error): self.init(error)
    case .setup(let error): self.init(.operational, "\(CurveProvingError.setup(error))", remedy: error.remedy)
    case .argument:
      self.init(.notProvable, error.description, remedy: "The hash backend proves it: leave out --backend.")
    case .imprecise:
      self.init(.notProvable, error.description, remedy: "The hash backend has the same factors: widen the clause.")
    case .frozenChanged, .normExceeded, .totalExceeded, .clauseViolated:
      self.init(
        .policyViolated, "the drift is outside the policy: \(error)",
        remedy: "driftproof inspect BASE TUNED shows the drift of every tensor; nothing was proved.")
    case .otherTuned, .otherOpening: self.init(.identityMismatch, error.description)
    case .opening: self.init(.operational, error.description)
    case .otherBase: self.init(.identityMismatch, error.description, remedy: "Take the identity of this base.")
    case .tensors: self.init(.coverageGap, error.description)
    }
  }
}
