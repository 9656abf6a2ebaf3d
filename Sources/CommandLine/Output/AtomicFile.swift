import DriftProofProving

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files that are there as a whole or not at all.
enum AtomicFile {
  /// Writes beside `path`, then renames: readers see the old bytes or the new ones, and so they stay after a crash.
  ///
  /// An existing file is replaced, what a symbolic link points to likewise. A device or pipe, such as /dev/stdout, is
  /// written directly: renaming would put a file in its place.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o666) throws(CommandFailure) {
    guard !path.utf8.contains(0) else { throw failure(path, "the path contains a NUL byte") }
    let target = resolved(path)
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(path, "it is a folder") }
      try put(bytes, into: open(target, O_WRONLY | O_CLOEXEC), path: path, syncs: false)
      return
    }
    let temporary = "\(target).\(getpid()).partial"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    do throws(CommandFailure) {
      try put(bytes, into: descriptor, path: path, syncs: true)
      guard rename(temporary, target) == 0 else { throw failure(path, systemReason()) }
    } catch {
      if descriptor >= 0 { unlink(temporary) }
      throw error
    }
  }

  /// Throws now what `write` would throw later: a folder in its place, no folder there, or none that may be written.
  static func checkFolder(of path: String) throws(CommandFailure) {
    let target = resolved(path)
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { throw failure(path, "it is a folder") }
    let folder = target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    guard access(folder, W_OK | X_OK) == 0 else { throw failure(path, systemReason()) }
  }

  private static func put(
    _ bytes: [UInt8], into descriptor: Int32, path: String, syncs: Bool
  ) throws(CommandFailure) {
    guard descriptor >= 0 else { throw failure(path, systemReason()) }
    var rest = bytes[...]
    var reason: String?
    while !rest.isEmpty, reason == nil {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        reason = systemReason()
      }
    }
    if syncs, reason == nil, fsync(descriptor) != 0 { reason = systemReason() }
    if close(descriptor) != 0, reason == nil { reason = systemReason() }
    if let reason { throw failure(path, reason) }
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

  private static func systemReason() -> String { String(cString: strerror(errno)) }
}

/// The system call, under a name that `AtomicFile.write` does not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
