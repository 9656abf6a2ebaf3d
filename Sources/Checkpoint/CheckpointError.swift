// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Why a checkpoint, an encoding or an identity was rejected: one case per reason, with what to do about it.
package enum CheckpointError: Error, Sendable, Equatable {
  // Files and folders
  case cannotOpen(file: String, reason: String)
  case cannotWrite(file: String, reason: String)
  case notARegularFile(file: String)
  case outOfBounds(file: String, range: Range<Int>, count: Int)
  case noCheckpoint(folder: String, lookedFor: [String])
  /// A folder with weights, but not as a checkpoint has them; `remedy` says what is there and what to do.
  case otherWeights(folder: String, FolderContents)
  /// Weights that a runtime could load beside or instead of those that are read, and that nobody has left out.
  case moreWeights(folder: String, read: [String], others: [String])
  /// One file of a sharded model in place of the model.
  case shardAlone(file: String, index: Int, count: Int)
  /// A `config.json` that may name other weights than those that are there.
  case configuration(file: String, problem: String)
  /// A symbolic link to nothing, as in a download cache whose content is gone.
  case danglingLink(file: String, target: String)
  /// Something else than a safetensors file, by its first bytes.
  case wrongKind(file: String, FileKind)
  /// A folder where a file was asked for.
  case isFolder(path: String)
  case ambiguousFolder(folder: String, found: [String])
  case json(file: String, JSONError)
  case digestUnavailable

  // Safetensors headers
  case fileTooShort(file: String, count: Int)
  case headerTooLarge(file: String, count: UInt64, limit: UInt64)
  case headerBeyondFile(file: String, count: UInt64, fileCount: Int)
  case headerStart(file: String, byte: UInt8)
  case unknownDataType(file: String, tensor: String, dtype: String)
  case malformedOffsets(file: String, tensor: String)
  case sizeOverflow(file: String, tensor: String, shape: [Int])
  case partialByte(file: String, tensor: String, bits: Int)
  case sizeMismatch(file: String, tensor: String, expected: Int, found: Int)
  case notContiguous(file: String, tensor: String, expectedStart: Int, start: Int)
  case dataSizeMismatch(file: String, expected: Int, found: Int)

  // Sharded checkpoints
  case shardName(file: String, tensor: String, shard: String)
  case missingShard(file: String, shard: String, reason: String)
  case missingFromShard(file: String, tensor: String, shard: String)
  case missingFromIndex(file: String, tensor: String, shard: String)
  case wrongShard(file: String, tensor: String, indexed: String, found: String)
  case duplicateTensor(file: String, tensor: String, other: String)
  /// Two tensors whose names are one when they are read without a prefix.
  case sameReading(file: String, name: String, tensors: [String])

  // Encoding
  case notFloating(file: String, tensor: String, dtype: DataType)
  case notFinite(file: String, tensor: String, index: Int)
  case tooLarge(file: String, tensor: String, index: Int, value: Double, fractionBits: Int)
  case fractionBitsOutOfRange(file: String, tensor: String, fractionBits: Int)
  case rangeOutOfBounds(file: String, tensor: String, range: Range<Int>, entryCount: Int)
  case dataTypeMismatch(tensor: String, base: DataType, tuned: DataType)
  case shapeMismatch(tensor: String, base: [Int], tuned: [Int])

  // Identities
  case identityJSON(JSONError)
  case identityValue(path: String, found: String, expected: String)
  case identityRootMismatch(stated: String, computed: String)

  // Writing
  case writerOrder(file: String, reason: String)
}

extension CheckpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .cannotOpen(let file, let reason): "\(file): cannot be opened: \(reason)"
    case .cannotWrite(let file, let reason): "\(file): cannot be written: \(reason)"
    case .notARegularFile(let file): "\(file): not a regular file; give a .safetensors file or a checkpoint folder"
    case .outOfBounds(let file, let range, let count):
      "\(file): bytes \(range.lowerBound)..<\(range.upperBound) are not inside the file's \(count) bytes"
    case .noCheckpoint(let folder, let names):
      "\(folder): no checkpoint here; looked for \(names.joined(separator: " and ")); convert other formats to safetensors"
    case .otherWeights(let folder, let found): "\(folder): no checkpoint here; \(found)"
    case .ambiguousFolder(let folder, let names):
      "\(folder): has \(names.joined(separator: " and ")), which may disagree, and runtimes choose differently; name "
        + "the one file that is meant, or move the others out of the folder with all that belongs to them"
    case .json(let file, let error): "\(file): \(error)"
    case .digestUnavailable: "\(HashUnavailable())"
    case .identityJSON(let error): "base identity: \(error)"
    case .identityValue(let path, let found, let expected):
      "base identity: \(path): found \(found), expected \(expected); recompute the identity from the base's files"
    case .identityRootMismatch(let stated, let computed):
      "base identity: $.root is \(stated), but the tensors listed give \(computed); the file was altered: recompute it"
    case .writerOrder(let file, let reason): "\(file): \(reason)"
    default: folderDescription ?? headerDescription ?? shardDescription ?? encodingDescription
    }
  }

  private var headerDescription: String? {
    switch self {
    case .wrongKind(let file, let kind):
      "\(file): \(kind), no safetensors file; \(kind.cure ?? "name the file or folder with the weights")"
    case .fileTooShort(let file, let count):
      "\(file): \(count) bytes are too few for a safetensors header; the download may be incomplete"
    case .headerTooLarge(let file, let count, let limit):
      "\(file): the header claims \(count) bytes, more than the format's \(limit); not a safetensors file?"
    case .headerBeyondFile(let file, let count, let fileCount):
      "\(file): the header claims \(count) bytes, but the file has \(fileCount) in all; the download may be incomplete"
    case .headerStart(let file, let byte):
      "\(file): the header starts with byte 0x\(String(byte, radix: 16)) instead of '{'; not a safetensors file?"
    case .unknownDataType(let file, let tensor, let dtype):
      "\(Self.place(file, tensor)): unknown dtype \(StrictJSON.shown(dtype)); convert the tensor to a known type"
    case .malformedOffsets(let file, let tensor):
      "\(Self.place(file, tensor)): data_offsets must be two numbers, begin <= end; write the file again"
    case .sizeOverflow(let file, let tensor, let shape):
      "\(Self.place(file, tensor)): the size of shape \(shape) overflows; write the file again"
    case .partialByte(let file, let tensor, let bits):
      "\(Self.place(file, tensor)): \(bits) bits do not fill whole bytes; pad the tensor"
    case .sizeMismatch(let file, let tensor, let expected, let found):
      "\(Self.place(file, tensor)): dtype and shape need \(expected) bytes, data_offsets hold \(found); write the file again"
    case .notContiguous(let file, let tensor, let expectedStart, let start):
      "\(Self.place(file, tensor)): data start at \(start), but the tensor before ends at \(expectedStart) "
        + "(a hole or an overlap); write the file again"
    case .dataSizeMismatch(let file, let expected, let found):
      found > expected
        ? "\(file): \(found - expected) bytes stand behind the last tensor, which no tensor accounts for; write the file "
          + "again, or download it again"
        : "\(file): the tensors end at data byte \(expected), the file at \(found); the download may be incomplete"
    default: nil
    }
  }

  private var shardDescription: String? {
    switch self {
    case .shardName(let file, let tensor, let shard):
      "\(Self.place(file, tensor)): the shard \(StrictJSON.shown(shard)) must be a plain file name in the same folder"
    case .missingShard(let file, let shard, let reason):
      "\(file): names the shard \(StrictJSON.shown(shard)), which is not available (\(reason)); download it"
    case .missingFromShard(let file, let tensor, let shard):
      "\(Self.place(file, tensor)): the index places it in \(StrictJSON.shown(shard)), which does not have it; "
        + "index and shards come from different saves"
    case .missingFromIndex(let file, let tensor, let shard):
      "\(Self.place(file, tensor)): \(StrictJSON.shown(shard)) has this tensor, the index does not; "
        + "index and shards come from different saves"
    case .wrongShard(let file, let tensor, let indexed, let found):
      "\(Self.place(file, tensor)): the index places it in \(StrictJSON.shown(indexed)), "
        + "but it is in \(StrictJSON.shown(found)); index and shards come from different saves"
    case .duplicateTensor(let file, let tensor, let other):
      "\(Self.place(file, tensor)): also in \(StrictJSON.shown(other)); keep one"
    case .sameReading(let file, let name, let tensors):
      "\(file): \(tensors.map(StrictJSON.shown).joined(separator: " and ")) are both read as \(StrictJSON.shown(name)); "
        + "read the names without another prefix, or with all of it"
    default: nil
    }
  }

  private var encodingDescription: String {
    switch self {
    case .notFloating(let file, let tensor, let dtype):
      "\(Self.place(file, tensor)): \(dtype.rawValue) is compared byte for byte and has no encoding; freeze or exclude it"
    case .notFinite(let file, let tensor, let index):
      "\(Self.place(file, tensor)): entry \(index) is NaN or infinite; repair the weight, or exclude the tensor"
    case .tooLarge(let file, let tensor, let index, let value, let bits):
      "\(Self.place(file, tensor)): entry \(index) is \(value), beyond 2^40 units of 2^-\(bits) "
        + "(the base tensor fixes the unit); repair the weight, or exclude the tensor"
    case .fractionBitsOutOfRange(let file, let tensor, let bits):
      "\(Self.place(file, tensor)): needs \(bits) fractional bits, outside "
        + "\(Encoding.fractionBitsRange.lowerBound)...\(Encoding.fractionBitsRange.upperBound) "
        + "(its largest weight exceeds 2^41); rescale or exclude the tensor"
    case .rangeOutOfBounds(let file, let tensor, let range, let count):
      "\(Self.place(file, tensor)): entries \(range.lowerBound)..<\(range.upperBound) are not inside its \(count) entries"
    case .dataTypeMismatch(let tensor, let base, let tuned):
      "tensor \(StrictJSON.shown(tensor)): \(base.rawValue) in the base, \(tuned.rawValue) in the tuned model; "
        + "cast one of the checkpoints"
    case .shapeMismatch(let tensor, let base, let tuned):
      "tensor \(StrictJSON.shown(tensor)): shape \(base) in the base, \(tuned) in the tuned model; "
        + "a resized vocabulary must be declared by the policy"
    default: "rejected"
    }
  }

  private static func place(_ file: String, _ tensor: String) -> String {
    "\(file): tensor \(StrictJSON.shown(tensor))"
  }
}

extension CheckpointError {
  /// What `body` returns.
  /// - Throws: `digestUnavailable` for the one error that a running hash has.
  static func hashing<R>(_ body: () throws(HashUnavailable) -> R) throws(CheckpointError) -> R {
    do {
      return try body()
    } catch {
      throw .digestUnavailable
    }
  }
}
