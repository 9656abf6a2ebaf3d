// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofProving
import DriftProofArgumentProver
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Proofs whose workers are processes of the built program.
@Suite struct WorkerProcessTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let tuned: Checkpoint
  private let policy: Policy

  private static let tensorCount = 17

  /// Small tensors that share no row, each with clauses of its own forms: a tableau of more than two blocks of eight rows.
  init() throws {
    folder = try TemporaryFolder()
    base = try Self.write("base", in: folder)
    tuned = try Self.write("tuned", in: folder) { $0[1][1] = 0.25 }
    let rules = (0..<Self.tensorCount).map { number in
      // Lists of one to four clauses, each exact or with a residual, are as many signatures (docs/protocol.md section 3).
      let code = number + 2
      let clauses = (0..<code.bitWidth - code.leadingZeroBitCount - 1).map { place in
        code >> place & 1 == 1 ? #"{"rows": 1}"# : #"{"rows": 1, "residual": {"absolute": 0.01}}"#
      }
      return "{ \"tensors\": \"t\(10 + number)\", \"allow\": [ \(clauses.joined(separator: ", ")) ] }"
    }
    policy = try Policy.parse(
      Array(
        "{ \"driftPolicy\": 1, \"name\": \"workers\", \"securityBits\": 128, \"rules\": [\(rules.joined(separator: ","))] }"
          .utf8))
  }

  /// - Parameter change: of the four rows of each tensor.
  private static func write(
    _ name: String, in folder: TemporaryFolder, count: Int = tensorCount, change: (inout [[Float]]) -> Void = { _ in }
  ) throws -> Checkpoint {
    let path = folder.file(name + ".safetensors")
    let writer = try SafetensorsWriter(
      path: path,
      tensors: (0..<count).map { .init(name: "t\(10 + $0)", dtype: .f32, shape: [4, 16]) })
    var random = SeededGenerator(seed: 16)
    for _ in 0..<count {
      var rows = (0..<4).map { _ in (0..<16).map { _ in random.signed() } }
      change(&rows)
      try writer.append(words: rows.joined().map(\.bitPattern))
    }
    try writer.finish()
    return try Checkpoint.open(path)
  }

  /// Built into the folder of the test bundle, or one above it.
  private static func program() throws -> String {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent("driftproof")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate.path }
      folder.deleteLastPathComponent()
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// With fixed randomness.
  private func request(_ name: String, workers: Int?, program: String? = nil) throws -> DriftProver.Request {
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file("opening \(name)"))
    request.bands = 3
    request.workers = workers
    request.workerProcesses = program.map { ($0, WorkerFiles(base: base.path, tuned: tuned.path)) }
    let inputs = ProofSession.fingerprint(
      request.model, policy: policy, identity: nil, proofs: request.proofs, bands: request.bands)
    request.session = try ProofSession(
      path: folder.file("state \(name)"), inputs: inputs, secret: nil, entropy: [UInt8](repeating: 5, count: 32),
      freshSecret: [UInt8](repeating: 6, count: 32))
    return request
  }

  /// A program that is `driftproof worker`, but for what a shell makes of its input and output.
  private func script(_ name: String, _ line: String) throws -> String {
    let path = try folder.write(name, Array("#!/bin/sh\n\(line)\n".utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  @Test func processesMakeTheSameCertificate() throws {
    let alone = try DriftProver.prove(request("alone", workers: nil))
    let program = try Self.program()
    for workers in [2, 3] {
      let spread = try DriftProver.prove(request("\(workers)", workers: workers, program: program))
      #expect(spread.certificate == alone.certificate)
    }
  }

  /// A worker that ends, or whose bytes are no frames of this job, at several places: a reason, and no certificate.
  @Test func lostWorkersEndTheProof() throws {
    let program = "'\(try Self.program())'"
    var lines = [
      ("exit 3", "it has ended"), ("cat", "no frame"), ("cat /dev/zero", "no frame"),
    ]
    // The end of its input is what a worker leaves at: after the hello, with the job, amid the rounds.
    for count in [32, 300, 4000] {
      lines.append(("dd bs=1 count=\(count) 2>/dev/null | \(program) worker 2>/dev/null", "it has ended"))
    }
    // Its answers go on with others' bytes.
    for count in [200, 3000] {
      lines.append(("\(program) worker 2>/dev/null | (dd bs=1 count=\(count) 2>/dev/null; cat /dev/zero)", "sealed"))
    }
    for (index, (line, reason)) in lines.enumerated() {
      let script = try script("worker \(index)", line)
      let error = #expect(throws: DriftProofError.self) {
        _ = try DriftProver.prove(request("lost \(index)", workers: 2, program: script))
      }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains("worker 1 is lost") && text.contains(reason), "\(line): \(text)")
    }
    let missing = #expect(throws: DriftProofError.self) {
      _ = try DriftProver.prove(request("missing", workers: 2, program: folder.file("nothing")))
    }
    #expect(missing.map { "\($0)".contains("cannot be started") } == true)
  }

  /// A worker that finds other files finds another statement, or none.
  @Test func workersWithOtherFiles() throws {
    var request = try request("other", workers: 2, program: Self.program())
    request.workerProcesses?.files.tuned = try Self.write("fewer", in: folder, count: 16) { $0[1][1] = 0.25 }.path
    let lost = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    #expect(
      lost.map { "\($0)".contains("worker 1 is lost") && "\($0)".contains("t26") } == true,
      "\(String(describing: lost))")
    // The same names and shapes, and other weights: the coordinator's supports do not explain them.
    request = try self.request("moved", workers: 2, program: Self.program())
    request.workerProcesses?.files.tuned = try Self.write("moved", in: folder) { rows in
      rows[1][1] = 0.25
      rows[2][2] = 9
    }.path
    let moved = #expect(throws: DriftProofError.self) { _ = try DriftProver.prove(request) }
    #expect(moved != nil)
  }
}
