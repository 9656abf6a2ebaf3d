// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement

/// What a certificate says of roundings, for people and for machines.
extension VerificationReport {
  /// Tensors that are listed one by one; of more the rest is in `--json`.
  private static let listedTensors = 8

  var roundedLines: [String] {
    guard !rounded.isEmpty else { return [] }
    var lines = [
      "rounding          \(Format.count(rounded.count, "tensor")); half-ulps by size of the weight from the floor on:"
    ]
    lines += rounded.prefix(Self.listedTensors).map { tensor in
      "                  \(Quoting.plain(tensor.name)): \(Self.bounds(tensor)); floor "
        + "\(Format.number(tensor.floor, digits: 3)), \(Format.number(100 * tensor.shareBelowFloor, digits: 2)) % of the base's "
        + "weights below it"
    }
    if rounded.count > Self.listedTensors {
      lines.append("                  and \(rounded.count - Self.listedTensors) more, with --json")
    }
    return lines
  }

  private static func bounds(_ tensor: RoundedTensor) -> String {
    var parts: [String] = []
    if !tensor.halfUlps.isEmpty {
      parts.append(tensor.halfUlps.map { Format.number($0, digits: 4) }.joined(separator: ", "))
    }
    if let value = tensor.roundoffs { parts.append("\(Format.number(value, digits: 4)) roundoffs") }
    if let value = tensor.ofWeight {
      let least = tensor.leastOfWeight.map { ", at least \(Format.number($0, digits: 3))" } ?? ""
      parts.append("\(Format.number(value, digits: 4)) of each base weight\(least)")
    }
    return parts.joined(separator: "; ")
  }

  static func roundedMember(_ tensor: RoundedTensor) -> JSONOutput {
    .object([
      ("name", .string(tensor.name)),
      ("halfUlps", .array(tensor.halfUlps.map { .number($0) })),
      ("roundoffs", tensor.roundoffs.map { .number($0) } ?? .null),
      ("ofWeight", tensor.ofWeight.map { .number($0) } ?? .null),
      ("leastOfWeight", tensor.leastOfWeight.map { .number($0) } ?? .null),
      ("floor", .number(tensor.floor)),
      ("shareBelowFloor", .number(tensor.shareBelowFloor)),
    ])
  }
}
