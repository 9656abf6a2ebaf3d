// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
@testable import DriftProofAuditBundle
@testable import DriftProofEnclave

/// The parsers that an audit reads foreign bytes with, each alone and without hashes or signatures before it, so that millions of
/// inputs take minutes. Each says whether something was read.
enum ParserTargets {
  /// The input as lines of a transcript; then what they say together, its links put right.
  static func line(_ bytes: [UInt8]) -> Bool {
    var transcript: Transcript?
    var isRead = false
    for part in bytes.split(separator: 0x0A).prefix(16) {
      let line = Array(part)
      let found = try? TranscriptLine.read(line)
      // Otherwise both are the same reader.
      if TokenScan.split(line) != nil {
        let whole = try? TranscriptLine.readValues(line)
        FuzzTarget.promise(
          found?.line == whole?.line && found?.previous == whole?.previous, "both readers read the same")
      }
      guard let (parsed, previous) = found else { continue }
      FuzzTarget.promise(parsed.bytes(after: previous) == line, "one line has one form")
      isRead = true
      if transcript == nil, case .header(let header) = parsed {
        transcript = Transcript(side: header.side, planDigest: [UInt8](hexadecimal: header.plan) ?? [])
      }
      guard var joined = transcript else { continue }
      var linked = parsed
      if case .end(let end) = parsed { linked = joined.ending(count: end.count, outcome: end.outcome) }
      if (try? joined.append(linked)) != nil { transcript = joined }
    }
    return isRead
  }

  /// The input as an archive; then with the headers that its names and sizes have.
  static func archive(_ bytes: [UInt8]) -> Bool {
    // Not more than one reading of what is not changed.
    let sealed = sealed(bytes)
    let isRead = read(bytes)
    return sealed == bytes ? isRead : read(sealed) || isRead
  }

  private static func read(_ bytes: [UInt8]) -> Bool {
    guard let archive = try? BundleArchive(tar: bytes) else { return false }
    FuzzTarget.promise(archive.tar == bytes, "one archive has one form")
    return true
  }

  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var (result, position) = (bytes, 0)
    while position + 512 <= result.count {
      let name = String(decoding: result[position..<position + 100].prefix { $0 != 0 }, as: UTF8.self)
      guard let file = BundleFile(rawValue: name) else { break }
      let size = result[position + 124..<position + 135].reduce(0) { $0 << 3 | Int($1 & 7) }
      result.replaceSubrange(position..<position + 512, with: BundleArchive.header(file, size: size))
      position += 512 + (size + 511) / 512 * 512
    }
    return result
  }

  /// The input as a document of Nitro; then as the payload of one.
  static func nitro(_ bytes: [UInt8]) -> Bool {
    guard let value = try? CBOR.parse(bytes) else { return false }
    FuzzTarget.promise(CBOR.encode(value) == bytes, "one value has one form")
    switch value {
    case .tag18, .array: _ = try? NitroQuote(bytes)
    case .map:
      let kind = CBOR.encode(.map([.init(key: .unsigned(1), value: .negative(34))]))
      let signature = [UInt8](repeating: 1, count: 96)
      _ = try? NitroQuote(CBOR.encode(.array([.bytes(kind), .map([]), .bytes(bytes), .bytes(signature)])))
    default: break
    }
    return true
  }

  /// The input as a report of SEV-SNP; then at the length of one.
  static func report(_ bytes: [UInt8]) -> Bool {
    if bytes.count != SNPReport.length, (try? SNPReport(bytes)) != nil {
      FuzzTarget.promise(false, "a length is checked")
    }
    let fitted = Array(bytes.prefix(SNPReport.length))
    return (try? SNPReport(fitted + [UInt8](repeating: 0, count: SNPReport.length - fitted.count))) != nil
  }
}
