// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Testing
import DriftProofTranscript

/// Chains and trees of certificates against the verifier, honest and forged.
@Suite struct ChainVerifierTests {
  let fixture: ChainFixture

  init() throws { fixture = try ChainFixture.shared.get() }

  @Test func aTreeInAnyOrder() throws {
    let report = try fixture.verify([
      fixture.input("third"), fixture.input("first"), fixture.input("fork"), fixture.input("second", policy: nil),
    ])
    #expect(report.isVerified && report.baseIdentity == fixture.identity.rootHex)
    #expect(report.cumulativePolicy == nil && report.revocations == nil)
    // Parents first, siblings as given.
    #expect(report.links.map(\.name) == ["first", "fork", "second", "third"])
    #expect(report.links.map(\.depth) == [1, 2, 2, 3])
    #expect(report.links.map(\.position) == [1, 2, 3, 0])
    #expect(report.links.map(\.hasOwnPolicy) == [false, false, true, false])
    #expect(report.links.allSatisfy { $0.excluded == ["steps"] })
    let first = try fixture.commitment("first").hexadecimal
    #expect(report.links.map(\.parent) == [nil, first, first, try fixture.commitment("second").hexadecimal])
    #expect(report.links.map { $0.verification?.parent } == report.links.map(\.parent))
    // The links' totals are 30, 20, 10 and 20.
    for (link, (bound, model)) in zip(report.links, [(30.0, 1), (50.0, 3), (40.0, 2), (60.0, 3)]) {
      let drift = try #require(link.driftFromBase)
      #expect(drift > bound && drift < bound + 0.001 && drift >= fixture.distance(0, model))
    }
  }

  @Test func aLinkIsNotAboutTheBase() throws {
    let bytes = try #require(fixture.certificates["second"])
    let (root, link) = (try fixture.commitment("first"), try fixture.policy("second"))
    func error(_ certificate: [UInt8], _ policy: Policy, _ parent: ExpectedParent) -> DriftProofError? {
      do throws(DriftProofError) {
        _ = try CertificateVerifier.verify(
          certificate: certificate, identity: fixture.identity, policy: policy, parent: parent)
        return nil
      } catch {
        return error
      }
    }
    let none = DriftProofError.identityMismatch(.parent(certificate: root.hexadecimal, given: nil))
    #expect(error(bytes, link, .none) == none && none.exitCode == 12)
    // The other entry point, whose policy is the certificate's own.
    #expect(throws: none) {
      try CertificateVerifier.verify(certificate: bytes, identityFile: fixture.identity.jsonBytes())
    }
    let other = try fixture.commitment("again")
    #expect(
      error(bytes, link, .commitment(other))
        == .identityMismatch(.parent(certificate: root.hexadecimal, given: other.hexadecimal)))
    #expect(error(bytes, link, .commitment(root)) == nil && error(bytes, link, .any) == nil)
    let first = try #require(fixture.certificates["first"])
    #expect(
      error(first, try fixture.policy("first"), .commitment(root))
        == .identityMismatch(.parent(certificate: nil, given: root.hexadecimal)))
    #expect(error(first, try fixture.policy("first"), .any) == nil)
  }

  @Test func theParentIsUnderTheProof() throws {
    let good = try fixture.certificate("second")
    func outcome(_ forged: [UInt8]) throws -> ChainRejection? {
      var input = try fixture.input("second")
      input.certificate = forged
      let report = try fixture.verify([fixture.input("first"), fixture.input("again"), input])
      return fixture.rejections(report)["second"]
    }
    #expect(try outcome(good.bytes) == nil)
    // Another parent, or none at all, with a commitment that fits: the proof is about another one.
    for parent in [try fixture.commitment("again"), nil] {
      let forged = try ChainFixture.forged(good) { $0.with(parent: parent) }
      guard case .certificate(.proofInvalid(.argument)) = try outcome(forged) else {
        Issue.record("parent \(parent?.hexadecimal ?? "none") is accepted or rejected otherwise")
        continue
      }
    }
    // With the old commitment it is not even the hash of its parts.
    let stale = try ChainFixture.forged(good, commitment: good.tunedCommitment) {
      $0.with(parent: SHA256.hash([1]))
    }
    var input = try fixture.input("second")
    input.certificate = stale
    let alone = try CertificateFailure.of {
      _ = try CertificateVerifier.verify(
        certificate: stale, identity: fixture.identity, policy: fixture.policy("second"), parent: .any)
    }
    #expect(alone == .proofInvalid(.tunedCommitment))
    #expect(try outcome(stale) == .parentMissing(SHA256.hash([1]).hexadecimal))
  }

  /// The same weights under another opening are another commitment.
  @Test func anotherCertificateOfTheParentIsNoParent() throws {
    let report = try fixture.verify([fixture.input("again"), fixture.input("second"), fixture.input("third")])
    let first = try fixture.commitment("first").hexadecimal
    #expect(
      fixture.rejections(report) == [
        "second": .parentMissing(first), "third": .ancestor("second", because: .parentMissing(first)),
      ])
    #expect(report.failure?.rejection?.exitCode == 12 && !report.isVerified)
  }

  @Test func aFailureTakesAllDescendants() throws {
    var damaged = try fixture.input("first")
    damaged.certificate[damaged.certificate.count - 9] ^= 1
    let report = try fixture.verify([
      fixture.input("third"), fixture.input("second"), fixture.input("fork"), damaged, fixture.input("again"),
    ])
    let rejections = fixture.rejections(report)
    guard case .certificate(.proofInvalid(.argument)) = rejections["first"] else {
      Issue.record("\(String(describing: rejections["first"]))")
      return
    }
    let why = try #require(rejections["first"])
    for name in ["second", "third", "fork"] { #expect(rejections[name] == .ancestor("first", because: why)) }
    #expect(rejections["again"] == nil && rejections.count == 4)
    #expect(report.failure?.name == "first" && report.failure?.rejection?.exitCode == 11)
    #expect(report.links.allSatisfy { $0.rejection == nil || ($0.excluded.isEmpty && $0.driftFromBase == nil) })
    // No certificate at all.
    damaged.certificate = Array("no certificate".utf8)
    let broken = try fixture.verify([damaged, fixture.input("second")])
    #expect(fixture.rejections(broken)["first"]?.exitCode == 11)
    #expect(fixture.rejections(broken)["second"]?.exitCode == 12)
  }

  @Test func anotherBase() throws {
    let other = try BaseIdentity.compute(checkpoint: fixture.checkpoints[1])
    let report = try fixture.verify([fixture.input("first")], identity: other)
    let expected = DriftProofError.identityMismatch(
      .base(certificate: fixture.identity.rootHex, given: other.rootHex))
    #expect(fixture.rejections(report) == ["first": .certificate(expected)] && expected.exitCode == 12)

    // A link whose bounds refer to another base, below the right parent.
    var request = DriftProver.Request(
      base: fixture.checkpoints[1], tuned: fixture.checkpoints[2], policy: try fixture.policy("second"),
      openingPath: fixture.folder.file("other-base.secret"))
    request.identity = other
    request.parent = ParentCertificate(
      unverified: try fixture.commitment("first"), tensors: fixture.checkpoints[1].manifestTensors)
    let certificate = try DriftProver.prove(request).certificate
    let forged = try fixture.verify([
      fixture.input("first"), .init(name: "link", certificate: certificate, policyFile: fixture.policies["second"]),
    ])
    #expect(
      fixture.rejections(forged) == [
        "link": .certificate(
          .identityMismatch(.base(certificate: other.rootHex, given: fixture.identity.rootHex)))
      ])
  }

  /// Certificates of one commitment under two policies: each holds, but not in the other's place.
  @Test func aLooserPolicyDoesNotStandIn() throws {
    #expect(try fixture.commitment("loose") == fixture.commitment("first"))
    let put = try fixture.verify([fixture.input("loose", policy: "first"), fixture.input("second")])
    guard case .certificate(.identityMismatch(.policy)) = fixture.rejections(put)["loose"] else {
      Issue.record("\(fixture.rejections(put))")
      return
    }
    let why = try #require(fixture.rejections(put)["loose"])
    #expect(fixture.rejections(put)["second"] == .ancestor("loose", because: why) && why.exitCode == 12)
    // Without policies it holds, and the report says that nobody asked for this one.
    let open = try fixture.verify([fixture.input("loose", policy: nil), fixture.input("second", policy: nil)])
    #expect(open.isVerified && open.links.allSatisfy(\.hasOwnPolicy))
    #expect(open.links.first?.verification?.policyName == "loose")
    // Both at once: nobody can tell which one is meant.
    let both = try fixture.verify([fixture.input("first"), fixture.input("second"), fixture.input("loose")])
    #expect(
      fixture.rejections(both) == [
        "first": .duplicate(of: "loose"), "loose": .duplicate(of: "first"),
        "second": .ancestor("first", because: .duplicate(of: "loose")),
      ])
  }

  @Test func policiesBelongToCertificates() throws {
    let report = try fixture.verify([
      fixture.input("first", policy: "second"), fixture.input("second", policy: "first"),
    ])
    guard case .certificate(.identityMismatch(.policy)) = fixture.rejections(report)["first"] else {
      Issue.record("\(fixture.rejections(report))")
      return
    }
  }

  @Test func duplicates() throws {
    var copy = try fixture.input("second")
    copy.name = "copy"
    let report = try fixture.verify([fixture.input("first"), fixture.input("second"), copy, fixture.input("third")])
    #expect(
      fixture.rejections(report) == [
        "second": .duplicate(of: "copy"), "copy": .duplicate(of: "second"),
        "third": .ancestor("second", because: .duplicate(of: "copy")),
      ])
  }

  @Test func circles() throws {
    let good = try fixture.certificate("second")
    let (a, b) = (SHA256.hash([1]), SHA256.hash([2]))
    let own = SHA256.hash([3])
    let inputs = try [("a", a, b), ("b", b, a), ("below", SHA256.hash([4]), a), ("self", own, own)].map {
      name, commitment, parent in
      ChainVerifier.Input(
        name: name, certificate: try ChainFixture.forged(good, commitment: commitment) { $0.with(parent: parent) })
    }
    let report = try fixture.verify(inputs + [fixture.input("first")])
    #expect(
      fixture.rejections(report) == ["a": .circle, "b": .circle, "below": .circle, "self": .circle])
    #expect(report.failure?.rejection?.exitCode == 11 && report.links.first?.name == "first")
  }

  /// The parent's policy excluded a tensor that its model has in another shape: no drift starts from there.
  @Test func theParentsTensorsAreCompared() throws {
    var reshaped = fixture.models[1]
    reshaped.tensors["c.bias"]?.shape = [19, 1]
    let parentModel = try reshaped.write("reshaped", in: fixture.folder)
    let wide = try testPolicy([("c.bias", "\"any\""), ("steps", "\"any\""), ("*", "{\"norm\": {\"absolute\": 30}}")])
    let root = try DriftProver.prove(
      base: fixture.checkpoints[0], tuned: parentModel, policy: wide,
      openingPath: fixture.folder.file("reshaped.secret"))
    let gap = CoverageGap.differsInParent(tensor: "c.bias", link: "F32 [19]", parent: "F32 [19, 1]")
    var request = DriftProver.Request(
      base: fixture.checkpoints[1], tuned: fixture.checkpoints[2], policy: try fixture.policy("second"),
      openingPath: fixture.folder.file("below-reshaped.secret"))
    request.identity = fixture.identity
    request.parent = try ParentCertificate(root.certificate, identity: fixture.identity)
    // The base on disk is not the parent's model, and the parent's model would not do.
    #expect(throws: DriftProofError.self) { try DriftProver.prove(request) }
    request.model = .checkpoint(fixture.checkpoints[2], base: parentModel)
    #expect(throws: DriftProofError.coverageGap([gap])) { try DriftProver.prove(request) }
    // A prover who does not look.
    request.model = .checkpoint(fixture.checkpoints[2], base: fixture.checkpoints[1])
    request.parent = ParentCertificate(
      unverified: try Certificate.parse(root.certificate).tunedCommitment,
      tensors: fixture.checkpoints[1].manifestTensors)
    let forged = try DriftProver.prove(request).certificate
    let report = try fixture.verify([
      .init(name: "root", certificate: root.certificate), .init(name: "link", certificate: forged),
    ])
    #expect(fixture.rejections(report) == ["link": .parentTensors([gap])])
    #expect(report.failure?.rejection?.exitCode == 13)
  }

  /// Of the whole way: a link that goes too far ends it for its descendants, not for its siblings.
  @Test func aCumulativePolicy() throws {
    let inputs = try ["third", "second", "first"].map { try fixture.input($0) }
    func policy(_ bias: String, total: String, more: String = "") -> String {
      """
      {"driftPolicy": 1, "name": "whole way", "securityBits": 128, "rules": [\(more)
       {"tensors": "steps", "allow": "any"}, {"tensors": "c.bias", "allow": \(bias)},
       {"tensors": "a.norm", "allow": {"norm": {"absolute": 13.01}}},
       {"tensors": "*", "allow": {"norm": {"absolute": 100}}}], "total": {"norm": {"absolute": \(total)}}}
      """
    }
    let wide = #"{"norm": {"absolute": 100}}"#
    let report = try fixture.verify(inputs, cumulative: policy(wide, total: "60.01"))
    #expect(report.isVerified && report.cumulativePolicy?.name == "whole way")
    for (cumulative, failing) in [
      (policy(wide, total: "59.99"), "third"), (policy(wide, total: "39.9"), "second"),
      (policy("\"frozen\"", total: "99"), "second"), (policy(wide, total: "29"), "first"),
    ] {
      let report = try fixture.verify(inputs, cumulative: cumulative)
      guard case .cumulative(let lines)? = report.failure?.rejection else {
        Issue.record("\(fixture.rejections(report))")
        continue
      }
      #expect(report.failure?.name == failing && report.failure?.rejection?.exitCode == 10 && lines.count == 1)
      for link in report.links.drop(while: { $0.name != failing }).dropFirst() {
        #expect(link.rejection == .ancestor(failing, because: .cumulative(lines)) && link.rejection?.exitCode == 10)
      }
    }
    // A part of the tree that keeps to the policy holds.
    let fork = try fixture.verify(
      inputs + [fixture.input("fork")], cumulative: policy(wide, total: "59.99"))
    #expect(Set(fixture.rejections(fork).keys) == ["third"])
    // It must cover the tensors as any policy.
    let gaps = try fixture.verify(
      inputs, cumulative: policy(wide, total: "99", more: #"{"tensors": "none", "allow": "any"},"#))
    guard case .cumulativeCoverage(.coverageGap)? = gaps.failure?.rejection else {
      Issue.record("\(fixture.rejections(gaps))")
      return
    }
    #expect(gaps.failure?.name == "first" && gaps.failure?.rejection?.exitCode == 13)
    // What a link leaves outside, no cumulative policy can bound.
    let steps = policy(wide, total: "99").replacing(#""steps", "allow": "any""#, with: #""steps", "allow": "frozen""#)
    let outside = try fixture.verify(inputs, cumulative: steps)
    guard case .cumulative(let lines)? = outside.failure?.rejection else {
      Issue.record("\(fixture.rejections(outside))")
      return
    }
    #expect(lines.map(\.description) == ["tensor steps: \"first\" leaves it outside its proof"])
  }

  @Test func unusableInput() throws {
    func code(_ body: () throws -> Void) -> Int32? {
      do {
        try body()
        return nil
      } catch {
        return (error as? DriftProofError)?.exitCode
      }
    }
    #expect(code { _ = try fixture.verify([]) } == 2)
    var input = try fixture.input("first")
    input.policyFile = Array("{}".utf8)
    #expect(code { _ = try fixture.verify([input]) } == 1)
    #expect(code { _ = try fixture.verify([try fixture.input("first")], cumulative: "{}") } == 1)
    #expect(code { _ = try fixture.verify([try fixture.input("first")], revoked: "{}") } == 1)
    #expect(
      code {
        _ = try ChainVerifier.verify([try fixture.input("first")], identityFile: Array("{}".utf8))
      } == 1)
  }

  /// Damage anywhere in a link: it is rejected, its descendants with it, and nothing traps.
  @Test func damagedLinks() throws {
    let good = try #require(fixture.certificates["second"])
    try Mutation.run("chain-link", count: 300, debug: 30) { seed, generator in
      let range = seed % 2 == 0 ? 0..<1500 : good.indices
      var input = try fixture.input("second")
      input.certificate = Mutation.changed(good, &generator) { Mutation.binary($0, in: range, &$1) }
      let rejections = fixture.rejections(
        try fixture.verify([fixture.input("first"), input, fixture.input("third")]))
      let codes = [rejections["second"]?.exitCode, rejections["third"]?.exitCode]
      #expect(codes.allSatisfy { $0 == 11 || $0 == 12 }, "chain-link seed \(seed): \(codes)")
    }
  }
}

/// The error of a body that must fail.
private enum CertificateFailure {
  static func of(_ body: () throws -> Void) throws -> DriftProofError? {
    do {
      try body()
      return nil
    } catch {
      return error as? DriftProofError
    }
  }
}
