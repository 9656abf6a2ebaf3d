// SPDX-License-Identifier: Apache-2.0

import CDriftProofCrypto
import DriftProofCore

/// A certificate (X.509) inside libcrypto, and the way from it to a root. Written once, then only read.
package final class QuoteCertificate: @unchecked Sendable {
  /// Bytes of one; AMD's have some 1,500.
  static let maximumBytes = 16 << 10
  /// Certificates between a signer's and the root.
  static let maximumChain = 8

  private let certificate: OpaquePointer
  package let der: [UInt8]

  /// - Throws: `certificate` where the bytes are more or less than one certificate.
  package init(der: [UInt8]) throws(QuoteRejection) {
    guard der.count <= Self.maximumBytes else { throw .certificate("\(der.count) bytes are too many") }
    let found = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      guard let end = position.map({ $0 + buffer.count }), let object = d2i_X509(nil, &position, buffer.count) else {
        return nil
      }
      if position == end { return object }
      X509_free(object)
      return nil
    }
    ERR_clear_error()
    guard let found else { throw .certificate("it is no X.509 certificate in DER") }
    certificate = found
    self.der = der
  }

  deinit { X509_free(certificate) }

  /// All certificates of a file: one in DER, or blocks of PEM one after the other.
  package static func all(in file: [UInt8]) throws(QuoteRejection) -> [QuoteCertificate] {
    guard file.count <= maximumBytes * maximumChain else { throw .certificate("\(file.count) bytes are too many") }
    guard file.first != 0x30 else { return [try QuoteCertificate(der: file)] }
    var found: [QuoteCertificate] = []
    var base64: [UInt8]?
    for line in file.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      if line.elementsEqual("-----BEGIN CERTIFICATE-----".utf8) {
        guard base64 == nil else { throw .certificate("a block of PEM begins inside another") }
        base64 = []
      } else if line.elementsEqual("-----END CERTIFICATE-----".utf8) {
        guard let text = base64, let der = Base64.decode(text) else { throw .certificate("a block of PEM is damaged") }
        guard found.count < maximumChain else { throw .certificate("there are more than \(maximumChain)") }
        found.append(try QuoteCertificate(der: der))
        base64 = nil
      } else {
        base64? += line
      }
    }
    guard base64 == nil, !found.isEmpty else { throw .certificate("it is neither DER nor PEM") }
    return found
  }

  /// SHA-256 of the certificate; what vendors publish of their roots.
  package var fingerprint: [UInt8] { SHA256.hash(der) }

  /// Follows the chain to a root, as of a time.
  /// - Parameters:
  ///   - others: what may stand between, in any order; nobody trusts them.
  ///   - seconds: since 1970.
  package func requireChain(
    _ others: [QuoteCertificate], to root: QuoteCertificate, at seconds: Int
  ) throws(QuoteRejection) {
    guard others.count <= Self.maximumChain else { throw .chain("more than \(Self.maximumChain) certificates") }
    guard let store = X509_STORE_new(), let context = X509_STORE_CTX_new(), let stack = OPENSSL_sk_new_null() else {
      throw .chain("libcrypto is out of memory")
    }
    defer {
      X509_STORE_CTX_free(context)
      X509_STORE_free(store)
      OPENSSL_sk_free(stack)
      ERR_clear_error()
    }
    for other in others { OPENSSL_sk_push(stack, UnsafeRawPointer(other.certificate)) }
    guard X509_STORE_add_cert(store, root.certificate) == 1,
      X509_STORE_CTX_init(context, store, certificate, stack) == 1
    else { throw .chain("libcrypto refused it") }
    let parameters = X509_STORE_CTX_get0_param(context)
    X509_VERIFY_PARAM_set_time(parameters, time_t(seconds))
    X509_VERIFY_PARAM_set_depth(parameters, Int32(Self.maximumChain))
    guard X509_verify_cert(context) == 1 else {
      let code = X509_STORE_CTX_get_error(context)
      throw .chain(X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)")
    }
  }

  /// Whether `r` and `s`, big-endian, are this certificate's signature (ECDSA on P-384 with SHA-384) of `message`.
  package func verifies(r: [UInt8], s: [UInt8], of message: [UInt8]) throws(QuoteRejection) -> Bool {
    guard let key = X509_get0_pubkey(certificate), EVP_PKEY_is_a(key, "EC") == 1, Self.isP384(key) else {
      throw .certificate("its key is not one of P-384")
    }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    let signature = Self.sequence(Self.integer(r) + Self.integer(s))
    return EVP_DigestVerifyInit(context, nil, EVP_sha384(), nil, key) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  private static func isP384(_ key: OpaquePointer) -> Bool {
    var name = [CChar](repeating: 0, count: 64)
    var count = 0
    guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1, count < name.count else { return false }
    let text = String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text == "secp384r1" || text == "P-384"
  }

  /// DER of an INTEGER that is not negative.
  private static func integer(_ bytes: [UInt8]) -> [UInt8] {
    var value = Array(bytes.drop { $0 == 0 })
    if value.isEmpty || value[0] >= 0x80 { value = [0] + value }
    return [0x02, UInt8(value.count)] + value
  }

  /// Of at most 127 bytes, as two numbers of 48 bytes are.
  private static func sequence(_ content: [UInt8]) -> [UInt8] { [0x30, UInt8(content.count)] + content }

  /// The value of an extension; nil where there is none, or two.
  package func `extension`(_ identifier: String) -> [UInt8]? {
    guard let object = OBJ_txt2obj(identifier, 1) else { return nil }
    defer {
      ASN1_OBJECT_free(object)
      ERR_clear_error()
    }
    let place = X509_get_ext_by_OBJ(certificate, object, -1)
    guard place >= 0, X509_get_ext_by_OBJ(certificate, object, place) < 0,
      let data = X509_EXTENSION_get_data(X509_get_ext(certificate, place))
    else { return nil }
    let count = ASN1_STRING_length(data)
    guard count > 0, let bytes = ASN1_STRING_get0_data(data) else { return nil }
    return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
  }
}
