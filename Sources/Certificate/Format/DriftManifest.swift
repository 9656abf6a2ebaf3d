// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofTranscript

/// The public part of the tuned commitment; docs/protocol.md section 3. Without the code parameters in it, one root would open
/// to two drifts (section 11, item 15).
///
/// Bytes; integers are little-endian, `text` is a UInt64 count of bytes and that much UTF-8:
///
///     manifest = [UInt32 version = 11 of an aligned statement, or 12 of one with a record 4,]
///                [UInt32 version = 14, UInt32 bands, where there are two or more,]
///                UInt32 version = 2, 4, 6 or 8 | UInt32 version = 3, 5 or 7, 32 bytes of the parent's tuned commitment
///                | UInt32 version = 9, 10 or 13, (UInt8 0 | UInt8 1, 32 bytes of the parent's tuned commitment),
///                UInt32 l, UInt32 log blow-up, UInt32 queries, UInt32 grinding bits, UInt32 drift tail
///                (all five 0 when nothing is certified),
///                UInt32 count of tableau rows, 32 bytes of layout digest (0 when nothing is certified),
///                UInt64 count of tensors, tensor...
///     tensor   = text name, text dtype (as in safetensors), UInt64 rank, UInt64 size...,
///                UInt8 0 | UInt8 1, 32 bytes of salted byte digest
///                | UInt8 2 (an adapter leaves it alone) | UInt8 3, UInt32 rank, 32 bytes of salted digest (an adapter's product)
///                | UInt8 4, UInt32 rows, UInt32 columns of a block, 32 bytes of salted digest (an adapter's Kronecker product)
///
/// Tensors rise in the order of their names' UTF-8 bytes. A tensor has a byte digest when the policy does not freeze it. The
/// model is a base with an adapter when any tensor has 2, 3 or 4; then none has 0.
package struct DriftManifest: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package let tensor: TunedTensor
    /// ``ByteDigest``, 32 bytes.
    package let byteDigest: [UInt8]?

    package init(tensor: TunedTensor, byteDigest: [UInt8]?) {
      self.tensor = tensor
      self.byteDigest = byteDigest
    }
  }

  /// The version that a manifest has: up to 8 even from the base, odd for a link, which names a parent. No link has the
  /// rounding bounds of 8; 9, 10 and 13 say themselves whether they are links.
  package static func version(_ rules: StatementRules, isLink: Bool) -> UInt32 {
    switch rules {
    case .original: isLink ? 3 : 2
    case .revised: isLink ? 5 : 4
    case .entrywise: isLink ? 7 : 6
    case .rounding: 8
    case .patterns: 9
    case .blocks: 10
    case .circulants: 13
    }
  }

  /// Whether the version is followed by a flag that says whether there is a parent.
  private static func hasParentFlag(_ rules: StatementRules) -> Bool {
    switch rules {
    case .patterns, .blocks, .circulants: true
    case .original, .revised, .entrywise, .rounding: false
    }
  }

  /// In front of the version, where the statement's tensors lie where the base's tableau has them (docs/protocol.md,
  /// section 13). No link has it.
  static let alignedVersion: UInt32 = 11

  /// In front of the version, where an adapter adds Kronecker products (docs/protocol.md, section 12). No aligned statement and no
  /// link has it.
  static let kroneckerVersion: UInt32 = 12

  /// In front of the version and behind the two above, with the number of bands, where the leaves of the drift's tree are hashed
  /// in more than one (docs/protocol.md, section 3).
  static let bandedVersion: UInt32 = 14

  /// By which the statement follows from this manifest.
  package let rules: StatementRules
  /// Whether the tensors lie where the base's tableau has them.
  package let isAligned: Bool
  /// Tuned commitment of the certificate from whose model the drift starts, 32 bytes; nil when it starts from the base.
  package let parent: [UInt8]?
  /// Nil when every tensor is frozen or excluded.
  package let code: CodeParameters?
  /// Rows of the drift tableau.
  package let rowCount: Int
  /// ``DriftStatement/layoutDigest``: where every tensor lies and in which units, so that one root has one reading, whatever
  /// policy it is later shown with.
  package let layoutDigest: [UInt8]
  /// Every tensor of the tuned model, in name order.
  package let entries: [Entry]

  package static let emptyLayoutDigest = [UInt8](repeating: 0, count: SHA256.digestLength)

  package init(
    rules: StatementRules = .current, isAligned: Bool = false, parent: [UInt8]? = nil, code: CodeParameters?,
    rowCount: Int,
    layoutDigest: [UInt8] = DriftManifest.emptyLayoutDigest, entries: [Entry]
  ) {
    self.rules = rules
    self.isAligned = isAligned
    self.parent = parent
    self.code = code
    self.rowCount = rowCount
    self.layoutDigest = layoutDigest
    self.entries = entries
  }

  package var tuned: [TunedTensor] { entries.map(\.tensor) }

  /// The manifest's one encoding.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(capacity)
    if isAligned { bytes.append(littleEndian: Self.alignedVersion) }
    if hasKroneckerProducts { bytes.append(littleEndian: Self.kroneckerVersion) }
    if let code, code.bands > 1 {
      bytes.append(littleEndian: Self.bandedVersion)
      bytes.append(littleEndian: UInt32(clamping: code.bands))
    }
    bytes.append(littleEndian: Self.version(rules, isLink: parent != nil))
    if Self.hasParentFlag(rules) { bytes.append(parent == nil ? 0 : 1) }
    bytes += parent ?? []
    let parameters =
      code.map { [$0.logLength, $0.logBlowup, $0.queries, $0.grindingBits, $0.driftTail] } ?? [0, 0, 0, 0, 0]
    for value in parameters + [rowCount] { bytes.append(littleEndian: UInt32(clamping: value)) }
    bytes += layoutDigest
    bytes.append(littleEndian: UInt64(entries.count))
    for entry in entries {
      bytes.append(lengthPrefixed: entry.tensor.name)
      bytes.append(lengthPrefixed: entry.tensor.dtype.rawValue)
      bytes.append(littleEndian: UInt64(entry.tensor.shape.count))
      for size in entry.tensor.shape { bytes.append(littleEndian: UInt64(size)) }
      switch entry.tensor.change {
      case .dense: bytes.append(entry.byteDigest == nil ? 0 : 1)
      case .none: bytes.append(2)
      case .product(let rank):
        bytes.append(3)
        bytes.append(littleEndian: UInt32(clamping: rank))
      case .kronecker(let rows, let columns):
        bytes.append(4)
        bytes.append(littleEndian: UInt32(clamping: rows))
        bytes.append(littleEndian: UInt32(clamping: columns))
      }
      bytes += entry.byteDigest ?? []
    }
    return bytes
  }

  /// At least the bytes of it.
  private var capacity: Int {
    entries.reduce(128) { $0 + $1.tensor.name.utf8.count + 8 * $1.tensor.shape.count + 73 }
  }

  /// Fewest bytes of a tensor: two lengths, a dtype of two letters, rank and flag.
  private static let leastEntryBytes = 27

  /// The tuned model is the base and an adapter.
  package var isAdapter: Bool { entries.contains { $0.tensor.change != .dense } }

  private var hasKroneckerProducts: Bool {
    entries.contains { if case .kronecker = $0.tensor.change { true } else { false } }
  }

  /// Reads exactly the bytes that ``bytes`` writes. Whether the content fits base and policy is the verifier's question.
  package static func parse(_ bytes: [UInt8]) throws(FormatError) -> DriftManifest {
    var reader = ByteReader<FormatError>(bytes)
    var version = try reader.integer("the version", as: UInt32.self)
    let isAligned = version == alignedVersion
    let hasKroneckerProducts = version == kroneckerVersion
    if isAligned || hasKroneckerProducts { version = try reader.integer("the version", as: UInt32.self) }
    let bands = version == bandedVersion ? try self.bands(&reader) : 1
    if version == bandedVersion { version = try reader.integer("the version", as: UInt32.self) }
    guard let (rules, isLinkVersion) = meaning(of: version) else { throw .unsupportedVersion(Int(version)) }
    var isLink = isLinkVersion
    if hasParentFlag(rules) {
      let flag = try reader.integer("the parent's flag", as: UInt8.self)
      guard flag <= 1 else { throw .badFlag(section: "the parent's flag", found: Int(flag)) }
      isLink = flag == 1
    }
    // The base's tableau is that of the chain's base, not of the model before the link.
    guard !(isAligned && isLink) else { throw .alignedLink }
    let parent = isLink ? try reader.bytes("the parent", count: SHA256.digestLength) : nil
    var numbers: [Int] = []
    for section in ["l", "the blow-up", "the queries", "the grinding", "the drift tail", "the row count"] {
      numbers.append(Int(try reader.integer(section, as: UInt32.self)))
    }
    let code = try code(numbers, bands: bands)
    guard (numbers[5] == 0) == (code == nil) else {
      throw .unsupportedParameters("\(numbers[5]) tableau rows with\(code == nil ? "out" : "") code parameters")
    }
    // A tree of fewer blocks of eight rows would be the same tree with fewer bands.
    guard bands == 1 || bands <= RowLeafFormat.blocks(rows: numbers[5]) else {
      throw .moreBandsThanBlocks(bands, rows: numbers[5])
    }
    let layoutDigest = try reader.bytes("the layout digest", count: SHA256.digestLength)
    let count = try reader.count("the tensor count", of: leastEntryBytes)
    guard count <= StatementLimits.maximumTensors else {
      throw .tooMany(section: "tensors of the manifest", found: count, limit: StatementLimits.maximumTensors)
    }
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    for _ in 0..<count {
      let entry = try entry(&reader, isKronecker: hasKroneckerProducts)
      if let last = entries.last, !TensorPair.precedes(last.tensor.name, entry.tensor.name) {
        throw .notSorted(tensor: StrictJSON.shown(entry.tensor.name))
      }
      entries.append(entry)
    }
    try reader.finish()
    // As in a checkpoint, two Unicode spellings of one name are a duplicate.
    if let index = DistinctNames.firstRepetition(in: entries.map(\.tensor.name)) {
      throw .notSorted(tensor: StrictJSON.shown(entries[index].tensor.name))
    }
    let isAdapter = entries.contains { $0.tensor.change != .dense }
    // An adapter leaves what it does not change alone: there is nothing else to say of it, and one way to say it.
    if isAdapter, let other = entries.first(where: { $0.tensor.change == .dense && $0.byteDigest == nil }) {
      throw .mixedRecords(tensor: StrictJSON.shown(other.tensor.name))
    }
    // The exact W + BA is no checkpoint from which, or to which, a link could measure.
    guard parent == nil || !isAdapter else { throw .adapterLink }
    let manifest = DriftManifest(
      rules: rules, isAligned: isAligned, parent: parent, code: code, rowCount: numbers[5], layoutDigest: layoutDigest,
      entries: entries)
    guard manifest.bytes == bytes else { throw .notCanonical }
    return manifest
  }

  /// Whether a manifest's bytes begin as those of an aligned statement do: which of the base's roots they are under.
  static func beginsAligned(_ bytes: [UInt8]) -> Bool {
    var reader = ByteReader<FormatError>(bytes)
    return (try? reader.integer("the version", as: UInt32.self)) == alignedVersion
  }

  private static func meaning(of number: UInt32) -> (rules: StatementRules, isLink: Bool)? {
    for rules in StatementRules.allCases {
      for isLink in [false, true] where version(rules, isLink: isLink) == number {
        return (rules, isLink)
      }
    }
    return nil
  }

  /// One band is what all other versions mean: it has no second spelling.
  private static func bands(_ reader: inout ByteReader<FormatError>) throws(FormatError) -> Int {
    let bands = Int(try reader.integer("the bands", as: UInt32.self))
    guard bands > 1 else { throw .bandsWithoutNeed(bands) }
    let limit = CodeParameters.bandRange.upperBound
    guard bands <= limit else { throw .tooMany(section: "bands", found: bands, limit: limit) }
    return bands
  }

  private static func code(_ numbers: [Int], bands: Int) throws(FormatError) -> CodeParameters? {
    if numbers.prefix(5).allSatisfy({ $0 == 0 }) { return nil }
    do throws(ProofRejection) {
      return try CodeParameters(
        logLength: numbers[0], logBlowup: numbers[1], queries: numbers[2], grindingBits: numbers[3],
        driftTail: numbers[4]
      ).inBands(bands)
    } catch {
      throw .unsupportedParameters("\(error)")
    }
  }

  /// - Parameter isKronecker: the version is that of manifests with Kronecker products.
  private static func entry(
    _ reader: inout ByteReader<FormatError>, isKronecker: Bool
  ) throws(FormatError) -> Entry {
    let name = try reader.text("a tensor's name")
    let typeName = try reader.text("a tensor's dtype")
    guard let dtype = DataType(rawValue: typeName) else { throw .unknownDataType(StrictJSON.shown(typeName)) }
    let rank = try reader.integer("a tensor's rank", as: UInt64.self)
    var shape: [Int] = []
    for _ in 0..<rank {
      guard let size = Int(exactly: try reader.integer("a tensor's shape", as: UInt64.self)) else {
        throw .badShape(tensor: StrictJSON.shown(name))
      }
      shape.append(size)
    }
    guard let entryCount = Shape.entryCount(shape), Shape.byteCount(entryCount: entryCount, dtype: dtype) != nil else {
      throw .badShape(tensor: StrictJSON.shown(name))
    }
    let flag = try reader.integer("a byte digest's flag", as: UInt8.self)
    var digest: [UInt8]?
    var change = TensorChange.dense
    switch flag {
    case 0: break
    case 1: digest = try reader.bytes("a byte digest", count: SHA256.digestLength)
    case 2: change = .none
    case 3:
      change = .product(rank: Int(try reader.integer("an adapter's rank", as: UInt32.self)))
      digest = try reader.bytes("a byte digest", count: SHA256.digestLength)
    case 4 where isKronecker:
      let rows = Int(try reader.integer("an adapter's blocks", as: UInt32.self))
      change = .kronecker(rows: rows, columns: Int(try reader.integer("an adapter's blocks", as: UInt32.self)))
      digest = try reader.bytes("a byte digest", count: SHA256.digestLength)
    default: throw .badFlag(section: "a byte digest's flag", found: Int(flag))
    }
    return Entry(tensor: TunedTensor(name: name, dtype: dtype, shape: shape, change: change), byteDigest: digest)
  }
}
