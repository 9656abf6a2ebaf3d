// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// Makes setups: new ones, and ones with a contribution more.
package enum SetupMaking {
  /// Lengths that are made.
  package static let logLengths = 1...26

  /// A setup whose τ is drawn and forgotten here. Who runs this could have kept it.
  package static func new(
    logLength: Int, to path: String, progress: (Double) -> Void = { _ in }
  ) throws(CurveSetupError) {
    guard logLengths.contains(logLength) else { throw .length(log: logLength) }
    let secret = Fr.random()
    let key = CurveSetupKey(
      first: secret * G1.generator, second: secret * G2.generator, secondSquare: (secret * secret) * G2.generator)
    let base = FixedBase(.generator)
    try SetupFile.write(to: path, logLength: logLength, key: key, progress: progress) { range in
      multiples(range, of: secret) { _, power in base.times(power) }
    }
  }

  /// The setup with τ·s in place of τ, s drawn and forgotten here.
  /// - Returns: the record, by whose digest the contributor finds it again.
  /// - Throws: what is wrong with the setup before: it is checked.
  package static func contribute(
    to setup: SetupFile, writing path: String, progress: (Double) -> Void = { _ in }
  ) throws(CurveSetupError) -> SetupContribution {
    try setup.check { progress($0 / 2) }
    let secret = Fr.random()
    let origin = setup.origin ?? setup.key
    let record = SetupContribution.make(
      factor: secret, before: setup.key.first, previous: setup.contributions.last?.digest ?? origin.id)
    let key = CurveSetupKey(
      first: record.first, second: secret * setup.key.second, secondSquare: (secret * secret) * setup.key.secondSquare)
    try SetupFile.write(
      to: path, logLength: setup.logLength, key: key, origin: origin, contributions: setup.contributions + [record],
      progress: { progress(0.5 + $0 / 2) }
    ) { range throws(CurveSetupError) in
      let before = try setup.powers(range, isOrderChecked: false)
      return multiples(range, of: secret) { index, power in power * before[index - range.lowerBound] }
    }
    return record
  }

  /// body(x, s^x) for a range of x, on all cores.
  private static func multiples(_ range: Range<Int>, of secret: Fr, _ body: @Sendable (Int, Fr) -> G1) -> [G1] {
    let part = 1 << 5
    return Parallel.map((range.count + part - 1) / part) { block -> [G1] in
      let first = range.lowerBound + block * part
      var power = secret.power(first)
      return (first..<min(range.upperBound, first + part)).map { index in
        defer { power = power * secret }
        return body(index, power)
      }
    }.flatMap { $0 }
  }
}
