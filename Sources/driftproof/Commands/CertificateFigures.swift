/// What prove, verify and check say about a certificate.
struct CertificateFigures: Sendable {
  var policyName: String
  /// Digests and commitments in hexadecimal.
  var policyDigest: String
  var baseIdentity: String
  var tunedCommitment: String
  /// Proven bits of soundness, all terms together.
  var securityBits: Double
  /// Bits of every error term.
  var soundness: [(term: String, bits: Double)]
  /// Tensors by how the policy treats them, classes in a fixed order.
  var tensors: [(tensorClass: String, count: Int)]
  /// Names of the tensors that the policy excludes.
  var excluded: [String]
  var parameters: Int
  var proofBytes: Int

  var members: [(key: String, value: JSONOutput)] {
    [
      ("policyName", .string(policyName)),
      ("policyDigest", .string(policyDigest)),
      ("baseIdentity", .string(baseIdentity)),
      ("tunedCommitment", .string(tunedCommitment)),
      ("securityBits", .number(securityBits)),
      ("soundness", .object(soundness.map { ($0.term, .number($0.bits)) })),
      ("tensors", .object(tensors.map { ($0.tensorClass, .integer($0.count)) })),
      ("coverage", .object([("excluded", .array(excluded.map { .string($0) }))])),
      ("parameters", .integer(parameters)),
      ("proofBytes", .integer(proofBytes)),
    ]
  }

  /// Lines with the figures that people want to see.
  var lines: [String] {
    let counts = tensors.filter { $0.count > 0 }.map { "\(Format.count($0.count)) \($0.tensorClass)" }
    let bits = Format.number(securityBits, digits: 6)
    let weakest = soundness.min { $0.bits < $1.bits }
    let term = weakest.map { ", weakest term \($0.term) with \(Format.number($0.bits, digits: 6))" } ?? ""
    var lines = [
      "policy            \(Quoting.plain(policyName)) (\(policyDigest))",
      "base identity     \(baseIdentity)",
      "tuned commitment  \(tunedCommitment)",
      "tensors           \(counts.isEmpty ? "none" : counts.joined(separator: ", "))",
      "parameters        \(Format.count(parameters))",
      "soundness         \(bits) bits proven\(term)",
      "certificate       \(Format.byteCount(proofBytes))",
    ]
    if !excluded.isEmpty {
      lines.append("NOT COVERED       \(excluded.map(Quoting.plain).joined(separator: ", "))")
    }
    return lines
  }
}
