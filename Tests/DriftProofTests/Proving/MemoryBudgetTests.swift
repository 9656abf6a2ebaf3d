// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofProving
import DriftProofCertificate
import Testing

/// Limits as the system's files have them.
@Suite struct MemoryBudgetTests {
  private func shortage(_ files: [String: String], peak: Int) -> MemoryShortage? {
    do throws(DriftProofError) {
      try MemoryBudget { files[$0] }.check(peak: peak, workers: 2)
      return nil
    } catch {
      guard case .notEnoughMemory(let shortage) = error else { return nil }
      return shortage
    }
  }

  private static let status = "Name:\tdriftproof\nVmSize:\t  100000 kB\nVmData:\t 50000 kB\n"
  private static func limits(space: String = "unlimited", data: String = "unlimited") -> String {
    "Limit                     Soft Limit           Hard Limit           Units     \n"
      + "Max data size             \(data)            unlimited            bytes     \n"
      + "Max address space         \(space)            unlimited            bytes     \n"
  }

  @Test func nothingKnownIsNoLimit() {
    #expect(shortage([:], peak: 1 << 60) == nil)
    #expect(shortage(["/proc/self/limits": Self.limits()], peak: 1 << 60) == nil)
  }

  /// Addresses: what is mapped counts, and stacks and heaps of threads.
  @Test func addressSpace() {
    let files = ["/proc/self/status": Self.status, "/proc/self/limits": Self.limits(space: "1000000000")]
    let left = 1_000_000_000 - 102_400_000
    #expect(shortage(files, peak: 500_000_000) == nil)
    let found = shortage(files, peak: 700_000_000)
    #expect(found == MemoryShortage(limit: .addressSpace, needed: 875_000_000 + 2 * (72 << 20), available: left))
    #expect(found.map { "\($0)" }?.contains("1026 MB") == true)
    let data = ["/proc/self/status": Self.status, "/proc/self/limits": Self.limits(data: "1000000000")]
    #expect(shortage(data, peak: 900_000_000)?.limit == .data)
  }

  /// Rows get seven eighths of what a proof leaves under the tightest limit, and never less than nothing.
  @Test func roomForRows() {
    let machine = ["/proc/meminfo": "MemAvailable: 1000000 kB\n"]
    #expect(MemoryBudget { machine[$0] }.room(beside: 224_000_000, workers: 2) == 700_000_000)
    #expect(MemoryBudget { machine[$0] }.room(beside: 1_024_000_001, workers: 2) == 0)
    let both = machine.merging(
      ["/proc/self/status": Self.status, "/proc/self/limits": Self.limits(space: "1000000000")]) { $1 }
    let left = 1_000_000_000 - 102_400_000 - 125_000_000 - 2 * (72 << 20)
    #expect(MemoryBudget { both[$0] }.room(beside: 100_000_000, workers: 2) == left / 8 * 7)
    #expect(MemoryBudget { _ in nil }.room(beside: 100, workers: 2, physical: 1000) == 350)
  }

  @Test func controlGroups() {
    let group = ["/proc/self/cgroup": "0::/a/b\n"]
    let inner = ["/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "1000000\n"]
    let files = group.merging(inner) { $1 }.merging(
      ["/sys/fs/cgroup/a/memory.stat": "anon 400000\nfile 590000\n", "/sys/fs/cgroup/a/memory.current": "990000\n"]
    ) { $1 }
    #expect(shortage(files, peak: 600_000) == nil)
    #expect(shortage(files, peak: 600_001)?.available == 600_000)
    let old = ["/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"]
    #expect(shortage(old, peak: 1 << 50) == nil)
    // Of version 1, too, cached files give way.
    let limited = [
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000\n",
      "/sys/fs/cgroup/memory/memory.stat": "cache 900000\nrss 1\ntotal_rss 400000\n",
    ]
    #expect(shortage(limited, peak: 600_000) == nil && shortage(limited, peak: 600_001)?.limit == .controlGroup)
    // Schedulers of clusters put a job into a group below others: the least of their limits holds.
    let job = [
      "/proc/self/cgroup": "5:cpuset:/\n4:memory:/slurm/job\n0::/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/slurm/memory.limit_in_bytes": "1000000\n",
      "/sys/fs/cgroup/memory/slurm/job/memory.limit_in_bytes": "500000\n",
      "/sys/fs/cgroup/cpuset/memory.limit_in_bytes": "1\n",
    ]
    #expect(shortage(job, peak: 500_000) == nil && shortage(job, peak: 500_001)?.available == 500_000)
    // Where two controllers share a hierarchy, it is one of memory, too.
    let shared = [
      "/proc/self/cgroup": "4:cpu,memory:/job\n", "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "400000\n",
    ]
    #expect(shortage(shared, peak: 400_001)?.available == 400_000)
  }

  @Test func machines() {
    let files = ["/proc/meminfo": "MemTotal:  2000 kB\nMemAvailable:   1000 kB\n"]
    #expect(shortage(files, peak: 1_024_000) == nil && shortage(files, peak: 1_024_001)?.limit == .machine)
  }
}
