/// What arXiv 2604.04738 reports: on 32 EPYC cores with 512 GB and an A100, beside which a 2-core machine stands.
public enum PaperFigures {
  public struct Entry: Sendable {
    public let name: String
    public let parameters: Double
    public let proveSeconds: Double
    public let proofBytes: Double?
    public let verifyMilliseconds: Double?
    /// Of the machine: the paper does not say how much of it was used.
    public let machineMemoryBytes: Double?
    /// The suite's case that is most like it.
    public let counterpart: String
  }

  public static let cores = 32
  public static let machine = "32 EPYC cores, 512 GB and an A100"
  public static let entries = [
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
