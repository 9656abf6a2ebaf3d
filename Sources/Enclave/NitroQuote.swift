// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// An attestation document of AWS Nitro Enclaves: a COSE_Sign1 message about what runs in an enclave.
package struct NitroQuote: Sendable {
  package let moduleID: String
  /// Milliseconds since 1970, by the hypervisor.
  package let timestamp: UInt64
  /// By their numbers, 48 bytes each.
  package let measurements: [UInt64: [UInt8]]
  package let nonce: [UInt8]?
  package let userData: [UInt8]?
  private let certificate: QuoteCertificate
  private let chain: [QuoteCertificate]
  private let signed: [UInt8]
  private let signature: [UInt8]

  private static let measurementLength = 48
  /// A document is signed with the key of a certificate that lives three hours, so no later moment can be used to judge it.
  private static let timeRange: ClosedRange<UInt64> = 1_500_000_000_000...4_000_000_000_000

  /// Reads a document. No bytes make it trap; nothing in it is checked yet.
  package init(_ bytes: [UInt8]) throws(QuoteRejection) {
    var message = try CBOR.parse(bytes)
    if case .tag18(let inner) = message { message = inner }
    guard case .array(let parts) = message, parts.count == 4, case .bytes(let protected) = parts[0],
      case .map(let unprotected) = parts[1], unprotected.isEmpty, case .bytes(let payload) = parts[2],
      case .bytes(let signature) = parts[3], signature.count == 96
    else { throw .malformed("it is no COSE_Sign1 with a signature of 96 bytes") }
    // ES384 and nothing else.
    guard try CBOR.parse(protected) == .map([.init(key: .unsigned(1), value: .negative(34))]) else {
      throw .malformed("its signature is not of the kind ES384")
    }
    self.signature = signature
    signed = CBOR.encode(.array([.text("Signature1"), .bytes(protected), .bytes([]), .bytes(payload)]))
    guard case .map(let entries) = try CBOR.parse(payload) else { throw .malformed("its payload is no map") }
    var members: [String: CBORValue] = [:]
    for entry in entries {
      guard case .text(let key) = entry.key else { throw .malformed("a key of its payload is no text") }
      members[key] = entry.value
    }
    guard case .text(let module)? = members["module_id"], !module.isEmpty else {
      throw .malformed("it has no module_id")
    }
    guard members["digest"] == .text("SHA384") else { throw .malformed("its digest is not SHA384") }
    guard case .unsigned(let timestamp)? = members["timestamp"], Self.timeRange.contains(timestamp) else {
      throw .malformed("it has no timestamp in milliseconds")
    }
    moduleID = module
    self.timestamp = timestamp
    measurements = try Self.measurements(members["pcrs"])
    guard case .bytes(let leaf)? = members["certificate"] else { throw .malformed("it has no certificate") }
    certificate = try QuoteCertificate(der: leaf)
    guard case .array(let bundle)? = members["cabundle"], (1...QuoteCertificate.maximumChain).contains(bundle.count)
    else {
      throw .malformed("it has no cabundle")
    }
    var chain: [QuoteCertificate] = []
    for element in bundle {
      guard case .bytes(let der) = element else { throw .malformed("its cabundle is no list of certificates") }
      chain.append(try QuoteCertificate(der: der))
    }
    self.chain = chain
    nonce = try Self.optional(members["nonce"], "nonce")
    userData = try Self.optional(members["user_data"], "user_data")
    _ = try Self.optional(members["public_key"], "public_key")
  }

  private static func measurements(_ value: CBORValue?) throws(QuoteRejection) -> [UInt64: [UInt8]] {
    guard case .map(let entries)? = value, (1...32).contains(entries.count) else { throw .malformed("it has no pcrs") }
    var found: [UInt64: [UInt8]] = [:]
    for entry in entries {
      guard case .unsigned(let number) = entry.key, number < 32, case .bytes(let bytes) = entry.value,
        bytes.count == measurementLength
      else { throw .malformed("its pcrs are not numbers below 32 with 48 bytes each") }
      found[number] = bytes
    }
    return found
  }

  /// Left out, null, or bytes.
  private static func optional(_ value: CBORValue?, _ name: String) throws(QuoteRejection) -> [UInt8]? {
    switch value {
    case nil, .null?: return nil
    case .bytes(let bytes)?: return bytes
    default: throw .malformed("its \(name) is neither bytes nor null")
    }
  }

  /// Checks everything: chain, signature, no debug mode, measurements, and that it is about this audit.
  /// - Parameters:
  ///   - root: whom the user trusts; AWS's own, unless it is a test.
  ///   - expected: PCR0, PCR1, … as far as they matter, 48 bytes each.
  package func verify(
    root: QuoteCertificate, measurements expected: [[UInt8]], binding: QuoteBinding
  ) throws(QuoteRejection) {
    try certificate.requireChain(chain, to: root, at: Int(timestamp / 1000))
    guard try certificate.verifies(r: Array(signature.prefix(48)), s: Array(signature.suffix(48)), of: signed) else {
      throw .signature
    }
    // In debug mode the first registers are zero.
    guard let first = measurements[0], first.contains(where: { $0 != 0 }) else { throw .debug }
    for (number, value) in expected.enumerated() {
      let stated = measurements[UInt64(number)] ?? []
      guard stated == value else {
        throw .measurement(name: "PCR\(number)", stated: stated.hexadecimal, expected: value.hexadecimal)
      }
    }
    try requireBinding(binding)
  }

  /// Whether it says that it is about this audit: worth as much as its signature, which this does not check.
  package func requireBinding(_ binding: QuoteBinding) throws(QuoteRejection) {
    try binding.check(stated: userData ?? [], commitment: nonce ?? [])
  }
}
