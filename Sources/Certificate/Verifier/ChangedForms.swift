// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement

/// Tensors that the tuned model stores in another floating type than the base. The statement is about their values.
public struct RetypedTensors: Hashable, Sendable {
  /// The base's type, as in safetensors.
  public let from: String
  /// The tuned model's.
  public let to: String
  /// How many.
  public let tensors: Int

  /// Of all tensors that the policy does not exclude, by the types' names.
  static func count(_ statement: DerivedStatement) -> [RetypedTensors] {
    var counts: [DerivedStatement.Retyping: Int] = [:]
    for case let retyping? in statement.coverage.lazy.map(\.retyping) { counts[retyping, default: 0] += 1 }
    return counts.map { RetypedTensors(from: $0.from.rawValue, to: $0.to.rawValue, tensors: $1) }
      .sorted { ($0.from, $0.to) < ($1.from, $1.to) }
  }
}

/// A tensor that has more rows than the base's. The statement counts the base as zero there.
public struct GrownTensor: Hashable, Sendable {
  /// Its name.
  public let name: String
  /// First dimension of the base's tensor.
  public let from: Int
  /// First dimension of the tuned model's.
  public let to: Int

  /// In name order.
  static func list(_ statement: DerivedStatement) -> [GrownTensor] {
    statement.coverage.compactMap { coverage in
      coverage.growth.map { GrownTensor(name: coverage.name, from: $0.from, to: $0.to) }
    }
  }
}
