// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// SHA-256 of one file, read in blocks: memory stays small, whatever the file's size.
struct FileHasher: Sendable {
  static let blockBytes = 1 << 20

  let path: String
  /// When it was looked at.
  let expectedBytes: Int
  private let allowsLinks: Bool

  init(path: String, allowsLinks: Bool) throws(ModelDigestError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Self.failure(path) }
    self.path = path
    self.allowsLinks = allowsLinks
    expectedBytes = max(0, Int(status.st_size))
  }

  /// - Parameter progress: told how many bytes each block had.
  /// - Throws: `cannotRead` or `notAFile`.
  func digest(progress: (Int) -> Void) throws(ModelDigestError) -> (sha256: [UInt8], bytes: Int) {
    // Not to be held up by a pipe that took the file's place, nor to follow a link that did.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (allowsLinks ? 0 : O_NOFOLLOW)
    let descriptor = open(path, flags)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
    var block = [UInt8](repeating: 0, count: Self.blockBytes)
    var total = 0
    do {
      let stream = try SHA256.Stream()
      while true {
        let count = read(descriptor, &block, block.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Self.failure(path) }
        guard count > 0 else { return (try stream.finish(), total) }
        try stream.update(block.span.extracting(first: count).bytes)
        total += count
        progress(count)
      }
    } catch let error as ModelDigestError {
      throw error
    } catch {
      throw .cannotRead(path: path, reason: "libcrypto could not compute SHA-256")
    }
  }

  private static func failure(_ path: String) -> ModelDigestError {
    .cannotRead(path: path, reason: "\(SystemError())")
  }
}
