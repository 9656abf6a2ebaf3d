// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate

/// What a verified certificate says, for people and for machines; prove, verify and check share it.
extension VerificationReport {
  var members: [(key: String, value: JSONOutput)] {
    [
      ("policyName", .string(policyName)),
      ("policyDigest", .string(policyDigest)),
      ("baseIdentity", .string(baseIdentity)),
      ("tunedCommitment", .string(tunedCommitment)),
      ("parent", parent.map { .string($0) } ?? .null),
      ("securityBits", .number(securityBits)),
      ("soundness", .array(soundness.map { .object([("term", .string($0.name)), ("bits", .number($0.bits))]) })),
      ("tensors", .object(classes.map { ($0.name, .integer($0.count)) })),
      ("provesNothing", .boolean(provesNothing)),
      ("coverage", .object([("excluded", .array(excluded.map { .string($0) }))])),
      ("warnings", .array(vacuousRanks.map { .string($0.description) })),
      ("parameters", .integer(certifiedParameters + frozenParameters)),
      ("certifiedParameters", .integer(certifiedParameters)),
      ("frozenParameters", .integer(frozenParameters)),
      (
        "retyped",
        .array(
          retyped.map {
            .object([("from", .string($0.from)), ("to", .string($0.to)), ("tensors", .integer($0.tensors))])
          })
      ),
      (
        "grown",
        .array(
          grown.map { .object([("name", .string($0.name)), ("from", .integer($0.from)), ("to", .integer($0.to))]) })
      ),
      ("rounded", .array(rounded.map(Self.roundedMember))),
      ("adapter", adapter.map(Self.adapterMember) ?? .null),
      ("precision", .array(precision.tensorsByFractionBits.map(Self.precisionMember))),
      ("code", code.map { .string($0) } ?? .null),
      ("proofBytes", .integer(proofBytes)),
      ("certificateBytes", .integer(certificateBytes)),
    ]
  }

  /// What the verdict is not to be mistaken for.
  func warn(_ console: Console) {
    for vacuous in vacuousRanks { console.remark("WARNING: \(vacuous)") }
  }

  /// Behind a verdict, where it is not about the base, or about nothing at all.
  var originMark: String { (parent == nil ? "" : ", RELATIVE TO A PARENT") + emptinessMark }

  /// Behind the verdict about a policy that leaves out every tensor.
  var emptinessMark: String { provesNothing ? ", BUT NOTHING IS PROVED: the policy covers no tensor" : "" }

  private var provesNothing: Bool { !excluded.isEmpty && classes.allSatisfy { $0.name == "excluded" || $0.count == 0 } }

  /// Lines with the figures that people want to see.
  /// - Parameter hasTerms: every term of the soundness error, not the least one alone.
  func lines(hasTerms: Bool) -> [String] {
    var lines = [
      "base identity     \(baseIdentity)",
      "tuned commitment  \(tunedCommitment)",
      "policy            \(Quoting.plain(policyName)) (\(policyDigest))",
    ]
    if let parent {
      lines += [
        "PARENT            \(parent)",
        "                  the drift starts from the parent's model, NOT FROM THE BASE; chain verify adds links up",
      ]
    }
    let counts = classes.filter { $0.count > 0 }.map { "\(Format.count($0.count)) \($0.name)" }
    lines += [
      "tensors           \(counts.isEmpty ? "none" : counts.joined(separator: ", "))",
      "parameters        \(Format.count(certifiedParameters)) certified, \(Format.count(frozenParameters)) frozen",
    ]
    if !excluded.isEmpty {
      lines.append("NOT COVERED       \(excluded.map(Quoting.plain).joined(separator: ", "))")
    }
    if let adapter { lines += Self.adapterLines(adapter) }
    if !retyped.isEmpty {
      let types = retyped.map { "\($0.from) to \($0.to) (\(Format.count($0.tensors, "tensor")))" }
      lines.append("types changed     \(types.joined(separator: ", ")); values are compared")
    }
    lines += grown.map {
      "MORE ROWS         \(Quoting.plain($0.name)): \(Format.count($0.from)) to \(Format.count($0.to)), counted as changes from zero"
    }
    lines += roundedLines
    if !precision.tensorsByFractionBits.isEmpty {
      let units = precision.tensorsByFractionBits.map { unit in
        "2^-\(unit.fractionBits) (\(Format.count(unit.tensors, "tensor")))"
      }
      lines.append("precision         \(units.joined(separator: ", "))")
    }
    lines.append("soundness         \(Self.bits(securityBits)) bits proven\(leastTerm(hasTerms))")
    if hasTerms {
      lines += soundness.map { term in
        let bits = Self.bits(term.bits)
        return "  " + String(repeating: " ", count: max(0, 6 - bits.count)) + "\(bits) bits  \(term.name)"
      }
    }
    if bands > 1 {
      lines.append("bands             \(bands): so many machines can share the hashing when it is checked")
    }
    lines.append("proof             \(Format.byteCount(proofBytes)), certificate \(Format.byteCount(certificateBytes))")
    return lines
  }

  /// What the figure is the least of.
  private func leastTerm(_ hasTerms: Bool) -> String {
    guard let least = soundness.min(by: { $0.bits < $1.bits }) else { return " (digests only)" }
    if hasTerms { return "; by term:" }
    return ", the least of \(Format.count(soundness.count, "term")): \(least.name)"
  }

  private var classes: [(name: String, count: Int)] {
    [
      ("frozen", tensors.frozen), ("norm", tensors.norm), ("rank", tensors.rank),
      ("kronecker", tensors.kronecker), ("circulant", tensors.circulant), ("sparse", tensors.sparse),
      ("entrywise", tensors.entrywise), ("pattern", tensors.pattern), ("composed", tensors.composed),
      ("excluded", tensors.excluded),
    ]
  }

  private static func precisionMember(_ entry: (fractionBits: Int, tensors: Int)) -> JSONOutput {
    .object([("fractionBits", .integer(entry.fractionBits)), ("tensors", .integer(entry.tensors))])
  }

  private static func adapterLines(_ adapter: AdapterSummary) -> [String] {
    var forms: [String] = []
    if adapter.kroneckerModules < adapter.modules {
      forms.append(
        adapter.smallestRank == adapter.largestRank
          ? "rank \(adapter.largestRank)" : "ranks \(adapter.smallestRank) to \(adapter.largestRank)")
    }
    if adapter.kroneckerModules > 0 { forms.append(Format.count(adapter.kroneckerModules, "Kronecker product")) }
    let ranks = forms.joined(separator: ", ")
    let excluded = adapter.excludedModules > 0 ? ", \(Format.count(adapter.excludedModules)) not covered" : ""
    let count = Format.count(adapter.modules, "module")
    var lines = ["adapter           \(count)\(adapter.modules > 0 ? ", \(ranks)" : "")\(excluded)"]
    if adapter.relativeError > 0 {
      lines.append(
        "                  an entry is within \(Format.number(adapter.relativeError, digits: 2)) of its row's norm + "
          + "\(Format.number(adapter.absoluteError, digits: 2)) of the adapter's product")
    }
    return lines
  }

  private static func adapterMember(_ adapter: AdapterSummary) -> JSONOutput {
    .object([
      ("modules", .integer(adapter.modules)),
      ("excludedModules", .integer(adapter.excludedModules)),
      ("kroneckerModules", .integer(adapter.kroneckerModules)),
      ("smallestRank", .integer(adapter.smallestRank)),
      ("largestRank", .integer(adapter.largestRank)),
      ("relativeError", .number(adapter.relativeError)),
      ("absoluteError", .number(adapter.absoluteError)),
    ])
  }

  /// Rounded down: a claim about security must not be rounded up.
  static func bits(_ value: Double) -> String {
    Format.number((value * 10).rounded(.down) / 10, digits: 6)
  }
}
