// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofStatement

/// A tuned weight that is NaN or infinite where a clause wants its drift: the policy does not cover it.
enum UnencodableWeight {
  /// What `body` returns.
  /// - Throws: `coverageGap` naming tensor and entry in place of `notFinite`; other errors as they are.
  static func gap<R>(_ body: () throws(CheckpointError) -> R) throws -> R {
    do throws(CheckpointError) {
      return try body()
    } catch .notFinite(_, let tensor, let index) {
      // The base's weights are in its identity, whose clauses are refused before.
      throw DriftProofError.coverageGap([.notEncodable(tensor: tensor, of: .tuned, entry: index, rule: nil)])
    }
  }
}
