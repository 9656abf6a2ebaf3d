// SPDX-License-Identifier: Apache-2.0

/// What a file seems to be by its first bytes: for messages about files that are not what they should be. Nothing is
/// decided by it.
package enum FileKind: Hashable, Sendable {
  // Weights in other formats
  case gguf, zip, pickle, hdf5, numpy
  // What downloads leave
  case gzip, html, unfetched
  // Other programs' files
  case pem, pdf, executable
  // This package's own, and JSON of others
  case certificate, policy, identity, opening, envelope, revocations
  case shardIndex, adapterConfiguration, modelConfiguration, json
  case safetensors

  /// Bytes of a file's beginning that are looked at.
  package static let window = 4096

  /// Nil for what begins as none of these.
  /// - Parameter start: the file's first bytes, ``window`` or all.
  package init?(_ start: [UInt8]) {
    if let kind = Self.magics.first(where: { start.starts(with: $0.bytes) })?.kind {
      self = kind
      return
    }
    if start.count > 8, start[8] == UInt8(ascii: "{"), start[3..<8].allSatisfy({ $0 == 0 }) {
      self = .safetensors
      return
    }
    // Protocol 2 and above; what older ones write looks like text.
    if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]) {
      self = .pickle
      return
    }
    var text = start[...]
    if ByteOrderMark.isAt(text) { text = text.dropFirst(ByteOrderMark.bytes.count) }
    let blank: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    text = text.drop { blank.contains($0) }
    let words = String(decoding: text, as: UTF8.self)
    let head = words.prefix(15).lowercased()
    if head.hasPrefix("<!doctype html") || head.hasPrefix("<html") || head.hasPrefix("<head") {
      self = .html
      return
    }
    // A comment may come first in a policy.
    guard words.hasPrefix("{") || words.hasPrefix("//") && words.contains("{") else { return nil }
    self = Self.keys.first { words.contains("\"\($0.key)\"") }?.kind ?? .json
  }

  private static let magics: [(bytes: [UInt8], kind: FileKind)] = [
    (Array("GGUF".utf8), .gguf), ([0x50, 0x4B, 0x03, 0x04], .zip), ([0x50, 0x4B, 0x05, 0x06], .zip),
    ([0x89] + Array("HDF".utf8), .hdf5), ([0x93] + Array("NUMPY".utf8), .numpy), ([0x1F, 0x8B], .gzip),
    (Array("version https://git-lfs".utf8), .unfetched), (Array("-----BEGIN ".utf8), .pem), (Array("%PDF".utf8), .pdf),
    ([0x7F] + Array("ELF".utf8), .executable), (Array("driftprf".utf8), .certificate),
  ]

  private static let keys: [(key: String, kind: FileKind)] = [
    ("driftPolicy", .policy), ("driftIdentity", .identity), ("driftOpening", .opening),
    ("driftRevocations", .revocations), ("payloadType", .envelope), ("weight_map", .shardIndex),
    ("peft_type", .adapterConfiguration), ("model_type", .modelConfiguration), ("architectures", .modelConfiguration),
  ]
}

extension FileKind: CustomStringConvertible {
  package var description: String {
    switch self {
    case .gguf: "a GGUF file of llama.cpp"
    case .zip: "a zip archive, as PyTorch saves weights in (.bin, .pt)"
    case .pickle: "a Python pickle, which can run code when it is read"
    case .hdf5: "an HDF5 file, as Keras and TensorFlow save weights in"
    case .numpy: "an array of NumPy"
    case .gzip: "compressed with gzip"
    case .html: "a web page, as a failed download leaves it"
    case .unfetched: "a Git LFS pointer, not the file itself"
    case .pem: "a key or certificate in PEM"
    case .pdf: "a PDF document"
    case .executable: "a program"
    case .certificate: "a certificate of driftproof"
    case .policy: "a drift policy"
    case .identity: "a base identity"
    case .opening: "a secret opening"
    case .envelope: "a signed attestation"
    case .revocations: "a list of revocations"
    case .shardIndex: "the index of a sharded checkpoint"
    case .adapterConfiguration: "the configuration of an adapter"
    case .modelConfiguration: "the configuration of a model"
    case .json: "a JSON file"
    case .safetensors: "a safetensors file with weights"
    }
  }

  /// What to do about one that stands in place of a safetensors file or another file that was asked for; nil where only the
  /// caller knows.
  package var cure: String? {
    switch self {
    case .gguf, .zip, .pickle, .hdf5, .numpy: "convert the weights to safetensors"
    case .gzip: "unpack it"
    case .html: "download the file again, signed in if the repository asks for it"
    case .unfetched: "fetch it with git lfs pull"
    case .shardIndex: "name the folder that it lies in"
    default: nil
    }
  }
}

/// EF BB BF, which some editors put before UTF-8 and JSON does not have.
package enum ByteOrderMark {
  package static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

  package static func isAt(_ start: some Sequence<UInt8>) -> Bool { start.starts(with: bytes) }
}
