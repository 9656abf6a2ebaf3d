import Field
import Transcript

/// The public side of one batched, Libra-masked sumcheck (section 5).
///
/// Claim: Σ over the hypercube of all terms = total. Round messages are p(1), …, p(degree); p(0) follows from the
/// claim. An oracle of fewer variables is finished early: its evaluation is sent before the next challenge and its
/// contribution leaves the running claim.
struct SumcheckShape: Sendable {
  /// Stage name, the prefix of all labels.
  var stage: String
  /// Rounds, `top` included.
  var variables: Int
  var degree: Int
  /// Oracles with the number of rounds after which they are finished, in name order.
  var oracles: [(name: String, rounds: Int)]
}

/// What a finished sumcheck leaves: the point, the claimed evaluations and g(point).
struct SumcheckOutcome: Sendable {
  var point: [CubicExtension]
  var evaluations: [String: CubicExtension]
  var libraValue: CubicExtension
}

enum SumcheckVerifier {
  /// - Parameter contribution: the value at `point` of all terms whose last oracle was finished in this round.
  static func run(
    _ shape: SumcheckShape, total: CubicExtension, channel: inout VerifierChannel,
    contribution: (_ round: Int, _ point: [CubicExtension], _ evaluations: [String: CubicExtension]) -> CubicExtension
  ) throws(ProofRejection) -> SumcheckOutcome {
    let sum = try channel.receive("\(shape.stage)/sum g")
    let gamma = channel.transcript.challenge("\(shape.stage)/gamma")
    var claim = total + gamma * sum
    var point: [CubicExtension] = []
    var evaluations: [String: CubicExtension] = [:]
    for round in 0..<shape.variables {
      let values = try channel.receive("\(shape.stage)/round", count: shape.degree)
      let r = channel.transcript.challenge("\(shape.stage)/r")
      point.append(r)
      claim = Univariate.interpolate([claim - values[0]] + values, at: r)
      let finished = shape.oracles.filter { $0.rounds == round + 1 }
      for oracle in finished {
        evaluations[oracle.name] = try channel.receive("\(shape.stage)/\(oracle.name)")
      }
      if !finished.isEmpty { claim -= contribution(round, point, evaluations) }
    }
    let libraValue = try channel.receive("\(shape.stage)/g")
    guard claim == gamma * libraValue else { throw .sumcheckFinal(stage: shape.stage) }
    return SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libraValue)
  }
}

/// A sum that the prover can bind variable by variable. `top` is bound first.
protocol SumcheckComponent {
  /// Rounds, `top` included, after which all its oracles are finished.
  var rounds: Int { get }
  /// Values at 0...degree of the current round's polynomial.
  func roundValues(degree: Int) -> [CubicExtension]
  /// - Throws: what a pass over the witness' rows throws.
  mutating func bind(_ r: CubicExtension) throws
  /// Evaluations of finished oracles by name, once bound in all its variables.
  var evaluations: [String: CubicExtension] { get }
  /// The value of all its terms at the point, for given evaluations of its oracles.
  func contribution(_ evaluations: [String: CubicExtension]) -> CubicExtension
}

enum SumcheckProver {
  static func run(
    _ shape: SumcheckShape, total: CubicExtension, components: inout [any SumcheckComponent],
    libra: [CubicExtension], channel: inout ProverChannel, tampering: SumcheckTampering? = nil
  ) throws -> SumcheckOutcome {
    let sum = Libra.sum(libra, variables: shape.variables)
    channel.send("\(shape.stage)/sum g", sum)
    let gamma = channel.transcript.challenge("\(shape.stage)/gamma")
    var claim = total + gamma * sum
    var point: [CubicExtension] = []
    var evaluations: [String: CubicExtension] = [:]
    for round in 0..<shape.variables {
      var values = Libra.round(libra, variables: shape.variables, degree: shape.degree, bound: point).map { $0 * gamma }
      for component in components where component.rounds > round {
        for (x, value) in component.roundValues(degree: shape.degree).enumerated() { values[x] += value }
      }
      let sent = Array(values[1...])
      channel.send("\(shape.stage)/round", sent)
      let r = channel.transcript.challenge("\(shape.stage)/r")
      point.append(r)
      claim = Univariate.interpolate([claim - sent[0]] + sent, at: r)
      for index in components.indices where components[index].rounds > round { try components[index].bind(r) }
      let finished = components.indices.filter { components[$0].rounds == round + 1 }
      for index in finished { evaluations.merge(components[index].evaluations) { _, new in new } }
      if let forge = tampering?.forge, shape.oracles.contains(where: { $0.name == forge && $0.rounds == round + 1 }),
        round + 1 == shape.variables
      {
        // Solves for the evaluation that makes the last check hold; without a root it stays as it is.
        let target = claim - gamma * Libra.innerValue(libra, point: point, degree: shape.degree)
        evaluations[forge] =
          Self.forged(
            forge, target: target, components: finished.map { components[$0] }, evaluations, tampering?.root)
          ?? evaluations[forge]
      }
      for oracle in shape.oracles where oracle.rounds == round + 1 {
        channel.send("\(shape.stage)/\(oracle.name)", evaluations[oracle.name] ?? .zero)
      }
      for index in finished { claim -= components[index].contribution(evaluations) }
    }
    var libraValue = Libra.innerValue(libra, point: point, degree: shape.degree)
    if tampering?.persists == true { libraValue = claim * gamma.inverse }
    channel.send("\(shape.stage)/g", libraValue)
    return SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libraValue)
  }

  private static func forged(
    _ name: String, target: CubicExtension, components: [any SumcheckComponent],
    _ evaluations: [String: CubicExtension], _ root: SumcheckTampering.RootFinder?
  ) -> CubicExtension? {
    func total(_ value: CubicExtension) -> CubicExtension {
      var changed = evaluations
      changed[name] = value
      return components.reduce(.zero) { $0 + $1.contribution(changed) }
    }
    // The terms are polynomials of degree at most 4 in one evaluation.
    return root?((0...4).map { total(CubicExtension($0)) - target })
  }
}

/// How a cheating prover goes on after its claim has become false. For adversarial tests only.
package struct SumcheckTampering: Sendable {
  /// Send the g(point) that makes the final check hold.
  package var persists = false
  /// Send an evaluation of this oracle, finished in the last round, that makes the final check hold.
  package var forge: String?
  /// A root of a polynomial of degree at most 4, given its values at 0...4, if it has one.
  package typealias RootFinder = @Sendable ([CubicExtension]) -> CubicExtension?
  package var root: RootFinder?

  package init(persists: Bool = false, forge: String? = nil, root: RootFinder? = nil) {
    self.persists = persists
    self.forge = forge
    self.root = root
  }
}

extension Libra {
  static func innerValue(_ coefficients: [CubicExtension], point: [CubicExtension], degree: Int) -> CubicExtension {
    zip(coefficients, weights(point: point, degree: degree)).reduce(.zero) { $0 + $1.0 * $1.1 }
  }
}
