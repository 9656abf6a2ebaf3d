// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import DriftProofProving
import DriftProofTransition

/// The tuned model's tableau on the command lines of prove and verify.
enum TransitionArguments {
  static let proveOptions: [CommandDescription.Option] = [
    .optional("tuned-tableau", "TUNED.tableau.json", "of commit: prove that it holds the base plus this drift"),
    .optional(
      "next-identity", "TUNED.identity.json",
      "of commit --as-base, in place of the tableau: prove the same of this next base"),
    .optional("tuned-opening", "TUNED.secret", "the opening of the tableau or the next base"),
    .optional("transition", "TUNED.transition", "where that proof is written"),
  ]

  static let nextOption = CommandDescription.Option.optional(
    "next-identity", "TUNED.identity.json", "the next base that holds the tuned model, with --transition")

  private static let targets = ["tuned-tableau", "next-identity"]

  /// Which of both options is given; `--tuned-tableau` where none is.
  /// - Throws: a usage error for both.
  private static func targetName(_ arguments: ParsedArguments) throws(CommandFailure) -> String {
    let given = targets.filter { arguments.values[$0] != nil }
    guard given.count <= 1 else {
      throw CommandFailure(
        UsageError(
          "--tuned-tableau and --next-identity are two kinds of one thing: give one", command: arguments.command))
    }
    return given.first ?? targets[0]
  }

  static let verifyOptions: [CommandDescription.Option] = [
    .optional("tuned-tableau", "TUNED.tableau.json", "the tuned model's tableau, with --transition"),
    .optional(
      "transition", "TUNED.transition", "the proof that the tableau holds the base plus the certificate's drift"),
  ]

  /// Nil where none is asked for; the third value is where the proof is to be written.
  static func request(
    _ arguments: ParsedArguments
  ) throws(CommandFailure) -> (request: TransitionRequest, output: String)? {
    let target = try targetName(arguments)
    let names = [target, "tuned-opening", "transition"]
    guard names.contains(where: { arguments.values[$0] != nil }) else { return nil }
    guard names.allSatisfy({ arguments.values[$0] != nil }) else {
      throw CommandFailure(
        UsageError(
          "--\(target), --tuned-opening and --transition belong together: give all three",
          command: arguments.command))
    }
    guard arguments.values["identity"] != nil else {
      throw CommandFailure(
        UsageError("--\(target) needs --identity, of identify --commit", command: arguments.command))
    }
    let output = try arguments.required("transition")
    let opening = try arguments.required("tuned-opening")
    let others = (["out", "opening", "tuned-opening"] + targets).compactMap { arguments.values[$0] }
    guard !others.contains(output), arguments.values["opening"] != opening else {
      throw CommandFailure(
        UsageError("--transition and --tuned-opening need files of their own", command: arguments.command))
    }
    if let failure = ExpectedFile.opening.wrongKind(opening) { throw failure }
    try AtomicFile.checkFolder(of: output)
    return (TransitionRequest(try self.target(arguments), openingPath: opening), output)
  }

  /// Whether a forecast is to count a transition: any of its options asks for it, and none of its files need exist yet.
  static func isForecast(_ arguments: ParsedArguments) throws(CommandFailure) -> Bool {
    let target = try targetName(arguments)
    guard [target, "tuned-opening", "transition"].contains(where: { arguments.values[$0] != nil }) else {
      return false
    }
    guard arguments.values["identity"] != nil else {
      throw CommandFailure(
        UsageError("--\(target) needs --identity, of identify --commit", command: arguments.command))
    }
    return true
  }

  /// What `check` is to look at besides the certificate.
  struct CheckedTableau {
    let target: TransitionTarget
    let openingPath: String
    let model: Checkpoint
    let identity: BaseIdentity
  }

  /// Nil where none is given.
  static func checked(
    _ arguments: ParsedArguments, model: TunedModel, identity: BaseIdentity?
  ) throws(CommandFailure) -> CheckedTableau? {
    let target = try targetName(arguments)
    let given = [target, "tuned-opening"].filter { arguments.values[$0] != nil }
    guard !given.isEmpty else { return nil }
    guard given.count == 2 else {
      throw CommandFailure(
        UsageError("--\(target) and --tuned-opening belong together: give both", command: arguments.command))
    }
    guard let identity else {
      throw CommandFailure(
        UsageError("--\(target) needs --identity, of identify --commit", command: arguments.command))
    }
    guard case .checkpoint(let tuned, _) = model else {
      throw CommandFailure(
        UsageError("--\(target) is about a whole tuned model: give it with --tuned", command: arguments.command))
    }
    let opening = try arguments.required("tuned-opening")
    if let failure = ExpectedFile.opening.wrongKind(opening) { throw failure }
    return CheckedTableau(target: try self.target(arguments), openingPath: opening, model: tuned, identity: identity)
  }

  private static func target(_ arguments: ParsedArguments) throws(CommandFailure) -> TransitionTarget {
    if let next = try arguments.readIdentity("next-identity") { return .nextBase(next) }
    return .tableau(try tableau(try arguments.readFile("tuned-tableau", limit: FileLimits.identity), arguments))
  }

  private static func tableau(
    _ bytes: [UInt8], _ arguments: ParsedArguments
  ) throws(CommandFailure) -> TunedTableau {
    do throws(JSONError) {
      return try TunedTableau.parse(bytes)
    } catch {
      throw CommandFailure(
        .operational, "\(try arguments.required("tuned-tableau")): the tuned model's tableau: \(error)")
    }
  }

  /// The transition's bytes and the tableau that it is about; nil where none is given.
  static func given(
    _ arguments: ParsedArguments
  ) throws(CommandFailure) -> (bytes: [UInt8], tableau: TunedTableau)? {
    let given = ["tuned-tableau", "transition"].filter { arguments.values[$0] != nil }
    guard !given.isEmpty else { return nil }
    guard given.count == 2 else {
      throw CommandFailure(
        UsageError("--tuned-tableau and --transition belong together: give both", command: arguments.command))
    }
    let tableau = try arguments.readFile("tuned-tableau", limit: FileLimits.identity)
    let transition = try arguments.readFile("transition", limit: FileLimits.certificate)
    return (transition, try self.tableau(tableau, arguments))
  }

  /// Verifies the transition beside a certificate that was verified; nil where none is given.
  static func verify(
    _ arguments: ParsedArguments, certificate: CheckedCertificate, identity: BaseIdentity
  ) throws(CommandFailure) -> TransitionReport? {
    let given: (bytes: [UInt8], target: TransitionTarget)
    if try targetName(arguments) == "next-identity" {
      guard arguments.values["transition"] != nil else {
        throw CommandFailure(
          UsageError("--next-identity and --transition belong together: give both", command: arguments.command))
      }
      let next = try target(arguments)
      given = (try arguments.readFile("transition", limit: FileLimits.certificate), next)
    } else {
      guard let files = try self.given(arguments) else { return nil }
      given = (files.bytes, .tableau(files.tableau))
    }
    do {
      return try TransitionVerifier.verify(
        transition: given.bytes, of: given.target, certificate: certificate, identity: identity)
    } catch {
      throw CommandFailure(error)
    }
  }
}

extension TransitionReport {
  func lines(hasTerms: Bool) -> [String] {
    let terms = hasTerms ? soundness.map { "                    \($0.name) \(Format.number($0.bits)) bits" } : []
    return [
      "\(isNextBase ? "next base    " : "tuned tableau")     \(tableau)",
      "                  holds the base's \(Format.count(tensors, "tensor")) of 16 bits plus this drift, and nothing else: "
        + "\(Format.byteCount(byteCount)), \(Format.number(securityBits)) bits",
    ] + terms
  }

  var member: JSONOutput {
    .object([
      (isNextBase ? "nextBase" : "tunedTableau", .string(tableau)),
      ("baseIdentity", .string(base)),
      ("tensors", .integer(tensors)),
      ("securityBits", .number(securityBits)),
      ("soundness", .array(soundness.map { .object([("term", .string($0.name)), ("bits", .number($0.bits))]) })),
      ("bytes", .integer(byteCount)),
      ("verifySeconds", .number(verifySeconds)),
    ])
  }
}
