import Checkpoint
import DriftProof

/// What a certificate compares with the base, as the command line names it.
enum TunedSide {
  case checkpoint(base: Checkpoint, tuned: Checkpoint)
  /// An unmerged adapter; the base may be known by its identity alone.
  case adapter(Adapter, base: Checkpoint?)
}

extension ParsedArguments {
  /// From `--tuned` or `--adapter`, with `--base`, which an adapter's proof needs only without `--identity`.
  func tunedSide() throws(CommandFailure) -> TunedSide {
    switch (values["tuned"], values["adapter"]) {
    case (nil, nil):
      throw CommandFailure(UsageError("--tuned TUNED is missing, or --adapter ADAPTER", command: command))
    case (.some, .some):
      throw CommandFailure(
        UsageError("--tuned and --adapter exclude each other: a merged model, or an unmerged adapter", command: command)
      )
    case (.some, nil):
      guard values["base"] != nil else { throw CommandFailure(UsageError("--base BASE is missing", command: command)) }
      return .checkpoint(base: try openCheckpoint("base"), tuned: try openCheckpoint("tuned"))
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
      do {
        return .adapter(try Adapter.open(folder), base: base)
      } catch {
        throw CommandFailure(error)
      }
    }
  }
}
