// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofProving
import Foundation
import TestSupport
import Testing

struct OpeningFileTests {
  private static let secret = [UInt8](0..<32)
  private static let commitment = [UInt8](repeating: 0xAB, count: 32)

  private func withPath(_ body: (String) throws -> Void) throws {
    try TemporaryFolder.with { try body($0.file("OPENING.secret")) }
  }

  private func create(_ path: String, budget: Int = 280) throws -> OpeningFile {
    try OpeningFile.create(path: path, secret: Self.secret, tunedCommitment: Self.commitment, budget: budget)
  }

  @Test func countsUpToTheBudget() throws {
    try withPath { path in
      let created = try create(path)
      #expect(try OpeningFile.load(path: path) == created && created.revealed == 0)
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      #expect(try OpeningFile.reserve(path: path, positions: 140).revealed == 140)
      #expect(try OpeningFile.reserve(path: path, positions: 140).revealed == 280)
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(throws: OpeningError.budgetExceeded(path: path, revealed: 280, wanted: 1, budget: 280)) {
        try OpeningFile.reserve(path: path, positions: 1)
      }
      #expect(throws: OpeningError.budgetExceeded(path: path, revealed: 280, wanted: -1, budget: 280)) {
        try OpeningFile.reserve(path: path, positions: -1)
      }
      #expect(throws: OpeningError.self) { try OpeningFile.reserve(path: path, positions: .max) }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
      let replaced = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(replaced == 0o600)
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["OPENING.secret"])
    }
  }

  @Test func neverOverwrites() throws {
    try withPath { path in
      _ = try create(path)
      #expect(throws: OpeningError.alreadyExists(path: path)) { try create(path) }
      #expect(throws: OpeningError.self) { try OpeningFile.load(path: path + "x") }
    }
  }

  /// Many provers at once: exactly as many succeed as the budget allows.
  @Test func concurrentReservationsNeverOverspend() throws {
    try withPath { path in
      _ = try create(path, budget: 100)
      nonisolated(unsafe) var granted = [Bool](repeating: false, count: 64)
      let lock = NSLock()
      DispatchQueue.concurrentPerform(iterations: 64) { index in
        let isGranted = (try? OpeningFile.reserve(path: path, positions: 10)) != nil
        lock.withLock { granted[index] = isGranted }
      }
      let count = granted.filter { $0 }.count
      let revealed = try OpeningFile.load(path: path).revealed
      #expect(count <= 10 && revealed == 10 * count)
    }
  }

  @Test func everyChangedByteIsAnError() throws {
    let opening = OpeningFile(secret: Self.secret, tunedCommitment: Self.commitment, budget: 280, revealed: 140)
    let bytes = opening.bytes
    #expect(try OpeningFile.parse(bytes, path: "o") == opening)
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << UInt8(bit)
        #expect(throws: OpeningError.self) { try OpeningFile.parse(changed, path: "o") }
      }
      #expect(throws: OpeningError.self) { try OpeningFile.parse(Array(bytes.prefix(index)), path: "o") }
    }
    #expect(throws: OpeningError.self) { try OpeningFile.parse(bytes + [0x0A], path: "o") }
  }

  @Test func countersOutOfRange() {
    for (budget, revealed) in [(280, 281), (Int(UInt32.max) + 1, 0)] {
      let opening = OpeningFile(
        secret: Self.secret, tunedCommitment: Self.commitment, budget: budget, revealed: revealed)
      #expect(throws: OpeningError.self) { try OpeningFile.parse(opening.bytes, path: "o") }
    }
  }
}
