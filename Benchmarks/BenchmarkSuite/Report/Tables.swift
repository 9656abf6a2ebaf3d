// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Tables of a run in Markdown; the figures of `docs/performance.md` and of the terminal.
package enum Tables {
  static func markdown(_ header: [String], _ rows: [[String]]) -> String {
    let lines = [header, header.map { _ in "---" }] + rows
    return lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n") + "\n"
  }

  package static func results(_ results: SuiteResults) -> String {
    markdown(
      [
        "case", "parameters", "certified", "prove", "ns/param", "core-ns/param", "processor", "private memory",
        "peak memory", "verify", "proof",
      ],
      results.cases.map { one in
        [
          one.name, Units.count(one.parameters), Units.count(one.certifiedParameters),
          Units.seconds(one.medianProveSeconds), Units.digits(one.nanosecondsPerParameter),
          Units.digits(one.coreNanosecondsPerParameter), Units.seconds(one.processorSeconds),
          Units.bytes(Double(one.peakPrivateBytes)), Units.bytes(Double(one.peakMemoryBytes)),
          Units.digits(one.medianVerifyMilliseconds) + " ms", Units.bytes(Double(one.proofBytes)),
        ]
      } + results.failures.map { [$0.name, "did not end: \($0.reason)"] + [String](repeating: "", count: 9) })
  }

  /// Seconds of every phase: columns are the phases that any case has, the longest (by share) first.
  package static func phases(_ results: SuiteResults) -> String {
    var shares: [String: Double] = [:]
    for one in results.cases {
      let total = one.phases.reduce(0) { $0 + $1.seconds }
      for phase in one.phases { shares[phase.name, default: 0] += phase.seconds / max(total, 1e-9) }
    }
    let names = shares.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map(\.key)
    return markdown(
      ["seconds"] + names,
      results.cases.map { one in
        [one.name] + names.map { name in one.phases.first { $0.name == name }.map { Units.digits($0.seconds) } ?? "" }
      })
  }

  /// Columns: the kinds of message with most bytes, the rest in one.
  package static func proofSections(_ results: SuiteResults) -> String {
    let names = Sections.largest(results.cases.map(\.proofSections), count: 9)
    return markdown(
      ["bytes"] + names + [Sections.others, "proof", "code"],
      results.cases.map { one in
        [one.name] + Sections.grouped(one.proofSections, into: names).map { String($0.bytes) }
          + [String(one.proofBytes), one.code]
      })
  }

  package static func machine(_ results: SuiteResults) -> String {
    let machine = results.machine
    return markdown(
      ["", ""],
      [
        ["date", results.date], ["processor", "\(machine.processor), \(machine.cores) cores"],
        ["vector extensions", machine.vectorExtensions.joined(separator: ", ")],
        ["memory", Units.bytes(Double(machine.memoryBytes))], ["system", machine.system],
        ["toolchain", machine.toolchain], ["kernels", machine.kernelPath],
        ["commit", machine.commit], ["size of the suite", results.size],
        ["cores used by others meanwhile, at most", Units.digits(results.cases.map(\.otherCores).max() ?? 0)],
      ])
      + (results.isDisturbed
        ? "\n**The machine was busy with other work: times are too long and not comparable.**\n" : "")
  }

  /// The paper's figures beside ours; a target is met when ours is no larger.
  package static func targets(_ results: SuiteResults) -> String {
    var rows: [[String]] = []
    func row(_ name: String, _ figure: String, paper: Double, ours: Double?, _ format: (Double) -> String) {
      rows.append([
        name, figure, format(paper), ours.map(format) ?? "not measured",
        ours.map { String(format: "%.2f", $0 / paper) } ?? "",
        ours.map { $0 <= paper ? "met" : "missed" } ?? "",
      ])
    }
    for entry in PaperFigures.entries {
      let ours = results.cases.first { $0.name == entry.counterpart }
      row(entry.name, "prove, wall time", paper: entry.proveSeconds, ours: ours?.medianProveSeconds, Units.seconds)
      row(
        entry.name, "prove, wall time × cores", paper: entry.proveSeconds * Double(PaperFigures.cores),
        ours: ours.map { $0.medianProveSeconds * Double(results.machine.cores) }, Units.seconds)
      if let bytes = entry.proofBytes {
        row(entry.name, "proof", paper: bytes, ours: ours.map { Double($0.proofBytes) }, Units.bytes)
      }
      if let memory = entry.machineMemoryBytes {
        row(
          entry.name, "memory (the paper's machine; here the prover's own)", paper: memory,
          ours: ours.map { Double($0.peakPrivateBytes) }, Units.bytes)
      }
      if let verify = entry.verifyMilliseconds {
        row(entry.name, "verify", paper: verify, ours: ours?.medianVerifyMilliseconds) { Units.digits($0) + " ms" }
      }
    }
    return markdown(["model", "figure", "paper (\(PaperFigures.machine))", "here", "here / paper", "target"], rows)
  }

  package static func floor(_ results: SuiteResults) -> String {
    guard let floor = results.floor else { return "Not measured in this run.\n" }
    var rows = [
      ["memory read, all cores", Units.digits(floor.readGigabytesPerSecond) + " GB/s"],
      ["memory copy (read + written), all cores", Units.digits(floor.copyGigabytesPerSecond) + " GB/s"],
      ["SHA-256 of leaves, one core", Units.digits(floor.leafHashMegabytesPerSecond) + " MB/s"],
      ["SHA-256 of a file, one core", Units.digits(floor.streamHashMegabytesPerSecond) + " MB/s"],
    ]
    for one in floor.transforms {
      rows.append([
        "transform of 2^\(one.logLength), one core", Units.digits(one.nanosecondsPerPoint) + " ns per point",
      ])
    }
    rows += [
      ["Goldilocks product, dependent", Units.digits(floor.multiplyLatencyNanoseconds) + " ns"],
      ["Goldilocks product, independent (portable code)", Units.digits(floor.multiplyNanoseconds) + " ns"],
      ["132 ternary projections, one core", Units.digits(floor.projectionNanosecondsPerEntry) + " ns per entry"],
      [
        "walk over the packed drift, one core",
        floor.packedWalkNanosecondsPerEntry.map { Units.digits($0) + " ns per entry" } ?? "not measured",
      ],
      ["disk read", floor.diskGigabytesPerSecond.map { Units.digits($0) + " GB/s" } ?? "not measured"],
    ]
    return markdown(["part", "speed"], rows)
  }

  /// Core-nanoseconds per certified parameter against the floor of the case's code.
  package static func againstFloor(_ results: SuiteResults) -> String {
    guard let floor = results.floor else { return "" }
    let cores = results.machine.cores
    let rows = results.cases.compactMap { one -> [String]? in
      guard let blowup = FloorResult.blowup(code: one.code) else { return nil }
      let least = floor.perParameter(blowup: blowup, cores: cores)
      let measured = one.nanosecondsPerCertifiedParameter * Double(cores)
      return [
        one.name, "1/\(blowup)", Units.digits(least.hashing), Units.digits(least.transform),
        Units.digits(least.projection), Units.digits(least.walk), Units.digits(least.bandwidth),
        Units.digits(least.sum), Units.digits(measured),
        Units.digits(measured / least.sum),
      ]
    }
    return markdown(
      [
        "case", "rate", "hashing", "transform", "projection", "walk", "bandwidth", "floor", "measured",
        "measured / floor",
      ], rows)
  }
}

/// Kinds of message, of which there are too many to show all.
enum Sections {
  static let others = "others"

  /// The names with most bytes over all proofs, the largest first.
  static func largest(_ proofs: [[NamedBytes]], count: Int) -> [String] {
    var sums: [String: Int] = [:]
    for section in proofs.joined() { sums[section.name, default: 0] += section.bytes }
    return sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.prefix(count).map(\.key)
  }

  /// In the order of `names`, and everything else at the end.
  static func grouped(_ sections: [NamedBytes], into names: [String]) -> [NamedBytes] {
    func sum(_ isIncluded: (NamedBytes) -> Bool) -> Int {
      sections.reduce(0) { isIncluded($1) ? $0 + $1.bytes : $0 }
    }
    return names.map { name in NamedBytes(name: name, bytes: sum { $0.name == name }) }
      + [NamedBytes(name: others, bytes: sum { !names.contains($0.name) })]
  }
}
