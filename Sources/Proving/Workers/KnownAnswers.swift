// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// What a machine's kernels make of known inputs: transform, hashes, projections, sums of rows and evaluations. Two machines that
/// differ here would differ in a proof.
enum KnownAnswers {
  static let digest: [UInt8] = {
    let length = 1 << 14
    let seed = SHA256.expand(Array("driftproof/known answers/v1".utf8), count: 3 * length)
    let narrow = (0..<length).map { Int32(seed[$0]) - 128 }
    let wide = PseudorandomStream(secret: [1], label: "known answers").elements(length).map(\.value)
    let code = CodeParameters(unchecked: 14, logBlowup: 1, queries: 2, grindingBits: 0, driftTail: 4)
    let shape = RowShape(tailOffset: length, tailCount: code.driftRowTail)
    var bytes: [UInt8] = []
    let rows = KnownRows(messages: [.narrow(narrow), .field(wide), .zero])
    if let tree = try? HashCommitment(code).commit(
      label: "known answers", rows: rows, shapes: [shape, shape, shape], secret: [2]),
      let pinned = try? HashCommitment(code).pin(tree), let opened = try? tree.values(at: [0, 77, 1 << 14])
    {
      bytes += tree.root + (pinned.pins?.bytes ?? [])
      for value in opened { bytes.append(littleEndian: value) }
    }
    let matrix = ProjectionMatrix(
      bits: SHA256.expand(Array("driftproof/known matrix/v1".utf8), count: 2 * Limits.projections * length / 8))
    for value in matrix.project(narrow) { bytes.append(littleEndian: UInt64(bitPattern: value)) }
    for value in GramKernel.gram(narrow, range: 0..<length, log: 4) {
      bytes.append(littleEndian: UInt64(bitPattern: value))
    }
    let weights = PseudorandomStream(secret: [3], label: "known answers")
    var sums = [CubicExtension](repeating: .zero, count: length)
    RowCombination.accumulate(
      rows: [.narrow(narrow), .field(wide)], weights: [weights.extensionElement(), weights.extensionElement()],
      into: &sums)
    Folding.fold(&sums, weights.extensionElement())
    return SHA256.hash(bytes + FieldEncoding.bytes(sums))
  }()

  private struct KnownRows: TableauRows {
    let messages: [RowMessage]
    var rowCount: Int { messages.count }
    func message(_ row: Int) -> RowMessage { messages[row] }
  }
}
