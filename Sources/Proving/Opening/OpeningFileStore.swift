// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension OpeningFile {
  /// More bytes than any opening file has.
  private static let maximumBytes = 4096

  /// Writes a new file of mode 0600 and never replaces one.
  /// - Throws: `alreadyExists` or `cannotWrite`.
  package static func create(
    path: String, secret: [UInt8], tunedCommitment: [UInt8], budget: Int
  ) throws(OpeningError) -> OpeningFile {
    let opening = OpeningFile(secret: secret, tunedCommitment: tunedCommitment, budget: budget)
    guard !path.utf8.contains(0) else { throw .cannotWrite(path: path, reason: "the path contains a NUL byte") }
    do throws(SystemError) {
      try DurableFile.create(path, with: opening.bytes, mode: 0o600, folder: .attempted)
    } catch {
      guard !error.isExisting else { throw .alreadyExists(path: path) }
      throw .cannotWrite(path: path, reason: "\(error)")
    }
    return opening
  }

  /// Reads and checks the file.
  /// - Throws: `cannotRead` or `malformed`.
  package static func load(path: String) throws(OpeningError) -> OpeningFile {
    let descriptor = try openForReading(path)
    defer { close(descriptor) }
    return try read(descriptor, path: path)
  }

  /// Counts `positions` as revealed, on disk before this returns: call it before proving.
  ///
  /// The file is locked meanwhile, so two provers cannot spend the same positions, and replaced as a whole.
  /// - Returns: the opening with the new count.
  /// - Throws: `budgetExceeded` (then the file is unchanged), `inUse`, `cannotRead`, `cannotWrite` or `malformed`.
  package static func reserve(path: String, positions: Int) throws(OpeningError) -> OpeningFile {
    let descriptor = try openForReading(path)
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .inUse(path: path) }
    // A prover that had the lock before may have put a new file in place of the one that is open here.
    var opened = stat()
    var current = stat()
    guard fstat(descriptor, &opened) == 0, stat(path, &current) == 0, opened.st_ino == current.st_ino,
      opened.st_dev == current.st_dev
    else { throw .inUse(path: path) }
    let opening = try read(descriptor, path: path).counting(positions, path: path)
    do throws(SystemError) {
      try DurableFile.replace(path, with: opening.bytes, mode: 0o600, folder: .required)
    } catch {
      throw .cannotWrite(path: path, reason: "\(error)")
    }
    return opening
  }

  private static func openForReading(_ path: String) throws(OpeningError) -> Int32 {
    guard !path.utf8.contains(0) else { throw .cannotRead(path: path, reason: "the path contains a NUL byte") }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotRead(path: path, reason: "\(SystemError())") }
    return descriptor
  }

  private static func read(_ descriptor: Int32, path: String) throws(OpeningError) -> OpeningFile {
    var buffer = [UInt8](repeating: 0, count: maximumBytes)
    var count = 0
    while count < buffer.count {
      let step = buffer.withUnsafeMutableBytes { target in
        pread(descriptor, target.baseAddress.map { $0 + count }, target.count - count, off_t(count))
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw .cannotRead(path: path, reason: "\(SystemError())") }
      if step == 0 { break }
      count += step
    }
    return try parse(Array(buffer.prefix(count)), path: path)
  }
}
