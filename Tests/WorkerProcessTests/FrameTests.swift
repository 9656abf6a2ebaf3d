// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofProving
import DriftProofArgumentProver
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import Foundation
import TestSupport
import Testing

/// Frames between coordinator and worker (docs/clusters.md): what goes in comes out, and nothing else does.
@Suite struct FrameTests {
  private static func element(_ value: Int) -> CubicExtension { CubicExtension(Goldilocks(value), .one, .zero) }

  private static let requests: [WorkerRequest] = {
    var witness = ClauseWitness()
    witness.factors[.init(tensor: 3, clause: 1)] = .init(left: [1, -2, .max], right: [.min])
    witness.supports[.init(tensor: 0, clause: 0)] = [4, 77]
    witness.diagonals[.init(tensor: 9, clause: 2)] = [-1, .max, .min]
    let state = [UInt8](repeating: 9, count: 32)
    return [
      .keys(.auxiliary, TreeKeys(tails: [3: state, 4: state], salts: state + state)), .digests(.drift, run: 7),
      .piece(5..<99), .values(.drift, at: element(-4)), .witness(witness), .projections(state),
      .digits(first: 6, [1, 65535, 0]), .bounds(state, residualMask: [element(1)], digitMask: []), .bind(element(8)),
      .sums(.auxiliary, [RowWeights(weights: [element(2), .zero], tailOffset: 5, tailCount: 6)]),
      .positions(.drift, [0, 1 << 30]),
    ]
  }()

  private static let answers: [WorkerAnswer] = [
    .done, .bulk(1 << 40), .bytes([1, 2]), .bytes([]), .numbers([-1, .min, .max]), .elements([element(3)]),
    .rows([[1, .max], [], [3]]),
    .witness(squares: [.init(index: 2, square: .max)], sparse: [.init(cell: 1, value: -7)]),
    .round(
      BoundsRound(
        values: [element(1), element(2)], tiles: [.init(tile: 4, value: .one, square: .zero, linear: element(5))],
        digits: [.init(value: element(6), linear: .one)])),
  ]

  /// Bytes of one message: read again they are the same, cut or longer they are none.
  private func check(_ bytes: [UInt8], isOpen: Bool = false, again: ([UInt8]) throws -> [UInt8]) throws {
    #expect(try again(bytes) == bytes)
    for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
      if isOpen, count > 0 { continue }
      #expect(throws: FrameError.self) { _ = try again(Array(bytes.prefix(count))) }
    }
    if !isOpen { #expect(throws: FrameError.self) { _ = try again(bytes + [0]) } }
    var generator = SeededGenerator(seed: UInt64(bytes.count))
    for _ in 0..<200 {
      // Any bytes are read or refused: never a trap.
      var changed = bytes
      changed[generator.below(changed.count)] = UInt8(truncatingIfNeeded: generator.next())
      _ = try? again(changed)
    }
  }

  @Test func messagesAreReadAgain() throws {
    for request in Self.requests {
      try check(request.encoded) { try WorkerRequest($0).encoded }
    }
    for answer in Self.answers {
      let isOpen = if case .bytes = answer { true } else { false }
      try check(answer.encoded, isOpen: isOpen) { try WorkerAnswer($0).encoded }
    }
    let refusals: [ArgumentRefusal] = [
      .chunkTooLarge(tensor: "a", row: 1, column: 2, log2Norm: 3.25, log2Limit: 4.5),
      .entryTooLarge(tensor: "ä", row: 1, column: 2), .factorTooLarge(tensor: ""),
      .exactClauseViolated(tensor: "b", row: 5, column: 6), .boundExceeded(tensor: "c"),
      .entryBoundExceeded(tensor: "d", row: 7, column: 8), .patternViolated(tensor: "e", row: 0, column: 0),
      .totalExceeded, .notOrthonormal(tensor: "f", row: 1, other: 0),
    ]
    for refusal in refusals {
      #expect(try ArgumentRefusal(refusal.encoded) == refusal)
      try check(refusal.encoded) { try ArgumentRefusal($0).encoded }
    }
    let job = WorkerJob(
      files: WorkerFiles(base: "/a", tuned: "b c", leftOut: ["x*"], stripped: ["module."]), policy: [1],
      identity: [2, 3],
      hasIdentity: true, proofs: 16, bands: 5, workers: 3, number: 2)
    #expect(try WorkerJob(job.bytes) == job)
    try check(job.bytes) { try WorkerJob($0).bytes }
  }

  /// Two ends of two pipes.
  private func ends() -> (coordinator: FrameChannel, worker: FrameChannel, toWorker: Pipe, toCoordinator: Pipe) {
    let (first, second) = (Pipe(), Pipe())
    return (
      FrameChannel(side: .coordinator, input: second.fileHandleForReading, output: first.fileHandleForWriting),
      FrameChannel(side: .worker, input: first.fileHandleForReading, output: second.fileHandleForWriting), first, second
    )
  }

  @Test func sealedFramesComeInOrderAndUnchanged() throws {
    let (one, two) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
    var (sender, receiver, pipe, _) = ends()
    // In clear only a hello.
    try sender.send(.request, [1])
    #expect(throws: FrameError.unexpected(kind: 3, number: 0)) { _ = try receiver.receive() }
    (sender, receiver, pipe, _) = ends()
    sender.seal(own: one, other: two)
    receiver.seal(own: two, other: one)
    for body in [[], [7], [UInt8](repeating: 3, count: 5000)] as [[UInt8]] {
      try sender.send(.request, body)
      let got = try receiver.receive()
      #expect(got.kind == .request && got.bytes == body)
      try receiver.send(.answer, body)
      #expect(try sender.receive().bytes == body)
    }
    // What goes over the pipe, once as it is and then again.
    try sender.send(.request, [1, 2, 3])
    let sent = try #require(try pipe.fileHandleForReading.read(upToCount: 24 + 3 + 16))
    #expect(sent.count == 43 && !sent.dropFirst(24).starts(with: [1, 2, 3]))
    for (place, expected) in [
      (0, FrameError.noFrame), (4, .seal), (8, .unexpected(kind: 3, number: 2)), (24, .seal), (42, .seal),
    ] {
      var changed = Array(sent)
      changed[place] ^= 1
      var fresh = receiver
      try pipe.fileHandleForWriting.write(contentsOf: Data(changed))
      #expect(throws: expected) { _ = try fresh.receive() }
      // What the reader has not taken.
      let rest = expected == .seal ? 0 : 19
      if rest > 0 { _ = try pipe.fileHandleForReading.read(upToCount: rest) }
    }
    try pipe.fileHandleForWriting.write(contentsOf: sent)
    #expect(try receiver.receive().bytes == [1, 2, 3])
    try pipe.fileHandleForWriting.write(contentsOf: sent)
    #expect(throws: FrameError.unexpected(kind: 3, number: 3)) { _ = try receiver.receive() }
    try pipe.fileHandleForWriting.close()
  }

  @Test func longFramesAreNotRead() throws {
    var (_, receiver, pipe, _) = ends()
    var header = Array("DPF1".utf8)
    header.append(littleEndian: UInt32(1))
    header.append(littleEndian: UInt64(0))
    header.append(littleEndian: UInt64.max)
    try pipe.fileHandleForWriting.write(contentsOf: Data(header))
    #expect(throws: FrameError.tooLong(.max)) { _ = try receiver.receive() }
  }

  @Test func hellosUnderOneKey() throws {
    let (key, other) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
    let point = KeyAgreement().point
    let hello = Hello(point: point)
    let bytes = hello.bytes(key: key, side: .coordinator)
    #expect(try Hello.read(bytes, key: key, side: .coordinator) == hello)
    #expect(throws: FrameError.seal) { _ = try Hello.read(bytes, key: other, side: .coordinator) }
    // Not reflected, and not in answer to another hello.
    #expect(throws: FrameError.seal) { _ = try Hello.read(bytes, key: key, side: .worker) }
    #expect(throws: FrameError.seal) { _ = try Hello.read(bytes, key: key, side: .coordinator, heard: [1]) }
    for place in stride(from: 0, to: bytes.count, by: 7) {
      var changed = bytes
      changed[place] ^= 1
      #expect(throws: FrameError.self) { _ = try Hello.read(changed, key: key, side: .coordinator) }
    }
    let (one, two) = (KeyAgreement(), KeyAgreement())
    #expect(one.shared(with: two.point) == two.shared(with: one.point) && one.shared(with: two.point) != nil)
    #expect(one.shared(with: [UInt8](repeating: 0, count: 32)) == nil && one.shared(with: [1]) == nil)
  }

  /// AES-256-GCM of zeros, as the specification of GCM has it (test cases 13 and 14).
  @Test func sealing() throws {
    let (key, nonce) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 12))
    #expect(
      Sealing.seal([], key: key, nonce: nonce, associated: []).hexadecimal == "530f8afbc74536b9a963b4f1c4cb738b")
    let sealed = Sealing.seal([UInt8](repeating: 0, count: 16), key: key, nonce: nonce, associated: [])
    #expect(sealed.hexadecimal == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    #expect(Sealing.open(sealed, key: key, nonce: nonce, associated: []) == [UInt8](repeating: 0, count: 16))
    #expect(Sealing.open(sealed, key: key, nonce: nonce, associated: [1]) == nil)
    #expect(Sealing.open(Array(sealed.dropLast()), key: key, nonce: nonce, associated: []) == nil)
    #expect(Sealing.open([], key: key, nonce: nonce, associated: []) == nil)
  }
}
