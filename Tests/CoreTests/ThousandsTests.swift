// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

@Suite struct ThousandsTests {
  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (-100, "-100")])
  func groupsDigitsByThree(value: Int, text: String) { #expect(Thousands.text(value) == text) }
}
