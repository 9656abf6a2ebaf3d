// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import DriftProofKernels
import Synchronization

extension ProofOfWork {
  private static let batch = 1 << 13

  /// The least nonce that solves it (prover).
  package func solve() -> UInt64 {
    let workers = 8
    let scratch = (0..<workers).map { _ in Scratch(count: Self.batch) }
    var start: UInt64 = 0
    while true {
      let found = Mutex<UInt64?>(nil)
      let first = start
      Parallel.forEach(workers) { worker in
        if let nonce = search(from: first + UInt64(worker * Self.batch), scratch[worker]) {
          found.withLock { $0 = min($0 ?? nonce, nonce) }
        }
      }
      if let nonce = found.withLock({ $0 }) { return nonce }
      start += UInt64(workers * Self.batch)
    }
  }

  private struct Scratch: Sendable {
    let tails: AlignedBuffer<UInt8>
    let states: AlignedBuffer<UInt32>
    let digests: AlignedBuffer<UInt8>

    init(count: Int) {
      tails = AlignedBuffer(count: 32 * count)
      states = AlignedBuffer(count: 8 * count)
      digests = AlignedBuffer(count: 32 * count)
      for i in 0..<count {
        for (j, byte) in ProofOfWork.tag.enumerated() { tails.pointer[32 * i + 8 + j] = byte }
      }
    }
  }

  private func search(from first: UInt64, _ scratch: Scratch) -> UInt64? {
    let count = Self.batch
    for i in 0..<count {
      UnsafeMutableRawPointer(scratch.tails.pointer + 32 * i)
        .storeBytes(of: (first + UInt64(i)).littleEndian, as: UInt64.self)
    }
    LeafHashing.begin(states: scratch.states, first: 0, count: count, header: seed, salts: scratch.tails)
    LeafHashing.finish(states: scratch.states, first: 0, count: count, totalBytes: 64, digests: scratch.digests)
    for i in 0..<count {
      let head = UnsafeRawPointer(scratch.digests.pointer + 32 * i).load(as: UInt32.self)
      if UInt32(bigEndian: head).leadingZeroBitCount >= bits { return first + UInt64(i) }
    }
    return nil
  }
}
