// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

extension SetupFile {
  /// Checks everything that can be checked of a setup: the key's equations; that power 0 is the generator and power 1 the key's;
  /// that each power is of the group and not infinity, one by one; that each is τ times the one before, by one equation of
  /// random sums with coefficients of 128 bits; and the contributions.
  ///
  /// That its makers have forgotten τ cannot be checked.
  package func check(progress: (Double) -> Void = { _ in }) throws(CurveSetupError) {
    try key.check()
    let count = 1 << logLength
    var (lower, upper) = (G1.infinity, G1.infinity)
    var previous: G1?
    for start in stride(from: 0, to: count, by: Self.part) {
      let points = try powers(start..<min(count, start + Self.part), isOrderChecked: true)
      if start == 0 {
        guard points[0] == .generator else { throw .firstPowers(index: 0) }
        guard points[1] == key.first else { throw .firstPowers(index: 1) }
      }
      // Σ a_x·G_x and Σ a_x·G_(x + 1) over the pairs that end in this part.
      let run = (previous.map { [$0] } ?? []) + points
      let coefficients = (1..<run.count).map { _ in
        Fr.coefficient(SystemRandom.bytes(16))
      }
      let table = PointTable(run)
      lower = lower + table.sum(coefficients)
      upper = upper + table.sum([.zero] + coefficients)
      previous = points.last
      progress(Double(start + points.count) / Double(count))
    }
    guard
      Pairing.isProductOne([(upper, PreparedG2(.generator)), (-lower, PreparedG2(key.second))])
    else { throw .powers }
    try checkContributions()
  }

  private func checkContributions() throws(CurveSetupError) {
    guard let origin else { return }
    try origin.check()
    var (before, previous) = (origin.first, origin.id)
    for (index, contribution) in contributions.enumerated() {
      try contribution.check(index: index, before: before, previous: previous)
      (before, previous) = (contribution.first, contribution.digest)
    }
    guard before == key.first else {
      throw .contribution(index: contributions.count - 1, reason: "it does not end at the setup's τ")
    }
  }
}

extension Fr {
  /// A number below 2^128.
  fileprivate static func coefficient(_ bytes: [UInt8]) -> Fr {
    Fr(littleEndian: bytes + [UInt8](repeating: 0, count: 16)) ?? .one
  }
}
