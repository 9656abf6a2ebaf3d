// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofPolicy

/// Why the bytes of a certificate, manifest or opening file are rejected.
public enum FormatError: Error, Equatable, Sendable {
  case truncated(section: String)
  case trailingBytes(count: Int)
  case badMagic
  case unsupportedVersion(Int)
  case wrongLength(section: String, found: Int, expected: Int)
  case invalidText(section: String)
  /// More bytes or things than any honest certificate has, refused before memory is used for them.
  case tooMany(section: String, found: Int, limit: Int)
  /// More combining marks in a row than any text has.
  case combiningMarks(section: String)
  case unknownDataType(String)
  case badShape(tensor: String)
  case notSorted(tensor: String)
  case badFlag(section: String, found: Int)
  /// Records of adapters and of other models in one manifest.
  case mixedRecords(tensor: String)
  /// An adapter's manifest names a parent.
  case adapterLink
  /// The manifest of an aligned statement names a parent.
  case alignedLink
  /// A manifest of the version with bands that has none, or one.
  case bandsWithoutNeed(Int)
  /// More bands than the drift tableau's rows have blocks of eight.
  case moreBandsThanBlocks(Int, rows: Int)
  case unsupportedParameters(String)
  case notCanonical
}

extension FormatError: TextReadingError {}

extension FormatError {
  /// Of the policy inside a certificate.
  init(_ error: CanonicalPolicyError) {
    self =
      switch error {
      case .truncated(let section): .truncated(section: section)
      case .trailingBytes(let count): .trailingBytes(count: count)
      case .invalidText(let section): .invalidText(section: section)
      case .combiningMarks(let section): .combiningMarks(section: section)
      case .badFlag(let section, let found): .badFlag(section: section, found: found)
      case .policy(let error): .unsupportedParameters("the policy inside it: \(error)")
      case .notCanonical: .notCanonical
      }
  }
}

extension FormatError: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .truncated(let section): "the file ends inside \(section)"
    case .trailingBytes(let count): "\(count) bytes follow its end"
    case .badMagic: "this is not such a file"
    case .unsupportedVersion(let version): "format version \(version) is unknown; use a newer driftproof"
    case .wrongLength(let section, let found, let expected): "\(section) has \(found) bytes, expected \(expected)"
    case .invalidText(let section): "\(section) is not UTF-8"
    case .tooMany(let section, let found, let limit): "\(section): \(found) are more than the limit of \(limit)"
    case .combiningMarks(let section): "\(section) has more combining marks in a row than any text"
    case .unknownDataType(let name): "\(name) is no safetensors dtype"
    case .badShape(let tensor): "tensor \(tensor): the shape is no shape of a tensor"
    case .notSorted(let tensor): "tensor \(tensor) is not in rising order of names"
    case .badFlag(let section, let found): "\(section) is \(found), which means nothing there"
    case .adapterLink: "an unmerged adapter cannot be a link of a chain"
    case .alignedLink: "a link of a chain cannot be in the places of the base's tableau"
    case .mixedRecords(let tensor): "tensor \(tensor) has a record of another kind than an adapter's tensors"
    case .bandsWithoutNeed(let bands): "it has the version of two bands or more, but states \(bands)"
    case .moreBandsThanBlocks(let bands, let rows):
      "\(bands) bands are more than the \((rows + 7) / 8) blocks of eight that \(rows) rows have"
    case .unsupportedParameters(let why): why
    case .notCanonical: "it is not in canonical form"
    }
  }
}
