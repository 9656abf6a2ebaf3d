// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The drawings of one run of the suite.
package enum Plots {
  /// File name and SVG text of each.
  package static func all(_ results: SuiteResults) -> [(file: String, text: String)] {
    [
      ("phases.svg", phases(results)), ("scaling-time.svg", scalingTime(results)),
      ("scaling-memory.svg", scalingMemory(results)), ("scaling-proof.svg", scalingProof(results)),
      ("scaling-floor.svg", scalingFloor(results)), ("proof-bytes.svg", proofBytes(results)),
    ]
  }

  /// Shares of each case's time: cases differ by factors of thousands.
  private static func phases(_ results: SuiteResults) -> String {
    BarChart(
      title: "Where the prover's time goes", unit: "s",
      bars: results.cases.map { one in
        .init(label: one.name, parts: one.phases.map { ($0.name, $0.seconds) }, paper: nil)
      }, isShare: true, format: Units.seconds
    ).render()
  }

  private static func proofBytes(_ results: SuiteResults) -> String {
    let names = Sections.largest(results.cases.map(\.proofSections), count: SVG.palette.count - 1)
    return BarChart(
      title: "What a proof's bytes are", unit: "kB (diamond: the paper)",
      bars: results.cases.map { one in
        let paper = PaperFigures.entries.first { $0.counterpart == one.name }?.proofBytes
        return .init(
          label: one.name,
          parts: Sections.grouped(one.proofSections, into: names).map { ($0.name, Double($0.bytes) / 1000) },
          paper: paper.map { $0 / 1000 })
      }, isShare: false, format: { Units.bytes($0 * 1000) }
    ).render()
  }

  private static func scalingTime(_ results: SuiteResults) -> String {
    LogLogChart(
      title: "Proving time", xLabel: "parameters", yLabel: "seconds",
      series: series(results) { $0.medianProveSeconds },
      paper: PaperFigures.entries.map { ("\($0.name), \(PaperFigures.cores) cores", $0.parameters, $0.proveSeconds) },
      format: Units.seconds, tick: BarChart.tickText
    ).render()
  }

  private static func scalingMemory(_ results: SuiteResults) -> String {
    LogLogChart(
      title: "Prover's private memory, checkpoints not counted", xLabel: "parameters", yLabel: "bytes",
      series: series(results) { Double($0.peakPrivateBytes) }, paper: [("7B (its machine)", 6.74e9, 512e9)],
      format: Units.bytes, tick: Units.power
    ).render()
  }

  private static func scalingProof(_ results: SuiteResults) -> String {
    LogLogChart(
      title: "Proof size", xLabel: "parameters", yLabel: "bytes", series: series(results) { Double($0.proofBytes) },
      paper: PaperFigures.entries.compactMap { entry in
        entry.proofBytes.map { (entry.name, entry.parameters, $0) }
      }, format: Units.bytes, tick: Units.power
    ).render()
  }

  /// Core-nanoseconds of a certified parameter over the floor of the case's code.
  private static func scalingFloor(_ results: SuiteResults) -> String {
    LogLogChart(
      title: "Time over the floor of the machine's parts", xLabel: "parameters", yLabel: "measured / floor",
      series: series(results) { results.floor?.ratio($0, cores: results.machine.cores) }, paper: [],
      format: Units.digits, tick: Units.digits
    ).render()
  }

  /// The scaling family as a line, everything else as points by drift; cases without the figure are left out.
  private static func series(_ results: SuiteResults, _ figure: (CaseResult) -> Double?) -> [LogLogChart.Series] {
    func isFamily(_ one: CaseResult) -> Bool {
      one.model.hasPrefix("transformer-") && one.drift == ModelDrift.dense.rawValue
    }
    func points(_ cases: [CaseResult]) -> [(x: Double, y: Double)] {
      cases.compactMap { one in figure(one).map { (Double(one.parameters), $0) } }
    }
    var series = [
      LogLogChart.Series(
        name: "transformer family, dense", points: points(results.cases.filter(isFamily)), isLine: true)
    ]
    let others = results.cases.filter { !isFamily($0) }
    for drift in ModelDrift.allCases {
      let own = others.filter { $0.drift == drift.rawValue }
      if !own.isEmpty { series.append(.init(name: "others, \(drift.rawValue)", points: points(own), isLine: false)) }
    }
    return series
  }
}

/// Figures for people: three significant digits and a unit.
package enum Units {
  package static func seconds(_ value: Double) -> String {
    switch value {
    case 120...: "\(digits(value / 60)) min"
    case 1...: "\(digits(value)) s"
    case 0.001...: "\(digits(value * 1000)) ms"
    default: "\(digits(value * 1e6)) µs"
    }
  }

  package static func bytes(_ value: Double) -> String {
    switch value {
    case 1e9...: "\(digits(value / 1e9)) GB"
    case 1e6...: "\(digits(value / 1e6)) MB"
    case 1e3...: "\(digits(value / 1e3)) kB"
    default: "\(digits(value)) B"
    }
  }

  /// Bytes without needless zeros, for axes.
  static func power(_ value: Double) -> String {
    bytes(value).replacingOccurrences(of: ".00", with: "").replacingOccurrences(of: ".0 ", with: " ")
  }

  package static func count(_ value: Int) -> String {
    switch Double(value) {
    case 1e9...: "\(digits(Double(value) / 1e9)) G"
    case 1e6...: "\(digits(Double(value) / 1e6)) M"
    case 1e3...: "\(digits(Double(value) / 1e3)) k"
    default: "\(value)"
    }
  }

  /// Three significant digits, no exponents.
  package static func digits(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "0" }
    let places = max(0, 2 - Int(log10(abs(value)).rounded(.down)))
    return String(format: "%.*f", min(places, 6), value)
  }
}
