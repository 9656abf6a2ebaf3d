// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation

/// `driftproof digest`: the digest of a model's files as other tools compute it.
enum DigestCommand: Command {
  static let description = CommandDescription(
    name: "digest",
    summary: "hash a model's files as OpenSSF Model Signing does",
    details: [
      "Prints SHA-256 of every file below MODEL and the root over them, the digest that model_signing puts into its "
        + "signatures and driftproof attest into its subject. Hidden files count; .git, .github, .gitattributes and "
        + ".gitignore at the top do not. A signature or certificate that was added to the folder afterwards changes the "
        + "root: keep it beside the folder, or name it with --ignore.",
      "This digest is about files. A README or another sharding changes it. driftproof identify is about weights.",
    ],
    positionals: [.init(name: "MODEL", help: "a folder, or a single file")],
    ownOptions: ModelDigestArguments.options)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let digest = try ModelDigestArguments.compute("MODEL", arguments, console)
    let bytes = digest.files.reduce(0) { $0 + $1.bytes }
    let lines =
      digest.files.map { "\($0.sha256)  \(Quoting.plain($0.path))" }
      + ["", "model digest  \(digest.root)", "files         \(Format.count(digest.files.count))"]
      + ["bytes         \(Format.count(bytes))"]
    let files = digest.files.map { file in
      JSONOutput.object([
        ("path", .string(file.path)), ("sha256", .string(file.sha256)), ("bytes", .integer(file.bytes)),
      ])
    }
    let json: JSONOutput = .object([
      ("modelDigest", .string(digest.root)), ("name", .string(digest.name)), ("bytes", .integer(bytes)),
      ("files", .array(files)),
    ])
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: json)
  }
}

/// How commands are told which files of a model count.
enum ModelDigestArguments {
  static let options: [CommandDescription.Option] = [
    .optional("ignore", "PATH,PATH...", "files and folders of the model that do not count, such as model.sig"),
    .flag("allow-symlinks", "hash what symbolic links point to, as in a Hugging Face cache"),
  ]

  /// The digest of the model that the argument `name` names.
  static func compute(
    _ name: String, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> ModelDigest {
    let path = try arguments.required(name)
    let ignoring = arguments.values["ignore"]?.split(separator: ",").map(String.init) ?? []
    console.remark("hashing the files of \(Quoting.plain(path))")
    do {
      return try ModelDigest.compute(
        path: path, ignoring: ignoring, allowsLinks: arguments.has("allow-symlinks")
      ) { done, total in
        console.progress("digest", fraction: total > 0 ? Double(done) / Double(total) : 1)
      }
    } catch {
      throw CommandFailure(.operational, error.description, remedy: error.remedy)
    }
  }
}
