// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The member `linked` of an identity's file.
extension LinkedBase {
  /// Trees at most: seven classes of names, and all others.
  package static let maximumTrees = 8
  static let logLengthRange = 14...26
  static let logBlowupRange = 1...5
  /// A tail is at most as long as the longest row.
  static let tailRange = 1...1 << 26

  func json() -> String {
    var text = "{\"logLength\": \(logLength), \"logBlowup\": \(logBlowup), \"bands\": \(bands), "
    if let predecessor { text += "\"predecessor\": \"\(predecessor.hexadecimal)\", " }
    text += isHiding ? "\"tail\": \(tail), \"trees\": [" : "\"trees\": ["
    text += trees.map { tree in
      "{\"rows\": \(tree.rows), \"root\": \"\(tree.root.hexadecimal)\""
        + (isHiding ? ", \"pins\": \"\(tree.pins.hexadecimal)\"}" : "}")
    }.joined(separator: ", ")
    text += "], \"layoutDigest\": \"\(layoutDigest.hexadecimal)\", \"tensors\": ["
    text += tensors.map { tensor in
      "\n{\"name\": \(StrictJSON.quoted(tensor.name)), \"heaviestChunk\": \"\(tensor.heaviestChunk)\", "
        + "\"entriesBelowFloor\": \(tensor.entriesBelowFloor), \"fractionBits\": \(tensor.fractionBits)}"
    }.joined(separator: ",")
    return text + "\n]}"
  }

  /// Types and ranges; whether it fits the identity's leaves is ``check(against:at:)``'s.
  init(_ node: JSONNode) throws(JSONError) {
    let tail = try node.optionalMember("tail")
    // Every next base hides its weights: without tails this key is unknown.
    let predecessor = tail == nil ? nil : try node.optionalMember("predecessor")
    try node.requireKeys(
      ["logLength", "logBlowup", "bands"] + (predecessor == nil ? [] : ["predecessor"])
        + (tail == nil ? [] : ["tail"]) + ["trees", "layoutDigest", "tensors"])
    let list = try node.member("trees").elements()
    guard (1...Self.maximumTrees).contains(list.count) else {
      throw .outOfRange(path: node.path + ".trees", found: "\(list.count)", expected: "1 to \(Self.maximumTrees) trees")
    }
    var trees: [Tree] = []
    for tree in list {
      try tree.requireKeys(["rows", "root"] + (tail == nil ? [] : ["pins"]))
      let rows = try tree.member("rows").integer(in: 1...Int(UInt32.max))
      trees.append(
        Tree(
          rows: rows, root: try tree.member("root").hex(byteCount: SHA256.digestLength),
          pins: tail == nil ? [] : try tree.member("pins").hex(byteCount: Self.pinBytes * rows)))
    }
    var tensors: [Tensor] = []
    for tensor in try node.member("tensors").elements() {
      try tensor.requireKeys(["name", "heaviestChunk", "entriesBelowFloor", "fractionBits"])
      tensors.append(
        Tensor(
          name: try tensor.member("name").string(),
          heaviestChunk: try tensor.member("heaviestChunk").decimalString(as: UInt128.self),
          entriesBelowFloor: try tensor.member("entriesBelowFloor").integer(in: 0...Int.max),
          fractionBits: try tensor.member("fractionBits").integer(in: Self.fractionBitsRange)))
    }
    self.init(
      logLength: try node.member("logLength").integer(in: Self.logLengthRange),
      logBlowup: try node.member("logBlowup").integer(in: Self.logBlowupRange),
      bands: try node.member("bands").integer(in: 1...1), tail: try tail?.integer(in: Self.tailRange) ?? 0,
      trees: trees, tensors: tensors,
      layoutDigest: try node.member("layoutDigest").hex(byteCount: SHA256.digestLength),
      predecessor: try predecessor?.hex(byteCount: SHA256.digestLength))
  }

  /// The tensors are those that the tableau of such a base has, with sums that its leaves allow.
  func check(against identity: BaseIdentity, at path: String) throws(CheckpointError) {
    let expected = identity.tensors.filter(Self.contains)
    guard tensors.map(\.name) == expected.map(\.name) else {
      let index = zip(tensors, expected).enumerated().first { $0.element.0.name != $0.element.1.name }?.offset
      let place = index ?? min(tensors.count, expected.count)
      throw .identityValue(
        path: "\(path).tensors[\(place)].name",
        found: place < tensors.count ? StrictJSON.shown(tensors[place].name) : "nothing",
        expected: place < expected.count ? StrictJSON.shown(expected[place].name) : "the end")
    }
    for (index, (tensor, leaf)) in zip(tensors, expected).enumerated() {
      let statistics = leaf.statistics
      let square = UInt128(statistics.maxAbs.magnitude) * UInt128(statistics.maxAbs.magnitude)
      guard tensor.heaviestChunk <= statistics.sumOfSquares, tensor.heaviestChunk >= square else {
        throw .identityValue(
          path: "\(path).tensors[\(index)].heaviestChunk", found: "\(tensor.heaviestChunk)",
          expected: "from maxAbs² to sumOfSquares of the tensor")
      }
      guard tensor.entriesBelowFloor <= Shape.entryCount(leaf.shape) ?? 0 else {
        throw .identityValue(
          path: "\(path).tensors[\(index)].entriesBelowFloor", found: "\(tensor.entriesBelowFloor)",
          expected: "at most the tensor's entries")
      }
    }
  }
}
