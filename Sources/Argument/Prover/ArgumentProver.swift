import Commitment
import Core
import Field
import Kernels
import Transcript

/// Proves a ``DriftStatement`` about a committed drift tableau; docs/protocol.md section 5.
package struct ArgumentProver<Scheme: TableauCommitmentScheme>: Sendable {
  package let statement: DriftStatement
  package let scheme: Scheme
  let layout: ArgumentLayout
  /// Bytes of E-tiles that stay in memory when all of them fit; otherwise each pass makes them anew from the rows.
  package var keptTileBytes = DriftTiles.keptLimit

  /// - Throws: when the statement is not one that the argument is sound for.
  package init(statement: DriftStatement, scheme: Scheme) throws(ProofRejection) {
    try statement.validate()
    self.statement = statement
    self.scheme = scheme
    layout = ArgumentLayout(statement)
  }

  /// Rows of the drift tableau that the statement's layout has.
  package var rowCount: Int { layout.tableau.rowCount }

  /// Commits to the drift rows. All randomness comes from `secret` and the statement without its binding, so that a holder
  /// of the secret finds the same root again, and one secret never serves two layouts with the same row tails.
  package func commit(
    rows: any TableauRows, secret: [UInt8], archive: (any CommitmentArchive)? = nil
  ) throws -> Scheme.Committed {
    var message = Array("driftproof/drift tableau/v1".utf8)
    message += statement.canonicalBytes
    return try scheme.pin(
      scheme.commit(
        label: ArgumentProtocol.driftLabel, rows: rows, shapes: ArgumentProtocol.driftShapes(layout),
        secret: SHA256.authenticate(key: secret, message: message), archive: archive))
  }

  /// - Parameters:
  ///   - drift: the commitment to exactly `witness.rows`, whose root `statement.binding` names.
  ///   - secret: fresh for every proof: PRF(opening secret, statement, system entropy); section 3.
  ///   - archive: keeps the trees and the state after Stage A. It must hold nothing of a proof with another secret.
  ///   - phase: told the name of each phase as it begins.
  package func prove(
    witness: ArgumentWitness, drift: Scheme.Committed, secret: [UInt8], archive: (any CommitmentArchive)? = nil,
    tampering: ArgumentTampering = ArgumentTampering(), phase: (String) -> Void = { _ in }
  ) throws -> ArgumentProof {
    let binding = scheme.bindingBytes(of: scheme.reference(of: drift))
    var channel = ProverChannel(
      transcript: ArgumentProtocol.transcript(tampering.absorbedStatement ?? statement, driftBinding: binding))
    let random = PseudorandomStream(secret: secret, label: "masks")

    phase("witness")
    var tables = try WitnessTables(
      layout: layout, witness: witness, refuses: !tampering.skipsRefusals, keptLimit: keptTileBytes)
    tampering.tables?(&tables)
    let honest = !tampering.skipsRefusals
    let matrices = OrthonormalMatrices(layout: layout, tiles: tables.tiles)
    let excesses = try matrices.excesses(refuses: honest)

    // P1
    var trees: [Scheme.Committed] = []
    var factorMask: [Goldilocks] = []
    var factorCells: [Goldilocks] = []
    var dummy: [Goldilocks] = []
    if layout.hasFactors {
      phase("factors")
      factorCells = tables.factors.map { Goldilocks($0) }
      if let masks = layout.factors.masks {
        for cell in masks.range { factorCells[cell] = random.element() }
      }
      dummy = (0..<Limits.maskEntries).map { factorCells[layout.factors.maskCell(.dummy, entry: $0)] }
      factorMask = random.elements(2 * Limits.maskEntries)
      let rows = MemoryRows(
        payload: factorCells, length: layout.length, rowCount: layout.factorRows, extra: [factorMask])
      let tree = try scheme.commit(
        label: ArgumentProtocol.factorLabel, rows: rows, shapes: ArgumentProtocol.factorShapes(layout), secret: secret,
        archive: archive)
      // R must not choose among tableaux: its rows miss a violation with probability 2^-132 each, with nothing to spare.
      trees.append(try scheme.send(tree, isPinned: true, to: &channel))
    }
    let matrix = ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&channel.transcript))

    // P2
    phase("projections")
    var digits = try DigitTable(
      layout: layout, tiles: tables.tiles, squares: tables.squares, factors: tables.factors, matrix: matrix,
      excesses: excesses)
    if honest { try Completeness(layout: layout).checkBounds(digits) }
    tampering.digits?(&digits, layout)
    let digitMask = random.elements(Limits.maskEntries)
    let driftMask = random.elements(Limits.maskEntries)
    let masks = layout.hasOrthonormal ? random.elements(OrthonormalLayout.maskCells) : []
    let maskOfMasks = layout.hasOrthonormal ? random.elements(Limits.maskEntries) : []
    let libra = layout.libraLengths.map { length in (0..<length).map { _ in random.extensionElement() } }
    phase("digit commitment")
    let digitTree = try scheme.commit(
      label: ArgumentProtocol.digitLabel,
      rows: DigitRows(
        layout: layout, digits: digits.digits, digitMask: digitMask, driftMask: driftMask,
        orthonormalMasks: ArgumentTampering.changed(masks, tampering.committedMasks), orthonormalMask: maskOfMasks,
        libra: libra.flatMap { $0 }, secret: secret),
      shapes: ArgumentProtocol.digitShapes(layout), secret: secret, archive: archive)
    _ = try scheme.send(digitTree, isPinned: false, to: &channel)

    // Stage O; a resumed proof runs it again, with the same randomness.
    phase("stage A")
    var orthonormal: OrthonormalClaims?
    if layout.hasOrthonormal, let libra = libra.last {
      orthonormal = try matrices.prove(
        masks: ArgumentTampering.changed(masks, tampering.masksOfStageO), libra: libra, channel: &channel,
        tampering: tampering.stageO, claimed: tampering.orthonormalSum ?? { $1 })
    }

    // Stage A
    let stageA = try StageARecord.resumingOrRunning(archive: archive, channel: &channel) { channel in
      let challenges = StageAChallenges(
        layout: layout, orthonormal: orthonormal, transcript: &channel.transcript)
      var components = try stageAComponents(
        challenges, matrix: matrix, tiles: tables.tiles, digits: digits.digits, digitMask: digitMask,
        factorCells: factorCells, factorMask: factorMask,
        driftMask: layout.hasFactors ? zip(driftMask, dummy).map { $0 - $1 } : driftMask)
      if let weights = challenges.orthonormal {
        components.append(
          ProductComponent(
            variables: OrthonormalLayout.maskVariables, names: ["O"],
            oracles: [ArgumentTampering.changed(masks, tampering.masksOfStageA).map { CubicExtension($0) }],
            masks: [maskOfMasks.map { CubicExtension($0) }], weights: [weights.masks],
            terms: [.init(weight: 0, oracles: [0])]))
      }
      return try SumcheckProver.run(
        ArgumentProtocol.stageAShape(layout), total: challenges.total(layout), components: &components,
        libra: libra[0], channel: &channel, tampering: tampering.stageA)
    }
    let e = stageA.evaluations["E"] ?? .zero
    var values = ArgumentProtocol.Values(stageA: stageA, drift: e, stageO: orthonormal?.outcome)

    // Stages B and C
    if layout.hasFactors {
      phase("stages B and C")
      let weights = StageBWeights(layout: layout, stageAPoint: stageA.point)
      var stageB = stageBComponent(weights, factorCells: factorCells, usesPadding: tampering.usesPadding)
      values.drift = e + stageB.claimedSum + (tampering.driftOffset ?? .zero)
      if tampering.claimsTrueDrift {
        values.drift = try trueDrift(rows: witness.rows, mask: driftMask, stageAPoint: stageA.point)
      }
      channel.send("d", values.drift)
      let outcomeB = try SumcheckProver.run(
        StageBWeights.shape(layout), total: values.drift - e, components: &stageB.components, libra: libra[1],
        channel: &channel, tampering: tampering.stageB)
      let chi = channel.transcript.challenge("chi")
      let weightsC = StageCWeights(stageB: weights, kappa: outcomeB.point, chi: chi)
      let padding = [CubicExtension](repeating: .zero, count: 1 << layout.stageCVariables - factorCells.count)
      var componentsC: [any SumcheckComponent] = [
        ProductComponent(
          variables: layout.stageCVariables, names: ["G"], oracles: [factorCells.map { CubicExtension($0) } + padding],
          masks: [factorMask.map { CubicExtension($0) }], weights: [weightsC.table()],
          terms: [.init(weight: 0, oracles: [0])])
      ]
      values.stageB = outcomeB
      values.stageC = try SumcheckProver.run(
        StageCWeights.shape(layout), total: weightsC.total(outcomeB.evaluations), components: &componentsC,
        libra: libra[2], channel: &channel, tampering: tampering.stageC)
    }

    phase("opening")
    let claims = ArgumentProtocol.openingClaims(layout, values: values, transcript: &channel.transcript)
    let opened = [drift, digitTree] + trees
    if let open = tampering.open {
      try open(opened.map { $0 }, claims, &channel)
    } else {
      try scheme.open(opened, claims: claims, channel: &channel)
    }
    return ArgumentProof(bytes: channel.proof, sizes: channel.sizes)
  }

  // MARK: Components

  private func stageAComponents(
    _ challenges: StageAChallenges, matrix: ProjectionMatrix, tiles: DriftTiles, digits: PackedDigits,
    digitMask: [Goldilocks], factorCells: [Goldilocks], factorMask: [Goldilocks], driftMask: [Goldilocks]
  ) throws -> [any SumcheckComponent] {
    let columnWeights = matrix.weightedColumns(rowWeights: challenges.rowWeights)
    var components: [any SumcheckComponent] = [
      try DriftComponent(
        layout: layout.tableau, challenges: challenges, columnWeights: columnWeights, tiles: tiles,
        mask: driftMask.map { CubicExtension($0) }),
      DigitComponent(
        variables: layout.digitVariables, digits: digits, mask: digitMask.map { CubicExtension($0) },
        weights: DigitWeights(layout: layout, challenges: challenges), point: challenges.digits,
        scale: challenges.power(.digits)),
    ]
    if layout.hasFactors {
      let factorWeights = StageATables(layout: layout, challenges: challenges).factors(columnWeights: columnWeights)
      let padding = [CubicExtension](repeating: .zero, count: 1 << layout.factorVariables - factorCells.count)
      components.append(
        ProductComponent(
          variables: layout.factorVariables, names: ["G"],
          oracles: [factorCells.map { CubicExtension($0) } + padding],
          masks: [factorMask.map { CubicExtension($0) }], weights: [factorWeights.square, factorWeights.linear],
          terms: [.init(weight: 0, oracles: [0, 0]), .init(weight: 1, oracles: [0])]))
    }
    return components
  }

  /// Stage B's tables and the value of its sum.
  func stageBComponent(
    _ weights: StageBWeights, factorCells: [Goldilocks], usesPadding: Bool = false
  ) -> (components: [any SumcheckComponent], claimedSum: CubicExtension) {
    let factors = layout.factors
    let size = 1 << layout.stageBVariables
    let zeros = [CubicExtension](repeating: .zero, count: size)
    func mask(_ mask: FactorLayout.Mask, bit: Int = 0) -> [CubicExtension] {
      (0..<Limits.maskEntries).map { CubicExtension(factorCells[factors.maskCell(mask, bit: bit, entry: $0)]) }
    }
    var oracles: [[CubicExtension]] = []
    var masks: [[CubicExtension]] = []
    var terms: [ProductComponent.Term] = []
    var sum = CubicExtension.zero
    if !factors.lowRank.isEmpty {
      var (left, right) = (zeros, zeros)
      for clause in factors.lowRank {
        let rows = Multilinear.equality(
          weights.coordinates(clause.cube.rowVariables), scale: weights.clauseWeight(clause.cube))
        let columns = Multilinear.equality(weights.coordinates(clause.cube.columnVariables))
        for k in 0..<(usesPadding ? 1 << clause.logRank : clause.rank) {
          for (row, weight) in rows.enumerated() {
            left[clause.base + k] += weight * factorCells[clause.left.offset + row << clause.logRank + k]
          }
          for (column, weight) in columns.enumerated() {
            right[clause.base + k] += weight * factorCells[clause.right.offset + column << clause.logRank + k]
          }
        }
      }
      terms.append(.init(weight: nil, oracles: [oracles.count, oracles.count + 1]))
      oracles += [left, right]
      masks += [mask(.left), mask(.right)]
      sum += Multilinear.innerProduct(left, right)
    }
    if !factors.sparse.isEmpty {
      var values = zeros
      var bits = (0..<factors.bitCount).map { _ in [CubicExtension](repeating: .one, count: size) }
      for group in factors.sparse {
        let vector = Multilinear.equality(
          weights.coordinates(group.vectorVariables), scale: weights.clauseWeight(group.cube))
        for slot in 0..<(usesPadding ? 1 << group.logCount : group.count) {
          for (y, weight) in vector.enumerated() {
            values[group.base + slot] += weight * factorCells[group.values.offset + slot * vector.count + y]
          }
        }
        guard let bitSlot = factors.bits else { continue }
        for (bit, variable) in group.variables.enumerated() {
          let x = weights.point[variable]
          for slot in group.base..<group.base + 1 << group.logCount {
            let b = factorCells[bitSlot.offset + bit << factors.logSlots + slot]
            bits[bit][slot] = (.one - x) + (x + x - .one) * b
          }
        }
      }
      for slot in 0..<size where values[slot] != .zero { sum += bits.reduce(values[slot]) { $0 * $1[slot] } }
      terms.append(.init(weight: nil, oracles: Array(oracles.count..<oracles.count + 1 + bits.count)))
      oracles += [values] + bits
      masks += [mask(.values)] + (0..<factors.bitCount).map { mask(.firstBit, bit: $0) }
    }
    var dummy = zeros
    var dummyWeights = zeros
    for (i, weight) in weights.dummyWeights().enumerated() {
      dummy[i] = CubicExtension(factorCells[factors.maskCell(.dummy, entry: i)])
      dummyWeights[i] = weight
    }
    sum += Multilinear.innerProduct(dummy, dummyWeights)
    terms.append(.init(weight: 0, oracles: [oracles.count]))
    oracles.append(dummy)
    masks.append(mask(.dummyMask))
    let component = ProductComponent(
      variables: layout.stageBVariables, names: StageBWeights.oracleNames(factors), oracles: oracles, masks: masks,
      weights: [dummyWeights], terms: terms)
    return ([component], sum)
  }
}

/// The argument's bytes, and how many each kind of message takes.
package struct ArgumentProof: Sendable {
  package var bytes: [UInt8]
  package var sizes: [(section: String, bytes: Int)]
}

/// Rows that lie in memory.
struct MemoryRows: TableauRows {
  private let rows: [RowMessage]

  init(rows: [RowMessage]) { self.rows = rows }

  /// `rowCount` rows of `length` cells of a payload, then other rows.
  init(payload: [Goldilocks], length: Int, rowCount: Int, extra: [[Goldilocks]]) {
    rows =
      (0..<rowCount).map { row in
        .field(payload[min(payload.count, row * length)..<min(payload.count, (row + 1) * length)].map(\.value))
      } + extra.map { .field($0.map(\.value)) }
  }

  var rowCount: Int { rows.count }
  func message(_ row: Int) -> RowMessage { rows[row] }
}
