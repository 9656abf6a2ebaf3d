// SPDX-License-Identifier: Apache-2.0

import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

@Suite struct EndToEndTests {
  @Test func normOfOneTensorAtItsBound() throws { try Fixture.norm(rows: 128, columns: 128).run() }

  @Test func normOfAVector() throws { try Fixture.norm(rows: 1, columns: 5).run() }

  @Test func everyClauseTogether() throws { try Fixture.everything().run() }
}

extension Fixture {
  /// Only some of the tensors.
  func keeping(_ indices: [Int], total: Bool = false) -> Fixture {
    var result = self
    result.tensors = indices.map { tensors[$0] }
    result.drifts = indices.map { drifts[$0] }
    result.factors = [:]
    result.supports = [:]
    for (new, old) in indices.enumerated() {
      for (id, value) in factors where id.tensor == old {
        result.factors[.init(tensor: new, clause: id.clause)] = value
      }
      for (id, value) in supports where id.tensor == old {
        result.supports[.init(tensor: new, clause: id.clause)] = value
      }
    }
    if !total { result.totalBound = nil }
    return result
  }
}

@Suite struct SingleClauseTests {
  @Test(arguments: [[0], [1], [2], [3], [4], [5], [0, 1], [2, 3], [2, 5], [3, 5]])
  func subsets(_ indices: [Int]) throws { try Fixture.everything().keeping(indices).run() }
}
