// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofPolicy
import Foundation

/// What a certificate of the curve backend will be and cost, from sizes alone.
package struct CurveForecast: Sendable {
  /// l: of the identity's rows, or what ``CurveBaseCommitter`` would choose.
  package let logLength: Int
  /// All of it, and the argument with its opening alone. Exact.
  package let certificateBytes: Int
  package let proofBytes: Int
  /// Of C_tuned in the certificate, and of the proof's own.
  package let tunedRows: Int
  package let proofRows: Int
  package let proveSeconds: Double
  package let verifySeconds: Double
  /// The base's rows, once for a base; 0 where the identity has them.
  package let identifySeconds: Double
  /// Resident bytes at the peak.
  package let peakMemoryBytes: Int
  /// Entries inside clauses, entries that may not change, and names outside the proof.
  package let certifiedParameters: Int
  package let frozenParameters: Int
  package let excluded: [String]
  /// Whether the base's rows are known.
  package let hasRows: Bool

  /// - Parameters:
  ///   - outline: the base, as far as it is known.
  ///   - identity: with rows, if there is one; of the same base.
  ///   - available: l of the setup at hand; nil for none.
  ///   - isLink: its base's rows are a parent's, so that nothing of the base is committed to again.
  ///   - speed: of this machine against the table's; nil to measure it, which takes some tenths of a second.
  /// - Throws: what `prove` would refuse before it reads weights.
  package init(
    outline: BaseIdentity, identity: CurveIdentity?, policy: Policy, base: Checkpoint, tuned: Checkpoint,
    available: Int? = nil, isLink: Bool = false, speed: Double? = nil
  ) throws(CurveProvingError) {
    let parameters = outline.tensors.reduce(0) { $0 + (Shape.entryCount($1.shape) ?? 0) }
    let length =
      identity?.logLength
      ?? CurveBaseCommitter.logLength(parameters: parameters, available: available ?? CurveCostTable.logAvailable)
    // The key says nothing of sizes.
    let subject =
      identity
      ?? CurveIdentity(
        base: outline, key: CurveSetupKey(first: .generator, second: .generator, secondSquare: .generator),
        logLength: length, blocks: outline.tensors.map { CurveIdentity.block($0, .digest($0.statistics.sha256)) })
    try CurveProver.checkTensors([base, tuned], subject)
    let plan: CurvePlan
    do throws(CurveCertificateError) { plan = try CurvePlan(identity: subject, policy: policy) } catch {
      throw .certificate(error)
    }
    let sizes = CurveSizes(plan, subject)
    let layout = CurveArgumentLayout(plan.statement)
    logLength = length
    hasRows = identity != nil
    proofBytes = CurveSizes.proofBytes(layout)
    tunedRows = sizes.tunedRows
    proofRows = layout.factorRows + layout.auxiliaryRows
    certificateBytes =
      CurveCertificate.frameBytes(isLink: isLink) + policy.canonicalBytes().count + sizes.manifestBytes + proofBytes
    (certifiedParameters, frozenParameters, excluded) = (sizes.certified, sizes.frozen, sizes.excluded)
    let machine = speed ?? CurveCostTable.measuredSpeed()
    let cost = CurveCost(
      cells: sizes.cells, boundedCells: sizes.boundedCells, tunedRows: sizes.tunedRows, layout: layout, isLink: isLink)
    proveSeconds = cost.proveSeconds / machine
    verifySeconds = cost.verifySeconds / machine
    identifySeconds = identity == nil ? cost.identifySeconds(entries: parameters) / machine : 0
    peakMemoryBytes = cost.peakBytes
  }
}

/// What a plan's tensors take, in rows, cells and bytes.
struct CurveSizes {
  private(set) var tunedRows = 0
  private(set) var manifestBytes = 0
  /// Of rows that are committed to, and of those that are proved about.
  private(set) var cells = 0
  private(set) var boundedCells = 0
  private(set) var certified = 0
  private(set) var frozen = 0
  private(set) var excluded: [String] = []

  init(_ plan: CurvePlan, _ identity: CurveIdentity) {
    for (leaf, kind) in zip(identity.base.tensors, plan.kinds) {
      let entries = Shape.entryCount(leaf.shape) ?? 0
      let rows = CurveIdentity.layout(leaf, logLength: identity.logLength)?.rowCount ?? 0
      manifestBytes += 1
      switch kind {
      case .frozen: frozen += entries
      case .bounded, .free:
        tunedRows += rows
        manifestBytes += rows * G1.compressedLength
        cells += entries
        if kind == .bounded {
          boundedCells += entries
          certified += entries
        } else {
          excluded.append(leaf.name)
        }
      case .opaque:
        manifestBytes += SHA256.digestLength
        excluded.append(leaf.name)
      }
    }
  }

  /// P1, P2, Σg, the rounds, E(ρ), D(ρ), g(ρ); with clauses G(ρ) and Stage B; then the opening of a masked claim, which has parts, and
  /// one claim without a mask.
  static func proofBytes(_ layout: CurveArgumentLayout) -> Int {
    var scalars = 1 + layout.degrees.reduce(0, +) + 3
    if let factors = layout.factors {
      // G(ρ); d and Σg_B, the rounds, the values and g_B.
      scalars += 1 + 2 + factors.structureDegrees.reduce(0, +) + factors.valueCount + 1
    }
    // μ, two evaluations of each part and s(ζ), r; S and W.
    let parts = layout.openingMaskRows.count + 1
    let opening = (1 + 2 * parts + 1 + 1) * Fr.encodedLength + 2 * G1.compressedLength
    let points = layout.factorRows + layout.auxiliaryRows
    return points * G1.compressedLength + scalars * Fr.encodedLength + opening
  }
}

extension CurveCertificate {
  /// Bytes around policy, manifest and proof.
  static func frameBytes(isLink: Bool) -> Int {
    magic.count + 4 + 8 + CurveIdentity.backend.utf8.count + (isLink ? 4 : 3) * SHA256.digestLength + 4 + 3 * 8
  }
}

/// Constants of time and memory: a wrong one makes forecasts worse, nothing else. Nanoseconds are of one core.
enum CurveCostTable {
  /// Of a setup that nobody has named: what a ceremony's largest common files have.
  static let logAvailable = 20
  static let fixedSeconds = 0.02
  /// Of a cell that a row is committed to with: base and drift, each.
  static let nanosecondsPerCell = 100.0
  /// Of a power of the setup: reading, and the sums for the opening; more for the first 2^15, as buckets must be added up, too.
  static let nanosecondsPerPower = 9_000.0
  static let nanosecondsPerFirstPower = 11_000.0
  static let logFirstPowers = 15
  /// Of a cell of E-space in projections and sumcheck.
  static let nanosecondsPerDriftCell = 50.0
  /// Of a row: its blinding.
  static let nanosecondsPerRow = 150_000.0
  /// Of the verifier: pairings; a point that is read and checked; an entry of the matrices R_j.
  static let verifyFixedSeconds = 0.005
  static let nanosecondsPerPoint = 60_000.0
  static let nanosecondsPerProjection = 2.0
  /// Bytes of the prover besides the program: of a cell of the drift, of a power.
  static let fixedBytes = 60 << 20
  static let bytesPerDriftCell = 10
  static let bytesPerPower = 400

  /// Points and cells of the measured sum, and its seconds on the machine of this table.
  private static let measuredPoints = 1 << 11
  static let referenceSeconds = 0.00065

  /// How many times as fast as the table's machine this one is: sums of small multiples, the best of a few.
  static func measuredSpeed() -> Double {
    var point = G1.generator
    let points = (0..<measuredPoints).map { _ -> G1 in
      defer { point = point + G1.generator }
      return point
    }
    let table = PointTable(points)
    let cells = (0..<measuredPoints).map { Int64(($0 &* 2_654_435_761) & 0xFFFF) - 0x8000 }
    var best = Double.infinity
    for _ in 0..<5 {
      let start = ContinuousClock.now
      _ = table.sum(cells)
      best = min(best, (ContinuousClock.now - start) / .seconds(1))
    }
    return referenceSeconds / max(1e-6, best)
  }
}

/// What proving and verifying a statement costs on the table's machine.
struct CurveCost {
  let cells: Int
  let boundedCells: Int
  let tunedRows: Int
  let layout: CurveArgumentLayout
  let isLink: Bool

  private var cores: Double { Double(max(1, ProcessInfo.processInfo.activeProcessorCount)) }

  var proveSeconds: Double {
    // The base's rows are computed again, but not a parent's, which hide it.
    let commitments = Double(cells) * (isLink ? 1 : 2) * CurveCostTable.nanosecondsPerCell
    let first = Double(1 << min(layout.logLength, CurveCostTable.logFirstPowers))
    let powers =
      Double(1 << layout.logLength) * CurveCostTable.nanosecondsPerPower + first
      * CurveCostTable.nanosecondsPerFirstPower
    let rows = Double(tunedRows + layout.auxiliaryRows) * CurveCostTable.nanosecondsPerRow
    let sums = Double(boundedCells) * CurveCostTable.nanosecondsPerDriftCell
    return CurveCostTable.fixedSeconds + (commitments + powers + rows + sums) / 1e9 / cores + verifySeconds
  }

  var verifySeconds: Double {
    let points = Double(2 * layout.statement.rowCount + layout.auxiliaryRows)
    let entries = layout.range.groups.reduce(0) { $0 + 1 << $1.count } * layout.range.projections
    return CurveCostTable.verifyFixedSeconds
      + (points * CurveCostTable.nanosecondsPerPoint + Double(entries) * CurveCostTable.nanosecondsPerProjection) / 1e9
  }

  func identifySeconds(entries: Int) -> Double {
    CurveCostTable.fixedSeconds + Double(entries) * CurveCostTable.nanosecondsPerCell / 1e9 / cores
  }

  var peakBytes: Int {
    CurveCostTable.fixedBytes + boundedCells * CurveCostTable.bytesPerDriftCell
      + CurveCostTable.bytesPerPower << layout.logLength
  }
}
