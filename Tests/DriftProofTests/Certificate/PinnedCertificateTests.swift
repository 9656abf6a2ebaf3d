// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofProving
import DriftProofAdapter
import DriftProofArgument
import DriftProofChain
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation
import Testing
import DriftProofTranscript

/// Certificates that an earlier version made: this one must still verify them, and read them alike.
@Suite struct PinnedCertificateTests {
  private func check(
    _ name: String, _ pinned: PinnedCertificate, in folder: URL = PinnedCertificate.folder, version: UInt8 = 2
  ) throws -> VerificationReport {
    #expect(try Certificate.parse(pinned.certificate).manifest[0] == version)
    let report = try CertificateVerifier.verify(
      certificate: pinned.certificate, identityFile: pinned.identityFile, policyFile: pinned.policyFile)
    let file = folder.appendingPathComponent(name + "/tuned-commitment.txt")
    let stated = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(report.tunedCommitment + "\n" == stated)
    #expect(report.securityBits >= 128 && report.soundness.allSatisfy { $0.bits >= 128 })
    #expect(report.certificateBytes == pinned.certificate.count)

    // What this version writes from the same files has the same identities.
    let base = try Checkpoint.open(pinned.base)
    let isAdapter = !pinned.tuned.hasSuffix(".safetensors")
    let model: TunedModel =
      isAdapter
      ? .adapter(try Adapter.open(pinned.tuned), base: base)
      : .checkpoint(try Checkpoint.open(pinned.tuned), base: base)
    var identity = try BaseIdentity.compute(checkpoint: base)
    let secret = folder.appendingPathComponent(name + "/base-opening.json").path
    let isHiding = pinned.identity.linked?.isHiding ?? false
    if isHiding {
      let opening = try OpeningFile.load(path: secret)
      identity = try BaseTableau.link(
        identity, base: base, hiding: BaseTableau.Hiding(secret: opening.secret, proofs: 2))
    } else if pinned.identity.linked != nil {
      identity = try BaseTableau.link(identity, base: base)
    }
    #expect(identity.jsonBytes() == pinned.identityFile)
    let opening = try OpeningFile.parse(pinned.opening, path: "opening.json")
    #expect(opening.tunedCommitment.hexadecimal == report.tunedCommitment)
    let checked = try CertificateChecker.check(
      certificate: pinned.certificate, model: model, opening: opening, identity: isHiding ? identity : nil,
      baseOpening: isHiding ? secret : nil)
    #expect(checked.tunedCommitment == report.tunedCommitment)
    return report
  }

  @Test func revisedCertificates() throws {
    let folder = PinnedCertificate.revisedFolder
    let norm = try check("norm", PinnedCertificate.revisedNorm.get(), in: folder, version: 4)
    #expect(norm.policyName == "pinned norm" && norm.certifiedParameters == 16)
    let adapter = try check("adapter", PinnedCertificate.revisedAdapter.get(), in: folder, version: 4)
    #expect(adapter.policyName == "pinned adapter" && adapter.adapter?.modules == 2)
    let slices = try check("slices", PinnedCertificate.slices.get(), in: folder, version: 4)
    #expect(slices.policyName == "pinned slices" && slices.tensors.composed == 1 && slices.certifiedParameters == 72)
  }

  @Test func patternCertificate() throws {
    let pinned = try PinnedCertificate.patterns.get()
    let report = try check("patterns", pinned, in: PinnedCertificate.patternsFolder, version: 9)
    #expect(report.policyName == "pinned patterns" && report.tensors.pattern == 1 && report.tensors.composed == 2)
    #expect(report.baseIdentity == pinned.identity.linkedRoot?.hexadecimal)
  }

  /// A base whose weights are hidden, too.
  @Test func hidingCertificate() throws {
    let pinned = try PinnedCertificate.hiding.get()
    let report = try check("hiding", pinned, in: PinnedCertificate.hidingFolder, version: 9)
    #expect(report.policyName == "pinned hiding base" && report.rounded.map(\.name) == ["fraction"])
    #expect(report.baseIdentity == pinned.identity.linkedRoot?.hexadecimal)
    #expect(String(decoding: pinned.identityFile.prefix(19), as: UTF8.self) == "{\"driftIdentity\": 4")
    let statement = try #require(
      CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy).argument
    ).verifier.statement
    #expect(statement.code.hidingBase == pinned.identity.linked?.hidingBase)
    #expect(statement.baseTrees.allSatisfy { $0.pins.count == $0.rows } && !statement.baseTrees.isEmpty)
  }

  @Test func kroneckerCertificate() throws {
    let pinned = try PinnedCertificate.kronecker.get()
    let report = try check("kronecker", pinned, in: PinnedCertificate.blocksFolder, version: 10)
    #expect(report.policyName == "pinned Kronecker products")
    #expect(report.tensors.kronecker == 1 && report.tensors.composed == 2)
  }

  /// Made by its own machine's kernels in three bands, and made again by this one's.
  @Test func bandedCertificate() throws {
    let pinned = try PinnedCertificate.bands.get()
    let report = try check("bands", pinned, in: PinnedCertificate.bandsFolder, version: 14)
    #expect(report.policyName == "pinned bands" && report.bands == 3)
  }

  @Test func circulantCertificate() throws {
    let pinned = try PinnedCertificate.circulant.get()
    let report = try check("circulant", pinned, in: PinnedCertificate.circulantsFolder, version: 13)
    #expect(report.policyName == "pinned circulant blocks")
    #expect(report.tensors.circulant == 1 && report.tensors.composed == 2)
  }

  @Test func lokrCertificate() throws {
    let pinned = try PinnedCertificate.lokr.get()
    let report = try check("lokr", pinned, in: PinnedCertificate.lokrFolder, version: 12)
    #expect(report.policyName == "pinned LoKr")
    #expect(report.tensors.kronecker == 1 && report.tensors.norm == 1 && report.tensors.composed == 1)
    let adapter = try #require(report.adapter)
    #expect(adapter.modules == 3 && adapter.kroneckerModules == 2 && adapter.largestRank == 2)
  }

  @Test func entrywiseCertificate() throws {
    let pinned = try PinnedCertificate.entries.get()
    let report = try check("entries", pinned, in: PinnedCertificate.entriesFolder, version: 6)
    #expect(report.policyName == "pinned entries" && report.tensors.entrywise == 2 && report.tensors.rank == 1)
    let checked = try CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy)
    let layout = ArgumentLayout(try #require(checked.argument).verifier.statement)
    // A grid and shared tiles, with constants of their own.
    #expect(layout.entries.tiles.count >= 3 && Set(layout.entries.members.map(\.claim.square)).count == 3)
  }

  /// A linked identity, and what is proved with it.
  @Test func roundingCertificate() throws {
    let pinned = try PinnedCertificate.rounding.get()
    let report = try check("rounding", pinned, in: PinnedCertificate.roundingFolder, version: 8)
    #expect(report.policyName == "pinned rounding" && report.tensors.entrywise == 1 && report.tensors.composed == 3)
    #expect(report.rounded.map(\.name) == ["model.0.a.weight", "model.1.a.weight", "model.b.weight"])
    #expect(report.rounded[1].halfUlps.isEmpty && report.rounded[1].roundoffs != nil)
    // The certificate is about the tableau's root, and that identity alone.
    #expect(report.baseIdentity == pinned.identity.linkedRoot?.hexadecimal)
    #expect(report.baseIdentity != pinned.identity.rootHex)
    let linked = try #require(pinned.identity.linked)
    #expect(linked.bands == 1 && linked.tensors.count == 4 && linked.trees.count == 1)
    #expect(String(decoding: pinned.identityFile.prefix(19), as: UTF8.self) == "{\"driftIdentity\": 3")
    // Other bytes of it are another base.
    for (old, new) in [
      (linked.trees[0].root.hexadecimal, String(repeating: "0", count: 64)), ("\"bands\": 1", "\"bands\": 2"),
      ("\"driftIdentity\": 3", "\"driftIdentity\": 1"),
    ] {
      let text = String(decoding: pinned.identityFile, as: UTF8.self).replacing(old, with: new, maxReplacements: 1)
      #expect(throws: CheckpointError.self) { try BaseIdentity.parse(Array(text.utf8)) }
    }
  }

  /// A link with entrywise bounds, behind its parent.
  @Test func entrywiseLink() throws {
    let pinned = try PinnedCertificate.link.get()
    let folder = PinnedCertificate.linkFolder.appendingPathComponent("link")
    let parent = [UInt8](try Data(contentsOf: folder.appendingPathComponent("parent.drift")))
    #expect(try Certificate.parse(parent).manifest[0] == 6 && Certificate.parse(pinned.certificate).manifest[0] == 7)
    let links = [
      ChainVerifier.Input(name: "parent", certificate: parent, policyFile: pinned.policyFile),
      ChainVerifier.Input(name: "tuned", certificate: pinned.certificate, policyFile: pinned.policyFile),
    ]
    let report = try ChainVerifier.verify(links, identityFile: pinned.identityFile)
    #expect(report.failure == nil && report.links.count == 2)
    let stated = String(
      decoding: try Data(contentsOf: folder.appendingPathComponent("tuned-commitment.txt")), as: UTF8.self)
    let opening = try OpeningFile.parse(pinned.opening, path: "opening.json")
    #expect(opening.tunedCommitment.hexadecimal + "\n" == stated)
    #expect(try BaseIdentity.compute(checkpoint: Checkpoint.open(pinned.base)).jsonBytes() == pinned.identityFile)
    let model = TunedModel.checkpoint(
      try Checkpoint.open(pinned.tuned),
      base: try Checkpoint.open(folder.appendingPathComponent("parent.safetensors").path))
    let checked = try CertificateChecker.check(
      certificate: pinned.certificate, model: model, opening: opening, identity: pinned.identity)
    #expect(checked.tunedCommitment + "\n" == stated && checked.parent != nil)
    // Alone it says nothing.
    #expect(
      try ChainVerifier.verify([links[1]], identityFile: pinned.identityFile).failure != nil)
  }

  @Test func normCertificate() throws {
    let report = try check("norm", PinnedCertificate.norm.get())
    #expect(report.policyName == "pinned norm" && report.certifiedParameters == 16)
    #expect(report.tensors.norm == 1 && report.excluded.isEmpty)
  }

  @Test func certificateOfEveryClass() throws {
    let report = try check("classes", PinnedCertificate.classes.get())
    #expect(report.policyName == "pinned classes" && report.excluded == ["steps"])
    let counts = report.tensors
    #expect(counts.frozen == 1 && counts.norm == 2 && counts.rank == 1 && counts.sparse == 3 && counts.composed == 2)
  }

  /// Stage O, whose challenges and powers no other pin has.
  @Test func adapterCertificate() throws {
    let pinned = try PinnedCertificate.adapter.get()
    let report = try check("adapter", pinned)
    #expect(report.policyName == "pinned adapter" && report.adapter != nil && report.excluded.isEmpty)
    let checked = try CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy)
    let statement = try #require(checked.argument).verifier.statement
    let orthonormal = statement.tensors.filter(\.isOrthonormal)
    #expect(orthonormal.count == 2 && orthonormal.allSatisfy { $0.rows == 4 } && statement.totalBound != nil)
    #expect(statement.tensors.allSatisfy { $0.plainBound != nil })
  }

  /// Heads, tiles in a grid and a total whose limbs move to other lines.
  @Test func certificateOfHeadsAndTiles() throws {
    let pinned = try PinnedCertificate.heads.get()
    let report = try check("heads", pinned)
    #expect(report.policyName == "pinned heads" && report.excluded.isEmpty)
    let checked = try CheckedCertificate(pinned.certificate, identity: pinned.identity, policy: pinned.policy)
    let statement = try #require(checked.argument).verifier.statement
    #expect(statement.tensors.filter { $0.block != nil }.count == 4 && statement.totalBound != nil)
    let bits = statement.tensors.map(\.fractionBits)
    #expect((bits.max() ?? 0) - (bits.min() ?? 0) >= 8)
    let layout = TableauLayout(tensors: statement.tensors, logLength: statement.code.logLength)
    #expect(layout.blocks.contains { $0.tiles.count >= 3 })
  }

  /// One certificate does not stand for another's base or policy.
  @Test func theyAreNotExchangeable() throws {
    let (norm, classes) = (try PinnedCertificate.norm.get(), try PinnedCertificate.classes.get())
    for (certificate, identity, policy) in [
      (norm.certificate, classes.identityFile, classes.policyFile),
      (norm.certificate, norm.identityFile, classes.policyFile),
      (classes.certificate, norm.identityFile, classes.policyFile),
    ] {
      let error = #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: certificate, identityFile: identity, policyFile: policy)
      }
      #expect(error?.exitCode == 12)
    }
  }
}
