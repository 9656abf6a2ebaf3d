// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofDrift
import DriftProofPolicy
import DriftProofStatement
import DriftProofTransition
import Foundation
import TestSupport
import Testing

@testable import DriftProofProving

/// A line of releases M0 → M1 → M2: each release is the next base of the one before it, and the second certificate speaks of M1's
/// own weights. Two trees: four matrices of one name, and small tensors that share a row.
struct NextBaseFixture {
  /// One line for all tests: it takes a second to prove.
  static let shared = Result { try NextBaseFixture() }

  let folder: TemporaryFolder
  /// M0, M1, M2.
  let models: [TestModel]
  let checkpoints: [Checkpoint]
  /// Of M0, public; of M1 and M2, next bases.
  let identities: [BaseIdentity]
  let policies: [Policy]
  let certificates: [[UInt8]]
  let transitions: [[UInt8]]
  /// What M1's opening had counted after the first transition, the second certificate without a transition, and both.
  let counted: [Int]

  func opening(_ model: Int) -> String { folder.file("m\(model).secret") }

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 9)
    var model = TestModel()
    for layer in 0..<4 { model.tensors["h.\(layer).w"] = TestTensor([256, 256], isHalf: true, random: &random) }
    for name in ["a.bias", "b.bias", "c.bias"] {
      model.tensors[name] = TestTensor([90], isHalf: true, random: &random)
    }
    model.tensors["norm"] = TestTensor([33], random: &random)
    var models = [model]
    for name in ["h.0.w", "a.bias"] {
      try TransitionFixture.move(name, of: &model, by: 1.0 / 128, random: &random)
    }
    models.append(model)
    var weights = try #require(model.tensors["h.1.w"])
    weights.values = weights.values.map { TestTensor.rounded($0 * (1 + 0.03 * random.signed())) }
    model.tensors["h.1.w"] = weights
    try TransitionFixture.move("a.bias", of: &model, by: 1.0 / 128, random: &random)
    models.append(model)
    self.models = models
    let folder = folder
    let checkpoints = try models.enumerated().map { try $0.element.write("m\($0.offset)", in: folder) }
    self.checkpoints = checkpoints
    policies = [
      try testPolicy(
        [("h.0.w", #"{"norm": {"relative": 0.1}}"#), ("a.bias", #"{"norm": {"relative": 0.2}}"#)], frozenRest: true),
      try testPolicy(
        [("h.1.w", #"{"entrywise": {"ofWeight": 0.04}}"#), ("a.bias", #"{"norm": {"relative": 0.2}}"#)],
        frozenRest: true),
    ]
    var identities = [
      try BaseTableau.link(BaseIdentity.compute(checkpoint: checkpoints[0]), base: checkpoints[0])
    ]
    var (certificates, transitions, counted): ([[UInt8]], [[UInt8]], [Int]) = ([], [], [])
    func count() throws { counted.append(try OpeningFile.load(path: folder.file("m1.secret")).revealed) }
    for step in 1...2 {
      let made = try NextBaseCommitment.make(
        checkpoints[step], identity: identities[step - 1], openingPath: folder.file("m\(step).secret"), proofs: 4)
      identities.append(try BaseIdentity.parse(made.bytes))
      var request = DriftProver.Request(
        .checkpoint(checkpoints[step], base: checkpoints[step - 1]), policy: policies[step - 1],
        openingPath: folder.file("drift \(step).secret"))
      request.identity = identities[step - 1]
      if step == 2 {
        request.baseOpeningPath = folder.file("m1.secret")
        var alone = request
        alone.openingPath = folder.file("alone.secret")
        _ = try DriftProver.prove(alone)
        try count()
      }
      request.transition = TransitionRequest(
        .nextBase(identities[step]), openingPath: folder.file("m\(step).secret"))
      let result = try DriftProver.prove(request)
      if let failure = result.transitionFailure { throw failure }
      certificates.append(result.certificate)
      transitions.append(try #require(result.transition).bytes)
      try count()
    }
    (self.identities, self.certificates, self.transitions, self.counted) = (
      identities, certificates, transitions, counted
    )
  }

  func checked(_ step: Int) throws -> CheckedCertificate {
    try CheckedCertificate(certificates[step - 1], identity: identities[step - 1], policy: policies[step - 1])
  }

  /// The certificates as a chain, with what ties them.
  func chain(
    _ certificates: [[UInt8]]? = nil, identities next: [BaseIdentity]? = nil, transitions: [[UInt8]]? = nil,
    base: BaseIdentity? = nil
  ) throws(DriftProofError) -> ChainReport {
    try ChainVerifier.verify(
      (certificates ?? self.certificates).enumerated().map {
        .init(name: "c\($0.offset + 1)", certificate: $0.element)
      },
      identityFile: (base ?? identities[0]).jsonBytes(),
      nextIdentityFiles: (next ?? [identities[1]]).map { .init(name: "next", bytes: $0.jsonBytes()) },
      transitions: (transitions ?? [self.transitions[0]]).map { .init(name: "transition", bytes: $0) })
  }

  /// A transition from M0 with parts of one's choice: whatever next base is named, rows of these trees are opened.
  func forged(_ next: BaseIdentity, trees: [CommittedTableau]) throws -> [UInt8] {
    let sum = try TransitionSum(of: .nextBase(next), certificate: checked(1), identity: identities[0])
    let drift = try DriftCommitment(
      derived: checked(1).derived, code: sum.code.opening(nextTail: 0),
      model: .checkpoints(CheckpointPair(base: checkpoints[0], tuned: checkpoints[1])),
      secret: OpeningFile.load(path: folder.file("drift 1.secret")).secret)
    let base = try LinkedTrees(
      identities[0].linked?.baseTrees ?? [], identity: identities[0], base: checkpoints[0], code: sum.code)
    return try TransitionProver.prove(
      sum, trees: .init(drift: #require(drift.tableau).committed, tuned: trees, base: base.committed),
      secret: [UInt8](repeating: 3, count: 32)
    ).bytes
  }

  func verify(_ transition: [UInt8], _ next: BaseIdentity, step: Int = 1) throws -> TransitionReport {
    try TransitionVerifier.verify(
      transition: transition, of: .nextBase(next), certificate: checked(step), identity: identities[step - 1])
  }

  /// A next base of another model, with its trees, for an opening of its own.
  func other(_ name: String, _ model: Checkpoint) throws -> NextBaseCommitter {
    try NextBaseCommitter(
      model, base: identities[0], secret: Array(SystemRandom.bytes(32)),
      tail: try #require(identities[1].linked).tail)
  }
}

extension BaseIdentity {
  /// With a changed linked part.
  func changing(
    trees: (([LinkedBase.Tree]) -> [LinkedBase.Tree])? = nil,
    tensors: ((LinkedBase.Tensor) -> LinkedBase.Tensor)? = nil,
    tail: Int? = nil, predecessor: [UInt8]?? = nil
  ) throws -> BaseIdentity {
    let own = try #require(linked)
    let changed = tensors.map { own.tensors.map($0) } ?? own.tensors
    let units = Dictionary(uniqueKeysWithValues: changed.map { ($0.name, $0.fractionBits) })
    return linking(
      LinkedBase(
        logLength: own.logLength, logBlowup: own.logBlowup, tail: tail ?? own.tail,
        trees: trees?(own.trees) ?? own.trees, tensors: changed,
        layoutDigest: tensors == nil
          ? own.layoutDigest : BaseTableauLayout(self, logLength: own.logLength).digest(fractionBits: units),
        predecessor: predecessor ?? own.predecessor))
  }
}
