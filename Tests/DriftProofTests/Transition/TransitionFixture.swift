// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
@testable import DriftProofProving
import DriftProofTransition
import TestSupport

/// A base, a tuned model and its tableau: two large matrices of which one is frozen, and small tensors that share rows, of
/// which some change under different clauses.
struct TransitionFixture {
  static let changing = ["a.weight", "a.bias", "b.bias"]

  let folder: TemporaryFolder
  let base: Checkpoint
  let tuned: Checkpoint
  let identity: BaseIdentity
  let policy: Policy
  /// The tuned one's, to change further.
  let model: TestModel
  var random: SeededGenerator

  /// Of a base that hides its weights.
  var baseOpening: String { folder.file("base.secret") }

  /// - Parameters:
  ///   - seed: of all weights.
  ///   - hidingProofs: for how many proofs the base's tableau hides its weights; nil for a public one.
  init(seed: UInt64 = 77, hidingProofs: Int? = nil) throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: seed)
    var model = TestModel()
    // 2^14 places a row: the matrices have tiles of their own, 190 x 130 with padding; the rest shares rows.
    model.tensors["a.weight"] = TestTensor([190, 130], isHalf: true, random: &random)
    model.tensors["b.weight"] = TestTensor([150, 160], isHalf: true, random: &random)
    for name in ["a.bias", "b.bias", "c.bias"] {
      model.tensors[name] = TestTensor([90], isHalf: true, random: &random)
    }
    model.tensors["norm"] = TestTensor([33], random: &random)
    base = try model.write("base", in: folder)
    let plain = try BaseIdentity.compute(checkpoint: base)
    if let hidingProofs {
      identity = try HidingIdentity.make(
        plain, base: base, openingPath: folder.file("base.secret"), proofs: hidingProofs)
    } else {
      identity = try BaseTableau.link(plain, base: base)
    }
    var other = model
    for name in Self.changing { try Self.move(name, of: &other, by: 1.0 / 128, random: &random) }
    tuned = try other.write("tuned", in: folder)
    self.model = other
    policy = try testPolicy(
      [
        ("a.weight", #"{"norm": {"relative": 0.1}}"#),
        ("a.bias", #"{"norm": {"relative": 0.2}}"#),
        ("b.bias", #"{"entrywise": {"absolute": 0.25}}"#),
      ], frozenRest: true)
    self.random = random
  }

  /// Adds noise of a size to a tensor.
  static func move(
    _ name: String, of model: inout TestModel, by size: Float, random: inout SeededGenerator
  ) throws {
    guard var tensor = model.tensors[name] else { throw MissingTensor(name: name) }
    tensor.values = tensor.values.map { TestTensor.rounded($0 + size * random.signed()) }
    model.tensors[name] = tensor
  }

  /// Moves one entry by its own size.
  static func change(_ name: String, of model: inout TestModel, entry: Int = 7) throws {
    guard var tensor = model.tensors[name] else { throw MissingTensor(name: name) }
    tensor.values[entry] = TestTensor.rounded(2 * tensor.values[entry] + 0.5)
    model.tensors[name] = tensor
  }

  struct MissingTensor: Error { let name: String }

  /// The tableau of a model with its opening.
  func commit(_ model: Checkpoint, _ name: String = "tuned") throws -> TransitionRequest {
    let opening = folder.file(name + ".secret")
    let made = try TunedModelCommitment.make(model, identity: identity, openingPath: opening)
    return TransitionRequest(tableau: try TunedTableau.parse(made.bytes), openingPath: opening)
  }

  func request(_ transition: TransitionRequest?, opening: String = "opening") -> DriftProver.Request {
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file(opening))
    request.identity = identity
    request.transition = transition
    if identity.linked?.isHiding ?? false { request.baseOpeningPath = baseOpening }
    return request
  }

  /// A certificate, its transition and the tableau.
  func prove() throws -> (certificate: [UInt8], transition: [UInt8], tableau: TunedTableau) {
    let transition = try commit(tuned)
    let result = try DriftProver.prove(request(transition))
    guard let made = result.transition else { throw MissingTensor(name: "transition") }
    return (result.certificate, made.bytes, transition.tableau)
  }
}

// Of transitions to a tuned model's tableau, which most of these tests are about.

extension TransitionRequest {
  var tableau: TunedTableau {
    guard case .tableau(let tableau) = target else { preconditionFailure("a next base") }
    return tableau
  }
}

extension TransitionSum {
  init(tableau: TunedTableau, certificate: CheckedCertificate, identity: BaseIdentity) throws(DriftProofError) {
    try self.init(of: .tableau(tableau), certificate: certificate, identity: identity)
  }
}

extension TransitionVerifier {
  static func verify(
    transition: [UInt8], tableau: TunedTableau, certificate: CheckedCertificate, identity: BaseIdentity
  ) throws(DriftProofError) -> TransitionReport {
    try verify(transition: transition, of: .tableau(tableau), certificate: certificate, identity: identity)
  }
}
