// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Signature schemes for envelopes; the raw values are the names that securesystemslib and TUF use.
enum SignatureScheme: String, Sendable {
  /// Pure Ed25519 (RFC 8032).
  case ed25519
  /// ECDSA on P-256 with SHA-256, signatures in DER.
  case ecdsaP256 = "ecdsa-sha2-nistp256"

  var keyType: String {
    switch self {
    case .ed25519: "ed25519"
    case .ecdsaP256: "ecdsa"
    }
  }

  /// Everything before the key in its SubjectPublicKeyInfo: RFC 8410, and RFC 5480 with a named curve and an
  /// uncompressed point, whose first byte 4 is the last one here.
  var publicPrefix: [UInt8] {
    switch self {
    case .ed25519: [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    case .ecdsaP256:
      [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
        0xCE,
        0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
      ]
    }
  }

  /// Bytes of ``PublicKey/bytes``.
  var publicLength: Int {
    switch self {
    case .ed25519: 32
    case .ecdsaP256: 64
    }
  }
}

/// A key that verifies envelopes.
public struct PublicKey: Hashable, Sendable {
  let scheme: SignatureScheme
  /// Ed25519: the 32 bytes of RFC 8032. P-256: x and y, 32 bytes each, big-endian; a point of the curve.
  let bytes: [UInt8]

  /// Reads a PEM file with a SubjectPublicKeyInfo, as `openssl pkey -pubout` writes it. No bytes make it trap.
  ///
  /// There is one encoding per key: compressed points and explicit curves are rejected.
  public init(pem: [UInt8]) throws(KeyError) {
    let block = try PEMBlock(parsing: pem)
    guard block.label == PEMBlock.publicLabel else {
      throw .wrongLabel(found: block.label, expected: PEMBlock.publicLabel)
    }
    for scheme in [SignatureScheme.ed25519, .ecdsaP256] where block.content.starts(with: scheme.publicPrefix) {
      let bytes = Array(block.content.dropFirst(scheme.publicPrefix.count))
      guard bytes.count == scheme.publicLength else { throw .malformed }
      try self.init(scheme: scheme, bytes: bytes)
      return
    }
    // A SEQUENCE may well be a key of another kind; anything else is none.
    throw block.content.first == 0x30 ? .unsupportedAlgorithm : .malformed
  }

  /// - Throws: `malformed` when the bytes are no key of the scheme.
  init(scheme: SignatureScheme, bytes: [UInt8]) throws(KeyError) {
    self.scheme = scheme
    self.bytes = bytes
    _ = try CryptoKey(self)
  }

  /// The key's SubjectPublicKeyInfo.
  var encoded: [UInt8] { scheme.publicPrefix + bytes }

  /// The key's PEM file.
  public var pem: String { PEMBlock(label: PEMBlock.publicLabel, content: encoded).text }

  /// The name under which envelopes refer to the key: that of securesystemslib, SHA-256 over the key's description in
  /// canonical JSON (sorted keys, no white space, only `"` and `\` escaped).
  public var keyID: String {
    let value = scheme == .ed25519 ? bytes.hexadecimal : pem
    let text =
      "{\"keytype\":\"\(scheme.keyType)\",\"keyval\":{\"public\":\"\(value)\"},\"scheme\":\"\(scheme.rawValue)\"}"
    return SHA256.hash(Array(text.utf8)).hexadecimal
  }

  /// Whether `signature` is this key's for `message`; false for any other bytes.
  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let key = try? CryptoKey(self) else { return false }
    return key.verifies(signature, of: message)
  }
}

/// A key that signs envelopes. Its secret stays inside libcrypto.
public struct SigningKey: Sendable {
  /// What verifies this key's signatures.
  public let publicKey: PublicKey
  private let key: CryptoKey

  /// Reads an unencrypted PKCS#8 file in PEM, as `openssl genpkey` writes it. No bytes make it trap.
  public init(pem: [UInt8]) throws(KeyError) {
    let block = try PEMBlock(parsing: pem)
    guard block.label != PEMBlock.encryptedLabel else { throw .encrypted }
    guard block.label == PEMBlock.privateLabel else {
      throw .wrongLabel(found: block.label, expected: PEMBlock.privateLabel)
    }
    key = try CryptoKey(privateKeyInfo: block.content)
    publicKey = try key.publicKey()
  }

  /// A signature that ``publicKey`` was seen to verify: a fault while signing must not leave this function.
  func sign(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
    let signature = try key.sign(message)
    guard publicKey.verifies(signature, of: message) else { throw .signingFailed }
    return signature
  }
}
