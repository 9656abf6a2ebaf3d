// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument

/// Which statements workers prove so far.
enum SpreadStatement {
  /// - Throws: ``WorkerError/notYet(_:)`` with what there is that is not spread.
  static func check(_ layout: ArgumentLayout) throws(WorkerError) {
    if layout.hasOrthonormal { throw .notYet("products of adapters") }
    if layout.hasEntries { throw .notYet("bounds of single entries") }
    if layout.hasPatterns { throw .notYet("patterns") }
    if !layout.statement.baseTrees.isEmpty { throw .notYet("bounds relative to the base's weights") }
    if layout.statement.code.hidingBase != nil { throw .notYet("bases that hide their weights") }
  }
}
