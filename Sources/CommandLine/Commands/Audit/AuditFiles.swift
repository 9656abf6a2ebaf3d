// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// Plan, key, questions and both transcripts, as every verb takes them that computes an audit again; each file is read once.
struct AuditFiles {
  /// One side, as it was read and as bytes.
  typealias Side = (file: [UInt8], transcript: Transcript)

  let plan: AuditPlan
  let key: AuditKey
  let prompts: PromptFile?
  let reference: Side
  let candidate: Side

  static let positionals: [CommandDescription.Positional] = [
    .init(name: "PLAN", help: "the plan, PLAN.json"), .init(name: "REF", help: "the reference's transcript"),
    .init(name: "CAND", help: "the endpoint's transcript"),
  ]
  static let options = [ParsedArguments.auditKey, ParsedArguments.auditPrompts]

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    plan = try arguments.auditPlan()
    key = try arguments.auditKeyFile()
    prompts = try arguments.promptFile()
    let truth = try arguments.transcriptFile("REF", .reference, plan: plan, keeping: .compared(plan))
    let answers = ReferenceAnswers(unchecked: truth.transcript, plan: plan)
    reference = truth
    candidate = try arguments.transcriptFile(
      "CAND", .candidate, plan: plan, keeping: .scored(plan, against: answers.answers))
  }

  /// What the transcripts say, computed again, among it what has not been checked when they were read.
  func result() throws(CommandFailure) -> AuditResult {
    do throws(AuditRejection) {
      return try AuditResult(
        plan: plan, key: key, prompts: prompts, reference: reference.transcript, candidate: candidate.transcript)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// The plan's questions, as the reference was asked them.
  func questions() throws(CommandFailure) -> PromptSource {
    do throws(AuditPlanError) {
      return try plan.questions(
        key: key, beacon: reference.transcript.header?.beaconBytes ?? [], file: prompts)
    } catch {
      throw CommandFailure(AuditRejection.plan(error))
    }
  }
}

/// What `plan` and `suite` read alike: what will be asked, and what decides.
extension ParsedArguments {
  /// Options about a plan's questions and margin.
  static let planOptions: [CommandDescription.Option] = [
    .optional("score", "{logprobs,text}", "what is compared (logprobs)"),
    .optional("margin", "NATS", "the mean distance that counts as the same (0.15, 0.10 or 0.08, by the mode)"),
    .optional("calibration", "FILE", "take the margin that audit calibrate has picked"),
    .optional("tokens", "N", "tokens of an answer (8)"),
    .optional("top", "N", "likely tokens that are asked for at each place (20; some servers have 5)"),
    .flag("chat", "ask with messages of a chat"),
  ]

  /// A plan by these options, about a subject.
  /// - Parameters:
  ///   - mode: where none is given; nil where one must be.
  ///   - modelName: likewise.
  func newPlan(
    _ subject: AuditPlan.Subject, key: AuditKey, mode: AuditMode? = nil, modelName: String? = nil
  ) throws(CommandFailure) -> AuditPlan {
    let mode = try auditMode(default: mode)
    let score = try auditScore()
    let name = try label("model-name", default: modelName)
    let calibration = try calibration(mode, score)
    var plan = AuditPlan(
      mode: mode, score: score,
      margin: calibration == nil ? try millionths("margin", in: AuditPlan.marginRange) : calibration?.margin,
      subject: subject, modelName: name, key: key)
    plan.farShare = calibration?.inverseFarShare
    plan.tokens = try number("tokens", in: AuditPlan.tokenRange, default: plan.tokens)
    plan.listed = try number("top", in: AuditPlan.listedRange, default: plan.listed)
    guard score == .logProbabilities || values["top"] == nil else {
      throw usage("--top is about log probabilities, which --score text does not ask for")
    }
    plan.isChat = has("chat")
    return plan
  }

  private func auditMode(default mode: AuditMode?) throws(CommandFailure) -> AuditMode {
    if values["mode"] == nil, let mode { return mode }
    guard let found = AuditMode(rawValue: try required("mode")) else {
      throw usage("--mode is one of \(AuditMode.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return found
  }

  private func auditScore() throws(CommandFailure) -> AuditPlan.Score {
    guard let score = AuditPlan.Score(rawValue: values["score"] ?? "logprobs") else {
      throw usage("--score is logprobs or text")
    }
    return score
  }

  /// A short text that plans and transcripts can have.
  /// - Parameter text: where the option is not given; nil where it must be.
  func label(_ option: String, default text: String? = nil) throws(CommandFailure) -> String {
    if values[option] == nil, let text { return text }
    let found = try required(option)
    guard AuditPlan.isLabel(found) else {
      throw usage("--\(option) takes 1 to 200 printable ASCII characters")
    }
    return found
  }

  /// `--endpoint`, an address.
  func endpointAddress() throws(CommandFailure) -> EndpointAddress {
    let text = try required("endpoint")
    do throws(EndpointAddressError) {
      return try EndpointAddress(text)
    } catch {
      throw usage("--endpoint \(Quoting.shown(text)): \(error)")
    }
  }
}
