// SPDX-License-Identifier: Apache-2.0

import DriftProofProving
import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The files that commands write: where they go, and what is said when they cannot.
enum AtomicFile {
  /// Writes beside `path`, then renames (``DurableFile``): readers see the old bytes or the new ones, and so they stay
  /// after a crash.
  ///
  /// An existing file is replaced, what a symbolic link points to likewise. A device or pipe, such as /dev/stdout, is
  /// written directly: renaming would put a file in its place.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o666) throws(CommandFailure) {
    guard !path.utf8.contains(0) else { throw failure(path, "the path contains a NUL byte") }
    let target = resolved(path)
    var status = stat()
    let isDevice = stat(target, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    guard !isDevice || status.st_mode & S_IFMT != S_IFDIR else { throw failure(path, "it is a folder") }
    do throws(SystemError) {
      if isDevice {
        try DurableFile.write(bytes, toDevice: target)
      } else {
        try DurableFile.replace(target, with: bytes, mode: mode, folder: .attempted)
      }
    } catch {
      throw failure(path, "\(error)")
    }
  }

  /// Throws now what `write` would throw later: a folder in its place, no folder there, or none that may be written.
  static func checkFolder(of path: String) throws(CommandFailure) {
    guard path != OutputPlace.standardOutput else { return }
    let target = resolved(path)
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { throw failure(path, "it is a folder") }
    guard access(DurableFile.folder(of: target), W_OK | X_OK) == 0 else { throw failure(path, "\(SystemError())") }
  }

  /// The file behind symbolic links; the path itself when there is none yet.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func failure(_ path: String, _ reason: String) -> CommandFailure {
    CommandFailure(
      .operational, "\(path): cannot be written: \(reason)", remedy: "Choose a writable place with enough space.")
  }
}
