// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCheckpoint
import DriftProofCore

/// What `config.json` says of an architecture, without what says nothing of it: under one spelling, so that equal settings
/// have one hash.
package struct ConfigurationFile: Equatable, Sendable {
  package static let fileName = "config.json"
  /// Where it came from, who wrote it, and in which type weights were kept.
  package static let ignored: Set<String> = ["_name_or_path", "transformers_version", "torch_dtype", "dtype"]

  /// Keys in order, numbers by value; missing settings are not filled in.
  package let value: JSONValue

  package init(_ bytes: [UInt8]) throws(StaticFailure) {
    value = Self.normal(try StaticFiles.parse(bytes, file: Self.fileName))
  }

  /// SHA-256 of the canonical form.
  package var digest: [UInt8] { SHA256.hash(CanonicalJSON.bytes(value)) }

  /// The settings in which two configurations differ, as `$.hidden_size`, with both values.
  package func differences(from other: ConfigurationFile) -> [(path: String, here: String, there: String)] {
    var found: [(path: String, here: String, there: String)] = []
    Self.compare(value, other.value, "$", &found)
    return found
  }

  private static func compare(
    _ a: JSONValue?, _ b: JSONValue?, _ path: String, _ found: inout [(path: String, here: String, there: String)]
  ) {
    guard a != b else { return }
    guard case .object(let mine)? = a, case .object(let theirs)? = b else {
      found.append((path, shown(a), shown(b)))
      return
    }
    let names = Set(mine.map(\.key) + theirs.map(\.key)).sorted { UTF8Order.precedes($0, $1) }
    for name in names {
      compare(
        mine.first { $0.key == name }?.value, theirs.first { $0.key == name }?.value, JSONNode.path(path, key: name),
        &found)
    }
  }

  private static func shown(_ value: JSONValue?) -> String {
    guard let text = value?.compact else { return "nothing" }
    return text.count > 80 ? text.prefix(80) + "..." : text
  }

  private static func normal(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number(let text): return .number(DecimalSpelling.normal(text))
    case .array(let elements): return .array(elements.map(normal))
    case .object(let members):
      return .object(
        members.filter { !ignored.contains($0.key) }.map { member in
          var value = normal(member.value)
          // One class may be named before another: the list is a set.
          if member.key == "architectures", case .array(let names) = value {
            value = .array(names.sorted { UTF8Order.precedes($0.compact, $1.compact) })
          }
          return JSONMember(key: member.key, value: value)
        }.sorted { UTF8Order.precedes($0.key, $1.key) })
    default: return value
    }
  }
}

/// One spelling for each decimal number.
enum DecimalSpelling {
  /// `12e-3` for 0.012, 1.2E-02 and 0.0120; `0` for every zero. A number whose exponent is beyond 18 digits keeps its text.
  static func normal(_ text: String) -> String {
    let isNegative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" }.split(whereSeparator: { $0 == "e" || $0 == "E" })
    guard let mantissa = parts.first, let exponent = parts.count > 1 ? Int(parts[1].drop { $0 == "+" }) : 0,
      exponent.magnitude < 1_000_000_000_000_000_000
    else { return text }
    let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = halves.count > 1 ? String(halves[1]) : ""
    var digits = Substring(String(halves[0]) + fraction)
    var power = exponent - fraction.count
    while digits.last == "0" {
      digits.removeLast()
      power += 1
    }
    digits = digits.drop { $0 == "0" }
    guard !digits.isEmpty else { return "0" }
    return (isNegative ? "-" : "") + digits + (power == 0 ? "" : "e\(power)")
  }
}

/// Files beside weights.
package enum StaticFiles {
  /// Bytes of one: vocabularies of a quarter of a million words are some twenty megabytes.
  package static let maximumBytes = 128 << 20
  private static let dialect = JSONDialect(
    maximumBytes: maximumBytes, maximumDepth: 64, maximumValues: 1 << 23, allowsComments: false)

  /// Nil where there is none.
  static func read(_ name: String, in folder: String) throws(StaticFailure) -> [UInt8]? {
    let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
    guard MappedFile.kind(of: path) == .file else { return nil }
    let bytes: [UInt8]?
    do throws(CheckpointError) {
      let file = try MappedFile(path: path)
      bytes = file.count <= maximumBytes ? try file.bytes(in: 0..<file.count) : nil
    } catch {
      throw StaticFailure(file: path, reason: error.description)
    }
    guard let bytes else {
      throw StaticFailure(file: path, reason: "more than the \(maximumBytes) bytes of such a file")
    }
    return bytes
  }

  static func parse(_ bytes: [UInt8], file: String) throws(StaticFailure) -> JSONValue {
    do throws(JSONSyntaxFailure) {
      return try StrictJSON.parse(bytes, as: dialect)
    } catch {
      throw StaticFailure(file: file, reason: "\(JSONError(error))")
    }
  }
}

/// Why a file beside the weights cannot be compared.
package struct StaticFailure: Error, Equatable, Sendable, CustomStringConvertible {
  package let file: String
  package let reason: String
  package var description: String { "\(file): \(reason)" }
}
