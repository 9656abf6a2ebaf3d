// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation

/// Arrays of many megabytes, on huge pages: the first touch of a page costs the system as much for 4 KiB as for 2 MiB, and
/// of gigabytes more than their content.
package enum LargeArray {
  /// Smaller ones come from the heap, whose pages are not the array's own.
  private static let threshold = 8 << 20
  private static let hugePage = 1 << 21

  /// Zeros of a type that has them as bytes of zero.
  package static func zeros<Element: BitwiseCopyable>(count: Int) -> [Element] {
    [Element](unsafeUninitializedCapacity: count) { memory, initialised in
      advise(memory)
      if let base = memory.baseAddress { memset(base, 0, count * MemoryLayout<Element>.stride) }
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
