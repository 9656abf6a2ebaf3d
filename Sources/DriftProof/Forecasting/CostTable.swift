/// What proving costs: the one place for constants of time and memory. They say nothing about soundness; a wrong one
/// makes forecasts and progress worse, nothing else.
///
/// `scripts/calibrate` measures this table anew (release build, idle machine) and prints it; paste it here after changes
/// of the prover. Units are those of ``CostModel/work(of:)``.
enum CostTable {
  /// Seconds of one phase: fixed + nanoseconds·units.
  struct Cost: Sendable {
    let phase: String
    let fixed: Double
    let nanoseconds: Double
    /// Passes over the drift rows: how many rows the phase asks for, divided by their number.
    let passes: Int
  }

  /// In the order of the phases.
  static let costs: [Cost] = [
    Cost(phase: "reading", fixed: 0, nanoseconds: 0.83, passes: 0),
    Cost(phase: "policy check", fixed: 0, nanoseconds: 0.9, passes: 0),
    Cost(phase: "rows", fixed: 0, nanoseconds: 1.2, passes: 0),
    Cost(phase: "commitment", fixed: 0.005, nanoseconds: 3.5, passes: 1),
    Cost(phase: "witness", fixed: 0, nanoseconds: 0.8, passes: 1),
    Cost(phase: "factors", fixed: 0, nanoseconds: 7.3, passes: 0),
    Cost(phase: "projections", fixed: 0, nanoseconds: 1.8, passes: 0),
    Cost(phase: "digit commitment", fixed: 0, nanoseconds: 7.3, passes: 0),
    Cost(phase: "stage A", fixed: 0.02, nanoseconds: 26, passes: 0),
    Cost(phase: "stages B and C", fixed: 0, nanoseconds: 100, passes: 0),
    Cost(phase: "opening", fixed: 0.03, nanoseconds: 16, passes: 2),
    Cost(phase: "self-check", fixed: 0.007, nanoseconds: 0, passes: 0),
  ]

  /// Seconds of ``CostModel/machineSeconds()`` on the machine of this table.
  static let referenceSeconds = 0.041

  // Bytes that the prover holds at its peak.
  /// Program, libraries, small tables.
  static let fixedBytes = 40 << 20
  /// Each tree: two levels' worth of digests; hash states while a tree is made.
  static let bytesPerPosition = 64
  static let stateBytesPerPosition = 32
  /// Field elements of eight rows that a worker encodes, and their messages.
  static let encodedRows = 8
  static let bytesPerEncodedCell = 8
  /// E-tiles kept besides the rows' cache.
  static let bytesPerTileCell = 4.0
  /// Tables of Stage A, per position of E-tiles, cell of the digit oracle and cell of the factor oracle.
  static let tableBytesPerTileCell = 9.0
  static let tableBytesPerDigitCell = 56.0
  static let tableBytesPerFactorCell = 96.0
}
