// SPDX-License-Identifier: Apache-2.0

/// `driftproof(1)` in the man(7) macros.
enum ManualPage {
  static func render(_ commands: [CommandDescription], version: String) -> String {
    var lines = [
      ".TH DRIFTPROOF 1 \"\" \"driftproof \(text(version))\" \"User Commands\"",
      ".SH NAME", "driftproof \\- prove that a fine-tuned network differs from its base only as a policy allows",
      ".SH SYNOPSIS", ".B driftproof", ".I COMMAND ARGUMENTS", ".RI ...", ".SH DESCRIPTION",
      text(
        "driftproof makes and verifies certificates, in zero knowledge, that a fine-tuned network differs from its base "
          + "only as a policy allows. The prover holds both checkpoints. The verifier needs the base's public identity, "
          + "the policy and the certificate, and no weights."),
      ".SH OPTIONS", "Every command takes these.",
    ]
    lines += CommandDescription.commonOptions.flatMap(option)
    lines += [".TP", ".B \\-\\-version", "print the version", ".SH COMMANDS"]
    for command in commands { lines += section(command) }
    lines.append(".SH EXIT STATUS")
    for code in ExitCode.allCases { lines += [".TP", ".B \(code.rawValue)", text(code.meaning)] }
    lines += [
      ".SH ENVIRONMENT", ".TP", ".B NO_COLOR", "no colours, also on a terminal", ".TP", ".B DRIFTPROOF_KERNELS",
      text("portable: use the kernels in Swift instead of the vector code in C"), ".TP", ".B DRIFTPROOF_OPENBLAS",
      text("the path of the OpenBLAS with which ranks are fitted, instead of the system's; none: do without it"),
    ]
    lines += examples
    lines += [".SH SEE ALSO", ".BR openssl (1)"]
    return lines.joined(separator: "\n") + "\n"
  }

  private static let examples: [String] =
    [".SH EXAMPLES"]
    + [
      ("Describe a base, once:", "driftproof identify base -o base.identity.json"),
      (
        "Certify a fine-tune:",
        "driftproof prove --base base --tuned tuned --policy policy.json --out tuned.drift --opening tuned.opening.secret"
      ),
      (
        "Verify it without weights:",
        "driftproof verify tuned.drift --base-identity base.identity.json --policy policy.json"
      ),
      ("Sign a statement about it:", "driftproof attest tuned.drift --key key.pem --tuned tuned -o tuned.intoto.jsonl"),
    ].flatMap { [".PP", text($0.0), ".PP", ".RS", ".nf", text($0.1), ".fi", ".RE"] }

  private static func section(_ command: CommandDescription) -> [String] {
    var lines = [".SS \(text(command.name))", text(command.summary), ".PP", ".B \(text(command.usage))"]
    for paragraph in command.details { lines += [".PP", text(paragraph)] }
    for positional in command.positionals { lines += [".TP", ".I \(text(positional.name))", text(positional.help)] }
    return lines + command.ownOptions.filter { !$0.isHidden }.flatMap(option)
  }

  private static func option(_ option: CommandDescription.Option) -> [String] {
    let short = option.short.map { "\\-\($0), " } ?? ""
    let value = option.value.map { " \\fI\(text($0))\\fR" } ?? ""
    return [".TP", "\\fB\(short)\(text(option.spelling))\\fR\(value)", text(option.help)]
  }

  /// Hyphens that can be copied, backslashes that mean nothing, and no dot or apostrophe that begins a request.
  private static func text(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      default: result.append(character)
      }
    }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }
}
