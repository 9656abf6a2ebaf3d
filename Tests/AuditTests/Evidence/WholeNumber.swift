// SPDX-License-Identifier: Apache-2.0

/// Natural numbers of any size, slow and plain: the model that the evidence's fixed width is held against.
struct WholeNumber: Comparable {
  /// Lowest first, without leading zeros.
  private var words: [UInt32] = []

  init(_ value: UInt128) {
    var rest = value
    while rest > 0 {
      words.append(UInt32(truncatingIfNeeded: rest))
      rest >>= 32
    }
  }

  static func + (a: WholeNumber, b: WholeNumber) -> WholeNumber {
    var result = WholeNumber(0)
    var carry: UInt64 = 0
    for place in 0..<max(a.words.count, b.words.count) {
      carry +=
        (place < a.words.count ? UInt64(a.words[place]) : 0) + (place < b.words.count ? UInt64(b.words[place]) : 0)
      result.words.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    if carry > 0 { result.words.append(UInt32(carry)) }
    return result
  }

  static func * (a: WholeNumber, b: UInt32) -> WholeNumber {
    var result = WholeNumber(0)
    var carry: UInt64 = 0
    for word in a.words {
      carry += UInt64(word) * UInt64(b)
      result.words.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    if carry > 0 { result.words.append(UInt32(carry)) }
    while result.words.last == 0 { result.words.removeLast() }
    return result
  }

  static func << (a: WholeNumber, places: Int) -> WholeNumber {
    guard !a.words.isEmpty else { return a }
    var result = a * (1 << UInt32(places % 32))
    result.words.insert(contentsOf: [UInt32](repeating: 0, count: places / 32), at: 0)
    return result
  }

  static func < (a: WholeNumber, b: WholeNumber) -> Bool {
    if a.words.count != b.words.count { return a.words.count < b.words.count }
    for place in a.words.indices.reversed() where a.words[place] != b.words[place] {
      return a.words[place] < b.words[place]
    }
    return false
  }
}
