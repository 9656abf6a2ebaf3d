// SPDX-License-Identifier: Apache-2.0

/// A regular expression of an adapter's configuration, matched as PEFT does: `re.match(r"(.*\.)?(PATTERN)$", name)`.
///
/// Configurations come from strangers. An engine that goes back and forth takes exponential time for some patterns, such as
/// `(a|a)*b`, and a nested one may end its stack. So all states are run in step, in time proportional to the lengths of
/// pattern and name; without back references and look-around the language is the same. Whatever is not described here is
/// refused, and module names can be written out instead.
///
/// Taken: characters of ASCII, `.`, `\d`, `\w`, escaped punctuation, `[…]`, `( )`, `(?: )`, `|`, `*`, `+`, `?`, `{m}`, `{m,}`,
/// `{m,n}` and their lazy forms, `^`, `$`, `\b`, and `(?= )` and `(?! )` that stand in no other of these.
struct ModulePattern: Sendable {
  /// Bytes of a pattern at most.
  static let maximumBytes = 1024
  /// Groups inside groups at most: the parser is recursive.
  static let maximumDepth = 32
  /// States of a program at most, and counts in braces.
  static let maximumStates = 1 << 14
  static let maximumCount = 256
  /// Bytes of a name at most where a pattern looks ahead: that takes the square of the length.
  static let maximumAhead = 512

  /// One state; jumps are relative.
  private enum State: Sendable {
    case take(ASCIISet)
    case fork(Int, Int)
    case jump(Int)
    case start
    case end
    case boundary
    /// Whether these match what follows.
    case ahead([State], isWanted: Bool)
  }

  /// Its end accepts.
  private let states: [State]
  private let looksAhead: Bool

  /// Nil for what is no such expression.
  /// - Parameter isWhole: it must match the whole name, as `re.fullmatch`, not only its end.
  init?(_ text: String, isWhole: Bool = false) {
    guard text.utf8.count <= Self.maximumBytes else { return nil }
    var parser = Parser(bytes: Array(text.utf8))
    guard let own = parser.alternatives(depth: 0), parser.position == parser.bytes.count,
      own.count <= Self.maximumStates
    else { return nil }
    let prefix = Self.repeated([.take(.anyButNewline)]) + [.take(ASCIISet(UInt8(ascii: ".")))]
    states = isWhole ? own : Self.optional(prefix) + own
    looksAhead = states.contains { if case .ahead = $0 { true } else { false } }
  }

  /// Whether it matches a module's whole name, or its end after a dot; nil for names beyond ASCII, where classes of
  /// characters would be those of Unicode.
  func matches(_ module: String) -> Bool? {
    let name = Array(module.utf8)
    guard name.allSatisfy({ $0 < 0x80 }), !looksAhead || name.count <= Self.maximumAhead else { return nil }
    return Self.run(states, on: name, from: 0, toEnd: true)
  }

  /// Whether the program accepts the rest of a name, or with `toEnd` false any beginning of the rest.
  private static func run(_ states: [State], on name: [UInt8], from start: Int, toEnd: Bool) -> Bool {
    var current = closure(states, [0], on: name, at: start)
    for position in start..<name.count {
      if !toEnd, current.contains(states.count) { return true }
      var next: [Int] = []
      for index in current {
        if index < states.count, case .take(let set) = states[index], set.contains(name[position]) {
          next.append(index + 1)
        }
      }
      if next.isEmpty { return false }
      current = closure(states, next, on: name, at: position + 1)
    }
    return current.contains(states.count)
  }

  /// All states that are reached without taking a byte.
  private static func closure(_ states: [State], _ first: [Int], on name: [UInt8], at position: Int) -> [Int] {
    var seen = [Bool](repeating: false, count: states.count + 1)
    var reached: [Int] = []
    var pending = first
    while let index = pending.popLast() {
      guard !seen[index] else { continue }
      seen[index] = true
      reached.append(index)
      guard index < states.count else { continue }
      switch states[index] {
      case .take: break
      case .fork(let one, let other): pending += [index + one, index + other]
      case .jump(let step): pending.append(index + step)
      case .start: if position == 0 { pending.append(index + 1) }
      case .end: if position == name.count { pending.append(index + 1) }
      case .boundary:
        let before = position > 0 && ASCIISet.word.contains(name[position - 1])
        let after = position < name.count && ASCIISet.word.contains(name[position])
        if before != after { pending.append(index + 1) }
      case .ahead(let inner, let isWanted):
        if run(inner, on: name, from: position, toEnd: false) == isWanted { pending.append(index + 1) }
      }
    }
    return reached
  }

  // MARK: Programs

  private static func optional(_ body: [State]) -> [State] { [.fork(1, body.count + 1)] + body }
  private static func repeated(_ body: [State]) -> [State] {
    [.fork(1, body.count + 2)] + body + [.jump(-body.count - 1)]
  }

  private struct Parser {
    let bytes: [UInt8]
    var position = 0
    /// Inside of what looks ahead.
    private var isAhead = false

    init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard let next, next == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func alternatives(depth: Int) -> [State]? {
      guard depth <= ModulePattern.maximumDepth, var result = sequence(depth: depth) else { return nil }
      while take("|") {
        guard let other = sequence(depth: depth) else { return nil }
        result = [.fork(1, result.count + 2)] + result + [.jump(other.count + 1)] + other
      }
      return result
    }

    private mutating func sequence(depth: Int) -> [State]? {
      var result: [State] = []
      while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
        guard let atom = atom(depth: depth), let item = quantified(atom) else { return nil }
        result += item
      }
      return result
    }

    private mutating func quantified(_ atom: [State]) -> [State]? {
      var item = atom
      if take("*") {
        item = ModulePattern.repeated(atom)
      } else if take("+") {
        item = atom + [.fork(-atom.count, 1)]
      } else if take("?") {
        item = ModulePattern.optional(atom)
      } else if take("{") {
        guard let counted = counted(atom) else { return nil }
        item = counted
      } else {
        return item
      }
      // A lazy one finds another match first, and one where the greedy does.
      _ = take("?")
      // Possessive, or a quantifier of a quantifier.
      if let next, "*+?{".utf8.contains(next) { return nil }
      return item
    }

    /// Behind an opening brace: `m}`, `m,}` or `m,n}`.
    private mutating func counted(_ atom: [State]) -> [State]? {
      guard let least = count() else { return nil }
      var most: Int? = least
      if take(",") { most = next == UInt8(ascii: "}") ? nil : count() ?? -1 }
      guard take("}"), most.map({ $0 >= least }) ?? true,
        (max(least, most ?? 0) + 1) * (atom.count + 2) <= ModulePattern.maximumStates
      else { return nil }
      let required = (0..<least).flatMap { _ in atom }
      guard let most else { return required + ModulePattern.repeated(atom) }
      return required + (least..<most).flatMap { _ in ModulePattern.optional(atom) }
    }

    private mutating func count() -> Int? {
      let start = position
      while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
      guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else { return nil }
      return value <= ModulePattern.maximumCount ? value : nil
    }

    private mutating func atom(depth: Int) -> [State]? {
      guard let byte = next, byte < 0x80 else { return nil }
      position += 1
      switch byte {
      case UInt8(ascii: "("):
        if take("?"), !take(":") { return ahead(depth: depth) }
        guard let inner = alternatives(depth: depth + 1), take(")") else { return nil }
        return inner
      case UInt8(ascii: "["): return characters().map { [.take($0)] }
      case UInt8(ascii: "."): return [.take(.anyButNewline)]
      case UInt8(ascii: "^"): return [.start]
      case UInt8(ascii: "$"): return [.end]
      case UInt8(ascii: "\\"):
        if take("b") { return [.boundary] }
        return escape().map { [.take($0)] }
      case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"), UInt8(ascii: "}"),
        UInt8(ascii: "]"):
        return nil
      default: return [.take(ASCIISet(byte))]
      }
    }

    /// Behind `(?`.
    private mutating func ahead(depth: Int) -> [State]? {
      let isWanted = take("=")
      guard isWanted || take("!"), !isAhead else { return nil }
      isAhead = true
      defer { isAhead = false }
      guard let inner = alternatives(depth: depth + 1), take(")"), inner.count <= ModulePattern.maximumStates else {
        return nil
      }
      return [.ahead(inner, isWanted: isWanted)]
    }

    private mutating func escape() -> ASCIISet? {
      guard let byte = next, byte < 0x80 else { return nil }
      position += 1
      switch byte {
      case UInt8(ascii: "d"): return .digits
      case UInt8(ascii: "w"): return .word
      // Other letters and digits are classes, assertions or references.
      default: return ASCIISet.word.contains(byte) ? nil : ASCIISet(byte)
      }
    }

    /// Inside brackets.
    private mutating func characters() -> ASCIISet? {
      let isNegated = take("^")
      var set = ASCIISet()
      repeat {
        guard let byte = next, byte < 0x80, byte != UInt8(ascii: "[") else { return nil }
        position += 1
        if byte == UInt8(ascii: "\\") {
          guard let escaped = escape() else { return nil }
          set.formUnion(escaped)
          continue
        }
        // A bracket that closes at once stands for itself in some dialects, a hyphen at either end.
        guard byte != UInt8(ascii: "]") else { return nil }
        guard next == UInt8(ascii: "-"), position + 1 < bytes.count, bytes[position + 1] != UInt8(ascii: "]") else {
          set.insert(byte)
          continue
        }
        let last = bytes[position + 1]
        guard last >= byte, last < 0x80, last != UInt8(ascii: "\\") else { return nil }
        position += 2
        for member in byte...last { set.insert(member) }
      } while !take("]")
      return isNegated ? set.inverted : set
    }
  }
}

/// Some of the 128 characters.
private struct ASCIISet: Sendable {
  private var bits = UInt128(0)

  init() {}
  init(_ byte: UInt8) { insert(byte) }

  static let digits: ASCIISet = {
    var set = ASCIISet()
    for byte in UInt8(ascii: "0")...UInt8(ascii: "9") { set.insert(byte) }
    return set
  }()

  static let word: ASCIISet = {
    var set = digits
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") { set.insert(byte) }
    for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") { set.insert(byte) }
    set.insert(UInt8(ascii: "_"))
    return set
  }()

  static let anyButNewline = ASCIISet(UInt8(ascii: "\n")).inverted

  var inverted: ASCIISet {
    var set = self
    set.bits = ~bits
    return set
  }

  func contains(_ byte: UInt8) -> Bool { byte < 0x80 && bits >> UInt128(byte) & 1 == 1 }
  /// - Parameter byte: below 128.
  mutating func insert(_ byte: UInt8) { bits |= UInt128(1) << UInt128(byte) }
  mutating func formUnion(_ other: ASCIISet) { bits |= other.bits }
}
