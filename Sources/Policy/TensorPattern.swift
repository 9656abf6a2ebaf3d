// SPDX-License-Identifier: Apache-2.0

/// A pattern over tensor names.
///
/// `*` stands for any run of characters, dots and the empty run included; `{a,b}` for either alternative, which may
/// itself contain `*` or be empty, but no further brace; a backslash takes the next character literally. Every other
/// character stands for itself, compared byte by byte in UTF-8, so neither letter case nor Unicode forms are folded.
///
/// Matching takes time proportional to the length of the name times the length of the pattern, whatever the pattern:
/// the pattern is run as a nondeterministic automaton with all states in step, without backtracking.
public struct TensorPattern: Hashable, Sendable, CustomStringConvertible {
  /// One state of the automaton. All edges lead forward, but for the one from `star` to itself.
  private enum State: Hashable, Sendable {
    /// Takes this byte and goes on.
    case byte(UInt8)
    /// Takes any byte and stays, or takes nothing and goes on.
    case star
    /// Takes nothing and goes on both to the next state and to this one.
    case fork(Int)
    /// Takes nothing and goes to this state.
    case jump(Int)
    /// The whole pattern has matched.
    case accept
  }

  /// The pattern as written.
  public let text: String
  private let states: [State]
  /// What every match begins and ends with. Most names fail here, and patterns with one `*`, or none, are decided.
  private let prefix: [UInt8]
  private let suffix: [UInt8]
  private let middle: Middle

  /// What stands between prefix and suffix.
  private enum Middle: Hashable, Sendable {
    /// Nothing: the prefix is the pattern.
    case none
    /// One `*`, or several in a row.
    case anything
    /// What the automaton decides.
    case other
  }

  /// - Parameters:
  ///   - text: the pattern, 1 to `PolicyLimits.maximumPatternBytes` bytes.
  ///   - path: where it stands, for errors.
  /// - Throws: `emptyPattern`, `patternTooLong`, `malformedPattern`, `tooManyAlternatives`.
  public init(_ text: String, path: String = "$") throws(PolicyError) {
    guard !text.isEmpty else { throw .emptyPattern(path: path) }
    let bytes = Array(text.utf8)
    guard bytes.count <= PolicyLimits.maximumPatternBytes else {
      throw .patternTooLong(path: path, bytes: bytes.count)
    }
    self.text = text
    states = try TensorPattern.compile(bytes, path: path)
    let body = states.dropLast()
    prefix = Self.literals(body)
    guard prefix.count < body.count else {
      (suffix, middle) = ([], .none)
      return
    }
    // A byte behind a fork or a jump may belong to one alternative alone: then there is no suffix.
    let hasAlternatives = body.contains { state in
      switch state {
      case .fork, .jump: true
      case .byte, .star, .accept: false
      }
    }
    suffix = hasAlternatives ? [] : Self.literals(body.reversed()).reversed()
    let rest = body.dropFirst(prefix.count).dropLast(suffix.count)
    middle = rest.allSatisfy { $0 == .star } ? .anything : .other
  }

  /// The bytes with which states begin.
  private static func literals(_ states: some Sequence<State>) -> [UInt8] {
    var bytes: [UInt8] = []
    for state in states {
      guard case .byte(let byte) = state else { break }
      bytes.append(byte)
    }
    return bytes
  }

  /// In English, for people and logs.
  public var description: String { text }

  private static func compile(_ bytes: [UInt8], path: String) throws(PolicyError) -> [State] {
    var states: [State] = []
    var brace: OpenBrace?
    var alternatives = 1
    var position = 0
    while position < bytes.count {
      let offset = position
      let byte = bytes[position]
      position += 1
      switch (byte, brace) {
      case (UInt8(ascii: "\\"), _):
        guard position < bytes.count else {
          throw .malformedPattern(path: path, offset: offset, problem: .trailingBackslash)
        }
        states.append(.byte(bytes[position]))
        position += 1
      case (UInt8(ascii: "*"), _):
        states.append(.star)
      case (UInt8(ascii: "{"), .none):
        brace = OpenBrace(offset: offset, lastFork: states.count)
        states.append(.fork(0))
      case (UInt8(ascii: "{"), .some):
        throw .malformedPattern(path: path, offset: offset, problem: .nestedBrace)
      case (UInt8(ascii: ","), .some(var open)):
        open.jumps.append(states.count)
        states.append(.jump(0))
        states[open.lastFork] = .fork(states.count)
        open.lastFork = states.count
        states.append(.fork(0))
        brace = open
      case (UInt8(ascii: "}"), .some(let open)):
        guard !open.jumps.isEmpty || offset > open.offset + 1 else {
          throw .malformedPattern(path: path, offset: open.offset, problem: .emptyBraces)
        }
        alternatives *= open.jumps.count + 1
        guard alternatives <= PolicyLimits.maximumAlternatives else { throw .tooManyAlternatives(path: path) }
        states[open.lastFork] = .jump(open.lastFork + 1)
        for jump in open.jumps { states[jump] = .jump(states.count) }
        brace = nil
      case (UInt8(ascii: "}"), .none):
        throw .malformedPattern(path: path, offset: offset, problem: .strayBrace)
      default:
        states.append(.byte(byte))
      }
    }
    if let open = brace { throw .malformedPattern(path: path, offset: open.offset, problem: .unclosedBrace) }
    states.append(.accept)
    return states
  }

  /// A `{` whose `}` has not come yet.
  private struct OpenBrace {
    let offset: Int
    /// The fork before the newest alternative, to be pointed at the one after it.
    var lastFork: Int
    /// The jumps at the end of the earlier alternatives, to be pointed past the brace.
    var jumps: [Int] = []
  }

  /// Whether the pattern matches the whole of `name`.
  public func matches(_ name: String) -> Bool {
    if let isMatch = name.utf8.withContiguousStorageIfAvailable(matchByEnds), let isMatch { return isMatch }
    return matchByAutomaton(name)
  }

  /// Nil where the automaton has to decide.
  private func matchByEnds(_ name: UnsafeBufferPointer<UInt8>) -> Bool? {
    guard name.count >= prefix.count + suffix.count, name.starts(with: prefix),
      name.suffix(suffix.count).elementsEqual(suffix)
    else { return false }
    switch middle {
    case .none: return name.count == prefix.count
    case .anything: return true
    case .other: return nil
    }
  }

  private func matchByAutomaton(_ name: String) -> Bool {
    var current = [Bool](repeating: false, count: states.count)
    var next = current
    current[0] = true
    for byte in name.utf8 {
      // As edges that take nothing lead forward, one sweep in order follows them all.
      var isAlive = false
      for index in states.indices where current[index] {
        current[index] = false
        switch states[index] {
        case .byte(let expected):
          guard expected == byte else { continue }
          next[index + 1] = true
          isAlive = true
        case .star:
          current[index + 1] = true
          next[index] = true
          isAlive = true
        case .fork(let target):
          current[index + 1] = true
          current[target] = true
        case .jump(let target):
          current[target] = true
        case .accept:
          break
        }
      }
      guard isAlive else { return false }
      swap(&current, &next)
    }
    for index in states.indices where current[index] {
      switch states[index] {
      case .byte: break
      case .star: current[index + 1] = true
      case .fork(let target):
        current[index + 1] = true
        current[target] = true
      case .jump(let target): current[target] = true
      case .accept: return true
      }
    }
    return false
  }
}
