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
      case .norm(nil): try require(tensor.countsInTotal, "nothing bounds tensor \(name)")
      case .frozen, .any: try require(!tensor.countsInTotal, "the total counts \(name), which has no norm claim")
      }
    }
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
}
