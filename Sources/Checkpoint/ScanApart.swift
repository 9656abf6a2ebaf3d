// SPDX-License-Identifier: Apache-2.0

/// The scan of a tensor whose sides are of two floating types, or of which the tuned model has more rows: what is about one
/// side is found as for that side alone, what is about both by values.
struct ScanApart {
  let sides: Sides
  let wants: TensorScan.Wants

  /// As ``TensorScan/run()``.
  func run() throws(CheckpointError) -> TensorScan.Finding {
    var finding = TensorScan.Finding()
    finding.valueDifference = try sides.firstValueDifference()
    finding.readBytes = sides.base.byteRange.count + sides.tuned.byteRange.count
    if wants.statistics {
      let own = try TensorScan.run(
        base: (sides.baseFile, sides.base), tuned: nil, wants: .init(statistics: true))
      finding.statistics = own.statistics
      finding.add(own)
    }
    if wants.tunedDigest {
      let own = try TensorScan.run(
        base: nil, tuned: (sides.tunedFile, sides.tuned), wants: .init(tunedDigest: true))
      finding.tunedDigest = own.tunedDigest
      finding.add(own)
    }
    finding.drift = try drift(finding)
    if finding.drift != nil { finding.readBytes += sides.base.byteRange.count + sides.tuned.byteRange.count }
    return finding
  }

  /// Nil where none is wanted, or where the base has no encoding: then no clause can be about it.
  private func drift(_ finding: TensorScan.Finding) throws(CheckpointError) -> TensorScan.Drift? {
    let bits: Int
    switch wants.drift {
    case nil: return nil
    case .bits(let given): bits = given
    case .ofBase:
      guard let statistics = finding.statistics else { return nil }
      bits = statistics.fractionBits
    }
    guard finding.statistics?.unencodableEntry == nil else { return nil }
    guard finding.valueDifference != nil else {
      return TensorScan.Drift(fractionBits: bits, sumOfSquares: 0, reach: 0)
    }
    var (sum, reach): (UInt128, UInt64) = (0, 0)
    var values: [Int64] = []
    for start in stride(from: 0, to: sides.tuned.entryCount, by: ValueReader.block) {
      let range = start..<min(sides.tuned.entryCount, start + ValueReader.block)
      try sides.driftApart(range, bits, into: &values)
      for value in values {
        sum += UInt128(value.magnitude) * UInt128(value.magnitude)
        reach = max(reach, value.magnitude)
      }
    }
    return TensorScan.Drift(fractionBits: bits, sumOfSquares: sum, reach: reach)
  }
}

extension TensorScan.Finding {
  /// Where the sides first differ; nil when all is equal or only one side was given.
  package var difference: TensorDifference? {
    valueDifference.map(TensorDifference.value) ?? firstDifference.map(TensorDifference.byte)
  }

  fileprivate mutating func add(_ other: TensorScan.Finding) {
    readBytes += other.readBytes
    hashedBytes += other.hashedBytes
  }
}
