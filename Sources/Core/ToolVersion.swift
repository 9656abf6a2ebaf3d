// SPDX-License-Identifier: Apache-2.0

/// The version of library and program.
public enum ToolVersion {
  /// As in `driftproof --version`.
  public static let current = "0.1.0"
}
