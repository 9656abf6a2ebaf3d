// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Synchronization
import Testing

@Suite struct ParallelTests {
  private struct Failure: Error, Equatable {
    let index: Int
  }

  @Test func mapsInOrderOfIndices() {
    #expect(Parallel.map(1000) { $0 * $0 } == (0..<1000).map { $0 * $0 })
    #expect(Parallel.map(0) { $0 } == [])
    #expect(Parallel.map(100, order: (0..<100).reversed()) { $0 } == Array(0..<100))
  }

  /// Optional results stay what they are: nil is a value.
  @Test func keepsResultsThatAreNil() {
    #expect(Parallel.map(4) { $0.isMultiple(of: 2) ? $0 : nil } == [0, nil, 2, nil])
  }

  @Test func throwsTheErrorOfTheLowestIndex() {
    for order in [nil, Array((0..<200).reversed())] {
      #expect(throws: Failure(index: 7)) {
        try Parallel.map(200, order: order) { index throws(Failure) in
          if index % 10 == 7 { throw Failure(index: index) }
        }
      }
    }
  }

  @Test func keepsToItsWorkers() {
    let state = Mutex((running: 0, most: 0))
    let result = Parallel.map(64, order: (0..<64).reversed(), workers: 2) { index in
      state.withLock {
        $0.running += 1
        $0.most = max($0.most, $0.running)
      }
      defer { state.withLock { $0.running -= 1 } }
      return (0..<1000).reduce(index) { $0 &+ $1 } - 499_500
    }
    #expect(result == Array(0..<64))
    #expect(state.withLock { $0.most } <= 2)
  }
}
