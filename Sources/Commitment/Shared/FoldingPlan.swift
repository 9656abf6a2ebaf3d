// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The committed layers of an opening; docs/protocol.md section 6.
///
/// Layer 0 is the combined rows' low part on the rows' own domain. `folds` foldings lead from a layer to the polynomial
/// of the next, which is committed on a domain of its own, larger than folding would leave: its rate falls, and with it
/// the queries that it needs. The last layer folds to 2^logFinal coefficients that are sent in clear. The plan depends
/// on public parameters only, so both sides compute it; there is nothing but integer arithmetic in it.
package struct FoldingPlan: Hashable, Sendable {
  package struct Layer: Hashable, Sendable {
    /// log2 of the coefficients.
    package let logLength: Int
    /// log2 of the positions.
    package let logDomain: Int
    /// 2^folds consecutive positions share a leaf.
    package let folds: Int
    /// Distinct positions (layer 0) or leaves (later layers) that are opened.
    package let queries: Int
    package let grindingBits: Int

    package var logLeaves: Int { logDomain - folds }
    package var logInverseRate: Int { logDomain - logLength }
  }

  package let layers: [Layer]
  package let logFinal: Int
  /// Bytes of the inner layers in a proof, rounds and final coefficients included; Merkle paths are an estimate.
  let bytes: Int

  var foldCount: Int { layers.reduce(0) { $0 + $1.folds } }

  /// 16 values per leaf at most: a wider leaf costs more than the layer that it saves.
  static let maximumFolds = 4
  /// Work before the positions of an inner layer: each layer pays it, so it is less than for the rows.
  static let maximumInnerGrinding = 14

  /// The plan with the smallest proof for `claims` combinations that are folded together.
  package init(_ parameters: CodeParameters, claims: Int) {
    if let schedule = parameters.foldSchedule {
      self.init(parameters, schedule: schedule, claims: claims)
      return
    }
    var search = Search(parameters: parameters, claims: claims)
    let start = search.best(logLength: parameters.logLength, logDomain: parameters.logDomain, isFirst: true)
    self.init(layers: start.layers, logFinal: start.logFinal, bytes: start.bytes)
  }

  private init(layers: [Layer], logFinal: Int, bytes: Int) {
    self.layers = layers
    self.logFinal = logFinal
    self.bytes = bytes
  }

  /// Folds per layer as given; every domain is half the one before.
  private init(_ parameters: CodeParameters, schedule: [Int], claims: Int) {
    let search = Search(parameters: parameters, claims: claims)
    var layers: [Layer] = []
    var (logLength, logDomain) = (parameters.logLength, parameters.logDomain)
    var bytes = 0
    for folds in schedule {
      let layer = search.layer(logLength: logLength, logDomain: logDomain, folds: folds, isFirst: layers.isEmpty)
      bytes += search.bytes(of: layer)
      layers.append(layer)
      logLength -= folds
      logDomain -= 1
    }
    self.init(layers: layers, logFinal: logLength, bytes: bytes + 24 * claims << logLength)
  }

  /// t of an inner layer of rate 2^-r: the least with α^t·2^-g ≤ 2^-bits, α = 2^(-r/2)·(1 + 1/(2m)), m = 8.
  ///
  /// In units of 10^-4 bits a query gives 5000·r - 875, as log2(17/16) < 0.0875: no rounding differs between machines.
  static func queries(logInverseRate: Int, bits: Int, grindingBits: Int) -> Int {
    let perQuery = 5000 * logInverseRate - 875
    return max(1, (10_000 * (bits - grindingBits) + perQuery - 1) / perQuery)
  }

  /// Whether exceptional challenges of a layer stay below 2^-130: with 2m = 16, a < 2^(19.7 + k + 3r/2) and |K| >
  /// 2^191.9.
  static func isSound(logDomain: Int, logInverseRate: Int) -> Bool {
    20 + logDomain + (3 * logInverseRate + 1) / 2 <= 61
  }

  /// Dynamic programming over (coefficients, positions) of a layer.
  private struct Search {
    struct Choice {
      var bytes: Int
      /// Bytes and the price of encoding.
      var cost: Int
      var layers: [Layer]
      var logFinal: Int
    }

    let parameters: CodeParameters
    let claims: Int
    /// What the inner layers must reach: 128 bits, or what the rows of a test's small code have.
    let bits: Int
    private var known: [Int: Choice] = [:]

    init(parameters: CodeParameters, claims: Int) {
      self.parameters = parameters
      self.claims = claims
      bits = max(1, Int(min(CodeParameters.requiredSecurityBits, parameters.securityBits)))
    }

    func layer(logLength: Int, logDomain: Int, folds: Int, isFirst: Bool) -> Layer {
      if isFirst {
        return Layer(
          logLength: logLength, logDomain: logDomain, folds: folds, queries: parameters.queries,
          grindingBits: parameters.grindingBits)
      }
      let grinding = min(FoldingPlan.maximumInnerGrinding, parameters.grindingBits)
      let queries = FoldingPlan.queries(
        logInverseRate: logDomain - logLength, bits: max(bits, grinding + 1), grindingBits: grinding)
      return Layer(
        logLength: logLength, logDomain: logDomain, folds: folds, queries: min(queries, 1 << (logDomain - folds)),
        grindingBits: grinding)
    }

    /// Root, out-of-domain answers, nonce, rounds, leaves and merged Merkle paths.
    func bytes(of layer: Layer) -> Int {
      let leaves = min(layer.queries, 1 << layer.logLeaves)
      return 40 + 24 * claims + 48 * layer.folds + leaves * (24 * claims << layer.folds)
        + MerkleMultiproof.expectedBytes(leaves: leaves, depth: layer.logLeaves)
    }

    /// A point of a domain costs about a thousandth of a byte for every coordinate that is encoded and hashed.
    private func encodingCost(_ layer: Layer) -> Int { (3 * claims << layer.logDomain) / 1024 }

    mutating func best(logLength: Int, logDomain: Int, isFirst: Bool) -> Choice {
      let key = logLength << 8 | logDomain
      if !isFirst, let choice = known[key] { return choice }
      var best: Choice?
      for folds in 1...FoldingPlan.maximumFolds where folds <= logLength {
        let layer = layer(logLength: logLength, logDomain: logDomain, folds: folds, isFirst: isFirst)
        let own = bytes(of: layer)
        let ownCost = own + (isFirst ? 0 : encodingCost(layer))
        let rest = logLength - folds
        func consider(_ bytes: Int, _ cost: Int, _ layers: [Layer], _ logFinal: Int) {
          guard cost + ownCost < best?.cost ?? .max else { return }
          best = Choice(bytes: bytes + own, cost: cost + ownCost, layers: [layer] + layers, logFinal: logFinal)
        }
        let final = 24 * claims << rest
        consider(final, final, [], rest)
        // At least the domain that folding leaves, at most half of this one.
        for next in logDomain - folds..<logDomain
        where FoldingPlan.isSound(
          logDomain: next, logInverseRate: next - rest)
        {
          let choice = self.best(logLength: rest, logDomain: next, isFirst: false)
          // Without coefficients to fold there is no further layer.
          if choice.layers.isEmpty { continue }
          consider(choice.bytes, choice.cost, choice.layers, choice.logFinal)
        }
      }
      let final = 24 * claims << logLength
      let result = best ?? Choice(bytes: final, cost: final, layers: [], logFinal: logLength)
      if !isFirst { known[key] = result }
      return result
    }
  }
}

extension FoldingPlan.Layer {
  package var domain: CodeDomain { CodeDomain(logSize: logDomain, folds: 0) }

  /// The leaves that hold some ascending positions.
  package func leaves(of positions: [Int]) -> [Int] {
    var result: [Int] = []
    for position in positions where result.last != position >> folds { result.append(position >> folds) }
    return result
  }

  /// η^(2^folds) of each leaf: where the folded polynomial's value follows from the leaf.
  package func leafPoints(_ leaves: [Int]) -> [Goldilocks] {
    let folded = CodeDomain(logSize: logLeaves, folds: folds)
    return leaves.map(folded.point)
  }
}
