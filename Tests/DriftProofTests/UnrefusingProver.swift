@testable import ArgumentProver

/// A prover that goes on where an honest one refuses.
struct UnrefusingProver: ProverDeviation {
  var refuses: Bool { false }
}
