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
          clause.rank != nil || clause.circulant != nil || clause.sparse != nil || clause.entries != nil,
          "a clause of \(name) has neither rank nor support nor entries")
        try require(
          clause.entries.map { EntryClaim.squareRange.contains($0.square) } ?? true,
          "the entrywise bound of \(name) is out of range")
        try require((1...Limits.maximumRank).contains(clause.rank ?? 1), "the rank of \(name) is out of range")
        if let blocks = clause.blocks {
          try require(clause.rank != nil, "the blocks of \(name) have no rank")
          try require(
            KroneckerBlock.logSizes.contains(blocks.logRows) && KroneckerBlock.logSizes.contains(blocks.logColumns),
            "the blocks of \(name) are out of range")
          // Then bits of places number rows of U and V.
          try require(
            blocks.divides(rows: tensor.rows, columns: tensor.columns), "the blocks of \(name) do not fill it")
        }
        if let circulant = clause.circulant {
          // |2^s·Δ - E| < 2^55 makes numbers that are equal modulo p equal; with UVᵀ, below 2^62.49, it would not.
          try require(clause.rank == nil, "the circulant blocks of \(name) stand beside a rank")
          try require(
            CirculantBlock.logSizes.contains(circulant.logSize), "the circulant blocks of \(name) are out of range")
          // Then bits of places number diagonals.
          try require(
            circulant.divides(rows: tensor.rows, columns: tensor.columns),
            "the circulant blocks of \(name) do not fill it")
        }
        try require((1...1 << 30).contains(clause.sparse?.count ?? 1), "the support of \(name) is out of range")
        let largestScale =
          clause.entries?.rounding == nil ? Limits.maximumScale : Limits.maximumRoundingScale
        try require((0...largestScale).contains(clause.scale), "the scale of \(name) is out of range")
        // Without a bound on Δ itself, Δ = E/2^s mod p would be no integer (section 11, attack 7).
        try require(clause.scale == 0 || tensor.isPlain, "tensor \(name) is scaled without a bounding clause")
        try requireBound(clause.bound, Limits.boundLimbs, name)
      }
      if tensor.isOrthonormal { try validateOrthonormal(tensor) }
    }
    try validateRounding()
    try validatePatterns()
  }

  /// What section 5, items 10 and 11, assumes of rounding claims and of the base's places.
  private func validateRounding() throws(ProofRejection) {
    func require(_ condition: Bool, _ why: @autoclosure () -> String) throws(ProofRejection) {
      guard condition else { throw .unsupportedParameters(why()) }
    }
    let claims = tensors.flatMap { tensor in
      tensor.clauses.compactMap { clause in clause.entries.map { (tensor, clause, $0) } }
    }
    let hasRounding = claims.contains { $0.2.rounding != nil }
    let speaksOfBase = hasRounding || tensors.contains { $0.patterns.contains(where: \.speaksOfBase) }
    try require(speaksOfBase || baseTrees.isEmpty, "a base that no claim speaks of")
    try require(
      speaksOfBase || isAligned || tensors.allSatisfy { $0.base == nil }, "a base that no claim speaks of")
    try require(!isAligned || tensors.allSatisfy { $0.base != nil }, "a tensor without a place in the base's tableau")
    try require(
      code.hidingBase.map { ((isAligned ? 0 : 1)...$0.trees).contains(baseTrees.count) } ?? true,
      "the statement's code is of a hiding base of another number of trees")
    try validatePlaces()
    guard hasRounding else { return }
    for (tensor, clause, claim) in claims {
      let name = tensor.name
      guard let own = claim.rounding else {
        throw .unsupportedParameters("the entrywise bound of \(name) has another form")
      }
      // E is linear only: nothing squares it.
      try require(clause.bound == nil, "the rounding clause of \(name) has a norm bound")
      try require(RoundingClaim.fineShifts.contains(own.fineShift), "the fine shift of \(name) is out of range")
      try require(own.fineShift <= clause.scale, "the fine shift of \(name) is above its scale")
      try require([1, 4].contains(own.residualWeight), "the weight of residuals of \(name) is out of range")
      try require(RoundingClaim.classBoundRange.contains(own.classBound), "the half-ulps of \(name) are out of range")
      try require(RoundingClaim.logClassesRange.contains(own.logClasses), "the classes of \(name) are out of range")
      try require(own.hasClasses || own.classBound == 0, "the half-ulps of \(name) have no classes")
      for value in [own.tuned, own.base, own.drift] {
        try require(RoundingClaim.coefficientRange.contains(value), "a coefficient of \(name) is out of range")
      }
      try require(
        RoundingClaim.differenceRanges.contains(own.differenceRange),
        "the range of differences of \(name) is out of range")
      let speaksOfBase = own.hasClasses || own.tuned > 0 || own.base > 0
      try require(!speaksOfBase || tensor.base != nil, "the base of \(name) is committed to nowhere")
      // q' and X are small only if Δ is (section 5, item 10).
      try require(tensor.isPlain, "tensor \(name) has a rounding clause without a bounding one")
    }
  }

  /// Tensors lie inside the base's trees, each in places of its own.
  private func validatePlaces() throws(ProofRejection) {
    func require(_ condition: Bool, _ why: @autoclosure () -> String) throws(ProofRejection) {
      guard condition else { throw .unsupportedParameters(why()) }
    }
    var rows: [Int: Int] = [:]
    for tree in baseTrees {
      try require(tree.number >= (rows.keys.max() ?? -1) + 1, "the base's trees are out of order")
      try require((1...1 << 24).contains(tree.rows) && tree.root.count == 32, "a tree of the base has a wrong form")
      // A root without pins stands for several tableaux; only of a public base does the verifier know which is meant.
      try require(
        tree.pins.count == (code.hidingBase == nil ? 0 : tree.rows), "the base's tree has not one pin for each row")
      rows[tree.number] = tree.rows
    }
    for tensor in tensors {
      guard let base = tensor.base else { continue }
      let (rowBits, columnBits) = TableauLayout.paddedLogs(rows: tensor.rows, columns: tensor.columns)
      let log = rowBits + columnBits
      let speaksOfBase =
        tensor.clauses.contains { $0.entries?.rounding != nil } || tensor.patterns.contains(where: \.speaksOfBase)
      // No row of a tree that no claim speaks of is opened here.
      guard let count = rows[base.tree] ?? (isAligned && !speaksOfBase ? 1 << 24 : nil) else {
        throw .unsupportedParameters("the base of \(tensor.name) is in no tree")
      }
      try require(!tensor.isOrthonormal, "the base of \(tensor.name) is no factor's")
      if let offset = base.offset {
        try require(
          log < code.logLength && offset >= 0 && offset & (1 << log - 1) == 0 && offset < 1 << code.logLength,
          "the base of \(tensor.name) lies across its row")
        try require((0..<count).contains(base.row), "the base of \(tensor.name) lies outside its tree")
      } else {
        try require(log >= code.logLength, "the base of \(tensor.name) shares a row")
        let tiles = TableauLayout.tileCount(rows: tensor.rows, columns: tensor.columns, logLength: code.logLength)
        try require(base.row >= 0 && base.row <= count - tiles, "the base of \(tensor.name) lies outside its tree")
      }
    }
    // Two tensors in one place would be read as one.
    let places = tensors.compactMap { tensor -> (name: String, start: [Int], end: Int)? in
      guard let base = tensor.base, let offset = base.offset else { return nil }
      let (rowBits, columnBits) = TableauLayout.paddedLogs(rows: tensor.rows, columns: tensor.columns)
      return (tensor.name, [base.tree, base.row, offset], offset + 1 << (rowBits + columnBits))
    }.sorted { $0.start.lexicographicallyPrecedes($1.start) }
    for (one, next) in zip(places, places.dropFirst()) {
      try require(
        one.start.dropLast() != next.start.dropLast() || one.end <= next.start[2],
        "the base of \(next.name) is another's, too")
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

extension DriftStatement {
  /// What section 5, item 12, assumes of pattern claims.
  private func validatePatterns() throws(ProofRejection) {
    func require(_ condition: Bool, _ why: @autoclosure () -> String) throws(ProofRejection) {
      guard condition else { throw .unsupportedParameters(why()) }
    }
    for tensor in tensors where !tensor.patterns.isEmpty {
      let name = tensor.name
      try require(tensor.isPlain, "tensor \(name) has a pattern without a bounding clause")
      try require(!tensor.isOrthonormal, "the pattern of \(name) is no factor's")
      try require(tensor.patterns.count <= PatternClaim.maximumClaims, "tensor \(name) has too many patterns")
      for pattern in tensor.patterns {
        try require(!pattern.speaksOfBase || tensor.base != nil, "the base of \(name) is committed to nowhere")
        guard pattern.hasGroups else {
          try require(pattern.count == 0 && pattern.logGroup == 0, "the base's pattern of \(name) has groups")
          continue
        }
        try require(PatternClaim.logGroups.contains(pattern.logGroup), "the groups of \(name) are out of range")
        try require((1..<pattern.group).contains(pattern.count), "the pattern of \(name) is out of range")
        try require(tensor.columns.isMultiple(of: pattern.group), "the groups of \(name) do not fit its columns")
        // A group's places are neighbours: 2^μ columns of one tile.
        let width = TableauLayout.logTileColumns(
          rows: tensor.rows, columns: tensor.columns, logLength: code.logLength)
        try require(width ?? pattern.logGroup >= pattern.logGroup, "the groups of \(name) lie across tiles")
      }
    }
  }
}
