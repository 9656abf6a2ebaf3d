// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField

/// A Fiat-Shamir transcript over SHA-256; docs/protocol.md section 5.
///
/// Everything absorbed is typed, labelled and length-prefixed, so no two different sequences of messages give one state.
/// The state is a chain: state' = SHA-256("absorb" ‖ state ‖ label ‖ type ‖ bytes).
package struct Transcript: Sendable {
  package enum Kind: UInt8, Sendable {
    case bytes = 1
    case field = 2
    case cubic = 3
    case digest = 4
    case challenge = 5
    /// Elements of Fr, 32 bytes each.
    case scalar = 6
    /// Points of G1, 48 bytes each.
    case point = 7
  }

  package private(set) var state: [UInt8]

  /// A transcript that continues from a state of 32 bytes, which only its owner may choose: a prover that goes on.
  package init(resuming state: [UInt8]) {
    precondition(state.count == SHA256.digestLength, "no state of a transcript")
    self.state = state
  }

  package init(protocolID: String) { state = SHA256.hash(Array(protocolID.utf8)) }

  package mutating func absorb(_ label: String, _ kind: Kind, _ bytes: [UInt8]) {
    var message = Array("driftproof/absorb".utf8)
    message += state
    message.append(lengthPrefixed: label)
    message.append(kind.rawValue)
    message.append(lengthPrefixed: bytes)
    state = SHA256.hash(message)
  }

  package mutating func absorb(_ label: String, bytes: [UInt8]) { absorb(label, .bytes, bytes) }

  /// Bytes of a challenge: SHA-256 in counter mode on a state that the label has entered.
  package mutating func challengeBytes(_ label: String, count: Int) -> [UInt8] {
    absorb(label, .challenge, [])
    return SHA256.expand(Array("driftproof/expand".utf8) + state, count: count)
  }

  /// A uniform element of K, by rejection.
  package mutating func challenge(_ label: String) -> CubicExtension {
    absorb(label, .challenge, [])
    var found: [Goldilocks] = []
    var counter: UInt64 = 0
    while found.count < 3 {
      var message = Array("driftproof/expand".utf8) + state
      message.append(littleEndian: counter)
      counter += 1
      let block = SHA256.hash(message)
      for start in stride(from: 0, to: 32, by: 8) where found.count < 3 {
        let word = block[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if let element = Goldilocks(canonical: word) { found.append(element) }
      }
    }
    return CubicExtension(found[0], found[1], found[2])
  }

  package mutating func challenges(_ label: String, _ count: Int) -> [CubicExtension] {
    (0..<count).map { challenge("\(label)/\($0)") }
  }

  /// `count` distinct positions below 2^logBound, in ascending order.
  package mutating func positions(_ label: String, count: Int, logBound: Int) -> [Int] {
    precondition(count <= 1 << logBound, "more distinct positions than there are")
    var found: Set<Int> = []
    var round = 0
    while found.count < count {
      let bytes = challengeBytes("\(label)/\(round)", count: 8 * count)
      for start in stride(from: 0, to: bytes.count, by: 8) where found.count < count {
        let word = bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        found.insert(Int(word & ((1 << UInt64(logBound)) - 1)))
      }
      round += 1
    }
    return found.sorted()
  }
}
