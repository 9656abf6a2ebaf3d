// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// `driftproof identify`: the base identity, for people who will verify without the base's weights.
enum IdentifyCommand: Command {
  static let description = CommandDescription(
    name: "identify",
    summary: "write a base checkpoint's identity",
    details: [
      "The identity lists every tensor's name, dtype, shape, norm and digest under one Merkle root. It is a pure "
        + "function of the weights, whatever their sharding: anyone who has them can recompute it and compare roots.",
      "BASE is a folder with model.safetensors, or with model.safetensors.index.json and its shards, or one "
        + ".safetensors file.",
      "A tensor with NaN, infinity or a weight beyond 2^41 has its digest in the identity and no norm: policies can freeze "
        + "or exclude it, clauses cannot bound it.",
    ],
    positionals: [.init(name: "BASE", help: "the base checkpoint")],
    ownOptions: [
      .required("out", short: "o", "FILE", "where the identity is written (BASE.identity.json); - for standard output"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let base = try arguments.openCheckpoint("BASE")
    let output = try arguments.required("out")
    console.remark("identifying \(Format.count(base.tensors.count, "tensor")) of \(Quoting.plain(base.path))")
    let identity: BaseIdentity
    do {
      identity = try BaseIdentity.compute(checkpoint: base) { done, total in
        console.progress("identify", fraction: total > 0 ? Double(done) / Double(total) : 1)
      }
    } catch {
      throw CommandFailure(error)
    }
    let bytes = identity.jsonBytes()
    if output == OutputPlace.standardOutput {
      console.remark("base identity \(identity.rootHex)")
      return CommandResult(text: String(decoding: bytes, as: UTF8.self), json: .null)
    }
    try AtomicFile.write(bytes, to: output)

    let parameters = identity.tensors.reduce(0) { $0 + (Shape.entryCount($1.shape) ?? 0) }
    let folders = FolderFacts([base])
    var text = """
      base identity  \(identity.rootHex)
      tensors        \(Format.count(identity.tensors.count))
      parameters     \(Format.count(parameters))
      written to     \(Quoting.plain(output)) (\(Format.byteCount(bytes.count)))

      """
    let bare = identity.tensors.filter { $0.statistics.unencodableEntry != nil }
    for leaf in bare.prefix(8) {
      let entry = leaf.statistics.unencodableEntry ?? 0
      console.remark(
        "tensor \(Quoting.shown(leaf.name)): entry \(entry) is NaN, infinite or beyond 2^41; no clause can bound it")
    }
    if bare.count > 8 { console.remark("and \(Format.count(bare.count - 8, "tensor")) more") }
    text += folders.filesLeftOut.map { "left out       \(Quoting.plain($0))\n" }.joined()
    let json: JSONOutput = .object([
      ("baseIdentity", .string(identity.rootHex)),
      ("tensorsWithoutNorm", .integer(bare.count)),
      ("tensors", .integer(identity.tensors.count)),
      ("parameters", .integer(parameters)),
      ("out", .string(output)),
      ("bytes", .integer(bytes.count)),
      folders.leftOutMember,
    ])
    return CommandResult(text: text, json: json)
  }
}
