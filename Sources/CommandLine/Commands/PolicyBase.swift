// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy

/// A base as the policy commands see it: names, types, shapes and norms.
enum PolicyBase {
  /// Reads `--base`: an identity file (`*.json`), which is quick, or a checkpoint, all of whose bytes are read.
  static func tensors(
    _ arguments: ParsedArguments, console: Console
  ) throws(CommandFailure) -> (tensors: [PolicyTensor], folders: FolderFacts) {
    let path = try arguments.required("base")
    let identity: BaseIdentity
    var folders = FolderFacts([])
    do {
      if path.hasSuffix(".json") {
        identity = try BaseIdentity.parse(
          try ParsedArguments.readFile(at: path, limit: FileLimits.identity, expected: .identity))
      } else {
        let base = try arguments.openCheckpoint("base")
        folders = FolderFacts([base])
        identity = try BaseIdentity.compute(checkpoint: base) { done, total in
          console.progress("base", fraction: total > 0 ? Double(done) / Double(total) : 1)
        }
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(.operational, "\(path): \(error)")
    }
    return (PolicyTensor.all(identity), folders)
  }
}
