// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// Proves a ``DriftStatement`` about a committed drift tableau; docs/protocol.md section 5.
///
/// ``prove(witness:drift:secret:archive:phase:)`` reads as the protocol's moves, one method each. P → V is what the
/// prover sends, V → P a challenge.
package struct ArgumentProver<Scheme: TableauCommitmentProver>: Sendable {
  package let statement: DriftStatement
  package let scheme: Scheme
  let layout: ArgumentLayout
  /// Bytes of E-tiles that stay in memory when all of them fit; otherwise each pass makes them anew from the rows.
  package var keptTileBytes = DriftTiles.keptLimit
  /// Who holds the rows of the drift and of P2; nil for this process alone. The drift must have been committed with the team's
  /// rows, which then stand in the witness, too. The proof is the same, byte for byte.
  package var workers: WorkerTeam?

  /// - Throws: when the statement is not one that the argument is sound for.
  package init(statement: DriftStatement, scheme: Scheme) throws(ProofRejection) {
    try statement.validate()
    self.statement = statement
    self.scheme = scheme
    layout = ArgumentLayout(statement)
    try statement.code.requireBands(rows: layout.tableau.rowCount)
  }

  /// Rows of the drift tableau that the statement's layout has.
  package var rowCount: Int { layout.tableau.rowCount }

  /// - Parameters:
  ///   - drift: the commitment to exactly `witness.rows`, whose root `statement.binding` names.
  ///   - base: the trees of the base's tableau that the statement speaks of, of exactly `witness.base`.
  ///   - secret: fresh for every proof: PRF(opening secret, statement, system entropy); section 3.
  ///   - archive: keeps the trees and the state after the bounds stage. It must hold nothing of a proof with another
  ///     secret.
  ///   - phase: told of each phase as it begins.
  package func prove(
    witness: ArgumentWitness, drift: Scheme.Committed, base: [Scheme.Committed] = [], secret: [UInt8],
    archive: (any CommitmentArchive)? = nil, phase: @escaping (ProofPhase) -> Void = { _ in }
  ) throws -> ArgumentProof {
    try prove(
      witness: witness, drift: drift, base: base, secret: secret, archive: archive, deviation: HonestProver(),
      phase: phase)
  }

  func prove(
    witness: ArgumentWitness, drift: Scheme.Committed, base: [Scheme.Committed] = [], secret: [UInt8],
    archive: (any CommitmentArchive)? = nil, deviation: any ProverDeviation,
    phase: @escaping (ProofPhase) -> Void = { _ in }
  ) throws -> ArgumentProof {
    var session = ProverSession(
      channel: begin(drift: drift, deviation), random: PseudorandomStream(secret: secret, label: "masks"),
      secret: secret, archive: archive, deviation: deviation, phase: phase)
    let witness = try prepare(witness, session)
    let (factors, factorTree) = try commitFactors(witness, &session)
    let seed = session.channel.transcript.state
    let projection = drawProjection(&session)
    let (auxiliary, auxiliaryTree) = try commitDigits(witness, projection, seed: seed, &session)
    let orthonormal = try proveOrthonormality(witness, auxiliary, &session)
    let bounds = try proveBounds(witness, projection, factors, auxiliary, orthonormal, &session)
    let outcomes = try proveFactors(witness, factors, auxiliary, bounds, orthonormal, &session)
    try open([drift, auxiliaryTree] + (factorTree.map { [$0] } ?? []) + base, outcomes, &session)
    return ArgumentProof(bytes: session.channel.proof, sizes: session.channel.sizes)
  }

  // MARK: Before the first message

  /// Section 5, before step 1: the transcript begins with the binding, the statement and the drift's commitment.
  private func begin(drift: Scheme.Committed, _ deviation: any ProverDeviation) -> ProverChannel {
    let binding = scheme.bindingBytes(of: scheme.reference(of: drift))
    return ProverChannel(
      transcript: ArgumentProtocol.transcript(deviation.absorbed(statement), driftBinding: binding))
  }

  /// Makes E, U, V and S, and refuses a false statement as long as nothing that depends on the drift has been sent.
  private func prepare(_ witness: ArgumentWitness, _ session: ProverSession) throws -> PreparedWitness {
    session.phase(.witness)
    let refuses = session.deviation.refuses
    var tables: WitnessTables
    if let workers {
      let found = try workers.prepare(witness)
      tables = try WitnessTables(
        layout: layout, witness: witness, squares: found.squares, sparseValues: found.sparse)
    } else {
      tables = try WitnessTables(layout: layout, witness: witness, refuses: refuses, keptLimit: keptTileBytes)
    }
    session.deviation.witness(&tables)
    session.deviation.roots(&tables.roots)
    if var rounding = tables.rounding {
      if rounding.byteCount <= keptTileBytes { try rounding.keep(tables.tiles) }
      session.deviation.rounding(&rounding)
      tables.rounding = rounding
    }
    let matrices = OrthonormalMatrices(layout: layout, tiles: tables.tiles)
    return PreparedWitness(
      rows: witness.rows, tables: tables, matrices: matrices, excesses: try matrices.excesses(refuses: refuses),
      patterns: try patternOracles(witness, session.deviation))
  }

  private func patternOracles(_ witness: ArgumentWitness, _ deviation: any ProverDeviation) throws -> PatternOracles? {
    guard layout.hasPatterns else { return nil }
    var oracles = PatternOracles(layout: layout, drift: witness.rows, base: witness.base)
    if oracles.byteCount <= keptTileBytes { try oracles.keep() }
    if deviation.refuses { try oracles.check() }
    deviation.patterns(&oracles)
    return oracles
  }

  // MARK: Commitments

  /// P → V: the factor tree, P1, of U, V, slots and masks, and of roots; V → P: a point; P → V: its pins (section 5,
  /// step 1). Nothing when no clause has factors or entrywise bounds.
  private func commitFactors(
    _ witness: PreparedWitness, _ session: inout ProverSession
  ) throws -> (oracle: FactorOracle, tree: Scheme.Committed?) {
    guard layout.hasFactorTree else { return (FactorOracle(cells: [], mask: [], dummy: []), nil) }
    session.phase(.factors)
    let oracle = factorOracle(witness, session)
    let rows = MemoryRows(
      payload: oracle.cells, length: layout.length, rowCount: layout.factorRows,
      extra: layout.hasFactors ? [oracle.mask] : [])
    let tree = try scheme.commit(
      label: ArgumentLabel.factorTree,
      rows: FactorTreeRows(
        layout: layout, factors: rows, tiles: witness.tables.tiles, roots: witness.tables.roots,
        rounding: witness.tables.rounding, patterns: witness.patterns),
      shapes: ArgumentProtocol.factorShapes(layout), secret: session.secret, archive: session.archive)
    // R must not choose among tableaux: its rows miss a violation with probability 2^-132 each, with nothing to spare.
    return (session.deviation.argued(oracle), try scheme.send(tree, isPinned: true, to: &session.channel))
  }

  /// G with its masks; empty when no clause has factors.
  private func factorOracle(_ witness: PreparedWitness, _ session: ProverSession) -> FactorOracle {
    guard layout.hasFactors else { return FactorOracle(cells: [], mask: [], dummy: []) }
    var cells = witness.tables.factors.map { Goldilocks($0) }
    if let masks = layout.factors.masks {
      for cell in masks.range { cells[cell] = session.random.element() }
    }
    let dummy = (0..<Limits.maskEntries).map { cells[layout.factors.maskCell(.dummy, entry: $0)] }
    // Twice: G is revealed at two points.
    let mask = session.random.elements(2 * Limits.maskEntries)
    return FactorOracle(cells: cells, mask: mask, dummy: dummy)
  }

  /// V → P: the projection R (section 5, step 2).
  private func drawProjection(_ session: inout ProverSession) -> ProjectionMatrix {
    ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&session.channel.transcript))
  }

  /// P → V: the auxiliary tree, P2, of the digits and all other masks (section 5, step 3).
  /// - Parameter seed: the transcript's state before the projection.
  private func commitDigits(
    _ witness: PreparedWitness, _ projection: ProjectionMatrix, seed: [UInt8], _ session: inout ProverSession
  ) throws -> (oracles: AuxiliaryOracles, tree: Scheme.Committed) {
    session.phase(.projections)
    let tables = witness.tables
    var digits: DigitTable
    if let workers {
      digits = try DigitTable(
        layout: layout, squares: tables.squares, factors: tables.factors, matrix: projection
      ) { try workers.project(seed, tiles: tables.tiles, into: &$0) }
    } else {
      digits = try DigitTable(
        layout: layout, tiles: tables.tiles, squares: tables.squares, roots: tables.roots, rounding: tables.rounding,
        factors: tables.factors,
        matrix: projection, excesses: witness.excesses)
    }
    if session.deviation.refuses { try Completeness(layout: layout).checkBounds(digits) }
    session.deviation.digits(&digits)
    let random = session.random
    let digitMask = random.elements(Limits.maskEntries)
    let driftMask = random.elements(Limits.maskEntries)
    let oracles = AuxiliaryOracles(
      digits: digits.digits, digitMask: digitMask, driftMask: driftMask,
      orthonormalMasks: layout.hasOrthonormal ? random.elements(OrthonormalLayout.maskCells) : [],
      maskOfMasks: layout.hasOrthonormal ? random.elements(Limits.maskEntries) : [],
      entryMasks: layout.hasEntries ? layout.entries.oracles.map { _ in random.elements(Limits.maskEntries) } : [],
      patternMasks: layout.patterns.oracles.map { _ in random.elements(Limits.maskEntries) },
      libra: LibraMasks(layout, random: random))
    session.phase(.digitCommitment)
    let rows: any TableauRows = DigitRows(
      layout: layout, digits: oracles.digits, digitMask: digitMask, driftMask: driftMask,
      orthonormalMasks: session.deviation.orthonormalMasks(oracles.orthonormalMasks, in: .committed),
      orthonormalMask: oracles.maskOfMasks, entryMasks: oracles.entryMasks,
      patternMasks: oracles.patternMasks, libra: oracles.libra.all,
      secret: session.secret)
    try workers?.give(oracles.digits, masks: rows)
    let tree = try scheme.commit(
      label: ArgumentLabel.auxiliaryTree, rows: workers?.rows(of: .auxiliary, own: rows) ?? rows,
      shapes: ArgumentProtocol.auxiliaryShapes(layout), secret: session.secret, archive: session.archive)
    return (oracles, try scheme.send(tree, isPinned: false, to: &session.channel))
  }

  // MARK: Stages

  /// V → P: s, α, β; P → V: σ and the orthonormality stage (Stage O) (section 5, step 3). Nothing without orthonormal
  /// tensors. A resumed proof runs it again, with the same randomness.
  private func proveOrthonormality(
    _ witness: PreparedWitness, _ auxiliary: AuxiliaryOracles, _ session: inout ProverSession
  ) throws -> OrthonormalClaims? {
    session.phase(.boundsStage)
    guard layout.hasOrthonormal else { return nil }
    let challenges = OrthonormalChallenges(layout: layout.orthonormal, transcript: &session.channel.transcript)
    var (components, trueSum) = try witness.matrices.component(
      challenges, masks: session.deviation.orthonormalMasks(auxiliary.orthonormalMasks, in: .orthonormalityStage))
    let sum = session.deviation.orthonormalSum(trueSum, challenges: challenges)
    session.channel.send(ArgumentLabel.orthonormalSum, sum)
    let outcome = try SumcheckProver.run(
      .orthonormality(layout.orthonormal), total: sum, components: &components,
      libra: auxiliary.libra.orthonormality, channel: &session.channel, deviation: session.deviation)
    return OrthonormalClaims(layout: layout.orthonormal, challenges: challenges, sum: sum, outcome: outcome)
  }

  /// V → P: λ and the points of all claims; P → V: the bounds stage (Stage A) (section 5, step 4).
  private func proveBounds(
    _ witness: PreparedWitness, _ projection: ProjectionMatrix, _ factors: FactorOracle,
    _ auxiliary: AuxiliaryOracles, _ orthonormal: OrthonormalClaims?, _ session: inout ProverSession
  ) throws -> SumcheckOutcome {
    let deviation = session.deviation
    // Its tables are the most that a proof holds.
    ReusedMemory.release()
    let shape = SumcheckShape.bounds(layout)
    return try BoundsStageRecord.resumingOrRunning(shape, archive: session.archive, channel: &session.channel) {
      channel in
      let state = channel.transcript.state
      let challenges = BoundsStageChallenges(
        layout: layout, orthonormal: orthonormal, transcript: &channel.transcript)
      var components = try boundsComponents(challenges, witness, projection, factors, auxiliary, state: state)
      if let weights = challenges.orthonormal {
        let masks = deviation.orthonormalMasks(auxiliary.orthonormalMasks, in: .boundsStage)
        components.append(
          ProductComponent(
            variables: OrthonormalLayout.maskVariables, names: [.orthonormalMasks],
            oracles: [masks.map { CubicExtension($0) }], masks: [auxiliary.maskOfMasks.map { CubicExtension($0) }],
            weights: [weights.masks], terms: [.init(weight: 0, oracles: [0])]))
      }
      return try SumcheckProver.run(
        shape,
        total: try challenges.total(
          layout, columnWeights: projection.weightedColumns(rowWeights: challenges.rowWeights)),
        components: &components, libra: auxiliary.libra.bounds,
        channel: &channel, deviation: deviation)
    }
  }

  /// P → V: d and the structure stage (Stage B); V → P: χ; P → V: the merging stage (Stage C) (section 5, step 5).
  /// Without factors nothing is sent, and d is e.
  private func proveFactors(
    _ witness: PreparedWitness, _ factors: FactorOracle, _ auxiliary: AuxiliaryOracles, _ bounds: SumcheckOutcome,
    _ orthonormal: OrthonormalClaims?, _ session: inout ProverSession
  ) throws -> StageOutcomes {
    let residual = try bounds.evaluations.value(.residuals)
    guard layout.hasFactors else {
      return StageOutcomes(bounds: bounds, drift: residual, factors: nil, orthonormality: orthonormal?.outcome)
    }
    session.phase(.factorStages)
    let weights = StructureStageWeights(layout: layout, boundsPoint: bounds.point)
    let tables = StructureTables(
      weights, factors: session.deviation.counted(layout.factors), cells: factors.cells)
    let drift = try session.deviation.driftValue(
      residual + tables.sum,
      of: DriftEvaluation(layout: layout, rows: witness.rows, mask: auxiliary.driftMask, point: bounds.point))
    session.channel.send(ArgumentLabel.driftValue, drift)
    var components: [any SumcheckComponent] = [tables.component]
    let structure = try SumcheckProver.run(
      .structure(layout), total: drift - residual, components: &components, libra: auxiliary.libra.structure,
      channel: &session.channel, deviation: session.deviation)
    let merging = try proveMerging(structure, weights, factors, auxiliary, &session)
    return StageOutcomes(
      bounds: bounds, drift: drift, factors: FactorOutcomes(structure: structure, merging: merging),
      orthonormality: orthonormal?.outcome)
  }

  /// V → P: χ; P → V: the merging stage (Stage C), which brings the structure stage's evaluations to one point.
  private func proveMerging(
    _ structure: SumcheckOutcome, _ structureWeights: StructureStageWeights, _ factors: FactorOracle,
    _ auxiliary: AuxiliaryOracles, _ session: inout ProverSession
  ) throws -> SumcheckOutcome {
    let chi = session.channel.transcript.challenge(ArgumentLabel.mergingPowers)
    let weights = MergingStageWeights(structure: structureWeights, kappa: structure.point, chi: chi)
    var components: [any SumcheckComponent] = [
      ProductComponent(
        variables: layout.mergingVariables, names: [.factors],
        oracles: [factors.table(variables: layout.mergingVariables)], masks: [factors.mask.map { CubicExtension($0) }],
        weights: [weights.table()], terms: [.init(weight: 0, oracles: [0])])
    ]
    return try SumcheckProver.run(
      .merging(layout), total: try weights.total(structure.evaluations), components: &components,
      libra: auxiliary.libra.merging, channel: &session.channel, deviation: session.deviation)
  }

  // MARK: Opening

  /// V → P: τ, χ; P → V: the opening of all trees (section 5, step 6, and section 6).
  private func open(
    _ trees: [Scheme.Committed], _ outcomes: StageOutcomes, _ session: inout ProverSession
  ) throws {
    session.phase(.opening)
    let claims = try OpeningClaims.draw(layout, outcomes: outcomes, transcript: &session.channel.transcript)
    try session.deviation.open(trees, claims: claims, scheme: scheme, channel: &session.channel)
  }

  // MARK: Components

  private func boundsComponents(
    _ challenges: BoundsStageChallenges, _ witness: PreparedWitness, _ projection: ProjectionMatrix,
    _ factors: FactorOracle, _ auxiliary: AuxiliaryOracles, state: [UInt8]
  ) throws -> [any SumcheckComponent] {
    let columnWeights = projection.weightedColumns(rowWeights: challenges.rowWeights)
    // The dummy keeps d and e from being a relation on the witness.
    let driftMask =
      layout.hasFactors ? zip(auxiliary.driftMask, factors.dummy).map { $0 - $1 } : auxiliary.driftMask
    let tables = witness.tables
    var components = try largeComponents(
      challenges, tables, columnWeights, auxiliary, driftMask: driftMask.map { CubicExtension($0) }, state: state)
    if let rounding = tables.rounding {
      components.append(
        try RoundingComponent(
          layout: layout, challenges: challenges, columnWeights: columnWeights, tiles: tables.tiles,
          oracles: rounding, masks: auxiliary.entryMasks.map { $0.map { CubicExtension($0) } }))
    } else if layout.hasEntries {
      components.append(
        try EntryComponent(
          layout: layout, challenges: challenges, columnWeights: columnWeights, tiles: tables.tiles,
          roots: tables.roots, driftMask: driftMask.map { CubicExtension($0) },
          rootMask: (auxiliary.entryMasks.first ?? []).map { CubicExtension($0) }))
    }
    if let patterns = witness.patterns {
      components.append(
        try PatternComponent(
          layout: layout, challenges: challenges, oracles: patterns,
          masks: auxiliary.patternMasks.map { $0.map { CubicExtension($0) } }))
    }
    if layout.hasFactors {
      let weights = BoundsStageTables(layout: layout, challenges: challenges).factors(columnWeights: columnWeights)
      components.append(
        ProductComponent(
          variables: layout.factorVariables, names: [.factors],
          oracles: [factors.table(variables: layout.factorVariables)],
          masks: [factors.mask.map { CubicExtension($0) }], weights: [weights.square, weights.linear],
          terms: [.init(weight: 0, oracles: [0, 0]), .init(weight: 1, oracles: [0])]))
    }
    return components
  }

  /// Of E and D.
  /// - Parameter state: of the transcript before the challenges.
  private func largeComponents(
    _ challenges: BoundsStageChallenges, _ tables: WitnessTables, _ columnWeights: [CubicExtension],
    _ auxiliary: AuxiliaryOracles, driftMask: [CubicExtension], state: [UInt8]
  ) throws -> [any SumcheckComponent] {
    let digitMask = auxiliary.digitMask.map { CubicExtension($0) }
    if let workers {
      return try SpreadBounds(
        team: workers, challenges: challenges, state: state, residualMask: driftMask, digitMask: digitMask
      ).components
    }
    // Of bounds of E itself: rounding claims square no E.
    let entryWeights = EntryComponent.chunkWeights(
      tables.tiles, count: tables.rounding == nil ? tables.roots.count : 0, challenges: challenges
    ).map { weights in weights.map { -($0 * challenges.power(.differences)) } }
    return [
      try DriftComponent(
        layout: layout.tableau, challenges: challenges, columnWeights: columnWeights, tiles: tables.tiles,
        mask: driftMask, entryWeights: entryWeights),
      DigitComponent(
        variables: layout.digitVariables, digits: auxiliary.digits, mask: digitMask,
        weights: DigitWeights(layout: layout, challenges: challenges), point: challenges.digits,
        scale: challenges.power(.digits)),
    ]
  }
}
