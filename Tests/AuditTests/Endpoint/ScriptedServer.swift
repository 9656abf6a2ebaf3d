// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditEndpoint
import Foundation
import TestSupport

/// Tests/Audit/scripted_server.py, on a free port; it ends with the object.
final class ScriptedServer {
  static let isThere = ["/usr/bin/python3", "/usr/local/bin/python3"].contains {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static let script = Repository.root.appendingPathComponent("Tests/Audit/scripted_server.py").path

  /// The command as `--serve` takes it.
  static func command(_ behaviour: String...) -> String { command(behaviour) }

  static func command(_ behaviour: [String]) -> String {
    "python3 \"\(script)\" {port} " + behaviour.joined(separator: " ")
  }

  let server: ModelServer
  private let folder: TemporaryFolder
  private let client = HTTPClient(usesProxies: false)

  init(_ behaviour: String..., hiding: [String] = []) throws {
    folder = try TemporaryFolder()
    let options = ["--log", folder.file("log")] + behaviour
    server = try ModelServer.ready(
      command: Self.command(options), hiding: hiding, log: folder.file("output"), client: client, seconds: 20)
  }

  deinit {
    server.end()
  }

  var origin: String { server.origin }

  /// What came in: paths, headers and bodies.
  var log: String { (try? String(contentsOfFile: folder.file("log"), encoding: .utf8)) ?? "" }
}
