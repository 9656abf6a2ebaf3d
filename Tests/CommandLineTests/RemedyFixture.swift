// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport

/// Checkpoints of any types, as the libraries write them, with made-up bytes.
struct RemedyFixture {
  let folder: TemporaryFolder
  static let projections = (0..<2).flatMap { layer in
    ["k", "q"].map { "model.layers.\(layer).self_attn.\($0)_proj.weight" }
  }
  static let names = ["model.embed_tokens.weight"] + projections + ["model.norm.weight"]

  init() throws { folder = try TemporaryFolder() }

  /// Weights of 8 × 8, all a little larger with `drift`.
  func model(_ file: String, drift: Float = 0, entry: Float? = nil, _ rename: (String) -> String = { $0 }) throws
    -> String
  {
    try folder.checkpoint(
      file,
      Self.names.enumerated().map { index, name in
        var values = (0..<64).map { Float(($0 * 37 + index * 11) % 64 - 31) / 64 + drift * Float($0 % 5) }
        if let entry, name == Self.projections[1] { values[5] = entry }
        return (rename(name), [8, 8], values)
      }.sorted { $0.0 < $1.0 })
  }

  /// The embedding and the norm as they are, each projection in parts of other types.
  func packed(
    _ file: String, weight: (String) -> String = { $0 }, _ parts: [(suffix: String, dtype: DataType)]
  ) throws -> String {
    var tensors: [(name: String, dtype: DataType, shape: [Int])] = []
    for name in Self.names {
      guard Self.projections.contains(name) else {
        tensors.append((name, .f32, [8, 8]))
        continue
      }
      for part in parts { tensors.append((weight(name) + part.suffix, part.dtype, [8])) }
    }
    tensors.sort { $0.name < $1.name }
    let writer = try SafetensorsWriter(
      path: folder.file(file), tensors: tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
    for tensor in tensors {
      let count = tensor.shape.reduce(1, *) * tensor.dtype.bits / 8
      try writer.append([UInt8](repeating: 0, count: count))
    }
    try writer.finish()
    return folder.file(file)
  }

  static let frozenRest = #"{"tensors": "*", "allow": "frozen"}"#
  static func norm(_ pattern: String) -> String {
    #"{"tensors": "\#(pattern)", "allow": {"norm": {"relative": 0.5}}}"#
  }

  func policy(_ rules: String...) throws -> String {
    let path = folder.file("policy.json")
    try #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [\#(rules.joined(separator: ","))]}"#
      .write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  func prove(base: String, tuned: String, policy: String, _ more: String...) throws -> Run {
    try Tool.run(
      [
        "prove", "--quiet", "--base", base, "--tuned", tuned, "--policy", policy, "--out", folder.file("c.drift"),
        "--opening", folder.file("o.secret"),
      ] + more)
  }

  /// The program under a shell's limits; standard output and error together, with the exit code in the last line.
  static func limited(_ limits: String, _ arguments: [String]) throws -> String {
    let quoted = ([try Tool.program().path] + arguments).map { "'\($0)'" }.joined(separator: " ")
    return try Tool.run(
      executable: URL(fileURLWithPath: "/bin/sh"),
      ["-c", "{ (\(limits); exec \(quoted)); echo \"exit $?\"; } 2>&1 | cat"]
    ).output
  }
}
