// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCheckpoint
import DriftProofCertificate

extension ByteDigest {
  static let productLabel = "driftproof/adapter-bytes/v1"

  /// Of the product that an adapter adds to a tensor: SHA-256(label ‖ salt ‖ bits of the factor ‖ u8 1 if
  /// transposed ‖ A ‖ B), a matrix being its dtype, rank, sizes and SHA-256; the factor is an IEEE double as UInt64.
  package static func digest(salt: [UInt8], product: AdapterModel.Product, of adapter: Adapter) throws -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: productLabel)
    message += salt
    message.append(littleEndian: product.module.factor.bitPattern)
    message.append(product.isTransposed ? 1 : 0)
    for matrix in [product.module.a, product.module.b] {
      message.append(lengthPrefixed: matrix.dtype.rawValue)
      message.append(littleEndian: UInt64(matrix.shape.count))
      for size in matrix.shape { message.append(littleEndian: UInt64(size)) }
      message += try adapter.checkpoint.digest(of: matrix)
    }
    return SHA256.hash(message)
  }
}

extension AdapterModel {
  /// Salted digests of the products, by the names of the tensors that they are added to.
  package func productDigests(secret: [UInt8]) throws -> [String: [UInt8]] {
    var digests: [String: [UInt8]] = [:]
    for product in products {
      digests[product.tensor] = try ByteDigest.digest(
        salt: ByteDigest.salt(secret: secret, tensor: product.tensor), product: product, of: adapter)
    }
    return digests
  }
}
