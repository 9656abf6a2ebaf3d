import Kernels
import Synchronization
import Transcript

/// The prover's search for a nonce; the check is ``Transcript/isProofOfWork(nonce:bits:)``.
enum ProofOfWork {
  private static let batch = 1 << 12

  static func search(_ transcript: Transcript, bits: Int) -> UInt64 {
    var start: UInt64 = 0
    while true {
      let found = Mutex<UInt64?>(nil)
      let first = start
      Parallel.forEach(2) { worker in
        let begin = first + UInt64(worker * batch)
        for nonce in begin..<begin + UInt64(batch) where transcript.isProofOfWork(nonce: nonce, bits: bits) {
          found.withLock { $0 = min($0 ?? nonce, nonce) }
          return
        }
      }
      if let nonce = found.withLock({ $0 }) { return nonce }
      start += UInt64(2 * batch)
    }
  }
}
