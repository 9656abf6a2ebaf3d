import DriftProof

extension CommandFailure {
  /// The library's rejections; their exit codes are the contract's.
  init(_ error: DriftProofError) {
    let exitCode = ExitCode(rawValue: error.exitCode) ?? .operational
    switch error {
    case .policyViolated(let violations):
      self.init(
        exitCode, "the drift is outside the policy", findings: .init(key: "violations", lines: violations),
        remedy: "driftproof inspect BASE TUNED shows the drift of every tensor; nothing was proved.")
    case .coverageGap(let gaps):
      self.init(
        exitCode, "the policy does not cover both checkpoints' tensors",
        findings: .init(key: "gaps", lines: gaps.map(\.description)))
    default:
      self.init(exitCode, error.description)
    }
  }
}
