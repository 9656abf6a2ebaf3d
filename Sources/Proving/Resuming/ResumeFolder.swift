// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore

/// The files of a stopped proof: a private folder (mode 0700) of private files (0600), each written as a whole or not at
/// all and checked when it is read. One process at a time uses it.
///
/// A file is: 8 bytes `DPRESUM1`, 32 bytes key, u64 length of the name, name, u64 length of the payload, payload, SHA-256
/// of all before. The key ties a file to its folder. The checksum guards against damage, not against the folder's owner.
final class ResumeFolder: Sendable {
  let path: String
  private let lock: Int32

  private static let magic = Array("DPRESUM1".utf8)
  private static let lockName = "lock"
  private static let piece = 1 << 20

  /// Opens or makes the folder and locks it.
  init(path: String) throws(ResumeError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw .cannotUse(path: path, reason: "no such name") }
    self.path = path
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw .cannotUse(path: path, reason: "\(SystemError())") }
    var status = stat()
    guard stat(path, &status) == 0 else { throw .cannotUse(path: path, reason: "\(SystemError())") }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .cannotUse(path: path, reason: "it is not a folder") }
    guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else { throw .notPrivate(path: path) }
    lock = open("\(path)/\(Self.lockName)", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard lock >= 0 else { throw .cannotUse(path: path, reason: "\(SystemError())") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw .inUse(path: path)
    }
  }

  deinit { close(lock) }

  /// Removes the files named and the folder, if nothing else is in it.
  func remove(_ names: [String]) {
    for name in names { unlink(file(name)) }
    unlink("\(path)/\(Self.lockName)")
    rmdir(path)
  }

  private func file(_ name: String) -> String {
    path + "/" + String(decoding: name.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "-") : $0 }, as: UTF8.self)
  }

  private static func header(_ name: String, key: [UInt8], count: Int) -> [UInt8] {
    var bytes = magic + key
    bytes.append(lengthPrefixed: name)
    bytes.append(littleEndian: UInt64(count))
    return bytes
  }

  // MARK: Writing

  /// On disk under its name before this returns.
  func write(_ name: String, key: [UInt8], byteCount: Int, _ piece: (Range<Int>) -> [UInt8]) throws {
    let header = Self.header(name, key: key, count: byteCount)
    do {
      let file = try DurableFile(replacing: file(name), mode: 0o600, temporary: file(name) + ".tmp")
      let stream = try SHA256.Stream()
      try stream.update(header.span.bytes)
      try file.append(header)
      for start in stride(from: 0, to: byteCount, by: Self.piece) {
        let bytes = piece(start..<min(byteCount, start + Self.piece))
        try stream.update(bytes.span.bytes)
        try file.append(bytes)
      }
      try file.append(try stream.finish())
      try file.commit(folder: .attempted)
    } catch let error as SystemError {
      throw ResumeError.cannotUse(path: path, reason: "\(error)")
    }
  }

  // MARK: Reading

  /// Passes the payload on piece by piece; false when there is no such file.
  /// - Throws: `damaged`, possibly after pieces were passed on, which are void then.
  func read(_ name: String, key: [UInt8]?, byteCount: Int?, _ body: ([UInt8]) -> Void) throws -> Bool {
    let descriptor = open(file(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      guard errno == ENOENT else { throw ResumeError.cannotUse(path: path, reason: "\(SystemError())") }
      return false
    }
    defer { close(descriptor) }
    let damaged = ResumeError.damaged(path: path, file: name)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw damaged }
    let stream = try SHA256.Stream()
    let length = Self.header(name, key: [UInt8](repeating: 0, count: SHA256.digestLength), count: 0).count
    guard let count = Int(exactly: status.st_size).map({ $0 - length - SHA256.digestLength }), count >= 0,
      byteCount == nil || byteCount == count
    else { throw damaged }
    let header = try take(length, from: descriptor, damaged)
    let stored = key ?? Array(header[Self.magic.count..<Self.magic.count + SHA256.digestLength])
    guard header == Self.header(name, key: stored, count: count) else { throw damaged }
    try stream.update(header.span.bytes)
    for start in stride(from: 0, to: count, by: Self.piece) {
      let bytes = try take(min(Self.piece, count - start), from: descriptor, damaged)
      try stream.update(bytes.span.bytes)
      body(bytes)
    }
    guard try take(SHA256.digestLength, from: descriptor, damaged) == stream.finish() else { throw damaged }
    return true
  }

  private func take(_ count: Int, from descriptor: Int32, _ damaged: ResumeError) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let step = buffer.withUnsafeMutableBytes { target in
        systemRead(descriptor, target.baseAddress.map { $0 + done }, count - done)
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw damaged }
      done += step
    }
    return buffer
  }
}

/// The system call, under a name that the methods do not hide.
private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
