// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// Which tensors of which sizes PEFT makes for a LoKr module, from the settings and the base's tensor. It looks for these when it
/// loads an adapter, and passes over others without a word.
struct KroneckerShapes: Sendable {
  /// Of W1.
  let outer: (rows: Int, columns: Int)
  /// Of W2, a convolution's places in the kernel behind its columns.
  let inner: (rows: Int, columns: Int)
  /// The tensors that a file must have.
  let parts: [KroneckerPart: [Int]]
  /// W1 is stored as a product of r columns.
  let isOuterFactored: Bool
  /// W2 is stored as a product of r columns.
  let isInnerFactored: Bool

  /// Settings of a LoKr adapter beside rank and alpha.
  struct Settings: Sendable, Equatable {
    /// `decompose_both`.
    let factorsBoth: Bool
    /// `decompose_factor`; -1 for sizes near the square root.
    let factor: Int
    /// `use_effective_conv2d`.
    let hasKernelPart: Bool
  }

  /// - Parameters:
  ///   - shape: of the base's tensor: [out, in], or [out, in, kernel…] with one or two sizes of a kernel.
  ///   - rank: r of the module, at least 1.
  /// - Returns: nil for other shapes.
  init?(shape: [Int], rank: Int, settings: Settings) {
    guard (2...4).contains(shape.count), shape.allSatisfy({ $0 > 0 }), rank > 0 else { return nil }
    let kernel = Array(shape.dropFirst(2))
    let places = kernel.reduce(1, *)
    let (rows, columns) = (
      BlockForm.factorisation(of: shape[0], factor: settings.factor),
      BlockForm.factorisation(of: shape[1], factor: settings.factor)
    )
    outer = (rows.outer, columns.outer)
    inner = (rows.inner, columns.inner * places)
    // r is compared with half of the larger size.
    isOuterFactored = settings.factorsBoth && 2 * rank < max(rows.outer, columns.outer)
    isInnerFactored = 2 * rank < max(rows.inner, columns.inner)
    var parts: [KroneckerPart: [Int]] = [:]
    if isOuterFactored {
      parts[.w1A] = [rows.outer, rank]
      parts[.w1B] = [rank, columns.outer]
    } else {
      parts[.w1] = [rows.outer, columns.outer]
    }
    if !isInnerFactored {
      parts[.w2] = [rows.inner, columns.inner] + kernel
    } else if settings.hasKernelPart, kernel.contains(where: { $0 != 1 }) {
      // Kernels of one size have a second one of 1 there.
      parts[.kernels] = [rank, rank] + kernel + [Int](repeating: 1, count: 2 - kernel.count)
      parts[.w2A] = [rank, rows.inner]
      parts[.w2B] = [rank, columns.inner]
    } else {
      parts[.w2A] = [rows.inner, rank]
      parts[.w2B] = [rank, columns.inner * places]
    }
    self.parts = parts
  }
}
