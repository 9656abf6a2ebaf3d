// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofProving

/// What commands say of the folders that they have read, beside their result.
struct FolderFacts: Sendable {
  /// With their folders.
  var filesLeftOut: [String]
  var tiedAliases: [TiedAlias]

  init(_ checkpoints: [Checkpoint]) {
    filesLeftOut = checkpoints.flatMap(\.pathsLeftOut)
    tiedAliases = checkpoints.flatMap(\.tiedAliases)
  }

  init(_ model: TunedModel) {
    filesLeftOut = model.pathsLeftOut
    tiedAliases = model.tiedAliases
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
    ]
  }

  /// None where there is nothing to say.
  var lines: [String] {
    var lines: [String] = []
    if !filesLeftOut.isEmpty {
      lines.append("FILES LEFT OUT    \(filesLeftOut.map(Quoting.plain).joined(separator: ", "))")
    }
    return lines
      + tiedAliases.map { alias in
        "tied head         \(Quoting.plain(alias.head)) is \(Quoting.plain(alias.embedding)) of the same model"
          + (alias.isStored ? ", and read as that" : "")
      }
  }
}

extension ParsedArguments {
  /// What `--leave-out` says.
  var leftOut: [FilePattern] { (lists[CommandDescription.Option.leaveOut.name] ?? []).map { FilePattern($0) } }
}
