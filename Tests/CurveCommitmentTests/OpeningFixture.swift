// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofTranscript
import TestSupport

/// Scalars that a seed determines.
struct ScalarGenerator {
  private var generator: SeededGenerator

  init(_ seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func next() -> Fr {
    while true {
      var bytes: [UInt8] = []
      for _ in 0..<4 { bytes.append(littleEndian: generator.next()) }
      bytes[31] &= 0x7F
      if let scalar = Fr(littleEndian: bytes) { return scalar }
    }
  }

  mutating func next(_ count: Int) -> [Fr] { (0..<count).map { _ in next() } }
}

/// Rows in memory.
struct TestRows: CurveRowSource {
  var cells: [[Fr]]
  var blindings: [Fr]

  func combination(of weights: [(row: Int, weight: Fr)]) -> [Fr] {
    var result = [Fr](repeating: .zero, count: weights.map { cells[$0.row].count }.max() ?? 0)
    for (row, weight) in weights { ScalarVector.add(cells[row], times: weight, to: &result) }
    return result
  }

  func blinding(of row: Int) -> Fr { blindings[row] }
}

/// Four data rows and what claims about them need: a claim "main" of one part, optionally a claim of two parts with
/// functionals of their own, and Libra's, which has no mask.
struct OpeningFixture {
  let tau: Fr
  let committer: CurveCommitter
  let rows: TestRows
  let commitments: [G1]
  let claims: [CurveClaim]

  /// - Parameters:
  ///   - rowLog: of the functionals; less than the setup's log where it is longer.
  ///   - parts: whether there is the claim of two parts.
  ///   - committer: nil for one of this log.
  init(log: Int, rowLog: Int? = nil, parts: Bool = false, committer given: CurveCommitter? = nil) {
    var random = ScalarGenerator(UInt64(log) + 100)
    tau = Fr(0x1234_5678_9ABC)
    let committer = given ?? CurveCommitter(secret: tau, logLength: log)
    let length = 1 << (rowLog ?? log)
    let libra = min(9, max(1, length - 16))
    var cells = (0..<4).map { _ in random.next(1 << log) }
    cells += (0..<3).map { _ in random.next(min(CurveClaim.maskCells, length)) }
    cells.append(random.next(min(libra + 16, length)))
    let rows = TestRows(cells: cells, blindings: random.next(cells.count))
    self.rows = rows
    self.committer = committer
    commitments = zip(rows.cells, rows.blindings).map { committer.commit($0, blinding: $1) }

    func value(_ part: CurvePart) -> Fr {
      let table = part.functional.table(count: length)
      return ScalarVector.innerProduct(rows.combination(of: part.rows), table)
    }
    func claim(_ parts: [CurvePart], masks: [Int]?) -> CurveClaim {
      CurveClaim(parts: parts, maskRows: masks, value: parts.reduce(.zero) { $0 + value($1) })
    }
    let point = random.next(rowLog ?? log)
    let main = CurvePart(
      functional: CurveFunctional([.equality(offset: 0, point: point, scale: .one)]),
      rows: (0..<4).map { ($0, random.next()) })
    var claims = [claim([main], masks: [4])]
    if parts {
      let half = CurveFunctional([
        .equality(offset: length / 2, point: Array(point.dropLast()), scale: random.next()),
        .vector(offset: 1, values: random.next(length / 2)),
      ])
      let dense = CurveFunctional([.vector(offset: 0, values: random.next(length))])
      claims.append(
        claim(
          [CurvePart(functional: half, rows: [(0, .one)]), CurvePart(functional: dense, rows: [(1, .one)])],
          masks: [5, 6]))
    }
    let coefficients = CurveFunctional([.vector(offset: 0, values: random.next(libra))])
    claims.append(claim([CurvePart(functional: coefficients, rows: [(7, .one)])], masks: nil))
    self.claims = claims
  }

  /// The claims with other values.
  func claims(off shifts: [Int: Fr]) -> [CurveClaim] {
    claims.enumerated().map { index, claim in
      CurveClaim(parts: claim.parts, maskRows: claim.maskRows, value: claim.value + (shifts[index] ?? .zero))
    }
  }

  private func transcript(_ claims: [CurveClaim]) -> Transcript {
    var transcript = Transcript(protocolID: "opening tests")
    transcript.absorb("rows", points: commitments)
    transcript.absorb("values", scalars: claims.map(\.value))
    return transcript
  }

  func prove(_ claims: [CurveClaim]? = nil, _ deviation: CurveOpeningDeviation = .init()) throws -> [UInt8] {
    var channel = CurveProverChannel(transcript: transcript(claims ?? self.claims))
    try CurveOpeningProver.prove(
      claims: claims ?? self.claims, rows: rows, rowCount: commitments.count, committer: committer, channel: &channel,
      deviation: deviation)
    return channel.proof
  }

  func verify(_ proof: [UInt8], _ claims: [CurveClaim]? = nil) throws(CurveProofRejection) {
    var channel = CurveVerifierChannel(transcript: transcript(claims ?? self.claims), proof: proof)
    try CurveOpeningVerifier.verify(
      claims: claims ?? self.claims, commitments: commitments, key: committer.key, channel: &channel)
    try channel.finish()
  }

  /// A verifier that knows τ, so that it needs no pairing, and may be careless: other challenges, or a first power of γ.
  func carelessVerifier(
    accepts proof: [UInt8], _ claims: [CurveClaim]? = nil, firstPower: Int = 0,
    challenge: (String, Fr) -> Fr = { $1 }
  ) throws -> Bool {
    let claims = claims ?? self.claims
    var channel = CurveVerifierChannel(transcript: transcript(claims), proof: proof)
    func draw(_ label: String) -> Fr { challenge(label, channel.challenge(label)) }
    let opening = try CurveOpening(claims, rowCount: commitments.count)
    let masks = try channel.receive(CurveOpeningLabel.masks, count: opening.maskedClaims.count)
    let beta = draw(CurveOpeningLabel.beta)
    let chi = draw(CurveOpeningLabel.chi)
    let remainder = try channel.receivePoints(CurveOpeningLabel.remainder, count: 1)[0]
    let zeta = CurveOpening.evaluationPoint { draw(CurveOpeningLabel.zeta) }
    let sent = try channel.receive(CurveOpeningLabel.evaluations, count: 2 * opening.parts.count + 1)
    let gamma = draw(CurveOpeningLabel.gamma)
    let quotient = try channel.receivePoints(CurveOpeningLabel.quotient, count: 1)[0]
    let blinding = try channel.receive(CurveOpeningLabel.blinding)
    let values = opening.values(masks: masks, beta: beta)
    let inverse = zeta.inverse()
    let derived = opening.inverseEvaluation(evaluations: sent, values: values, chi: chi, zeta: zeta)
    let last = gamma.power(opening.parts.count)
    var sum = last * remainder - blinding * HashedGenerators.blinding
    var (high, low) = (last * sent[sent.count - 1], last * derived)
    for (index, part) in opening.parts.enumerated() {
      let power = gamma.power(firstPower + index)
      for (row, weight) in opening.terms(of: part, beta: beta) { sum = sum + (power * weight) * commitments[row] }
      high = high + power * sent[2 * index]
      low = low + power * sent[2 * index + 1]
    }
    let slope = (high - low) * (zeta - inverse).inverse()
    let line = high - slope * zeta + slope * tau
    return sum - line * G1.generator == ((tau - zeta) * (tau - inverse)) * quotient
  }
}
