// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditEndpoint
import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The arguments that the verbs of `audit` share.
extension ParsedArguments {
  static let auditKey = CommandDescription.Option.required(
    "key", "KEY.secret", "the plan's key, which audit plan wrote")
  static let auditPrompts = CommandDescription.Option.optional(
    "prompts", "FILE", "the plan's own questions, one a line, where it has a file of them")
  static let apiKey = CommandDescription.Option.optional(
    "api-key-env", "VAR", "the environment variable with the API key; it is sent to the endpoint only")
  static let concurrency = CommandDescription.Option.optional(
    "concurrency", "N", "requests at the same time (4)")
  static let auditSigner = CommandDescription.Option.required(
    "sign", "KEY.pem", "the private key that signs: PKCS#8 in PEM, without a password")
  static let serve = CommandDescription.Option.optional(
    "serve", "COMMAND",
    "start this server for as long as it is asked, {port} in it being a free port; no shell, no API key in its environment"
  )
  static let proxy = CommandDescription.Option.flag(
    "proxy", "use the proxies that the environment names; they see every request and the API key")

  func auditPlan() throws(CommandFailure) -> AuditPlan {
    let path = try required("PLAN")
    return try Self.auditPlan(at: path)
  }

  static func auditPlan(at path: String) throws(CommandFailure) -> AuditPlan {
    let bytes = try readFile(at: path, limit: CanonicalJSON.maximumBytes)
    do throws(AuditPlanError) {
      return try AuditPlan(file: bytes)
    } catch {
      throw CommandFailure(error, path: path)
    }
  }

  /// The plan's key; one that another plan was made with is refused where it is used.
  func auditKeyFile() throws(CommandFailure) -> AuditKey {
    let path = try required("key")
    guard let key = AuditKey(file: try Self.readFile(at: path, limit: 1 << 10)) else {
      throw CommandFailure(
        .operational, "\(path): no key of an audit, which is 64 hexadecimal digits",
        remedy: "driftproof audit plan writes one beside the plan.")
    }
    return key
  }

  /// How questions are asked, as far as the command line says it.
  /// - Parameter questions: how many.
  func askOptions(_ questions: Int) throws(CommandFailure) -> AskOptions {
    var options = AskOptions(questions: questions, tool: "driftproof/\(ToolVersion.current)") {
      Timestamp(secondsSince1970: time(nil)).text
    }
    options.concurrency = try number("concurrency", in: 1...64, default: options.concurrency)
    return options
  }

  func promptFile() throws(CommandFailure) -> PromptFile? {
    guard let path = values["prompts"] else { return nil }
    let bytes = try Self.readFile(at: path, limit: PromptFile.maximumBytes)
    do throws(PromptFileError) {
      return try PromptFile(bytes)
    } catch {
      throw CommandFailure(.operational, "\(path): \(error)")
    }
  }

  func transcript(_ name: String, _ side: AuditSide, plan: AuditPlan) throws(CommandFailure) -> Transcript {
    try transcriptFile(name, side, plan: plan).transcript
  }

  func transcriptFile(
    _ name: String, _ side: AuditSide, plan: AuditPlan, keeping: AnswerKeeping = .all
  ) throws(CommandFailure) -> AuditFiles.Side {
    try Self.transcriptFile(at: try required(name), side, plan: plan, keeping: keeping)
  }

  static func transcriptFile(
    at path: String, _ side: AuditSide, plan: AuditPlan, keeping: AnswerKeeping = .all
  ) throws(CommandFailure) -> AuditFiles.Side {
    let bytes = try readFile(at: path, limit: Transcript.maximumBytes)
    do throws(TranscriptError) {
      return (bytes, try Transcript(part: bytes[...], side: side, planDigest: plan.digest, keeping: keeping))
    } catch {
      let rejection = AuditRejection.transcript(side, error)
      throw CommandFailure(ExitCode(rejection), "\(path): \(error)", remedy: rejection.remedy)
    }
  }

  /// A whole number of an option.
  func number(_ name: String, in range: ClosedRange<Int>, default value: Int) throws(CommandFailure) -> Int {
    guard let text = values[name] else { return value }
    guard let number = Int(text), String(number) == text, range.contains(number) else {
      throw usage(
        "--\(name) is \(Quoting.shown(text)), expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A decimal in millionths, exactly.
  func millionths(_ name: String, in range: ClosedRange<Int>) throws(CommandFailure) -> Int? {
    guard let text = values[name] else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    let isDecimal =
      (1...2).contains(parts.count)
      && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    let padded = fraction + String(repeating: "0", count: max(0, 6 - fraction.count))
    guard isDecimal, fraction.count <= 6, parts[0].count <= 6, let value = Int(parts[0] + padded), range.contains(value)
    else {
      throw usage(
        "--\(name) is \(Quoting.shown(text)), expected a decimal from \(AuditText.decimal(range.lowerBound)) to "
          + "\(AuditText.decimal(range.upperBound)) with at most six places")
    }
    return value
  }

  /// `30s`, `90m`, `24h`; seconds.
  func duration(_ name: String) throws(CommandFailure) -> Double {
    guard let text = values[name] else { return 0 }
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), (0...1_000_000).contains(count)
    else { throw usage("--\(name) is \(Quoting.shown(text)), expected a time such as 30s, 90m or 24h") }
    return Double(count * unit)
  }

  /// The key itself, out of the environment.
  func apiKey() throws(CommandFailure) -> String? {
    guard let name = values["api-key-env"] else { return nil }
    guard let pointer = getenv(name) else {
      throw CommandFailure(.operational, "there is no environment variable \(Quoting.shown(name)) with an API key")
    }
    let key = String(cString: pointer)
    guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw CommandFailure(
        .operational,
        "the environment variable \(Quoting.shown(name)) holds no API key: it is empty, or has blanks in it")
    }
    return key
  }

  func usage(_ message: String) -> CommandFailure { CommandFailure(UsageError(message, command: command)) }
}
