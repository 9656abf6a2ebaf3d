// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that grows by whole records and is read again after a crash: each record is on disk when its writer says so. It is
/// locked, so that two programs cannot write to one.
package struct AppendedFile: ~Copyable {
  private let descriptor: Int32

  /// Opens the file, or makes one.
  /// - Throws: the system's error, ``SystemError/isLocked`` where another program writes to it.
  package init(_ path: String, mode: mode_t) throws(SystemError) {
    guard !path.utf8.contains(0) else { throw SystemError(code: EINVAL) }
    let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SystemError() }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let error = SystemError()
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Lets others write to it; nothing may be appended any more.
  package func unlock() { flock(descriptor, LOCK_UN) }

  /// What is there, from the beginning.
  /// - Throws: the system's error, `EFBIG` above the limit.
  package func content(limit: Int) throws(SystemError) -> [UInt8] {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size >= 0 else { throw SystemError() }
    guard size <= limit else { throw SystemError(code: EFBIG) }
    var bytes = [UInt8](repeating: 0, count: size)
    var done = 0
    while done < size {
      let count = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress.map { $0 + done }, size - done, off_t(done))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError(code: count == 0 ? EIO : errno) }
      done += count
    }
    return bytes
  }

  /// Leaves the first `count` bytes.
  package func truncate(to count: Int) throws(SystemError) {
    guard ftruncate(descriptor, off_t(count)) == 0, fsync(descriptor) == 0 else { throw SystemError() }
  }

  /// Writes `bytes` behind what is there.
  /// - Parameter waits: until they are on disk.
  package func append(_ bytes: [UInt8], waits: Bool) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError() }
      rest = rest.dropFirst(count)
    }
    guard !waits || fsync(descriptor) == 0 else { throw SystemError() }
  }
}

extension SystemError {
  /// Another program holds the file's lock.
  package var isLocked: Bool { code == EWOULDBLOCK || code == EAGAIN }
}

/// The system call, under a name that the methods do not hide.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
