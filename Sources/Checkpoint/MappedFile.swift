// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A regular file, mapped and open for reading: the only pointers of this module.
///
/// Headers and short runs come from the mapping; long runs are read into the caller's buffer, so that weights that were
/// used once do not count as the process's memory. Every access is checked against the size. The mapping cannot defend
/// against a file that another process truncates while it is open (the system then ends the process): do not modify
/// checkpoints in use.
package final class MappedFile: Sendable {
  /// The path as given to `init`.
  package let path: String
  /// Size in bytes when the file was opened.
  package let count: Int
  // Written once in `init`, read-only memory afterwards.
  nonisolated(unsafe) private let base: UnsafeRawPointer?
  private let descriptor: Int32
  /// What tells this content from a later one: seconds and nanoseconds of the last change, device and inode.
  package let stamp: Stamp

  package struct Stamp: Hashable, Sendable {
    package let seconds: Int
    package let nanoseconds: Int
    package let device: UInt64
    package let inode: UInt64
  }

  private let isPassedThrough = Atomic(false)

  /// Runs of at least this many bytes are read, shorter ones are copied from the mapping.
  private static let readThreshold = 1 << 12

  /// Opens and maps the file. Symbolic links are followed (Hugging Face caches consist of them).
  ///
  /// Throws `cannotOpen` (with the system's reason) or `notARegularFile`.
  package init(path: String) throws(CheckpointError) {
    guard !path.utf8.contains(0) else { throw .cannotOpen(file: path, reason: "the path contains a NUL byte") }
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT, let target = Self.linkTarget(path) { throw .danglingLink(file: path, target: target) }
      throw .cannotOpen(file: path, reason: Self.reason(code))
    }
    var status = stat()
    do throws(CheckpointError) {
      guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(file: path, reason: Self.reason(errno)) }
      guard status.st_mode & S_IFMT != S_IFDIR else { throw .isFolder(path: path) }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(file: path) }
      guard let size = Int(exactly: status.st_size), size >= 0 else {
        throw .cannotOpen(file: path, reason: "the file is too large for this machine")
      }
      if size > 0 {
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
          throw .cannotOpen(file: path, reason: Self.reason(errno))
        }
        base = UnsafeRawPointer(address)
      } else {
        base = nil
      }
      self.path = path
      self.count = size
      self.descriptor = descriptor
      stamp = Stamp(status)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
    close(descriptor)
  }

  /// Asks the system to fetch bytes that will be read soon; a hint that cannot fail.
  func willRead(_ range: Range<Int>) {
    #if canImport(Glibc) || canImport(Musl)
      _ = posix_fadvise(descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_WILLNEED)
    #endif
  }

  /// From now on bytes that were read once give way to others; see ``ReadTrail``.
  func passThrough() { isPassedThrough.store(true, ordering: .relaxed) }

  /// Tells the system that bytes, which were read, are not needed again soon.
  func forget(_ range: Range<Int>) {
    #if canImport(Glibc) || canImport(Musl)
      guard isPassedThrough.load(ordering: .relaxed), !range.isEmpty else { return }
      _ = posix_fadvise(descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_DONTNEED)
    #endif
  }

  /// Calls `body` with the bytes of `range`; throws `outOfBounds` when the file is shorter.
  package func withBytes<R>(
    in range: Range<Int>, _ body: (RawSpan) throws(CheckpointError) -> R
  ) throws(CheckpointError) -> R {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw .outOfBounds(file: path, range: range, count: count)
    }
    let start = base.map { $0 + range.lowerBound }
    let buffer = UnsafeRawBufferPointer(start: range.isEmpty ? nil : start, count: range.count)
    return try body(RawSpan(_unsafeBytes: buffer))
  }

  /// A copy of the bytes of `range`; throws `outOfBounds` when the file is shorter.
  package func bytes(in range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    if range.count >= Self.readThreshold, range.lowerBound >= 0, range.upperBound <= count {
      var bytes = [UInt8](repeating: 0, count: range.count)
      try copyWords(at: range.lowerBound, count: range.count, into: &bytes)
      return bytes
    }
    return try withBytes(in: range) { (span) throws(CheckpointError) -> [UInt8] in
      span.withUnsafeBytes { [UInt8]($0) }
    }
  }

  /// Copies `count` little-endian words that start at byte `offset` (of any alignment) to the front of `words`.
  ///
  /// Throws `outOfBounds` when the file or `words` is shorter.
  func copyWords<Word: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, count wordCount: Int, into words: inout [Word]
  ) throws(CheckpointError) {
    let (byteCount, overflow) = wordCount.multipliedReportingOverflow(by: MemoryLayout<Word>.size)
    let (end, overflow2) = offset.addingReportingOverflow(byteCount)
    guard !overflow, !overflow2, offset >= 0, wordCount >= 0, end <= count, wordCount <= words.count else {
      throw .outOfBounds(file: path, range: offset..<max(offset, end), count: count)
    }
    guard let base, wordCount > 0 else { return }
    let failure = words.withUnsafeMutableBytes { target -> Int32? in
      guard byteCount >= Self.readThreshold, let start = target.baseAddress else {
        target.copyMemory(from: UnsafeRawBufferPointer(start: base + offset, count: byteCount))
        return nil
      }
      var done = 0
      while done < byteCount {
        let step = pread(descriptor, start + done, byteCount - done, off_t(offset + done))
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { return step == 0 ? 0 : errno }
        done += step
      }
      return nil
    }
    if let failure {
      // 0: the file has become shorter since it was opened.
      guard failure != 0 else { throw .outOfBounds(file: path, range: offset..<end, count: count) }
      throw .cannotOpen(file: path, reason: Self.reason(failure))
    }
    #if _endian(big)
      for i in 0..<wordCount { words[i] = Word(littleEndian: words[i]) }
    #endif
  }

  /// Bytes of memory that the machine has; nil where it does not say.
  static var machineMemory: Int? {
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages * size : nil
  }

  package static func reason(_ code: Int32) -> String {
    let words = String(cString: strerror(code))
    guard code == EMFILE else { return words }
    var limit = rlimit()
    #if canImport(Glibc)
      _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #else
      _ = getrlimit(RLIMIT_NOFILE, &limit)
    #endif
    return "\(words): this process may have \(limit.rlim_cur), and every shard takes one; raise that with ulimit -n"
  }

  /// What a symbolic link points to; nil for what is none.
  private static func linkTarget(_ path: String) -> String? {
    let capacity = 4096
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      let read = buffer.withMemoryRebound(to: CChar.self) { buffer in
        buffer.baseAddress.map { readlink(path, $0, capacity) } ?? 0
      }
      count = max(0, read)
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// What lies at `path`, following symbolic links; nil when nothing does or it cannot be inspected.
  package static func kind(of path: String) -> Kind? {
    guard !path.utf8.contains(0) else { return nil }
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  package enum Kind { case file, folder, other }
}

extension MappedFile.Stamp {
  fileprivate init(_ status: stat) {
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    seconds = Int(time.tv_sec)
    nanoseconds = Int(time.tv_nsec)
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }
}
