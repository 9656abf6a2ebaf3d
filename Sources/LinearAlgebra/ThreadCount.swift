// SPDX-License-Identifier: Apache-2.0

import CDriftProofOpenBLAS

/// How many threads OpenBLAS uses for one product; a setting of the whole process.
package enum ThreadCount {
  /// Runs `body` while each product keeps to one thread: for work that is parallel already.
  package static func withOne<R>(_ body: () throws -> R) rethrows -> R {
    let before = openblas_get_num_threads()
    openblas_set_num_threads(1)
    defer { openblas_set_num_threads(before) }
    return try body()
  }
}
