import CKernels
import Field

/// Sums over groups of 16 entries.
package enum GramKernel {
  /// The entries of a group.
  package static let width = 16

  /// G[b][b'] = Σ_g e[16g + b] · e[16g + b'], b <= b', as the row-major upper triangle: 136 sums.
  ///
  /// The range has a multiple of 16 entries, and every Σ_g e[16g + b]² is at most 2^52, so that sums of products are
  /// exact in the f64 arithmetic of the C kernels.
  package static func gram16(_ entries: [Int32], range: Range<Int>, path: KernelPath = .selected) -> [Int64] {
    check(entries, range)
    var result = [Int64](repeating: 0, count: width * (width + 1) / 2)
    if let level = path.level {
      entries.withUnsafeBufferPointer { entries in
        guard let base = entries.baseAddress else { return }
        dp_gram16(level, base + range.lowerBound, range.count / width, &result)
      }
    } else {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: width) {
        var slot = 0
        for b in 0..<width {
          for c in b..<width {
            result[slot] += Int64(entries[start + b]) * Int64(entries[start + c])
            slot += 1
          }
        }
      }
    }
    var diagonal = 0
    for b in 0..<width {
      // Rounding cannot bring a sum that is too large back below the bound.
      precondition(result[diagonal] <= 1 << 52, "entries too large for exact products")
      diagonal += width - b
    }
    return result
  }

  /// out[at + g] = Σ_b weights[b] · e[16g + b] for the groups g of the range; 16 weights.
  package static func fold16(
    _ entries: [Int32], range: Range<Int>, weights: [CubicExtension], into out: inout [CubicExtension], at: Int,
    path: KernelPath = .selected
  ) {
    check(entries, range)
    let groups = range.count / width
    precondition(weights.count == width && at >= 0 && at <= out.count && groups <= out.count - at)
    if let level = path.level {
      let limbs = Montgomery.limbs(weights)
      Coordinates.with(&out) { coordinates in
        entries.withUnsafeBufferPointer { entries in
          guard let base = entries.baseAddress, let target = coordinates.baseAddress else { return }
          dp_fold16(level, base + range.lowerBound, groups, limbs, target + 3 * at)
        }
      }
      return
    }
    for g in 0..<groups {
      var sum = CubicExtension.zero
      for b in 0..<width { sum += weights[b] * Goldilocks(Int64(entries[range.lowerBound + width * g + b])) }
      out[at + g] = sum
    }
  }

  private static func check(_ entries: [Int32], _ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= entries.count && range.count % width == 0, "\(range)")
  }
}

/// The memory of elements of K as its coordinates: c0, c1, c2 of each element in turn.
enum Coordinates {
  static func with(_ elements: inout [CubicExtension], _ body: (UnsafeMutableBufferPointer<UInt64>) -> Void) {
    precondition(MemoryLayout<CubicExtension>.stride == 24 && MemoryLayout<CubicExtension>.alignment == 8)
    elements.withUnsafeMutableBytes { body($0.assumingMemoryBound(to: UInt64.self)) }
  }
}
