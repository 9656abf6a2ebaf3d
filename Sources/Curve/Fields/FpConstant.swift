// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension Fp {
  /// A constant of the source, 96 hexadecimal digits, highest first; traps on anything else.
  init(hexadecimal digits: String) {
    guard let bytes = [UInt8](hexadecimal: digits), let value = Fp(bigEndian: bytes) else {
      preconditionFailure("no canonical constant: \(digits)")
    }
    self = value
  }
}
