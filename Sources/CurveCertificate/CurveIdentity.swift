// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// A base identity with the rows that commit to the base's weights on the curve.
///
/// Deterministic for a setup and a length: anyone with the weights computes the same rows. The file has version 6 and a
/// `backend`; its lines of tensors are those of the identity without rows.
package struct CurveIdentity: Sendable {
  package let base: BaseIdentity
  package let key: CurveSetupKey
  /// l.
  package let logLength: Int
  /// In the order of the base's tensors.
  package let blocks: [CurveBlock]
  /// Whether ``CurveSetupKey/check()`` accepted the key: it did of whatever was read from a file.
  package private(set) var isKeyChecked = false

  package static let fileVersion = 6
  package static let backend = "kzg"

  /// - Parameter blocks: as many as the base has tensors, in their order.
  package init(base: BaseIdentity, key: CurveSetupKey, logLength: Int, blocks: [CurveBlock]) {
    self.base = base
    self.key = key
    self.logLength = logLength
    self.blocks = blocks
  }

  package var tree: CurveModelTree { CurveModelTree(blocks, setupID: key.id, logLength: logLength) }

  /// SHA-256 of a tag, the base's root and that of the blocks: norms and rows under one number.
  package var root: [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/identity/curve/v1")
    return SHA256.hash(message + base.root + tree.root)
  }

  /// Where a tensor's integers stand in rows; nil for a tensor that clauses cannot be about.
  package static func layout(_ leaf: BaseIdentity.Leaf, logLength: Int) -> CurveRowLayout? {
    guard leaf.isEncodable else { return nil }
    let (rows, columns) = leaf.matrixShape
    return CurveRowLayout(rows: rows, columns: columns, logLength: logLength)
  }

  package static func block(_ leaf: BaseIdentity.Leaf, _ content: CurveBlock.Content) -> CurveBlock {
    CurveBlock(
      name: leaf.name, dtype: leaf.dtype.rawValue, shape: leaf.shape, fractionBits: leaf.statistics.fractionBits,
      content: content)
  }

  // MARK: File

  package func jsonBytes() -> [UInt8] {
    let plain = base.jsonBytes()
    let lines = plain.firstIndex(of: 0x0A).map { plain[$0...] } ?? []
    var text =
      "{\"driftIdentity\": \(Self.fileVersion), \"backend\": \"\(Self.backend)\", \"root\": \"\(base.rootHex)\", "
    text += "\"curveRoot\": \"\(root.hexadecimal)\", \"setup\": \"\(key.encoded.hexadecimal)\", "
    text += "\"logLength\": \(logLength), \"rows\": ["
    for (index, block) in blocks.enumerated() {
      guard case .rows(let points) = block.content else {
        text += index == 0 ? "null" : ", null"
        continue
      }
      text += (index == 0 ? "\"" : ", \"") + points.hexadecimal + "\""
    }
    return Array((text + "], \"tensors\": [").utf8) + lines
  }

  /// Whether a file says that it is one of these, whatever else is wrong with it.
  package static func isOne(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: Array("{\"driftIdentity\": \(fileVersion), \"backend\": ".utf8))
  }

  /// Accepts exactly the bytes that ``jsonBytes()`` gives for what they say. Points are checked where they are used.
  package static func parse(_ bytes: [UInt8]) throws(CurveCertificateError) -> CurveIdentity {
    let tag = Array("\"tensors\": [\n".utf8)
    guard isOne(bytes), let newline = bytes.firstIndex(of: 0x0A), bytes[...newline].suffix(tag.count) == tag[...] else {
      throw .identity("it is not in the form of version \(fileVersion)")
    }
    let rest = bytes[newline...]
    let head: JSONNode
    let (key, logLength): (CurveSetupKey, Int)
    var rows: [[UInt8]?] = []
    do {
      head = try JSONNode(parsing: Array(bytes[..<newline]) + Array("]}".utf8))
      let name = try head.member("backend").string()
      guard name == backend else { throw CurveCertificateError.unsupportedBackend(name) }
      key = try CurveSetupKey(encoded: try head.member("setup").hex(byteCount: CurveSetupKey.encodedLength))
      logLength = try head.member("logLength").integer(in: 8...28)
      for node in try head.member("rows").elements() {
        if case .null = node.value {
          rows.append(nil)
        } else if let points = [UInt8](hexadecimal: try node.string()) {
          rows.append(points)
        } else {
          throw CurveCertificateError.identity("\(node.path) is no hexadecimal text")
        }
      }
    } catch let error as CurveCertificateError {
      throw error
    } catch let error as CurveSetupError {
      throw .setup(error)
    } catch {
      throw .identity("\(error)")
    }
    let base = try plain(head, rest)
    guard rows.count == base.tensors.count else {
      throw .identity("it has rows of \(rows.count) tensors and \(base.tensors.count) tensors")
    }
    var blocks: [CurveBlock] = []
    for (leaf, points) in zip(base.tensors, rows) {
      let expected = layout(leaf, logLength: logLength)?.rowCount ?? 0
      let found = (points?.count ?? 0) / G1.compressedLength
      guard found == expected, points?.count ?? 0 == found * G1.compressedLength, (points == nil) == (expected == 0)
      else {
        throw .baseRows(name: leaf.name, expected: expected, found: found)
      }
      blocks.append(block(leaf, points.map { .rows($0) } ?? .digest(leaf.statistics.sha256)))
    }
    var identity = CurveIdentity(base: base, key: key, logLength: logLength, blocks: blocks)
    // The root is among what must be equal.
    guard identity.jsonBytes() == bytes else { throw .identity("its bytes are not those of its content") }
    do throws(CurveSetupError) { try key.check() } catch { throw .setup(error) }
    identity.isKeyChecked = true
    return identity
  }

  /// The identity without rows, by its own reader.
  private static func plain(
    _ head: JSONNode, _ lines: ArraySlice<UInt8>
  ) throws(CurveCertificateError) -> BaseIdentity {
    let root: String
    do { root = try head.member("root").string() } catch { throw .identity("\(error)") }
    var failure = ""
    // 2 where a tensor has no encoding.
    for version in [1, 2] {
      let start = "{\"driftIdentity\": \(version), \"root\": \(StrictJSON.quoted(root)), \"tensors\": ["
      do throws(CheckpointError) { return try BaseIdentity.parse(Array(start.utf8) + lines) } catch {
        failure = failure.isEmpty ? error.description : failure
      }
    }
    throw .identity(failure)
  }
}
