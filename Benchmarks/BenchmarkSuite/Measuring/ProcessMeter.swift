import Foundation
import Synchronization

/// Processor time and memory of this process.
enum ProcessMeter {
  /// User and system seconds of all threads so far.
  static var processorSeconds: Double {
    var usage = rusage()
    guard getrusage(processSelf, &usage) == 0 else { return 0 }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  #if os(Linux)
    // An enumeration in Glibc, an integer in its function.
    private static var processSelf: __rusage_who_t { RUSAGE_SELF.rawValue }
  #else
    private static var processSelf: Int32 { RUSAGE_SELF }
  #endif

  /// A field of /proc/self/status in bytes; 0 where there is none.
  static func status(_ field: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
    for line in text.split(separator: "\n") where line.hasPrefix(field + ":") {
      return (line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first ?? 0) * 1024
    }
    return 0
  }
}

/// The largest RssAnon seen while it runs: memory that the process has for itself, without mapped checkpoints.
final class PrivateMemorySampler: Sendable {
  private struct State {
    var peak = 0
    var isStopped = false
  }
  private let state = Mutex(State())

  init(interval: TimeInterval = 0.02) {
    let thread = Thread { [self] in
      while state.withLock({ !$0.isStopped }) {
        let now = ProcessMeter.status("RssAnon")
        state.withLock { $0.peak = max($0.peak, now) }
        Thread.sleep(forTimeInterval: interval)
      }
    }
    thread.start()
  }

  func stop() -> Int {
    state.withLock {
      $0.isStopped = true
      return $0.peak
    }
  }
}
