// SPDX-License-Identifier: Apache-2.0

/// Why the bytes of a key file are rejected; exit code 1, as for any file that cannot be used.
public enum KeyError: Error, Equatable, Sendable {
  /// More bytes than any key of these kinds has.
  case tooLarge(count: Int)
  /// No single PEM block with strict base64.
  case notPEM
  /// A PEM block of another kind; labels as in the file.
  case wrongLabel(found: String, expected: String)
  /// A private key under a password.
  case encrypted
  /// The block's content is no key.
  case malformed
  /// A key, but neither Ed25519 nor ECDSA on P-256.
  case unsupportedAlgorithm
  /// libcrypto refused to sign.
  case signingFailed
}

extension KeyError: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .tooLarge(let count): "\(count) bytes are too many for a key file"
    case .notPEM: "this is not one PEM block (-----BEGIN ...-----, base64, -----END ...-----)"
    case .wrongLabel(let found, let expected):
      "the PEM block is \"\(found)\", expected \"\(expected)\"" + (Self.remedy(found, expected).map { "; \($0)" } ?? "")
    case .encrypted:
      "the private key is under a password; remove it with openssl pkcs8 -in KEY.pem -out PLAIN.pem -topk8 -nocrypt"
    case .malformed: "the PEM block holds no valid key"
    case .unsupportedAlgorithm:
      "the key is neither Ed25519 nor ECDSA on P-256; make one with openssl genpkey -algorithm ed25519 -out KEY.pem"
    case .signingFailed: "libcrypto could not sign with this key"
    }
  }

  private static func remedy(_ found: String, _ expected: String) -> String? {
    switch (found, expected) {
    case (PEMBlock.privateLabel, _): "make the public one with openssl pkey -in KEY.pem -pubout -out KEY.pub.pem"
    case (PEMBlock.publicLabel, _): "signing needs the private key"
    case ("EC PRIVATE KEY", PEMBlock.privateLabel), ("EC PARAMETERS", PEMBlock.privateLabel):
      "convert it to PKCS#8 with openssl pkcs8 -in KEY.pem -out PKCS8.pem -topk8 -nocrypt"
    default: nil
    }
  }
}
