// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// What a run of the program left.
struct Run {
  let exitCode: Int32
  let output: String
  let errors: String

  /// The output as the one JSON object that it must be.
  func json() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any])
  }
}

/// The built program, run as a user runs it.
enum Tool {
  static func run(_ arguments: String...) throws -> Run { try run(arguments) }

  static func run(_ arguments: [String]) throws -> Run { try run(executable: program(), arguments) }

  /// Another program, such as a shell.
  static func run(
    executable: URL, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Run {
    let folder = try TemporaryFolder()
    // Files, not pipes: nothing can block, however much is printed.
    let (output, errors) = (folder.file("output"), folder.file("errors"))
    for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    // What the program remembers of setups does not go into the home of who runs the tests.
    let cache = FileManager.default.temporaryDirectory.appendingPathComponent("driftproof-tests-cache").path
    process.environment = ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": cache]) { $1 }
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit)
    return Run(
      exitCode: process.terminationStatus, output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }

  /// Built into the folder of the test bundle, or one above it.
  static func program() throws -> URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent("driftproof")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
      folder.deleteLastPathComponent()
    }
    throw NotBuilt(testBundle: CommandLine.arguments[0])
  }

  struct NotBuilt: Error {
    let testBundle: String
  }
}

extension TemporaryFolder {
  /// Writes a checkpoint of F32 tensors and returns its path.
  func checkpoint(
    _ name: String, _ tensors: [(name: String, shape: [Int], values: [Float])], isHalf: Bool = false
  ) throws -> String {
    let writer = try SafetensorsWriter(
      path: file(name), tensors: tensors.map { .init(name: $0.name, dtype: isHalf ? .bf16 : .f32, shape: $0.shape) })
    for tensor in tensors {
      if isHalf {
        try writer.append(words: tensor.values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) })
      } else {
        try writer.append(words: tensor.values.map(\.bitPattern))
      }
    }
    try writer.finish()
    return file(name)
  }
}
