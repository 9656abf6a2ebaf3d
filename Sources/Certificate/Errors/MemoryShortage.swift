// SPDX-License-Identifier: Apache-2.0

/// Memory that a proof needs and that is not there.
public struct MemoryShortage: Error, Hashable, Sendable {
  /// What sets the limit.
  public enum Limit: String, Hashable, Sendable, CaseIterable {
    case addressSpace = "the limit of this process's address space"
    case data = "the limit of this process's data"
    case controlGroup = "the memory limit of this process's control group"
    case machine = "this machine's free memory"
  }

  /// What sets the limit.
  public let limit: Limit
  /// Bytes that the proof is estimated to need beside what is in use, and those that are left.
  public let needed: Int
  /// Bytes that are left.
  public let available: Int

  package init(limit: Limit, needed: Int, available: Int) {
    (self.limit, self.needed, self.available) = (limit, needed, available)
  }
}

extension MemoryShortage: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    "the proof needs about \(Self.text(needed)) of memory, and \(limit.rawValue) leaves \(Self.text(available)); nothing was "
      + "begun: raise the limit, use a machine with more memory, or freeze tensors in the policy"
  }

  /// Bytes in MB of 10^6, rounded up.
  private static func text(_ bytes: Int) -> String { "\((max(0, bytes) + 999_999) / 1_000_000) MB" }
}
