// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver
import DriftProofField
import TamperingSupport
import DriftProofKernels
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Simulators without a witness.
///
/// What they show: (1) the sumchecks of Stages A, B, C and O, with every evaluation in them, say nothing on their own:
/// uniform messages satisfy the verifier under the real oracle, since g(ρ) comes last; (2) the opening of any values
/// for rows of zeros verifies when the challenge β does not depend on the mask's root, as under a programmed oracle.
/// What they do not show: that prover and simulator have one distribution. For (1) that is the ledger and Libra's rank,
/// for (2) that u is uniform given (v, μ, mask(z)), and that a row's positions and out-of-domain values are uniform by
/// its tail (``TailTests``); leaves are salted.
@Suite struct SimulatorTests {
  /// Uniform messages of one sumcheck and the g(ρ) that fits.
  private func simulate(
    _ shape: SumcheckShape, total: CubicExtension, channel: inout ProverChannel, random: PseudorandomStream,
    contribution: SumcheckVerifier.Contribution
  ) throws -> SumcheckOutcome {
    let sum = random.extensionElement()
    channel.send("\(shape.stage.rawValue)/sum g", sum)
    let gamma = channel.transcript.challenge("\(shape.stage.rawValue)/gamma")
    var claim = total + gamma * sum
    var point: [CubicExtension] = []
    var evaluations = Evaluations(shape.stage)
    for round in 0..<shape.variables {
      let values = (0..<shape.degree).map { _ in random.extensionElement() }
      channel.send("\(shape.stage.rawValue)/round", values)
      let r = channel.transcript.challenge("\(shape.stage.rawValue)/r")
      point.append(r)
      claim = Univariate.interpolate([claim - values[0]] + values, at: r)
      let finished = shape.finished(by: round)
      for oracle in finished {
        let value = random.extensionElement()
        evaluations.set(oracle, value)
        channel.send("\(shape.stage.rawValue)/\(oracle.letter)", value)
      }
      if !finished.isEmpty { claim -= try contribution(finished, point, evaluations) }
    }
    let libra = claim * gamma.inverse
    channel.send("\(shape.stage.rawValue)/g", libra)
    return SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libra)
  }

  @Test(arguments: [[0], [2], [3], [0, 1, 2, 3, 4, 5]], [false, true])
  func everySumcheckVerifiesWithoutAWitness(_ tensors: [Int], _ orthonormal: Bool) throws {
    try simulate(Fixture.everything().keeping(tensors, total: tensors.count == 6), orthonormal)
  }

  @Test func patternsVerifyWithoutAWitness() throws {
    try simulate(.sharedPatterns(), false)
    try simulate(.patterned([.base, .tuned(2, of: 4)]), false)
  }

  @Test func entrywiseClausesVerifyWithoutAWitness() throws {
    try simulate(.sharedEntries(), false)
    try simulate(.entriesWithEverything(), true)
  }

  private func simulate(_ fixture: Fixture, _ orthonormal: Bool) throws {
    var fixture = fixture
    if orthonormal { fixture.add(.orthonormal([(5, 40), (16, 1100)])) }
    let layout = ArgumentLayout(fixture.statement)
    let random = PseudorandomStream(secret: [1], label: "simulator")
    let drift = Fixture.Drift(
      root: random.bytes(32), pins: (0..<layout.tableau.rowCount).map { _ in random.extensionElement() })
    var channel = ProverChannel(
      transcript: ArgumentProtocol.transcript(
        fixture.statement, driftBinding: drift.root + FieldEncoding.bytes(drift.pins)))
    if layout.hasFactorTree {
      channel.send("root of P1", digest: random.bytes(32))
      _ = OutOfDomain.point("pins of P1", &channel.transcript)
      channel.send("pins of P1", (0..<layout.factorTreeRows).map { _ in random.extensionElement() })
    }
    let matrix = ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&channel.transcript))
    channel.send("root of P2", digest: random.bytes(32))
    var claims: OrthonormalClaims?
    if layout.hasOrthonormal {
      let challenges = OrthonormalChallenges(layout: layout.orthonormal, transcript: &channel.transcript)
      let sum = random.extensionElement()
      channel.send("sigma", sum)
      let outcome = try simulate(
        .orthonormality(layout.orthonormal), total: sum, channel: &channel, random: random,
        contribution: OrthonormalClaims.contribution)
      claims = OrthonormalClaims(layout: layout.orthonormal, challenges: challenges, sum: sum, outcome: outcome)
    }
    let challenges = BoundsStageChallenges(layout: layout, orthonormal: claims, transcript: &channel.transcript)
    let weights = BoundsStageWeights(layout: layout, challenges: challenges, matrix: matrix)
    let stageA = try simulate(
      .bounds(layout), total: try challenges.total(layout, columnWeights: weights.columnWeights), channel: &channel,
      random: random
    ) { (finished, point, evaluations) throws(ProofRejection) in
      let x = Array(point[1...])
      var sum = CubicExtension.zero
      if finished.contains(.digits) {
        let (w, d) = (weights.digits(x), try evaluations.value(.digits))
        sum += w.range * Digits.vanishing(d) + w.linear * d
      }
      if finished.contains(.residuals) {
        let (w, e) = (weights.drift(x), try evaluations.value(.residuals))
        sum += (w.square * e + w.linear) * e
      }
      if finished.contains(.factors) {
        let (w, g) = (weights.factors(x), try evaluations.value(.factors))
        sum += (w.square * g + w.linear) * g
      }
      if finished.contains(.patternCells) {
        let form = weights.patterns(x)
        for oracle in layout.patterns.oracles {
          sum += try form.contribution(of: oracle) { other throws(ProofRejection) in
            try evaluations.value(other.oracle)
          }
        }
      }
      if finished.contains(.roots) {
        let (w, a) = (weights.roots(x), try evaluations.value(.roots))
        sum += (w.square * a + w.linear) * a
      }
      if let orthonormal = challenges.orthonormal, finished.contains(.orthonormalMasks) {
        sum += orthonormal.masks(at: x) * (try evaluations.value(.orthonormalMasks))
      }
      return sum * (.one - point[0])
    }
    if layout.hasFactors {
      let weightsB = StructureStageWeights(layout: layout, boundsPoint: stageA.point)
      let d = random.extensionElement()
      channel.send("d", d)
      let stageB = try simulate(
        .structure(layout), total: d - (try stageA.evaluations.value(.residuals)), channel: &channel, random: random,
        contribution: weightsB.contribution)
      let weightsC = MergingStageWeights(
        structure: weightsB, kappa: stageB.point, chi: channel.transcript.challenge("chi"))
      _ = try simulate(
        .merging(layout), total: try weightsC.total(stageB.evaluations), channel: &channel, random: random
      ) { (_, point, evaluations) throws(ProofRejection) in
        (.one - point[0]) * weightsC.weight(at: Array(point[1...])) * (try evaluations.value(.factors))
      }
    }
    // The verifier accepts every message so far: it misses the first one of the opening, and nothing else.
    #expect(throws: ProofRejection.truncated(section: OpeningLabel.treeValue)) {
      try fixture.verify(channel.proof, drift: drift)
    }
  }

  @Test func openingOfAnyValueVerifiesWhenBetaIsKnownFirst() throws {
    let code = CodeParameters(unchecked: 14, logBlowup: 1, queries: 40, grindingBits: 4, driftTail: 80)
    let scheme = HashCommitment(code)
    let random = PseudorandomStream(secret: [2], label: "simulator")
    let point = (0..<14).map { _ in random.extensionElement() }
    let equality = Multilinear.equality(point)
    let shape = RowShape(tailOffset: code.length, tailCount: code.driftRowTail)
    // A pinned tree of two zero rows, and any claimed value of their combination.
    let data = try scheme.pin(
      scheme.commit(label: "drift", rows: MemoryRows(rows: [.zero, .zero]), shapes: [shape, shape], secret: [3]))
    let z = try #require(data.pins).point
    let claim = OpeningClaim(
      name: "v", functional: .equality(point: point),
      weights: [[random.extensionElement(), random.extensionElement()], []], value: random.extensionElement(),
      mask: .init(tree: 1, firstRow: 0))
    func commit(_ mask: [CubicExtension]) throws -> CommittedTableau {
      try scheme.commit(
        label: "P2",
        rows: MemoryRows(
          rows: [.field(mask.map(\.c0.value)), .field(mask.map(\.c1.value)), .field(mask.map(\.c2.value))]),
        shapes: [shape, shape, shape], secret: [4])
    }
    // A uniform mask fixes mask(z), its tail included; μ is uniform. Roots are not in this transcript, so β is known
    // before the mask is committed.
    let start = Transcript(protocolID: "simulator")
    var message = (0..<code.length).map { _ in random.extensionElement() }
    let tails = (0..<3).map { row in
      RowRandomness(secret: [4], label: "P2").tail(row: row, shape: shape).map { Goldilocks(reducing: $0) }
    }
    let tail = (0..<shape.tailCount).map { CubicExtension(tails[0][$0], tails[1][$0], tails[2][$0]) }
    let nu = Univariate.evaluate(message + tail, at: z)
    let mu = random.extensionElement()
    let beta = programmedBeta(start, code: code, claim: claim, nu: nu, mu: mu)
    // u is uniform but for ⟨c, u⟩ and u(z): ⟨c, mask⟩ = β·v + μ, rows being zero, and mask(z) stays.
    let missing = beta * claim.value + mu - Multilinear.innerProduct(equality, message)
    let change = missing * (equality[1] - equality[0] * z).inverse
    message[1] += change
    message[0] -= change * z
    let mask = try commit(message)
    #expect(Univariate.evaluate(message + tail, at: z) == nu)
    var tampering = OpeningTampering()
    tampering.maskValue = { _, value in value = mu }
    var channel = ProverChannel(transcript: start)
    try scheme.open([data, mask], claims: [claim], channel: &channel, deviation: tampering)
    var verifier = VerifierChannel(transcript: start, proof: channel.proof)
    try scheme.verify([data.reference, mask.reference], claims: [claim], channel: &verifier)
    try verifier.finish()

    // With the roots absorbed first, as every caller must, β comes out otherwise and the same opening fails.
    var bound = start
    bound.absorb("root", .digest, mask.root)
    channel = ProverChannel(transcript: bound)
    try scheme.open([data, mask], claims: [claim], channel: &channel, deviation: tampering)
    verifier = VerifierChannel(transcript: bound, proof: channel.proof)
    #expect(throws: ProofRejection.openingSumcheck(functional: "v")) {
      try scheme.verify([data.reference, mask.reference], claims: [claim], channel: &verifier)
    }
  }

  private func programmedBeta(
    _ start: Transcript, code: CodeParameters, claim: OpeningClaim, nu: CubicExtension, mu: CubicExtension
  ) -> CubicExtension {
    var channel = ProverChannel(transcript: start)
    channel.transcript.absorb(OpeningLabel.parameters, bytes: code.bytes)
    channel.transcript.absorb(OpeningLabel.value, .cubic, FieldEncoding.bytes([claim.value]))
    channel.send(OpeningLabel.maskPin, nu)
    _ = channel.transcript.challenge(OpeningLabel.pinBeta(claim: 0, pin: 0))
    channel.send(OpeningLabel.maskValue, mu)
    return channel.transcript.challenges(OpeningLabel.beta, 1)[0]
  }
}
