// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// A file beside the weights.
package enum StaticReading<Facts: Sendable>: Sendable {
  case none
  case read(Facts)
  /// Some are no strict JSON, such as a configuration with NaN; then its bytes alone can be compared.
  case unreadable(StaticFailure, sha256: [UInt8])

  package var facts: Facts? { if case .read(let facts) = self { facts } else { nil } }
}

/// What the files of a model say, without running it.
package struct StaticFacts: Sendable {
  package let configuration: StaticReading<ConfigurationFile>
  package let tokenizer: StaticReading<TokenizerFacts>
  package let sketch: ModelSketch

  /// - Parameter folder: where `config.json` and the tokenizer lie; nil for a single file of weights.
  /// - Throws: about weights alone.
  package init(_ checkpoint: Checkpoint, folder: String?) throws(CheckpointError) {
    configuration = Self.reading(ConfigurationFile.fileName, in: folder) { (folder) throws(StaticFailure) in
      try StaticFiles.read(ConfigurationFile.fileName, in: folder)
        .map { (bytes) throws(StaticFailure) in try ConfigurationFile(bytes) }
    }
    tokenizer = Self.reading("tokenizer.json", in: folder) { (folder) throws(StaticFailure) in
      try TokenizerFacts(folder: folder)
    }
    sketch = try ModelSketch(checkpoint)
  }

  private static func reading<Facts>(
    _ file: String, in folder: String?, _ read: (String) throws(StaticFailure) -> Facts?
  ) -> StaticReading<Facts> {
    guard let folder else { return .none }
    do throws(StaticFailure) {
      return try read(folder).map { .read($0) } ?? .none
    } catch {
      let bytes = (try? StaticFiles.read(file, in: folder)) ?? []
      return .unreadable(error, sha256: SHA256.hash(bytes))
    }
  }
}

/// Two models beside one another.
package struct StaticComparison: Sendable {
  package let reference: StaticFacts
  package let candidate: StaticFacts
  package let sketch: SketchComparison
  /// Nil where one side has none.
  package let tokenizer: TokenizerComparison?

  package init(reference: StaticFacts, candidate: StaticFacts) {
    self.reference = reference
    self.candidate = candidate
    sketch = SketchComparison(reference.sketch, candidate.sketch)
    tokenizer = reference.tokenizer.facts.flatMap { a in
      candidate.tokenizer.facts.map { TokenizerComparison(a, $0) }
    }
  }

  /// Nil where it cannot be said.
  package var hasEqualConfiguration: Bool? {
    switch (reference.configuration, candidate.configuration) {
    case (.read(let a), .read(let b)): a.digest == b.digest
    case (.unreadable(_, let a), .unreadable(_, let b)): a == b ? true : nil
    default: nil
    }
  }
}
