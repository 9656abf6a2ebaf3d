// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import Foundation

/// The pinned certificate's parts (Tests/Fixtures), and folders to put inputs into that must be files.
struct Pinned: Sendable {
  let certificate: [UInt8]
  let identity: BaseIdentity
  let policy: Policy

  /// The smallest one, and one with rounding bounds over an identity that commits to its base.
  static let shared = Pinned.read("pinned-v2/norm")
  static let rounding = Pinned.read("pinned-v8/rounding")
  /// One over an identity that hides its base's weights.
  static let hiding = Pinned.read("pinned-hiding/hiding")

  /// Of every tensor, by its weights: a half-ulp, roundoffs, and fractions.
  static let weightPolicies: [Policy] = [
    #"{"rank": 2, "rounding": {"halfUlps": 1.01}}"#, #"{"rounding": {"roundoffs": 1, "of": ["base", "update"]}}"#,
    #"{"entrywise": {"ofWeight": 0.01, "absolute": 0.001}}"#,
  ].compactMap { allow in
    let rules = #"[{"tensors": "*", "allow": \#(allow)}]"#
    return try? Policy.parse(
      Array(#"{"driftPolicy": 1, "name": "weights", "securityBits": 128, "rules": \#(rules)}"#.utf8))
  }

  private static func read(_ name: String) -> Pinned {
    do { return try Pinned(name) } catch { fatalError("the pinned certificate cannot be read: \(error)") }
  }

  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Tests/Fixtures")

  private init(_ name: String) throws {
    func read(_ file: String) throws -> [UInt8] {
      [UInt8](try Data(contentsOf: Self.fixtures.appendingPathComponent("\(name)/\(file)")))
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
