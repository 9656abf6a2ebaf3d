// SPDX-License-Identifier: Apache-2.0

/// What one reader has left behind in a file that is larger than the system can keep: those bytes are forgotten as the
/// reader goes on, in large steps. Otherwise each page takes the place of one that is still to be read, and finding that
/// place costs the system more than the reading.
///
/// Where a reader jumps, a new run begins. What is left of the last one goes when the reader does.
final class ReadTrail {
  private let forget: (Range<Int>) -> Void
  private var run = 0..<0

  private let kept: Int

  /// The system drops large pages only as a whole, so steps are aligned.
  static let step = 8 << 20
  /// Shorter runs are not worth a call.
  private static let minimum = 1 << 16

  /// - Parameter kept: bytes behind the reader that stay while it goes on: what it may come back to.
  init(kept: Int = step, forget: @escaping (Range<Int>) -> Void) {
    self.kept = kept
    self.forget = forget
  }

  convenience init(_ file: MappedFile, kept: Int = step) { self.init(kept: kept) { file.forget($0) } }

  deinit { end() }

  func passed(_ range: Range<Int>) {
    if range.lowerBound != run.upperBound {
      end()
      run = range
    } else {
      run = run.lowerBound..<range.upperBound
    }
    let limit = (run.upperBound - kept) / Self.step * Self.step
    guard limit > run.lowerBound else { return }
    forget(run.lowerBound..<limit)
    run = limit..<run.upperBound
  }

  private func end() {
    if run.count >= Self.minimum { forget(run) }
    run = 0..<0
  }
}
