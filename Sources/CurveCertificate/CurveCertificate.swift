// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCommitment
import DriftProofPolicy

/// A certificate of the curve backend; docs/format.md, "Certificate on the curve".
package struct CurveCertificate: Sendable, Equatable {
  package static let magic = Array("driftkzg".utf8)
  package static let formatVersion = 1
  /// Of statements with clauses.
  package static let structuredVersion = 2
  /// Of links, which name a parent, whatever their statement.
  package static let linkVersion = 3

  /// ``version(of:parent:)``.
  package var version: Int
  /// ``CurveIdentity/root``.
  package var baseRoot: [UInt8]
  package var setupID: [UInt8]
  package var logLength: Int
  /// Of a link: the tuned commitment of the model from which its drift starts; nil for the base.
  package var parent: [UInt8]?
  /// ``commitment(identity:)``: it follows from the rest; that it is stated makes damage detectable.
  package var tunedCommitment: [UInt8]
  /// The policy's canonical bytes.
  package var policy: [UInt8]
  /// Of each tensor a byte of ``CurvePlan/Kind`` and what it stores.
  package var manifest: [UInt8]
  package var proof: [UInt8]

  package init(
    version: Int = Self.formatVersion, baseRoot: [UInt8], setupID: [UInt8], logLength: Int, parent: [UInt8]? = nil,
    tunedCommitment: [UInt8], policy: [UInt8], manifest: [UInt8], proof: [UInt8]
  ) {
    self.version = version
    self.baseRoot = baseRoot
    self.setupID = setupID
    self.logLength = logLength
    self.parent = parent
    self.tunedCommitment = tunedCommitment
    self.policy = policy
    self.manifest = manifest
    self.proof = proof
  }

  package var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(littleEndian: UInt32(version))
    bytes.append(lengthPrefixed: CurveIdentity.backend)
    bytes += baseRoot + setupID
    bytes.append(littleEndian: UInt32(logLength))
    bytes += (parent ?? []) + tunedCommitment
    for section in [policy, manifest, proof] { bytes.append(lengthPrefixed: section) }
    return bytes
  }

  package init(_ bytes: [UInt8]) throws(CurveCertificateError) {
    guard bytes.starts(with: Self.magic) else { throw .notACertificate }
    var reader = ByteReader<CurveCertificateError>(bytes)
    _ = try reader.bytes("its first bytes", count: Self.magic.count)
    version = Int(try reader.integer("its version", as: UInt32.self))
    guard [Self.formatVersion, Self.structuredVersion, Self.linkVersion].contains(version) else {
      throw .unsupportedVersion(version)
    }
    let name = String(decoding: try reader.prefixed("its backend").prefix(64), as: UTF8.self)
    guard name == CurveIdentity.backend else { throw .unsupportedBackend(name) }
    baseRoot = try reader.bytes("its base", count: 32)
    setupID = try reader.bytes("its setup", count: 32)
    logLength = Int(try reader.integer("its length of rows", as: UInt32.self))
    parent = version == Self.linkVersion ? try reader.bytes("its parent", count: 32) : nil
    tunedCommitment = try reader.bytes("its commitment", count: 32)
    policy = try reader.prefixed("its policy")
    manifest = try reader.prefixed("its manifest")
    proof = try reader.prefixed("its proof")
    try reader.finish()
  }

  /// The version in which a statement is proved; of a link its own, whatever the statement.
  package static func version(of statement: CurveStatement, parent: [UInt8]?) -> Int {
    guard parent == nil else { return linkVersion }
    return statement.isStructured ? structuredVersion : formatVersion
  }

  /// The policy inside it.
  package func embeddedPolicy() throws(CurveCertificateError) -> Policy {
    do throws(CanonicalPolicyError) { return try CanonicalPolicyReader.policy(policy) } catch {
      throw .malformedPolicy("\(error)")
    }
  }

  /// The tuned model's blocks, in the order of the base's tensors: where it is frozen those from which the drift starts.
  /// - Parameter base: the identity's blocks; of a link its parent's.
  package static func blocks(
    _ manifest: [UInt8], plan: CurvePlan, base: [CurveBlock], identity: CurveIdentity
  ) throws(CurveCertificateError) -> [CurveBlock] {
    var reader = ByteReader<CurveCertificateError>(manifest)
    var blocks: [CurveBlock] = []
    for ((kind, base), leaf) in zip(zip(plan.kinds, base), identity.base.tensors) {
      guard try reader.integer("the manifest", as: UInt8.self) == kind.rawValue else {
        throw .wrongKind(name: base.name)
      }
      switch kind {
      case .frozen: blocks.append(base)
      case .bounded, .free:
        let length = base.rowCount * G1.compressedLength
        guard reader.remaining >= length else {
          throw .tunedRows(name: base.name, expected: base.rowCount, found: reader.remaining / G1.compressedLength)
        }
        blocks.append(CurveIdentity.block(leaf, .rows(try reader.bytes("the manifest", count: length))))
      case .opaque:
        blocks.append(CurveIdentity.block(leaf, .digest(try reader.bytes("the manifest", count: 32))))
      }
    }
    try reader.finish()
    return blocks
  }

  /// SHA-256 of a tag, the base's root, of a link its parent's commitment, SHA-256 of the manifest, the setup's id and the root of
  /// the tuned model's blocks.
  package static func commitment(
    baseRoot: [UInt8], parent: [UInt8]? = nil, manifest: [UInt8], blocks: [CurveBlock], setupID: [UInt8], logLength: Int
  ) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: parent == nil ? "driftproof/tuned/v2" : "driftproof/tuned/v3")
    return SHA256.hash(
      message + baseRoot + (parent ?? []) + SHA256.hash(manifest) + setupID
        + CurveModelTree(blocks, setupID: setupID, logLength: logLength).root)
  }

  /// What the argument absorbs before everything else.
  package static func binding(
    baseRoot: [UInt8], parent: [UInt8]? = nil, policy: [UInt8], commitment: [UInt8]
  ) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: parent == nil ? "driftproof/curve/binding/v1" : "driftproof/curve/binding/v3")
    return message + baseRoot + (parent ?? []) + SHA256.hash(policy) + commitment
  }
}
