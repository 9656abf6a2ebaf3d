// SPDX-License-Identifier: Apache-2.0

/// A tensor's name without its layer numbers: components of digits alone, such as the 7 of `layers.7.conv1.weight`,
/// are places that a pattern may leave open.
package struct NameShape: Hashable, Sendable {
  /// Between the dots; nil where a number stands.
  package let components: [String?]

  package init(_ name: String) { components = Self.split(name).map { Self.isNumber($0) ? nil : $0 } }

  package static func split(_ name: String) -> [String] {
    name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  }

  private static func isNumber(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}

/// How much a pattern leaves open, from short to exact.
package enum PatternBreadth: Int, Sendable {
  /// `*` for numbers that differ among the names.
  case open
  /// `{0,2,5}` for them.
  case listed
  /// Every name in full, as alternatives.
  case exact
}

/// Patterns for a set of names.
package enum NamePatterns {
  /// Patterns that together match at least these names, of one `NameShape`; exactly these with `.exact`.
  package static func patterns(_ names: [String], breadth: PatternBreadth) -> [String] {
    guard names.count > 1, breadth != .exact else { return exact(names) }
    let parts = names.map(NameShape.split)
    guard let first = parts.first, parts.allSatisfy({ $0.count == first.count }) else { return exact(names) }
    var alternatives = 1
    let components = first.indices.map { place in
      let values = Set(parts.map { $0[place] })
      guard values.count > 1 else { return escaped(first[place]) }
      alternatives *= values.count
      return breadth == .open ? "*" : "{\(values.sorted(by: numerically).map(escaped).joined(separator: ","))}"
    }
    let pattern = components.joined(separator: ".")
    let fits = pattern.utf8.count <= PolicyLimits.maximumPatternBytes
    return fits && (breadth == .open || alternatives <= PolicyLimits.maximumAlternatives) ? [pattern] : exact(names)
  }

  /// As few `{a,b}` as the limits of one pattern allow.
  private static func exact(_ names: [String]) -> [String] {
    var result: [String] = []
    var open: [String] = []
    var bytes = 2
    func close() {
      if !open.isEmpty { result.append(open.count == 1 ? open[0] : "{\(open.joined(separator: ","))}") }
    }
    for name in names.map(escaped) {
      if open.count == PolicyLimits.maximumAlternatives
        || bytes + name.utf8.count + 1 > PolicyLimits.maximumPatternBytes
      {
        close()
        (open, bytes) = ([], 2)
      }
      open.append(name)
      bytes += name.utf8.count + 1
    }
    close()
    return result
  }

  /// The text as a pattern that matches it alone.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if "*{},\\".unicodeScalars.contains(scalar) { result.unicodeScalars.append("\\") }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  private static func numerically(_ a: String, _ b: String) -> Bool {
    a.utf8.count != b.utf8.count ? a.utf8.count < b.utf8.count : a < b
  }
}
