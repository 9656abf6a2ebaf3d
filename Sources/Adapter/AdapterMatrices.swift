// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// The matrices of one module, from which its change of the base follows.
package enum AdapterMatrices: Sendable {
  /// factor·B·A: [r, in, …] and [out, r, …] with sizes of 1 in place of the dots of B; floating types.
  case product(a: TensorInfo, b: TensorInfo)
  /// factor·(W1 ⊗ W2), which LoKr adapters add.
  case kronecker(KroneckerMatrices)

  /// In the order in which digests take them.
  var all: [TensorInfo] {
    switch self {
    case .product(let a, let b): [a, b]
    case .kronecker(let parts): parts.inOrder.map(\.tensor)
    }
  }

  /// Whose key stands for the module in messages.
  var key: String { all.first?.name ?? "" }

  /// As far as the matrices themselves tell.
  var isConvolution: Bool {
    switch self {
    case .product(let a, _): a.shape.count > 2
    case .kronecker(let parts): parts[.kernels] != nil || parts[.w2].map { $0.shape.count > 2 } ?? false
    }
  }
}

/// A tensor of a LoKr module, by what PEFT calls it.
package enum KroneckerPart: String, Sendable, CaseIterable {
  /// W1, or its factors.
  case w1 = "lokr_w1"
  case w1A = "lokr_w1_a"
  case w1B = "lokr_w1_b"
  /// W2, or its factors; `kernels` stands between those of a convolution.
  case w2 = "lokr_w2"
  case w2A = "lokr_w2_a"
  case w2B = "lokr_w2_b"
  case kernels = "lokr_t2"
}

/// The tensors that a LoKr module has.
package struct KroneckerMatrices: Sendable {
  private let parts: [KroneckerPart: TensorInfo]

  init(_ parts: [KroneckerPart: TensorInfo]) { self.parts = parts }

  subscript(part: KroneckerPart) -> TensorInfo? { parts[part] }

  /// In the order of ``KroneckerPart``.
  var inOrder: [(part: KroneckerPart, tensor: TensorInfo)] {
    KroneckerPart.allCases.compactMap { part in parts[part].map { (part, $0) } }
  }

  var shapes: [KroneckerPart: [Int]] { parts.mapValues(\.shape) }
}
