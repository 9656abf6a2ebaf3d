// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file being written that is there as a whole or not at all, also after a crash.
///
/// It takes its name when ``commit(folder:)`` returns: its bytes are on disk before the name is. Without a commit it leaves
/// nothing behind, unless the process is killed; then what it wrote beside its name is removed by the next file that
/// replaces the same one under the same temporary name.
package struct DurableFile: ~Copyable {
  /// What to do about the folder, whose own record of the name must reach the disk, too.
  package enum FolderSync: Sendable {
    /// A failure is an error: the caller counts on the new content after a crash.
    case required
    /// Best effort: after a crash the old content or the new is there.
    case attempted
  }

  private let name: String
  /// Where the bytes are until the file takes its name; the name itself for a new file.
  private let place: String
  private var descriptor: Int32
  private var isCommitted = false

  private init(name: String, place: String, descriptor: Int32) {
    self.name = name
    self.place = place
    self.descriptor = descriptor
  }

  /// A file that will stand in the place of another, or of none: written beside it, then renamed.
  /// - Parameters:
  ///   - mode: the permissions, less the process's mask: 0o600 for secrets.
  ///   - temporary: the name until then, in the same folder, for nobody else; nil for one with this process's number.
  /// - Throws: the system's error; a path with a NUL byte is an invalid argument.
  package init(replacing name: String, mode: mode_t, temporary: String? = nil) throws(SystemError) {
    let place = temporary ?? "\(name).\(getpid()).partial"
    guard !place.utf8.contains(0) else { throw SystemError(code: EINVAL) }
    // Left over by a process that was killed.
    unlink(place)
    self.init(name: name, place: place, descriptor: try Self.created(place, mode))
  }

  /// A file that never replaces one, under its name at once so that no other process can take it.
  /// - Throws: the system's error, ``SystemError/isExisting`` when there is one.
  package init(creating name: String, mode: mode_t) throws(SystemError) {
    self.init(name: name, place: name, descriptor: try Self.created(name, mode))
  }

  private static func created(_ path: String, _ mode: mode_t) throws(SystemError) -> Int32 {
    guard !path.utf8.contains(0) else { throw SystemError(code: EINVAL) }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SystemError() }
    return descriptor
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted { unlink(place) }
  }

  /// Writes `bytes` after those before.
  package func append(_ bytes: [UInt8]) throws(SystemError) { try Self.put(bytes, into: descriptor) }

  /// Waits for the disk and gives the file its name.
  package consuming func commit(folder: FolderSync) throws(SystemError) {
    guard fsync(descriptor) == 0 else { throw SystemError() }
    let status = close(descriptor)
    descriptor = -1
    guard status == 0 else { throw SystemError() }
    if place != name {
      guard rename(place, name) == 0 else { throw SystemError() }
    }
    isCommitted = true
    do throws(SystemError) {
      try Self.synchronizeFolder(of: name)
    } catch {
      if folder == .required { throw error }
    }
  }

  // MARK: Whole files

  /// Puts a file of these bytes in the place of another, or of none.
  package static func replace(
    _ name: String, with bytes: [UInt8], mode: mode_t, folder: FolderSync
  ) throws(SystemError) {
    let file = try DurableFile(replacing: name, mode: mode)
    try file.append(bytes)
    try file.commit(folder: folder)
  }

  /// Makes a new file of these bytes.
  /// - Throws: the system's error, ``SystemError/isExisting`` when there is a file.
  package static func create(
    _ name: String, with bytes: [UInt8], mode: mode_t, folder: FolderSync
  ) throws(SystemError) {
    let file = try DurableFile(creating: name, mode: mode)
    try file.append(bytes)
    try file.commit(folder: folder)
  }

  /// Writes to what is there and no regular file, such as a pipe or /dev/stdout: renaming would put a file in its place.
  package static func write(_ bytes: [UInt8], toDevice path: String) throws(SystemError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError() }
    var failure: SystemError?
    do throws(SystemError) { try put(bytes, into: descriptor) } catch { failure = error }
    if close(descriptor) != 0, failure == nil { failure = SystemError() }
    if let failure { throw failure }
  }

  /// The folder that a path names a file in.
  package static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  }

  private static func put(_ bytes: [UInt8], into descriptor: Int32) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError() }
      rest = rest.dropFirst(count)
    }
  }

  private static func synchronizeFolder(of path: String) throws(SystemError) {
    let descriptor = open(folder(of: path), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError() }
    defer { close(descriptor) }
    // Some file systems cannot synchronise folders; the file is on disk all the same.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw SystemError() }
  }
}

/// The system call, under a name that the methods do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
