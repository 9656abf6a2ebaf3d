#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Refuses a command that would write its result over one of its inputs: keys, weights and certificates have no copy.
enum OutputPlace {
  /// Files that are written; `opening` is continued, not replaced, and guards itself.
  private static let outputs = ["out"]
  /// Folders that are written to.
  private static let state = ["resume"]

  /// - Throws: a usage error naming option and file when an output is the file of another argument, or lies in the folder of
  ///   one; files are told apart by device and inode, so links do not hide them.
  static func check(_ arguments: ParsedArguments) throws(CommandFailure) {
    let own = Set(outputs + state)
    var inputs: [(name: String, path: String)] = []
    for (name, value) in arguments.values where !own.contains(name) { inputs.append((name, value)) }
    for (name, values) in arguments.lists where !own.contains(name) { inputs += values.map { (name, $0) } }
    for output in outputs {
      guard let path = arguments.values[output], let target = Inode(path) else { continue }
      for input in inputs.sorted(by: { ($0.name, $0.path) < ($1.name, $1.path) })
      where target.isIn(input.path) {
        throw CommandFailure(
          UsageError(
            "--\(output) \(Quoting.shown(path)) would replace what \(input.name) \(Quoting.shown(input.path)) is read from; "
              + "choose another name", command: arguments.command))
      }
    }
  }

  /// What a regular file is, whatever it is called.
  private struct Inode {
    let status: stat

    /// Nil where there is no regular file.
    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      self.status = status
    }

    /// The file itself, or one directly in the folder.
    func isIn(_ path: String) -> Bool {
      if let other = Inode(path) { return self == other }
      guard let folder = opendir(path) else { return false }
      defer { closedir(folder) }
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        if let other = Inode(path + "/" + name), self == other { return true }
      }
      return false
    }

    static func == (a: Inode, b: Inode) -> Bool {
      a.status.st_dev == b.status.st_dev && a.status.st_ino == b.status.st_ino
    }
  }
}
