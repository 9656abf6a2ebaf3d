// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// One line, read by itself: several may be, at the same time.
struct ParsedLine: Sendable {
  enum Content: Sendable {
    case line(TranscriptLine, previous: [UInt8])
    case malformed(reason: String)
    case long
  }

  let content: Content
  let digest: [UInt8]

  init(_ bytes: [UInt8], keeping: AnswerKeeping, spelling: TokenSpelling) {
    guard bytes.count <= CanonicalJSON.maximumBytes else {
      (content, digest) = (.long, [])
      return
    }
    do throws(LineFailure) {
      let (line, previous) = try TranscriptLine.read(bytes)
      content = .line(keeping.applied(to: line, spelling: spelling), previous: previous)
    } catch {
      content = .malformed(reason: error.reason)
    }
    digest = SHA256.hash(bytes)
  }
}
