/// What this machine's parts can do, measured alone; times are of one core unless the name says otherwise.
public struct FloorResult: Codable, Sendable, Equatable {
  /// All cores together, GB (10^9 bytes) of memory read, and read plus written, per second.
  public var readGigabytesPerSecond: Double
  public var copyGigabytesPerSecond: Double
  /// Multi-buffer hashing of leaves, and one long message (digests of files), MB/s.
  public var leafHashMegabytesPerSecond: Double
  public var streamHashMegabytesPerSecond: Double
  /// Encoder on eight rows: core-nanoseconds per point at each log2 of the length.
  public var transforms: [TransformTime]
  /// Goldilocks products that depend on each other (latency), and that do not.
  public var multiplyLatencyNanoseconds: Double
  public var multiplyNanoseconds: Double
  /// All 132 ternary projections of one entry.
  public var projectionNanosecondsPerEntry: Double
  /// Reading a file that is not in the page cache; nil without a file.
  public var diskGigabytesPerSecond: Double?

  public struct TransformTime: Codable, Sendable, Equatable {
    public var logLength: Int
    public var nanosecondsPerPoint: Double
  }

  /// Core-nanoseconds per certified parameter below which a prover with these parts cannot come.
  public struct PerParameter: Sendable, Equatable {
    /// SHA-256 over both checkpoints' bytes and over the codewords' leaves.
    public let hashing: Double
    /// Weights in, codewords out and in again, at the machine's bandwidth.
    public let bandwidth: Double
    /// Transforms of the codewords.
    public let transform: Double
    /// Ternary projections.
    public let projection: Double
    public var sum: Double { hashing + transform + projection }
  }

  /// - Parameters:
  ///   - blowup: code symbols per entry of a row: 8 at rate 1/8.
  ///   - weightBytes: of one weight in each checkpoint.
  ///   - cores: of the machine.
  public func perParameter(blowup: Int, weightBytes: Int = 2, cores: Int) -> PerParameter {
    let codeBytes = 8 * Double(blowup)
    let fileBytes = 2 * Double(weightBytes)
    // Bytes / (MB/s) = microseconds · 10^-6 = 1000 ns per MB/s.
    let hashing = codeBytes * 1000 / leafHashMegabytesPerSecond + fileBytes * 1000 / streamHashMegabytesPerSecond
    let bandwidth = (fileBytes + 2 * codeBytes) / copyGigabytesPerSecond * Double(cores)
    let point = transforms.map(\.nanosecondsPerPoint).min() ?? 0
    return PerParameter(
      hashing: hashing, bandwidth: bandwidth, transform: Double(blowup) * point,
      projection: projectionNanosecondsPerEntry)
  }

  /// The blow-up in a verification report's description of its code, such as "l 17, rate 1/8, …".
  public static func blowup(code: String) -> Int? {
    guard let range = code.range(of: "rate 1/") else { return nil }
    return Int(code[range.upperBound...].prefix { $0.isNumber })
  }
}
