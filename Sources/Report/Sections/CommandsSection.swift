// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts

/// How a reader repeats what this page says.
struct CommandsSection {
  let report: CertificateReport
  let files: ReportFileNames

  private var certificate: String { Self.quoted(report.fileName) }

  /// A link is verified with all that leads to it.
  private var verb: String {
    guard let link = report.link else { return "verify \(certificate)" }
    return "chain verify " + link.path.map(Self.quoted).joined(separator: " ")
  }

  var markup: Markup {
    .group([
      tag("p") {
        "Do not trust this page: anybody can write one. With the program driftproof, the certificate, the base's identity "
        "and the policy, the following repeats its verdict in less than a second."
      },
      tag("ol") {
        tag("li") {
          "Compute the base's identity from files that you trust; its first line must be the base identity above."
          command("driftproof identify BASE -o \(Self.quoted(files.identity))")
        }
        tag("li") {
          files.policy == nil
            ? "Verify with the policy that you want to hold, as POLICY.json. To accept the one inside the certificate, make this page again."
            : "Verify with the policy that you want to hold."
          command(
            "driftproof \(verb) --base-identity \(Self.quoted(files.identity)) "
              + "--policy \(files.policy.map(Self.quoted) ?? "POLICY.json")"
              + (files.transition.map {
                " --tuned-tableau \(Self.quoted($0.tableau)) --transition \(Self.quoted($0.transition))"
              } ?? ""))
        }
        tag("li") {
          "If you hold both models and the secret opening: check that the certificate is about these files."
          command(
            report.link == nil
              ? "driftproof check \(certificate) --base BASE --tuned TUNED --opening OPENING.secret"
              : "driftproof check \(certificate) --base PARENT --tuned TUNED --opening OPENING.secret "
                + "--identity \(Self.quoted(files.identity))")
        }
      },
    ])
  }

  private func command(_ line: String) -> Markup { tag("pre") { tag("code") { line } } }

  /// For a shell: as it is where nothing in it means anything, else in single quotes. A name that begins with a dash
  /// is not taken for an option.
  static func quoted(_ name: String) -> String {
    let path = name.hasPrefix("-") ? "./" + name : name
    let isPlain = path.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F: true
      default: false
      }
    }
    return isPlain && !path.isEmpty
      ? path : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
