// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCore
import Foundation
import Synchronization

/// A worker in a process of its own on this machine: the same program, spoken to over its standard input and output.
final class ProcessWorker: ProofWorker {
  private let number: Int
  private let state: Mutex<State>

  private struct State {
    var process: Process
    var channel: FrameChannel
  }

  /// - Parameters:
  ///   - program: `driftproof`, or what speaks like it.
  ///   - job: of this worker.
  ///   - digest: of the statement that it must find.
  /// - Throws: ``WorkerError``.
  init(program: String, job: WorkerJob, digest: [UInt8]) throws {
    number = job.number
    // A worker that is gone is an error of the write, not the end of the coordinator.
    signal(SIGPIPE, SIG_IGN)
    let (process, input, output) = (Process(), Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["worker"]
    process.standardInput = input
    process.standardOutput = output
    do {
      try process.run()
    } catch {
      throw WorkerError.lost(worker: job.number, reason: "\(program) cannot be started (\(error))")
    }
    var channel = FrameChannel(
      side: .coordinator, input: output.fileHandleForReading, output: input.fileHandleForWriting)
    // Of this job and this worker alone; nobody else has an end of the pipe.
    let key = SystemRandom.bytes(SHA256.digestLength)
    do {
      try input.fileHandleForWriting.write(contentsOf: Data(key))
      let hello = try channel.greet(key: key)
      if let difference = Self.difference(hello) { throw WorkerError.lost(worker: job.number, reason: difference) }
      try channel.send(.job, job.bytes)
    } catch let error as WorkerError {
      process.terminate()
      throw error
    } catch {
      process.terminate()
      // A write that nobody takes is an end, too.
      throw WorkerError.lost(worker: job.number, reason: "\(error as? FrameError ?? .ended)")
    }
    state = Mutex(State(process: process, channel: channel))
    guard try received() == digest else { throw WorkerError.otherStatement(worker: number) }
  }

  deinit {
    state.withLock { state in
      if state.process.isRunning { state.process.terminate() }
    }
  }

  private static func difference(_ hello: Hello) -> String? {
    if hello.version != Hello.frameVersion { return "its frames are of version \(hello.version)" }
    if hello.program != ToolVersion.current { return "its program is \(hello.program), not \(ToolVersion.current)" }
    if hello.answers != KnownAnswers.digest { return "its kernels compute something else of known inputs" }
    return nil
  }

  func begin(_ request: WorkerRequest) throws {
    do {
      try state.withLock { try $0.channel.send(.request, request.encoded) }
    } catch {
      throw lost(error)
    }
  }

  func answer() throws -> WorkerAnswer {
    let bytes = try received()
    do {
      return try WorkerAnswer(bytes)
    } catch {
      throw lost(error)
    }
  }

  /// The message of the next frame.
  private func received() throws -> [UInt8] {
    let frame = try frame()
    switch frame.kind {
    case .answer: return frame.bytes
    case .refusal: throw try refusal(frame.bytes)
    case .failure: throw WorkerError.lost(worker: number, reason: String(decoding: frame.bytes, as: UTF8.self))
    case .hello, .job, .request: throw lost(FrameError.noFrame)
    }
  }

  private func frame() throws -> (kind: FrameKind, bytes: [UInt8]) {
    do {
      return try state.withLock { try $0.channel.receive() }
    } catch {
      throw lost(error)
    }
  }

  private func refusal(_ bytes: [UInt8]) throws -> ArgumentRefusal {
    do {
      return try ArgumentRefusal(bytes)
    } catch {
      throw lost(error)
    }
  }

  private func lost(_ error: any Error) -> WorkerError { .lost(worker: number, reason: "\(error)") }
}
