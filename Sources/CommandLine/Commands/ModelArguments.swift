// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy

extension ParsedArguments {
  /// The adapter that was merged into `--tuned`, where `prove` is given both; nil otherwise.
  func hint() throws(CommandFailure) -> Adapter? {
    guard values["tuned"] != nil, let folder = values["adapter"] else { return nil }
    return try openAdapter(at: folder)
  }

  /// What cannot be right whatever the policy says: to be asked before any file is read.
  func requireTunedModel() throws(CommandFailure) {
    guard values["tuned"] == nil, values["adapter"] == nil else { return }
    throw CommandFailure(UsageError("--tuned TUNED is missing, or --adapter ADAPTER", command: command))
  }

  /// From `--tuned` or `--adapter`, with `--base`, which an adapter's proof needs only without `--identity`.
  /// - Parameters:
  ///   - identity: of `--identity`, if it is given.
  ///   - policy: of a proof.
  func tunedModel(_ identity: BaseIdentity?, policy: Policy? = nil) throws(CommandFailure) -> TunedModel {
    switch (values["tuned"], values["adapter"]) {
    case (nil, nil):
      try requireTunedModel()
      throw CommandFailure(UsageError("--tuned TUNED is missing, or --adapter ADAPTER", command: command))
    case (.some, .some) where policy?.firstRuleWithRounding == nil:
      throw CommandFailure(
        UsageError(
          "--tuned and --adapter exclude each other: a merged model, or an unmerged adapter; prove takes both where the policy "
            + "bounds roundings", command: command)
      )
    case (.some, _):
      guard values["base"] != nil else { throw CommandFailure(UsageError("--base BASE is missing", command: command)) }
      let base = try openCheckpoint("base")
      let tuned = try openCheckpoint("tuned")
      do {
        return try .checkpoints(tuned: tuned, base: base, identity: identity)
      } catch {
        throw CommandFailure(error)
      }
    case (nil, let folder?):
      guard values["parent"] == nil else {
        throw CommandFailure(
          UsageError(
            "--adapter and --parent exclude each other: a link of a chain starts from a checkpoint and ends in one; merge "
              + "the adapter", command: command))
      }
      guard values["base"] != nil || values["identity"] != nil else {
        throw CommandFailure(UsageError("--base BASE is missing, or --identity FILE", command: command))
      }
      let base = values["base"] == nil ? nil : try openCheckpoint("base")
      return .adapter(try openAdapter(at: folder), base: base)
    }
  }
}
