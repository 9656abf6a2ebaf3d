// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Fills the template of `docs/performance.md`, so that no figure in it is typed by hand.
package enum PerformanceDocument {
  /// A name between double braces in the template, such as `{{results}}`.
  static func values(_ results: SuiteResults) -> [(name: String, text: String)] {
    [
      ("machine", Tables.machine(results)), ("results", Tables.results(results)),
      ("targets", Tables.targets(results)), ("phases", Tables.phases(results)),
      ("proof sections", Tables.proofSections(results)), ("floor", Tables.floor(results)),
      ("against floor", Tables.againstFloor(results)), ("dominant", dominant(results)),
    ]
  }

  /// - Throws: `UnknownPlaceholder` for a name in the template that has no value.
  package static func fill(template: String, results: SuiteResults) throws -> String {
    var text = template
    for (name, value) in values(results) {
      text = text.replacingOccurrences(of: "{{\(name)}}\n", with: value)
        .replacingOccurrences(of: "{{\(name)}}", with: value)
    }
    if let start = text.range(of: "{{") { throw UnknownPlaceholder(text: String(text[start.lowerBound...].prefix(40))) }
    return text
  }

  struct UnknownPlaceholder: Error, Equatable {
    let text: String
  }

  /// The phases that take most of the largest case.
  static func dominant(_ results: SuiteResults) -> String {
    guard let largest = results.cases.max(by: { $0.parameters < $1.parameters }) else { return "" }
    let total = max(largest.phases.reduce(0) { $0 + $1.seconds }, 1e-9)
    let parts = largest.phases.sorted { $0.seconds > $1.seconds }.prefix(4).map {
      "\($0.name) \(Int((100 * $0.seconds / total).rounded())) %"
    }
    return "\(largest.name): \(parts.joined(separator: ", "))"
  }

  /// Writes `performance.md` and the plots under `docs`, from the template in the benchmarks' folder.
  /// - Parameter repository: the root of the working tree.
  package static func publish(_ results: SuiteResults, repository: String) throws {
    let template = try String(contentsOfFile: "\(repository)/Benchmarks/performance.template.md", encoding: .utf8)
    let folder = "\(repository)/docs/performance"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try results.write(to: "\(folder)/results.json")
    for (file, text) in Plots.all(results) {
      try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
    }
    try fill(template: template, results: results)
      .write(toFile: "\(repository)/docs/performance.md", atomically: true, encoding: .utf8)
  }
}
