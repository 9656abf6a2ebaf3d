// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofAuditBundle
import DriftProofAuditStatic
import DriftProofCheckpoint
import DriftProofCore

/// `driftproof audit static`: what the files of two models say, without running them.
enum AuditStaticCommand: Command {
  static let description = CommandDescription(
    name: "audit static",
    summary: "compare settings, tokenizers and weight sketches of two models' files",
    details: [
      "Three comparisons, each of which says little by itself: a hash of config.json (the same architecture; a fine-tune has its "
        + "base's), four figures about the tokenizers (whether one can stand in for the other), and a sketch of 256 bits of each "
        + "tensor (how far the weights are apart, whatever their types and shards: 0 for the same, 0.5 for unrelated ones).",
      "A sketch is no commitment: whoever guesses weights can confirm them by it. It says near or far, not where or why: that is "
        + "driftproof inspect, and a certificate bounds it. None of it says what an endpoint serves: that is the rest of audit.",
      "With --plan the reference's files must be those whose digest the audit's plan has (12).",
    ],
    positionals: [
      .init(name: "REFERENCE", help: "the reference's model: a folder, or a file of weights"),
      .init(name: "CANDIDATE", help: "the other model"),
    ],
    ownOptions: [
      .optional("plan", "PLAN", "an audit's plan: REFERENCE must be its model"),
      .optional("out", short: "o", "STATIC.json", "write everything as JSON, each tensor's sketch with it"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ] + ModelDigestArguments.options)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    if let output = arguments.values["out"], output != OutputPlace.standardOutput {
      try AtomicFile.checkFolder(of: output)
    }
    let plan = try arguments.values["plan"].map { (path) throws(CommandFailure) in
      try ParsedArguments.auditPlan(at: path)
    }
    let digest = try ModelDigestArguments.compute("REFERENCE", arguments, console)
    if let plan, plan.modelDigest != digest.root {
      throw CommandFailure(BundleReport.Mismatch.model(stated: plan.modelDigest, found: digest.root))
    }
    let other = try ModelDigestArguments.compute("CANDIDATE", arguments, console)
    let comparison = StaticComparison(
      reference: try facts("REFERENCE", arguments, console), candidate: try facts("CANDIDATE", arguments, console))
    let json = AuditStaticText.json(comparison, digests: (digest.root, other.root), plan: plan)
    if let output = arguments.values["out"] {
      let file = json.rendered() + "\n"
      if output == OutputPlace.standardOutput { return CommandResult(text: file, json: .null) }
      try AtomicFile.write(Array(file.utf8), to: output)
    }
    return CommandResult(
      text: AuditStaticText.lines(comparison, digests: (digest.root, other.root)).joined(separator: "\n") + "\n",
      json: json)
  }

  private static func facts(
    _ name: String, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> StaticFacts {
    let path = try arguments.required(name)
    let checkpoint = try arguments.openCheckpoint(name)
    console.phase("sketching \(Quoting.plain(path))")
    do throws(CheckpointError) {
      return try StaticFacts(checkpoint, folder: MappedFile.kind(of: path) == .folder ? path : nil)
    } catch {
      throw CommandFailure(error)
    }
  }
}

/// Static comparisons for people and for programs.
enum AuditStaticText {
  private static let shown = 5

  static func lines(_ comparison: StaticComparison, digests: (String, String)) -> [String] {
    var lines = ["files       " + (digests.0 == digests.1 ? "the same bytes" : "other bytes")]
    lines += configuration(comparison) + tokenizer(comparison)
    let sketch = comparison.sketch
    if let distance = sketch.distance {
      lines.append(
        "weights     sketches differ in \(Format.number(distance, digits: 3)) of their bits, by the weights of "
          + "\(Format.count(sketch.rows.count, "tensor")): \(words(distance))")
      for row in sketch.farthest.prefix(shown) {
        lines.append("            \(Format.number(row.distance, digits: 3))  \(Quoting.plain(row.name))")
      }
      if sketch.farthest.count > shown {
        lines.append("            and \(Format.count(sketch.farthest.count - shown)) more, see --json")
      }
    } else {
      lines.append("weights     no floating tensor of one name and shape is in both")
    }
    if !sketch.unmatched.isEmpty {
      lines.append(
        "            \(Format.count(sketch.unmatched.count, "tensor")) without a partner, the first "
          + Quoting.plain(sketch.unmatched[0]))
    }
    if sketch.unsketched > 0 {
      lines.append("            \(Format.count(sketch.unsketched, "tensor")) of integers, which have no sketch")
    }
    return lines + ["means       nothing of what an endpoint serves; equal settings and tokenizers nothing of weights"]
  }

  private static func words(_ distance: Double) -> String {
    distance == 0
      ? "the same up to rounding"
      : distance < 0.25
        ? "near, as a fine-tune is" : distance < 0.4 ? "far from one another" : "as far as unrelated ones"
  }

  private static func configuration(_ comparison: StaticComparison) -> [String] {
    func hash(_ reading: StaticReading<ConfigurationFile>) -> String {
      switch reading {
      case .none: "none"
      case .read(let file): file.digest.hexadecimal
      case .unreadable(let failure, sha256: _): "unreadable (\(Quoting.plain(failure.reason)))"
      }
    }
    let (a, b) = (comparison.reference.configuration, comparison.candidate.configuration)
    if comparison.hasEqualConfiguration == true { return ["settings    the same (\(hash(a)))"] }
    guard let mine = a.facts, let theirs = b.facts else {
      return ["settings    cannot be compared: \(hash(a)), \(hash(b))"]
    }
    let differences = mine.differences(from: theirs)
    return ["settings    differ in \(Format.count(differences.count, "place"))"]
      + differences.prefix(shown).map {
        "            \(Quoting.plain($0.path)): \(Quoting.plain($0.here)), here \(Quoting.plain($0.there))"
      }
  }

  private static func share(_ share: (equal: Int, all: Int)) -> String {
    share.all == 0 ? "none" : "\(Format.count(share.equal)) of \(Format.count(share.all))"
  }

  private static func tokenizer(_ comparison: StaticComparison) -> [String] {
    guard let tokenizer = comparison.tokenizer else {
      for case .unreadable(let failure, sha256: _) in [comparison.reference.tokenizer, comparison.candidate.tokenizer] {
        return ["tokenizer   cannot be compared: \(Quoting.plain(failure.description))"]
      }
      return ["tokenizer   a side has none"]
    }
    return [
      "tokenizer   \(tokenizer.isSame ? "the same" : "another one"): \(share(tokenizer.vocabulary)) pairs of text and number, "
        + "\(share(tokenizer.merges)) merges, \(share(tokenizer.added)) added tokens equal; "
        + "\(tokenizer.hasEqualTemplate ? "the same" : "another") chat template"
        + (tokenizer.hasEqualSentencePiece.map { "; tokenizer.model \($0 ? "is the same file" : "is another file")" }
          ?? "")
    ]
  }

  static func json(_ comparison: StaticComparison, digests: (String, String), plan: AuditPlan?) -> JSONOutput {
    func side(_ facts: StaticFacts, _ digest: String) -> JSONOutput {
      .object([
        ("modelDigest", .string(digest)),
        ("configurationDigest", facts.configuration.facts.map { .string($0.digest.hexadecimal) } ?? .null),
        ("tokenizerDigest", facts.tokenizer.facts.map { .string($0.digest.hexadecimal) } ?? .null),
        ("sketchDigest", .string(facts.sketch.digest.hexadecimal)),
        (
          "sketches",
          .array(
            facts.sketch.tensors.compactMap { tensor in
              tensor.sketch.map {
                .object([
                  ("tensor", .string(tensor.name)), ("shape", .array(tensor.shape.map { .integer($0) })),
                  ("sketch", .string($0.bytes.hexadecimal)),
                ])
              }
            })
        ),
      ])
    }
    func pair(_ share: (equal: Int, all: Int)) -> JSONOutput {
      .object([("equal", .integer(share.equal)), ("all", .integer(share.all))])
    }
    let tokenizer = comparison.tokenizer.map { tokenizer in
      JSONOutput.object([
        ("same", .boolean(tokenizer.isSame)), ("vocabulary", pair(tokenizer.vocabulary)),
        ("merges", pair(tokenizer.merges)), ("added", pair(tokenizer.added)),
        ("chatTemplate", .boolean(tokenizer.hasEqualTemplate)),
        ("sentencePiece", tokenizer.hasEqualSentencePiece.map { .boolean($0) } ?? .null),
      ])
    }
    let differences =
      comparison.reference.configuration.facts.flatMap { a in
        comparison.candidate.configuration.facts.map { a.differences(from: $0).map(\.path) }
      } ?? []
    return .object([
      ("plan", plan.map { .string($0.digest.hexadecimal) } ?? .null),
      ("sameFiles", .boolean(digests.0 == digests.1)),
      ("sameConfiguration", comparison.hasEqualConfiguration.map { .boolean($0) } ?? .null),
      ("configurationDifferences", .array(differences.map { .string($0) })), ("tokenizer", tokenizer ?? .null),
      ("sketchDistance", .number(comparison.sketch.distance)),
      (
        "tensors",
        .array(
          comparison.sketch.rows.map {
            .object([
              ("tensor", .string($0.name)), ("entries", .integer($0.entries)), ("distance", .number($0.distance)),
            ])
          })
      ),
      ("unmatched", .array(comparison.sketch.unmatched.map { .string($0) })),
      ("reference", side(comparison.reference, digests.0)), ("candidate", side(comparison.candidate, digests.1)),
      ("exitCode", .integer(0)),
    ])
  }
}
