// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofAttestation
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofProving

/// The files that somebody signs a statement about: a model, or an unmerged adapter.
struct SubjectFiles {
  enum Form { case checkpoint(Checkpoint), adapter(Adapter) }

  let form: Form
  let leftOut: [String]
  /// Names in the folder, or the path of a single file.
  private let read: [String]

  init(_ path: String, _ arguments: ParsedArguments) throws(CommandFailure) {
    if arguments.isAdapter(path) {
      let adapter = try arguments.openAdapter(at: path)
      form = .adapter(adapter)
      (leftOut, read) = (adapter.checkpoint.filesLeftOut, adapter.filesRead)
    } else {
      let checkpoint = try arguments.openCheckpoint(at: path)
      form = .checkpoint(checkpoint)
      (leftOut, read) = (checkpoint.filesLeftOut, checkpoint.filesRead)
    }
  }

  private func model(base: Checkpoint, identity: BaseIdentity?) throws(CheckpointError) -> TunedModel {
    switch form {
    case .checkpoint(let tuned): try .checkpoints(tuned: tuned, base: base, identity: identity)
    case .adapter(let adapter): .adapter(adapter, base: base)
    }
  }

  /// Compares the files with a certificate, as far as `--base`, `--opening` and `--base-identity` allow.
  func bind(
    to certificate: [UInt8], _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> SubjectBinding {
    do {
      guard arguments.values["base"] != nil else {
        switch form {
        case .checkpoint(let checkpoint): try Attestation.compareShapes(certificate: certificate, tuned: checkpoint)
        case .adapter(let adapter): try CertificateChecker.compareShapes(certificate: certificate, adapter: adapter)
        }
        return .declared
      }
      if let failure = ExpectedFile.opening.wrongKind(try arguments.required("opening")) { throw failure }
      let identity = try arguments.readIdentity("base-identity")
      let model = try model(base: try arguments.openCheckpoint("base"), identity: identity)
      _ = try CertificateChecker.check(
        certificate: certificate, model: model, openingPath: try arguments.required("opening"), identity: identity
      ) { phase in console.phase(phase.name) }
      return .checked
    } catch let error as DriftProofError {
      throw CommandFailure(error)
    } catch let error as CommandFailure {
      throw error
    } catch let error as CheckpointError {
      throw CommandFailure(error)
    } catch {
      throw CommandFailure(.operational, "\(error)")
    }
  }

  /// The digest that is signed is about the weights that were compared.
  func requireCovered(by digest: ModelDigest, _ arguments: ParsedArguments) throws(CommandFailure) {
    let hashed = Set(digest.files.map(\.path))
    // Of a model that is one file, that file is hashed.
    guard hashed != ["."], let lost = read.first(where: { !hashed.contains($0) }) else { return }
    throw CommandFailure(
      UsageError(
        "--ignore takes \(Quoting.shown(lost)) out of the model's digest, which has the certified weights",
        command: arguments.command))
  }
}
