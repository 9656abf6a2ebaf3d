// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Lists the files of a model as model-signing does: everything below the folder, hidden files too, except what git put
/// at its top, in the order of path components.
struct ModelFiles {
  /// What model-signing leaves out unless told otherwise.
  static let gitPaths = [".git", ".gitattributes", ".github", ".gitignore"]
  static let maximumDepth = 64

  /// Path components below the root; none for the root itself.
  typealias Path = [String]

  let root: String
  let ignored: [Path]
  let allowsLinks: Bool
  private(set) var found: [Path] = []

  /// - Parameter ignoring: paths below the root; a folder stands for all that is in it.
  init(root: String, ignoring: [String], allowsLinks: Bool) throws(ModelDigestError) {
    var root = root[...]
    // With a slash at the end the system would follow a link.
    while root.count > 1, root.hasSuffix("/") { root.removeLast() }
    self.root = String(root)
    ignored = (ignoring + Self.gitPaths).map { path in
      path.split(separator: "/").map(String.init).filter { $0 != "." }
    }
    self.allowsLinks = allowsLinks
    try visit([])
    found.sort(by: Self.precedes)
  }

  func path(of components: Path) -> String { ([root] + components).joined(separator: "/") }

  /// By components, and these by their UTF-8 bytes: `a/b` comes before `a-b`, although `-` is before `/`.
  static func precedes(_ a: Path, _ b: Path) -> Bool {
    a.lexicographicallyPrecedes(b) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// By bytes: to a file system two Unicode spellings are two names.
  private static func starts(_ path: Path, with other: Path) -> Bool {
    path.starts(with: other) { $0.utf8.elementsEqual($1.utf8) }
  }

  private mutating func visit(_ place: Path) throws(ModelDigestError) {
    let path = path(of: place)
    guard place.count <= Self.maximumDepth else { throw .tooDeep(path: path, limit: Self.maximumDepth) }
    guard !ignored.contains(where: { !$0.isEmpty && Self.starts(place, with: $0) }) else { return }
    let isLink = try kind(path, follows: false) == S_IFLNK
    guard !isLink || allowsLinks else { throw .symbolicLink(path: path) }
    switch try kind(path, follows: true) {
    case S_IFREG: found.append(place)
    case S_IFDIR:
      // The folder that was named may be a link, those in it may not.
      guard !isLink || place.isEmpty else { throw .linkedFolder(path: path) }
      for name in try names(in: path) { try visit(place + [name]) }
    default: throw .notAFile(path: path)
    }
  }

  private func kind(_ path: String, follows: Bool) throws(ModelDigestError) -> mode_t {
    guard !path.utf8.contains(0) else { throw .cannotRead(path: path, reason: "the path contains a NUL byte") }
    var status = stat()
    guard (follows ? stat(path, &status) : lstat(path, &status)) == 0 else {
      throw .cannotRead(path: path, reason: String(cString: strerror(errno)))
    }
    return status.st_mode & S_IFMT
  }

  private func names(in folder: String) throws(ModelDigestError) -> [String] {
    guard let stream = opendir(folder) else {
      throw .cannotRead(path: folder, reason: String(cString: strerror(errno)))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw .cannotRead(path: folder, reason: String(cString: strerror(errno))) }
        return names
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
          String(validatingCString: $0)
        }
      }
      guard let name else { throw .undecodableName(folder: folder) }
      if name != ".", name != ".." { names.append(name) }
    }
  }
}
