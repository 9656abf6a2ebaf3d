// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What a bound on single entries leaves open, in plain words.
enum EntryBoundWords {
  /// - Parameters:
  ///   - isAlone: no rank and no sparse form take part of the change, so that the bound is on the weights' movement.
  ///   - hasResidual: the norm of the rest is bounded besides.
  static func remarks(
    _ bound: EntryBound, _ members: [PolicyTensor], isAlone: Bool, hasResidual: Bool
  ) -> [String] {
    var remarks: [String] = []
    if case .relative = bound,
      let tensor = members.first(where: { $0.maximum == 0 && $0.unencodableEntry == nil && $0.entryCount > 0 })
    {
      remarks.append(
        "\(displayed(tensor.name)) is zero in the base, so a relative entrywise bound allows nothing and is refused; write "
          + "an absolute one.")
    }
    let widest = members.filter { $0.norm > 0 }.max { share(bound, $0) < share(bound, $1) }
    guard let tensor = widest else { return remarks }
    let entry = AllowanceWords.entry(bound, of: tensor)
    let what = isAlone ? "Every weight" : "Besides, every weight"
    remarks.append(
      "\(what) can move by \(AllowanceWords.number(entry)) at once, in a direction of one's choice: in "
        + "\(displayed(tensor.name)) a change of norm \(AllowanceWords.number(share(bound, tensor) * tensor.norm)), "
        + "\(AllowanceWords.percent(share(bound, tensor))) of its own"
        + (hasResidual
          ? ", as far as the residual allows." : "; a norm clause or residual beside it limits all together."))
    let typical = tensor.norm / Double(max(1, tensor.entryCount)).squareRoot()
    if entry >= typical {
      remarks.append(
        "The bound is \(AllowanceWords.number(entry / typical)) times the root mean square of the weights of "
          + "\(displayed(tensor.name)): most of them can be replaced.")
    }
    return remarks
  }

  /// A bound below this is refused whatever else the policy says: 2^15.5 of the finest units, 2^-(f + 20), f the largest that
  /// the tensor's weights have (docs/protocol.md sections 2 and 4).
  static func least(of tensor: PolicyTensor) -> Double {
    // max(|W|, 1/8) ≤ 2^e for the least e.
    let largest = max(tensor.maximum, 0.125)
    let exponent = largest.significand == 1 ? Int(largest.exponent) : Int(largest.exponent) + 1
    let bits = min(24, max(-20, 21 - exponent))
    return 2.0.squareRoot() * Double(sign: .plus, exponent: 15 - bits - 20, significand: 1)
  }

  /// The norm of a change that moves every weight by the bound, as a part of the tensor's own.
  private static func share(_ bound: EntryBound, _ tensor: PolicyTensor) -> Double {
    AllowanceWords.entry(bound, of: tensor) * Double(tensor.entryCount).squareRoot() / tensor.norm
  }
}
