// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver

/// What proving costs: the one place for constants of time and memory. They say nothing about soundness; a wrong one
/// makes forecasts and progress worse, nothing else.
///
/// `scripts/measure-machine` measures this table anew (release build, idle machine) and prints it; paste it here after changes
/// of the prover. Units are those of ``CostModel/work(of:)``.
package enum CostTable {
  /// Seconds of one phase: fixed + nanoseconds·units.
  package struct Cost: Sendable {
    package let phase: ProofPhase
    let fixed: Double
    let nanoseconds: Double
    /// Passes over the drift rows: how many rows the phase asks for, divided by their number.
    let passes: Int
  }

  /// In the order of the phases.
  package static let costs: [Cost] = [
    Cost(phase: .reading, fixed: 0.00061, nanoseconds: 0.898, passes: 0),
    Cost(phase: .policyCheck, fixed: 0.00115, nanoseconds: 0.36, passes: 0),
    Cost(phase: .rows, fixed: 0.000598, nanoseconds: 0.448, passes: 0),
    Cost(phase: .commitment, fixed: 0.00809, nanoseconds: 2.95, passes: 2),
    Cost(phase: .witness, fixed: 0.00179, nanoseconds: 0.0879, passes: 2),
    Cost(phase: .factors, fixed: 0.000943, nanoseconds: 5.68, passes: 0),
    Cost(phase: .projections, fixed: 0.00195, nanoseconds: 0.682, passes: 0),
    Cost(phase: .digitCommitment, fixed: 0, nanoseconds: 3.7, passes: 0),
    Cost(phase: .boundsStage, fixed: 0.0103, nanoseconds: 2.63, passes: 0),
    Cost(phase: .factorStages, fixed: 0.000169, nanoseconds: 127, passes: 0),
    Cost(phase: .opening, fixed: 0.0152, nanoseconds: 7.0, passes: 2),
    Cost(phase: .selfCheck, fixed: 0.00451, nanoseconds: 0, passes: 0),
  ]

  /// Where rows are made anew in every pass: how often a phase does, and what a cell of a row costs, most of it reading.
  static let streamedPasses: [ProofPhase: Int] = [
    .commitment: 2, .witness: 1, .projections: 1, .boundsStage: 2, .opening: 2,
  ]
  static let streamedNanoseconds = 0.8
  /// The same of a cell that is unpacked.
  static let unpackingNanoseconds = 0.25
  /// Of a packed cell, no more than this.
  static let bytesPerPackedCell = 2

  /// Of verifying: fixed, and for each byte of the argument. Bytes of a certificate around it, about.
  static let verifyFixedSeconds = 0.004
  static let verifyNanosecondsPerByte = 18.0
  static let manifestBytesPerTensor = 90
  static let frameBytes = 200

  /// Seconds of ``CostModel/machineSeconds()`` on the machine of this table.
  static let referenceSeconds = 0.018

  // Bytes that the prover holds at its peak.
  /// Program, libraries, small tables.
  static let fixedBytes = 60 << 20
  /// Each tree: its leaves; in trees below 2^14 leaves also the other levels, in larger ones hardly more.
  static let bytesPerPosition = 32
  static let logLargeTree = 14
  /// Field elements of eight rows that are encoded, and their messages; rows of 2^20 cells and more share one buffer.
  static let encodedRows = 8
  /// What a band of a tree costs besides its rows (salts, the first and the last block of its message, half a block of the
  /// leaf's), in rows.
  static let rowsPerBand = 10
  static let bytesPerEncodedCell = 8
  static let logSharedRow = 20
  /// Tables of the bounds stage: K-valued tables of 1/64 of E and of the digits with their weights, packed digits, the factor oracle.
  static let tableBytesPerTileCell = 0.45
  static let tableBytesPerDigitCell = 1.6
  static let tableBytesPerFactorCell = 96.0
  /// K-valued tables of 1/16 of E and of the roots of entrywise clauses.
  static let tableBytesPerEntryCell = 3.1
  /// What an entry of R-space costs in the bounds stage, in units of an entry of E.
  static let entryShare = 10
  /// What a place of Z-space costs in the bounds stage, in the same units, and its tables: K-valued ones of 1/64 of three oracles
  /// and six weights.
  static let patternShare = 28
  static let tableBytesPerPatternCell = 3.4
  /// The orthonormality stage's four tables and the sums that they are made of.
  static let tableBytesPerOrthonormalColumn = 144.0
  /// One folded combination of an opening: coefficients, their coordinates, functionals of which weights are made; 72 bytes, and
  /// something for what is smaller.
  static let openingBytesPerCell = 80.0
}
