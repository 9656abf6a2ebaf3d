// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// No command writes its result over one of its inputs, whatever the file is called.
@Suite(.serialized)
struct OutputPlaceTests {
  private let folder: TemporaryFolder
  private let base: String
  private let tuned: String
  private let policy: String

  init() throws {
    folder = try TemporaryFolder()
    for name in ["base", "tuned"] {
      try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
    }
    base = folder.file("base")
    tuned = folder.file("tuned")
    let weights = (0..<64).map { Float($0) / 64 }
    _ = try folder.checkpoint("base/model.safetensors", [("a.weight", [8, 8], weights)])
    _ = try folder.checkpoint("tuned/model.safetensors", [("a.weight", [8, 8], weights.map { $0 + 0.125 })])
    policy = folder.file("policy.json")
    try #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": "any"}]}"#
      .write(toFile: policy, atomically: true, encoding: .utf8)
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  private func expectRefused(_ arguments: [String], out: String) throws {
    let before = try bytes(out)
    let run = try Tool.run(arguments + ["--out", out])
    #expect(run.exitCode == 2 && run.errors.contains("would replace what"), "\(arguments): \(run.errors)")
    #expect(try bytes(out) == before)
  }

  @Test func inputsStay() throws {
    let proof = ["prove", "--base", base, "--tuned", tuned, "--policy", policy, "--opening", folder.file("o.secret")]
    try expectRefused(["identify", base], out: base + "/model.safetensors")
    try expectRefused(proof, out: tuned + "/model.safetensors")
    try expectRefused(proof, out: policy)
    // Under another name it is the same file.
    try FileManager.default.linkItem(atPath: policy, toPath: folder.file("other.json"))
    try FileManager.default.createSymbolicLink(atPath: folder.file("third.json"), withDestinationPath: policy)
    try expectRefused(proof, out: folder.file("other.json"))
    try expectRefused(proof, out: folder.file("third.json"))

    let certificate = folder.file("c.drift")
    #expect(try Tool.run(proof + ["--out", certificate]).exitCode == 0)
    let key = folder.file("key.pem")
    try "key".write(toFile: key, atomically: true, encoding: .utf8)
    try expectRefused(["attest", certificate, "--key", key], out: key)
    try expectRefused(["attest", certificate, "--key", key], out: certificate)
    try expectRefused(["report", certificate, "--base-identity", policy], out: certificate)
    // What is no input may be replaced, as before, also where it is kept beside the weights.
    #expect(try Tool.run("identify", base, "-o", base + "/identity.json").exitCode == 0)
    #expect(try Tool.run("identify", base, "-o", base + "/identity.json").exitCode == 0)
    #expect(try Tool.run("identify", base, "-o", folder.file("i.json")).exitCode == 0)
    #expect(try Tool.run("identify", base, "-o", folder.file("i.json")).exitCode == 0)
  }

  @Test func aFolderIsNoPlaceForACertificate() throws {
    let opening = folder.file("o.secret")
    let run = try Tool.run(
      "prove", "--base", base, "--tuned", tuned, "--policy", policy, "--opening", opening, "--out", folder.path)
    #expect(run.exitCode == 1 && run.errors.contains("it is a folder"))
    // Before the proof, which would have been counted.
    #expect(!FileManager.default.fileExists(atPath: opening))
  }

  @Test func aPolicyThatCoversNothingIsSaidToBeOne() throws {
    let (certificate, identity) = (folder.file("c.drift"), folder.file("i.json"))
    let proof = try Tool.run(
      "prove", "--base", base, "--tuned", tuned, "--policy", policy, "--opening", folder.file("o"), "--out", certificate
    )
    #expect(proof.exitCode == 0 && proof.output.contains("BUT NOTHING IS PROVED"))
    #expect(try Tool.run("identify", base, "-o", identity).exitCode == 0)
    let arguments = [certificate, "--base-identity", identity, "--policy", policy]
    let verified = try Tool.run(["verify"] + arguments)
    #expect(verified.exitCode == 0 && verified.output.contains("BUT NOTHING IS PROVED: the policy covers no tensor"))
    #expect(try Tool.run(["verify", "--json"] + arguments).json()["provesNothing"] as? Bool == true)
    let chain = try Tool.run(["chain", "verify"] + arguments)
    #expect(chain.output.contains("BUT NOTHING IS PROVED"))
    #expect(chain.output.contains("at most 0, without what is NOT COVERED"))
  }
}
