// SPDX-License-Identifier: Apache-2.0

/// What holds of a verified chain as a whole, in words for people: the same for both backends.
enum ChainStanding {
  /// - Parameters:
  ///   - arePoliciesGiven: whether the caller gave a policy for every link.
  ///   - cumulative: name and digest of the policy that the way from the base keeps to.
  ///   - revocations: how many entries the list has, if one was given.
  static func lines(
    arePoliciesGiven: Bool, cumulative: (name: String, digest: String)?, revocations: Int?
  ) -> [String] {
    let policies =
      "policies          NOT GIVEN: those inside the certificates hold, whatever they allow; --policy says which you want"
    return (arePoliciesGiven ? [] : [policies]) + [
      "cumulative        "
        + (cumulative.map { "\(Quoting.plain($0.name)) (\($0.digest)) holds at every link" }
          ?? "NOT LIMITED: each link keeps to its policy, their sum to none"),
      "revocations       "
        + (revocations.map { "none of \(Format.count($0, "entry", plural: "entries")) applies" } ?? "no list given"),
    ]
  }
}
