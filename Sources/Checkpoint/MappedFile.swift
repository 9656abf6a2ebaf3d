#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A regular file mapped read-only: the only pointers of this module besides the calls in `Digest`.
///
/// Every access is checked against the mapped size. The mapping cannot defend against a file that another
/// process truncates while it is open (the system then ends the process): do not modify checkpoints in use.
package final class MappedFile: Sendable {
  /// The path as given to `init`.
  package let path: String
  /// Size in bytes when the file was opened.
  package let count: Int
  // Written once in `init`, read-only memory afterwards.
  nonisolated(unsafe) private let base: UnsafeRawPointer?

  /// Opens and maps the file. Symbolic links are followed (Hugging Face caches consist of them).
  ///
  /// Throws `cannotOpen` (with the system's reason) or `notARegularFile`.
  package init(path: String) throws(CheckpointError) {
    guard !path.utf8.contains(0) else { throw .cannotOpen(file: path, reason: "the path contains a NUL byte") }
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotOpen(file: path, reason: Self.reason(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(file: path, reason: Self.reason(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(file: path) }
    guard let size = Int(exactly: status.st_size), size >= 0 else {
      throw .cannotOpen(file: path, reason: "the file is too large for this machine")
    }
    self.path = path
    self.count = size
    guard size > 0 else {
      base = nil
      return
    }
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw .cannotOpen(file: path, reason: Self.reason(errno))
    }
    base = UnsafeRawPointer(address)
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
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
    try withBytes(in: range) { (span) throws(CheckpointError) -> [UInt8] in span.withUnsafeBytes { [UInt8]($0) } }
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
    words.withUnsafeMutableBytes { target in
      target.copyMemory(from: UnsafeRawBufferPointer(start: base + offset, count: byteCount))
    }
    #if _endian(big)
      for i in 0..<wordCount { words[i] = Word(littleEndian: words[i]) }
    #endif
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  /// What lies at `path`, following symbolic links; nil when nothing does or it cannot be inspected.
  static func kind(of path: String) -> Kind? {
    guard !path.utf8.contains(0) else { return nil }
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  enum Kind { case file, folder, other }
}
