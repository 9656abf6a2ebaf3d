// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The digest of a model's files as OpenSSF Model Signing (model-signing 1.x, files with SHA-256) computes it.
///
/// The root is SHA-256 over the SHA-256 digests (32 raw bytes each) of all files, in the order of their paths. Names and
/// sizes are not in it. Another digest means other bytes, or files added, removed or in another order.
public struct ModelDigest: Hashable, Sendable {
  /// One file of the model.
  public struct File: Hashable, Sendable {
    /// Below the model's folder, with `/`; `.` when the model is this file.
    public let path: String
    /// Size in bytes.
    public let bytes: Int
    /// Hexadecimal.
    public let sha256: String
  }

  /// The last component of the model's path.
  public let name: String
  /// In the order in which the root covers them.
  public let files: [File]
  /// Hexadecimal.
  public let root: String

  /// Hashes a folder, or one file.
  /// - Parameters:
  ///   - ignoring: paths below the folder that do not count; git's own never do.
  ///   - allowsLinks: hash what symbolic links to files point to, instead of rejecting them.
  ///   - progress: told bytes done and in all, from several threads, the first rising.
  public static func compute(
    path: String, ignoring: [String] = [], allowsLinks: Bool = false,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(ModelDigestError) -> ModelDigest {
    let listing = try ModelFiles(root: path, ignoring: ignoring, allowsLinks: allowsLinks)
    guard !listing.found.isEmpty else { throw .noFiles(path: path) }
    var readers: [FileHasher] = []
    for place in listing.found {
      readers.append(try FileHasher(path: listing.path(of: place), allowsLinks: allowsLinks))
    }
    let digests = try hash(readers, progress: progress)
    var files: [File] = []
    for (index, place) in listing.found.enumerated() {
      files.append(
        File(
          path: place.isEmpty ? "." : place.joined(separator: "/"), bytes: digests[index].bytes,
          sha256: digests[index].sha256.hexadecimal))
    }
    return ModelDigest(
      name: Self.name(of: listing.root), files: files,
      root: SHA256.hash(Array(digests.map(\.sha256).joined())).hexadecimal)
  }

  /// In parallel over files, the largest first.
  private static func hash(
    _ readers: [FileHasher], progress: (@Sendable (Int, Int) -> Void)?
  ) throws(ModelDigestError) -> [(sha256: [UInt8], bytes: Int)] {
    let total = readers.reduce(0) { $0 + $1.expectedBytes }
    let order = readers.indices.sorted { readers[$0].expectedBytes > readers[$1].expectedBytes }
    let done = Mutex(0)
    // Of several errors the first one in name order, so that equal folders give equal messages.
    return try Parallel.map(readers.count, order: order) { index throws(ModelDigestError) in
      try readers[index].digest { count in
        guard let progress else { return }
        done.withLock {
          $0 += count
          progress($0, total)
        }
      }
    }
  }

  private static func name(of root: String) -> String {
    let last = root.split(separator: "/").last(where: { $0 != "." }).map(String.init) ?? ".."
    guard last == "..", let real = realpath(root, nil) else { return last }
    defer { free(real) }
    return String(cString: real).split(separator: "/").last.map(String.init) ?? "/"
  }
}
