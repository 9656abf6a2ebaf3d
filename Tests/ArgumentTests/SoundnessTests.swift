// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import Foundation
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// The constants and their inequalities; docs/protocol.md section 5, items 1 to 7.
@Suite struct SoundnessTests {
  /// A model of 7 billion weights, by shapes only.
  private static func large(_ code: CodeParameters) -> DriftStatement {
    var tensors: [TableauTensor] = []
    for layer in 0..<32 {
      for (name, rows, columns) in [("k", 4096, 4096), ("o", 4096, 4096), ("up", 11008, 4096), ("down", 4096, 11008)] {
        tensors.append(
          TableauTensor(
            name: "\(layer).\(name)", rows: rows, columns: columns, fractionBits: 20, isPlain: true,
            plainBound: Fixture.digits(1 << 50),
            clauses: [
              StructuredClause(rank: 64, sparse: .rows(100), scale: 10, bound: Fixture.digits(1 << 40))
            ]))
      }
    }
    return DriftStatement(tensors: tensors, totalBound: Fixture.digits(1 << 60), code: code, binding: [])
  }

  @Test(arguments: [14, 16, 18, 20, 22], [1, 2, 3])
  func everyRoundHas128Bits(_ logLength: Int, _ logBlowup: Int) throws {
    for (grinding, proofs) in [(0, 1), (16, 2), (20, 2)] {
      let queries = try #require(
        CodeParameters.queries(logLength: logLength, logBlowup: logBlowup, grindingBits: grinding, proofs: proofs))
      let code = try CodeParameters(
        logLength: logLength, logBlowup: logBlowup, queries: queries, grindingBits: grinding,
        driftTail: proofs * queries)
      var fixture = Fixture.everything()
      fixture.logLength = logLength
      let small = DriftStatement(
        tensors: fixture.tensors, totalBound: fixture.totalBound, code: code, binding: [])
      for statement in logLength >= 18 ? [small, Self.large(code)] : [small] {
        for term in Soundness.terms(statement) { #expect(term.bits >= 128, "\(term.name)") }
        let layout = ArgumentLayout(statement)
        #expect(Soundness.bits(layout) >= 128)
        #expect(layout.tableau.squareChunks <= 1 << Limits.logMaximumChunks)
        // The commitment's own terms agree with those that the argument prints.
        for term in code.soundnessTerms(claims: 3) { #expect(term.bits >= 128, "\(term.round)") }
      }
    }
  }

  /// Terms of the orthonormality stage exist when there is an orthonormal tensor, and nothing else changes but for the
  /// claims and τ.
  @Test func orthonormalityHasTerms() throws {
    let queries = try #require(
      CodeParameters.queries(logLength: 18, logBlowup: 2, grindingBits: 20, proofs: 2))
    let code = try CodeParameters(
      logLength: 18, logBlowup: 2, queries: queries, grindingBits: 20, driftTail: 2 * queries)
    var statement = Self.large(code)
    let before = Soundness.terms(statement)
    #expect(!before.contains { $0.name.contains("ortho") || $0.name == "sumcheck O" })
    for index in 0..<64 {
      statement.tensors.append(
        TableauTensor(
          name: "a\(index)", rows: 1 + 16 * index, columns: 4096, fractionBits: 20, isPlain: true,
          plainBound: Fixture.digits(1 << 55), clauses: [], isOrthonormal: true))
    }
    try statement.validate()
    let after = Soundness.terms(statement)
    #expect(Set(after.map(\.name)) == Set(before.map(\.name)).union(["orthonormality", "sumcheck O"]))
    for term in after { #expect(term.bits >= 128, "\(term.name)") }
    // (6 coordinates of tensors, 10 of rows twice)·ℓ/|K|.
    let bits = try #require(after.first { $0.name == "orthonormality" }).bits
    #expect(abs(bits - (3 * log2(Double(Goldilocks.modulus)) - log2(code.listSize * 26))) < 1e-6)
  }

  /// Nothing of an orthonormality claim wraps: N, 2^(2f) and 2^29 together stay below p/2.
  @Test func productsOfOrthonormalRowsStayBelowP() {
    let bound = pow(2, Double(Limits.logOrthonormalBound))
    let square = pow(4, Double(Limits.orthonormalFractionBits.upperBound))
    #expect(bound + square + Double(Limits.halfRange) < Double(Goldilocks.modulus) / 2)
    #expect(Limits.logOrthonormalBound.isMultiple(of: Limits.logLimb))
  }

  /// The longest rows at the lowest rate have too many exceptional challenges: its queries have 128 bits, its folds have
  /// not, and the least counts.
  @Test func queriesAloneMakeNoCodeStrong() throws {
    let queries = try #require(CodeParameters.queries(logLength: 26, logBlowup: 5, grindingBits: 20, proofs: 2))
    let code = try CodeParameters(
      logLength: 26, logBlowup: 5, queries: queries, grindingBits: 20, driftTail: 2 * queries)
    #expect(code.securityBits >= 128)
    let statement = DriftStatement(
      tensors: Fixture.norm(rows: 20, columns: 30).tensors, totalBound: nil, code: code, binding: [])
    let worst = try #require(Soundness.terms(statement).map(\.bits).min())
    #expect(worst < 128)
    #expect(throws: ProofRejection.insufficientSecurity(bits: worst, required: 128)) {
      try ArgumentVerifier(statement: statement, scheme: HashCommitment(code))
    }
  }

  /// The argument's own terms by hand, ℓ and a as docs/protocol.md has them.
  @Test func termsOfTheArgument() throws {
    let queries = try #require(CodeParameters.queries(logLength: 18, logBlowup: 3, grindingBits: 20, proofs: 2))
    let code = try CodeParameters(
      logLength: 18, logBlowup: 3, queries: queries, grindingBits: 20, driftTail: 2 * queries)
    var fixture = Fixture.everything()
    fixture.logLength = 18
    let statement = DriftStatement(
      tensors: fixture.tensors, totalBound: fixture.totalBound, code: code, binding: [])
    let layout = ArgumentLayout(statement)
    let points = Double(1 << code.logDomain)
    let rate = Double(code.length + code.driftRowTail) / points
    let shifted = 64.5
    let list = shifted / rate.squareRoot()
    let delta = 1 - rate.squareRoot() * (1 + 1.0 / 64)
    let exceptions =
      (2 * pow(shifted, 5) + 3 * shifted * delta * rate) / (3 * pow(rate, 1.5)) * points + shifted / rate.squareRoot()
    // 6 claims, one more for each line; then all coordinates of the points.
    let claims = 6 + layout.digits.lines.reduce(0) { $0 + $1.limbs }
    let coordinates =
      layout.tableau.squareVariables + layout.tableau.projectionVariables + 8 + layout.driftVariables
      + layout.digitVariables + ceilLog2(layout.factors.factorChunks) + (layout.factors.bits?.log ?? 0)
    let field = 3 * log2(Double(Goldilocks.modulus))
    let expected = [
      "projections": 132, "claims": field - log2(list * Double(claims + coordinates)),
      "sumcheck A": field - log2(list * 5), "row weights": field - log2(exceptions + list),
      "evaluations": field - log2(2 * (exceptions + list)),
    ]
    let terms = Soundness.terms(statement)
    for (name, bits) in expected {
      let found = try #require(terms.first { $0.name == name }).bits
      #expect(abs(found - bits) < 1e-9, "\(name): \(found), by hand \(bits)")
    }
  }

  @Test func weakCodesAreSeenAsWeak() {
    #expect(Soundness.bits(ArgumentLayout(Fixture.everything().statement)) < 128)
  }

  /// Item 2: (π²/8)·(1/δ)·∫_{-δ}^{δ} (1 - |ξ|/δ)·exp(-ξ²t²H²/4) dξ with δ = π/(2H); the integral in y = ξ/δ.
  private static func fejerBound(_ t: Double) -> Double {
    let steps = 200_000
    let a = Double.pi / 2 * t
    func value(_ y: Double) -> Double { (1 - y) * exp(-(a * y) * (a * y) / 4) }
    // Simpson's rule on [0, 1], twice for both signs.
    var sum = value(0) + value(1)
    for i in 1..<steps { sum += (i % 2 == 1 ? 4 : 2) * value(Double(i) / Double(steps)) }
    return Double.pi * Double.pi / 8 * 2 * sum / (3 * Double(steps))
  }

  @Test func aRowMissesALargeChunkWithProbabilityOneHalf() {
    #expect(Self.fejerBound(4.73) <= 0.5)
    #expect(Self.fejerBound(4.722) <= 0.5)
    #expect(Self.fejerBound(4.70) > 0.5)
    // cos²(x) ≤ exp(-x²) on |x| ≤ π/2, and sinc²(π/4) = 8/π².
    for i in 0...1000 {
      let x = Double(i) / 1000 * .pi / 2
      #expect(cos(x) * cos(x) <= exp(-x * x) + 1e-15)
    }
    let quarter = Double.pi / 4
    #expect(abs(pow(sin(quarter) / quarter, 2) - 8 / (.pi * .pi)) < 1e-12)
    // S_c of a chunk that passes: below p, and below what item 4 takes from Cauchy-Schwarz.
    let square = pow(4.73 * Double(Limits.halfRange), 2)
    #expect(log2(square) < 62.49)
    #expect(square < Double(Goldilocks.modulus) / 2)
    // Item 4: |2^s·Δ| + |UVᵀ| + |E| stays below p/2, so the identity holds over the integers.
    #expect(square + pow(2, Double(30 + Limits.maximumScale)) + pow(2, 30) < Double(Goldilocks.modulus) / 2)
  }

  @Test func aRowMissesALargeEntryWithProbabilityOneHalf() {
    // Item 1 in a small field, exhaustively: a centred entry of at least 2H, any rest y, ternary R.
    let (p, h) = (101, 6)
    func isInside(_ y: Int) -> Bool {
      let centred = ((y % p) + p + p / 2) % p - p / 2
      return centred >= -h && centred < h
    }
    var worstOfSigns = 0
    for entry in 2 * h...p / 2 {
      for y in 0..<p {
        let quarters = (isInside(y - entry) ? 1 : 0) + (isInside(y) ? 2 : 0) + (isInside(y + entry) ? 1 : 0)
        #expect(quarters <= 2)
        worstOfSigns = max(worstOfSigns, (isInside(y - entry) ? 1 : 0) + (isInside(y + entry) ? 1 : 0))
      }
    }
    // With ±1 alone, an entry near p/2 passes always.
    #expect(worstOfSigns == 2)
  }

  @Test func digitsAndCarriesStayBelowP() {
    let p = Double(Goldilocks.modulus)
    #expect(2 * Limits.halfRange == 1 << (Limits.logDigit * Limits.projectionDigits))
    #expect(Limits.projectionDigits <= 1 << ProjectionSlots.logCells)
    #expect(Limits.chunk == 1 << Limits.logChunk)
    #expect(Limits.projections == ProjectionSlots.mainRows + 1 << ProjectionSlots.logRest)
    // Four limbs of eight digits hold every honest sum, and less than p.
    let limb = pow(2, Double(Limits.logDigit * Limits.limbDigits))
    let square = (0..<Limits.squareLimbs).reduce(0.0) { $0 + limb * pow(2, Double(Limits.logLimb * $1)) }
    #expect(square < p && square > Double(Limits.maximumHonestSquare))
    // A line: Σ_c limb·2^b with b < 15.
    let sums = limb * pow(2, Double(Limits.logMaximumChunks + Limits.logLimb - 1))
    let carry = pow(2, Double(Limits.logDigit * Limits.carryDigits))
    let weight = pow(2, Double(Limits.logLimb))
    #expect((sums + limb + carry) / weight < carry)
    #expect(sums + limb + carry < p && weight + carry * weight < p)
    // Bounds: enough limbs for the largest sum, with cells for every slack digit and carry.
    #expect(log2(square) + Double(Limits.logMaximumChunks) <= Double(Limits.boundLimbs * Limits.logLimb))
    #expect(Limits.limbDigits + Limits.carryDigits <= 1 << BoundLine.logCellsPerLimb)
  }

  @Test func honestProversFail2To64Rarely() {
    // 66·S ≤ 2^58 makes P(|Y| ≥ H) ≤ 2·exp(-H²/S) ≤ 2·e^-66; 132 rows of 2^23 chunks are 2^30 projections.
    #expect(Double(Limits.completenessFactor) * Double(Limits.maximumHonestSquare) <= pow(2, 58))
    let exponent = pow(Double(Limits.halfRange), 2) / Double(Limits.maximumHonestSquare)
    #expect(exponent >= Double(Limits.completenessFactor))
    #expect(log2(2 * exp(-exponent)) + 30 < -64)
    #expect(Limits.maximumHonestSquare < 1 << 60)
  }

  @Test func masksHaveRoomForOneExtensionElement() {
    #expect(1 << Limits.logMaskEntries == Limits.maskEntries)
    #expect(Limits.maximumRank <= Limits.chunk)
  }
}
