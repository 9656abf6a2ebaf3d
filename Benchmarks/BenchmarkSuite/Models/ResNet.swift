// SPDX-License-Identifier: Apache-2.0

/// The tensors of ResNet-50 with the names of torchvision: bottleneck blocks 3, 4, 6, 3.
///
/// Counters of batches, the only integers of the original, are left out.
enum ResNet {
  /// - Parameters:
  ///   - width: channels of the first convolution, 64 in the original (25,557,032 parameters with 1000 classes).
  static func tensors(width: Int, classes: Int) -> [TensorShape] {
    var tensors = convolution("conv1", output: width, input: 3, kernel: 7)
    tensors += batchNorm("bn1", channels: width)
    var input = width
    for (stage, blocks) in [3, 4, 6, 3].enumerated() {
      let middle = width << stage
      let output = 4 * middle
      for block in 0..<blocks {
        let prefix = "layer\(stage + 1).\(block)."
        tensors += convolution(prefix + "conv1", output: middle, input: input, kernel: 1)
        tensors += batchNorm(prefix + "bn1", channels: middle)
        tensors += convolution(prefix + "conv2", output: middle, input: middle, kernel: 3)
        tensors += batchNorm(prefix + "bn2", channels: middle)
        tensors += convolution(prefix + "conv3", output: output, input: middle, kernel: 1)
        tensors += batchNorm(prefix + "bn3", channels: output)
        if block == 0 {
          tensors += convolution(prefix + "downsample.0", output: output, input: input, kernel: 1)
          tensors += batchNorm(prefix + "downsample.1", channels: output)
        }
        input = output
      }
    }
    tensors.append(TensorShape("fc.weight", [classes, input], .head, deviation: 0.02))
    tensors.append(TensorShape("fc.bias", [classes], .bias, deviation: 0.01))
    return tensors
  }

  static let patterns: [TensorRole: String] = [
    .convolution: "*{conv1,conv2,conv3,downsample.0}.weight", .norm: "*{bn1,bn2,bn3,downsample.1}.weight",
    .bias: "*.bias", .buffer: "*.running_{mean,var}", .head: "fc.weight",
  ]

  /// Spread by fan-in, as after Kaiming's initialisation.
  private static func convolution(_ name: String, output: Int, input: Int, kernel: Int) -> [TensorShape] {
    let fan = Float(input * kernel * kernel)
    return [
      TensorShape(
        name + ".weight", [output, input, kernel, kernel], .convolution, deviation: min(0.1, 0.7 / fan.squareRoot()))
    ]
  }

  private static func batchNorm(_ name: String, channels: Int) -> [TensorShape] {
    [
      TensorShape(name + ".weight", [channels], .norm, mean: 1, deviation: 0.1),
      TensorShape(name + ".bias", [channels], .bias, deviation: 0.1),
      TensorShape(name + ".running_mean", [channels], .buffer, deviation: 0.2),
      TensorShape(name + ".running_var", [channels], .buffer, mean: 1, deviation: 0.1),
    ]
  }
}
