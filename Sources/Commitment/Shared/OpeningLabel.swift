// SPDX-License-Identifier: Apache-2.0

/// Labels of the opening's messages: sections of a proof's size report and of rejections.
package enum OpeningLabel {
  package static let parameters = "opening/parameters"
  package static let value = "opening/value"
  package static let maskValue = "opening/mask value"
  package static let treeValue = "opening/tree at a pin"
  package static let maskPin = "opening/mask at a pin"
  package static let beta = "opening/beta"
  package static let clear = "opening/clear combination"
  package static let high = "opening/high part"
  package static let root = "opening/layer root"
  package static let chi = "opening/chi"
  package static let round = "opening/sumcheck round"
  package static let fold = "opening/fold"
  package static let outOfDomainPoint = "opening/out-of-domain point"
  package static let outOfDomain = "opening/out-of-domain answer"
  package static let gamma = "opening/gamma"
  package static let final = "opening/final coefficients"
  package static let nonce = "opening/proof of work"
  package static let positions = "opening/positions"
  /// β_a of one pinned tree of a claim.
  package static func pinBeta(claim: Int, pin: Int) -> String { "opening/pin beta/\(claim)/\(pin)" }
  package static func rows(_ tree: String) -> String { "opening/rows of \(tree)" }
  package static func salts(_ tree: String) -> String { "opening/salts of \(tree)" }
  package static func paths(_ tree: String) -> String { "opening/paths of \(tree)" }
  package static func layerTree(_ layer: Int) -> String { "folding layer \(layer)" }
}
