// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// What many gaps have in common: one finding in place of two lines for every tensor.
struct GapDiagnosis {
  let identity: BaseIdentity
  let tuned: [TunedTensor]

  var prefix: NamePrefix? { NamePrefix.find(base: identity.tensors.map(\.name), tuned: tuned.map(\.name)) }

  /// The gaps, those with a common cause replaced by it; the cause comes first.
  func explained(_ gaps: [CoverageGap]) -> [CoverageGap] {
    let names = gaps.contains { gap in
      switch gap {
      case .missing, .added: true
      default: false
      }
    }
    if names, let prefix { return [.prefixed(prefix)] + rest(gaps, without: prefix) }
    let base = identity.tensors.map { PackedWeights.Tensor(name: $0.name, dtype: $0.dtype.rawValue) }
    let after = tuned.map { PackedWeights.Tensor(name: $0.name, dtype: $0.dtype.rawValue) }
    for side in [ModelSide.base, .tuned] {
      let (own, others) = side == .base ? (base, after) : (after, base)
      guard let quantised = QuantisedSide.explanation(side, packed: own, plain: others) else { continue }
      let rest = gaps.filter { !quantised.explains($0) }
      if rest.count < gaps.count { return [.quantised(quantised.finding)] + rest }
    }
    return gaps
  }

  /// Gaps of names that stay when the prefix is left out; all others would be told again.
  private func rest(_ gaps: [CoverageGap], without prefix: NamePrefix) -> [CoverageGap] {
    let reading = NameReading(without: prefix.parts)
    let others = Set(prefix.side == .base ? tuned.map(\.name) : identity.tensors.map(\.name))
    let own = Set((prefix.side == .base ? identity.tensors.map(\.name) : tuned.map(\.name)).map(reading.read))
    return gaps.filter { gap in
      switch gap {
      case .missing(let tensor, _):
        prefix.side == .base ? !others.contains(reading.read(tensor)) : !own.contains(tensor)
      case .added(let tensor, _):
        prefix.side == .tuned ? !others.contains(reading.read(tensor)) : !own.contains(tensor)
      default: true
      }
    }
  }
}

/// A side that is quantised where the other has 16-bit weights.
public struct QuantisedSide: Hashable, Sendable {
  /// The quantised side.
  public let side: ModelSide
  /// How its weights are packed, without repetition.
  public let formats: [PackedFormat]
  /// Quantised weights that the other side has as they were before.
  public let count: Int
  /// The name of one of their tensors.
  public let example: String

  /// With what is needed to tell which gaps it explains.
  fileprivate struct Explanation {
    let finding: QuantisedSide
    let packed: PackedWeights
    let weights: Set<String>

    func explains(_ gap: CoverageGap) -> Bool {
      switch gap {
      case .missing(let tensor, _), .added(let tensor, _), .reshaped(let tensor, _, _),
        .dataTypeChanged(let tensor, _, _), .grown(let tensor, _, _, _, _), .shrunk(let tensor, _, _):
        weights.contains(tensor) || packed.weights[tensor].map(weights.contains) ?? false
      default: false
      }
    }
  }

  /// The first side of which weights are packed that the other has plain.
  package static func find(base: [PackedWeights.Tensor], tuned: [PackedWeights.Tensor]) -> QuantisedSide? {
    (explanation(.base, packed: base, plain: tuned) ?? explanation(.tuned, packed: tuned, plain: base))?.finding
  }

  /// Nil where no weight is packed on this side and plain on the other.
  fileprivate static func explanation(
    _ side: ModelSide, packed own: [PackedWeights.Tensor], plain others: [PackedWeights.Tensor]
  ) -> Explanation? {
    let packed = PackedWeights(own)
    guard !packed.isEmpty else { return nil }
    let plain = Set(others.filter { DataType(rawValue: $0.dtype)?.isFloating ?? false }.map(\.name))
    let weights = Set(packed.formats.keys.filter(plain.contains))
    guard
      let example = packed.weights.filter({ weights.contains($0.value) }).keys.min(by: TensorPair.precedes)
    else { return nil }
    let found = Set(weights.compactMap { packed.formats[$0] })
    return Explanation(
      finding: QuantisedSide(
        side: side, formats: PackedFormat.allCases.filter(found.contains), count: weights.count, example: example),
      packed: packed, weights: weights)
  }
}

extension QuantisedSide: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    let format = formats.map(\.description).joined(separator: " and ")
    let start =
      "the \(side) is quantised (\(format)): \(count) of its weights are packed, such as \(StrictJSON.shown(example)), "
      + "where the \(side.other) has floating-point weights"
    return start
      + (side == .base
        ? "; a merge into 16-bit weights differs from the base before quantisation: give that base"
        : "; certify the tuned model before quantisation")
  }
}
