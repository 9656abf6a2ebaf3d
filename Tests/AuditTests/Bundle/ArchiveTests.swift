// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditBundle
import DriftProofCore
import TestSupport
import Testing

@Suite struct ArchiveTests {
  private static let files: [BundleFile: [UInt8]] = [
    .plan: Array("plan".utf8), .reference: [UInt8](repeating: 7, count: 512), .candidate: [], .result: [1, 2, 3],
    .attestation: [UInt8](repeating: 9, count: 1000),
  ]

  private func fails(_ tar: [UInt8], _ expected: ArchiveError, _ location: SourceLocation = #_sourceLocation) {
    #expect(throws: expected, sourceLocation: location) { try BundleArchive(tar: tar) }
  }

  @Test func equalContentIsEqualBytes() throws {
    let tar = BundleArchive(Self.files).tar
    #expect(tar.count == 512 * (5 + 1 + 1 + 0 + 1 + 2 + 2))
    let read = try BundleArchive(tar: tar)
    #expect(read.files == Self.files)
    #expect(read.tar == tar)
  }

  @Test func everyOtherArchiveIsRefused() throws {
    let tar = BundleArchive(Self.files).tar
    fails([], .truncated)
    fails(Array(tar.dropLast(512)), .end)
    fails(Array(tar.dropLast(1)), .end)
    fails(tar + [0], .end)
    fails(tar + [UInt8](repeating: 0, count: 512), .end)
    fails(Array(tar.prefix(600)), .truncated)
    fails([UInt8](repeating: 0, count: 1024), .missingFile(.plan))
    var changed = tar
    // Mode, owner, size, time, checksum, type, magic, owner's name, device, prefix, padding of the header.
    for place in [100, 108, 116, 136, 148, 156, 257, 265, 297, 329, 345, 511] {
      changed = tar
      changed[place] ^= 1
      fails(changed, .header(.plan))
    }
    changed = tar
    changed[512 + 4] = 1
    fails(changed, .padding(.plan))
    changed = tar
    changed[0] = UInt8(ascii: "x")
    fails(changed, .unknownFile(name: "\"xlan.json\""))
    var without = Self.files
    without[.result] = nil
    fails(BundleArchive(without).tar, .missingFile(.result))
    without = Self.files
    without[.raw] = [1]
    fails(BundleArchive(without).tar, .unsupportedFile(.raw))
    // The second file before the first, and the first twice.
    let (first, second) = (Array(tar[0..<1024]), Array(tar[1024..<2048]))
    fails(second + first + tar[2048...], .order(.plan))
    fails(first + tar, .order(.plan))
  }

  /// A size that says more than there is, up to the largest that fits.
  @Test func sizesAreNotBelieved() throws {
    let tar = BundleArchive(Self.files).tar
    var changed = tar
    for place in 124..<135 { changed[place] = UInt8(ascii: "7") }
    fails(changed, .header(.plan))
    let sum = (0..<512).reduce(0) { $0 + (148..<156 ~= $1 ? 32 : Int(changed[$1])) }
    let text = String(sum, radix: 8)
    for (place, byte) in (String(repeating: "0", count: 6 - text.count) + text).utf8.enumerated() {
      changed[148 + place] = byte
    }
    fails(changed, .truncated)
  }

  @Test func noBytesMakeItTrap() throws {
    var random = SeededGenerator(seed: 5)
    let tar = BundleArchive(Self.files).tar
    for _ in 0..<3000 {
      var bytes = tar
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if let read = try? BundleArchive(tar: bytes) { #expect(read.tar == bytes) }
    }
  }
}
