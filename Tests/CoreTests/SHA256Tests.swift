// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

@Suite struct SHA256Tests {
  /// FIPS 180-4 examples.
  @Test func knownAnswers() {
    #expect(
      SHA256.hash(Array("abc".utf8)).hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(SHA256.hash([]).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hash(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)).hexadecimal
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  /// RFC 4231, test case 2.
  @Test func authentication() {
    #expect(
      SHA256.authenticate(key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8)).hexadecimal
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
  }

  @Test func hexadecimalRoundTrip() {
    let bytes = [UInt8](0...255)
    #expect([UInt8](hexadecimal: bytes.hexadecimal) == bytes)
    #expect([UInt8](hexadecimal: "0") == nil && [UInt8](hexadecimal: "0G") == nil && [UInt8](hexadecimal: "AA") == nil)
  }
}
