// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

@Suite struct ByteReaderTests {
  private enum Failure: TextReadingError, Equatable {
    case truncated(section: String)
    case trailingBytes(count: Int)
    case invalidText(section: String)
    case combiningMarks(section: String)
  }

  private func reader(_ write: (inout [UInt8]) -> Void) -> ByteReader<Failure> {
    var bytes: [UInt8] = []
    write(&bytes)
    return ByteReader(bytes)
  }

  @Test func readsWhatIsAppended() throws {
    var reader = reader {
      $0.append(littleEndian: UInt32(0x0102_0304))
      $0.append(lengthPrefixed: "é")
      $0.append(lengthPrefixed: [1, 2, 3])
      $0.append(littleEndian: UInt128.max - 1)
    }
    #expect(reader.remaining == 4 + 10 + 11 + 16)
    #expect(try reader.integer("a", as: UInt32.self) == 0x0102_0304)
    #expect(try reader.text("b") == "é")
    #expect(try reader.prefixed("c") == [1, 2, 3])
    #expect(throws: Failure.trailingBytes(count: 16)) { try reader.finish() }
    #expect(try reader.integer("d", as: UInt128.self) == .max - 1)
    try reader.finish()
  }

  @Test func rejects_lengths_when_beyondTheEnd() {
    for length in [UInt64(1), .max, 1 << 63] {
      var reader = reader { $0.append(littleEndian: length) }
      #expect(throws: Failure.truncated(section: "s")) { try reader.prefixed("s") }
    }
    var short = reader { $0 += [1, 2, 3] }
    #expect(throws: Failure.truncated(section: "s")) { try short.integer("s", as: UInt32.self) }
    #expect(throws: Failure.truncated(section: "s")) { try short.bytes("s", count: -1) }
    #expect(throws: Failure.truncated(section: "s")) { try short.bytes("s", count: .max) }
    var list = reader {
      $0.append(littleEndian: UInt64(2))
      $0 += [UInt8](repeating: 0, count: 15)
    }
    #expect(throws: Failure.truncated(section: "s")) { try list.count("s", of: 8) }
  }

  @Test func rejects_text_when_noSwiftStringShouldHoldIt() {
    var invalid = reader { $0.append(lengthPrefixed: [0xC0, 0x80]) }
    #expect(throws: Failure.invalidText(section: "s")) { try invalid.text("s") }
    var marks = reader { $0.append(lengthPrefixed: "a" + String(repeating: "\u{301}", count: 31)) }
    #expect(throws: Failure.combiningMarks(section: "s")) { try marks.text("s") }
  }
}
