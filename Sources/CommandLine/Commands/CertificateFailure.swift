// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate

extension CommandFailure {
  /// The library's rejections.
  init(_ error: DriftProofError) {
    let exitCode = ExitCode(error)
    switch error {
    case .policyViolated(let violations):
      self.init(
        exitCode, "the drift is outside the policy",
        findings: .init(key: "violations", violations), remedy: error.remedy)
    case .coverageGap(let gaps):
      // What is wrong with a folder is said as where it is found.
      if gaps.count == 1, case .weights(let why)? = gaps.first {
        self.init(why.error)
        return
      }
      self.init(
        exitCode, "the policy does not cover both checkpoints' tensors",
        findings: .init(key: "gaps", gaps), remedy: error.remedy)
    default:
      self.init(exitCode, error.description, remedy: error.remedy)
    }
  }
}
