// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Foundation

/// Which setup files were checked on this machine, by SHA-256 of all their bytes: a prover checks each file once.
///
/// A prover must: a power outside of the group would show the sum of a row's integers modulo a small number.
enum CheckedSetups {
  private static var folder: URL? {
    let environment = ProcessInfo.processInfo.environment
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      return URL(fileURLWithPath: cache).appendingPathComponent("driftproof").appendingPathComponent("setups")
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return URL(fileURLWithPath: home).appendingPathComponent(".cache").appendingPathComponent("driftproof")
      .appendingPathComponent("setups")
  }

  /// Remembers a file that was checked, or made here. Without a place for that it will be checked again.
  static func remember(_ setup: SetupFile) {
    if let digest = try? setup.digest() { remember(digest) }
  }

  private static func remember(_ digest: [UInt8]) {
    guard let folder else { return }
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try? Data().write(to: folder.appendingPathComponent(digest.hexadecimal))
  }

  /// Checks a file that is not remembered.
  static func checked(_ setup: SetupFile, path: String, console: Console) throws(CommandFailure) -> CheckedSetup {
    func isRemembered(_ digest: [UInt8]) -> Bool {
      if let folder, FileManager.default.fileExists(atPath: folder.appendingPathComponent(digest.hexadecimal).path) {
        return true
      }
      console.remark("checking the 2^\(setup.logLength) powers of \(Quoting.plain(path)), once for this file")
      return false
    }
    do throws(CurveSetupError) {
      let checked = try CheckedSetup(setup, isRemembered: isRemembered) { console.progress("setup", fraction: $0) }
      remember(checked.digest)
      return checked
    } catch {
      throw CommandFailure(error, path: path)
    }
  }
}
