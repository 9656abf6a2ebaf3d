// SPDX-License-Identifier: Apache-2.0

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

  /// Seconds that all cores together have worked since the start of the system, or were taken by other virtual
  /// machines; 0 where the system does not tell.
  static var systemSeconds: Double {
    guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
      let line = text.split(separator: "\n").first, line.hasPrefix("cpu ")
    else { return 0 }
    // user, nice, system, idle, iowait, irq, softirq, steal
    let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
    guard ticks.count >= 8 else { return 0 }
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

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
