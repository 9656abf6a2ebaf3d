// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
import DriftProofCore
import Testing
import DriftProofTranscript

/// Lists of withdrawn certificates.
@Suite struct RevocationTests {
  static let date = "2026-03-01T12:30:00Z"

  static func list(_ entries: String...) -> String {
    "{\"driftRevocations\": 1, \"revoked\": [\(entries.joined(separator: ", "))]}"
  }

  static func entry(_ key: String, _ hex: String) -> String {
    "{\"\(key)\": \"\(hex)\", \"reason\": \"the data was withdrawn\", \"date\": \"\(date)\"}"
  }

  @Test func aRevokedLinkTakesItsDescendants() throws {
    let fixture = try ChainFixture.shared.get()
    let inputs = try ["first", "second", "third", "fork"].map { try fixture.input($0) }
    let commitment = try fixture.commitment("second").hexadecimal
    let report = try fixture.verify(inputs, revoked: Self.list(Self.entry("commitment", commitment)))
    let rejections = fixture.rejections(report)
    guard case .revoked(let entry) = rejections["second"] else {
      Issue.record("\(rejections)")
      return
    }
    #expect(entry.subject == .commitment(commitment) && entry.reason == "the data was withdrawn")
    #expect(rejections["second"]?.exitCode == 15 && rejections["second"]?.description.contains(Self.date) == true)
    #expect(rejections["third"] == .ancestor("second", because: .revoked(entry)) && rejections.count == 2)
    #expect(report.failure?.rejection?.exitCode == 15 && report.revocations == 1)
    // An empty list, and one about others.
    #expect(try fixture.verify(inputs, revoked: Self.list()).isVerified)
    let other = Self.entry("certificate", String(repeating: "ab", count: 32))
    #expect(try fixture.verify(inputs, revoked: Self.list(other)).isVerified)
  }

  /// A certificate's digest withdraws that file, not another proof of the same commitment; the commitment withdraws both.
  @Test func byFileAndByModel() throws {
    let fixture = try ChainFixture.shared.get()
    let digest = SHA256.hash(try #require(fixture.certificates["first"])).hexadecimal
    let byFile = Self.list(Self.entry("certificate", digest))
    for (name, isRevoked) in [("first", true), ("loose", false)] {
      let report = try fixture.verify([fixture.input(name), fixture.input("second")], revoked: byFile)
      #expect(report.isVerified == !isRevoked)
      #expect(fixture.rejections(report)["second"]?.exitCode == (isRevoked ? 15 : nil))
    }
    let byModel = Self.list(Self.entry("commitment", try fixture.commitment("first").hexadecimal))
    for name in ["first", "loose"] {
      let report = try fixture.verify([fixture.input(name)], revoked: byModel)
      #expect(fixture.rejections(report)[name]?.exitCode == 15)
    }
  }

  @Test func otherListsAreErrors() throws {
    let hex = String(repeating: "0", count: 64)
    let good = Self.entry("commitment", hex)
    #expect(try RevocationList(file: Array(Self.list(good).utf8)).entries.count == 1)
    for (text, place) in [
      ("", "byte 0"), ("[]", "$: "), ("{\"driftRevocations\": 1}", "$.revoked"),
      ("{\"revoked\": []}", "$.driftRevocations"),
      (Self.list().replacing(": 1,", with: ": 2,"), "$.driftRevocations"),
      (Self.list(good, good), "$.revoked[1]"),
      (Self.list(good.replacing("commitment", with: "model")), "$.revoked[0].model"),
      (Self.list(good.replacing("\"commitment\": \"\(hex)\", ", with: "")), "$.revoked[0]"),
      (
        Self.list(good.replacing("\"reason\"", with: "\"certificate\": \"\(hex)\", \"reason\"")), "$.revoked[0]"
      ),
      (Self.list(Self.entry("commitment", String(hex.dropLast()))), "$.revoked[0].commitment"),
      (Self.list(Self.entry("certificate", hex.replacing("0", with: "A"))), "$.revoked[0].certificate"),
      (Self.list(good.replacing(Self.date, with: "yesterday")), "$.revoked[0].date"),
      (Self.list(good.replacing("the data was withdrawn", with: "")), "$.revoked[0].reason"),
      (
        Self.list(good.replacing("the data", with: String(repeating: "x", count: 5000))), "$.revoked[0].reason"
      ),
      (Self.list(good.replacing("\"reason\"", with: "\"date\"")), "byte"),
      (Self.list(good) + "x", "byte"),
    ] {
      let error = #expect(throws: DriftProofError.self, "\(text)") { try RevocationList(file: Array(text.utf8)) }
      #expect(error?.exitCode == 1 && error?.description.contains(place) == true, "\(text): \(error as Any)")
    }
  }

  /// Damaged lists are lists or errors; none traps.
  @Test func damagedLists() throws {
    let hex = String(repeating: "12", count: 32)
    let good = Array(Self.list(Self.entry("commitment", hex), Self.entry("certificate", hex)).utf8)
    try Mutation.run("revocations", count: 3000, debug: 600) { seed, generator in
      let bytes = Mutation.json(good, &generator)
      do throws(DriftProofError) {
        let list = try RevocationList(file: bytes)
        #expect(list.entries.allSatisfy { !$0.reason.isEmpty }, "revocations seed \(seed)")
      } catch {
        #expect(error.exitCode == 1 && !error.description.isEmpty, "revocations seed \(seed)")
      }
    }
  }
}
