// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import Foundation
import DriftProofKernels

/// Measures the parts of a prover one by one on this machine.
package enum FloorMeter {
  /// - Parameters:
  ///   - file: read from disk, when given.
  ///   - logLengths: transforms to time; at most 23.
  package static func measure(file: String? = nil, logLengths: [Int] = [17, 20, 23]) throws -> FloorResult {
    let memory = AlignedBuffer<UInt64>(count: 1 << 26)  // 512 MiB
    let target = AlignedBuffer<UInt64>(count: 1 << 26)
    return FloorResult(
      readGigabytesPerSecond: readBandwidth(memory), copyGigabytesPerSecond: copyBandwidth(memory, target),
      leafHashMegabytesPerSecond: leafHashing(), streamHashMegabytesPerSecond: streamHashing(),
      transforms: logLengths.map {
        .init(logLength: $0, nanosecondsPerPoint: transform(logLength: $0, memory))
      },
      multiplyLatencyNanoseconds: multiplyLatency(), multiplyNanoseconds: multiplyThroughput(),
      projectionNanosecondsPerEntry: projection(), packedWalkNanosecondsPerEntry: packedWalk(),
      diskGigabytesPerSecond: try file.map(diskSpeed))
  }

  /// The best of some repetitions, in seconds of `clock`.
  private static func best(_ repetitions: Int = 5, clock: () -> Double = wallSeconds, _ body: () -> Void) -> Double {
    var best = Double.infinity
    for _ in 0..<repetitions {
      let start = clock()
      body()
      best = min(best, clock() - start)
    }
    return max(best, 1e-9)
  }

  private static func wallSeconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

  private static var parts: Int { 4 * ProcessInfo.processInfo.activeProcessorCount }

  private static func readBandwidth(_ memory: AlignedBuffer<UInt64>) -> Double {
    let (parts, count) = (parts, memory.count)
    for i in 0..<count { memory.pointer[i] = UInt64(truncatingIfNeeded: i) }
    let sums = AlignedBuffer<UInt64>(count: 8 * parts)
    let seconds = best {
      Parallel.forEach(parts) { part in
        var sum = SIMD8<UInt64>()
        let range = count / 8 * part / parts..<count / 8 * (part + 1) / parts
        let source = UnsafeRawPointer(memory.pointer)
        for i in range { sum &+= source.load(fromByteOffset: 64 * i, as: SIMD8<UInt64>.self) }
        sums[8 * part] = sum.wrappedSum()
      }
    }
    return 8 * Double(count) / seconds * 1e-9
  }

  /// Bytes read plus bytes written.
  private static func copyBandwidth(_ source: AlignedBuffer<UInt64>, _ target: AlignedBuffer<UInt64>) -> Double {
    let (parts, count) = (parts, source.count)
    let seconds = best {
      Parallel.forEach(parts) { part in
        let range = count * part / parts..<count * (part + 1) / parts
        (target.pointer + range.lowerBound).update(from: source.pointer + range.lowerBound, count: range.count)
      }
    }
    return 16 * Double(count) / seconds * 1e-9
  }

  private static func leafHashing() -> Double {
    let count = 1 << 15
    let states = AlignedBuffer<UInt32>(count: 8 * count)
    let blocks = AlignedBuffer<UInt64>(count: 8 * count)
    LeafHashing.begin(
      states: states, first: 0, count: count, header: [UInt8](repeating: 1, count: 32),
      salts: AlignedBuffer<UInt8>(count: 32 * count))
    let seconds = best { LeafHashing.absorb(states: states, first: 0, blocks: blocks, count: count) }
    return 64 * Double(count) / seconds * 1e-6
  }

  private static func streamHashing() -> Double {
    let message = [UInt8](repeating: 7, count: 1 << 24)
    return Double(message.count) / best { _ = SHA256.hash(message) } * 1e-6
  }

  /// The encoder uses all cores, so its time is that of the processor.
  private static func transform(logLength: Int, _ blocks: AlignedBuffer<UInt64>) -> Double {
    let row = RowMessage.narrow((0..<1 << logLength).map { Int32(truncatingIfNeeded: $0 &* 40503) >> 12 })
    let rows = [RowMessage](repeating: row, count: Encoder.lanes)
    let seconds = best(3, clock: { ProcessMeter.processorSeconds }) {
      Encoder.encode(
        rows: rows, tails: [[UInt64]](repeating: [], count: rows.count),
        tailOffsets: [Int](repeating: 0, count: rows.count), logLength: logLength, shift: .generator, into: blocks)
    }
    return seconds * 1e9 / Double(Encoder.lanes << logLength)
  }

  private static func multiplyLatency() -> Double {
    let count = 1 << 22
    var x = Goldilocks.generator
    let seconds = best { for _ in 0..<count { x = x * x } }
    precondition(x != .zero, "products of units")
    return seconds * 1e9 / Double(count)
  }

  private static func multiplyThroughput() -> Double {
    let count = 1 << 20
    var lanes = (0..<8).map { Goldilocks(3 + $0) }
    let seconds = best {
      var (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
      var (e, f, g, h) = (lanes[4], lanes[5], lanes[6], lanes[7])
      for _ in 0..<count {
        a = a * a
        b = b * b
        c = c * c
        d = d * d
        e = e * e
        f = f * f
        g = g * g
        h = h * h
      }
      lanes = [a, b, c, d, e, f, g, h]
    }
    precondition(!lanes.contains(.zero), "products of units")
    return seconds * 1e9 / Double(8 * count)
  }

  private static func projection() -> Double {
    var state: UInt64 = 1
    let bits = (0..<33 << 14).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
    let matrix = ProjectionMatrix(bits: bits)
    // Two bytes per entry, as for drifts of about 1 %.
    let entries = (0..<1 << 20).map { Int32(truncatingIfNeeded: $0 &* 2_654_435_761) >> 18 }
    let seconds = best(clock: { ProcessMeter.processorSeconds }) { _ = matrix.project(entries) }
    return seconds * 1e9 / Double(entries.count)
  }

  /// Unpacking 64 MiB of integers, row by row into the same memory as a proof's passes do.
  private static func packedWalk() -> Double {
    let (rows, length) = (32, 1 << 20)
    let packed = (0..<rows).map { row in
      PackedIntegers((0..<length).map { Int32(truncatingIfNeeded: ($0 &+ row) &* 2_654_435_761) >> 18 })
    }
    var values = [Int32](repeating: 0, count: length)
    let seconds = best { for row in packed { row.unpack(into: &values) } }
    return seconds * 1e9 / Double(rows * length)
  }

  /// At most 4 GB of the file, after asking the system to drop it from its cache.
  private static func diskSpeed(_ path: String) throws -> Double {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    #if os(Linux)
      _ = posix_fadvise(file.fileDescriptor, 0, 0, POSIX_FADV_DONTNEED)
    #endif
    var bytes = 0
    let start = wallSeconds()
    while bytes < 4_000_000_000, let data = try file.read(upToCount: 16 << 20), !data.isEmpty { bytes += data.count }
    return Double(bytes) / max(wallSeconds() - start, 1e-9) * 1e-9
  }
}
