// SPDX-License-Identifier: Apache-2.0

import CDriftProofCurveKernels
import DriftProofCore
import DriftProofKernels

/// Large transforms by the kernel that does eight at a time, on all cores: the same numbers as ``ScalarTransform``'s own.
enum LaneTransform {
  private static let lanes = 8
  /// Blocks of eight that share a workspace.
  private static let blocks = 4
  /// What the kernel takes: both passes have at least eight columns, and at most 2^16 rows.
  static let logs = 6...32

  /// Σ_j input[j]·root^(jk)·scale for all k < 2^log, the root's order being 2^log.
  static func transform(_ input: [Fr], log: Int, root: Fr, scale: Fr) -> [Fr] {
    precondition(logs.contains(log) && input.count <= 1 << log, "\(input.count) values for 2^\(log)")
    // As ScalarTransform does: index r·C + c, frequency k + R·l.
    let (logRows, logColumns) = (log / 2, log - log / 2)
    let (rows, columns) = (1 << logRows, 1 << logColumns)
    let source = AlignedBuffer<UInt64>(count: 4 * input.count, cleared: false)
    input.withUnsafeBytes { bytes in
      UnsafeMutableRawBufferPointer(start: source.pointer, count: bytes.count).copyMemory(from: bytes)
    }
    let (middle, target) = (
      AlignedBuffer<UInt64>(count: 4 << log, cleared: false), AlignedBuffer<UInt64>(count: 4 << log, cleared: false)
    )
    let rowTwiddles = factors(ScalarTransform.powers(of: ScalarTransform.power(root, columns), count: rows / 2))
    let columnTwiddles = factors(ScalarTransform.powers(of: ScalarTransform.power(root, rows), count: columns / 2))
    let (one, first) = (factors([.one]), factors([scale]))
    let none = factors([Fr](repeating: .one, count: lanes))
    let count = input.count
    inBlocks(columns, log: logRows) { column, workspace in
      let steps = factors((0..<lanes).map { ScalarTransform.power(root, column + $0) })
      dpc_transforms(
        source.pointer + 4 * min(column, count), max(0, count - column), columns, 1, UInt32(logRows), rowTwiddles, one,
        steps, middle.pointer + 4 * column, columns, 1, workspace.pointer)
    }
    inBlocks(rows, log: logColumns) { row, workspace in
      dpc_transforms(
        middle.pointer + 4 * columns * row, columns * lanes, 1, columns, UInt32(logColumns), columnTwiddles, first,
        none, target.pointer + 4 * row, rows, 1, workspace.pointer)
    }
    return [Fr](unsafeUninitializedCapacity: 1 << log) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(start: target.pointer, count: MemoryLayout<Fr>.stride << log))
      initialized = 1 << log
    }
  }

  /// Calls the body for 0, 8, 16, … with a workspace for eight transforms of 2^log.
  private static func inBlocks(_ count: Int, log: Int, _ body: @Sendable (Int, AlignedBuffer<UInt8>) -> Void) {
    let step = lanes * blocks
    Parallel.forEach((count + step - 1) / step) { task in
      let workspace = AlignedBuffer<UInt8>(count: dpc_transforms_bytes(UInt32(log)), cleared: false)
      for first in stride(from: task * step, to: min(count, (task + 1) * step), by: lanes) { body(first, workspace) }
    }
  }

  /// The kernel's form of factors: sixteen times the scalar, as its products divide by 2^260 and not by 2^256.
  private static func factors(_ scalars: [Fr]) -> [UInt64] {
    let sixteen = Fr(16)
    return scalars.flatMap { scalar in
      let value = scalar * sixteen
      return [value.w0, value.w1, value.w2, value.w3]
    }
  }
}
