// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import Foundation

/// How much memory the system gives this process: what Linux says in its files; elsewhere nothing is known.
struct MemoryBudget {
  /// Bytes that are left under each limit.
  private(set) var available: [MemoryShortage.Limit: Int] = [:]

  /// - Parameter read: the content of a file of the system, nil where there is none.
  init(read: (String) -> String? = { try? String(contentsOfFile: $0, encoding: .utf8) }) {
    let status = Self.table(read("/proc/self/status") ?? "")
    let limits = read("/proc/self/limits") ?? ""
    if let limit = Self.softLimit("Max address space", in: limits) {
      available[.addressSpace] = limit - (status["VmSize"] ?? 0)
    }
    if let limit = Self.softLimit("Max data size", in: limits) { available[.data] = limit - (status["VmData"] ?? 0) }
    available[.machine] = Self.table(read("/proc/meminfo") ?? "")["MemAvailable"]
    available[.controlGroup] = Self.controlGroups(read("/proc/self/cgroup") ?? "").compactMap { folder in
      Self.left(in: folder, read)
    }.min()
  }

  /// - Parameters:
  ///   - peak: resident bytes at the peak of a proof.
  ///   - workers: threads that it runs on.
  /// - Throws: `notEnoughMemory` with the limit that is exceeded most.
  func check(peak: Int, workers: Int) throws(DriftProofError) {
    let shortages = available.compactMap { limit, left -> MemoryShortage? in
      let needed = Self.needed(peak: peak, workers: workers, under: limit)
      return needed > left ? MemoryShortage(limit: limit, needed: needed, available: left) : nil
    }
    let worst = shortages.max { $0.needed - $0.available < $1.needed - $1.available }
    if let worst { throw .notEnoughMemory(worst) }
  }

  /// Bytes that rows may take beside a proof of the peak: seven eighths of what is left, for the estimate is one and the
  /// system caches files in the rest. Where no limit is known, half of the machine's memory counts as there.
  func room(beside peak: Int, workers: Int, physical: UInt64 = ProcessInfo.processInfo.physicalMemory) -> Int {
    let left =
      available.map { limit, left in left - Self.needed(peak: peak, workers: workers, under: limit) }.min()
      ?? Int(clamping: physical / 2) - peak
    return max(0, left / 8 * 7)
  }

  /// Under limits of addresses nothing can be caught once they are reached: a quarter more than the forecast, and what the C
  /// library sets aside for each thread, stack and heap.
  private static func needed(peak: Int, workers: Int, under limit: MemoryShortage.Limit) -> Int {
    switch limit {
    case .addressSpace, .data: peak + peak / 4 + workers * threadBytes
    case .controlGroup, .machine: peak
    }
  }

  private static let threadBytes = 72 << 20

  // MARK: Files of the system

  /// `Name:   123 kB` as bytes by name.
  private static func table(_ text: String) -> [String: Int] {
    var result: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let number = parts[1].split(whereSeparator: \.isWhitespace).first.flatMap({ Int($0) })
      else { continue }
      result[String(parts[0])] = number.multipliedReportingOverflow(by: 1024).partialValue
    }
    return result
  }

  /// The first number after a name in /proc/self/limits; nil for "unlimited".
  private static func softLimit(_ name: String, in text: String) -> Int? {
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
  }

  /// Folders of control groups that may hold a limit: this process's and all above, of version 2 and of version 1's
  /// hierarchy of memory, which has a folder of its own. A container sees its own group's at the top.
  private static func controlGroups(_ text: String) -> [String] {
    let root = "/sys/fs/cgroup"
    var folders: [String] = []
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",")
      guard controllers.isEmpty || controllers.contains("memory") else { continue }
      let top = controllers.isEmpty ? root : root + "/memory"
      let parts = fields[2].split(separator: "/")
      folders += (0..<parts.count).map { top + "/" + parts[...$0].joined(separator: "/") }
    }
    return folders + [root, root + "/memory"]
  }

  /// What a group's limit leaves: its cache of files gives way, other memory does not.
  private static func left(in folder: String, _ read: (String) -> String?) -> Int? {
    func number(_ name: String) -> Int? {
      read("\(folder)/\(name)").flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    /// A number of a file of several.
    func statistic(_ name: String, in file: String) -> Int? {
      let line = read("\(folder)/\(file)")?.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
      return line?.split(separator: " ").last.flatMap { Int($0) }
    }
    if let limit = number("memory.max") {
      return limit - (statistic("anon", in: "memory.stat") ?? number("memory.current") ?? 0)
    }
    // Version 1 writes a number near 2^63 for no limit.
    guard let limit = number("memory.limit_in_bytes"), limit < 1 << 60 else { return nil }
    return limit - (statistic("total_rss", in: "memory.stat") ?? 0)
  }
}
