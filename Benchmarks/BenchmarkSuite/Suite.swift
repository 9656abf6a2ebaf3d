// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Runs cases one after the other, each in a process of its own, and writes results after every one.
package struct Suite {
  package struct Options: Sendable {
    package var size = SuiteSize.small
    /// Instead of the size's cases.
    package var cases: [BenchmarkCase] = []
    /// Overrides the cases' own number of runs.
    package var runs: Int?
    /// Where checkpoints are kept and looked for; nil: a temporary folder, emptied after each case.
    package var data: String?
    /// Where `results.json` and the plots are written.
    package var output = "out/benchmark"
    package var date: String?
    package var toolchain = "unknown"
    package var commit = ""
    /// Measure the machine's parts, too.
    package var measuresFloor = true
    /// Write `docs/performance.md`.
    package var publishes = false

    package init() {}
  }

  let options: Options
  /// This program, which runs single cases as a child.
  let program: String

  package init(options: Options, program: String) {
    self.options = options
    self.program = program
  }

  /// - Returns: the results; `failures` is not empty when a case failed.
  package func run() throws -> SuiteResults {
    let isTemporary = options.data == nil
    let data = options.data ?? NSTemporaryDirectory() + "driftproof-bench-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: options.output, withIntermediateDirectories: true)
    defer { if isTemporary { try? FileManager.default.removeItem(atPath: data) } }

    let path = "\(options.output)/results.json"
    let machine = MachineDescription.current(toolchain: options.toolchain, commit: options.commit)
    var results = SuiteResults(date: options.date ?? Self.today(), size: options.size.rawValue, machine: machine)
    // Single cases are put into the results of an earlier run.
    if !options.cases.isEmpty, let earlier = try? SuiteResults.load(path) {
      results = earlier
      results.date = options.date ?? Self.today()
      results.machine = machine
    }
    let cases = options.cases.isEmpty ? options.size.cases : options.cases
    for (index, benchmark) in cases.enumerated() {
      do {
        results.record(try run(benchmark, data: data))
      } catch {
        let failure = error as? CaseFailure ?? CaseFailure(name: benchmark.name, reason: "\(error)")
        Self.remark("FAILED \(failure.name): \(failure.reason)")
        results.record(failure)
      }
      try results.write(to: path)
      if isTemporary {
        let isLast = !cases[(index + 1)...].contains { $0.model == benchmark.model }
        if let model = ModelShape(named: benchmark.model) {
          CheckpointGenerator(model: model, directory: data).remove(isLast ? nil : benchmark.drift)
        }
      }
    }
    if options.measuresFloor {
      Self.remark("floor")
      results.floor = try FloorMeter.measure(
        file: Self.largeFile(of: cases, data: data), logLengths: options.size == .ci ? [14] : [17, 20, 23])
    }
    try results.write(to: path)
    for (file, text) in Plots.all(results) {
      try text.write(toFile: "\(options.output)/\(file)", atomically: true, encoding: .utf8)
    }
    return results
  }

  private func run(_ benchmark: BenchmarkCase, data: String) throws -> CaseResult {
    guard let model = ModelShape(named: benchmark.model) else {
      throw CaseFailure(name: benchmark.name, reason: "no such model")
    }
    let generator = CheckpointGenerator(model: model, directory: data)
    if !generator.isComplete(benchmark.drift) {
      Self.remark("\(benchmark.name): generating")
      _ = try generator.generate(benchmark.drift)
    }
    let runs = options.runs ?? benchmark.runs
    Self.remark("\(benchmark.name): proving, \(runs) \(runs == 1 ? "run" : "runs")")
    let file = "\(data)/case-\(ProcessInfo.processInfo.processIdentifier).json"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["run-case", benchmark.name, data, String(runs), file]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0,
      let bytes = FileManager.default.contents(atPath: file)
    else {
      let kind = process.terminationReason == .exit ? "exit code" : "signal"
      throw CaseFailure(name: benchmark.name, reason: "\(kind) \(process.terminationStatus)")
    }
    return try JSONDecoder().decode(CaseResult.self, from: bytes)
  }

  /// The child's part: proves a pair that exists and writes the result.
  package static func runCase(_ benchmark: BenchmarkCase, data: String, runs: Int, output: String) throws {
    guard let model = ModelShape(named: benchmark.model) else { return }
    let pair = CheckpointGenerator(model: model, directory: data).pair(benchmark.drift)
    let scratch = NSTemporaryDirectory() + "driftproof-case-\(ProcessInfo.processInfo.processIdentifier)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let result = try CaseRunner.run(benchmark, pair: pair, runs: runs, scratch: scratch)
    try encoded(result).write(to: URL(fileURLWithPath: output), options: .atomic)
  }

  /// A shard that is worth timing the disk with, if the data are still there.
  private static func largeFile(of cases: [BenchmarkCase], data: String) -> String? {
    let models = cases.compactMap { ModelShape(named: $0.model) }.filter { $0.byteCount > 1 << 28 }
    let paths = models.compactMap { CheckpointGenerator(model: $0, directory: data).firstShard }
    return paths.last { FileManager.default.fileExists(atPath: $0) }
  }

  private static func today() -> String {
    Date().formatted(.iso8601.year().month().day())
  }

  static func remark(_ text: String) {
    FileHandle.standardError.write(Data("benchmark: \(text)\n".utf8))
  }
}
