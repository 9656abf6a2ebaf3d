// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import DriftProofProving
import Synchronization

/// The two streams: results on standard output, everything else on standard error.
final class Console: Sendable {
  let isQuiet: Bool
  /// Standard error is a terminal that takes a moving line.
  let hasBar: Bool
  private let hasColor: Bool
  /// What the bar's line shows at the moment; empty for no bar.
  private let bar = Mutex("")

  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    let isDumb = Self.environment("TERM") == "dumb"
    hasBar = isatty(STDERR_FILENO) == 1 && !isDumb && !isQuiet
    hasColor = isatty(STDERR_FILENO) == 1 && !isDumb && (Self.environment("NO_COLOR") ?? "").isEmpty
  }

  /// Writes a result; false when standard output cannot take it, as on a full disk.
  func writeResult(_ text: String) -> Bool {
    clearBar()
    return Self.write(text, to: STDOUT_FILENO)
  }

  /// A line about what is going on.
  func remark(_ line: String) {
    guard !isQuiet else { return }
    clearBar()
    Self.write("driftproof: \(line)\n", to: STDERR_FILENO)
  }

  /// A line that `--quiet` does not silence.
  func error(_ failure: CommandFailure) {
    clearBar()
    let label = hasColor ? "\u{1B}[31merror:\u{1B}[0m" : "error:"
    Self.write("driftproof: \(label) \(failure.reason)\n", to: STDERR_FILENO)
    for line in failure.details { Self.write("\(line)\n", to: STDERR_FILENO) }
  }

  /// What a long command is doing: a line that the next one replaces on a terminal, a lasting line elsewhere.
  func phase(_ name: String) {
    guard hasBar else { return remark(name) }
    bar.withLock { shown in
      shown = "\(name) ..."
      Self.write("\r\(shown)\u{1B}[K", to: STDERR_FILENO)
    }
  }

  /// Moves the bar, on a terminal; may be called from several threads.
  func progress(_ label: String, fraction: Double) {
    guard hasBar else { return }
    let width = 30
    let filled = Int((min(1, max(0, fraction)) * Double(width)).rounded(.down))
    let percent = Int((min(1, max(0, fraction)) * 100).rounded(.down))
    let meter = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    let line = "[\(meter)] \(percent)% \(label.prefix(60))"
    bar.withLock { shown in
      guard shown != line else { return }
      Self.write("\r\(line)\u{1B}[K", to: STDERR_FILENO)
      shown = line
    }
  }

  func clearBar() {
    bar.withLock { shown in
      guard !shown.isEmpty else { return }
      Self.write("\r\u{1B}[K", to: STDERR_FILENO)
      shown = ""
    }
  }

  /// Nothing can be done about a standard error that takes no text, hence the discardable result.
  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  private static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}

/// The system call, under a name that `Console.write` does not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
