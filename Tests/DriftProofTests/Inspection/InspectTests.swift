// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofInspection
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// The findings of `CheckpointInspection` on small checkpoints whose drift is known by construction.
struct InspectionTests {
  private struct Tensor {
    let name: String
    let dtype: DataType
    let shape: [Int]
    let bytes: [UInt8]

    static func f32(_ name: String, _ shape: [Int], _ values: [Float]) -> Tensor {
      Tensor(name: name, dtype: .f32, shape: shape, bytes: values.flatMap { littleEndian($0.bitPattern) })
    }

    static func integers(_ name: String, _ values: [Int64]) -> Tensor {
      Tensor(name: name, dtype: .i64, shape: [values.count], bytes: littleEndian(values))
    }
  }

  private func inspect(_ base: [Tensor], _ tuned: [Tensor]) throws -> CheckpointInspection {
    try TemporaryFolder.with { folder in
      let checkpoints = try [base, tuned].enumerated().map { index, tensors in
        let path = folder.file("\(index).safetensors")
        let writer = try SafetensorsWriter(
          path: path, tensors: tensors.map { .init(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
        for tensor in tensors { try writer.append(tensor.bytes) }
        try writer.finish()
        return try Checkpoint.open(path)
      }
      return try CheckpointInspection.inspect(base: checkpoints[0], tuned: checkpoints[1])
    }
  }

  private func drift(_ base: Tensor, _ tuned: Tensor) throws -> DriftMeasure {
    try #require(try inspect([base], [tuned]).tensors.first?.drift)
  }

  @Test func measuresAMatrix() throws {
    let measure = try drift(
      .f32("w", [3, 4], [Float](repeating: 1, count: 12)),
      .f32("w", [3, 4], [1, 1.5, 1, 1, 1, 1, 1, 1, 1, -1, 1, 1]))
    #expect(measure.norm == 4.25.squareRoot())
    #expect(measure.relativeNorm.map { abs($0 - (4.25 / 12).squareRoot()) < 1e-12 } == true)
    #expect(measure.maximum == 2)
    #expect(measure.changedEntries == 2)
    #expect(measure.changedRows == 2)
    #expect(measure.changedColumns == 1)
    #expect(measure.lowRank?.rank == 1)
    #expect(measure.lowRank?.residual == 0)
    #expect(measure.lowRank?.residuals.map(\.rank) == [1, 2, 4, 8, 16, 32, 64])
  }

  @Test func countsAVectorWithoutARank() throws {
    let measure = try drift(.f32("b", [4], [1, 2, 3, 4]), .f32("b", [4], [1, 2, 3.5, 3]))
    #expect(measure.norm == 1.25.squareRoot())
    #expect(measure.changedEntries == 2)
    #expect(measure.changedRows == 1)
    #expect(measure.changedColumns == 2)
    #expect(measure.lowRank == nil)
    #expect(measure.warning == nil)
  }

  @Test func warnsWhereTheRankIsThatOfAnyMatrix() throws {
    let measure = try drift(.f32("w", [2, 2], [1, 1, 1, 1]), .f32("w", [2, 2], [2, 1, 1, 2]))
    #expect(measure.warning == .rankIsFull)
  }

  @Test func warnsWhereTheResidualIsTheDrift() throws {
    // 100 scattered entries of one size: rank 64 leaves a part of the energy, no rank is worth claiming.
    let side = 128
    let base = [Float](repeating: 1, count: side * side)
    var tuned = base
    for row in 0..<side { tuned[row * side + (row * 37) % side] = 1.25 }
    let measure = try drift(.f32("w", [side, side], base), .f32("w", [side, side], tuned))
    #expect(measure.warning == .residualIsTheDrift)
    #expect(measure.changedEntries == side)
  }

  @Test func saysThatADriftIsOfTheSizeOfRounding() throws {
    let side = 8
    let base = Tensor(
      name: "w", dtype: .bf16, shape: [side, side], bytes: (0..<side * side).flatMap { _ in [0x80, 0x3F] as [UInt8] })
    // One entry grows by one unit in the last place: 2^-7 of ‖W‖ = 8 is below twice 0.0025.
    let changed: [UInt8] = [0x81, 0x3F] + base.bytes.dropFirst(2)
    let measure = try drift(base, Tensor(name: "w", dtype: .bf16, shape: [side, side], bytes: changed))
    #expect(measure.warning == .driftWithinRounding(fraction: 0.0025))
  }

  @Test func findsChangesBelowThePrecision() throws {
    let inspection = try inspect([.f32("w", [1], [1])], [.f32("w", [1], [Float(1).nextUp])])
    #expect(inspection.tensors.first?.drift?.norm == 0)
    #expect(inspection.changedTensorCount == 1)
  }

  @Test func comparesIntegersExactly() throws {
    let inspection = try inspect(
      [.integers("n", [1, 2, 3]), .integers("same", [7])], [.integers("n", [1, -2, 4]), .integers("same", [7])])
    #expect(inspection.tensors.map(\.outcome) == [.bytesDiffer(entries: 2), .identical])
    #expect(inspection.tensors.first?.baseNorm == nil)
  }

  @Test func countsPackedEntries() throws {
    let base = Tensor(name: "p", dtype: .f4, shape: [4], bytes: [0x21, 0x43])
    let tuned = Tensor(name: "p", dtype: .f4, shape: [4], bytes: [0x31, 0x55])
    #expect(try inspect([base], [tuned]).tensors.first?.outcome == .bytesDiffer(entries: 3))
  }

  @Test func goesOnAfterAWeightWithoutEncoding() throws {
    let inspection = try inspect(
      [.f32("bad", [2], [1, 1]), .f32("good", [1], [1])], [.f32("bad", [2], [1, .nan]), .f32("good", [1], [2])])
    guard case .notEncodable(let reason, entries: 1)? = inspection.tensors.first?.outcome else {
      Issue.record("\(inspection.tensors)")
      return
    }
    #expect(reason.contains("entry 1 is NaN"))
    #expect(inspection.driftNorm == 1)
  }

  @Test func listsWhatCannotBeCompared() throws {
    let inspection = try inspect(
      [.f32("cast", [1], [1]), .f32("embed", [2, 2], [1, 2, 3, 4]), .f32("lm_head.weight", [1], [1])],
      [
        Tensor(name: "cast", dtype: .i16, shape: [1], bytes: [0, 0]),
        .f32("embed", [1, 2], [1, 2]), .f32("extra", [1], [1]),
      ])
    #expect(inspection.tensors.isEmpty)
    #expect(inspection.missing.map(\.name) == ["lm_head.weight"])
    #expect(inspection.added.map(\.name) == ["extra"])
    #expect(inspection.reshaped.map(\.tunedShape) == [[1, 2]])
    #expect(inspection.recast.map(\.tunedDtype) == [.i16])
    #expect(inspection.notes.count == 2)
  }

  /// Values, not bytes: a widened tensor is the same one, and what a narrowing rounded is a drift.
  @Test func comparesTypesByValue() throws {
    let one = Tensor(name: "wide", dtype: .bf16, shape: [2], bytes: [0x80, 0x3F, 0, 0xC0])
    let inspection = try inspect(
      [one, .f32("rounded", [2], [1, 1.001])],
      [
        .f32("wide", [2], [1, -2]), Tensor(name: "rounded", dtype: .bf16, shape: [2], bytes: [0x80, 0x3F, 0x80, 0x3F]),
      ])
    #expect(inspection.recast.isEmpty && inspection.tensors.map(\.tunedDtype) == [.bf16, .f32])
    #expect(inspection.tensors.last?.outcome == .identical)
    #expect(inspection.tensors.first?.drift?.changedEntries == 1)
    #expect(abs((inspection.tensors.first?.drift?.norm ?? 0) - 0.001) < 1e-6)
    #expect(inspection.notes.contains { $0.contains("2 tensors are of another type") })
  }

  /// New rows count as changes from zero; the rows that both have are told apart.
  @Test func comparesGrownTensors() throws {
    let inspection = try inspect(
      [.f32("embed", [2, 2], [1, 2, 3, 4]), .f32("same", [2], [1, 1])],
      [.f32("embed", [3, 2], [1, 2, 3, 4.5, 0, 2]), .f32("same", [3], [1, 1, 0])])
    let embed = try #require(inspection.tensors.first)
    #expect(embed.addedRows == 1 && embed.shape == [2, 2] && embed.tunedShape == [3, 2] && embed.entryCount == 6)
    #expect(embed.commonNorm == 0.5 && abs((embed.drift?.norm ?? 0) - 4.25.squareRoot()) < 1e-9)
    #expect(embed.drift?.changedRows == 2 && embed.drift?.changedColumns == 1)
    let same = try #require(inspection.tensors.last)
    #expect(same.addedRows == 1 && same.drift?.norm == 0 && same.commonNorm == 0)
    #expect(inspection.notes.contains { $0.contains("up to 1 more") })
  }

  @Test func acceptsEmptyTensors() throws {
    let inspection = try inspect([.f32("empty", [0, 3], [])], [.f32("empty", [0, 3], [])])
    #expect(inspection.tensors.first?.outcome == .identical)
    #expect(inspection.parameterCount == 0)
  }
}
