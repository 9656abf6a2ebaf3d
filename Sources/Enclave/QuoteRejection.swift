// SPDX-License-Identifier: Apache-2.0

/// Why a quote shows nothing.
package enum QuoteRejection: Error, Equatable, Sendable {
  case malformed(String)
  /// A kind of quote or processor that cannot be checked here.
  case unsupported(String)
  /// The way from the signer's certificate to the root that was given.
  case chain(String)
  case certificate(String)
  case signature
  /// An enclave in debug mode, whose memory its host can read.
  case debug
  case privilege(found: UInt32, expected: UInt32)
  /// The processor's firmware is another one than its certificate is about; names the part.
  case firmware(String)
  case otherChip

  // What it is about, and what was expected; hexadecimal.

  case measurement(name: String, stated: String, expected: String)
  case binding(stated: String, expected: String)
  case commitment(stated: String, expected: String)

  /// Whether the quote is good by itself and about something else.
  package var isMismatch: Bool {
    switch self {
    case .measurement, .binding, .commitment: true
    default: false
    }
  }
}

extension QuoteRejection: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let why): "it is no quote: \(why)"
    case .unsupported(let what): "\(what) cannot be checked"
    case .chain(let why): "its certificate does not lead to the root that was given: \(why)"
    case .certificate(let why): "its certificate: \(why)"
    case .signature: "its signature is not its certificate's"
    case .debug: "it is of an enclave in debug mode, whose memory its host can read and change"
    case .privilege(let found, let expected): "it is of privilege level \(found), expected \(expected)"
    case .firmware(let part): "its firmware (\(part)) is another one than its certificate is about"
    case .otherChip: "its chip is another one than its certificate is about"
    case .measurement(let name, let stated, let expected): "\(name) is \(stated), expected \(expected)"
    case .binding(let stated, let expected): "it is bound to \(stated), expected \(expected)"
    case .commitment(let stated, let expected): "it has the commitment \(stated), the plan has \(expected)"
    }
  }
}
