// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofInspection
import Testing

/// Which pattern a change keeps, as `inspect` shows it.
@Suite struct ChangePatternTests {
  private func pattern(_ columns: Int, _ rows: Int, _ isChanged: (Int) -> Bool) -> String? {
    var finder = ChangePatternFinder(columns: columns)
    let values = (0..<rows * columns).map { isChanged($0) ? Int64(-7) : 0 }
    // In two parts, the first a multiple of 64.
    let cut = min(values.count, 64)
    finder.add(Array(values[..<cut]), from: 0)
    finder.add(Array(values[cut...]), from: cut)
    return finder.pattern?.text
  }

  @Test func theTightestGroups() {
    #expect(pattern(8, 40, { $0 % 4 < 2 }) == "2:4")
    #expect(pattern(8, 40, { $0 % 2 == 1 }) == "1:2")
    #expect(pattern(12, 40, { $0 % 12 == 5 || $0 % 12 == 9 }) == "1:4")
    #expect(pattern(64, 40, { $0 % 64 == 63 }) == "1:64")
    // Few groups keep one by chance.
    #expect(pattern(64, 3, { $0 % 64 == 63 }) == nil)
    // Groups must divide the rows, and leave something out.
    #expect(pattern(7, 40, { $0 % 7 == 0 }) == nil)
    #expect(pattern(8, 40, { _ in true }) == nil)
    #expect(pattern(8, 40, { _ in false }) == nil)
    // Three of four once, and few otherwise: no pattern says much of it.
    #expect(pattern(4, 100, { $0 < 3 }) == nil)
  }
}
