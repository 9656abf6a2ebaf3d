// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
@testable import DriftProofAuditBundle
import DriftProofCore
@testable import DriftProofEnclave
import Foundation
import TestSupport
import Testing

/// Documents of Nitro enclaves, with chains of our own.
@Suite(.enabled(if: QuoteFixture.isThere, "needs openssl"))
struct NitroTests {
  private let fixture: QuoteFixture
  private let root: QuoteCertificate
  private let middle: QuoteCertificate
  private let leaf: QuoteCertificate
  private let now = UInt64(Date().timeIntervalSince1970) * 1000 + 60_000
  private let measurements = (1...3).map { [UInt8](repeating: UInt8($0), count: 48) }

  init() throws {
    fixture = try QuoteFixture()
    root = try fixture.certify("root", extensions: QuoteFixture.authority)
    middle = try fixture.certify("middle", by: "root", extensions: QuoteFixture.authority)
    leaf = try fixture.certify("leaf", by: "middle", extensions: "keyUsage=critical,digitalSignature")
  }

  private typealias Members = [(key: String, value: CBORValue)]

  private func members(_ change: (inout Members) -> Void = { _ in }) -> Members {
    var members: Members = [
      ("module_id", .text("i-0123-enc0123")), ("digest", .text("SHA384")), ("timestamp", .unsigned(now)),
      (
        "pcrs",
        .map(measurements.enumerated().map { .init(key: .unsigned(UInt64($0.offset)), value: .bytes($0.element)) })
      ), ("certificate", .bytes(leaf.der)), ("cabundle", .array([.bytes(root.der), .bytes(middle.der)])),
      ("public_key", .null), ("user_data", .bytes(QuoteFixture.binding.digest)),
      ("nonce", .bytes(QuoteFixture.binding.commitment)),
    ]
    change(&members)
    return members
  }

  private func document(_ members: Members, by key: String = "leaf", isTagged: Bool = false) throws -> [UInt8] {
    let protected = CBOR.encode(.map([.init(key: .unsigned(1), value: .negative(34))]))
    let payload = CBOR.encode(.map(members.map { .init(key: .text($0.key), value: $0.value) }))
    let signed = CBOR.encode(.array([.text("Signature1"), .bytes(protected), .bytes([]), .bytes(payload)]))
    let (r, s) = try fixture.sign(signed, by: key)
    let message = CBORValue.array([.bytes(protected), .map([]), .bytes(payload), .bytes(r + s)])
    return CBOR.encode(isTagged ? .tag18(message) : message)
  }

  private func verify(
    _ bytes: [UInt8], root other: QuoteCertificate? = nil, measurements expected: [[UInt8]]? = nil,
    binding: QuoteBinding = QuoteFixture.binding
  ) -> QuoteRejection? {
    do throws(QuoteRejection) {
      try NitroQuote(bytes).verify(root: other ?? root, measurements: expected ?? measurements, binding: binding)
      return nil
    } catch {
      return error
    }
  }

  private func replaced(_ key: String, _ value: CBORValue) -> Members {
    members { members in members = members.map { $0.key == key ? (key, value) : $0 } }
  }

  @Test func anHonestDocumentIsVerified() throws {
    #expect(try verify(document(members())) == nil)
    #expect(try verify(document(members(), isTagged: true)) == nil)
    // Real ones leave optional fields out, or have null.
    #expect(try verify(document(members { $0.removeAll { $0.key == "public_key" } })) == nil)
    // Fewer registers may matter.
    #expect(try verify(document(members()), measurements: [measurements[0]]) == nil)
  }

  @Test func othersAreRefusedByName() throws {
    let stranger = try fixture.certify("stranger", extensions: QuoteFixture.authority)
    guard case .chain? = try verify(document(members()), root: stranger) else { Issue.record("root"); return }
    // A leaf that a stranger signed, his root in the bundle.
    _ = try fixture.certify("forged", by: "stranger", extensions: "keyUsage=critical,digitalSignature")
    let forged = try QuoteCertificate(der: fixture.bytes("forged.der"))
    let bundle = members {
      $0 = $0.map { $0.key == "certificate" ? ($0.key, .bytes(forged.der)) : $0 }
      $0 = $0.map { $0.key == "cabundle" ? ($0.key, .array([.bytes(stranger.der)])) : $0 }
    }
    guard case .chain? = try verify(document(bundle, by: "forged")) else { Issue.record("forged"); return }
    // A leaf that signs for another one: it is no authority.
    _ = try fixture.certify("below", by: "leaf", extensions: "keyUsage=critical,digitalSignature")
    let below = try QuoteCertificate(der: fixture.bytes("below.der"))
    let grown = members {
      $0 = $0.map { $0.key == "certificate" ? ($0.key, .bytes(below.der)) : $0 }
      $0 = $0.map {
        $0.key == "cabundle" ? ($0.key, .array([.bytes(root.der), .bytes(middle.der), .bytes(leaf.der)])) : $0
      }
    }
    guard case .chain? = try verify(document(grown, by: "below")) else { Issue.record("below"); return }
    // Before and after the leaf's life.
    for time in [now - 86_400_000, now + 4 * 86_400_000] {
      guard case .chain? = try verify(document(replaced("timestamp", .unsigned(time)))) else {
        Issue.record("time"); return
      }
    }
    #expect(try verify(document(members(), by: "middle")) == .signature)
    let zero = [UInt8](repeating: 0, count: 48)
    let debug = CBORValue.map((0..<3).map { .init(key: .unsigned($0), value: .bytes(zero)) })
    #expect(try verify(document(replaced("pcrs", debug)), measurements: [zero, zero, zero]) == .debug)
    guard
      case .measurement(name: "PCR1", stated: _, expected: _)? = try verify(
        document(members()), measurements: [measurements[0], zero])
    else { Issue.record("measurement"); return }
    guard case .binding? = try verify(document(replaced("user_data", .bytes(zero)))) else { Issue.record("B"); return }
    guard case .binding? = try verify(document(replaced("user_data", .null))) else { Issue.record("none"); return }
    guard case .commitment? = try verify(document(replaced("nonce", .bytes([1])))) else { Issue.record("c"); return }
    let server = QuoteBinding(
      planDigest: QuoteFixture.binding.planDigest, modelDigest: nil, commitment: QuoteFixture.binding.commitment,
      party: .server(key: [UInt8](repeating: 3, count: 32)))
    guard case .binding? = try verify(document(members()), binding: server) else { Issue.record("party"); return }
    // Cross certificates of AWS, of keys of another curve, sign nothing here.
    for (key, value) in [
      ("digest", CBORValue.text("SHA256")), ("pcrs", .map([])), ("certificate", .bytes([1, 2])),
      ("cabundle", .array([])), ("module_id", .text("")), ("timestamp", .unsigned(1)), ("nonce", .unsigned(1)),
    ] {
      let found = try verify(document(replaced(key, value)))
      switch found {
      case .malformed?, .certificate?: continue
      default: Issue.record("\(key): \(String(describing: found))")
      }
    }
  }

  /// Any flipped bit is refused, and none traps.
  @Test func noDamagedDocumentIsTaken() throws {
    let bytes = try document(members())
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<150 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      #expect(verify(damaged) != nil)
    }
    for count in [0, 1, 5, bytes.count - 1] { #expect(verify(Array(bytes.prefix(count))) != nil) }
    #expect(verify(bytes + [0]) == .malformed("something stands behind its end"))
    // The two halves of the signature in the other order.
    let halves = bytes.suffix(96)
    #expect(verify(bytes.dropLast(96) + halves.suffix(48) + halves.prefix(48)) == .signature)
  }

  // MARK: In bundles

  @Test func aBundleHasADocument() throws {
    let forge = try BundleForge(shift: 500_000)
    func quote(_ binding: QuoteBinding) throws -> [UInt8] {
      var bound = members().filter { $0.key != "user_data" && $0.key != "nonce" }
      bound.append((key: "user_data", value: .bytes(binding.digest)))
      bound.append((key: "nonce", value: .bytes(binding.commitment)))
      return try document(bound)
    }
    let honest = try quote(try forge.quoteBinding())
    for withheld in [false, true] {
      let tar = try forge.bundle(withheld: withheld) { $0.quote = honest }
      let found = try #require(try BundleForge.verify(tar).quote)
      #expect(found.stated.kind == .nitro && found.stated.digest == SHA256.hash(honest).hexadecimal)
      #expect(try found.verify(root: root, measurements: measurements, at: 0) == Int(now / 1000))
      #expect(throws: QuoteRejection.self) { try found.verify(root: leaf, measurements: measurements, at: 0) }
      do throws(QuoteRejection) {
        _ = try found.verify(root: root, measurements: [measurements[1]], at: 0)
        Issue.record("another measurement was accepted")
      } catch {
        #expect(error.isMismatch)
      }
      // Another document of the same content, and none: neither was signed.
      var files = try BundleArchive(tar: tar).files
      files[.quote] = try quote(try forge.quoteBinding())
      BundleForge.fails(BundleArchive(files).tar) {
        if case .claim(path: "$.predicate.quote.digest.sha256", _, _) = $0 { true } else { false }
      }
      files[.quote] = nil
      BundleForge.fails(BundleArchive(files).tar) { if case .claim = $0 { true } else { false } }
      files[.quoteChain] = root.der
      BundleForge.fails(BundleArchive(files).tar) { $0 == .unexpectedFile(.quoteChain) }
    }
    // About another transcript, or another key's plan; with certificates that it has itself; no quote at all.
    let binding = try forge.quoteBinding()
    let zeros = [UInt8](repeating: 0, count: 32)
    let others = [
      QuoteBinding(
        planDigest: binding.planDigest, modelDigest: nil, commitment: binding.commitment,
        party: .client(transcriptRoot: zeros)),
      QuoteBinding(planDigest: binding.planDigest, modelDigest: nil, commitment: zeros, party: binding.party),
    ]
    for other in others {
      let bytes = try quote(other)
      do {
        _ = try forge.bundle { $0.quote = bytes }
        Issue.record("a document about something else was taken")
      } catch BundleRejection.quote(let error) {
        #expect(error.isMismatch)
      }
    }
    #expect(throws: BundleRejection.unexpectedFile(.quoteChain)) {
      try forge.bundle {
        $0.quote = honest
        $0.quoteChain = root.der
      }
    }
    #expect(throws: BundleRejection.self) { try forge.bundle { $0.quote = [0x84] } }
  }
}

/// One encoding of every value, and bounds.
struct CBORTests {
  @Test func valuesAreReadBack() throws {
    let value = CBORValue.tag18(
      .array([
        .unsigned(0), .unsigned(23), .unsigned(24), .unsigned(0xFFFF), .unsigned(.max), .negative(34), .null,
        .bytes([UInt8](repeating: 7, count: 300)), .text("né"), .map([.init(key: .text("a"), value: .array([]))]),
      ]))
    #expect(try CBOR.parse(CBOR.encode(value)) == value)
  }

  @Test(
    arguments: [
      [], [0x18], [0x18, 0x17], [0x19, 0x00, 0xFF], [0x1B, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [0x5F, 0x41, 0, 0xFF],
      [0x9F, 0xFF], [0xF4], [0xF7], [0xFB, 0, 0, 0, 0, 0, 0, 0, 0], [0xC1, 0], [0x62, 0xC3, 0x28],
      [0xA2, 0x01, 0x00, 0x01, 0x00], [0xA1, 0x41, 0, 0], [0x9B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
      [0xBB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
      [0x81, 0x81, 0x81, 0x81, 0x81, 0x00], [0x00, 0x00], [0x1C], [0xD2],
    ] as [[UInt8]]) func othersAreRefused(_ bytes: [UInt8])
  {
    #expect(throws: QuoteRejection.self) { try CBOR.parse(bytes) }
  }

  /// What is read has this one encoding; no bytes trap.
  @Test func randomBytesHaveOneForm() throws {
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
        // Mostly heads of small values, so that some are well-formed.
        UInt8.random(in: 0...255, using: &generator) & (Bool.random(using: &generator) ? 0xFF : 0xE3)
      }
      if let value = try? CBOR.parse(bytes) { #expect(CBOR.encode(value) == bytes) }
    }
    #expect(throws: QuoteRejection.self) { try CBOR.parse([UInt8](repeating: 0, count: CBOR.maximumBytes + 1)) }
  }
}
