import Core
import Kernels
import Synchronization
import Transcript

/// Grinding before the positions are drawn: a nonce with `bits` leading zero bits in SHA-256(seed ‖ nonce ‖ tag), the
/// seed 32 challenge bytes of the transcript; docs/protocol.md section 6.
///
/// The message is one SHA-256 block, so that the prover can search with the leaf kernels, many nonces at a time.
struct ProofOfWork: Sendable {
  private let seed: [UInt8]
  let bits: Int

  /// 24 bytes.
  private static let tag = Array("driftproof/grinding/v1\0\0".utf8)

  /// Draws the seed from the transcript. Both sides do this after all final coefficients.
  init(_ transcript: inout Transcript, bits: Int) {
    precondition((1...CodeParameters.maximumGrindingBits).contains(bits))
    seed = transcript.challengeBytes(OpeningLabel.nonce, count: 32)
    self.bits = bits
  }

  func isSolved(by nonce: UInt64) -> Bool {
    var message = seed
    message.append(littleEndian: nonce)
    message += Self.tag
    let digest = SHA256.hash(message)
    let head = UInt32(digest[0]) << 24 | UInt32(digest[1]) << 16 | UInt32(digest[2]) << 8 | UInt32(digest[3])
    return head.leadingZeroBitCount >= bits
  }

  private static let batch = 1 << 13

  /// The least nonce that solves it (prover).
  func solve() -> UInt64 {
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
