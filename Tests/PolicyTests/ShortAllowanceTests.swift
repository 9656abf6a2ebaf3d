// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy
import Testing

/// Allowances in the few words that a cell of a table holds.
struct ShortAllowanceTests {
  @Test(arguments: [
    (#""frozen""#, "frozen"), (#""any""#, "any"), (#"{"norm": {"relative": 0.02}}"#, "norm ≤ 2 %"),
    (#"{"norm": {"absolute": 0.5}}"#, "norm ≤ 0.5"), (#"{"rank": 8}"#, "rank 8"), (#"{"rows": 1}"#, "1 row"),
    (#"{"rank": 8, "entries": 500, "residual": {"absolute": 0.05}}"#, "rank 8 + 500 entries + 0.05"),
    (
      #"[{"norm": {"relative": 0.1}}, {"columns": 2, "residual": {"relative": 0.004}}]"#,
      "norm ≤ 10 %, 2 columns + 0.4 %"
    ),
  ])
  func words(_ allow: String, _ words: String) throws {
    #expect(try allowance(#""allow": \#(allow)"#).shortWords == words)
  }

  @Test func headsAreNamed() throws {
    let heads = #""heads": {"of": "rows", "size": 64}, "allow": {"rank": 2}"#
    #expect(try allowance(heads).shortWords == "rank 2 per 64 rows")
  }

  private func allowance(_ members: String) throws -> Allowance {
    let file = #"{"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": [{"tensors": "*", \#(members)}]}"#
    return try Policy.parse(Array(file.utf8)).rules[0].allowance
  }
}
