// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Which rule decides a tensor.
public struct Resolution: Hashable, Sendable {
  /// The tensor's name.
  public let tensorName: String
  /// The deciding rule, counted from zero.
  public let ruleIndex: Int
  /// What that rule allows.
  public let allowance: Allowance

  /// One decision; see the members.
  public init(tensorName: String, ruleIndex: Int, allowance: Allowance) {
    self.tensorName = tensorName
    self.ruleIndex = ruleIndex
    self.allowance = allowance
  }
}

extension Policy {
  /// Finds the rule that decides each tensor: the first one that matches its name.
  ///
  /// Names count as the same when Unicode holds them canonically equivalent, so that no later dictionary can merge two
  /// tensors. A rule that decides nothing is an error, as it says something that does not happen.
  /// - Returns: one resolution per name, in the order of `tensorNames`.
  /// - Throws: `duplicateTensor`, `unmatchedTensor`, `ruleMatchesNothing` or `ruleIsShadowed`, looked for in this order.
  public func resolve(tensorNames: [String]) throws(PolicyError) -> [Resolution] {
    if let index = DistinctNames.firstRepetition(in: tensorNames) { throw .duplicateTensor(name: tensorNames[index]) }
    var resolutions: [Resolution] = []
    resolutions.reserveCapacity(tensorNames.count)
    var unmatched: [String] = []
    var decides = [Bool](repeating: false, count: rules.count)
    for name in tensorNames {
      guard let index = rules.firstIndex(where: { $0.tensors.matches(name) }) else {
        unmatched.append(name)
        continue
      }
      decides[index] = true
      resolutions.append(Resolution(tensorName: name, ruleIndex: index, allowance: rules[index].allowance))
    }
    if let name = unmatched.first { throw .unmatchedTensor(name: name, count: unmatched.count) }
    for (index, rule) in rules.enumerated() where !decides[index] {
      let path = JSONPath().key("rules").index(index).key("tensors").description
      guard let taken = resolutions.first(where: { rule.tensors.matches($0.tensorName) }) else {
        throw .ruleMatchesNothing(path: path, pattern: rule.tensors.text)
      }
      throw .ruleIsShadowed(path: path, pattern: rule.tensors.text, earlierRule: taken.ruleIndex)
    }
    return resolutions
  }
}
