// SPDX-License-Identifier: Apache-2.0

/// The argument's bytes, and how many each kind of message takes.
package struct ArgumentProof: Sendable {
  package var bytes: [UInt8]
  package var sizes: [(section: String, bytes: Int)]
}
