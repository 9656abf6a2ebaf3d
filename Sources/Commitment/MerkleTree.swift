import Kernels

/// All levels of a Merkle tree over 2^depth leaf digests (prover).
struct MerkleTree: Sendable {
  let depth: Int
  /// Level 0 (leaves) first: 2^depth digests, then 2^(depth-1), …, the root.
  private let digests: AlignedBuffer<UInt8>

  /// Digest index at which a level begins.
  private static func start(level: Int, depth: Int) -> Int { (2 << depth) - (2 << (depth - level)) }

  /// `fillLeaves` writes the 2^depth leaf digests to the beginning of the buffer.
  init(depth: Int, fillLeaves: (AlignedBuffer<UInt8>) throws -> Void) rethrows {
    self.depth = depth
    digests = AlignedBuffer(count: 32 * ((2 << depth) - 1))
    try fillLeaves(digests)
    for level in 0..<depth {
      let (children, parents) = (Self.start(level: level, depth: depth), Self.start(level: level + 1, depth: depth))
      let count = 1 << (depth - level - 1)
      let chunk = min(count, 1 << 12)
      let buffer = digests
      Parallel.forEach(count / chunk) { index in
        LeafHashing.parents(
          children: buffer, childOffset: 32 * (children + 2 * chunk * index), parents: buffer,
          parentOffset: 32 * (parents + chunk * index), count: chunk)
      }
    }
  }

  var root: [UInt8] { digest(level: depth, index: 0) }

  func digest(level: Int, index: Int) -> [UInt8] {
    let start = 32 * (Self.start(level: level, depth: depth) + index)
    return (start..<start + 32).map { digests[$0] }
  }

  /// The siblings of ``MerkleMultiproof`` for these leaves (distinct, ascending).
  func multiproof(_ leaves: [Int]) -> [UInt8] {
    var result: [UInt8] = []
    MerkleMultiproof.forEachSibling(of: leaves, depth: depth) { level, index in
      result += digest(level: level, index: index)
    }
    return result
  }
}
