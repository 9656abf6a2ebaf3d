// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation

/// Single matrices of each drift class and one small checkpoint: the table that README shows.
enum BlockTable {
  /// Proves `runs` times in this process and prints one line of figures: medians, peak memory of the process.
  static func measure(
    _ name: String, shapes: [(name: String, rows: Int, columns: Int)], drift: SyntheticPair.Drift, runs: Int
  )
    throws
  {
    let folder = NSTemporaryDirectory() + "driftproof-bench-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let pair = try SyntheticPair(shapes: shapes, drift: drift, folder: folder)
    let policy = try Policy.parse(
      Array(
        """
        {"driftPolicy": 1, "name": "\(drift.rawValue)", "securityBits": 128,
         "rules": [{"tensors": "*", "allow": \(drift.allowance)}]}
        """.utf8))
    let base = try Checkpoint.open(pair.base)
    let tuned = try Checkpoint.open(pair.tuned)
    let identity = try BaseIdentity.compute(checkpoint: base)
    var prove: [Double] = []
    var verify: [Double] = []
    var last: ProveReport?
    for run in 0..<runs {
      let result = try DriftProver.prove(
        base: base, tuned: tuned, policy: policy, openingPath: folder + "/\(run).secret")
      last = result.report
      prove.append(result.report.totalSeconds)
      for _ in 0..<5 {
        let verified = try CertificateVerifier.verify(
          certificate: result.certificate, identity: identity, policy: policy)
        verify.append(verified.verifySeconds * 1000)
      }
    }
    guard let report = last else { return }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    let figures = [
      name, String(format: "%.2f", median(prove)), String(format: "%.1f", median(verify)),
      String(report.proofBytes), String(report.peakMemoryBytes >> 20),
    ]
    print("| " + figures.joined(separator: " | ") + " |")
    if ProcessInfo.processInfo.environment["DRIFTPROOF_PHASES"] != nil {
      for (phase, seconds) in report.phases { print("    \(phase): \(String(format: "%.3f", seconds)) s") }
      for (section, bytes) in report.proofSections { print("    \(section): \(bytes) bytes") }
    }
  }

  private static func runCase(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
  }

  /// Unbuffered: the children write to the same place.
  private static func printHeader() {
    let header = "| block | prove s | verify ms | proof bytes | peak MiB |\n|---|---|---|---|---|\n"
    FileHandle.standardOutput.write(Data(header.utf8))
  }

  /// `table`: 256², 1024², 4096² for each class, each in a process of its own, so that peak memory is the case's.
  static func all() throws {
    printHeader()
    for drift in SyntheticPair.Drift.allCases {
      for size in [256, 1024, 4096] { try runCase(["case", String(size), drift.rawValue]) }
    }
  }

  /// `case SIZE CLASS [RUNS]`; false for wrong arguments.
  static func single(_ arguments: [String]) throws -> Bool {
    guard arguments.count >= 2, let size = Int(arguments[0]), let drift = SyntheticPair.Drift(rawValue: arguments[1])
    else { return false }
    try measure(
      "\(size)² \(drift.rawValue)", shapes: [("w", size, size)], drift: drift,
      runs: arguments.count > 2 ? Int(arguments[2]) ?? 3 : 3)
    return true
  }

  /// `22M`: the shapes of a six-layer MiniLM: embeddings, attention, feed-forward; every tensor norm-bounded.
  static func miniature() throws {
    printHeader()
    var shapes = [("embeddings.word", 30522, 384), ("embeddings.position", 512, 384)]
    for layer in 0..<6 {
      for part in ["query", "key", "value", "output"] { shapes.append(("layer.\(layer).\(part)", 384, 384)) }
      shapes.append(("layer.\(layer).intermediate", 1536, 384))
      shapes.append(("layer.\(layer).feedforward", 384, 1536))
      shapes.append(("layer.\(layer).bias", 1, 384))
    }
    try measure("22M norm", shapes: shapes.map { (name: $0.0, rows: $0.1, columns: $0.2) }, drift: .norm, runs: 3)
  }
}
