// SPDX-License-Identifier: Apache-2.0

/// What arXiv 2604.04738 reports: on 32 EPYC cores with 512 GB and an A100, beside which a 2-core machine stands.
package enum PaperFigures {
  package struct Entry: Sendable {
    package let name: String
    package let parameters: Double
    package let proveSeconds: Double
    package let proofBytes: Double?
    package let verifyMilliseconds: Double?
    /// Of the machine: the paper does not say how much of it was used.
    package let machineMemoryBytes: Double?
    /// The suite's case that is most like it.
    package let counterpart: String
  }

  package static let cores = 32
  package static let machine = "32 EPYC cores, 512 GB and an A100"
  package static let entries = [
    Entry(
      name: "LLaMA style, 7B", parameters: 6.74e9, proveSeconds: 8.2 * 60, proofBytes: 3.8e6, verifyMilliseconds: 310,
      machineMemoryBytes: 512e9,
      counterpart: "llama-7b/dense"),
    Entry(
      name: "ResNet-50", parameters: 25.6e6, proveSeconds: 12, proofBytes: nil, verifyMilliseconds: nil,
      machineMemoryBytes: nil,
      counterpart: "resnet-50/dense"),
    // Its dimensions are not known to us; the point stands at ours.
    Entry(
      name: "6-layer MLP", parameters: 1.58e6, proveSeconds: 0.8, proofBytes: nil, verifyMilliseconds: nil,
      machineMemoryBytes: nil,
      counterpart: "mlp-6/dense"),
  ]
}
