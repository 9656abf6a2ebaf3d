// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DriftProofCheckpoint

@Suite struct ReadTrailTests {
  private func forgotten(kept: Int = ReadTrail.step, _ reads: [Range<Int>]) -> [Range<Int>] {
    let seen = Mutex<[Range<Int>]>([])
    do {
      let trail = ReadTrail(kept: kept) { range in seen.withLock { $0.append(range) } }
      for read in reads { trail.passed(read) }
    }
    return seen.withLock { $0 }
  }

  /// In aligned steps, one of them behind the reader; the rest at the end. Every byte once.
  @Test func aRunIsForgottenBehindItsReader() {
    let (step, first, block) = (ReadTrail.step, 12_345, 1 << 20)
    let reads = (0..<40).map { first + $0 * block..<first + ($0 + 1) * block }
    let found = forgotten(reads)
    #expect(found.map(\.lowerBound) == [first, step, 2 * step, 3 * step, 4 * step])
    #expect(found.map(\.upperBound) == [step, 2 * step, 3 * step, 4 * step, first + 40 * block])
    // A reader that may come back keeps more.
    #expect(forgotten(kept: 1 << 30, reads) == [first..<first + 40 * block])
  }

  @Test func aJumpBeginsANewRun() {
    let far = 1 << 40
    #expect(forgotten([0..<100_000, far..<far + 70_000, 5..<20]) == [0..<100_000, far..<far + 70_000])
    #expect(forgotten([]) == [])
  }

  /// Forgetting is a hint to the system: the bytes are still there.
  @Test func whatWasForgottenCanBeReadAgain() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let file = try MappedFile(path: path)
    file.passThrough()
    for _ in 0..<2 {
      var words = [UInt8](repeating: 0, count: bytes.count)
      try file.copyWords(at: 0, count: bytes.count, into: &words)
      #expect(words == bytes)
      file.forget(0..<bytes.count)
    }
  }

  @Test func onlyWhatTheMachineCannotKeepIsForgotten() {
    #expect(!Checkpoint.isTooLargeToKeep(6 << 30, memory: 24 << 30))
    #expect(Checkpoint.isTooLargeToKeep(6 << 30 + 1, memory: 24 << 30))
    #expect(MappedFile.machineMemory ?? 1 << 30 >= 1 << 30)
  }
}
