// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofProving

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
      "With --commit the identity also commits to the weights of all F16 and BF16 tensors, so that policies can speak of the "
        + "base's own entries (rounding clauses, bounds relative to each weight). That reads the base three times. It "
        + "remains a function of the weights. --cache keeps 32 bytes for each position of the commitment, about 16 bytes "
        + "a weight of a small model and 2 of a large one, which spares provers the work.",
      "With --hiding besides, the commitment hides the weights, and proofs that speak of them show nothing of them. It is then no "
        + "function of the weights: it belongs to the opening, a secret file, which provers need, and which counts what their "
        + "proofs take of it. The identity still states each tensor's norm, largest weight and digest, by which a guess of a whole "
        + "tensor can be tested.",
      "With --backend kzg the weights of all floating tensors are committed to on the curve BLS12-381, under the powers of --setup: for "
        + "certificates of a few kilobytes (prove --backend kzg).",
      "A tensor with NaN, infinity or a weight beyond 2^41 has its digest in the identity and no norm: policies can freeze "
        + "or exclude it, clauses cannot bound it.",
    ],
    positionals: [.init(name: "BASE", help: "the base checkpoint")],
    ownOptions: [
      .required("out", short: "o", "FILE", "where the identity is written (BASE.identity.json); - for standard output"),
      .flag("commit", "commit to the weights, too"),
      .flag("hiding", "with --commit: hide the weights; needs --opening"),
      .optional("opening", "BASE.secret", "where the secret opening of --hiding is written, or the one to use again"),
      .optional("proofs", "N", "with --hiding: how many proofs may speak of the base's weights (16)"),
      .optional("cache", "DIR", "keep the commitment's leaves in this folder"),
      .backend,
      .setup,
      .optional("log-rows", "L", "with --backend kzg: rows of 2^L cells, 8 to the setup's length"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    try arguments.checkBackend()
    if arguments.wantsCurve { return try CurveIdentify.run(arguments, console: console) }
    let base = try arguments.openCheckpoint("BASE")
    let output = try arguments.required("out")
    console.remark("identifying \(Format.count(base.tensors.count, "tensor")) of \(Quoting.plain(base.path))")
    guard arguments.has("commit") || arguments.values["cache"] == nil else {
      throw CommandFailure(UsageError("--cache keeps what --commit makes: give both", command: arguments.command))
    }
    let hiding = try hiding(arguments)
    var identity: BaseIdentity
    do {
      identity = try BaseIdentity.compute(checkpoint: base) { done, total in
        console.progress("identify", fraction: total > 0 ? Double(done) / Double(total) : 1)
      }
    } catch {
      throw CommandFailure(error)
    }
    if arguments.has("commit") { identity = try commit(identity, base, hiding, arguments, console) }
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
    text += linkedLines(identity).map { $0 + "\n" }.joined()
    text += hiding.map { "opening        \(Quoting.plain($0.path)): keep it secret, and keep one copy\n" } ?? ""
    let bare = identity.tensors.filter { $0.statistics.unencodableEntry != nil }
    for leaf in bare.prefix(8) {
      let entry = leaf.statistics.unencodableEntry ?? 0
      console.remark(
        "tensor \(Quoting.shown(leaf.name)): entry \(entry) is NaN, infinite or beyond 2^41; no clause can bound it")
    }
    if bare.count > 8 { console.remark("and \(Format.count(bare.count - 8, "tensor")) more") }
    text += folders.filesLeftOut.map { "left out       \(Quoting.plain($0))\n" }.joined()
    let hidden: [(key: String, value: JSONOutput)] =
      hiding.map { [("proofsAllowed", .integer($0.proofs)), ("opening", .string($0.path))] } ?? []
    let json: JSONOutput = .object(
      [
        ("baseIdentity", .string(identity.rootHex)),
        ("linkedRoot", identity.linkedRoot.map { .string($0.hexadecimal) } ?? .null),
        ("linkedTensors", .integer(identity.linked?.tensors.count ?? 0)),
        ("tensorsWithoutNorm", .integer(bare.count)),
        ("tensors", .integer(identity.tensors.count)),
        ("parameters", .integer(parameters)),
        ("out", .string(output)),
        ("bytes", .integer(bytes.count)),
        folders.leftOutMember,
      ] + hidden)
    return CommandResult(text: text, json: json)
  }

  /// - Throws: `operational` for what cannot be committed to.
  private static func commit(
    _ identity: BaseIdentity, _ base: Checkpoint, _ hiding: (path: String, proofs: Int)?, _ arguments: ParsedArguments,
    _ console: Console
  ) throws(CommandFailure) -> BaseIdentity {
    do {
      if let hiding {
        return try HidingIdentity.make(
          identity, base: base, openingPath: hiding.path, proofs: hiding.proofs, cache: arguments.values["cache"]
        ) { console.progress("commit", fraction: $0) }
      }
      return try DriftProofError.translating {
        try BaseTableau.link(identity, base: base, cache: arguments.values["cache"]) {
          console.progress("commit", fraction: $0)
        }
      }
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Nil without `--hiding`.
  private static func hiding(_ arguments: ParsedArguments) throws(CommandFailure) -> (path: String, proofs: Int)? {
    func wrong(_ why: String) -> CommandFailure { CommandFailure(UsageError(why, command: arguments.command)) }
    guard arguments.has("hiding") else {
      guard arguments.values["opening"] == nil, arguments.values["proofs"] == nil else {
        throw wrong("--opening and --proofs are of --hiding: give all of them")
      }
      return nil
    }
    guard arguments.has("commit") else { throw wrong("--hiding hides what --commit makes: give both") }
    guard let path = arguments.values["opening"] else { throw wrong("--hiding needs --opening") }
    guard path != arguments.values["out"] else { throw wrong("--out and --opening name the same file") }
    var proofs = BaseTableau.Hiding.defaultProofs
    if let text = arguments.values["proofs"] {
      guard let number = Int(text), number > 0 else { throw wrong("--proofs is a number from 1 on, not \(text)") }
      proofs = number
    }
    if let failure = ExpectedFile.opening.wrongKind(path) { throw failure }
    try AtomicFile.checkFolder(of: path)
    return (path, proofs)
  }

  private static func linkedLines(_ identity: BaseIdentity) -> [String] {
    guard let linked = identity.linked, let root = identity.linkedRoot else { return [] }
    let entries = linked.tensors.reduce(0) { sum, tensor in
      sum + (identity.tensor(named: tensor.name).flatMap { Shape.entryCount($0.shape) } ?? 0)
    }
    let below = linked.tensors.reduce(0) { $0 + $1.entriesBelowFloor }
    let share = entries > 0 ? Double(below) / Double(entries) * 100 : 0
    return [
      "linked root    \(root.hexadecimal)" + (linked.isHiding ? ", which hides the weights" : ""),
      "committed to   \(Format.count(linked.tensors.count, "tensor")) of 16 bits in "
        + "\(Format.count(linked.trees.count, "tree")) of 2^\(linked.logLength + linked.logBlowup) leaves",
      "below floor    \(Format.number(share)) % of their entries (rounding clauses are coarser there)",
    ]
  }
}
