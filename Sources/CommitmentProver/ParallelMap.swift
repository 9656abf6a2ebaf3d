// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField

/// Tables of K-elements computed on all cores.
enum ParallelMap {
  private static let chunk = 1 << 13

  /// [term(0), …, term(count - 1)].
  static func of(count: Int, _ term: @Sendable (Int) -> CubicExtension) -> [CubicExtension] {
    if count <= chunk { return (0..<count).map(term) }
    let chunks = (count + chunk - 1) / chunk
    let parts = Parallel.map(chunks) { index in (index * chunk..<min(count, (index + 1) * chunk)).map(term) }
    return Array(parts.joined())
  }
}
