import Field
import Transcript

/// The verifier's randomness of Stage A and the order of its claims: every claim has its own power of λ.
struct StageAChallenges: Sendable {
  /// Batches square chunks (s), projection chunks (s'), rows of R (m*), exact cells (z), digit cells, chunks of U and V
  /// and index bits.
  let squares: [CubicExtension]
  let projections: [CubicExtension]
  let rows: [CubicExtension]
  let exact: [CubicExtension]
  let digits: [CubicExtension]
  let factorChunks: [CubicExtension]
  let bits: [CubicExtension]
  /// Stage O's claims with the powers of λ behind those of the lines; nil when there are none.
  let orthonormal: OrthonormalWeights?
  private let powers: [CubicExtension]

  enum Claim: Int {
    case squares = 0
    case projections, exact, digits, factorProjections, bits, lines
  }

  static let rowVariables = 8

  /// - Parameter orthonormal: what Stage O, which comes before, has left.
  init(layout: ArgumentLayout, orthonormal: OrthonormalClaims? = nil, transcript: inout Transcript) {
    let lambda = transcript.challenge("lambda")
    squares = transcript.challenges("s", layout.tableau.squareVariables)
    projections = transcript.challenges("s'", layout.tableau.projectionVariables)
    rows = transcript.challenges("m*", Self.rowVariables)
    exact = transcript.challenges("z", layout.driftVariables)
    digits = transcript.challenges("z digits", layout.digitVariables)
    factorChunks = transcript.challenges("s factors", ceilLog2(layout.factors.factorChunks))
    bits = transcript.challenges("z bits", layout.factors.bits?.log ?? 0)
    let own = Claim.lines.rawValue + layout.digits.lines.reduce(0) { $0 + $1.limbs }
    powers = lambda.powers(own + OrthonormalClaims.count)
    let last = Array(powers[own...])
    self.orthonormal = orthonormal.map { OrthonormalWeights(claims: $0, powers: last) }
  }

  func power(_ claim: Claim) -> CubicExtension { powers[claim.rawValue] }

  /// Powers of the lines of one bound, given the number of lines before it.
  func linePowers(first: Int, count: Int) -> ArraySlice<CubicExtension> {
    powers[Claim.lines.rawValue + first..<Claim.lines.rawValue + first + count]
  }

  /// eq(m*, m) for the 132 rows.
  var rowWeights: [CubicExtension] { Array(Multilinear.equality(rows).prefix(Limits.projections)) }

  /// The public total of all claims together.
  func total(_ layout: ArgumentLayout) -> CubicExtension {
    let rowSum = rowWeights.reduce(.zero, +)
    let halfRange = Goldilocks(-Limits.halfRange)
    var total =
      power(.projections) * Multilinear.prefixSum(projections, count: layout.tableau.projectionChunks) * rowSum
      * halfRange
    if layout.factors.factorChunks > 0 {
      total +=
        power(.factorProjections) * Multilinear.prefixSum(factorChunks, count: layout.factors.factorChunks) * rowSum
        * halfRange
    }
    var first = 0
    for line in layout.digits.lines {
      for (power, limb) in zip(linePowers(first: first, count: line.limbs), line.bound) {
        total += power * Goldilocks(Int(limb))
      }
      first += line.limbs
    }
    if let orthonormal { total += orthonormal.total }
    return total
  }
}
