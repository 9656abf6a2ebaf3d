// SPDX-License-Identifier: Apache-2.0

/// Labels of the opening's messages, in their order.
package enum CurveOpeningLabel {
  package static let masks = "opening/masks"
  package static let beta = "opening/beta"
  package static let chi = "opening/chi"
  package static let remainder = "opening/remainder"
  package static let zeta = "opening/zeta"
  package static let evaluations = "opening/evaluations"
  package static let gamma = "opening/gamma"
  package static let quotient = "opening/quotient"
  package static let blinding = "opening/blinding"
}
