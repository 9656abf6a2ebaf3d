import Commitment
import Core
import Field
import Transcript

/// What both sides do alike: the opening transcript, shapes of trees, claims of the final opening.
enum ArgumentProtocol {
  static let identifier = "driftproof/argument/v1"
  static let driftLabel = "drift"
  static let factorLabel = "P1"
  static let digitLabel = "P2"

  /// Absorbs statement and drift commitment before the first message: R must depend on both.
  static func transcript(_ statement: DriftStatement, driftBinding: [UInt8]) -> Transcript {
    var transcript = Transcript(protocolID: identifier)
    transcript.absorb("binding", bytes: statement.binding)
    transcript.absorb("statement", bytes: statement.canonicalBytes)
    transcript.absorb("drift", bytes: driftBinding)
    return transcript
  }

  static func matrixBits(_ transcript: inout Transcript) -> [UInt8] {
    // 264 bits for each of the 2^14 columns of R.
    transcript.challengeBytes("R", count: 2 * Limits.projections * Limits.chunk / 8)
  }

  static func driftShapes(_ layout: ArgumentLayout) -> [RowShape] {
    let shape = RowShape(tailOffset: layout.length, tailCount: layout.statement.code.driftRowTail)
    return [RowShape](repeating: shape, count: layout.tableau.rowCount)
  }

  private static func full(_ layout: ArgumentLayout) -> RowShape {
    RowShape(tailOffset: layout.length, tailCount: layout.statement.code.proofTail)
  }

  static func factorShapes(_ layout: ArgumentLayout) -> [RowShape] {
    [RowShape](repeating: full(layout), count: layout.factorRows + 1)
  }

  static func digitShapes(_ layout: ArgumentLayout) -> [RowShape] {
    var shapes = [RowShape](repeating: full(layout), count: layout.auxiliaryRowCount)
    // The mask of an opening that touches drift rows has their tail; a mask is never the shorter one.
    let mask = RowShape(tailOffset: layout.length, tailCount: layout.statement.code.driftRowTail)
    for row in layout.openingMaskRow..<layout.openingMaskRow + 3 { shapes[row] = mask }
    let short = RowShape(
      tailOffset: layout.libraLengths.reduce(0, +), tailCount: layout.statement.code.proofTail)
    for row in layout.libraRow..<layout.libraRow + 6 { shapes[row] = short }
    return shapes
  }

  static func stageAShape(_ layout: ArgumentLayout) -> SumcheckShape {
    var oracles = [("D", layout.digitVariables + 1), ("E", layout.driftVariables + 1)]
    if layout.hasFactors { oracles.append(("G", layout.factorVariables + 1)) }
    if layout.hasOrthonormal { oracles.append(("O", OrthonormalLayout.maskVariables + 1)) }
    return SumcheckShape(
      stage: "A", variables: layout.stageAVariables + 1, degree: ArgumentLayout.stageADegree, oracles: oracles)
  }

  /// Weights of an oracle's payload rows and of its mask row at a point below top, and the factor by which a short
  /// oracle's value enters the full row.
  private static func rowWeights(
    variables: Int, rows: Int, top: CubicExtension, point: [CubicExtension], logLength: Int
  ) -> (data: [CubicExtension], mask: CubicExtension, factor: CubicExtension) {
    if variables <= logLength {
      let factor = point[variables..<logLength].reduce(CubicExtension.one) { $0 * (.one - $1) }
      return ([.one - top], top, factor)
    }
    let high = point[logLength..<variables]
    let data = Multilinear.equality(high, scale: .one - top)
    return (Array(data.prefix(rows)), high.reduce(top) { $0 * (.one - $1) }, .one)
  }

  /// Evaluations that the final opening proves.
  struct Values {
    var stageA: SumcheckOutcome
    var drift: CubicExtension
    var stageB: SumcheckOutcome?
    var stageC: SumcheckOutcome?
    var stageO: SumcheckOutcome?
  }

  /// Indices of the opened trees.
  struct TreeOrder {
    let drift = 0
    let digits = 1
    let factors = 2
    let count: Int
    init(_ layout: ArgumentLayout) { count = layout.hasFactors ? 3 : 2 }
  }

  /// All claims about the trees, each claimed value with its own power of τ (section 6).
  static func openingClaims(
    _ layout: ArgumentLayout, values: Values, transcript: inout Transcript
  ) -> [OpeningClaim] {
    let order = TreeOrder(layout)
    let point = values.stageA.point
    let top = point[0]
    let x = Array(point[1...])
    let l = layout.logLength
    let tau = transcript.challenge("tau")
    func value(_ outcome: SumcheckOutcome, _ name: String) -> CubicExtension { outcome.evaluations[name] ?? .zero }

    var weights = [[CubicExtension]](repeating: [], count: order.count)
    // Drift: row t is seen by every E-tile that shows it, times 2^s.
    var driftWeights = [CubicExtension](repeating: .zero, count: layout.tableau.rowCount)
    let tileWeights = Multilinear.equality(x[l..<layout.driftVariables], scale: .one - top)
    for block in layout.tableau.blocks {
      let scale = Goldilocks(1 << block.signature.scale)
      for (tile, row) in block.tiles { driftWeights[row] += tileWeights[tile] * scale }
    }
    weights[order.drift] = driftWeights
    var digitWeights = [CubicExtension](repeating: .zero, count: layout.auxiliaryRowCount)
    digitWeights[layout.driftMaskRow] = x[l..<layout.driftVariables].reduce(top) { $0 * (.one - $1) }
    var total = values.drift

    let digits = rowWeights(
      variables: layout.digitVariables, rows: layout.digitRows, top: top, point: x, logLength: l)
    for (row, weight) in digits.data.enumerated() { digitWeights[row] = weight * tau }
    digitWeights[layout.digitMaskRow] = digits.mask * tau
    total += tau * digits.factor * value(values.stageA, "D")
    if layout.hasOrthonormal {
      // Another value of the same tree: a power of τ of its own.
      let tau3 = tau * tau * tau
      let masks = rowWeights(
        variables: OrthonormalLayout.maskVariables, rows: 1, top: top, point: x, logLength: l)
      digitWeights[layout.orthonormalRow] = masks.data[0] * tau3
      digitWeights[layout.orthonormalMaskRow] = masks.mask * tau3
      total += tau3 * masks.factor * value(values.stageA, "O")
    }
    weights[order.digits] = digitWeights

    func factorWeights(_ top: CubicExtension, _ y: [CubicExtension], scale: CubicExtension)
      -> (weights: [CubicExtension], factor: CubicExtension)
    {
      let rows = rowWeights(
        variables: layout.factorVariables, rows: layout.factorRows, top: top, point: y, logLength: l)
      return ((rows.data + [rows.mask]).map { $0 * scale }, rows.factor)
    }
    if layout.hasFactors {
      let tau2 = tau * tau
      let (w, factor) = factorWeights(top, x, scale: tau2)
      weights[order.factors] = w
      total += tau2 * factor * value(values.stageA, "G")
    }
    var claims = [
      OpeningClaim(
        name: "at Stage A's point", functional: .equality(point: Array(x.prefix(l))), weights: weights, value: total,
        mask: .init(tree: order.digits, firstRow: layout.openingMaskRow))
    ]

    if let stageC = values.stageC {
      let y = Array(stageC.point[1...])
      let padded = y + [CubicExtension](repeating: .zero, count: max(0, l - y.count))
      let (w, factor) = factorWeights(stageC.point[0], padded, scale: .one)
      var weights = [[CubicExtension]](repeating: [], count: order.count)
      weights[order.factors] = w
      claims.append(
        OpeningClaim(
          name: "at Stage C's point", functional: .equality(point: Array(padded.prefix(l))), weights: weights,
          value: factor * value(stageC, "G"),
          mask: .init(tree: order.digits, firstRow: layout.factorOpeningMaskRow)))
    }

    // The Libra polynomials of all stages, one power of χ each.
    let chi = transcript.challenge("chi Libra")
    var libraWeights: [CubicExtension] = []
    var libraValue = CubicExtension.zero
    var scale = CubicExtension.one
    let stages = [
      (values.stageA, ArgumentLayout.stageADegree), (values.stageB, layout.stageBDegree),
      (values.stageC, ArgumentLayout.stageCDegree), (values.stageO, ArgumentLayout.stageODegree),
    ]
    for (stage, degree) in stages {
      guard let stage else { continue }
      libraWeights += Libra.weights(point: stage.point, degree: degree).map { $0 * scale }
      libraValue += stage.libraValue * scale
      scale *= chi
    }
    var clearWeights = [[CubicExtension]](repeating: [], count: order.count)
    var rows = [CubicExtension](repeating: .zero, count: layout.auxiliaryRowCount)
    for coordinate in 0..<3 { rows[layout.libraRow + coordinate] = CubicExtension.basis[coordinate] }
    clearWeights[order.digits] = rows
    claims.append(
      OpeningClaim(
        name: "Libra masks", functional: .clear(weights: libraWeights), weights: clearWeights, value: libraValue,
        mask: .init(tree: order.digits, firstRow: layout.libraMaskRow)))
    return claims
  }
}

extension DriftStatement {
  /// Binds how the rows of the tableau are read: l, and every tensor's name, matrix, fractional bits and signature. What is
  /// claimed of them (bounds, orthonormality) does not change the reading and is bound by ``canonicalBytes``.
  package var layoutDigest: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/layout/v2")
    bytes.append(littleEndian: UInt64(code.logLength))
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(lengthPrefixed: tensor.name)
      bytes.append(littleEndian: UInt64(tensor.rows))
      bytes.append(littleEndian: UInt64(tensor.columns))
      bytes.append(littleEndian: Int64(tensor.fractionBits))
      let signatures = TableauLayout.signatures(of: tensor)
      bytes.append(littleEndian: UInt64(signatures.count))
      for signature in signatures {
        bytes.append(littleEndian: UInt64(signature.scale))
        bytes.append(signature.exact ? 1 : 0)
      }
    }
    return SHA256.hash(bytes)
  }

  /// Typed, length-prefixed bytes of everything that the layout and the claims derive from.
  package var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/statement/v1")
    for value in [code.logLength, code.logBlowup, code.queries, code.grindingBits, code.driftTail] {
      bytes.append(littleEndian: UInt64(value))
    }
    func append(bound: [UInt16]?) {
      guard let bound else { return bytes.append(0) }
      bytes.append(1)
      bytes.append(littleEndian: UInt64(bound.count))
      for digit in bound { bytes.append(littleEndian: digit) }
    }
    append(bound: totalBound)
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(lengthPrefixed: tensor.name)
      bytes.append(littleEndian: UInt64(tensor.rows))
      bytes.append(littleEndian: UInt64(tensor.columns))
      bytes.append(littleEndian: Int64(tensor.fractionBits))
      // Two bits: statements without orthonormal tensors have the bytes that they had before there were any.
      bytes.append((tensor.isPlain ? 1 : 0) | (tensor.isOrthonormal ? 2 : 0))
      append(bound: tensor.plainBound)
      bytes.append(littleEndian: UInt64(tensor.clauses.count))
      for clause in tensor.clauses {
        bytes.append(littleEndian: UInt64(clause.rank ?? 0))
        switch clause.sparse {
        case nil: bytes.append(0)
        case .entries: bytes.append(1)
        case .rows: bytes.append(2)
        case .columns: bytes.append(3)
        }
        bytes.append(littleEndian: UInt64(clause.sparse?.count ?? 0))
        bytes.append(littleEndian: UInt64(clause.scale))
        append(bound: clause.bound)
      }
    }
    return bytes
  }
}
