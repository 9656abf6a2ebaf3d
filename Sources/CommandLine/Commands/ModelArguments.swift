import DriftProofProving
import DriftProofAdapter
import DriftProofCheckpoint

extension ParsedArguments {
  /// From `--tuned` or `--adapter`, with `--base`, which an adapter's proof needs only without `--identity`.
  func tunedModel() throws(CommandFailure) -> TunedModel {
    switch (values["tuned"], values["adapter"]) {
    case (nil, nil):
      throw CommandFailure(UsageError("--tuned TUNED is missing, or --adapter ADAPTER", command: command))
    case (.some, .some):
      throw CommandFailure(
        UsageError("--tuned and --adapter exclude each other: a merged model, or an unmerged adapter", command: command)
      )
    case (.some, nil):
      guard values["base"] != nil else { throw CommandFailure(UsageError("--base BASE is missing", command: command)) }
      let base = try openCheckpoint("base")
      return .checkpoint(try openCheckpoint("tuned"), base: base)
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
