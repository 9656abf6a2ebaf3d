// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Foundation
import TestSupport
import Testing

/// Files of setups, honest and not, each with the check that stops it.
@Suite struct SetupTests {
  private static let tau = Fr(0x5A5A_1234)
  private static let log = 4
  private static let points = CurveCommitter.powers(of: tau, count: 1 << log)

  private static func key(_ tau: Fr) -> CurveSetupKey {
    CurveSetupKey(first: tau * G1.generator, second: tau * G2.generator, secondSquare: (tau * tau) * G2.generator)
  }

  /// A file of these powers.
  private func file(
    _ folder: TemporaryFolder, _ name: String = "setup", key: CurveSetupKey = key(tau), points: [G1] = points,
    origin: CurveSetupKey? = nil, contributions: [SetupContribution] = []
  ) throws -> SetupFile {
    let path = folder.file(name)
    try SetupFile.write(to: path, logLength: Self.log, key: key, origin: origin, contributions: contributions) {
      Array(points[$0])
    }
    return try SetupFile(path: path)
  }

  private func expect(
    _ error: CurveSetupError, key: CurveSetupKey = key(tau), _ change: (inout [G1]) -> Void = { _ in },
    location: SourceLocation = #_sourceLocation
  ) throws {
    var points = Self.points
    change(&points)
    let setup = try file(try TemporaryFolder(), key: key, points: points)
    #expect(throws: error, sourceLocation: location) { try setup.check() }
  }

  @Test func aSetupIsMadeCheckedAndUsed() throws {
    let folder = try TemporaryFolder()
    try SetupMaking.new(logLength: 5, to: folder.file("new"))
    let setup = try SetupFile(path: folder.file("new"))
    #expect(throws: Never.self) { try setup.check() }
    #expect(setup.logLength == 5 && setup.contributions.isEmpty && setup.origin == nil)
    #expect(KnownCurveSetup.with(id: setup.id) == nil)
    let honest = try file(folder)
    let checked = try CheckedSetup(honest)
    let committer = try checked.committer(log: 3)
    let reference = CurveCommitter(secret: Self.tau, logLength: 3)
    #expect(committer.commit([1, -2, 3], blinding: Fr(5)) == reference.commit([1, -2, 3], blinding: Fr(5)))
    #expect(honest.id == reference.key.id)
    #expect(throws: CurveSetupError.tooSmall(log: 5, have: 4)) { try checked.committer(log: 5) }
    #expect(throws: CurveSetupError.length(log: 27)) { try SetupMaking.new(logLength: 27, to: folder.file("x")) }
  }

  @Test func wrongPowersAreFound() throws {
    try expect(.powers) { $0[5] = $0[5] + .generator }
    try expect(.powers) { $0[15] = $0[14] }
    // A whole tail of another τ.
    try expect(.powers) { $0.replaceSubrange(8..., with: CurveCommitter.powers(of: Fr(9), count: 16)[8...]) }
    try expect(.firstPowers(index: 0)) { $0[0] = $0[1] }
    try expect(.firstPowers(index: 1)) { $0[1] = $0[2] }
  }

  @Test func nothingIsCommittedUnderAFileThatWasNotChecked() throws {
    // The key of a known τ, and a power of the attacker's choice: the id is right, and rows would be of other weights.
    let folder = try TemporaryFolder()
    var points = Self.points
    points[9] = points[9] + Fr(1234) * points[3]
    let setup = try file(folder, points: points)
    #expect(setup.id == Self.key(Self.tau).id)
    #expect(throws: CurveSetupError.powers) { try CheckedSetup(setup) }
    // Another file's check is none of this one's.
    let honest = try CheckedSetup(try file(folder, "honest"))
    #expect(throws: CurveSetupError.powers) { try CheckedSetup(setup, isRemembered: { $0 == honest.digest }) }
    #expect(throws: Never.self) { try CheckedSetup(honest.file, isRemembered: { $0 == honest.digest }) }
  }

  @Test func pointsOfSmallOrderAreNamed() throws {
    // (0, 2) has order 3: in G_x it would show a row's sum mod 3.
    let folder = try TemporaryFolder()
    let three = try #require(Fp(bigEndian: [UInt8](repeating: 0, count: 47) + [2]).flatMap { G1(x: .zero, y: $0) })
    #expect(!three.isInSubgroup)
    let setup = try file(
      folder, points: Self.points.enumerated().map { $0.offset == 6 ? $0.element + three : $0.element })
    #expect(throws: CurveSetupError.point(index: 6, reason: .wrongOrder)) { try setup.check() }
    // Infinity has an encoding of its own, which no writer makes.
    _ = try file(folder, "honest")
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("honest"))))
    let place = 252 + 96 * 7
    bytes.replaceSubrange(place..<place + 96, with: [0x40] + [UInt8](repeating: 0, count: 95))
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("zero")))
    let zero = try SetupFile(path: folder.file("zero"))
    #expect(throws: CurveSetupError.infinity(index: 7)) { _ = try zero.powers(0..<16, isOrderChecked: true) }
    #expect(throws: CurveSetupError.infinity(index: 7)) { try CheckedSetup(zero) }
  }

  @Test func keysOfAnotherTauAreFound() throws {
    let (key, other) = (Self.key(Self.tau), Self.key(Fr(7)))
    try expect(
      .secondGroup(power: 1), key: .init(first: key.first, second: other.second, secondSquare: key.secondSquare))
    try expect(
      .secondGroup(power: 2), key: .init(first: key.first, second: key.second, secondSquare: other.secondSquare))
    try expect(.infinity(index: nil), key: .init(first: .infinity, second: .infinity, secondSquare: .infinity))
    // A setup of one's own is well-formed, and has another id.
    #expect(other.id != key.id)
    #expect(throws: Never.self) { try other.check() }
  }

  @Test func contributionsAreAChain() throws {
    let folder = try TemporaryFolder()
    let first = try SetupMaking.contribute(to: try file(folder, "0"), writing: folder.file("1"))
    let second = try SetupMaking.contribute(to: try SetupFile(path: folder.file("1")), writing: folder.file("2"))
    let setup = try SetupFile(path: folder.file("2"))
    #expect(throws: Never.self) { try setup.check() }
    #expect(setup.contributions.map(\.digest) == [first.digest, second.digest])
    #expect(setup.origin?.id == Self.key(Self.tau).id && setup.id != setup.origin?.id)
    let points = try setup.powers(0..<16, isOrderChecked: true)
    func expect(_ error: CurveSetupError, _ contributions: [SetupContribution]) throws {
      let changed = try file(
        folder, "changed", key: setup.key, points: points, origin: setup.origin, contributions: contributions)
      #expect(throws: error) { try changed.check() }
    }
    let knowing = "its proof of knowing the factor is wrong"
    try expect(.contribution(index: 0, reason: knowing), [second, first])
    try expect(.contribution(index: 0, reason: knowing), [second])
    try expect(.contribution(index: 0, reason: "it does not end at the setup's τ"), [first])
  }

  @Test func aContributionCannotReplaceTau() throws {
    // Who puts a τ of their own in place knows its logarithm from the generator, not from the τ before.
    let before = Self.key(Self.tau)
    let own = Fr(0xABCD)
    let cheat = SetupContribution.make(factor: own, before: .generator, previous: before.id)
    #expect(cheat.first == own * G1.generator)
    #expect(throws: CurveSetupError.contribution(index: 3, reason: "its proof of knowing the factor is wrong")) {
      try cheat.check(index: 3, before: before.first, previous: before.id)
    }
    let honest = SetupContribution.make(factor: own, before: before.first, previous: before.id)
    #expect(throws: Never.self) { try honest.check(index: 0, before: before.first, previous: before.id) }
    // The same proof with the second group's factor of another number.
    let mixed = SetupContribution(
      first: honest.first, factor: Fr(3) * G2.generator, nonce: honest.nonce, response: honest.response)
    #expect(throws: CurveSetupError.self) { try mixed.check(index: 0, before: before.first, previous: before.id) }
    let nothing = SetupContribution.make(factor: .zero, before: before.first, previous: before.id)
    #expect(throws: CurveSetupError.contribution(index: 0, reason: "it multiplies by zero")) {
      try nothing.check(index: 0, before: before.first, previous: before.id)
    }
  }

  @Test func noBytesTrapTheReader() throws {
    let folder = try TemporaryFolder()
    try SetupFile.write(to: folder.file("s"), logLength: 1, key: Self.key(Self.tau)) { Array(Self.points[$0]) }
    _ = try SetupMaking.contribute(to: try SetupFile(path: folder.file("s")), writing: folder.file("t"))
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("t"))))
    func read(_ bytes: [UInt8]) throws -> SetupFile {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file("u")))
      return try SetupFile(path: folder.file("u"))
    }
    var random = SeededGenerator(seed: 4)
    for cut in stride(from: 0, to: bytes.count, by: 37) {
      #expect(throws: CurveSetupError.self) { try read(Array(bytes.prefix(cut))) }
    }
    #expect(throws: CurveSetupError.trailingBytes(count: 1)) { try read(bytes + [0]) }
    for _ in 0..<60 {
      var changed = bytes
      changed[random.below(bytes.count)] ^= UInt8(1 + random.below(255))
      #expect(throws: CurveSetupError.self) { try read(changed).check() }
    }
    var long = bytes
    long.replaceSubrange(8..<12, with: [60, 0, 0, 0])
    #expect(throws: CurveSetupError.length(log: 60)) { try read(long) }
    #expect(throws: CurveSetupError.self) { try SetupFile(path: folder.file("none")) }
  }

  @Test func ethereumsFormsAreImported() throws {
    let folder = try TemporaryFolder()
    let second = (0..<3).map { (Self.tau.power($0) * G2.generator).compressed.hexadecimal }
    let monomial = Self.points.map(\.compressed.hexadecimal)
    let lagrange = [String](repeating: G1.generator.compressed.hexadecimal, count: 16)
    func convert(_ text: String, log: Int? = nil) throws -> SetupFile {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("in")))
      return try SetupImport.convert(folder.file("in"), to: folder.file("out"), logLength: log)
    }
    let lines = (["16", "3"] + lagrange + second + monomial).joined(separator: "\n") + "\n"
    #expect(try convert(lines).id == Self.key(Self.tau).id)
    let short = try convert(lines, log: 2)
    #expect(short.logLength == 2 && short.id == Self.key(Self.tau).id)
    #expect(throws: CurveSetupError.tooSmall(log: 5, have: 4)) { try convert(lines, log: 5) }
    func quoted(_ points: [String]) -> String { "[" + points.map { "\"0x\($0)\"" }.joined(separator: ",") + "]" }
    let json = "{\"g1_lagrange\": \(quoted(lagrange)), \"g2_monomial\": \(quoted(second)), "
    #expect(try convert(json + "\"g1_monomial\": \(quoted(monomial))}").id == Self.key(Self.tau).id)
    let set = "{\"powersOfTau\": {\"G1Powers\": \(quoted(monomial)), \"G2Powers\": \(quoted(second))}}"
    #expect(try convert("{\"transcripts\": [\(set)]}").id == Self.key(Self.tau).id)
    // Only the Lagrange form.
    for text in [(["16", "3"] + lagrange + second).joined(separator: "\n"), json + "\"x\": 1}"] {
      do {
        _ = try convert(text)
        Issue.record("it was taken")
      } catch CurveSetupError.unusableForm(let why, let remedy) {
        #expect(why.contains("Lagrange") && remedy.contains("ckzg"))
      }
    }
    // A wrong power, a point that is none, and one that is missing.
    var wrong = monomial
    wrong[3] = wrong[4]
    #expect(throws: CurveSetupError.powers) {
      try convert((["16", "3"] + lagrange + second + wrong).joined(separator: "\n"))
    }
    wrong[3] = "00" + wrong[3].dropFirst(2)
    #expect(throws: CurveSetupError.point(index: 3, reason: .compressionFlag(expected: true))) {
      try convert((["16", "3"] + lagrange + second + wrong).joined(separator: "\n"))
    }
    #expect(throws: CurveSetupError.self) { try convert(lines + "00\n") }
    #expect(throws: CurveSetupError.self) { try convert("hello\n") }
    #expect(throws: CurveSetupError.self) { try convert("{}") }
  }

  @Test func zcashsFormIsImportedAndOtherCurvesAreRefused() throws {
    let folder = try TemporaryFolder()
    func convert(_ bytes: [UInt8], log: Int? = nil) throws -> SetupFile {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file("in")))
      return try SetupImport.convert(folder.file("in"), to: folder.file("out"), logLength: log)
    }
    // N = 8: 15 powers, 8 in the second group, α and β, and β in the second.
    var bytes = [UInt8](repeating: 1, count: 64)
    bytes += Self.points.prefix(15).flatMap(\.uncompressed)
    for x in 0..<8 { bytes += (Self.tau.power(x) * G2.generator).uncompressed }
    for factor in [Fr(11), Fr(13)] { bytes += Self.points.prefix(8).flatMap { (factor * $0).uncompressed } }
    bytes += (Fr(13) * G2.generator).uncompressed
    let setup = try convert(bytes)
    #expect(setup.logLength == 3 && setup.id == Self.key(Self.tau).id)
    #expect(try convert(bytes, log: 2).logLength == 2)
    #expect(throws: CurveSetupError.tooSmall(log: 4, have: 3)) { try convert(bytes, log: 4) }
    // snarkjs: "ptau", version 1, 11 sections, section 1 of 44 bytes, primes of 32 bytes.
    var ptau = Array("ptau".utf8) + [1, 0, 0, 0, 11, 0, 0, 0, 1, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0]
    ptau += [UInt8](repeating: 0x47, count: 32) + [UInt8](repeating: 0, count: 100)
    do {
      _ = try convert(ptau)
      Issue.record("it was taken")
    } catch CurveSetupError.otherCurve(let curve) {
      #expect(curve.contains("BN254"))
    }
  }

  @Test func knownSetupsHaveTheirIds() {
    #expect(KnownCurveSetup.all.allSatisfy { $0.id.count == 32 })
    #expect(KnownCurveSetup.all.first?.id.hexadecimal.hasPrefix("b6d0dd6a") == true)
    // Cheon's attack: 121.4 bits for 2^12 powers, 113.9 for 2^27.
    #expect(abs(CurveSecurity.genericBits(logPowers: 12) - 121.4) < 0.1)
    #expect(abs(CurveSecurity.genericBits(logPowers: 27) - 113.9) < 0.1)
  }
}
