// SPDX-License-Identifier: Apache-2.0

/// What this machine's parts can do, measured alone; times are of one core unless the name says otherwise.
package struct FloorResult: Codable, Sendable, Equatable {
  /// All cores together, GB (10^9 bytes) of memory read, and read plus written, per second.
  package var readGigabytesPerSecond: Double
  package var copyGigabytesPerSecond: Double
  /// Multi-buffer hashing of leaves, and one long message (digests of files), MB/s.
  package var leafHashMegabytesPerSecond: Double
  package var streamHashMegabytesPerSecond: Double
  /// Encoder on eight rows: core-nanoseconds per point at each log2 of the length.
  package var transforms: [TransformTime]
  /// Goldilocks products that depend on each other (latency), and that do not.
  package var multiplyLatencyNanoseconds: Double
  package var multiplyNanoseconds: Double
  /// All 132 ternary projections of one entry.
  package var projectionNanosecondsPerEntry: Double
  /// One walk over the packed drift of two 16-bit checkpoints, longer than the caches: core-nanoseconds an entry. Nil in results
  /// from before it was measured.
  package var packedWalkNanosecondsPerEntry: Double?
  /// Reading a file that is not in the page cache; nil without a file.
  package var diskGigabytesPerSecond: Double?

  package struct TransformTime: Codable, Sendable, Equatable {
    package var logLength: Int
    package var nanosecondsPerPoint: Double
  }

  /// Core-nanoseconds per certified parameter below which a prover with these parts cannot come.
  package struct PerParameter: Sendable, Equatable {
    /// SHA-256 over both checkpoints' bytes and over the codewords' leaves.
    package let hashing: Double
    /// Weights in, codewords out and in again, at the machine's bandwidth.
    package let bandwidth: Double
    /// Transforms of the codewords.
    package let transform: Double
    /// Ternary projections.
    package let projection: Double
    /// One walk over the packed drift; 0 where it was not measured.
    package let walk: Double
    package var sum: Double { hashing + transform + projection + walk }
  }

  /// - Parameters:
  ///   - blowup: code symbols per entry of a row: 8 at rate 1/8.
  ///   - weightBytes: of one weight in each checkpoint.
  ///   - cores: of the machine.
  package func perParameter(blowup: Int, weightBytes: Int = 2, cores: Int) -> PerParameter {
    let codeBytes = 8 * Double(blowup)
    let fileBytes = 2 * Double(weightBytes)
    // Bytes / (MB/s) = microseconds · 10^-6 = 1000 ns per MB/s.
    let hashing = codeBytes * 1000 / leafHashMegabytesPerSecond + fileBytes * 1000 / streamHashMegabytesPerSecond
    let bandwidth = (fileBytes + 2 * codeBytes) / copyGigabytesPerSecond * Double(cores)
    let point = transforms.map(\.nanosecondsPerPoint).min() ?? 0
    return PerParameter(
      hashing: hashing, bandwidth: bandwidth, transform: Double(blowup) * point,
      projection: projectionNanosecondsPerEntry, walk: packedWalkNanosecondsPerEntry ?? 0)
  }

  /// Measured core-nanoseconds of a certified parameter over the floor of the case's code; nil for a case without a code.
  package func ratio(_ one: CaseResult, cores: Int) -> Double? {
    Self.blowup(code: one.code).map {
      one.nanosecondsPerCertifiedParameter * Double(cores) / perParameter(blowup: $0, cores: cores).sum
    }
  }

  /// The blow-up in a verification report's description of its code, such as "l 17, rate 1/8, …".
  package static func blowup(code: String) -> Int? {
    guard let range = code.range(of: "rate 1/") else { return nil }
    return Int(code[range.upperBound...].prefix { $0.isNumber })
  }
}
