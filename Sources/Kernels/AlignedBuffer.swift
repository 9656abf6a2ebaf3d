// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A block of memory of fixed size, zeroed unless its user writes it all, aligned for the vector kernels: to 64 bytes, or
/// to 2 MiB when large, where huge pages save a third of a big transform's time.
///
/// Concurrent writers must keep to disjoint elements; that is the caller's duty.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  package let count: Int
  package let pointer: UnsafeMutablePointer<Element>
  private let base: UnsafeMutableRawPointer
  /// The length of the mapping; 0 for memory from the heap.
  private let mapped: Int

  private static var hugePage: Int { 1 << 21 }

  /// - Parameter cleared: false where every element is written before it is read.
  package init(count: Int, cleared: Bool = true) {
    precondition(count >= 0 && count <= Int.max / 64 / MemoryLayout<Element>.stride, "no such size: \(count)")
    self.count = count
    let bytes = max(count * MemoryLayout<Element>.stride, 1)
    if bytes >= Self.hugePage {
      mapped = bytes + Self.hugePage
      if let idle = IdleMappings.take(length: mapped) {
        base = idle.base
        let start = base.alignedUp(toMultipleOf: Self.hugePage)
        if cleared { memset(start, 0, bytes) }
        pointer = start.bindMemory(to: Element.self, capacity: count)
        return
      }
      // Counted by ``IdleMappings/take(length:)``. A fresh mapping is zero already, and its pages come when and where they are first touched.
      guard let region = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        region != MAP_FAILED
      else { fatalError("out of memory: \(bytes) bytes") }
      base = region
      let start = region.alignedUp(toMultipleOf: Self.hugePage)
      #if os(Linux)
        _ = madvise(start, bytes, MADV_HUGEPAGE)
      #endif
      pointer = start.bindMemory(to: Element.self, capacity: count)
    } else {
      mapped = 0
      base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      if cleared { memset(base, 0, bytes) }
      pointer = base.bindMemory(to: Element.self, capacity: count)
    }
  }

  /// Bytes of addresses that it takes.
  package var footprint: Int { mapped > 0 ? mapped : count * MemoryLayout<Element>.stride }

  deinit {
    if mapped > 0 { IdleMappings.give(.init(base: base, length: mapped)) } else { base.deallocate() }
  }

  package subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "index \(index) outside 0..<\(count)")
      return pointer[index]
    }
    set {
      precondition(index >= 0 && index < count, "index \(index) outside 0..<\(count)")
      pointer[index] = newValue
    }
  }

  /// A copy of some elements.
  package func copy(_ range: Range<Int>) -> [Element] {
    check(range.lowerBound, range.count)
    return Array(UnsafeBufferPointer(start: pointer + range.lowerBound, count: range.count))
  }

  /// Replaces elements from `first` on.
  package func store(_ elements: [Element], at first: Int) {
    check(first, elements.count)
    elements.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { (pointer + first).update(from: start, count: source.count) }
    }
  }

  /// Stops unless the range of elements lies inside.
  func check(_ first: Int, _ length: Int) {
    precondition(
      first >= 0 && length >= 0 && first <= count && length <= count - first,
      "\(length) elements at \(first) of \(count)")
  }
}
