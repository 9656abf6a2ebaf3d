// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
@testable import DriftProofEnclave
import Foundation
import TestSupport

/// Chains of certificates that openssl makes, and quotes that their keys sign.
struct QuoteFixture {
  static let isThere = ["/usr/bin/openssl", "/usr/local/bin/openssl"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func path(_ name: String) -> String { folder.file(name) }

  @discardableResult
  func openssl(_ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A key and its certificate, signed by `issuer` or by itself.
  func certify(
    _ name: String, by issuer: String? = nil, isRSA: Bool = false, extensions: String = "", days: Int = 2
  ) throws -> QuoteCertificate {
    if isRSA {
      try openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path(name + ".key"))
    } else {
      try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", path(name + ".key"))
    }
    try ("[ext]\n" + extensions + "\n").write(toFile: path(name + ".cnf"), atomically: true, encoding: .utf8)
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:48"]
    try openssl("req", "-new", "-key", path(name + ".key"), "-subj", "/CN=\(name)", "-out", path(name + ".csr"))
    let signer = issuer ?? name
    let isSignedByRSA = issuer.map { FileManager.default.fileExists(atPath: path($0 + ".rsa")) } ?? isRSA
    if isRSA { FileManager.default.createFile(atPath: path(name + ".rsa"), contents: nil) }
    var arguments = [
      "x509", "-req", "-sha384", "-in", path(name + ".csr"), "-days", "\(days)", "-extfile", path(name + ".cnf"),
      "-extensions", "ext", "-outform", "DER", "-out", path(name + ".der"),
    ]
    arguments +=
      issuer == nil
      ? ["-signkey", path(name + ".key")]
      : [
        "-CA", path(signer + ".der"), "-CAkey", path(signer + ".key"), "-CAform", "DER", "-set_serial",
        "\(name.count + 7)",
      ]
    if isSignedByRSA { arguments += pss }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return try QuoteCertificate(der: bytes(name + ".der"))
  }

  static let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash"

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

  /// r and s, 48 bytes each, big-endian.
  func sign(_ message: [UInt8], by name: String) throws -> (r: [UInt8], s: [UInt8]) {
    try Data(message).write(to: URL(fileURLWithPath: path("message")))
    try openssl("dgst", "-sha384", "-sign", path(name + ".key"), "-out", path("signature"), path("message"))
    let der = try bytes("signature")
    // SEQUENCE of two INTEGERs, each below 128 bytes.
    func number(at place: Int) -> (bytes: [UInt8], end: Int) {
      let end = place + 2 + Int(der[place + 1])
      let value = Array(der[(place + 2)..<end].drop { $0 == 0 })
      return ([UInt8](repeating: 0, count: 48 - value.count) + value, end)
    }
    let r = number(at: 2)
    return (r.bytes, number(at: r.end).bytes)
  }

  static let binding = QuoteBinding(
    planDigest: [UInt8](repeating: 1, count: 32), modelDigest: nil, commitment: [UInt8](repeating: 2, count: 32),
    party: .client(transcriptRoot: [UInt8](repeating: 3, count: 32)))
}
