// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
@testable import DriftProofAuditBundle
import DriftProofCore
@testable import DriftProofEnclave
import Foundation
import TestSupport
import Testing

/// Reports of SEV-SNP, with chains of our own: RSA-PSS above, P-384 below, as AMD's.
@Suite(.enabled(if: QuoteFixture.isThere, "needs openssl"))
struct SNPTests {
  private let fixture: QuoteFixture
  private let root: QuoteCertificate
  private let middle: QuoteCertificate
  private let leaf: QuoteCertificate
  private let now = Int(Date().timeIntervalSince1970) + 60
  private let measurement = [UInt8](repeating: 9, count: 48)

  private static let chip = [UInt8](repeating: 0x5A, count: 64)

  private static func extensions(snp: Int = 21, chip: [UInt8]? = chip, product: String = "Milan-B0") -> String {
    let arc = "1.3.6.1.4.1.3704.1."
    func integer(_ value: Int) -> String {
      value < 128 ? "02:01:" + hex([UInt8(value)]) : "02:02:00:" + hex([UInt8(value)])
    }
    func hex(_ bytes: [UInt8]) -> String { bytes.map { [$0].hexadecimal }.joined(separator: ":") }
    var lines = [
      arc + "2=ASN1:IA5STRING:\(product)", arc + "3.1=DER:" + integer(4), arc + "3.2=DER:" + integer(0),
      arc + "3.3=DER:" + integer(snp), arc + "3.8=DER:" + integer(213),
    ]
    if let chip { lines.append(arc + "4=DER:" + hex(chip)) }
    return lines.joined(separator: "\n")
  }

  init() throws {
    fixture = try QuoteFixture()
    root = try fixture.certify("ark", isRSA: true, extensions: QuoteFixture.authority)
    middle = try fixture.certify("ask", by: "ark", isRSA: true, extensions: QuoteFixture.authority)
    leaf = try fixture.certify("vcek", by: "ask", extensions: Self.extensions())
  }

  private func report(by key: String = "vcek", _ change: (inout [UInt8]) -> Void = { _ in }) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: SNPReport.length)
    bytes[0] = 2
    // SMT allowed, and a bit that is always 1.
    bytes[0x00A] = 3
    bytes[0x034] = 1
    bytes.replaceSubrange(0x050..<0x070, with: QuoteFixture.binding.digest)
    bytes.replaceSubrange(0x070..<0x090, with: QuoteFixture.binding.commitment)
    bytes.replaceSubrange(0x090..<0x0C0, with: measurement)
    bytes.replaceSubrange(0x180..<0x188, with: [4, 0, 0, 0, 0, 0, 21, 213])
    bytes.replaceSubrange(0x1A0..<0x1E0, with: Self.chip)
    change(&bytes)
    let (r, s) = try fixture.sign(Array(bytes.prefix(0x2A0)), by: key)
    bytes.replaceSubrange(0x2A0..<0x2D0, with: r.reversed())
    bytes.replaceSubrange(0x2E8..<0x318, with: s.reversed())
    return bytes
  }

  private func verify(
    _ bytes: [UInt8], chain: [QuoteCertificate]? = nil, root other: QuoteCertificate? = nil, at time: Int? = nil,
    privilege: UInt32 = 0, measurement expected: [UInt8]? = nil
  ) -> QuoteRejection? {
    do throws(QuoteRejection) {
      try SNPReport(bytes).verify(
        chain: chain ?? [leaf, middle], root: other ?? root, at: time ?? now, measurement: expected ?? measurement,
        privilege: privilege, binding: QuoteFixture.binding)
      return nil
    } catch {
      return error
    }
  }

  @Test func anHonestReportIsVerified() throws {
    #expect(try verify(report()) == nil)
    // Newer reports say which processor it is; the order of what stands between does not matter.
    #expect(
      try verify(
        report {
          $0[0] = 3; $0[0x188] = 0x19
        }, chain: [leaf, root, middle]) == nil)
    #expect(try verify(report { $0[0x030] = 1 }, privilege: 1) == nil)
    // A key that a provider's machines share names no chip.
    let shared = try fixture.certify("vlek", by: "ask", extensions: Self.extensions(chip: nil))
    let bytes = try report(by: "vlek") { $0[0x048] = 1 << 2 }
    #expect(verify(bytes, chain: [shared, middle]) == nil)
    #expect(
      try verify(report(by: "vlek"), chain: [shared, middle]) == .certificate("it does not say which chip it is about"))
    // As PEM, in one file.
    let pem = [leaf, middle].map {
      "-----BEGIN CERTIFICATE-----\n\(Data($0.der).base64EncodedString(options: .lineLength64Characters))\n-----END CERTIFICATE-----\n"
    }.joined()
    #expect(try QuoteCertificate.all(in: Array(pem.utf8)).map(\.der) == [leaf.der, middle.der])
  }

  @Test func othersAreRefusedByName() throws {
    guard case .chain? = try verify(report(), root: middle, at: now) else { Issue.record("root"); return }
    guard case .chain? = try verify(report(), chain: [leaf]) else { Issue.record("gap"); return }
    for time in [now - 86_400, now + 4 * 86_400] {
      guard case .chain? = try verify(report(), at: time) else { Issue.record("time"); return }
    }
    #expect(try verify(report(), chain: []) == .certificate("the report's own is missing"))
    #expect(try verify(report { $0[0x00A] |= 8 }) == .debug)
    #expect(try verify(report { $0[0x030] = 2 }) == .privilege(found: 2, expected: 0))
    #expect(try verify(report { $0[0x186] = 22 }) == .firmware("SNP"))
    #expect(try verify(report { $0[0x187] = 85 }) == .firmware("microcode"))
    #expect(try verify(report { $0[0x1A0] = 1 }) == .otherChip)
    guard case .measurement? = try verify(report { $0[0x090] = 8 }) else { Issue.record("measurement"); return }
    guard case .binding? = try verify(report { $0[0x050] ^= 1 }) else { Issue.record("binding"); return }
    guard case .commitment? = try verify(report { $0[0x070] ^= 1 }) else { Issue.record("commitment"); return }
    // Made by somebody who has an honest certificate, and not its key.
    _ = try fixture.certify("thief", by: "ask", extensions: Self.extensions())
    #expect(try verify(report(by: "thief")) == .signature)
    #expect(
      try verify(
        report {
          $0[0] = 3; $0[0x188] = 0x1A
        }) == .unsupported("a processor of family 26, such as Turin,"))
    let turin = try fixture.certify("turin", by: "ask", extensions: Self.extensions(product: "Turin-B1"))
    #expect(try verify(report(by: "turin"), chain: [turin, middle]) == .unsupported("a processor of the kind Turin"))
    for (offset, value) in [(0, UInt8(9)), (0x034, 2), (0x048, 3 << 2)] {
      switch try verify(report { $0[offset] = value }) {
      case .malformed?, .unsupported?: continue
      case let other: Issue.record("\(offset): \(String(describing: other))")
      }
    }
  }

  @Test func noDamagedReportIsTaken() throws {
    let bytes = try report()
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<150 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      #expect(verify(damaged) != nil)
    }
    #expect(verify(Array(bytes.dropLast())) != nil && verify(bytes + [0]) != nil)
    // r and s in the other order; behind the signature, where nobody signs.
    var swapped = bytes
    swapped.replaceSubrange(0x2A0..<0x2E8, with: bytes[0x2E8..<0x330])
    swapped.replaceSubrange(0x2E8..<0x330, with: bytes[0x2A0..<0x2E8])
    #expect(verify(swapped) == .signature)
    for place in [0x2D0, 0x318, 0x330, 0x49F] {
      var longer = bytes
      longer[place] = 1
      #expect(verify(longer) == .malformed("there is something behind its signature"))
    }
  }

  // MARK: In bundles

  @Test func aBundleHasAReportAndItsCertificates() throws {
    let forge = try BundleForge(shift: 500_000)
    let binding = try forge.quoteBinding()
    let honest = try report {
      $0.replaceSubrange(0x050..<0x070, with: binding.digest)
      $0.replaceSubrange(0x070..<0x090, with: binding.commitment)
    }
    let pem = Self.pem([leaf, middle])
    let tar = try forge.bundle {
      $0.quote = honest
      $0.quoteChain = pem
    }
    let found = try #require(try BundleForge.verify(tar).quote)
    #expect(found.stated.kind == .snp)
    #expect(try found.verify(root: root, measurements: [measurement], at: now) == now)
    #expect(throws: QuoteRejection.self) { try found.verify(root: root, measurements: [measurement], at: 0) }
    #expect(throws: QuoteRejection.privilege(found: 0, expected: 1)) {
      try found.verify(root: root, measurements: [measurement], at: now, privilege: 1)
    }
    #expect(throws: BundleRejection.noQuoteChain) { try forge.bundle { $0.quote = honest } }
    // Bound to the test's own binding, which is no audit's.
    let other = try report()
    do {
      _ = try forge.bundle {
        $0.quote = other
        $0.quoteChain = pem
      }
      Issue.record("a report about something else was taken")
    } catch BundleRejection.quote(.binding) {}
    var files = try BundleArchive(tar: tar).files
    files[.quoteChain] = Self.pem([leaf, middle, root])
    BundleForge.fails(BundleArchive(files).tar) {
      if case .claim(path: "$.predicate.quote.chain.digest.sha256", _, _) = $0 { true } else { false }
    }
  }

  private static func pem(_ certificates: [QuoteCertificate]) -> [UInt8] {
    Array(
      certificates.map {
        "-----BEGIN CERTIFICATE-----\n\(Data($0.der).base64EncodedString(options: .lineLength64Characters))\n"
          + "-----END CERTIFICATE-----\n"
      }.joined().utf8)
  }
}
