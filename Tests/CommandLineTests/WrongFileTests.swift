// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A file of the wrong kind: the message names it, what it seems to be, and the remedy.
@Suite struct WrongFileTests {
  private let folder: TemporaryFolder
  private let policy, identity, opening: String

  init() throws {
    folder = try TemporaryFolder()
    policy = try folder.write(
      "policy.json",
      Array(
        #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", "allow": "frozen"}]}"#.utf8))
    _ = try folder.checkpoint("base.safetensors", [("a", [2], [1, 2])])
    identity = folder.file("base.identity.json")
    #expect(try Tool.run("identify", folder.file("base.safetensors"), "-o", identity, "-q").exitCode == 0)
    opening = try folder.write("o.secret", Array(#"{"driftOpening": 1}"#.utf8))
  }

  private func verify(_ certificate: String, identity: String? = nil, policy: String? = nil) throws -> Run {
    try Tool.run(
      "verify", certificate, "--base-identity", identity ?? self.identity, "--policy", policy ?? self.policy, "-q")
  }

  private func expect(_ run: Run, _ exitCode: Int32, _ words: String..., line: Int = #line) {
    #expect(run.exitCode == exitCode, "line \(line): \(run.errors)")
    for word in words { #expect(run.errors.contains(word), "line \(line): \(run.errors)") }
  }

  @Test func certificates() throws {
    expect(try verify(policy), 11, policy, "a drift policy, not a certificate", "driftproof prove writes one")
    expect(try verify(opening), 11, "a secret opening, not a certificate")
    expect(try verify(folder.path), 11, "a folder, not a certificate")
    expect(try verify(folder.file("base.safetensors")), 11, "a safetensors file with weights, not a certificate")
    expect(
      try verify(try folder.write("c", Array("<!DOCTYPE html>".utf8))), 11, "a web page", "Download the file again")
    expect(try verify(try folder.write("c", Array("version https://git-lfs".utf8))), 11, "git lfs pull")
    expect(try verify(try folder.write("c", [])), 11, "an empty file")
  }

  @Test func identitiesAndPolicies() throws {
    let certificate = try folder.write("c.drift", Array("driftprf".utf8))
    expect(
      try verify(certificate, identity: folder.path), 1, "a folder, not a base identity",
      "driftproof identify BASE --out")
    expect(try verify(certificate, identity: policy), 1, "a drift policy, not a base identity")
    expect(try verify(certificate, identity: folder.file("base.safetensors")), 1, "with weights, not a base identity")
    expect(try verify(certificate, policy: identity), 1, "a base identity, not a policy", "policy init")
    expect(try verify(certificate, policy: certificate), 1, "a certificate of driftproof, not a policy")
    let marked = try folder.write(
      "marked.json", [0xEF, 0xBB, 0xBF] + Array(Data(contentsOf: URL(fileURLWithPath: policy))))
    expect(try verify(certificate, policy: marked), 1, marked, "byte order mark", "without it")
    // What a policy says in a comment does not make it another file.
    let text = "// architectures: \"architectures\", \"driftIdentity\"\n" + String(repeating: " ", count: 5000)
    let commented = try folder.write(
      "commented.json", Array(text.utf8) + Array(Data(contentsOf: URL(fileURLWithPath: policy))))
    let explained = try Tool.run("policy", "explain", commented, "--base", identity, "-q")
    #expect(explained.exitCode == 0, "\(explained.errors)")
  }

  @Test func weights() throws {
    func identify(_ path: String) throws -> Run { try Tool.run("identify", path, "-o", folder.file("i"), "-q") }
    expect(try identify(policy), 1, policy, "a drift policy", "name the file or folder with the weights")
    expect(try identify(try folder.write("x.gguf", Array("GGUF\u{3}\0\0\0".utf8))), 1, "GGUF", "safetensors")
    expect(try identify(try folder.write("x.bin", [0x50, 0x4B, 3, 4, 0, 0, 0, 0])), 1, "zip", "convert")
    expect(try identify(try folder.write("x.pt", [0x80, 2, 0x7D, 0x71, 0, 0, 0, 0])), 1, "pickle", "can run code")
    let link = folder.file("link.safetensors")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "blobs/gone")
    expect(try identify(link), 1, "a link to \"blobs/gone\"", "download it again")
  }

  @Test func openings() throws {
    let base = folder.file("base.safetensors")
    let run = try Tool.run(
      "prove", "--base", base, "--tuned", base, "--policy", policy, "--out", folder.file("c"), "--opening", policy, "-q"
    )
    expect(run, 1, "a drift policy, not a secret opening")
  }

  /// A model in more shards than this process may open.
  @Test func tooManyOpenFiles() throws {
    var map: [String] = []
    for index in 1...60 {
      let name = String(format: "model-%05d-of-00060.safetensors", index)
      _ = try folder.checkpoint(name, [("t\(index)", [1], [1])])
      map.append("\"t\(index)\": \"\(name)\"")
    }
    try folder.write("model.safetensors.index.json", Array("{\"weight_map\": {\(map.joined(separator: ", "))}}".utf8))
    try FileManager.default.removeItem(atPath: folder.file("base.safetensors"))
    let command = "ulimit -n 32; exec \"$0\" identify \"$1\" -o \"$2\" -q"
    let run = try Tool.run(
      executable: URL(fileURLWithPath: "/bin/sh"),
      ["-c", command, try Tool.program().path, folder.path, folder.file("i")])
    expect(run, 1, "Too many open files", "ulimit -n")
  }
}
