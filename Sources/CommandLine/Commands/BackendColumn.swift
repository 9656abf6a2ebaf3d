// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveCertificate
import DriftProofCurveProving
import DriftProofProving

/// What one backend makes of a policy and a model, for a comparison.
struct BackendColumn {
  let name: String
  /// Why it cannot prove this; nil where it can, and then it has figures.
  let refusal: String?
  private(set) var certificateBytes: Int?
  private(set) var proveSeconds: Double?
  private(set) var verifySeconds: Double?
  /// What the prover needs; nil for nothing.
  private(set) var setup: String?
  let assumptions: [String]
  /// By the policy or by the call.
  let isPermitted: Bool
  let quantum: String

  init(_ forecast: Result<Forecast, CommandFailure>) {
    name = "hash"
    assumptions = ["SHA-256 as a random oracle"]
    isPermitted = true
    quantum = "breaks nothing known"
    switch forecast {
    case .failure(let failure): refusal = failure.reason
    case .success(let found):
      refusal = nil
      (certificateBytes, proveSeconds, verifySeconds) = (
        found.certificateBytes, found.seconds, found.verifySeconds
      )
    }
  }

  init(_ forecast: Result<CurveForecast, CommandFailure>, isPermitted: Bool) {
    name = CurveIdentity.backend
    assumptions = [
      "SHA-256 as a random oracle", "BLS12-381: q-DLOG, algebraic group model", "nobody kept the setup's secret",
    ]
    self.isPermitted = isPermitted
    quantum = "forges certificates, reveals nothing"
    switch forecast {
    case .failure(let failure): refusal = failure.reason
    case .success(let found):
      refusal = nil
      (certificateBytes, proveSeconds, verifySeconds) = (
        found.certificateBytes, found.proveSeconds, found.verifySeconds
      )
      setup = "2^\(found.logLength) powers of tau or more, driftproof setup"
    }
  }

  /// For people, side by side.
  static func lines(_ columns: [BackendColumn]) -> [String] {
    func row(_ title: String, _ value: (BackendColumn) -> String) -> [String] { [title] + columns.map(value) }
    func about<T>(_ keyPath: KeyPath<BackendColumn, T?>, _ text: @escaping (T) -> String) -> (BackendColumn) -> String {
      { column in column[keyPath: keyPath].map { "about \(text($0))" } ?? "-" }
    }
    var rows = [
      row("  certificate", about(\.certificateBytes) { Format.byteCount($0, digits: 3) }),
      row("  prove", about(\.proveSeconds) { "\(Format.number($0, digits: 2)) s" }),
      row("  verify", about(\.verifySeconds) { "\(Format.number(1000 * $0, digits: 2)) ms" }),
      row("  setup") { $0.refusal == nil ? $0.setup ?? "none" : "-" },
    ]
    let count = columns.map(\.assumptions.count).max() ?? 0
    rows += (0..<count).map { number in
      row(number == 0 ? "  assumptions" : "") { number < $0.assumptions.count ? $0.assumptions[number] : "" }
    }
    rows += [
      row("  permitted") { $0.isPermitted ? "yes" : "NO: the policy has no \"assume\"" },
      row("  quantum computer", \.quantum),
    ]
    let table = TableText(header: ["BACKENDS"] + columns.map(\.name), rows: rows, leftAligned: columns.count + 1)
    return table.lines(width: nil)
      + columns.compactMap { column in column.refusal.map { "  \(column.name) REFUSED because \($0)" } }
  }

  /// For machines.
  static func member(_ columns: [BackendColumn]) -> (key: String, value: JSONOutput) {
    ("backends", .array(columns.map { .object($0.members) }))
  }

  private var members: [(key: String, value: JSONOutput)] {
    [
      ("backend", .string(name)),
      ("refusal", refusal.map { .string($0) } ?? .null),
      ("certificateBytes", certificateBytes.map { .integer($0) } ?? .null),
      ("proveSeconds", .number(proveSeconds)),
      ("verifySeconds", .number(verifySeconds)),
      ("setup", setup.map { .string($0) } ?? .null),
      ("assumptions", .array(assumptions.map { .string($0) })),
      ("permitted", .boolean(isPermitted)),
      ("quantum", .string(quantum)),
    ]
  }
}
