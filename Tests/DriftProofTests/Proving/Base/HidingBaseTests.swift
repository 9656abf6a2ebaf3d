// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import DriftProofTranscript
import Foundation
import TestSupport
import Testing

@testable import DriftProofCertificate
@testable import DriftProofProving
@testable import DriftProofStatement

/// A base whose tableau hides its weights (docs/protocol.md, section 3, "Hiding base"): from identity to proof and check, its
/// budget, and what a cheat could try, each with the check that stops it.
@Suite struct HidingBaseTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let tuned: Checkpoint
  private let plain: BaseIdentity
  private let identity: BaseIdentity
  private let policy: Policy
  private static let opening = ProofRejection.openingSumcheck(functional: "at Stage A's point")
  private var opening: String { folder.file("base.secret") }

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 77)
    var model = TypedModel()
    model.add("a.weight", .bf16, [40, 33], random: &random)
    model.add("b.bias", .f16, [37], random: &random)
    base = try model.write("base", in: folder)
    for name in ["a.weight", "b.bias"] {
      let values = try base.doubles(of: #require(base.tensor(named: name)))
      model.tensors[name]?.values = values.map { $0 * (1 + 0.02 * Double(random.signed())) }
    }
    tuned = try model.write("tuned", in: folder)
    plain = try BaseIdentity.compute(checkpoint: base)
    // For two proofs: more take more time to commit to.
    identity = try HidingIdentity.make(plain, base: base, openingPath: folder.file("base.secret"), proofs: 2)
    policy = try testPolicy([("*", #"{"entrywise": {"ofWeight": 0.04}}"#)])
  }

  private func request(
    _ name: String, identity given: BaseIdentity? = nil, opening path: String?
  ) -> DriftProver.Request {
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file(name))
    request.identity = given ?? identity
    request.baseOpeningPath = path
    return request
  }

  private func refusal(_ request: DriftProver.Request) -> DriftProofError? {
    do throws(DriftProofError) {
      _ = try DriftProver.prove(request)
      return nil
    } catch { return error }
  }

  private func rejection(_ certificate: [UInt8], _ given: BaseIdentity) -> DriftProofError? {
    do throws(DriftProofError) {
      _ = try CertificateVerifier.verify(certificate: certificate, identity: given, policy: policy)
      return nil
    } catch { return error }
  }

  /// The identity with a changed linked part.
  private func changed(
    tail: Int? = nil, trees: (([LinkedBase.Tree]) -> [LinkedBase.Tree])? = nil
  ) throws -> BaseIdentity {
    let linked = try #require(identity.linked)
    return identity.linking(
      LinkedBase(
        logLength: linked.logLength, logBlowup: linked.logBlowup, tail: tail ?? linked.tail,
        trees: trees?(linked.trees) ?? linked.trees, tensors: linked.tensors, layoutDigest: linked.layoutDigest))
  }

  private func counted() throws -> OpeningFile { try OpeningFile.load(path: opening) }

  // MARK: Honest

  @Test func proofsTakeTheirPartUntilNothingIsLeft() throws {
    let hiding = try #require(identity.linked?.hidingBase)
    #expect(try counted().budget == hiding.budget && counted().revealed == 0)
    let first = try DriftProver.prove(request("one", opening: opening))
    let statement = try CheckedCertificate(first.certificate, identity: identity, policy: policy)
    let code = try #require(statement.argument).verifier.statement.code
    let taken = code.queries + 6
    #expect(code.hidingBase == hiding && 2 * taken <= hiding.budget && 3 * taken > hiding.budget)
    #expect(try counted().revealed == taken && first.report.baseProofsLeft == 1)
    #expect(first.verification.securityBits >= 128)
    #expect(first.verification.baseIdentity == identity.linkedRoot?.hexadecimal)
    // From bytes alone, as others verify it.
    let read = try BaseIdentity.parse(identity.jsonBytes())
    #expect(read == identity && rejection(first.certificate, read) == nil)
    let second = try DriftProver.prove(request("two", opening: opening))
    #expect(second.report.baseProofsLeft == 0)
    // A third one is refused before anything of the drift is counted.
    let spent = OpeningError.baseSpent(path: opening, taken: 2 * taken, wanted: taken, budget: hiding.budget)
    #expect(refusal(request("three", opening: opening)) == .operational(spent.description))
    #expect(try counted().revealed == 2 * taken)
    #expect(!FileManager.default.fileExists(atPath: folder.file("three")))
    // Whoever holds base, tuned model and openings checks a proof, which counts nothing.
    let model = TunedModel.checkpoint(tuned, base: base)
    let checked = try CertificateChecker.check(
      certificate: first.certificate, model: model, openingPath: folder.file("one"), identity: identity,
      baseOpening: opening)
    #expect(checked.tunedCommitment == first.verification.tunedCommitment)
    #expect(try counted().revealed == 2 * taken)
    #expect(throws: DriftProofError.missingInput(.openingOfBase)) {
      try CertificateChecker.check(
        certificate: first.certificate, model: model, openingPath: folder.file("one"), identity: identity)
    }
    try itStaysWithItsIdentity(first.certificate)
  }

  /// The flag stripped or added, and other pins: other roots, before anything is computed.
  private func itStaysWithItsIdentity(_ certificate: [UInt8]) throws {
    let root = try #require(identity.linkedRoot).hexadecimal
    let stripped = try changed(tail: 0) { $0.map { LinkedBase.Tree(rows: $0.rows, root: $0.root) } }
    let moved = try changed { trees in
      trees.map { LinkedBase.Tree(rows: $0.rows, root: $0.root, pins: [UInt8](repeating: 0, count: $0.pins.count)) }
    }
    let again = try HidingIdentity.make(plain, base: base, openingPath: folder.file("again.secret"), proofs: 2)
    let isPublic = try BaseTableau.link(plain, base: base)
    for other in [stripped, moved, again, isPublic] {
      let given = try #require(other.linkedRoot).hexadecimal
      #expect(given != root)
      #expect(rejection(certificate, other) == .identityMismatch(.base(certificate: root, given: given)))
    }
  }

  @Test func theSameOpeningGivesTheSameIdentity() throws {
    let cache = folder.file("cache")
    let again = try HidingIdentity.make(plain, base: base, openingPath: opening, proofs: 2, cache: cache)
    #expect(again.jsonBytes() == identity.jsonBytes())
    #expect(String(decoding: identity.jsonBytes().prefix(19), as: UTF8.self) == "{\"driftIdentity\": 4")
    // Another opening hides it otherwise; in the leaves alone, not in what the identity says of the weights.
    let other = try HidingIdentity.make(plain, base: base, openingPath: folder.file("other"), proofs: 2)
    let (own, theirs) = (try #require(identity.linked), try #require(other.linked))
    #expect(own.tensors == theirs.tensors && own.layoutDigest == theirs.layoutDigest && own.tail == theirs.tail)
    #expect(zip(own.trees, theirs.trees).allSatisfy { $0.root != $1.root && $0.pins != $1.pins })
    // For more proofs the opening is another's: its tails would be.
    #expect {
      try HidingIdentity.make(plain, base: base, openingPath: opening, proofs: 3)
    } throws: { error in
      if case .operational(let why)? = error as? DriftProofError { why.contains("another commitment") } else { false }
    }
    // Kept leaves are this secret's.
    var request = request("cached", opening: opening)
    request.baseCache = cache
    #expect(try DriftProver.prove(request).report.baseProofsLeft == 1)
  }

  /// Stopped behind its reservation it goes on without another one; stopped before, nothing is lost either.
  @Test func aProofThatGoesOnIsCountedOnce() throws {
    struct Stop: Error {}
    func resumed(_ stopAfter: String?) throws -> DriftProver.Request {
      var request = request("one", opening: opening)
      let inputs = ProofSession.fingerprint(
        request.model, policy: policy, identity: identity, proofs: request.proofs)
      request.session = try ProofSession(
        path: folder.file("state"), inputs: inputs, secret: OpeningSession.existing(request.openingPath)?.secret
      ) { kept in if kept == stopAfter { throw Stop() } }
      return request
    }
    for record in [ProofSession.reservedName, ProofSession.reservedBaseName, "leaves of P1"] {
      #expect(throws: DriftProofError.self) { try DriftProver.prove(resumed(record)) }
    }
    let result = try DriftProver.prove(resumed(nil))
    #expect(result.report.baseProofsLeft == 1)
    #expect(try counted().revealed == counted().budget / 2)
    #expect(rejection(result.certificate, identity) == nil)
  }

  // MARK: Refused

  @Test func aProofNeedsTheRightOpening() throws {
    #expect(refusal(request("one", opening: nil)) == .missingInput(.openingOfBase))
    let other = folder.file("other.secret")
    let theirs = try HidingIdentity.make(plain, base: base, openingPath: other, proofs: 2)
    #expect(
      refusal(request("one", opening: other))
        == .identityMismatch(
          .baseOpening(
            path: other, opening: theirs.linkedRoot?.hexadecimal ?? "", given: identity.linkedRoot?.hexadecimal ?? "")))
    // A secret that is not the one of the trees.
    let file = try counted()
    let wrong = OpeningFile(
      secret: [UInt8](repeating: 1, count: 32), tunedCommitment: file.tunedCommitment, budget: file.budget)
    try Data(wrong.bytes).write(to: URL(fileURLWithPath: folder.file("wrong.secret")))
    guard case .identityMismatch(.checkpoint(let why))? = refusal(request("one", opening: folder.file("wrong.secret")))
    else {
      Issue.record("a wrong secret")
      return
    }
    #expect(why.contains("tree 0 of the tableau"))
    // A budget that somebody raised.
    let raised = OpeningFile(secret: file.secret, tunedCommitment: file.tunedCommitment, budget: file.budget + 100)
    try Data(raised.bytes).write(to: URL(fileURLWithPath: folder.file("raised.secret")))
    guard case .operational(let text)? = refusal(request("one", opening: folder.file("raised.secret"))) else {
      Issue.record("a raised budget")
      return
    }
    #expect(text.contains("it was changed"))
    // A public base has none.
    let isPublic = try BaseTableau.link(plain, base: base)
    guard case .operational(let hint)? = refusal(request("one", identity: isPublic, opening: opening)) else {
      Issue.record("a public base")
      return
    }
    #expect(hint.contains("hides no weights"))
  }

  @Test func othersThanTheIdentitysPinsAreRefused() throws {
    let forged = try changed { trees in
      trees.map { LinkedBase.Tree(rows: $0.rows, root: $0.root, pins: [$0.pins[0] ^ 1] + $0.pins.dropFirst()) }
    }
    // Its owner's opening, as if the forged identity were his.
    let file = try counted()
    let path = folder.file("forged.secret")
    let own = OpeningFile(
      secret: file.secret, tunedCommitment: try #require(forged.linkedRoot), budget: file.budget)
    try Data(own.bytes).write(to: URL(fileURLWithPath: path))
    #expect(refusal(request("one", identity: forged, opening: path)) == .identityMismatch(.basePins(tree: 0)))
    // Who proves all the same, with the rows that he has.
    let certificate = try forced(forged, trees: identity)
    #expect(rejection(certificate, forged) == .proofInvalid(.argument(Self.opening)))
  }

  /// Rows that are not below the identity's root.
  @Test func aForgedTreeIsRejected() throws {
    let other = try HidingIdentity.make(plain, base: base, openingPath: folder.file("other.secret"), proofs: 2)
    let trees = try #require(other.linked).trees
    // The other one's pins, too: of a root that is not theirs, and of the rows' own.
    for pins in [trees.map(\.pins), try #require(identity.linked).trees.map(\.pins)] {
      let forged = try changed { own in
        zip(own, pins).map { LinkedBase.Tree(rows: $0.rows, root: [UInt8](repeating: 5, count: 32), pins: $1) }
      }
      let certificate = try forced(forged, trees: identity)
      guard case .proofInvalid(.argument(let why))? = rejection(certificate, forged) else {
        Issue.record("a forged tree")
        return
      }
      #expect(why == Self.opening || why == .merklePath(tree: "base/0"))
    }
    // The right root with pins of another identity.
    let mixed = try changed { own in
      zip(own, trees).map { LinkedBase.Tree(rows: $0.rows, root: $0.root, pins: $1.pins) }
    }
    #expect(
      rejection(try forced(mixed, trees: identity), mixed) == .proofInvalid(.argument(Self.opening)))
  }

  @Test func tailsThatAreTooShortHideNothing() throws {
    let hiding = try #require(identity.linked?.hidingBase)
    let certificate = try DriftProver.prove(request("one", opening: opening)).certificate
    let least = CodeParameters.HidingBase.tail(trees: hiding.trees, queries: 1, proofs: 1)
    let none = try changed(tail: least - 1)
    #expect(throws: StatementError.linkedBase(.tail(found: least - 1, least: least))) {
      try DerivedStatement.derive(identity: none, tuned: tuned.manifestTensors, policy: policy)
    }
    // Less than one proof of this many queries shows.
    let code = try #require(DriftManifest.parse(Certificate.parse(certificate).manifest).code)
    let short = CodeParameters.HidingBase(trees: hiding.trees, tail: code.queries + 5 + 3 * hiding.trees)
    #expect {
      try code.beside(short)
    } throws: { error in
      if case .unsupportedParameters(let why)? = error as? ProofRejection { why.contains("too short") } else { false }
    }
    // Longer than the rows.
    #expect(throws: ProofRejection.self) {
      try code.beside(CodeParameters.HidingBase(trees: hiding.trees, tail: code.length + 1))
    }
    let wrong = try changed {
      $0.map { LinkedBase.Tree(rows: $0.rows, root: $0.root, pins: Array($0.pins.dropLast())) }
    }
    #expect(throws: StatementError.linkedBase(.pins(tree: 0))) {
      try DerivedStatement.derive(identity: wrong, tuned: tuned.manifestTensors, policy: policy)
    }
  }

  /// What the file may say; everything else is read as no identity at all.
  @Test func theFileIsReadStrictly() throws {
    let text = String(decoding: identity.jsonBytes(), as: UTF8.self)
    let tree = try #require(identity.linked?.trees.first)
    let root = tree.root.hexadecimal
    for (old, new) in [
      (#""driftIdentity": 4"#, #""driftIdentity": 3"#), (#""driftIdentity": 4"#, #""driftIdentity": 5"#),
      (#""tail": \#(identity.linked?.tail ?? 0), "#, ""), (#""tail": "#, #""tail": 0, "head": "#),
      (#", "pins": "\#(tree.pins.hexadecimal)""#, ""), (root, String(root.reversed())),
      (tree.pins.hexadecimal, String(tree.pins.hexadecimal.dropLast(48))),
    ] {
      #expect(text.contains(old))
      let other = text.replacing(old, with: new, maxReplacements: 1)
      #expect(throws: CheckpointError.self, "\(new)") { try BaseIdentity.parse(Array(other.utf8)) }
    }
  }

  /// A proof with the given identity's statement and another one's trees, by a prover who does not compare them.
  private func forced(_ stated: BaseIdentity, trees: BaseIdentity) throws -> [UInt8] {
    try ForcedDriftTests.forced(
      base: base, tuned: tuned, policy: policy, identity: stated, trees: trees, opening: counted().secret)
  }
}
