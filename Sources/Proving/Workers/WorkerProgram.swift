// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCore
import DriftProofDrift
import Foundation

/// A worker's process: reads its key and then frames from one end, writes answers to the other, and leaves at the end of input.
package enum WorkerProgram {
  /// Bytes of packed rows that a worker keeps: what does not fit is read again in every pass.
  private static let packedRoom = 2 << 30

  /// - Throws: what ended it, when it was not the coordinator.
  package static func run(input: FileHandle, output: FileHandle) throws {
    var channel = FrameChannel(side: .worker, input: input, output: output)
    let key = try channel.read(SHA256.digestLength)
    try channel.reply(key: key)
    let first = try channel.receive()
    guard first.kind == .job else { throw FrameError.noFrame }
    do {
      try serve(first.bytes, &channel)
    } catch let refusal as ArgumentRefusal {
      try channel.send(.refusal, refusal.encoded)
    } catch {
      try? channel.send(.failure, Array("\(error)".utf8.prefix(1 << 12)))
      throw error
    }
  }

  private static func serve(_ bytes: [UInt8], _ channel: inout FrameChannel) throws {
    let job = try WorkerJob(bytes)
    // Rows of others are never asked for, so none is made before it is.
    let (statement, rows) = try job.prepared(room: RowRoom(whole: 0, packed: packedRoom / job.workers))
    var state = try WorkerState(statement: statement, workers: job.workers, number: job.number, rows: rows)
    try channel.send(.answer, statement.digest)
    while let request = try next(&channel) {
      try channel.send(.answer, try state.answer(WorkerRequest(request)).encoded)
    }
  }

  /// The bytes of the next request; nil at the end of input.
  private static func next(_ channel: inout FrameChannel) throws(FrameError) -> [UInt8]? {
    do throws(FrameError) {
      let frame = try channel.receive()
      guard frame.kind == .request else { throw .noFrame }
      return frame.bytes
    } catch {
      if error == .ended { return nil }
      throw error
    }
  }
}
