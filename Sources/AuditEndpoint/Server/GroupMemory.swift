// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much memory a server's processes have had.
enum GroupMemory {
  /// Bytes that the processes of a group had at most, each by itself, added up; nil without `/proc`.
  static func peak(_ group: Int32) -> Int? {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return nil }
    var sum: Int?
    for process in entries.compactMap({ Int32($0) }) where getpgid(process) == group {
      guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { continue }
      for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
        guard
          let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int($0) })
        else { continue }
        sum = (sum ?? 0) + kibibytes * 1024
      }
    }
    return sum
  }

  /// What the system counted of a process that has ended.
  static func bytes(_ usage: rusage) -> Int? {
    guard usage.ru_maxrss > 0 else { return nil }
    #if canImport(Darwin)
      return usage.ru_maxrss
    #else
      return usage.ru_maxrss * 1024
    #endif
  }
}
