// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofPolicy

/// For whoever holds weights and opening: whether a certificate of the curve backend is about exactly these checkpoints.
///
/// All committed rows at once: with random a_t of 128 bits, Σ a_t·C_t must be the commitment to Σ a_t·row_t under Σ a_t·ρ_t. A
/// row that is another one passes with 2^-128. Rows have no cells beyond 2^l here, so that what longer setups would carry there is
/// found, too.
package enum CurveChecker {
  package struct Request: Sendable {
    package var certificate: [UInt8]
    package var base: Checkpoint
    package var tuned: Checkpoint
    package var identity: CurveIdentity
    package var setup: CheckedSetup
    package var opening: CurveOpening
    /// Of a link: the model of its parent's verified certificate.
    package var parent: CurveCertificateVerifier.Model?

    package init(
      certificate: [UInt8], base: Checkpoint, tuned: Checkpoint, identity: CurveIdentity, setup: CheckedSetup,
      opening: CurveOpening, parent: CurveCertificateVerifier.Model? = nil
    ) {
      self.certificate = certificate
      self.base = base
      self.tuned = tuned
      self.identity = identity
      self.setup = setup
      self.opening = opening
      self.parent = parent
    }
  }

  /// The certificate's report, if it holds under the policy inside it and is about these checkpoints.
  /// - Throws: `certificate`; `otherOpening`; `otherBase` or `otherTuned` with the first tensor that is another one.
  package static func check(
    _ request: Request, progress: (Double) -> Void = { _ in }
  ) throws(CurveProvingError) -> CurveCertificateVerifier.Report {
    let identity = request.identity
    let (report, plan): (CurveCertificateVerifier.Report, CurvePlan)
    do throws(CurveCertificateError) {
      let policy = try CurveCertificate(request.certificate).embeddedPolicy()
      // Which checkpoints a certificate is about does not depend on what anybody takes on trust.
      report = try CurveCertificateVerifier.verify(
        request.certificate, identity: identity, policy: policy,
        trust: .init(setups: [identity.key.id], permitsAssumption: true), parent: request.parent)
      plan = try CurvePlan(identity: identity, policy: policy)
    } catch { throw .certificate(error) }
    guard request.setup.id == identity.key.id else { throw .certificate(.setupMismatch) }
    guard request.opening.setupID == report.setupID, request.opening.tunedCommitment == report.tunedCommitment else {
      throw .otherOpening
    }
    try CurveProver.checkTensors([request.base, request.tuned], identity)
    try checkBytes(request, plan, report)
    let committer: CurveCommitter
    do throws(CurveSetupError) { committer = try request.setup.committer(log: identity.logLength) } catch {
      throw .setup(error)
    }
    try checkRows(request, plan, report, committer, progress)
    return report
  }

  // MARK: Bytes

  /// Tensors that are compared as they are: those that are frozen, those without rows, and the base's by the identity's digests.
  private static func checkBytes(
    _ request: Request, _ plan: CurvePlan, _ report: CurveCertificateVerifier.Report
  ) throws(CurveProvingError) {
    for (index, (leaf, kind)) in zip(request.identity.base.tensors, plan.kinds).enumerated() {
      guard let before = request.base.tensor(named: leaf.name), let after = request.tuned.tensor(named: leaf.name)
      else { throw .tensors("no tensor \(leaf.name)") }
      do {
        if request.parent == nil, try request.base.digest(of: before) != leaf.statistics.sha256 {
          throw CurveProvingError.otherBase(name: leaf.name)
        }
        switch kind {
        case .frozen:
          if try Checkpoint.firstDifference(base: request.base, before, tuned: request.tuned, after) != nil {
            throw CurveProvingError.otherTuned(name: leaf.name)
          }
        case .opaque:
          let digest = try CurveProver.saltedDigest(leaf.name, after, request.tuned, secret: request.opening.secret)
          guard case .digest(digest) = report.model.blocks[index].content else {
            throw CurveProvingError.otherTuned(name: leaf.name)
          }
        case .bounded, .free: break
        }
      } catch let error as CheckpointError {
        throw .checkpoint(error)
      } catch let error as CurveProvingError {
        throw error
      } catch {
        throw .tensors("\(error)")
      }
    }
  }

  // MARK: Rows

  /// One committed row, and what it should be.
  private struct Row: Sendable {
    let drift: [Int64]
    let base: [Int64]
    let blinding: Fr
  }

  private struct Subject: Sendable {
    let leaf: BaseIdentity.Leaf
    let source: TensorRows
    let start: [G1]
    let startEncoded: [UInt8]
    let tuned: [G1]
  }

  /// Rows that are read at a time.
  private static let batch = 16

  private static func checkRows(
    _ request: Request, _ plan: CurvePlan, _ report: CurveCertificateVerifier.Report, _ committer: CurveCommitter,
    _ progress: (Double) -> Void
  ) throws(CurveProvingError) {
    let blinding = RowBlinding(
      secret: request.opening.secret, setupID: request.identity.key.id, baseRoot: request.identity.tree.root)
    let subjects = try subjects(request, plan, report)
    let places = subjects.indices.flatMap { subject in subjects[subject].tuned.indices.map { (subject, $0) } }
    var sums = (drift: Combination(committer.logLength), base: Combination(committer.logLength))
    var blindings = FrSum()
    var weights: (drift: [Fr], base: [Fr]) = ([], [])
    for first in stride(from: 0, to: places.count, by: batch) {
      let part = Array(places[first..<min(places.count, first + batch)])
      let rows = try read(part, subjects, blinding, isLink: request.parent != nil)
      let own = (drift: rows.map { _ in weight() }, base: rows.map { _ in weight() })
      sums.drift.add(rows.map(\.drift), own.drift)
      sums.base.add(rows.map(\.base), own.base)
      for (row, weight) in zip(rows, own.drift) { blindings.add(weight * row.blinding) }
      weights.drift += own.drift
      weights.base += own.base
      progress(Double(first + part.count) / Double(places.count))
    }
    let start = subjects.flatMap(\.start)
    let changes = zip(subjects.flatMap(\.tuned), start).map { $0 - $1 }
    // A parent's rows hide its weights: that BASE has them a check of the parent's certificate tells.
    if request.parent == nil,
      PointTable(start).sum(weights.base) != committer.commit(sums.base.values, blinding: .zero)
    {
      throw .otherBase(name: try first(of: subjects, blinding, committer, isLink: false) { $1.isBase })
    }
    guard PointTable(changes).sum(weights.drift) == committer.commit(sums.drift.values, blinding: blindings.value)
    else {
      throw .otherTuned(
        name: try first(of: subjects, blinding, committer, isLink: request.parent != nil) { $1.isTuned })
    }
  }

  private static func subjects(
    _ request: Request, _ plan: CurvePlan, _ report: CurveCertificateVerifier.Report
  ) throws(CurveProvingError) -> [Subject] {
    let start = request.parent?.blocks ?? request.identity.blocks
    var subjects: [Subject] = []
    for (index, (leaf, kind)) in zip(request.identity.base.tensors, plan.kinds).enumerated() {
      guard kind == .bounded || kind == .free else { continue }
      guard let layout = CurveIdentity.layout(leaf, logLength: request.identity.logLength),
        case .rows(let before) = start[index].content, case .rows(let after) = report.model.blocks[index].content
      else { throw .otherBase(name: leaf.name) }
      do {
        let points = (
          before: try CurvePoints(encoded: before, section: "base rows"),
          after: try CurvePoints(encoded: after, section: "tuned rows")
        )
        guard points.before.count == layout.rowCount, points.after.count == layout.rowCount else {
          throw CurveProofRejection.rowCount(expected: layout.rowCount, found: points.after.count)
        }
        subjects.append(
          Subject(
            leaf: leaf, source: try source(leaf, layout, request), start: points.before.points, startEncoded: before,
            tuned: points.after.points))
      } catch let error as CurveProofRejection {
        throw .certificate(.proof(error))
      } catch let error as CurveProvingError {
        throw error
      } catch {
        throw .tensors("\(error)")
      }
    }
    return subjects
  }

  private static func source(
    _ leaf: BaseIdentity.Leaf, _ layout: CurveRowLayout, _ request: Request
  ) throws(CurveProvingError) -> TensorRows {
    try TensorRows(leaf, layout: layout, base: request.base, tuned: request.tuned)
  }

  private static func read(
    _ places: [(subject: Int, row: Int)], _ subjects: [Subject], _ blinding: RowBlinding, isLink: Bool
  ) throws(CurveProvingError) -> [Row] {
    do throws(CheckpointError) {
      return try Parallel.map(places.count) { index throws(CheckpointError) -> Row in
        let (subject, row) = (subjects[places[index].subject], places[index].row)
        let drift = try subject.source.drift(row: row)
        let length = G1.compressedLength
        let scalar = blinding.scalar(
          tensor: subject.leaf.name, row: row,
          basePoint: Array(subject.startEncoded[row * length..<(row + 1) * length]), cells: drift)
        return Row(drift: drift, base: isLink ? [] : try subject.source.base(row: row), blinding: scalar)
      }
    } catch { throw .checkpoint(error) }
  }

  /// A random number of 128 bits.
  private static func weight() -> Fr {
    Fr(littleEndian: SystemRandom.bytes(16) + [UInt8](repeating: 0, count: 16)) ?? .one
  }

  /// What one row is found to be; only computed when the sum of all has failed.
  private struct Finding {
    let isBase: Bool
    let isTuned: Bool
  }

  /// The first tensor one of whose rows is not what it should be.
  private static func first(
    of subjects: [Subject], _ blinding: RowBlinding, _ committer: CurveCommitter, isLink: Bool,
    _ isRight: (Subject, Finding) -> Bool
  ) throws(CurveProvingError) -> String {
    for (index, subject) in subjects.enumerated() {
      for row in subject.tuned.indices {
        guard let found = try read([(index, row)], subjects, blinding, isLink: isLink).first else { continue }
        let finding = Finding(
          isBase: isLink || committer.commit(found.base, blinding: .zero) == subject.start[row],
          isTuned: subject.start[row] + committer.commit(found.drift, blinding: found.blinding) == subject.tuned[row])
        if !isRight(subject, finding) { return subject.leaf.name }
      }
    }
    return subjects.first?.leaf.name ?? ""
  }
}

/// Σ of rows times weights, cell by cell.
private struct Combination {
  private var sums: [FrSum]

  init(_ logLength: Int) { sums = [FrSum](repeating: FrSum(), count: 1 << logLength) }

  var values: [Fr] { sums.map(\.value) }

  mutating func add(_ rows: [[Int64]], _ weights: [Fr]) {
    let length = rows.reduce(0) { max($0, $1.count) }
    let part = 1 << 10
    let old = sums
    let parts = Parallel.map((length + part - 1) / part) { index -> [FrSum] in
      let range = index * part..<min(length, (index + 1) * part)
      var sums = Array(old[range])
      for (row, weight) in zip(rows, weights) where range.lowerBound < row.count {
        FrVector.accumulate(
          &sums, weight: weight, integers: row[range.lowerBound..<min(row.count, range.upperBound)])
      }
      return sums
    }
    for (index, values) in parts.enumerated() {
      sums.replaceSubrange(index * part..<index * part + values.count, with: values)
    }
  }
}
