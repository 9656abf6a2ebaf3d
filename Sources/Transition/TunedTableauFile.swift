// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofField
import DriftProofTranscript

/// The file of a tuned model's tableau, `TUNED.tableau.json`.
extension TunedTableau {
  package static let fileVersion = 1
  /// More rows than any statement has.
  private static let maximumRows = 1 << 20

  /// The file's bytes: fixed keys and spelling, one line.
  package var bytes: [UInt8] {
    let numbers = [
      ("logLength", code.logLength), ("logBlowup", code.logBlowup), ("queries", code.queries),
      ("grindingBits", code.grindingBits), ("driftTail", code.driftTail), ("rows", rowCount),
    ]
    let text =
      "{\"driftTableau\": \(Self.fileVersion), \"baseIdentity\": \"\(baseRoot.hexadecimal)\", "
      + numbers.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ")
      + ", \"root\": \"\(root.hexadecimal)\", \"pins\": \"\(FieldEncoding.bytes(pins).hexadecimal)\"}\n"
    return Array(text.utf8)
  }

  /// Reads what ``bytes`` writes; order and white space are free, as in other JSON.
  /// - Throws: what is missing, out of range, or no field element.
  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> TunedTableau {
    let document = try JSONNode(parsing: bytes)
    try document.requireKeys([
      "driftTableau", "baseIdentity", "logLength", "logBlowup", "queries", "grindingBits", "driftTail", "rows", "root",
      "pins",
    ])
    _ = try document.member("driftTableau").integer(in: fileVersion...fileVersion)
    func number(_ key: String) throws(JSONError) -> Int { try document.member(key).integer(in: 0...Int(UInt32.max)) }
    let (logLength, logBlowup) = (try number("logLength"), try number("logBlowup"))
    let (queries, grinding, tail) = (try number("queries"), try number("grindingBits"), try number("driftTail"))
    let code: CodeParameters
    do throws(ProofRejection) {
      code = try CodeParameters(
        logLength: logLength, logBlowup: logBlowup, queries: queries, grindingBits: grinding, driftTail: tail)
    } catch {
      throw .outOfRange(path: "$", found: "\(error)", expected: "a code")
    }
    let rows = try document.member("rows").integer(in: 1...maximumRows)
    let node = try document.member("pins")
    guard let pins = FieldEncoding.cubicElements(try node.hex(byteCount: 24 * rows)) else {
      throw .outOfRange(
        path: node.path, found: "a number that is not below the field's order", expected: "field elements")
    }
    return TunedTableau(
      baseRoot: try document.member("baseIdentity").hex(byteCount: SHA256.digestLength), code: code, rowCount: rows,
      root: try document.member("root").hex(byteCount: SHA256.digestLength), pins: pins)
  }
}
