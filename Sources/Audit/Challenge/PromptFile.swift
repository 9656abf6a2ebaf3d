// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A user's own questions, one a line: the best answer to a provider who recognises audits.
package struct PromptFile: Equatable, Sendable {
  /// Bytes of a file, and of a line.
  package static let maximumBytes = 64 << 20
  package static let maximumLine = 1 << 16

  /// In the order of the file, empty ones left out, equal ones once.
  package let lines: [String]
  /// Of the file's bytes; hexadecimal.
  package let digest: String

  package init(_ bytes: [UInt8]) throws(PromptFileError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge(bytes: bytes.count) }
    var seen: Set<[UInt8]> = []
    var lines: [String] = []
    for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let content = Array(line.last == 0x0D ? line.dropLast() : line)
      guard content.count <= Self.maximumLine else { throw .longLine(number: number + 1, bytes: content.count) }
      guard let text = String(validating: content, as: UTF8.self), CombiningMarks.areFew(in: text) else {
        throw .notText(number: number + 1)
      }
      // A line of blanks asks nothing, and gateways trim what ends in them.
      guard content.contains(where: { $0 > 0x20 }), seen.insert(content).inserted else { continue }
      lines.append(text)
    }
    guard !lines.isEmpty else { throw .empty }
    self.lines = lines
    digest = SHA256.hash(bytes).hexadecimal
  }
}

/// Why a file of prompts cannot be used.
package enum PromptFileError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooLarge(bytes: Int)
  case longLine(number: Int, bytes: Int)
  case notText(number: Int)
  case empty

  package var description: String {
    switch self {
    case .tooLarge(let bytes): "it has \(bytes) bytes, more than \(PromptFile.maximumBytes): take a part of it"
    case .longLine(let number, let bytes):
      "line \(number) has \(bytes) bytes, more than \(PromptFile.maximumLine): shorten it"
    case .notText(let number): "line \(number) is not text in UTF-8: save the file as UTF-8"
    case .empty: "it has no line with a prompt: write one a line"
    }
  }
}
