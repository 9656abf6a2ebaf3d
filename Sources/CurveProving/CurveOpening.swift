// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The secret behind a tuned model's rows, as a file: mode 0600, one JSON object and a line feed.
package struct CurveOpening: Sendable, Equatable {
  package let setupID: [UInt8]
  package let tunedCommitment: [UInt8]
  /// 32 bytes, of this tuned model alone.
  package let secret: [UInt8]

  package static let fileVersion = 1
  /// Bytes of a file at most.
  package static let maximumBytes = 1024

  package init(setupID: [UInt8], tunedCommitment: [UInt8], secret: [UInt8]) {
    self.setupID = setupID
    self.tunedCommitment = tunedCommitment
    self.secret = secret
  }

  package var jsonBytes: [UInt8] {
    Array(
      ("{\"driftCurveOpening\": \(Self.fileVersion), \"setup\": \"\(setupID.hexadecimal)\", \"tunedCommitment\": "
        + "\"\(tunedCommitment.hexadecimal)\", \"secret\": \"\(secret.hexadecimal)\"}\n").utf8)
  }

  /// - Throws: `opening` with what is wrong; the secret is in no message.
  package init(parsing bytes: [UInt8]) throws(CurveProvingError) {
    do throws(JSONError) {
      let document = try JSONNode(parsing: bytes)
      try document.requireKeys(["driftCurveOpening", "setup", "tunedCommitment", "secret"])
      _ = try document.member("driftCurveOpening").integer(in: Self.fileVersion...Self.fileVersion)
      setupID = try document.member("setup").hex(byteCount: 32)
      tunedCommitment = try document.member("tunedCommitment").hex(byteCount: 32)
      let secret = try document.member("secret")
      guard case .string(let digits) = secret.value, let found = [UInt8](hexadecimal: digits), found.count == 32 else {
        throw .wrongType(path: secret.path, expected: "64 hexadecimal digits", found: "something else")
      }
      self.secret = found
    } catch { throw .opening("\(error)") }
  }
}
