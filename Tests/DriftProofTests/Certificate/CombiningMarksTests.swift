// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
@testable import DriftProofPolicy
import Testing

/// Names whose hash would take Swift a time that grows with the square of their length.
@Suite struct CombiningMarksTests {
  private func marks(_ count: Int) -> String {
    var text = "a"
    for index in 0..<count { text.unicodeScalars.append(index.isMultiple(of: 2) ? "\u{0301}" : "\u{0323}") }
    return text
  }

  @Test(.timeLimit(.minutes(1))) func manifests() throws {
    let hostile = DriftManifest.Entry(
      tensor: TunedTensor(name: marks(2_000_000), dtype: .f32, shape: [1]), byteDigest: nil)
    let bytes = DriftManifest(code: nil, rowCount: 0, entries: [hostile]).bytes
    #expect(throws: FormatError.combiningMarks(section: "a tensor's name")) { try DriftManifest.parse(bytes) }
    let plain = DriftManifest.Entry(
      tensor: TunedTensor(name: marks(30), dtype: .f32, shape: [1]), byteDigest: nil)
    _ = try DriftManifest.parse(DriftManifest(code: nil, rowCount: 0, entries: [plain]).bytes)
  }

  /// The policy inside a certificate, which is read as a policy file is.
  @Test(.timeLimit(.minutes(1))) func policies() throws {
    let text =
      "{\"driftPolicy\": 1, \"name\": \"n\", \"securityBits\": 128, \"rules\": [{\"tensors\": \"N\", \"allow\": \"any\"}]}"
    let plain = try Policy.parse(Array(text.utf8)).canonicalBytes()
    #expect(try CanonicalPolicyReader.policy(plain).name == "n")
    let name = marks(1_000_000)
    var hostile: [UInt8] = []
    var rest = plain
    // The tag and the version, then the name.
    let head = 4 + "driftproof/policy/v1".utf8.count + 4
    hostile += rest.prefix(head)
    hostile.append(littleEndian: UInt32(name.utf8.count))
    hostile += Array(name.utf8)
    rest.removeFirst(head + 4 + 1)
    hostile += rest
    #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(hostile) }
  }
}
