// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The file `*.identity.json`: the identity for people who do not have the base's weights.
extension BaseIdentity {
  /// The largest value of `driftIdentity` that is read.
  package static let fileVersion = 5

  /// Value of `driftIdentity`: 5 of a next base, 4 with a tableau that hides the weights, 3 with a public one, 2 where a tensor
  /// has no encoding; older readers do not know these.
  private var fileVersion: Int {
    if let linked { return linked.isNext ? 5 : linked.isHiding ? 4 : 3 }
    return tensors.contains { $0.statistics.unencodableEntry != nil } ? 2 : 1
  }

  /// The file's bytes, a pure function of the identity: one line per tensor, fixed key order, a final newline.
  package func jsonBytes() -> [UInt8] {
    var text = "{\"driftIdentity\": \(fileVersion), \"root\": \"\(rootHex)\", "
    if let linked, let linkedRoot {
      text += "\"linkedRoot\": \"\(linkedRoot.hexadecimal)\", \"linked\": \(linked.json()), "
    }
    text += "\"tensors\": ["
    for (index, leaf) in tensors.enumerated() {
      let statistics = leaf.statistics
      text += index == 0 ? "\n" : ",\n"
      text += "{\"name\": \(StrictJSON.quoted(leaf.name)), \"dtype\": \"\(leaf.dtype.rawValue)\", "
      text += "\"shape\": [\(leaf.shape.map(String.init).joined(separator: ", "))], "
      if let entry = statistics.unencodableEntry {
        text += "\"unencodableEntry\": \(entry), "
      } else {
        text += "\"fractionBits\": \(statistics.fractionBits), \"sumOfSquares\": \"\(statistics.sumOfSquares)\", "
        text += "\"maxAbs\": \(statistics.maxAbs), "
      }
      text += "\"sha256\": \"\(statistics.sha256.hexadecimal)\"}"
    }
    text += tensors.isEmpty ? "]}\n" : "\n]}\n"
    return Array(text.utf8)
  }

  /// Parses a file strictly: keys, order of names, types, ranges, and the root recomputed from the leaves.
  ///
  /// Throws `identityJSON`, `identityValue` (both with the JSON path) or `identityRootMismatch`. An accepted file is
  /// consistent; whether it describes the base is decided by comparing `root` with a trusted value.
  package static func parse(_ bytes: [UInt8]) throws(CheckpointError) -> BaseIdentity {
    let stated: [UInt8]
    let version: Int
    let raw: [(leaf: Leaf, place: JSONNode)]
    let linked: LinkedBase?
    let statedLinked: [UInt8]?
    do {
      let document = try JSONNode(parsing: bytes)
      // First of all: what a later version has besides is told by its number, not as an unknown key.
      version = try self.version(document.member("driftIdentity"))
      let link = try document.optionalMember("linked")
      try document.requireKeys(
        ["driftIdentity", "root"] + (link == nil ? [] : ["linkedRoot", "linked"]) + ["tensors"])
      linked = try link.map { (node) throws(JSONError) in try LinkedBase(node) }
      statedLinked = try document.optionalMember("linkedRoot")?.hex(byteCount: SHA256.digestLength)
      stated = try document.member("root").hex(byteCount: SHA256.digestLength)
      var leaves: [(leaf: Leaf, place: JSONNode)] = []
      for node in try document.member("tensors").elements() { leaves.append((try leaf(node), node)) }
      raw = leaves
    } catch {
      throw .identityJSON(error)
    }
    var previous: Leaf?
    for (leaf, place) in raw {
      if let previous, !precedesInUTF8(previous.name, leaf.name) {
        throw .identityValue(
          path: place.path + ".name", found: StrictJSON.shown(leaf.name),
          expected: "a name after \(StrictJSON.shown(previous.name)) in the order of UTF-8 bytes")
      }
      previous = leaf
      try check(leaf, at: place)
    }
    // As in a checkpoint, two Unicode spellings of one name are a duplicate.
    if let index = DistinctNames.firstRepetition(in: raw.map(\.leaf.name)) {
      throw .identityValue(
        path: raw[index].place.path + ".name", found: StrictJSON.shown(raw[index].leaf.name),
        expected: "a name that is not used before")
    }
    var identity = BaseIdentity(sorted: raw.map(\.leaf))
    if let linked {
      try linked.check(against: identity, at: "$.linked")
      identity = identity.linking(linked)
    }
    guard identity.fileVersion == version else {
      throw .identityValue(
        path: "$.driftIdentity", found: "\(version)",
        expected:
          "\(identity.fileVersion): version 5 is for next bases, 4 for bases with a tableau that hides their weights, 3 with a "
          + "public one, 2 for others with a tensor without encoding, 1 for the rest")
    }
    guard identity.root == stated else {
      throw .identityRootMismatch(stated: stated.hexadecimal, computed: identity.rootHex)
    }
    if let computed = identity.linkedRoot, let statedLinked, computed != statedLinked {
      throw .identityRootMismatch(stated: statedLinked.hexadecimal, computed: computed.hexadecimal)
    }
    return identity
  }

  private static func version(_ node: JSONNode) throws(JSONError) -> Int {
    let found = try node.integer(in: 1...Int.max)
    guard found <= fileVersion else {
      throw .outOfRange(
        path: node.path, found: "\(found)",
        expected: "1 to \(fileVersion), the versions that this driftproof reads: use a newer one")
    }
    return found
  }

  /// Types and ranges of single values.
  private static func leaf(_ node: JSONNode) throws(JSONError) -> Leaf {
    let entry = try node.optionalMember("unencodableEntry")?.integer(in: 0...Int.max)
    try node.requireKeys(
      ["name", "dtype", "shape"] + (entry == nil ? ["fractionBits", "sumOfSquares", "maxAbs"] : ["unencodableEntry"])
        + ["sha256"])
    let typeNode = try node.member("dtype")
    let typeName = try typeNode.string()
    guard let dtype = DataType(rawValue: typeName) else {
      throw .outOfRange(path: typeNode.path, found: StrictJSON.shown(typeName), expected: "a safetensors dtype")
    }
    var shape: [Int] = []
    for size in try node.member("shape").elements() { shape.append(try size.integer(in: 0...Int.max)) }
    let name = try node.member("name").string()
    if let entry {
      return Leaf(
        name: name, dtype: dtype, shape: shape,
        statistics: TensorStatistics(
          fractionBits: 0, sumOfSquares: 0, maxAbs: 0,
          sha256: try node.member("sha256").hex(byteCount: SHA256.digestLength), unencodableEntry: entry))
    }
    return Leaf(
      name: name, dtype: dtype, shape: shape,
      statistics: TensorStatistics(
        fractionBits: try node.member("fractionBits").integer(in: Encoding.fractionBitsRange),
        sumOfSquares: try node.member("sumOfSquares").decimalString(as: UInt128.self),
        maxAbs: try node.member("maxAbs").integer(in: 0...Encoding.maxMagnitude),
        sha256: try node.member("sha256").hex(byteCount: SHA256.digestLength)))
  }

  /// Relations between the values of one leaf: max² <= Σ q² <= entries·max², and zeros where nothing is encoded.
  private static func check(_ leaf: Leaf, at place: JSONNode) throws(CheckpointError) {
    guard let entryCount = Shape.entryCount(leaf.shape),
      Shape.byteCount(entryCount: entryCount, dtype: leaf.dtype) != nil
    else {
      throw .identityValue(
        path: place.path + ".shape", found: "\(leaf.shape)", expected: "a size that fits whole bytes")
    }
    let statistics = leaf.statistics
    if let entry = statistics.unencodableEntry {
      guard leaf.dtype.isFloating, entry < entryCount else {
        throw .identityValue(
          path: place.path + ".unencodableEntry", found: "\(entry)",
          expected: leaf.dtype.isFloating ? "an entry of \(leaf.shape)" : "none for \(leaf.dtype.rawValue)")
      }
      return
    }
    guard leaf.dtype.isFloating else {
      guard statistics.fractionBits == 0 else {
        throw .identityValue(
          path: place.path + ".fractionBits", found: "\(statistics.fractionBits)",
          expected: "0 for \(leaf.dtype.rawValue)")
      }
      guard statistics.maxAbs == 0 else {
        throw .identityValue(
          path: place.path + ".maxAbs", found: "\(statistics.maxAbs)", expected: "0 for \(leaf.dtype.rawValue)")
      }
      guard statistics.sumOfSquares == 0 else {
        throw .identityValue(
          path: place.path + ".sumOfSquares", found: "\(statistics.sumOfSquares)",
          expected: "0 for \(leaf.dtype.rawValue)")
      }
      return
    }
    // max <= 2^40, so the square fits; the product may not, and then it bounds nothing.
    let square = UInt128(statistics.maxAbs.magnitude) * UInt128(statistics.maxAbs.magnitude)
    let (upper, overflow) = square.multipliedReportingOverflow(by: UInt128(entryCount))
    let lower = entryCount == 0 ? 0 : square
    guard statistics.maxAbs == 0 || entryCount > 0 else {
      throw .identityValue(
        path: place.path + ".maxAbs", found: "\(statistics.maxAbs)", expected: "0 for an empty tensor")
    }
    guard statistics.sumOfSquares >= lower, overflow || statistics.sumOfSquares <= upper else {
      throw .identityValue(
        path: place.path + ".sumOfSquares", found: "\(statistics.sumOfSquares)",
        expected: "a value from maxAbs² to entries × maxAbs²")
    }
  }
}
