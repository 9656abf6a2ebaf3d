import Core
import Transcript

/// Everything that ends a command of DriftProof other than success. Each case has one exit code and a message that
/// names the file or tensor and what to do.
public enum DriftProofError: Error, Equatable, Sendable {
  /// A file cannot be read, written or understood; sizes beyond what this program handles.
  case operational(String)
  /// The command line is wrong.
  case usage(String)
  /// The drift exceeds the policy: one line per tensor that does, and by how much.
  case policyViolated([String])
  /// The certificate does not prove what it says.
  case proofInvalid(InvalidProof)
  /// Base, policy or checkpoint is another than the certificate's.
  case identityMismatch(IdentityMismatch)
  /// The policy does not cover the difference in names, types and shapes.
  case coverageGap([CoverageGap])
  /// The drift may lie inside the policy but cannot be proved at this precision (docs/protocol.md section 5, completeness).
  case precisionRefused(String)

  /// The exit code of the command line.
  public var exitCode: Int32 {
    switch self {
    case .operational: 1
    case .usage: 2
    case .policyViolated: 10
    case .proofInvalid: 11
    case .identityMismatch: 12
    case .coverageGap: 13
    case .precisionRefused: 14
    }
  }
}

/// Why a certificate proves nothing.
public enum InvalidProof: Error, Equatable, Sendable {
  /// The file is no certificate.
  case certificate(FormatError)
  /// The manifest inside it is none.
  case manifest(FormatError)
  /// The manifest's count of tableau rows differs from the layout's.
  case rowCount(stated: Int, derived: Int)
  /// The manifest's layout digest is not that of the policy's layout.
  case layoutDigest
  /// The manifest has a byte digest for a tensor that must not have one, or lacks one.
  case byteDigest(tensor: String, isMissing: Bool)
  /// The policy inside it is not the one of its policy digest.
  case policyBytes
  /// The stated tuned commitment is not the hash of its parts.
  case tunedCommitment
  /// The drift pins are not one canonical element of K for each row of the tableau.
  case driftPins
  /// Nothing is to be proved, but there is a proof or a drift root; or the reverse.
  case emptyTableau
  /// A record of an adapter fits no tensor of the base.
  case adapterRecord(tensor: String, problem: AdapterRecordProblem)
  /// Records of an adapter that the policy does not allow, or whose clauses are not provable of it: one line for each.
  case adapterOutsidePolicy([String])
  /// A check of the argument failed.
  case argument(ProofRejection)
}

/// Which identity differs.
public enum IdentityMismatch: Error, Equatable, Sendable {
  /// Roots in hexadecimal.
  case base(certificate: String, given: String)
  /// Policy digests in hexadecimal.
  case policy(certificate: String, given: String)
  /// Tuned commitments in hexadecimal of the parent that a certificate names and of the one that it should; nil for the
  /// base itself.
  case parent(certificate: String?, given: String?)
  /// A link of a chain whose way to the base is not established; says how.
  case chain(String)
  /// A checkpoint at hand is not the one of the certificate; says how.
  case checkpoint(String)
}

/// Why the bytes of a certificate, manifest or opening file are rejected.
public enum FormatError: Error, Equatable, Sendable {
  case truncated(section: String)
  case trailingBytes(count: Int)
  case badMagic
  case unsupportedVersion(Int)
  case wrongLength(section: String, found: Int, expected: Int)
  case invalidText(section: String)
  /// More combining marks in a row than any text has.
  case combiningMarks(section: String)
  case unknownDataType(String)
  case badShape(tensor: String)
  case notSorted(tensor: String)
  case badFlag(section: String, found: Int)
  /// Records of adapters and of other models in one manifest.
  case mixedRecords(tensor: String)
  /// An adapter's manifest names a parent.
  case adapterLink
  case unsupportedParameters(String)
  case notCanonical
}

extension DriftProofError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .operational(let message), .usage(let message), .precisionRefused(let message): message
    case .policyViolated(let lines): "the drift is outside the policy:\n" + Self.list(lines)
    case .proofInvalid(let why): "the certificate is invalid: \(why)"
    case .identityMismatch(let why): "\(why)"
    case .coverageGap(let gaps): Self.list(gaps.map(\.description))
    }
  }

  /// Lines of a message before the rest is only counted.
  static let shownLines = 50

  static func list(_ lines: [String]) -> String {
    let rest = lines.count > shownLines ? ["and \(lines.count - shownLines) more"] : []
    return (lines.prefix(shownLines) + rest).joined(separator: "\n")
  }
}

extension InvalidProof: CustomStringConvertible {
  public var description: String {
    switch self {
    case .certificate(let error): "\(error)"
    case .manifest(let error): "its manifest: \(error)"
    case .rowCount(let stated, let derived): "it states \(stated) tableau rows, the policy and shapes give \(derived)"
    case .layoutDigest: "its tableau was committed with another layout or precision than the policy's"
    case .byteDigest(let tensor, let isMissing):
      isMissing ? "tensor \(tensor) lacks its byte digest" : "tensor \(tensor) is frozen but has a byte digest"
    case .policyBytes: "the policy inside it is not the one of its policy digest"
    case .tunedCommitment: "the tuned commitment is not the hash of base identity, manifest and drift tableau"
    case .driftPins: "the pins of its drift tableau are not one field element for each row"
    case .emptyTableau: "the policy allows no certified change, so there must be neither proof nor drift root"
    case .adapterRecord(let tensor, let problem): "its record of an adapter on tensor \(tensor): \(problem)"
    case .adapterOutsidePolicy(let lines): "its adapter is outside the policy:\n" + DriftProofError.list(lines)
    case .argument(let rejection): "\(rejection)"
    }
  }
}

extension IdentityMismatch: CustomStringConvertible {
  public var description: String {
    switch self {
    case .base(let certificate, let given):
      "the certificate is about the base \(certificate), the identity given is \(given); use the identity of its base"
    case .policy(let certificate, let given):
      "the certificate was made for the policy \(certificate), the policy given is \(given); use the same policy"
    case .parent(let certificate?, nil):
      "the certificate is a link of a chain: its drift starts from the model of the tuned commitment \(certificate), not "
        + "from the base; driftproof chain verify takes all links (verify needs --parent, check needs --identity)"
    case .parent(let certificate, let given):
      "the certificate's drift starts from \(Self.model(certificate)), not from \(Self.model(given)); give its own parent"
    case .checkpoint(let message), .chain(let message): message
    }
  }
}

extension IdentityMismatch {
  private static func model(_ commitment: String?) -> String {
    commitment.map { "the model of the tuned commitment \($0)" } ?? "the base"
  }
}

extension FormatError: TextReadingError {}

extension FormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let section): "the file ends inside \(section)"
    case .trailingBytes(let count): "\(count) bytes follow its end"
    case .badMagic: "this is not such a file"
    case .unsupportedVersion(let version): "format version \(version) is unknown; use a newer driftproof"
    case .wrongLength(let section, let found, let expected): "\(section) has \(found) bytes, expected \(expected)"
    case .invalidText(let section): "\(section) is not UTF-8"
    case .combiningMarks(let section): "\(section) has more combining marks in a row than any text"
    case .unknownDataType(let name): "\(name) is no safetensors dtype"
    case .badShape(let tensor): "tensor \(tensor): the shape is no shape of a tensor"
    case .notSorted(let tensor): "tensor \(tensor) is not in rising order of names"
    case .badFlag(let section, let found): "\(section) is \(found), which means nothing there"
    case .adapterLink: "an unmerged adapter cannot be a link of a chain"
    case .mixedRecords(let tensor): "tensor \(tensor) has a record of another kind than an adapter's tensors"
    case .unsupportedParameters(let why): why
    case .notCanonical: "it is not in canonical form"
    }
  }
}
