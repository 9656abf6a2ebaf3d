// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveCommitment

extension CurveStatement {
  /// What the soundness argument assumes of a statement; both sides refuse any other.
  package func validate() throws(CurveProofRejection) {
    func require(_ condition: Bool, _ why: @autoclosure () -> String) throws(CurveProofRejection) {
      guard condition else { throw .unsupported(why()) }
    }
    try require(CurveLimits.logLengths.contains(logLength), "rows of 2^\(logLength) cells")
    try require(setupID.count == 32, "the setup's id has \(setupID.count) bytes")
    try require(tensors.contains(where: \.isBounded), "no tensor has a norm claim")
    try require(tensors.count <= CurveLimits.maximumTensors, "\(tensors.count) tensors")
    // Names are their bytes: Swift's strings are equal where their letters are.
    try require(Set(tensors.map { Array($0.name.utf8) }).count == tensors.count, "two tensors have one name")
    // Rows are counted before they are added up, so that no sum overflows.
    let mostRows = 1 << (CurveLimits.maximumVariables - logLength)
    var rowCount = 0
    for tensor in tensors {
      let name = tensor.name
      try require(tensor.rows > 0 && tensor.columns > 0, "tensor \(name) is empty")
      try require((1...mostRows).contains(tensor.rowCount), "tensor \(name) has \(tensor.rowCount) rows of cells")
      rowCount += tensor.rowCount
      try require(rowCount <= mostRows, "the tensors have more than 2^\(CurveLimits.maximumVariables) cells")
      // Rows that are another tensor's would move under this one's claim.
      let shape = CurveRowLayout(rows: tensor.rows, columns: tensor.columns, logLength: logLength)
      try require(shape?.rowCount == tensor.rowCount, "tensor \(name) has not the rows of its shape")
      try require(CurveLimits.fractionBits.contains(tensor.fractionBits), "the precision of \(name) is out of range")
      switch tensor.claim {
      case .norm(let bound?):
        try require(bound.bitCount <= CurveLimits.boundBits, "the bound of \(name) is out of range")
      case .norm(nil):
        try require(tensor.countsInTotal || !tensor.clauses.isEmpty, "nothing bounds tensor \(name)")
      case .frozen, .any:
        try require(!tensor.countsInTotal, "the total counts \(name), which has no norm claim")
        try require(tensor.clauses.isEmpty, "tensor \(name) has clauses and no norm claim")
      }
      try validate(tensor.clauses, of: tensor)
    }
    try validateSizes()
    let counted = tensors.filter(\.countsInTotal).map(\.fractionBits)
    guard let totalBound else {
      try require(counted.isEmpty, "tensors count in a total that is not there")
      return
    }
    try require(!counted.isEmpty, "the total is of nothing")
    try require(totalBound.bitCount <= CurveLimits.totalBits, "the total is out of range")
    try require(
      (counted.max() ?? 0) - (counted.min() ?? 0) <= CurveLimits.maximumPrecisionSpread,
      "the tensors' precisions are too far apart")
  }

  private func validate(_ clauses: [CurveClause], of tensor: CurveTensor) throws(CurveProofRejection) {
    func require(_ holds: Bool, _ why: @autoclosure () -> String) throws(CurveProofRejection) {
      guard holds else { throw .unsupported("a clause of tensor \(tensor.name): \(why())") }
    }
    try require(clauses.count <= CurveLimits.maximumClauses, "there are \(clauses.count) of them")
    for clause in clauses {
      try require(clause.rank != nil || clause.sparse != nil, "it has no structure")
      if let rank = clause.rank {
        let most = min(CurveLimits.maximumRank, tensor.rows, tensor.columns)
        try require((1...most).contains(rank), "rank \(rank) of \(tensor.rows) × \(tensor.columns) entries")
      }
      let places =
        switch clause.sparse {
        case .entries?: tensor.rows * tensor.columns
        case .rows?: tensor.rows
        case .columns?, nil: tensor.columns
        }
      if let count = clause.sparse?.count {
        try require((1...places).contains(count), "\(count) of \(places) places")
      }
      try require((0...CurveLimits.maximumScale).contains(clause.scale), "scale \(clause.scale)")
      try require(clause.scale == 0 || clause.rank != nil, "a scale without a rank")
      try require(clause.bound.bitCount <= CurveLimits.boundBits, "its bound is out of range")
    }
  }

  /// Of what clauses add: E-space, and P1.
  private func validateSizes() throws(CurveProofRejection) {
    guard isStructured else { return }
    var (rows, cells) = (0, 0)
    for tensor in tensors {
      // Each is at most 2^32 rows: 2^16 tensors of 17 of them do not overflow.
      rows += tensor.clauses.count << ceilLog2(tensor.rowCount) + (tensor.isPlain ? tensor.rowCount : 0)
      for clause in tensor.clauses {
        // At most 2^58 each, and looked at one by one.
        cells += CurveFactorLayout.cellCount(clause, of: tensor)
        guard cells <= CurveLimits.maximumFactorCells else {
          throw .unsupported("factors and slots up to tensor \(tensor.name) take more than 2^24 cells")
        }
      }
    }
    guard rows <= 1 << (CurveLimits.maximumVariables - logLength) else {
      throw .unsupported("the clauses have more than 2^\(CurveLimits.maximumVariables) cells")
    }
    let layout = CurveArgumentLayout(self)
    guard let factors = layout.factors, factors.used <= 2 * CurveLimits.maximumFactorCells else {
      throw .unsupported("factors and slots take more than 2^24 cells")
    }
    guard layout.allLibraLength + CurveLibra.randomCells <= 1 << logLength else {
      throw .unsupported("the masks of its rounds do not fit a row of 2^\(logLength) cells: take longer rows")
    }
  }
}
