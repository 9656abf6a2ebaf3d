// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// What a rank claim about a merged file means, with a ball beside it and with a rounding bound.
@Suite struct RoundingMeaningTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let identity: BaseIdentity
  private let norm: Double

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 5)
    var model = TestModel()
    model.tensors["w"] = Self.gaussian([160, 200], random: &random)
    base = try model.write("base", in: folder)
    identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    norm = (model.tensors["w"]?.values ?? []).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  private static func gaussian(_ shape: [Int], random: inout SeededGenerator) -> TestTensor {
    var tensor = TestTensor(shape, isHalf: true, random: &random)
    tensor.values = tensor.values.map { _ in
      TestTensor.rounded((0..<12).reduce(Float(0)) { sum, _ in sum + random.signed() } / 80)
    }
    return tensor
  }

  private func violation(_ allow: String, of tuned: Checkpoint) -> PolicyViolation? {
    do {
      var request = DriftProver.Request(
        .checkpoint(tuned, base: base), policy: try testPolicy([("*", allow)]), openingPath: folder.file("opening"))
      request.identity = identity
      _ = try DriftProver.prove(request)
      return nil
    } catch DriftProofError.policyViolated(let violations) {
      return violations.first
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }

  /// A change of full rank that is as small as rounding hides in the ball that a rounded merge needs, and in no rounding.
  @Test(arguments: [0.0026, 0.00135, 0.0005])
  func fullRankOfTheSizeOfRounding(_ size: Double) throws {
    var random = SeededGenerator(seed: 6)
    let update = Self.gaussian([160, 200], random: &random).values
    let length = update.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    var tuned = TestModel()
    tuned.tensors["w"] = Self.gaussian([160, 200], random: &random)
    let before = try base.doubles(of: base.tensors[0])
    tuned.tensors["w"]?.values = zip(before, update).map { weight, step in
      TestTensor.rounded(Float(weight + size * norm / length * Double(step)))
    }
    let checkpoint = try tuned.write("tuned", in: folder)
    #expect(violation(#"{"rank": 8, "residual": {"relative": 0.0027}}"#, of: checkpoint) == nil)
    for rounding in [#"{"halfUlps": 1.01}"#, #"{"roundoffs": 1}"#] {
      let found = try #require(violation(#"{"rank": 8, "rounding": \#(rounding)}"#, of: checkpoint))
      #expect(found.tensor == "w")
    }
  }

  /// The farthest that somebody who knows the rule can go: every weight at the number of the type that is farthest along a
  /// direction of his choice, of those that the proven half-ulps allow.
  @Test func movementThatIsLeft() throws {
    let policy = try testPolicy([("*", #"{"rank": 8, "rounding": {"halfUlps": 1.01}}"#)])
    let tuned = [TunedTensor(name: "w", dtype: .bf16, shape: [160, 200])]
    let derived = try DerivedStatement.derive(identity: identity, tuned: tuned, policy: policy)
    let rounded = try #require(RoundedTensor.list(derived, identity: identity).first)
    var random = SeededGenerator(seed: 8)
    var moved = 0.0
    for weight in try base.doubles(of: base.tensors[0]) {
      // Where the low-rank part puts the weight is uniform inside its last place.
      let exponent = max(-126, weight == 0 ? -126 : Int(weight.exponent))
      let unit = Double(sign: .plus, exponent: exponent - 7, significand: 1)
      let exact = weight + Double(random.signed()) / 2 * unit
      let sign: Double = random.signed() < 0 ? -1 : 1
      let nearest = (exact / unit).rounded(.toNearestOrEven) * unit
      var best = nearest
      for step in 1...40 {
        let candidate = nearest + sign * Double(step) * unit
        let binade = max(0, Int(max(candidate.magnitude, rounded.floor).exponent) - Int(rounded.floor.exponent))
        let half = Double(sign: .plus, exponent: Int(rounded.floor.exponent) + binade - 8, significand: 1)
        let allowed = rounded.halfUlps[min(binade, rounded.halfUlps.count - 1)] * half
        if (candidate - exact).magnitude <= allowed { best = candidate }
      }
      moved += (best - nearest) * (best - nearest)
    }
    // The ball of 0.0025 leaves 0.0034 of the norm (docs/policies.md).
    #expect(moved.squareRoot() / norm < 0.0008, "\(moved.squareRoot() / norm)")
    #expect(moved > 0)
  }
}
