// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Why bytes are no policy's canonical ones.
package enum CanonicalPolicyError: TextReadingError, Equatable {
  case truncated(section: String)
  case trailingBytes(count: Int)
  case invalidText(section: String)
  case combiningMarks(section: String)
  /// A byte that stands for nothing at its place.
  case badFlag(section: String, found: Int)
  /// The policy file that they stand for is none.
  case policy(PolicyError)
  /// They stand for a policy whose canonical bytes are others.
  case notCanonical
}

/// Reads a policy back from its canonical bytes (`Policy.canonicalBytes`), as certificates carry them.
///
/// The bytes become a policy file, which the strict parser reads; the result must have the same canonical bytes. So
/// nothing is accepted that no policy file stands for, and each policy has one form.
package struct CanonicalPolicyReader {
  private var reader: ByteReader<CanonicalPolicyError>

  /// Nil-free: throws for anything but the canonical bytes of a policy; never traps.
  package static func policy(_ bytes: [UInt8]) throws(CanonicalPolicyError) -> Policy {
    let file = try file(bytes)
    let policy: Policy
    do throws(PolicyError) {
      policy = try Policy.parse(file)
    } catch {
      throw .policy(error)
    }
    guard policy.canonicalBytes() == bytes else { throw .notCanonical }
    return policy
  }

  /// The policy file that `bytes` stand for, if they stand for any: strict JSON without comments.
  package static func file(_ bytes: [UInt8]) throws(CanonicalPolicyError) -> [UInt8] {
    var reader = CanonicalPolicyReader(reader: ByteReader(bytes))
    let json = try reader.json()
    try reader.reader.finish()
    return Array(json.utf8)
  }

  private static let section = "the policy"

  private mutating func byte() throws(CanonicalPolicyError) -> UInt8 {
    try reader.integer(Self.section, as: UInt8.self)
  }
  private mutating func count() throws(CanonicalPolicyError) -> UInt32 {
    try reader.integer(Self.section, as: UInt32.self)
  }

  private mutating func text() throws(CanonicalPolicyError) -> String {
    let bytes = try reader.bytes(Self.section, count: Int(try count()))
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalidText(section: Self.section) }
    return text
  }

  private func flag(_ value: UInt8) -> CanonicalPolicyError { .badFlag(section: Self.section, found: Int(value)) }

  private mutating func json() throws(CanonicalPolicyError) -> String {
    _ = try text()
    let version = try count()
    let name = try text()
    let bits = try count()
    var assumption = ""
    if version == Policy.assumingVersion {
      let code = try byte()
      guard let found = Assumption.allCases.first(where: { $0.code == code }) else { throw flag(code) }
      assumption = "\"assume\": \"\(found.rawValue)\", "
    }
    // Two forms of bytes, one language.
    let language = version == Policy.assumingVersion ? 1 : version
    var rules: [String] = []
    for _ in 0..<(try count()) {
      let pattern = try text()
      rules.append("{\"tensors\": \(StrictJSON.quoted(pattern)), \(try allowance())}")
    }
    let total = try optionalBound().map { ", \"total\": {\"norm\": \($0)}" } ?? ""
    return "{\"driftPolicy\": \(language), \"name\": \(StrictJSON.quoted(name)), \"securityBits\": \(bits), "
      + "\(assumption)\"rules\": [\(rules.joined(separator: ", "))]\(total)}"
  }

  /// The members of a rule after its pattern.
  private mutating func allowance() throws(CanonicalPolicyError) -> String {
    switch try byte() {
    case 0: return "\"allow\": \"frozen\""
    case 1: return "\"allow\": \"any\""
    case 2: return try clauses()
    case 3:
      let axis = try byte()
      guard axis <= 2 else { throw flag(axis) }
      let size = try count()
      let (word, key) = axis == 2 ? ("slices", "axes") : (axis == 0 ? "rows" : "columns", "size")
      return "\"heads\": {\"of\": \"\(word)\", \"\(key)\": \(size)}, \(try clauses())"
    case 4: return "\"grow\": {\"rows\": \(try count())}, \(try clauses())"
    case let other: throw flag(other)
    }
  }

  private mutating func clauses() throws(CanonicalPolicyError) -> String {
    var clauses: [String] = []
    for _ in 0..<(try count()) { clauses.append(try clause()) }
    return "\"allow\": [\(clauses.joined(separator: ", "))]"
  }

  private mutating func clause() throws(CanonicalPolicyError) -> String {
    let form = try byte()
    if form == 0 { return "{\"norm\": \(try bound())}" }
    if form == 4 { return "{\"pattern\": \(try pattern())}" }
    guard form <= 3 else { throw flag(form) }
    var members: [String] = []
    switch try byte() {
    case 0: break
    case 1: members.append("\"rank\": \(try count())")
    case 2:
      let (terms, rows, columns) = (try count(), try count(), try count())
      members.append("\"kronecker\": {\"terms\": \(terms), \"inner\": [\(rows), \(columns)]}")
    case 3: members.append("\"circulant\": {\"block\": \(try count())}")
    case let other: throw flag(other)
    }
    switch try byte() {
    case 0: break
    case 1: members.append("\"entries\": \(try count())")
    case 2: members.append("\"rows\": \(try count())")
    case 3: members.append("\"columns\": \(try count())")
    case let other: throw flag(other)
    }
    if let residual = try optionalBound() { members.append("\"residual\": \(residual)") }
    if form == 2 { members.append("\"entrywise\": \(try bound())") }
    if form == 3 { members.append(try rounding()) }
    return "{\(members.joined(separator: ", "))}"
  }

  private mutating func pattern() throws(CanonicalPolicyError) -> String {
    switch try byte() {
    case let subject where subject <= 1:
      let (n, m) = (try count(), try count())
      return "{\"of\": \"\(subject == 0 ? "drift" : "tuned")\", \"n\": \(n), \"m\": \(m)}"
    case 2: return "{\"of\": \"base\"}"
    case let other: throw flag(other)
    }
  }

  /// A member of its own: fractions of weights are entrywise bounds.
  private mutating func rounding() throws(CanonicalPolicyError) -> String {
    switch try byte() {
    case 0: return "\"rounding\": {\"halfUlps\": \(try number())}"
    case 1:
      let bits = try byte()
      let quantities = RoundedQuantities(rawValue: bits)
      guard quantities.isSubset(of: [.tuned, .base, .update]) else { throw flag(bits) }
      let words = quantities.names.map { "\"\($0)\"" }.joined(separator: ", ")
      return "\"rounding\": {\"roundoffs\": \(try number()), \"of\": [\(words)]}"
    case 2:
      let fraction = try number()
      switch try byte() {
      case 0: return "\"entrywise\": {\"ofWeight\": \(fraction)}"
      case 1: return "\"entrywise\": {\"ofWeight\": \(fraction), \"absolute\": \(try number())}"
      case let other: throw flag(other)
      }
    case let other: throw flag(other)
    }
  }

  private mutating func optionalBound() throws(CanonicalPolicyError) -> String? {
    switch try byte() {
    case 0: return nil
    case 1: return try bound()
    case let other: throw flag(other)
    }
  }

  private mutating func bound() throws(CanonicalPolicyError) -> String {
    let kind = try byte()
    guard kind <= 1 else { throw flag(kind) }
    return "{\"\(kind == 0 ? "relative" : "absolute")\": \(try number())}"
  }

  private mutating func number() throws(CanonicalPolicyError) -> String {
    let mantissa = try reader.integer(Self.section, as: UInt64.self)
    return "\(mantissa)e\(Int32(bitPattern: try count()))"
  }
}
