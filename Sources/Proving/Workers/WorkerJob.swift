// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofDrift
import DriftProofPolicy
import DriftProofStatement

/// How a worker finds the files that the coordinator has.
package struct WorkerFiles: Sendable, Equatable {
  package var base: String
  package var tuned: String
  /// Patterns of files that are no part of the models.
  package var leftOut: [String]
  /// Parts of names that are not read.
  package var stripped: [String]

  package init(base: String, tuned: String, leftOut: [String] = [], stripped: [String] = []) {
    self.base = base
    self.tuned = tuned
    self.leftOut = leftOut
    self.stripped = stripped
  }
}

/// What one worker is to hold: from the same files, policy and identity it derives the statement, and says which it is.
struct WorkerJob: Equatable {
  var files: WorkerFiles
  var policy: [UInt8]
  var identity: [UInt8]
  /// Whether names are read as the identity's, or as the base's alone.
  var hasIdentity: Bool
  var proofs: Int
  var bands: Int
  var workers: Int
  var number: Int

  var bytes: [UInt8] {
    var out: [UInt8] = []
    out.append(lengthPrefixed: files.base)
    out.append(lengthPrefixed: files.tuned)
    for list in [files.leftOut, files.stripped] {
      out.append(littleEndian: UInt64(list.count))
      for text in list { out.append(lengthPrefixed: text) }
    }
    out.append(lengthPrefixed: policy)
    out.append(lengthPrefixed: identity)
    out.append(hasIdentity ? 1 : 0)
    for value in [proofs, bands, workers, number] { out.append(littleEndian: UInt64(value)) }
    return out
  }

  init(
    files: WorkerFiles, policy: [UInt8], identity: [UInt8], hasIdentity: Bool, proofs: Int, bands: Int, workers: Int,
    number: Int
  ) {
    self.files = files
    self.policy = policy
    self.identity = identity
    self.hasIdentity = hasIdentity
    self.proofs = proofs
    self.bands = bands
    self.workers = workers
    self.number = number
  }

  init(_ bytes: [UInt8]) throws(FrameError) {
    var reader = ByteReader<FrameError>(bytes)
    func texts() throws(FrameError) -> [String] {
      var list: [String] = []
      for _ in 0..<(try reader.count("a list", of: 8)) { list.append(try reader.text("a path")) }
      return list
    }
    files = WorkerFiles(base: try reader.text("a path"), tuned: try reader.text("a path"))
    files.leftOut = try texts()
    files.stripped = try texts()
    policy = try reader.prefixed("the policy")
    identity = try reader.prefixed("the identity")
    hasIdentity = try reader.integer("a flag", as: UInt8.self) == 1
    proofs = try reader.number("proofs")
    bands = try reader.number("bands")
    workers = try reader.number("workers")
    number = try reader.number("the worker's number")
    try reader.finish()
    guard workers <= CodeParameters.bandRange.upperBound, number < workers else { throw .value("workers") }
  }

  /// The statement without its binding, and the rows, which are read when they are asked for.
  func prepared(room: RowRoom) throws -> (statement: DriftStatement, rows: CheckpointRows) {
    let identity = try BaseIdentity.parse(identity)
    let policy = try CanonicalPolicyReader.policy(policy)
    let reading = NameReading(without: files.stripped)
    let leftOut = files.leftOut.map { FilePattern($0) }
    let model = try TunedModel.checkpoints(
      tuned: try Checkpoint.open(files.tuned, leavingOut: leftOut).reading(reading),
      base: try Checkpoint.open(files.base, leavingOut: leftOut).reading(reading),
      identity: hasIdentity ? identity : nil)
    guard case .checkpoint(let tuned, let base) = model else { throw WorkerError.notYet("unmerged adapters") }
    let derived = try DerivedStatement.derive(identity: identity, tuned: tuned.manifestTensors, policy: policy)
    let code = try CodeSelection.choose(derived, proofs: proofs, bands: bands)
    let rows = try CheckpointRows(
      plan: TableauPlan(tensors: derived.tensors, logLength: code.logLength), tensors: derived.tensors,
      pair: CheckpointPair(base: base, tuned: tuned), factors: [:], room: room)
    return (derived.statement(code: code, binding: []), rows)
  }
}

extension DriftStatement {
  /// What coordinator and workers compare.
  var digest: [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/worker statement/v1")
    message.append(lengthPrefixed: canonicalBytes)
    return SHA256.hash(message)
  }
}
