// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofPolicy
import DriftProofStatement
import Foundation
import TestSupport
import Testing

@testable import DriftProofProving
@testable import DriftProofTransition

/// Lines of releases whose certificates speak of the weights of the release before (docs/protocol.md, section 13, "The next base").
@Suite struct NextBaseTests {
  private let line: NextBaseFixture

  init() throws { line = try NextBaseFixture.shared.get() }

  // MARK: Honest

  @Test func aLineOfReleasesIsVerifiedFromItsFirstRoot() throws {
    let report = try line.chain()
    #expect(report.isVerified, "\(report.links.compactMap(\.rejection))")
    let roots = try line.identities.map { try #require($0.linkedRoot).hexadecimal }
    #expect(report.links.map(\.nextBase) == [nil, roots[1]])
    #expect(report.links.map(\.depth) == [1, 2])
    #expect(report.links[1].verification?.baseIdentity == roots[1])
    #expect(report.links[1].parent == report.links[0].tunedCommitment)
    // In any order, with the tie of M2, too; and the transitions by themselves.
    let all = try line.chain(
      line.certificates.reversed(), identities: Array(line.identities[1...].reversed()), transitions: line.transitions)
    #expect(all.isVerified)
    for step in 1...2 {
      let sum = try line.verify(line.transitions[step - 1], line.identities[step], step: step)
      #expect(sum.isNextBase && sum.tableau == roots[step] && sum.base == roots[step - 1])
      #expect(sum.securityBits >= 128 && sum.tensors == 7)
    }
    // The statement of the second speaks of the next base's trees, whose rows have one point.
    let statement = try #require(line.checked(2).argument).verifier.statement
    let trees = try #require(line.identities[1].linked).baseTrees
    #expect(trees.count == 2 && trees[0].point != nil && trees[0].point == trees[1].point)
    #expect(statement.baseTrees == [trees[0]])
  }

  /// Nothing of M1 is in its identity but roots and pins.
  @Test func aNextBaseShowsNothingOfItsModel() throws {
    let (base, next) = (line.identities[0], line.identities[1])
    let again = try line.other("again", line.checkpoints[1]).identity
    let unlike = try line.other("unlike", line.checkpoints[2]).identity
    for other in [again, unlike] {
      let (own, theirs) = (try #require(next.linked), try #require(other.linked))
      #expect(other.tensors == base.tensors && own.tensors == theirs.tensors && own.layoutDigest == theirs.layoutDigest)
      #expect(zip(own.trees, theirs.trees).allSatisfy { $0.root != $1.root && $0.pins != $1.pins })
    }
    let text = String(decoding: next.jsonBytes(), as: UTF8.self)
    #expect(text.hasPrefix("{\"driftIdentity\": 5"))
    #expect(text.contains("\"predecessor\": \"\(try #require(base.linkedRoot).hexadecimal)\""))
    #expect(try BaseIdentity.parse(next.jsonBytes()) == next)
    // Who holds the model is told that it is the one, and that another is not.
    try NextBaseChecker.check(next, model: line.checkpoints[1], base: base, openingPath: line.opening(1))
    #expect {
      try NextBaseChecker.check(next, model: line.checkpoints[2], base: base, openingPath: line.opening(1))
    } throws: { "\($0)".contains("is not the model that the next base holds") }
  }

  /// Each proof takes t + 6 of a row's tail, whichever side it opens.
  @Test func everyProofIsCounted() throws {
    let linked = try #require(line.identities[1].linked)
    let first = try #require(line.checked(1).argument).verifier.statement.code.queries
    let second = try #require(line.checked(2).argument).verifier.statement.code.queries
    // The first transition opened M1; so did the second certificate, alone and again; the second transition opened it as a base.
    #expect(line.counted[0] == first + 6)
    #expect(line.counted[1] - line.counted[0] == second + 6)
    #expect(line.counted[2] - line.counted[1] == 2 * (second + 6))
    // Own point and those of a base of as many trees, once.
    #expect(linked.budget == linked.tail - 3 * (linked.trees.count + 1))
    #expect(try OpeningFile.load(path: line.opening(1)).budget == linked.budget)
    // A proof more than there is room for is refused before anything is made.
    var request = DriftProver.Request(
      .checkpoint(line.checkpoints[2], base: line.checkpoints[1]), policy: line.policies[1],
      openingPath: line.folder.file("more.secret"))
    request.identity = line.identities[1]
    let path = line.folder.file("spent.secret")
    let file = try OpeningFile.load(path: line.opening(1))
    let spent = OpeningFile(
      secret: file.secret, tunedCommitment: file.tunedCommitment, budget: file.budget, revealed: file.budget - 20)
    try Data(spent.bytes).write(to: URL(fileURLWithPath: path))
    request.baseOpeningPath = path
    func refusal(_ queries: Int) -> DriftProofError {
      let why = OpeningError.baseSpent(path: path, taken: file.budget - 20, wanted: queries + 6, budget: file.budget)
      return .operational(why.description)
    }
    #expect(throws: refusal(second)) { try DriftProver.prove(request) }
    #expect(!FileManager.default.fileExists(atPath: line.folder.file("more.secret")))
    // The same as the target of a transition.
    request.model = .checkpoint(line.checkpoints[1], base: line.checkpoints[0])
    (request.identity, request.policy, request.baseOpeningPath) = (line.identities[0], line.policies[0], nil)
    request.transition = TransitionRequest(.nextBase(line.identities[1]), openingPath: path)
    #expect(throws: refusal(first)) { try DriftProver.prove(request) }
    #expect(!FileManager.default.fileExists(atPath: line.folder.file("more.secret")))
  }

  // MARK: Other weights, units, pins

  @Test func anotherModelThanTheSumIsNoNextBase() throws {
    // One frozen entry's weight differs.
    var model = line.models[1]
    try TransitionFixture.change("h.2.w", of: &model)
    let other = try line.other("other", model.write("other", in: line.folder))
    let opened = TransitionRejection.argument(.openingSumcheck(functional: Self.names))
    #expect(throws: DriftProofError.proofInvalid(.transition(opened))) {
      try line.verify(line.forged(other.identity, trees: other.committed), other.identity)
    }
    // Rows of the honest trees under the other's name, and the other's rows under the honest one's.
    let again = try line.other("again", line.checkpoints[1])
    #expect(throws: DriftProofError.proofInvalid(.transition(.argument(.merklePath(tree: "base/0"))))) {
      try line.verify(line.forged(other.identity, trees: again.committed), other.identity)
    }
    // The transition shown for another next base: it names its own, and renamed it is another transcript.
    let roots = try [line.identities[1], other.identity].map { try #require($0.linkedRoot) }
    #expect(
      throws: DriftProofError.identityMismatch(
        .transition(.tableau(transition: roots[0].hexadecimal, given: roots[1].hexadecimal)))
    ) { try line.verify(line.transitions[0], other.identity) }
    let parsed = try Transition.parse(line.transitions[0])
    let renamed = Transition(
      baseRoot: parsed.baseRoot, tableau: roots[1], isNextBase: true, tunedCommitment: parsed.tunedCommitment,
      proof: parsed.proof)
    #expect { try line.verify(renamed.bytes, other.identity) } throws: { error in
      if case .proofInvalid(.transition(.argument))? = error as? DriftProofError { true } else { false }
    }
  }

  private static let names = "whole rows, row 16, row 16"

  /// Units are the base's, leaves, too: a next base says nothing of its own but roots and pins.
  @Test func unitsAndLeavesAreTheBases() throws {
    let next = line.identities[1]
    for step in [-2, -1, 1, 2] {
      let moved = try next.changing(tensors: {
        .init(
          name: $0.name, heaviestChunk: $0.heaviestChunk, entriesBelowFloor: $0.entriesBelowFloor,
          fractionBits: $0.fractionBits + ($0.name == "h.1.w" ? step : 0))
      })
      #expect(throws: DriftProofError.identityMismatch(.transition(.nextBase(.units)))) {
        try TransitionTarget.nextBase(moved).requireBase(line.identities[0])
      }
      // A certificate about it is refused for its own reason.
      #expect {
        try CheckedCertificate(line.certificates[1], identity: moved, policy: line.policies[1])
      } throws: { "\($0)".contains("the base") || "\($0)".contains("h.1.w") }
    }
    let count = try next.changing(tensors: {
      .init(
        name: $0.name, heaviestChunk: $0.heaviestChunk, entriesBelowFloor: $0.entriesBelowFloor + 1,
        fractionBits: $0.fractionBits)
    })
    #expect(throws: DriftProofError.identityMismatch(.transition(.nextBase(.units)))) {
      try TransitionTarget.nextBase(count).requireBase(line.identities[0])
    }
    let leaves = try BaseIdentity.compute(checkpoint: line.checkpoints[1]).linking(#require(next.linked))
    #expect(throws: DriftProofError.identityMismatch(.transition(.nextBase(.leaves)))) {
      try TransitionTarget.nextBase(leaves).requireBase(line.identities[0])
    }
    let linked = try #require(next.linked)
    let rate = next.linking(
      LinkedBase(
        logLength: linked.logLength, logBlowup: linked.logBlowup - 1, tail: linked.tail, trees: linked.trees,
        tensors: linked.tensors, layoutDigest: linked.layoutDigest, predecessor: linked.predecessor))
    #expect(throws: DriftProofError.identityMismatch(.transition(.nextBase(.code)))) {
      try TransitionTarget.nextBase(rate).requireBase(line.identities[0])
    }
    // A base is no next base, and a next base of another one is not this one's.
    #expect(throws: DriftProofError.identityMismatch(.transition(.noNextBase))) {
      try TransitionTarget.nextBase(line.identities[0]).requireBase(line.identities[0])
    }
    let roots = try line.identities.map { try #require($0.linkedRoot).hexadecimal }
    #expect(
      throws: DriftProofError.identityMismatch(.transition(.tableauBase(tableau: roots[1], given: roots[0])))
    ) { try TransitionTarget.nextBase(line.identities[2]).requireBase(line.identities[0]) }
    // Tails that the one point alone would show.
    let short = try next.changing(tail: 7 + 3 * linked.trees.count + CodeParameters.HidingBase.ofNextBase - 1)
    #expect { try TransitionTarget.nextBase(short).requireBase(line.identities[0]) } throws: {
      "\($0)".contains("random coefficients")
    }
  }

  /// Pins at each tree's own point, as a hiding base's, or of other rows: the openings want the one point of all roots.
  @Test func pinsAreAtOnePointOfAllTrees() throws {
    let honest = try line.other("again", line.checkpoints[1])
    let code = try LinkedTrees.code(#require(honest.identity.linked), hiding: honest.identity.linked?.hidingBase)
    let scheme = HashCommitment(code)
    let own = try honest.committed.map { try scheme.pinBase($0) }
    let one = [own[0], honest.committed[1]]
    // Each root moves the point, and so does what a row's tail is.
    let point = try #require(honest.identity.linked).sharedPoint
    for number in 0..<2 {
      let moved = try honest.identity.changing(trees: { list in
        list.enumerated().map {
          .init(
            rows: $1.rows, root: $0 == number ? [UInt8](repeating: 1, count: 32) : $1.root, pins: $1.pins)
        }
      })
      #expect(try #require(moved.linked).sharedPoint != point)
    }
    #expect(try #require(honest.identity.changing(tail: 100).linked).sharedPoint != point)
    for trees in [own, one] {
      let forged = try honest.identity.changing(trees: { list in
        zip(list, trees).map { .init(rows: $0.rows, root: $0.root, pins: $1.pins?.bytes ?? []) }
      })
      // The prover opens with the point that a verifier takes, or with the one of the pins.
      for opened in [honest.committed, trees] {
        #expect { try line.verify(line.forged(forged, trees: opened), forged) } throws: { error in
          if case .proofInvalid(.transition(.argument(.openingSumcheck)))? = error as? DriftProofError {
            true
          } else {
            false
          }
        }
      }
    }
  }

  // MARK: What ties the line

  @Test func nothingButATransitionTiesANextBase() throws {
    let roots = try line.identities.map { try #require($0.linkedRoot).hexadecimal }
    // No transition; a transition without the identity; neither.
    #expect(try line.chain(transitions: []).links[1].rejection == .untiedNextBase("next"))
    let unknown = ChainRejection.certificate(.identityMismatch(.base(certificate: roots[1], given: roots[0])))
    #expect(try line.chain(identities: []).links[1].rejection == unknown)
    #expect(try line.chain(identities: [], transitions: []).links[1].rejection == unknown)
    // The transition of M2 ties M2 alone, and to M1's certificate.
    #expect(try line.chain(transitions: [line.transitions[1]]).links[1].rejection == .untiedNextBase("next"))
    // A changed transition.
    var changed = line.transitions[0]
    changed[changed.count - 9] ^= 1
    let report = try line.chain(transitions: [changed])
    guard case .transition("transition", .proofInvalid(.transition))? = report.links[1].rejection else {
      Issue.record("\(String(describing: report.links[1].rejection))")
      return
    }
    // The certificate of the model alone: what it starts from is not there.
    let commitment = try #require(try line.chain().links[0].tunedCommitment)
    #expect(try line.chain([line.certificates[1]]).links[0].rejection == .parentMissing(commitment))
    // Files that are none, twice, or of a base.
    #expect(throws: DriftProofError.self) { try line.chain(transitions: [[1, 2, 3]]) }
    #expect(throws: DriftProofError.self) { try line.chain(transitions: [line.transitions[0], line.transitions[0]]) }
    #expect(throws: DriftProofError.identityMismatch(.transition(.noNextBase))) {
      try line.chain(identities: [line.identities[0]])
    }
    // By itself the second certificate is about M1's commitment, whoever made that.
    let alone = try line.chain([line.certificates[1]], identities: [], transitions: [], base: line.identities[1])
    #expect(alone.isVerified && alone.baseIdentity == roots[1])
  }

  /// The leaves of M1's identity are M0's, and their root is no name of M1: what names M0 is not about M1, and the reverse.
  @Test func theSameLeavesAreAnotherBase() throws {
    var request = DriftProver.Request(
      .checkpoint(line.checkpoints[1], base: line.checkpoints[0]), policy: line.policies[0],
      openingPath: line.folder.file("plain.secret"))
    request.identity = line.identities[0]
    let plain = try DriftProver.prove(request).certificate
    let (root, next) = (line.identities[0].rootHex, try #require(line.identities[1].linkedRoot).hexadecimal)
    #expect(throws: DriftProofError.identityMismatch(.base(certificate: root, given: next))) {
      try CertificateVerifier.verify(certificate: plain, identity: line.identities[1], policy: line.policies[0])
    }
    // A prover with other weights on disk than the next base's: M0's, which have its leaves.
    request.identity = line.identities[1]
    request.baseOpeningPath = line.opening(1)
    request.openingPath = line.folder.file("wrong.secret")
    #expect { try DriftProver.prove(request) } throws: { "\($0)".contains("does not give tree 0") }
    #expect(!FileManager.default.fileExists(atPath: line.folder.file("wrong.secret")))
    // Without the opening there is no proof about it.
    request.baseOpeningPath = nil
    #expect(throws: DriftProofError.missingInput(.openingOfBase)) { try DriftProver.prove(request) }
    // The holder's check makes all trees again.
    let model = TunedModel.checkpoint(line.checkpoints[2], base: line.checkpoints[1])
    let report = try CertificateChecker.check(
      certificate: line.certificates[1], model: model, openingPath: line.folder.file("drift 2.secret"),
      identity: line.identities[1], baseOpening: line.opening(1))
    #expect(report.baseIdentity == next)
  }

  /// A transition to a tableau is none to a next base, whatever its version says.
  @Test func kindsAreToldApart() throws {
    let parsed = try Transition.parse(line.transitions[0])
    #expect(parsed.isNextBase && parsed.bytes == line.transitions[0])
    let other = Transition(
      baseRoot: parsed.baseRoot, tableau: parsed.tableau, tunedCommitment: parsed.tunedCommitment, proof: parsed.proof)
    #expect(throws: DriftProofError.identityMismatch(.transition(.kind(isNextBase: false)))) {
      try line.verify(other.bytes, line.identities[1])
    }
    #expect(throws: DriftProofError.identityMismatch(.transition(.kind(isNextBase: false)))) {
      try line.chain(transitions: [other.bytes])
    }
    var newer = line.transitions[0]
    newer[8] = 3
    #expect(throws: FormatError.unsupportedVersion(3)) { try Transition.parse(newer) }
    // Identities: a next base without tails, or of another version.
    let text = String(decoding: line.identities[1].jsonBytes(), as: UTF8.self)
    for (old, new) in [
      ("\"driftIdentity\": 5", "\"driftIdentity\": 4"), ("\"driftIdentity\": 5", "\"driftIdentity\": 6"),
    ] {
      #expect(throws: CheckpointError.self) { try BaseIdentity.parse(Array(text.replacing(old, with: new).utf8)) }
    }
    let hiding = try line.identities[1].changing(predecessor: .some(nil))
    #expect(hiding.linkedRoot != line.identities[1].linkedRoot)
    #expect(try #require(hiding.linked).sharedPoint == nil)
    let moved = try line.identities[1].changing(predecessor: [UInt8](repeating: 7, count: 32))
    #expect(moved.linkedRoot != line.identities[1].linkedRoot)
  }
}
