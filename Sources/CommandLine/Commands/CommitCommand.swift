// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofProving

/// `driftproof commit`: a hiding commitment to a tuned model's weights, beside its base's.
enum CommitCommand: Command {
  static let description = CommandDescription(
    name: "commit",
    summary: "commit to a tuned model's weights, hiding them",
    details: [
      "Writes the tableau of a tuned model: a commitment to its weights of 16 bits, in the places and units of the base's, which "
        + "tells nothing about them, and an opening, which stays secret. Anybody may keep the tableau; prove with --tuned-tableau "
        + "then shows that it holds the base's weights plus the drift of a certificate.",
      "The base's identity must commit to the base's weights (identify --commit). The base itself is not needed.",
      "With the same opening file and weights the tableau comes out the same.",
      "With --as-base it writes the identity of a next base instead: the tuned model as one that later models start from. Certificates "
        + "about these can speak of its weights (rounding bounds, bounds relative to each weight, patterns), and a transition, of prove "
        + "--next-identity, ties it to its base, so that chain verify needs nobody who compares weights. Leaves, units and norms in it "
        + "are the base's: bounds relative to a norm refer to the base. It shows nothing of the model; its opening counts "
        + "the proofs about it, as that of identify --hiding does.",
    ],
    positionals: [.init(name: "TUNED", help: "the fine-tuned checkpoint")],
    ownOptions: [
      .required("identity", "FILE", "the base's identity, of identify --commit"),
      .required("out", short: "o", "TUNED.tableau.json", "where the tableau, or the next base's identity, is written"),
      .required("opening", "TUNED.secret", "where the secret opening is written, or the one to use again"),
      .flag("as-base", "write the identity of a next base, from which later models start"),
      .optional("proofs", "N", "with --as-base: how many proofs may open the next base (16)"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ], refusesStandardOutput: "a tableau belongs to its opening")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let model = try arguments.openCheckpoint("TUNED")
    let output = try arguments.required("out")
    let openingPath = try arguments.required("opening")
    guard output != openingPath else {
      throw CommandFailure(UsageError("--out and --opening name the same file", command: description))
    }
    if let failure = ExpectedFile.opening.wrongKind(openingPath) { throw failure }
    try AtomicFile.checkFolder(of: output)
    try AtomicFile.checkFolder(of: openingPath)
    guard let identity = try arguments.readIdentity() else {
      throw CommandFailure(UsageError("--identity is missing", command: description))
    }
    guard arguments.has("as-base") || arguments.values["proofs"] == nil else {
      throw CommandFailure(UsageError("--proofs is of --as-base: give both", command: description))
    }
    console.remark("committing to \(Format.count(model.tensors.count, "tensor")) of \(Quoting.plain(model.path))")
    if arguments.has("as-base") {
      return try nextBase(model, identity, output: output, openingPath: openingPath, arguments, console)
    }
    let result: TunedModelCommitment.Result
    do {
      let read = try DriftProofError.translating { try TiedHeads.reconcile(model, with: .identity(identity)) }
      result = try TunedModelCommitment.make(read, identity: identity, openingPath: openingPath)
    } catch {
      throw CommandFailure(error)
    }
    try AtomicFile.write(result.bytes, to: output)
    let folders = FolderFacts([model])
    var text = """
      tuned tableau  \(result.digest)
      base identity  \(result.base)
      committed to   \(Format.count(result.tensors, "tensor")) of 16 bits in \(Format.count(result.rows, "row"))
      written to     \(Quoting.plain(output)) (\(Format.byteCount(result.bytes.count)))
      opening        \(Quoting.plain(openingPath)): keep it secret, and keep one copy

      """
    text += folders.filesLeftOut.map { "left out       \(Quoting.plain($0))\n" }.joined()
    return CommandResult(
      text: text,
      json: .object([
        ("tunedTableau", .string(result.digest)),
        ("baseIdentity", .string(result.base)),
        ("tensors", .integer(result.tensors)),
        ("rows", .integer(result.rows)),
        ("proofsAllowed", .integer(result.proofs)),
        ("out", .string(output)),
        ("opening", .string(openingPath)),
        ("bytes", .integer(result.bytes.count)),
        folders.leftOutMember,
      ]))
  }

  private static func nextBase(
    _ model: Checkpoint, _ identity: BaseIdentity, output: String, openingPath: String, _ arguments: ParsedArguments,
    _ console: Console
  ) throws(CommandFailure) -> CommandResult {
    var proofs = BaseTableau.Hiding.defaultProofs
    if let text = arguments.values["proofs"] {
      guard let number = Int(text), number > 0 else {
        throw CommandFailure(UsageError("--proofs is a number from 1 on, not \(text)", command: description))
      }
      proofs = number
    }
    let result: NextBaseCommitment.Result
    do {
      let read = try DriftProofError.translating { try TiedHeads.reconcile(model, with: .identity(identity)) }
      result = try NextBaseCommitment.make(
        read, identity: identity, openingPath: openingPath, proofs: proofs
      ) { console.progress("commit", fraction: $0) }
    } catch {
      throw CommandFailure(error)
    }
    try AtomicFile.write(result.bytes, to: output)
    let folders = FolderFacts([model])
    var text = """
      next base      \(result.root), which hides the weights
      base identity  \(result.base)
      committed to   \(Format.count(result.tensors, "tensor")) of 16 bits in \(Format.count(result.rows, "row")) of \
      \(Format.count(result.trees, "tree"))
      written to     \(Quoting.plain(output)) (\(Format.byteCount(result.bytes.count)))
      opening        \(Quoting.plain(openingPath)): keep it secret, and keep one copy

      """
    text += folders.filesLeftOut.map { "left out       \(Quoting.plain($0))\n" }.joined()
    return CommandResult(
      text: text,
      json: .object([
        ("nextBase", .string(result.root)),
        ("baseIdentity", .string(result.base)),
        ("tensors", .integer(result.tensors)),
        ("rows", .integer(result.rows)),
        ("trees", .integer(result.trees)),
        ("proofsAllowed", .integer(result.proofs)),
        ("out", .string(output)),
        ("opening", .string(openingPath)),
        ("bytes", .integer(result.bytes.count)),
        folders.leftOutMember,
      ]))
  }
}
