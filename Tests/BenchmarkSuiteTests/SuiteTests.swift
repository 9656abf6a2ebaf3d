// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import BenchmarkSuite

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct SuiteTests {
  private func result(_ name: String, in folder: TemporaryFolder) throws -> CaseResult {
    let benchmark = try #require(BenchmarkCase(named: name))
    let model = try #require(ModelShape(named: benchmark.model))
    let pair = try CheckpointGenerator(model: model, directory: folder.path).generate(benchmark.drift)
    return try CaseRunner.run(benchmark, pair: pair, runs: 1, scratch: folder.path)
  }

  /// The generated policies are tight, so a drift that is not what it should be is refused here.
  @Test(arguments: ModelDrift.allCases)
  func everyDriftIsProvedUnderItsPolicy(drift: ModelDrift) throws {
    let folder = try TemporaryFolder()
    for model in ["llama-1m", "resnet-50-narrow"] {
      let result = try result("\(model)/\(drift.rawValue)", in: folder)
      #expect(result.verified)
      #expect(result.securityBits >= 128)
      #expect(result.certifiedParameters + result.frozenParameters == result.parameters)
      #expect((result.frozenParameters == 0) == (drift == .dense))
      #expect(result.proofSections.reduce(0) { $0 + $1.bytes } == result.proofBytes)
      #expect(FloorResult.blowup(code: result.code) != nil)
    }
  }

  /// Everything that docs/performance.md and its plots are made from, in the JSON and not empty.
  @Test func theJSONHasAllFieldsAndFillsTheDocument() throws {
    let folder = try TemporaryFolder()
    var results = SuiteResults(
      date: "2026-01-01", size: "ci", machine: .current(toolchain: "Swift", commit: "0123456"))
    results.record(try result("mlp-6/dense", in: folder))
    results.record(try result("transformer-20/rows", in: folder))
    results.floor = try FloorMeter.measure(logLengths: [12])
    try results.write(to: folder.path + "/results.json")
    #expect(try SuiteResults.load(folder.path + "/results.json") == results)

    let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/results.json"))
    let json = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
    for key in ["format", "date", "size", "machine", "cases", "failures", "floor"] {
      #expect(json[key] != nil, "\(key)")
    }
    let cases = try #require(json["cases"] as? [[String: Any]])
    #expect(cases.count == 2)
    for one in cases {
      for key in [
        "parameters", "certifiedParameters", "checkpointBytes", "medianProveSeconds", "nanosecondsPerParameter",
        "nanosecondsPerCertifiedParameter", "coreNanosecondsPerParameter", "processorSeconds", "peakMemoryBytes",
        "peakPrivateBytes", "medianVerifyMilliseconds", "identifySeconds", "proofBytes", "certificateBytes",
      ] {
        #expect((one[key] as? Double ?? 0) > 0, "\(key)")
      }
      for key in ["phases", "proofSections", "proveSeconds", "verifyMilliseconds"] {
        #expect((one[key] as? [Any])?.isEmpty == false, "\(key)")
      }
      #expect((one["otherCores"] as? Double ?? -1) >= 0)
      #expect(one["verified"] as? Bool == true)
    }

    let template = try String(contentsOfFile: Self.repository + "/Benchmarks/performance.template.md", encoding: .utf8)
    let text = try PerformanceDocument.fill(template: template, results: results)
    #expect(text.contains("mlp-6/dense") && text.contains("0123456") && !text.contains("{{"))
    #expect(throws: PerformanceDocument.UnknownPlaceholder.self) {
      try PerformanceDocument.fill(template: template + "{{no such value}}", results: results)
    }
    for (file, text) in Plots.all(results) {
      let parser = XMLParser(data: Data(text.utf8))
      #expect(parser.parse(), "\(file)")
      #expect(!text.contains("nan") && text.contains("prefers-color-scheme: dark"), "\(file)")
      #expect(template.contains("performance/\(file)"), "\(file)")
    }
  }

  /// A child that fails is a failure of its case, not the end of the suite, and replaces an older result.
  @Test func aFailedCaseIsRecorded() throws {
    let folder = try TemporaryFolder()
    var options = Suite.Options()
    options.cases = [try #require(BenchmarkCase(named: "mlp-6/rows"))]
    options.output = folder.path + "/out"
    options.data = folder.path + "/data"
    options.measuresFloor = false
    try FileManager.default.createDirectory(atPath: options.output, withIntermediateDirectories: true)
    var earlier = SuiteResults(date: "", size: "small", machine: .current(toolchain: "", commit: ""))
    earlier.record(try result("mlp-6/rows", in: folder))
    try earlier.write(to: options.output + "/results.json")
    let results = try Suite(options: options, program: "/bin/false").run()
    #expect(results.cases.isEmpty)
    #expect(results.failures == [CaseFailure(name: "mlp-6/rows", reason: "exit code 1")])
    #expect(try SuiteResults.load(options.output + "/results.json") == results)
  }

  @Test func everyCaseOfEverySizeExists() {
    for size in SuiteSize.allCases {
      let names = size.cases.map(\.name)
      #expect(Set(names).count == names.count)
      for name in names { #expect(BenchmarkCase(named: name) != nil, "\(name)") }
    }
    #expect(BenchmarkCase(named: "mlp-6") == nil)
    #expect(BenchmarkCase(named: "mlp-6/none") == nil)
  }

  @Test func blowupsAreReadFromCodes() {
    #expect(FloorResult.blowup(code: "l 17, rate 1/8, 131 queries, 20 bits of grinding") == 8)
    #expect(FloorResult.blowup(code: "") == nil)
  }

  private static let repository = Repository.root.path
}
