// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `driftproof report` as a program.
@Suite(.serialized)
struct ReportTests {
  private static let pinned = Repository.fixture("pinned-v2")

  private static func path(_ file: String, of name: String = "classes") -> String {
    pinned.appendingPathComponent(name).appendingPathComponent(file).path
  }

  private static let certificate = path("tuned.drift")
  private static let identity = ["--base-identity", path("base.identity.json")]

  private func page(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func writesAPageAndSaysTheVerdict() throws {
    let folder = try TemporaryFolder()
    let out = folder.file("report.html")
    let run = try Tool.run(
      ["report", Self.certificate] + Self.identity + ["--policy", Self.path("policy.json"), "--out", out])
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.hasPrefix("tuned.drift  Verified\n") && run.output.contains(out))
    let html = try page(out)
    #expect(html.hasPrefix("<!DOCTYPE html>") && html.contains("--policy policy.json"))
    // A page goes to others: it names files, not where they lie.
    #expect(!html.contains(Self.pinned.path) && !html.contains(folder.path))
  }

  @Test func jsonHasAllOfIt() throws {
    let folder = try TemporaryFolder()
    let run = try Tool.run(
      ["report", Self.certificate] + Self.identity + [
        "--base", Self.path("base.safetensors"), "--tuned", Self.path("tuned.safetensors"), "-o", folder.file("r.html"),
        "--json",
      ])
    #expect(run.exitCode == 0 && run.errors.contains("publishes"), "\(run.errors)")
    let json = try run.json()
    #expect(json["verified"] as? Bool == true && json["exitCode"] as? Int == 0)
    let html = try page(folder.file("r.html"))
    #expect(json["bytes"] as? Int == html.utf8.count)
    let entry = try #require((json["certificates"] as? [[String: Any]])?.first)
    #expect(entry["policySource"] as? String == "embedded" && entry["verdict"] as? String == "Verified")
    #expect((entry["tensors"] as? [[String: Any]])?.count == 10)
    let coverage = try #require(entry["coverage"] as? [String: [String: Int]])
    #expect(
      coverage["excluded"] == ["tensors": 1, "parameters": 1]
        && coverage["identical"] == ["tensors": 1, "parameters": 15])
    let measured = try #require(entry["measured"] as? [String: Any])
    #expect((measured["doubts"] as? [String])?.isEmpty == true)
    #expect((measured["singularValues"] as? [[String: Any]])?.count == 7)
    let inspection = try #require(measured["inspection"] as? [String: Any])
    #expect((inspection["tensors"] as? [[String: Any]])?.count == 10)
  }

  /// A failing certificate is on the page, and gives its exit code; others are verified all the same.
  @Test func failuresArePagesWithVerifysExitCode() throws {
    let folder = try TemporaryFolder()
    let (damaged, out) = (folder.file("damaged.drift"), folder.file("report.html"))
    var bytes = try Data(contentsOf: URL(fileURLWithPath: Self.certificate))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: damaged))
    let other = Self.path("tuned.drift", of: "norm")
    for (certificates, code, title) in [
      ([damaged], 11, "Not verified: invalid"), ([other], 12, "Not verified: another base"),
      ([Self.certificate, other, damaged], 12, "1 of 3 certificates verified"),
      ([Self.certificate, damaged, other], 11, "1 of 3 certificates verified"),
    ] {
      let run = try Tool.run(["report"] + certificates + Self.identity + ["--out", out, "--json"])
      #expect(Int(run.exitCode) == code && run.errors.contains("error:"), "\(run.errors)")
      let json = try run.json()
      #expect(json["verified"] as? Bool == false && json["exitCode"] as? Int == code)
      #expect((json["reason"] as? String)?.isEmpty == false)
      #expect((json["certificates"] as? [Any])?.count == certificates.count)
      #expect(try page(out).contains(title))
    }
    // Another policy than the certificate's.
    let policy = try Tool.run(
      ["report", Self.certificate] + Self.identity + ["--policy", Self.path("policy.json", of: "norm"), "--out", out])
    #expect(policy.exitCode == 12)
    #expect(try page(out).contains("Not verified: another policy"))
    // Weights are not measured for a certificate that is not verified.
    let weights = ["--base", Self.path("base.safetensors"), "--tuned", Self.path("tuned.safetensors")]
    let run = try Tool.run(["report", damaged] + Self.identity + weights + ["--out", out, "--json"])
    #expect(run.exitCode == 11 && run.errors.contains("not measured"))
    #expect(try !page(out).contains("Measured from"))
  }

  @Test func doubtfulWeightsAreWarnedOf() throws {
    let folder = try TemporaryFolder()
    let run = try Tool.run(
      ["report", Self.certificate] + Self.identity + [
        "--base", Self.path("tuned.safetensors"), "--tuned", Self.path("base.safetensors"), "-o", folder.file("r.html"),
      ])
    #expect(run.exitCode == 0 && run.errors.contains("WARNING: The base checkpoint is another"))
    #expect(try page(folder.file("r.html")).contains("These are not the certificate&#39;s models"))
  }

  @Test func wrongCommandLinesAreRefused() throws {
    let folder = try TemporaryFolder()
    let out = ["--out", folder.file("r.html")]
    for (arguments, words) in [
      (Self.identity + out, "CERT is missing"), ([Self.certificate] + out, "--base-identity"),
      ([Self.certificate] + Self.identity, "--out"),
      ([Self.certificate] + Self.identity + out + ["--base", "x"], "go together"),
      ([Self.certificate] + Self.identity + out + ["--tuned", "x"], "go together"),
      ([Self.certificate, Self.certificate] + Self.identity + out + ["--base", "x", "--tuned", "x"], "a single CERT"),
      ([Self.certificate, ""] + Self.identity + out, "CERT is empty"),
    ] {
      let run = try Tool.run(["report"] + arguments)
      #expect(run.exitCode == 2 && run.errors.contains(words), "\(arguments): \(run.errors)")
    }
    // Nothing is written unless a page is; the place is looked at before the work.
    for arguments in [
      [folder.file("none.drift")] + Self.identity + out, [Self.certificate, "--base-identity", Self.certificate] + out,
      [Self.certificate] + Self.identity + ["--policy", Self.certificate] + out,
      [Self.certificate] + Self.identity + ["--out", folder.file("none/r.html")],
    ] {
      let run = try Tool.run(["report"] + arguments)
      #expect(run.exitCode == 1 && !run.errors.isEmpty, "\(arguments): \(run.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    #expect(try Tool.run("report", "--help").output.contains("report CERT ... [--base-identity FILE]"))
  }
}
