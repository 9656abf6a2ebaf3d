// SPDX-License-Identifier: Apache-2.0

import Foundation
import DriftProofKernels

/// Where figures come from.
package struct MachineDescription: Codable, Sendable, Equatable {
  package var processor: String
  package var cores: Int
  package var memoryBytes: Int
  package var system: String
  package var toolchain: String
  /// Which kernels ran: `native` unless the environment says otherwise, and the vector extensions that matter to them.
  package var kernelPath: String
  package var vectorExtensions: [String]
  /// Of the repository; empty when not known.
  package var commit: String

  /// - Parameters:
  ///   - toolchain: first line of `swift --version`, `commit`: both from the caller, who has a shell.
  package static func current(toolchain: String, commit: String) -> MachineDescription {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    func field(_ name: String) -> String? {
      information.split(separator: "\n").first { $0.hasPrefix(name) }?
        .split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let flags = Set((field("flags") ?? "").split(separator: " ").map(String.init))
    let family = field("cpu family").map { ", family \($0)" } ?? ""
    let model = field("model\t").map { " model \($0)" } ?? ""
    return MachineDescription(
      processor: (field("model name") ?? "unknown") + family + model,
      cores: ProcessInfo.processInfo.activeProcessorCount, memoryBytes: Int(ProcessInfo.processInfo.physicalMemory),
      system: ProcessInfo.processInfo.operatingSystemVersionString, toolchain: toolchain,
      kernelPath: KernelPath.selected.rawValue,
      vectorExtensions: ["avx2", "sha_ni", "avx512f", "avx512ifma", "avx512_vnni", "vaes"].filter(flags.contains),
      commit: commit)
  }
}
