// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
import DriftProofCore
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

struct KeyTests {
  private static let message = Array("a message".utf8)

  /// The key ids are what securesystemslib gives for the same files.
  @Test(arguments: [
    ("ed25519", "946bbfb4fd58b1aeac3ddb00f68fd8c8dea7e9a84e6c149b1c10b36b707c38fd"),
    ("p256", "e04b374c6365cae2cfff9aad48d3f09cb47e6577ea8551f83f42484f1281e171"),
  ])
  func readsKeyFiles(_ name: String, _ keyID: String) throws {
    let key = try AttestationFixture.signingKey(name)
    let publicKey = try AttestationFixture.publicKey(name)
    #expect(key.publicKey == publicKey && publicKey.keyID == keyID)
    #expect(Array(publicKey.pem.utf8) == (try AttestationFixture.file("\(name).pub.pem")))
    let signature = try key.sign(Self.message)
    #expect(publicKey.verifies(signature, of: Self.message))
    #expect(!publicKey.verifies(signature, of: Self.message + [0]))
  }

  /// RFC 8032, section 7.1, test 2.
  @Test func agreesWithRFC8032() throws {
    let bytes = try #require([UInt8](hexadecimal: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))
    let signature = try #require(
      [UInt8](
        hexadecimal: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
          + "387b2eaeb4302aeeb00d291612bb0c00"))
    #expect(try PublicKey(scheme: .ed25519, bytes: bytes).verifies(signature, of: [0x72]))
  }

  /// Every other byte string of a signature's size, and some of other sizes.
  @Test(arguments: AttestationFixture.keyNames)
  func refusesChangedSignatures(_ name: String) throws {
    let key = try AttestationFixture.signingKey(name)
    let signature = try key.sign(Self.message)
    for index in signature.indices {
      for bit in 0..<8 {
        var changed = signature
        changed[index] ^= 1 << bit
        #expect(!key.publicKey.verifies(changed, of: Self.message))
      }
    }
    for count in signature.indices {
      #expect(!key.publicKey.verifies(Array(signature.prefix(count)), of: Self.message))
    }
    #expect(!key.publicKey.verifies(signature + [0], of: Self.message))
    #expect(!key.publicKey.verifies([UInt8](repeating: 0, count: 1 << 20), of: Self.message))
  }

  @Test func onesKeyIsNotAnothers() throws {
    let (first, second) = (try AttestationFixture.signingKey("ed25519"), try AttestationFixture.signingKey("p256"))
    #expect(!first.publicKey.verifies(try second.sign(Self.message), of: Self.message))
    #expect(!second.publicKey.verifies(try first.sign(Self.message), of: Self.message))
  }

  @Test(arguments: [
    ("rejected/rsa.pem", KeyError.unsupportedAlgorithm), ("rejected/p384.pem", .unsupportedAlgorithm),
    ("rejected/x25519.pem", .unsupportedAlgorithm), ("rejected/encrypted.pem", .encrypted),
    ("rejected/sec1.pem", .wrongLabel(found: "EC PRIVATE KEY", expected: "PRIVATE KEY")),
    ("p256.pub.pem", .wrongLabel(found: "PUBLIC KEY", expected: "PRIVATE KEY")),
    ("securesystemslib.json", .notPEM),
  ])
  func refusesPrivateKeys(_ file: String, _ expected: KeyError) throws {
    let bytes = try AttestationFixture.file(file)
    let error = #expect(throws: KeyError.self) { try SigningKey(pem: bytes) }
    #expect(error == expected && error?.description.isEmpty == false)
  }

  @Test(arguments: [
    ("rejected/rsa.pub.pem", KeyError.unsupportedAlgorithm), ("rejected/p384.pub.pem", .unsupportedAlgorithm),
    ("rejected/compressed.pub.pem", .unsupportedAlgorithm),
    ("ed25519.pem", .wrongLabel(found: "PRIVATE KEY", expected: "PUBLIC KEY")),
    ("rejected/encrypted.pem", .wrongLabel(found: "ENCRYPTED PRIVATE KEY", expected: "PUBLIC KEY")),
    ("securesystemslib.json", .notPEM),
  ])
  func refusesPublicKeys(_ file: String, _ expected: KeyError) throws {
    let bytes = try AttestationFixture.file(file)
    let error = #expect(throws: KeyError.self) { try PublicKey(pem: bytes) }
    #expect(error == expected && error?.description.isEmpty == false)
  }

  @Test func refusesKeysOfTheRightForm() throws {
    func publicKey(_ content: [UInt8]) -> KeyError? {
      let pem = Array(PEMBlock(label: PEMBlock.publicLabel, content: content).text.utf8)
      return #expect(throws: KeyError.self) { try PublicKey(pem: pem) }
    }
    let point = try AttestationFixture.publicKey("p256").encoded
    // Not on the curve, too short, too long, no DER at all.
    #expect(publicKey(Array(point.dropLast()) + [point[point.count - 1] ^ 1]) == .malformed)
    #expect(publicKey(Array(point.dropLast())) == .malformed)
    #expect(publicKey(point + [0]) == .malformed)
    #expect(publicKey([1, 2, 3]) == .malformed)

    func privateKey(_ content: [UInt8]) -> KeyError? {
      let pem = Array(PEMBlock(label: PEMBlock.privateLabel, content: content).text.utf8)
      return #expect(throws: KeyError.self) { try SigningKey(pem: pem) }
    }
    let secret = try PEMBlock(parsing: AttestationFixture.file("p256.pem")).content
    #expect(privateKey(secret + [0]) == .malformed)
    // The last bytes are the public point: another secret's, or none.
    #expect(privateKey(Array(secret.dropLast()) + [secret[secret.count - 1] ^ 1]) == .malformed)
    let other = try #require([UInt8](hexadecimal: String(repeating: "11", count: 32)))
    let start = try #require(secret.indices.first { secret[$0...].starts(with: [0x04, 0x20]) }) + 2
    #expect(privateKey(Array(secret[..<start]) + other + secret[(start + 32)...]) == .malformed)
    #expect(privateKey([0x30, 0x00]) == .malformed)
  }

  @Test func readsPEMStrictly() throws {
    let text = String(decoding: try AttestationFixture.file("ed25519.pub.pem"), as: UTF8.self)
    let body = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
    func parse(_ text: String) -> KeyError? {
      do throws(KeyError) {
        _ = try PublicKey(pem: Array(text.utf8))
        return nil
      } catch {
        return error
      }
    }
    #expect(parse(text) == nil)
    #expect(parse("\n" + text.replacingOccurrences(of: "\n", with: "\r\n") + "\n\n") == nil)
    for broken in [
      "", "\n\n\n", "comment\n" + text, text + text, text + "x", body,
      text.replacingOccurrences(of: "BEGIN", with: "END"),
      text.replacingOccurrences(of: "END PUBLIC", with: "END PRIVATE"), text.replacingOccurrences(of: body, with: ""),
      text.replacingOccurrences(of: body, with: body + "="), text.replacingOccurrences(of: body, with: " " + body),
      text.replacingOccurrences(of: "-----BEGIN", with: "----BEGIN"),
      text.replacingOccurrences(of: "PUBLIC KEY", with: "PUBLIC\u{1B}KEY"),
    ] { #expect(parse(broken) == .notPEM, "\(broken)") }
    let long = String(repeating: "\n", count: PEMBlock.maximumBytes) + text
    #expect(parse(long) == .tooLarge(count: long.utf8.count))
  }

  /// Truncations, changed bits and random splices of key files, and of what is inside them.
  @Test(arguments: AttestationFixture.keyNames)
  func neverTraps(_ name: String) throws {
    var random = SeededGenerator(seed: 11)
    for label in [PEMBlock.privateLabel, PEMBlock.publicLabel] {
      let file = label == PEMBlock.privateLabel ? "\(name).pem" : "\(name).pub.pem"
      let content = try PEMBlock(parsing: AttestationFixture.file(file)).content
      for round in 0..<2000 {
        var bytes = content
        for _ in 0...random.below(3) where !bytes.isEmpty {
          switch random.below(4) {
          case 0: bytes[random.below(bytes.count)] ^= 1 << random.below(8)
          case 1: bytes.removeLast(random.below(bytes.count))
          case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: random.below(bytes.count))
          default: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
          }
        }
        let pem = round < 1800 ? Array(PEMBlock(label: label, content: bytes).text.utf8) : bytes
        if let key = try? SigningKey(pem: pem) { #expect((try? key.sign(Self.message)) != nil) }
        if let key = try? PublicKey(pem: pem) { #expect(!key.verifies(bytes, of: Self.message)) }
      }
    }
  }
}
