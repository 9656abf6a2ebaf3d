// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `driftproof-fuzz mutate TARGET COUNT [FROM] FILE|FOLDER ...`: so many changed inputs, without coverage and many times as fast as
/// libFuzzer. Every input has a number, which is written where it ends the program; to run it alone: `mutate TARGET 1 NUMBER ...`
/// with the same files.
enum MutationRun {
  /// An input's bytes at most, and what reads it.
  private typealias Target = (limit: Int, read: @Sendable ([UInt8]) -> Bool)

  private static let targets: [String: Target] = [
    "audit-answer": (2048, AuditTargets.answer), "audit-line": (4096, ParserTargets.line),
    "audit-tar": (16384, ParserTargets.archive), "nitro": (4096, ParserTargets.nitro),
    "sev-snp": (2048, ParserTargets.report),
  ]

  /// What is being read; a handler of signals can use nothing else.
  nonisolated(unsafe) private static var number = 0

  /// Seconds that so many inputs may take together.
  private static let watched = (inputs: 1024, seconds: UInt32(120))
  private static let memoryLimit = 2048

  static func run(_ arguments: ArraySlice<String>) -> Int32 {
    var rest = arguments
    guard let name = rest.popFirst(), let target = targets[name], let count = rest.popFirst().flatMap({ Int($0) }),
      count > 0
    else {
      print(
        "usage: driftproof-fuzz mutate {\(targets.keys.sorted().joined(separator: ","))} COUNT [FROM] FILE|FOLDER ...")
      return 2
    }
    var first = 0
    if let from = rest.first.flatMap({ Int($0) }) {
      first = from
      rest = rest.dropFirst()
    }
    let seeds = files(rest).filter { $0.count <= target.limit }
    guard !seeds.isEmpty else {
      print("no seed of at most \(target.limit) bytes")
      return 2
    }
    handleSignals()
    var mutator = Mutator(seeds: seeds, limit: target.limit)
    let begun = Date()
    var read = 0
    for place in first..<first + count {
      number = place
      if place % watched.inputs == 0 {
        _ = alarm(watched.seconds)
        guard peakMegabytes() < memoryLimit else {
          print("more than \(memoryLimit) MB before input \(place)")
          return 1
        }
      }
      if target.read(mutator.input(place)) { read += 1 }
    }
    _ = alarm(0)
    let seconds = Date().timeIntervalSince(begun)
    print(
      "\(name): \(count) inputs from \(seeds.count) seeds, \(read) read, \(Int(Double(count) / max(seconds, 0.001))) a second, "
        + "\(peakMegabytes()) MB at most")
    return 0
  }

  /// By their paths, so that numbers mean the same on every machine.
  private static func files(_ paths: ArraySlice<String>) -> [[UInt8]] {
    var found: [String] = []
    for path in paths {
      if let names = try? FileManager.default.contentsOfDirectory(atPath: path) {
        found += names.sorted().map { path + "/" + $0 }
      } else {
        found.append(path)
      }
    }
    return found.compactMap { FileManager.default.contents(atPath: $0).map { [UInt8]($0) } }
  }

  private static func peakMegabytes() -> Int {
    var usage = rusage()
    #if canImport(Glibc)
      _ = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #else
      _ = getrusage(RUSAGE_SELF, &usage)
    #endif
    #if canImport(Darwin)
      return Int(usage.ru_maxrss) >> 20
    #else
      return Int(usage.ru_maxrss) >> 10
    #endif
  }

  private static func handleSignals() {
    for kind in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
      signal(kind) { kind in
        // Digits from the last to the first; nothing here asks for memory.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { text in
          var (place, rest) = (31, MutationRun.number)
          text[place] = 0x0A
          repeat {
            place -= 1
            text[place] = UInt8(0x30 + rest % 10)
            rest /= 10
          } while rest > 0
          _ = write(2, "ended at input ", 15)
          if let start = text.baseAddress { _ = write(2, start + place, 32 - place) }
        }
        _exit(128 + kind)
      }
    }
  }
}
