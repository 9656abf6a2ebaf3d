// SPDX-License-Identifier: Apache-2.0

import DriftProofTranscript

extension DriftStatement {
  /// What the soundness argument assumes of a statement; both sides refuse any other.
  package func validate() throws(ProofRejection) {
    func require(_ condition: Bool, _ why: @autoclosure () -> String) throws(ProofRejection) {
      guard condition else { throw .unsupportedParameters(why()) }
    }
    func requireBound(_ bound: [UInt16]?, _ limbs: Int, _ name: String) throws(ProofRejection) {
      guard let bound else { return }
      try require(
        bound.count <= limbs && bound.allSatisfy { $0 < 1 << Limits.logLimb }, "the bound of \(name) has a wrong form")
    }
    try require(!tensors.isEmpty, "the drift tableau is empty")
    // F - f ≤ 44 keeps a total's limbs within their slots.
    let counted = tensors.filter(\.countsInTotal).map(\.fractionBits)
    try require(totalBound == nil || !counted.isEmpty, "the total is of nothing")
    let finest = counted.max() ?? 0
    let coarsest = counted.min() ?? 0
    let totalLimbs = Limits.boundLimbs + 2 * (finest - coarsest) / Limits.logLimb + 1
    try require(totalLimbs <= Limits.maximumBoundLimbs, "the tensors' precisions are too far apart")
    try requireBound(totalBound, totalLimbs, "the total")
    // The total sums over the chunks of all tensors; a tensor's own line over fewer.
    let chunks = tensors.reduce(0) {
      $0 + 1 << max(0, min(48, ceilLog2($1.rows) + ceilLog2($1.columns)) - Limits.logChunk)
    }
    try require(chunks <= 1 << Limits.logMaximumChunks, "the tableau has too many chunks")
    for tensor in tensors {
      let name = tensor.name
      try require(tensor.rows > 0 && tensor.columns > 0, "tensor \(name) is empty")
      // A tensor without an E-set would be committed and proved nothing of.
      try require(tensor.isPlain || !tensor.clauses.isEmpty, "tensor \(name) has no clause")
      try require(tensor.isPlain || tensor.plainBound == nil, "tensor \(name) has a bound without plain tiles")
      try require(tensor.isPlain || totalBound == nil, "tensor \(name) is missing from the total")
      try requireBound(tensor.plainBound, Limits.boundLimbs, name)
      for clause in tensor.clauses {
        try require(
          clause.rank != nil || clause.sparse != nil || clause.entries != nil,
          "a clause of \(name) has neither rank nor support nor entries")
        try require(
          clause.entries.map { EntryClaim.squareRange.contains($0.square) } ?? true,
          "the entrywise bound of \(name) is out of range")
        try require((1...Limits.maximumRank).contains(clause.rank ?? 1), "the rank of \(name) is out of range")
        try require((1...1 << 30).contains(clause.sparse?.count ?? 1), "the support of \(name) is out of range")
        try require((0...Limits.maximumScale).contains(clause.scale), "the scale of \(name) is out of range")
        // Without a bound on Δ itself, Δ = E/2^s mod p would be no integer (section 11, attack 7).
        try require(clause.scale == 0 || tensor.isPlain, "tensor \(name) is scaled without a bounding clause")
        try requireBound(clause.bound, Limits.boundLimbs, name)
      }
      if tensor.isOrthonormal { try validateOrthonormal(tensor) }
    }
  }

  /// An orthonormality claim is one over the integers only if no product of rows can wrap
  /// (``Limits/logOrthonormalBound``).
  private func validateOrthonormal(_ tensor: TableauTensor) throws(ProofRejection) {
    func require(_ condition: Bool, _ why: String) throws(ProofRejection) {
      guard condition else { throw .unsupportedParameters("the orthonormal tensor \(tensor.name) \(why)") }
    }
    // E of a structured clause is not Δ.
    try require(tensor.isPlain && tensor.clauses.isEmpty, "is not plain")
    try require(tensor.plainBound != nil, "has no bound")
    // Limbs from 2^60 on.
    let high = tensor.plainBound?.dropFirst(Limits.logOrthonormalBound / Limits.logLimb) ?? []
    try require(high.allSatisfy { $0 == 0 }, "has too wide a bound")
    try require(tensor.rows <= Limits.maximumRank, "has too many rows")
    try require(Limits.orthonormalFractionBits.contains(tensor.fractionBits), "has a precision out of range")
  }
}
