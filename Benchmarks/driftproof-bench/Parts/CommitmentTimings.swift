// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import Foundation
import DriftProofKernels
import DriftProofTranscript

import DriftProofCommitment

/// `commitment LOGLENGTH LOGBLOWUP ROWS`: times and sizes of committing to a tableau and opening it.
struct CommitmentTimings {
  let logLength: Int
  let logBlowup: Int
  let rowCount: Int

  func run() throws {
    try commitmentAlone()
    try fullSize()
  }

  /// What so many bands cost: the same commitment with them and without, in turns.
  func inBands(_ bands: Int) throws {
    let (l, b) = (logLength, logBlowup)
    let plain = CodeParameters(unchecked: l, logBlowup: b, queries: 227, grindingBits: 20, driftTail: 454)
    let shapes = [RowShape](repeating: RowShape(tailOffset: 1 << l, tailCount: 454), count: rowCount)
    for _ in 0..<3 {
      for code in [plain, try plain.inBands(bands)] {
        _ = try Timing.once("commit, bands: \(code.bands)") {
          try HashCommitment(code).commit(
            label: "drift", rows: GeneratedRows(rowCount: rowCount, length: 1 << l), shapes: shapes,
            secret: [UInt8](repeating: 1, count: 32))
        }
      }
    }
    printMemory()
  }

  private struct GeneratedRows: TableauRows {
    let rowCount: Int
    let length: Int
    func message(_ row: Int) throws -> RowMessage {
      .narrow((0..<length).map { Int32(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ row) & 0xFFFF) - 0x8000 })
    }
  }

  private struct MaskRows: TableauRows {
    let rowCount: Int
    let length: Int
    func message(_ row: Int) throws -> RowMessage {
      var state = UInt64(row + 1)
      return .field(
        (0..<length).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return state >> 1
        })
    }
  }

  /// Commitment and evaluation alone, for rows longer than parameters allow, too: wall times and the peak of memory.
  private func commitmentAlone() throws {
    let (l, b) = (logLength, logBlowup)
    let parameters = CodeParameters(unchecked: l, logBlowup: b, queries: 227, grindingBits: 20, driftTail: 454)
    let tree = try Timing.once("commit") {
      try HashCommitment(parameters).commit(
        label: "drift", rows: GeneratedRows(rowCount: rowCount, length: 1 << l),
        shapes: [RowShape](repeating: RowShape(tailOffset: 1 << l, tailCount: 454), count: rowCount),
        secret: [UInt8](repeating: 1, count: 32))
    }
    printMemory()
    let positions = (0..<227).map { $0 &* 0x9E37_79B9 & (1 << (l + b) - 1) }.sorted()
    _ = try Timing.once("values") { try tree.values(at: positions) }
    _ = Timing.once("multiproof") { tree.tree.multiproof(positions) }
    printMemory()
  }

  /// What Linux says of this process.
  private func printMemory() {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    for line in status.split(separator: "\n") where line.hasPrefix("VmHWM") || line.hasPrefix("VmRSS") {
      print(line)
    }
  }

  private func fullSize() throws {
    let (l, b) = (logLength, logBlowup)
    guard let t = CodeParameters.queries(logLength: l, logBlowup: b, grindingBits: 20, proofs: 2) else {
      print("no number of queries reaches 128 bits")
      return
    }
    let parameters = try CodeParameters(logLength: l, logBlowup: b, queries: t, grindingBits: 20, driftTail: 2 * t)
    let tail = parameters.driftRowTail
    print("queries", t, "plan", FoldingPlan(parameters, claims: 2))
    let scheme = HashCommitment(parameters)
    let drift = GeneratedRows(rowCount: rowCount, length: 1 << l)
    let masks = MaskRows(rowCount: 6, length: 1 << l)
    let full = RowShape(tailOffset: 1 << l, tailCount: tail)
    let secret = [UInt8](repeating: 1, count: 32)
    Timing.once("generating the rows once") { for row in 0..<rowCount { _ = try? drift.message(row) } }
    let driftTree = try Timing.once("commit drift") {
      try scheme.pin(
        scheme.commit(
          label: "drift", rows: drift, shapes: [RowShape](repeating: full, count: rowCount), secret: secret))
    }
    let maskTree = try Timing.once("commit masks") {
      try scheme.commit(label: "masks", rows: masks, shapes: [RowShape](repeating: full, count: 6), secret: secret)
    }
    var prover = ProverChannel(transcript: Transcript(protocolID: "bench"))
    _ = try scheme.send(maskTree, isPinned: false, to: &prover)
    func claims(_ transcript: inout Transcript, _ values: [CubicExtension]) -> [OpeningClaim] {
      (0..<2).map { index in
        OpeningClaim(
          name: "\(index)", functional: .equality(point: transcript.challenges("p\(index)", l)),
          weights: [transcript.challenge("w\(index)").powers(rowCount), []], value: values[index],
          mask: .init(tree: 1, firstRow: 3 * index))
      }
    }
    var values: [CubicExtension] = []
    var copy = prover.transcript
    for claim in claims(&copy, [.zero, .zero]) {
      guard case .equality(let point) = claim.functional else { continue }
      var sum = [CubicExtension](repeating: .zero, count: 1 << l)
      for row in 0..<rowCount {
        RowCombination.accumulate(rows: [try drift.message(row)], weights: [claim.weights[0][row]], into: &sum)
      }
      values.append(Multilinear.innerProduct(Multilinear.equality(point), sum))
    }
    let proved = claims(&prover.transcript, values)
    try Timing.once("open") { try scheme.open([driftTree, maskTree], claims: proved, channel: &prover) }
    for round in 0..<3 {
      try Timing.once("verify \(round)") {
        var verifier = VerifierChannel(transcript: Transcript(protocolID: "bench"), proof: prover.proof)
        let trees = [
          driftTree.reference,
          try scheme.receive(label: "masks", shapes: maskTree.shapes, isPinned: false, from: &verifier),
        ]
        let claims = claims(&verifier.transcript, values)
        try scheme.verify(trees, claims: claims, channel: &verifier)
        try verifier.finish()
      }
    }
    var sizes: [String: Int] = [:]
    for part in prover.sizes { sizes[part.section, default: 0] += part.bytes }
    for (section, bytes) in sizes.sorted(by: { $0.value > $1.value }) { print("bytes", section, bytes) }
    print("bytes in all", prover.proof.count)
    var transcript = prover.transcript
    Timing.once("grinding 20 bits, mean of 4") {
      for _ in 0..<4 { _ = ProofOfWork(&transcript, bits: 20).solve() }
    }
  }
}
