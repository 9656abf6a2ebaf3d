// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// One verb of the tool.
protocol Command: Sendable {
  static var description: CommandDescription { get }
  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult
}

extension ParsedArguments {
  /// A required argument; the parser has made sure that it is there.
  func required(_ name: String) throws(CommandFailure) -> String {
    do {
      return try value(name)
    } catch {
      throw CommandFailure(error)
    }
  }

  func openCheckpoint(_ name: String) throws(CommandFailure) -> Checkpoint {
    let path = try required(name)
    return try openCheckpoint(at: path)
  }

  /// Names are read without what `--strip-prefix` says.
  func openCheckpoint(at path: String) throws(CommandFailure) -> Checkpoint {
    do {
      return try Checkpoint.open(path, leavingOut: leftOut).reading(nameReading)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// The same of a fine-tune, its output head read as the base has it.
  func openCheckpoint(_ name: String, against base: Checkpoint) throws(CommandFailure) -> Checkpoint {
    let tuned = try openCheckpoint(name)
    do {
      return try TiedHeads.reconcile(tuned, with: .checkpoint(base))
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Of every command that reads checkpoints.
  static let stripPrefix = CommandDescription.Option.repeatable(
    "strip-prefix", "P", "read tensors' names without P, such as module. or _orig_mod.; may be given again")

  /// The bytes of a file of at most `limit` bytes: what is larger is no policy, identity or certificate.
  func readFile(_ name: String, limit: Int) throws(CommandFailure) -> [UInt8] {
    let path = try required(name)
    let expected = ExpectedFile(argument: name)
    // The library has its own words for a parent and its 64 digits.
    if let failure = expected?.wrongKind(path) { throw failure }
    return try Self.readFile(at: path, limit: limit)
  }

  /// The same of any path.
  /// - Parameter expected: what the file should be.
  static func readFile(
    at path: String, limit: Int, expected: ExpectedFile? = nil
  ) throws(CommandFailure) -> [UInt8] {
    if let failure = expected?.wrongKind(path) { throw failure }
    do {
      let file = try MappedFile(path: path)
      guard file.count <= limit else {
        throw CommandFailure(
          .operational, "\(path): \(Format.byteCount(file.count)) are too many for this kind of file",
          remedy: "Is it the right file? The limit is \(Format.byteCount(limit)).")
      }
      return try file.bytes(in: 0..<file.count)
    } catch CheckpointError.notARegularFile {
      // Its own remedy is about weights.
      throw CommandFailure(
        .operational, "\(path): neither a file nor a link to one",
        remedy: "Pipes and devices are not read; write it to a file first.")
    } catch let error as CheckpointError {
      throw CommandFailure(error)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(.operational, "\(path): \(error)")
    }
  }
}

extension CommandFailure {
  /// Checkpoint messages name the file, the problem and the remedy already.
  init(_ error: CheckpointError) {
    self.init(ExitCode(error), error.description, remedy: error.remedy)
  }
}
