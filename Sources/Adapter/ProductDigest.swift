// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCheckpoint
import DriftProofCertificate

extension ByteDigest {
  static let productLabel = "driftproof/adapter-bytes/v1"
  static let kroneckerLabel = "driftproof/adapter-kronecker-bytes/v1"

  /// Of the product that an adapter adds to a tensor: SHA-256(label ‖ salt ‖ bits of the factor ‖ u8 1 if
  /// transposed ‖ A ‖ B), a matrix being its dtype, rank, sizes and SHA-256; the factor is an IEEE double as UInt64.
  ///
  /// Of a LoKr module: SHA-256(label ‖ salt ‖ bits of the factor ‖ u8 number of its tensors ‖ for each its name, as PEFT has it
  /// behind the module's, and the tensor as above), in the order of ``KroneckerPart``.
  package static func digest(salt: [UInt8], product: AdapterModel.Product, of adapter: Adapter) throws -> [UInt8] {
    var message: [UInt8] = []
    if case .kronecker(let parts) = product.module.matrices {
      message.append(lengthPrefixed: kroneckerLabel)
      message += salt
      message.append(littleEndian: product.module.factor.bitPattern)
      message.append(UInt8(clamping: parts.inOrder.count))
      for (part, tensor) in parts.inOrder {
        message.append(lengthPrefixed: part.rawValue)
        try append(tensor, to: &message, of: adapter)
      }
      return SHA256.hash(message)
    }
    message.append(lengthPrefixed: productLabel)
    message += salt
    message.append(littleEndian: product.module.factor.bitPattern)
    message.append(product.isTransposed ? 1 : 0)
    for matrix in product.module.matrices.all { try append(matrix, to: &message, of: adapter) }
    return SHA256.hash(message)
  }

  private static func append(_ matrix: TensorInfo, to message: inout [UInt8], of adapter: Adapter) throws {
    message.append(lengthPrefixed: matrix.dtype.rawValue)
    message.append(littleEndian: UInt64(matrix.shape.count))
    for size in matrix.shape { message.append(littleEndian: UInt64(size)) }
    message += try adapter.checkpoint.digest(of: matrix)
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
