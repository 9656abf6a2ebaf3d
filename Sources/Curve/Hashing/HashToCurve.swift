// SPDX-License-Identifier: Apache-2.0

extension G1 {
  /// The suite BLS12381G1_XMD:SHA-256_SSWU_RO_ of RFC 9380, section 8.8.1. Its time depends on the message, which is public.
  /// - Parameter domain: the domain separation tag.
  public static func hash(_ message: [UInt8], domain: [UInt8]) -> G1 {
    let bytes = ExpandMessage.expand(message, domain: domain, count: 128)
    let points = [bytes.prefix(64), bytes.dropFirst(64)].map { half in
      IsogenyG1.map(Fp(reducing: Array(half)))
    }
    return G1(points[0] + points[1]).clearingCofactor()
  }
}

extension G2 {
  /// The suite BLS12381G2_XMD:SHA-256_SSWU_RO_ of RFC 9380, section 8.8.2. Its time depends on the message, which is public.
  /// - Parameter domain: the domain separation tag.
  public static func hash(_ message: [UInt8], domain: [UInt8]) -> G2 {
    let bytes = ExpandMessage.expand(message, domain: domain, count: 256)
    let elements = (0..<4).map { Fp(reducing: Array(bytes[64 * $0..<64 * $0 + 64])) }
    let points = [Fp2(elements[0], elements[1]), Fp2(elements[2], elements[3])].map { IsogenyG2.map($0) }
    return G2(points[0] + points[1]).clearingCofactor()
  }
}

/// The points that no one knows a relation between.
public enum HashedGenerators {
  /// The domain separation tag of DriftProof's generators, in RFC 9380's form: application, version, ciphersuite number, suite.
  public static let domain = Array("DRIFTPROOF-V1-CS01-with-BLS12381G1_XMD:SHA-256_SSWU_RO_".utf8)

  /// H, which carries blindings.
  public static let blinding = G1.hash(Array("H".utf8), domain: domain)
  /// U, which carries inner products.
  public static let product = G1.hash(Array("U".utf8), domain: domain)

  /// G_index, the generator of a row's cell where there is no setup: of "G" and the index in eight bytes, lowest first.
  public static func cell(_ index: UInt64) -> G1 {
    G1.hash(Array("G".utf8) + WideArithmetic.littleEndianBytes([index]), domain: domain)
  }
}
