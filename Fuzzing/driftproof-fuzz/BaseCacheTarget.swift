// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofProving
import DriftProofCheckpoint
import Foundation

/// The folder of `identify --commit --cache`, whose files others may have written.
enum BaseCacheTarget {
  private static let name = "leaves of base/0"
  private static let path = FileManager.default.temporaryDirectory.appendingPathComponent(
    "driftproof-fuzz-cache-\(ProcessInfo.processInfo.processIdentifier)"
  ).path

  private static let cache: BaseCache = {
    do {
      let pinned = Pinned.rounding.identity
      guard let linked = pinned.linked else { fatalError("the pinned identity commits to no base") }
      return try BaseCache(path: path, identity: pinned, layoutDigest: linked.layoutDigest)
    } catch {
      fatalError("\(path): \(error)")
    }
  }()

  /// What a reading of the file gives; nil where it is refused.
  private static func read(byteCount: Int?) -> [UInt8]? {
    var found: [UInt8] = []
    do {
      FuzzTarget.promise(
        try cache.read(name, byteCount: byteCount) { found += $0 }, "a file that is there is read or refused")
      return found
    } catch {
      FuzzTarget.promise("\(error)".contains(path), "a refusal names the folder")
      return nil
    }
  }

  /// The input as the file, and as the content of one with the frame that such a file has.
  static func run(_ bytes: [UInt8]) {
    let file = path + "/leaves-of-base-0"
    do {
      _ = cache
      try Data(bytes).write(to: URL(fileURLWithPath: file))
      if let found = read(byteCount: nil) {
        // Eight bytes, a key, the name, two lengths, the content, a digest.
        FuzzTarget.promise(
          found.count == bytes.count - 8 - 32 - 8 - name.utf8.count - 8 - 32, "all of the content is passed on")
      }
      try cache.write(name, byteCount: bytes.count) { Array(bytes[$0]) }
    } catch {
      fatalError("\(file): \(error)")
    }
    FuzzTarget.promise(read(byteCount: bytes.count) == bytes, "what is kept is read back")
    FuzzTarget.promise(read(byteCount: bytes.count + 32) == nil, "leaves of another tree are refused")
    // A byte of it changed.
    guard var changed = try? [UInt8](Data(contentsOf: URL(fileURLWithPath: file))), let first = bytes.first else {
      return
    }
    changed[Int(first) * changed.count / 256] ^= 1
    do { try Data(changed).write(to: URL(fileURLWithPath: file)) } catch { fatalError("\(file): \(error)") }
    FuzzTarget.promise(read(byteCount: bytes.count) == nil, "a changed file is refused")
  }
}
