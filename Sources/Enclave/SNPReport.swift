// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// An attestation report of AMD SEV-SNP: 1,184 bytes about what was loaded into an encrypted virtual machine.
package struct SNPReport: Sendable {
  package static let length = 1184
  private static let signedLength = 0x2A0
  private static let numberLength = 72

  package let version: UInt32
  /// Bit 19 allows the host to read the machine's memory.
  package let policy: UInt64
  package let privilege: UInt32
  /// Bound by whoever asked for the report: binding, then commitment.
  package let data: [UInt8]
  package let measurement: [UInt8]
  package let hostData: [UInt8]
  private let firmware: [UInt8]
  private let chip: [UInt8]
  private let isSharedKey: Bool
  private let signed: [UInt8]
  private let r: [UInt8]
  private let s: [UInt8]

  /// Reads a report. No bytes make it trap; nothing in it is checked yet.
  package init(_ bytes: [UInt8]) throws(QuoteRejection) {
    guard bytes.count == Self.length else {
      throw .malformed("a report has \(Self.length) bytes, not \(bytes.count)")
    }
    func field(_ offset: Int, _ count: Int) -> [UInt8] { Array(bytes[offset..<offset + count]) }
    func number(_ offset: Int, _ count: Int) -> UInt64 {
      field(offset, count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    version = UInt32(number(0, 4))
    guard (2...5).contains(version) else { throw .malformed("reports of version \(version) are not known") }
    if version >= 3 {
      // Family and model of the processor; another family has another layout of firmware versions and chip identifiers.
      guard bytes[0x188] == 0x19 else { throw .unsupported("a processor of family \(bytes[0x188]), such as Turin,") }
    }
    policy = number(0x008, 8)
    privilege = UInt32(number(0x030, 4))
    guard number(0x034, 4) == 1 else { throw .unsupported("a signature other than ECDSA on P-384 with SHA-384") }
    switch number(0x048, 4) >> 2 & 7 {
    case 0: isSharedKey = false
    case 1: isSharedKey = true
    default: throw .unsupported("a report that neither a VCEK nor a VLEK has signed")
    }
    data = field(0x050, 64)
    measurement = field(0x090, 48)
    hostData = field(0x0C0, 32)
    firmware = field(0x180, 8)
    chip = field(0x1A0, 64)
    signed = field(0, Self.signedLength)
    let (low, high) = (field(0x2A0, Self.numberLength), field(0x2A0 + Self.numberLength, Self.numberLength))
    // Numbers of 384 bits, and nothing behind them that nobody signed.
    guard low[48...].allSatisfy({ $0 == 0 }), high[48...].allSatisfy({ $0 == 0 }),
      bytes[(Self.signedLength + 2 * Self.numberLength)...].allSatisfy({ $0 == 0 })
    else { throw .malformed("there is something behind its signature") }
    r = Array(low.prefix(48).reversed())
    s = Array(high.prefix(48).reversed())
  }

  /// Checks everything: chain, firmware, chip, signature, no debug mode, measurement, and that it is about this audit.
  /// - Parameters:
  ///   - chain: the signer's certificate first, then what may stand between it and the root.
  ///   - seconds: the moment at which certificates must be valid, since 1970: a report has no time.
  ///   - privilege: of the software inside that asked for it; 0 unless it is known to be another.
  package func verify(
    chain: [QuoteCertificate], root: QuoteCertificate, at seconds: Int, measurement expected: [UInt8],
    privilege level: UInt32 = 0, binding: QuoteBinding
  ) throws(QuoteRejection) {
    guard let signer = chain.first else { throw .certificate("the report's own is missing") }
    try signer.requireChain(Array(chain.dropFirst()), to: root, at: seconds)
    try checkSigner(signer)
    guard try signer.verifies(r: r, s: s, of: signed) else { throw .signature }
    guard policy >> 19 & 1 == 0 else { throw .debug }
    guard privilege == level else { throw .privilege(found: privilege, expected: level) }
    guard measurement == expected else {
      throw .measurement(
        name: "the measurement", stated: measurement.hexadecimal, expected: expected.hexadecimal)
    }
    try requireBinding(binding)
  }

  /// Whether it says that it is about this audit: worth as much as its signature, which this does not check.
  package func requireBinding(_ binding: QuoteBinding) throws(QuoteRejection) {
    try binding.check(stated: Array(data.prefix(32)), commitment: Array(data.suffix(32)))
  }

  /// AMD's extensions: which chip, and which firmware, the certificate is about.
  private static let arc = "1.3.6.1.4.1.3704.1."
  /// Parts of the firmware, where a report has their versions, and where a certificate has them.
  private static let parts = [
    (name: "boot loader", place: 0, identifier: "3.1"), (name: "TEE", place: 1, identifier: "3.2"),
    (name: "SNP", place: 6, identifier: "3.3"), (name: "microcode", place: 7, identifier: "3.8"),
  ]

  private func checkSigner(_ signer: QuoteCertificate) throws(QuoteRejection) {
    if let product = signer.extension(Self.arc + "2"), String(decoding: product, as: UTF8.self).contains("Turin") {
      throw .unsupported("a processor of the kind Turin")
    }
    for part in Self.parts {
      guard let value = signer.extension(Self.arc + part.identifier), let version = Self.smallNumber(value) else {
        throw .certificate("it does not say which firmware (\(part.name)) it is about")
      }
      guard version == firmware[part.place] else { throw .firmware(part.name) }
    }
    // A VLEK is shared by the machines of one provider.
    guard !isSharedKey else { return }
    guard let identifier = signer.extension(Self.arc + "4") else {
      throw .certificate("it does not say which chip it is about")
    }
    // AMD's certificates have the 64 bytes as they are; an OCTET STRING of them says the same.
    guard identifier == chip || identifier == [0x04, 0x40] + chip else { throw .otherChip }
  }

  /// DER of an INTEGER from 0 to 255.
  private static func smallNumber(_ der: [UInt8]) -> UInt8? {
    if der.count == 3, der[0] == 0x02, der[1] == 1, der[2] < 0x80 { return der[2] }
    if der.count == 4, der[0] == 0x02, der[1] == 2, der[2] == 0, der[3] >= 0x80 { return der[3] }
    return nil
  }
}
