// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofCore
import DriftProofField

/// Binding a variable of a multilinear table.
package enum Folding {
  /// t'[i] = t[2i] + r · (t[2i+1] - t[2i]): binds variable 0 to r. The table has an even number of entries.
  package static func fold(_ table: inout [CubicExtension], _ r: CubicExtension, path: KernelPath = .selected) {
    precondition(table.count % 2 == 0, "\(table.count) entries")
    guard let level = path.level else { return Multilinear.fold(&table, r) }
    let half = table.count / 2
    let form = Montgomery.form([r])
    Coordinates.with(&table) { coordinates in
      guard let base = coordinates.baseAddress else { return }
      let memory = Shared(base)
      var done = min(half, 1 << 12)
      dp_fold(level, base, 0, done, form, base)
      // Entries a ..< 2a come from 2a ..< 4a, so one such stage can go on in place on all cores.
      while done < half {
        let (start, end) = (done, min(half, 2 * done))
        let pieces = (end - start + piece - 1) / piece
        Parallel.forEach(pieces) { index in
          let first = start + index * piece
          dp_fold(level, memory.pointer, first, min(first + piece, end), form, memory.pointer)
        }
        done = end
      }
    }
    table.removeLast(half)
  }

  private static let piece = 1 << 12
}
