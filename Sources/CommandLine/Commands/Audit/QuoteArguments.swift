// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditBundle
import DriftProofCore
import DriftProofEnclave
import Foundation

/// What verifies a quote, wherever one is given.
extension ParsedArguments {
  /// `--measurement`, as often as it is given.
  func measurements() throws(CommandFailure) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for text in lists["measurement"] ?? [] {
      guard let bytes = [UInt8](hexadecimal: text), bytes.count == 48 else {
        throw usage("--measurement \(Quoting.shown(text)) is not 48 bytes in lower-case hexadecimal")
      }
      found.append(bytes)
    }
    return found
  }

  func certificates(_ option: String) throws(CommandFailure) -> [QuoteCertificate] {
    let path = try required(option)
    let bytes = try Self.readFile(at: path, limit: FileLimits.policy)
    do throws(QuoteRejection) {
      return try QuoteCertificate.all(in: bytes)
    } catch {
      throw CommandFailure(.operational, "\(path): \(error)")
    }
  }

  /// `--at`; nil where it is not given.
  func moment() throws(CommandFailure) -> Int? {
    guard let text = values["at"] else { return nil }
    guard let seconds = Self.seconds(text) else {
      throw usage("--at is \(Quoting.shown(text)), expected a time such as 2026-03-01T12:30:00Z")
    }
    return seconds
  }

  static func seconds(_ text: String) -> Int? {
    guard Timestamp(text) != nil, let date = ISO8601DateFormatter().date(from: text) else { return nil }
    return Int(date.timeIntervalSince1970)
  }

  /// Options of `audit verify` about the quote in a bundle.
  static let quoteOptions: [CommandDescription.Option] = [
    .optional("trust-root", "ROOT.pem", "verify the bundle's quote: its maker's root certificate, in PEM or DER"),
    .repeatable(
      "measurement", "HEX", "with --trust-root: 48 bytes that the enclave must have, as audit quote takes them"),
    .optional("at", "TIME", "with --trust-root, of SEV-SNP: when its certificates must be valid (the audit's end)"),
    .optional("vmpl", "N", "with --trust-root, of SEV-SNP: the privilege level of the software that asked (0)"),
  ]

  /// Checks the quote of a bundle, if it is to be checked.
  func checkedQuote(_ report: BundleReport) throws(CommandFailure) -> CheckedQuote? {
    guard values["trust-root"] != nil else {
      guard lists["measurement"] == nil, values["at"] == nil, values["vmpl"] == nil else {
        throw usage("--measurement, --at and --vmpl go with --trust-root")
      }
      return nil
    }
    let roots = try certificates("trust-root")
    guard roots.count == 1, let root = roots.first else { throw usage("--trust-root takes one certificate") }
    let measurements = try measurements()
    guard !measurements.isEmpty else {
      throw usage("--measurement is missing: a quote of any software says nothing")
    }
    guard let quote = report.quote else {
      throw CommandFailure(.identityMismatch, "the bundle has no quote")
    }
    switch quote.stated.kind {
    case .nitro:
      guard values["at"] == nil, values["vmpl"] == nil else {
        throw usage("--at and --vmpl are for SEV-SNP: a Nitro document has its own time")
      }
    case .snp: guard measurements.count == 1 else { throw usage("--measurement is one of SEV-SNP") }
    }
    let moment = try moment() ?? Self.seconds(report.statement.finishedAt) ?? 0
    let level = try number("vmpl", in: 0...3, default: 0)
    do throws(QuoteRejection) {
      let judged = try quote.verify(
        root: root, measurements: measurements, at: moment, privilege: UInt32(level))
      return CheckedQuote(root: root.fingerprint.hexadecimal, asOf: Timestamp(secondsSince1970: judged).text)
    } catch {
      throw CommandFailure(
        error.isMismatch ? .identityMismatch : .proofInvalid, "the bundle's quote is rejected: \(error)")
    }
  }
}

/// A quote that was verified: to whose root, and for when.
struct CheckedQuote {
  let root: String
  /// As in RFC 3339.
  let asOf: String
}
