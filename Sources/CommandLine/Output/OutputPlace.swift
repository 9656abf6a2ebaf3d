// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Refuses a command that would write its result over one of its inputs: keys, weights and certificates have no copy.
enum OutputPlace {
  /// - Throws: a usage error naming option and file when `--out` is the file of another argument, or a file of weights in the
  ///   folder of one; files are told apart by device and inode, so links do not hide them.
  static func check(_ arguments: ParsedArguments) throws(CommandFailure) {
    try checkStandardOutput(arguments)
    guard let path = arguments.values["out"], path != standardOutput, let target = Inode(path) else { return }
    let values = arguments.values.map { ($0.key, [$0.value]) } + arguments.lists.map { ($0.key, $0.value) }
    for (name, inputs) in values.sorted(by: { $0.0 < $1.0 })
    where !["out", CommandDescription.Option.leaveOut.name].contains(name) {
      for input in inputs where target.isRead(from: input) {
        throw CommandFailure(
          UsageError(
            "--out \(Quoting.shown(path)) would replace what \(name) \(Quoting.shown(input)) is read from; choose another "
              + "name", command: arguments.command))
      }
    }
  }

  /// What `--out` is for standard output, where a command's result is one text.
  static let standardOutput = "-"

  private static func checkStandardOutput(_ arguments: ParsedArguments) throws(CommandFailure) {
    func usage(_ reason: String) -> CommandFailure { CommandFailure(UsageError(reason, command: arguments.command)) }
    if arguments.values["opening"] == standardOutput {
      throw usage("--opening - is no place to keep a secret; name a file")
    }
    guard arguments.values["out"] == standardOutput else { return }
    if let reason = arguments.command.refusesStandardOutput {
      throw usage("--out - is not standard output here: \(reason); name a file (./- for one of that name)")
    }
    if arguments.has("json") { throw usage("--out - and --json both want standard output; name a file") }
  }

  /// Refuses to replace a file unless `--force` is given.
  static func checkNew(_ arguments: ParsedArguments) throws(CommandFailure) {
    guard let path = arguments.values["out"], path != standardOutput, Inode(path) != nil, !arguments.has("force") else {
      return
    }
    throw CommandFailure(
      .operational, "\(path): exists already", remedy: "Choose another name, or replace it with --force.")
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

    /// The file itself, or one that a checkpoint or adapter folder is read from. Anything else in such a folder, such as an
    /// identity that is kept there, may be made anew.
    func isRead(from path: String) -> Bool {
      if let other = Inode(path) { return self == other }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return names.contains { name in
        (name.hasSuffix(".safetensors") || Self.configurations.contains(name))
          && Inode(path + "/" + name).map { self == $0 } ?? false
      }
    }

    private static let configurations: Set<String> = [
      "model.safetensors.index.json", "config.json", "adapter_config.json",
    ]

    static func == (a: Inode, b: Inode) -> Bool {
      a.status.st_dev == b.status.st_dev && a.status.st_ino == b.status.st_ino
    }
  }
}
