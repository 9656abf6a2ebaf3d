// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCheckpoint
import DriftProofProving

/// What commands say of the folders that they have read, beside their result.
struct FolderFacts: Sendable {
  /// With their folders.
  var filesLeftOut: [String]
  var tiedAliases: [TiedAlias]
  /// How names of adapters were read, by the adapters' paths.
  var adapters: [(path: String, names: AdapterNames)] = []

  init(_ checkpoints: [Checkpoint]) {
    filesLeftOut = checkpoints.flatMap(\.pathsLeftOut)
    tiedAliases = checkpoints.flatMap(\.tiedAliases)
  }

  /// - Parameter identity: the base's, where it is not at hand.
  init(_ model: TunedModel, identity: BaseIdentity?) {
    filesLeftOut = model.pathsLeftOut
    tiedAliases = model.tiedAliases
    // What cannot be read has been refused before.
    if let adapter = model.adapter, let names = try? model.adapterNames(identity: identity) {
      adapters = [(adapter.path, names)]
    }
  }

  /// Those of another model as well.
  /// - Parameter base: one whose own facts are here already.
  mutating func add(_ other: FolderFacts, beside base: Checkpoint?) {
    let known = Set(base?.pathsLeftOut ?? [])
    filesLeftOut += other.filesLeftOut.filter { !known.contains($0) }
    tiedAliases += other.tiedAliases.filter { !(base?.tiedAliases.contains($0) ?? false) }
    adapters += other.adapters
  }

  var leftOutMember: (key: String, value: JSONOutput) {
    ("filesLeftOut", .array(filesLeftOut.map { .string($0) }))
  }

  var members: [(key: String, value: JSONOutput)] {
    [
      leftOutMember,
      (
        "tiedAliases",
        .array(
          tiedAliases.map {
            .object([
              ("head", .string($0.head)), ("embedding", .string($0.embedding)), ("stored", .boolean($0.isStored)),
            ])
          })
      ),
      adapterMember,
    ]
  }

  /// Of the one adapter; null without one.
  var adapterMember: (key: String, value: JSONOutput) {
    ("adapterNames", adapters.first.map { Self.member($0.names) } ?? .null)
  }

  static func member(_ names: AdapterNames) -> JSONOutput {
    .object([
      ("scheme", .string(names.scheme.description)),
      (
        "mapping",
        .array(names.mapping.map { .object([("adapter", .string($0.adapter)), ("base", .string($0.base))]) })
      ),
    ])
  }

  /// None where there is nothing to say.
  var lines: [String] {
    var lines: [String] = []
    if !filesLeftOut.isEmpty {
      lines.append("FILES LEFT OUT    \(filesLeftOut.map(Quoting.plain).joined(separator: ", "))")
    }
    for (_, names) in adapters {
      let moves = names.mapping.map {
        "\(Quoting.plain($0.adapter.isEmpty ? "(nothing)" : $0.adapter)) in the base "
          + Quoting.plain($0.base.isEmpty ? "(nothing)" : $0.base)
      }
      lines.append(
        "adapter names     \(Quoting.plain(names.scheme.description))"
          + (moves.isEmpty ? "" : "; \(moves.joined(separator: ", "))"))
    }
    return lines
      + tiedAliases.map { alias in
        "tied head         \(Quoting.plain(alias.head)) is \(Quoting.plain(alias.embedding)) of the same model"
          + (alias.isStored ? ", and read as that" : "")
      }
  }
}

extension ParsedArguments {
  /// What `--strip-prefix` says.
  var nameReading: NameReading { NameReading(without: lists[Self.stripPrefix.name] ?? []) }

  /// Keys are read without what `--strip-prefix` says, as the names of checkpoints are.
  func openAdapter(at path: String) throws(CommandFailure) -> Adapter {
    do {
      return try Adapter.open(path, leavingOut: leftOut, reading: nameReading)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Whether an argument is an adapter rather than a model.
  func isAdapter(_ path: String) -> Bool { Adapter.isAdapter(path, leavingOut: leftOut) }

  /// What `--leave-out` says.
  var leftOut: [FilePattern] { (lists[CommandDescription.Option.leaveOut.name] ?? []).map { FilePattern($0) } }
}
