// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import Foundation

/// The pinned certificate's parts (Tests/Fixtures), and folders to put inputs into that must be files.
struct Pinned: Sendable {
  let certificate: [UInt8]
  let identity: BaseIdentity
  let policy: Policy

  static let shared: Pinned = {
    do { return try Pinned() } catch { fatalError("the pinned certificate cannot be read: \(error)") }
  }()

  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Tests/Fixtures/pinned-v2/norm")

  private init() throws {
    func read(_ file: String) throws -> [UInt8] {
      [UInt8](try Data(contentsOf: Self.fixtures.appendingPathComponent(file)))
    }
    certificate = try read("tuned.drift")
    identity = try BaseIdentity.parse(read("base.identity.json"))
    policy = try Policy.parse(read("policy.json"))
  }

  /// A folder of this process; with the shards that the seeds of `index` name.
  static func folder(_ target: String) -> URL { target == "index" ? indexFolder : safetensorsFolder }

  private static let safetensorsFolder = make("safetensors", shards: [])
  private static let indexFolder = make("index", shards: ["a", "b"])

  private static func make(_ target: String, shards: [String]) -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "driftproof-fuzz-\(target)-\(ProcessInfo.processInfo.processIdentifier)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for shard in shards {
        let writer = try SafetensorsWriter(
          path: folder.appendingPathComponent(shard).path, tensors: [.init(name: shard, dtype: .u8, shape: [1])])
        try writer.append([1])
        try writer.finish()
      }
    } catch {
      fatalError("\(folder.path): \(error)")
    }
    return folder
  }
}
