// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import TestSupport
import Testing
import DriftProofTranscript

struct CertificateFormatTests {
  private static func manifest() throws -> DriftManifest {
    let code = try CodeParameters(logLength: 14, logBlowup: 3, queries: 140, grindingBits: 20, driftTail: 280)
    return DriftManifest(
      code: code, rowCount: 3,
      entries: [
        .init(tensor: TunedTensor(name: "a", dtype: .f32, shape: [2, 3]), byteDigest: SHA256.hash([1])),
        .init(tensor: TunedTensor(name: "ä", dtype: .bf16, shape: []), byteDigest: nil),
      ])
  }

  private static func certificate() throws -> Certificate {
    let policy = try StatementFixture.policy(StatementFixture.frozenRest)
    return Certificate(
      baseRoot: SHA256.hash([1]), policy: policy, manifest: try manifest(), driftRoot: SHA256.hash([3]),
      driftPins: [1, 2, 3],
      proof: [1, 2, 3])
  }

  @Test func roundTrips() throws {
    let manifest = try Self.manifest()
    #expect(try DriftManifest.parse(manifest.bytes) == manifest)
    let certificate = try Self.certificate()
    #expect(try Certificate.parse(certificate.bytes) == certificate)
    let empty = DriftManifest(code: nil, rowCount: 0, entries: [])
    #expect(try DriftManifest.parse(empty.bytes) == empty)
  }

  /// Offsets as documented; a change of layout must fail here.
  @Test func layout() throws {
    let bytes = try Self.certificate().bytes
    #expect(Array(bytes[0..<12]) == Array("driftprf".utf8) + [2, 0, 0, 0])
    #expect(Array(bytes[12..<20]) == [32, 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(bytes[20..<52]) == SHA256.hash([1]))
    #expect(Array(bytes.suffix(11)) == [3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3])
    let manifest = try Self.manifest().bytes
    #expect(
      Array(manifest[0..<28]) == [
        4, 0, 0, 0, 14, 0, 0, 0, 3, 0, 0, 0, 140, 0, 0, 0, 20, 0, 0, 0, 24, 1, 0, 0, 3, 0, 0, 0,
      ])
    #expect(Array(manifest[28..<60]) == DriftManifest.emptyLayoutDigest)
    #expect(Array(manifest[60..<68]) == [2, 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(manifest[68..<77]) == [1, 0, 0, 0, 0, 0, 0, 0, 97])
  }

  @Test func commitmentIsTheHashOfItsParts() throws {
    let certificate = try Self.certificate()
    var message: [UInt8] = [19, 0, 0, 0, 0, 0, 0, 0] + Array("driftproof/tuned/v1".utf8)
    message += SHA256.hash([1]) + SHA256.hash(certificate.manifest) + SHA256.hash([3])
    message += SHA256.hash([1, 2, 3])
    #expect(certificate.tunedCommitment == SHA256.hash(message))
    #expect(
      certificate.binding.suffix(96) == SHA256.hash([1]) + SHA256.hash(certificate.policy) + certificate.tunedCommitment
    )
  }

  @Test func rejections() throws {
    let manifest = try Self.manifest()
    func rejects(_ expected: FormatError, _ edit: (inout [UInt8]) -> Void) {
      var bytes = manifest.bytes
      edit(&bytes)
      #expect(throws: expected) { try DriftManifest.parse(bytes) }
    }
    rejects(.unsupportedVersion(1)) { $0[0] = 1 }
    rejects(.trailingBytes(count: 1)) { $0.append(0) }
    rejects(.invalidText(section: "a tensor's name")) { $0[76] = 0xFF }
    rejects(.unknownDataType("\"X32\"")) { $0[85] = UInt8(ascii: "X") }
    rejects(.notSorted(tensor: "\"ä\"")) { $0.replaceSubrange(68..<77, with: [2, 0, 0, 0, 0, 0, 0, 0, 0xC3, 0xA4]) }
    rejects(.badFlag(section: "a byte digest's flag", found: 4)) { $0[112] = 4 }
    rejects(.badShape(tensor: "\"a\"")) { $0[103] = 0x80 }
    rejects(.unsupportedParameters("3 tableau rows without code parameters")) {
      for index in 4..<24 { $0[index] = 0 }
    }
    let certificate = try Self.certificate().bytes
    #expect(throws: FormatError.badMagic) { try Certificate.parse([0] + certificate.dropFirst()) }
    #expect(throws: FormatError.trailingBytes(count: 2)) { try Certificate.parse(certificate + [0, 0]) }
    #expect(throws: FormatError.truncated(section: "the magic")) { try Certificate.parse([]) }
  }

  /// Before memory is used for it: a certificate chooses both numbers.
  @Test func manifestsAreBounded() throws {
    let tensors = StatementLimits.maximumTensors
    let name = Array("a.b".utf8)
    var manifest: [UInt8] = []
    manifest.append(littleEndian: DriftManifest.version(.current, isLink: false))
    manifest += [UInt8](repeating: 0, count: 24 + SHA256.digestLength)
    manifest.append(littleEndian: UInt64(tensors + 1))
    let head = manifest
    // As many bytes as so many tensors have at least, whatever they are: the count alone is refused.
    manifest += [UInt8](repeating: 0, count: 27 * (tensors + 1))
    #expect(throws: FormatError.tooMany(section: "tensors of the manifest", found: tensors + 1, limit: tensors)) {
      try DriftManifest.parse(manifest)
    }
    #expect(throws: FormatError.truncated(section: "the tensor count")) { try DriftManifest.parse(head + name) }
    let limit = StatementLimits.maximumManifestBytes
    let certificate = Certificate(
      baseRoot: SHA256.hash([1]), policyDigest: SHA256.hash([2]), tunedCommitment: SHA256.hash([3]),
      manifest: [UInt8](repeating: 0, count: limit + 1), policy: [], driftRoot: SHA256.hash([4]), driftPins: [],
      proof: [])
    #expect(throws: FormatError.tooMany(section: "bytes of the manifest", found: limit + 1, limit: limit)) {
      try Certificate.parse(certificate.bytes)
    }
  }

  /// Two spellings of one name, both in their place by their bytes: a dictionary would keep one of them.
  @Test func equivalentNamesAreADuplicate() throws {
    func manifest(_ names: [String]) -> DriftManifest {
      DriftManifest(
        code: nil, rowCount: 0,
        entries: names.map { .init(tensor: TunedTensor(name: $0, dtype: .f32, shape: [1]), byteDigest: nil) })
    }
    for names in [["a\u{308}", "ä"], ["K", "\u{212A}"], ["a", ";", "\u{37E}"].sorted(by: UTF8Order.precedes)] {
      #expect(throws: FormatError.self) { try DriftManifest.parse(manifest(names).bytes) }
    }
    #expect(throws: FormatError.notSorted(tensor: "\"a\"")) { try DriftManifest.parse(manifest(["b", "a"]).bytes) }
    #expect(throws: FormatError.notSorted(tensor: "\"a\"")) { try DriftManifest.parse(manifest(["a", "a"]).bytes) }
    #expect(try DriftManifest.parse(manifest(["a", "b", "ä"]).bytes).entries.count == 3)
  }

  /// Any bytes: an error, or a value whose encoding is these bytes.
  @Test func mutations() throws {
    var generator = SeededGenerator(seed: 3)
    let manifest = try Self.manifest().bytes
    let certificate = try Self.certificate().bytes
    for round in 0..<6000 {
      var bytes = round % 2 == 0 ? manifest : certificate
      for _ in 0...Int.random(in: 0..<3, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes.removeLast(bytes.count - index)
        case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 2: bytes.remove(at: index)
        case 3: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF][Int.random(in: 0..<5, using: &generator)]
        default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        }
      }
      if let parsed = try? DriftManifest.parse(bytes) { #expect(parsed.bytes == bytes) }
      if let parsed = try? Certificate.parse(bytes) { #expect(parsed.bytes == bytes) }
    }
  }
}
