// SPDX-License-Identifier: Apache-2.0

/// Names compared by their UTF-8 bytes, as the order of tensors is everywhere; never by Unicode's own order.
package enum UTF8Order {
  /// Whether `a` comes before `b`.
  package static func precedes(_ a: String, _ b: String) -> Bool {
    // Checkpoints have a hundred thousand names with long common beginnings: bytes in a row, no iterators.
    let found = a.utf8.withContiguousStorageIfAvailable { left in
      b.utf8.withContiguousStorageIfAvailable { right in precedes(left, right) }
    }
    if let found, let found { return found }
    return a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  /// Whether both have the same bytes. `==` of strings also holds for other spellings of the same characters.
  package static func areEqual(_ a: String, _ b: String) -> Bool {
    let found = a.utf8.withContiguousStorageIfAvailable { left in
      b.utf8.withContiguousStorageIfAvailable { right in
        left.count == right.count && commonPrefix(left, right) == left.count
      }
    }
    if let found, let found { return found }
    return a.utf8.elementsEqual(b.utf8)
  }

  private static func precedes(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    let common = commonPrefix(a, b)
    guard common < b.count else { return false }
    return common == a.count || a[common] < b[common]
  }

  private static func commonPrefix(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
    let limit = min(a.count, b.count)
    var index = 0
    while index < limit, a[index] == b[index] { index += 1 }
    return index
  }
}

/// Whether names are told apart by `==`, which holds canonically equivalent spellings for one name: two of them would be
/// one key of a dictionary.
package enum DistinctNames {
  /// The place of the first name that equals an earlier one; nil when all are distinct.
  ///
  /// Names in strictly rising order of their bytes that are all ASCII are distinct, as Unicode's equivalence is the equality
  /// of bytes there. Only other lists cost a set.
  package static func firstRepetition(in names: [String]) -> Int? {
    if areRisingASCII(names) { return nil }
    var seen: Set<String> = []
    seen.reserveCapacity(names.count)
    for (index, name) in names.enumerated() {
      guard seen.insert(name).inserted else { return index }
    }
    return nil
  }

  private static func areRisingASCII(_ names: [String]) -> Bool {
    var previous: String?
    for name in names {
      guard isASCII(name) else { return false }
      if let previous, !UTF8Order.precedes(previous, name) { return false }
      previous = name
    }
    return true
  }

  private static func isASCII(_ name: String) -> Bool {
    name.utf8.withContiguousStorageIfAvailable { bytes in bytes.allSatisfy { $0 < 0x80 } }
      ?? name.utf8.allSatisfy { $0 < 0x80 }
  }
}
