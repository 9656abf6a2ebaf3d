// SPDX-License-Identifier: Apache-2.0

// The benchmarks' command line; scripts/benchmark builds it and calls `suite`.
import BenchmarkSuite
import Foundation

let usage = """
  usage: DriftProofBenchmarks COMMAND
    suite [--size ci|small|full] [--case MODEL/DRIFT]... [--runs N] [--data DIR] [--out DIR] [--date TEXT]
          [--toolchain TEXT] [--commit TEXT] [--no-floor] [--publish]
                             prove and verify the cases; results.json and plots go to --out
    generate MODEL/DRIFT DIR write the pair of checkpoints and its policy below DIR
    floor [--file FILE]      measure the machine's parts
    document RESULTS.json    write docs/performance.md and its plots from earlier results
    table | 22M | case SIZE norm|rank|entries|rows [RUNS]
                             single matrices, the table of README
    curve-case SIZE [L [RUNS]]
                             a norm bound on a SIZE × SIZE matrix by the curve's backend, in rows of 2^L
    kernels [LOG] | curve [LOG] | curve-norm LOG L BITS | linear-algebra | commitment LOGLENGTH LOGBLOWUP ROWS [BANDS] | throughput | cost-table
                             the library's parts; the last three reach into it, see scripts/measure-machine

  models: mlp-6, resnet-50, llama-7b, transformer-20 ... transformer-33 (2^K parameters), and the small
  llama-1m, resnet-50-narrow; drifts: dense, lora, lora-all, rows, mixed

  """

func fail(_ text: String) -> Never {
  FileHandle.standardError.write(Data((text + "\n").utf8))
  exit(2)
}

/// Reads `suite`'s options; stops the program for wrong ones.
func suiteOptions(_ arguments: [String]) -> Suite.Options {
  var options = Suite.Options()
  var rest = arguments[...]
  while let option = rest.popFirst() {
    func value() -> String {
      guard let value = rest.popFirst() else { fail("\(option) needs a value\n\(usage)") }
      return value
    }
    switch option {
    case "--size":
      let name = value()
      guard let size = SuiteSize(rawValue: name) else { fail("no size is called \(name)\n\(usage)") }
      options.size = size
    case "--case":
      let name = value()
      guard let benchmark = BenchmarkCase(named: name) else { fail("no case is called \(name)\n\(usage)") }
      options.cases.append(benchmark)
    case "--runs":
      guard let runs = Int(value()), runs > 0 else { fail("--runs needs a positive number\n\(usage)") }
      options.runs = runs
    case "--data": options.data = value()
    case "--out": options.output = value()
    case "--date": options.date = value()
    case "--toolchain": options.toolchain = value()
    case "--commit": options.commit = value()
    case "--no-floor": options.measuresFloor = false
    case "--publish": options.publishes = true
    default: fail("unknown option \(option)\n\(usage)")
    }
  }
  return options
}

func runSuite(_ arguments: [String]) throws {
  let options = suiteOptions(arguments)
  let results = try Suite(options: options, program: CommandLine.arguments[0]).run()
  print(Tables.results(results))
  print(Tables.phases(results))
  if options.publishes { try PerformanceDocument.publish(results, repository: ".") }
  if !results.failures.isEmpty { exit(1) }
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first ?? "", Array(arguments.dropFirst())) {
case ("suite", let rest): try runSuite(rest)
case ("run-case", let rest) where rest.count == 4:
  guard let benchmark = BenchmarkCase(named: rest[0]), let runs = Int(rest[2]) else { fail(usage) }
  try Suite.runCase(benchmark, data: rest[1], runs: runs, output: rest[3])
case ("generate", let rest) where rest.count == 2:
  guard let benchmark = BenchmarkCase(named: rest[0]), let model = ModelShape(named: benchmark.model) else {
    fail("no case is called \(rest[0])\n\(usage)")
  }
  let start = ContinuousClock.now
  let pair = try CheckpointGenerator(model: model, directory: rest[1]).generate(benchmark.drift)
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  print("\(pair.base)\n\(pair.tuned)\n\(pair.policy)")
  print("\(Units.bytes(Double(model.byteCount))) in each checkpoint, \(Units.seconds(seconds))")
case ("floor", let rest) where rest.isEmpty || (rest.count == 2 && rest[0] == "--file"):
  var results = SuiteResults(date: "", size: "", machine: .current(toolchain: "", commit: ""))
  results.floor = try FloorMeter.measure(file: rest.last)
  print(Tables.floor(results))
case ("document", let rest) where rest.count == 1:
  try PerformanceDocument.publish(SuiteResults.load(rest[0]), repository: ".")
case ("table", let rest) where rest.isEmpty: try BlockTable.all()
case ("22M", let rest) where rest.isEmpty: try BlockTable.miniature()
case ("case", let rest):
  guard try BlockTable.single(rest) else { fail(usage) }
case ("kernels", let rest) where rest.count < 2:
  guard let log = Int(rest.first ?? "20"), (14...26).contains(log) else { fail("LOG is 14 to 26\n\(usage)") }
  var timings = KernelTimings(logLength: log)
  timings.run()
case ("curve", let rest) where rest.count < 2:
  guard let log = Int(rest.first ?? "16"), (10...22).contains(log) else { fail("LOG is 10 to 22\n\(usage)") }
  var timings = CurveTimings(log: log)
  try timings.run()
case ("curve-norm", let rest) where rest.count == 3:
  let numbers = rest.compactMap { Int($0) }
  guard numbers.count == 3, (8...28).contains(numbers[1]), (numbers[1]...28).contains(numbers[0]),
    (1...40).contains(numbers[2])
  else { fail("8 ≤ L ≤ LOG ≤ 28, 1 ≤ BITS ≤ 40\n\(usage)") }
  try CurveNormTimings.run(log: numbers[0], logLength: numbers[1], magnitude: numbers[2])
case ("curve-case", let rest) where (1...3).contains(rest.count):
  let numbers = rest.compactMap { Int($0) }
  guard numbers.count == rest.count, (16...8192).contains(numbers[0]),
    numbers.count < 2 || (8...26).contains(numbers[1]), numbers.count < 3 || numbers[2] > 0
  else { fail("16 ≤ SIZE ≤ 8192, 8 ≤ L ≤ 26\n\(usage)") }
  try CurveCase.run(
    size: numbers[0], logLength: numbers.count > 1 ? numbers[1] : nil, runs: numbers.count > 2 ? numbers[2] : 3)
case ("linear-algebra", let rest) where rest.isEmpty: try LinearAlgebraTimings.run()
case ("commitment", let rest) where rest.count == 3 || rest.count == 4:
  let numbers = rest.compactMap { Int($0) }
  guard numbers.count == rest.count else { fail(usage) }
  let timings = CommitmentTimings(logLength: numbers[0], logBlowup: numbers[1], rowCount: numbers[2])
  if numbers.count == 4 { try timings.inBands(numbers[3]) } else { try timings.run() }
case ("throughput", let rest) where rest.isEmpty: try ThroughputTimings.run()
case ("cost-table", let rest) where rest.isEmpty: try CostTimings.printTable()
default: fail(usage)
}
