// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation

/// Arrays of many megabytes, on huge pages: the first touch of a page costs the system as much for 4 KiB as for 2 MiB, and
/// of gigabytes more than their content.
package enum LargeArray {
  /// Smaller ones come from the heap, whose pages are not the array's own.
  private static let threshold = 4 << 20
  private static let hugePage = 1 << 21

  /// Zeros of a type that has them as bytes of zero.
  package static func zeros<Element: BitwiseCopyable>(count: Int) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { memory, initialised in
      advise(memory)
      if let base = memory.baseAddress { memset(base, 0, count * MemoryLayout<Element>.stride) }
      initialised = count
    }
  }

  /// Elements that are anything until somebody writes them: what zeros of large arrays would cost is spared.
  package static func unwritten<Element: BitwiseCopyable>(count: Int) -> [Element] {
    guard count * MemoryLayout<Element>.stride >= threshold else { return zeros(count: count) }
    return [Element](unsafeUninitializedCapacity: count) { memory, initialised in
      advise(memory)
      initialised = count
    }
  }

  /// `count` elements, of which `body` writes each range that it is given, all of it; on all cores.
  package static func made<Element: BitwiseCopyable>(
    count: Int, piece: Int, _ body: @Sendable (Range<Int>, inout MutableSpan<Element>) -> Void
  ) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { memory, initialised in
      advise(memory)
      if let base = memory.baseAddress {
        let target = Shared(base)
        Parallel.forEach((count + piece - 1) / piece) { index in
          let range = index * piece..<min(count, (index + 1) * piece)
          var span = MutableSpan(
            _unsafeElements: UnsafeMutableBufferPointer(start: target.pointer + range.lowerBound, count: range.count))
          body(range, &span)
        }
      }
      initialised = count
    }
  }

  /// Changes elements in place: `body` gets the elements of each range that it is given; on all cores.
  package static func update<Element: BitwiseCopyable>(
    _ array: inout [Element], piece: Int, _ body: @Sendable (Range<Int>, inout MutableSpan<Element>) -> Void
  ) {
    array.withUnsafeMutableBufferPointer { memory in
      guard let base = memory.baseAddress else { return }
      let (target, count) = (Shared(base), memory.count)
      Parallel.forEach((count + piece - 1) / piece) { index in
        let range = index * piece..<min(count, (index + 1) * piece)
        var span = MutableSpan(
          _unsafeElements: UnsafeMutableBufferPointer(start: target.pointer + range.lowerBound, count: range.count))
        body(range, &span)
      }
    }
  }

  /// Asks for huge pages where the memory fills some; a hint that cannot fail.
  private static func advise<Element>(_ memory: UnsafeMutableBufferPointer<Element>) {
    #if os(Linux)
      let bytes = UnsafeMutableRawBufferPointer(memory)
      guard bytes.count >= threshold, let base = bytes.baseAddress else { return }
      let start = base.alignedUp(toMultipleOf: hugePage)
      let end = (base + bytes.count).alignedDown(toMultipleOf: hugePage)
      _ = madvise(start, end - start, MADV_HUGEPAGE)
    #endif
  }
}
