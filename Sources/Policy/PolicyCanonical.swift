// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension Policy {
  /// The domain tag that the canonical bytes start with.
  static let canonicalTag = "driftproof/policy/v1"
  /// The version of canonical bytes with an assumption; those without have 1, as the language.
  static let assumingVersion: UInt32 = 2

  /// The policy as bytes that depend on its meaning alone: white space, the order of keys, comments, string escapes,
  /// the spelling of numbers (`0.50`, `0.5`, `5e-1`) and a list of one clause instead of the clause leave no trace.
  /// The order of the rules and of the clauses in a list does, and so does a pattern's text.
  ///
  /// All integers are little-endian. `string` is a `u32` count of bytes and that much UTF-8.
  ///
  ///     policy    = string "driftproof/policy/v1", u32 version = 1, string name, u32 securityBits,
  ///                 u32 count of rules, rule..., optional total
  ///               | string "driftproof/policy/v1", u32 version = 2, string name, u32 securityBits,
  ///                 u8 1 (assumes bls12-381), u32 count of rules, rule..., optional total
  ///     rule      = string pattern, allowance
  ///     allowance = u8 0 (frozen) | u8 1 (any) | u8 2, clauses
  ///               | u8 3 (heads), u8 0 (of rows) or 1 (of columns), u32 size, clauses
  ///               | u8 3 (heads), u8 2 (of slices), u32 count of leading dimensions, clauses
  ///               | u8 4 (grow), u32 rows, clauses
  ///     clauses   = u32 count of clauses, clause...
  ///     clause    = u8 0 (norm), bound | u8 1 (sum), rank, sparse, optional residual
  ///               | u8 2 (sum), rank, sparse, optional residual, entrywise bound
  ///               | u8 3 (sum), rank, sparse, optional residual, rounding | u8 4 (pattern), pattern
  ///     rank      = u8 0 (none) | u8 1, u32 rank | u8 2 (Kronecker), u32 terms, u32 rows, u32 columns of the inner factor
  ///               | u8 3 (circulant), u32 rows of a block
  ///     sparse    = u8 0 (none) | u8 1 (entries), u32 | u8 2 (rows), u32 | u8 3 (columns), u32
  ///     optional  = u8 0 (none) | u8 1, bound
  ///     bound     = u8 0 (relative) or 1 (absolute), number
  ///     rounding  = u8 0 (half-ulps), number
  ///               | u8 1 (roundoffs), u8 1 (of the tuned weights) + 2 (the base's) + 4 (the update), number
  ///               | u8 2 (of each base weight), number, u8 0 | u8 1, number (at least)
  ///     pattern   = u8 0 (of the drift) or 1 (of the tuned weights), u32 n, u32 m | u8 2 (of the base)
  ///     number    = u64 mantissa, i32 exponent (two's complement)
  ///
  /// The encoding is prefix-free, so different policies have different bytes.
  public func canonicalBytes() -> [UInt8] {
    var writer = CanonicalWriter()
    writer.string(Policy.canonicalTag)
    // A version of its own: readers that know of no assumption refuse it, and nobody's bytes are the start of another's.
    writer.integer(assumption == nil ? 1 : Policy.assumingVersion)
    writer.string(name)
    writer.count(securityBits)
    if let assumption { writer.bytes.append(assumption.code) }
    writer.count(rules.count)
    for rule in rules {
      writer.string(rule.tensors.text)
      writer.allowance(rule.allowance)
    }
    writer.optional(total)
    return writer.bytes
  }
}

private struct CanonicalWriter {
  var bytes: [UInt8] = []

  mutating func integer(_ value: some FixedWidthInteger) {
    bytes.append(littleEndian: value)
  }

  /// A count as a `u32`. Every count of a parsed policy fits; one made by hand that does not is held at the ends.
  mutating func count(_ value: Int) {
    integer(UInt32(clamping: value))
  }

  mutating func string(_ text: String) {
    count(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func bound(_ bound: Bound) {
    let value: Decimal10
    switch bound {
    case .relative(let decimal):
      bytes.append(0)
      value = decimal
    case .absolute(let decimal):
      bytes.append(1)
      value = decimal
    }
    number(value)
  }

  mutating func number(_ value: Decimal10) {
    integer(value.mantissa)
    integer(Int32(clamping: value.exponent))
  }

  mutating func rounding(_ bound: RoundingBound) {
    switch bound {
    case .halfUlps(let value):
      bytes.append(0)
      number(value)
    case .roundoffs(let value, let quantities):
      bytes += [1, quantities.rawValue]
      number(value)
    case .ofWeight(let value, let least):
      bytes.append(2)
      number(value)
      bytes.append(least == nil ? 0 : 1)
      if let least { number(least) }
    }
  }

  mutating func pattern(_ pattern: PatternBound) {
    switch pattern {
    case .drift: bytes.append(0)
    case .tuned: bytes.append(1)
    case .base: bytes.append(2)
    }
    guard let groups = pattern.groups else { return }
    count(groups.count)
    count(groups.group)
  }

  mutating func optional(_ value: Bound?) {
    bytes.append(value == nil ? 0 : 1)
    if let value { bound(value) }
  }

  mutating func allowance(_ allowance: Allowance) {
    switch allowance {
    case .frozen: bytes.append(0)
    case .any: bytes.append(1)
    case .clauses(let clauses):
      bytes.append(2)
      self.clauses(clauses)
    case .heads(let split, let clauses):
      bytes.append(3)
      switch split.axis {
      case .rows: bytes.append(0)
      case .columns: bytes.append(1)
      case .slices: bytes.append(2)
      }
      count(split.size)
      self.clauses(clauses)
    case .grow(let rows, let clauses):
      bytes.append(4)
      count(rows)
      self.clauses(clauses)
    }
  }

  mutating func clauses(_ clauses: [ClauseForm]) {
    count(clauses.count)
    for form in clauses { clause(form) }
  }

  mutating func clause(_ clause: ClauseForm) {
    switch clause {
    case .norm(let limit):
      bytes.append(0)
      bound(limit)
    case .pattern(let pattern):
      bytes.append(4)
      self.pattern(pattern)
    case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
      // No parsed policy has both.
      bytes.append(rounding != nil ? 3 : entrywise != nil ? 2 : 1)
      switch (rank, blocks) {
      case (nil, nil): bytes.append(0)
      case (let rank?, _): tagged(1, rank)
      case (nil, .kronecker(let terms, let rows, let columns)?):
        tagged(2, terms)
        count(rows)
        count(columns)
      case (nil, .circulant(let size)?): tagged(3, size)
      }
      switch sparse {
      case nil: bytes.append(0)
      case .entries(let limit): tagged(1, limit)
      case .rows(let limit): tagged(2, limit)
      case .columns(let limit): tagged(3, limit)
      }
      optional(residual)
      switch entrywise {
      case nil: break
      case .relative(let value): bound(.relative(value))
      case .absolute(let value): bound(.absolute(value))
      }
      if let rounding { self.rounding(rounding) }
    }
  }

  mutating func tagged(_ tag: UInt8, _ limit: Int) {
    bytes.append(tag)
    count(limit)
  }
}
