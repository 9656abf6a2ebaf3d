// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ bytes: [UInt8]) throws -> Checkpoint {
    try Checkpoint.open(folder.write("x.safetensors", bytes))
  }

  /// Expects the error that `make` builds from the file's path.
  private func expect(
    _ bytes: [UInt8], _ make: (String) -> CheckpointError, _ location: SourceLocation = #_sourceLocation
  ) {
    let error = make(folder.file("x.safetensors"))
    #expect(throws: error, sourceLocation: location) { try open(bytes) }
    #expect(error.description.contains(folder.path), sourceLocation: location)
  }

  private static func tensor(_ dtype: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
    "{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
  }

  @Test func acceptsScalarsEmptyTensorsPaddingAndMetadata() throws {
    let header =
      "{\"__metadata__\":{\"format\":\"pt\"},\"z\":\(Self.tensor("I64", "[]", 0, 8)),"
      + "\"e\":\(Self.tensor("F32", "[0,5]", 8, 8)),\"é\":\(Self.tensor("F4", "[3,2]", 8, 11))}   "
    let checkpoint = try open(safetensors(header, data: 11))
    #expect(checkpoint.tensors.map(\.name) == ["e", "z", "é"])
    #expect(checkpoint.tensors.map(\.entryCount) == [0, 1, 6])
    let start = 8 + header.utf8.count
    #expect(checkpoint.tensors.map(\.byteRange) == [start + 8..<start + 8, start..<start + 8, start + 8..<start + 11])
    #expect(checkpoint.tensor(named: "z")?.dtype == .i64)
    #expect(checkpoint.tensor(named: "y") == nil)
  }

  @Test func acceptsEveryDataType() throws {
    for dtype in DataType.allCases {
      let header = "{\"t\":\(Self.tensor(dtype.rawValue, "[8]", 0, dtype.bits))}"
      let tensor = try #require(try open(safetensors(header, data: dtype.bits)).tensors.first)
      #expect(tensor.dtype == dtype)
    }
    #expect(DataType.allCases.filter(\.isFloating).map(\.rawValue) == ["F16", "BF16", "F32", "F64"])
  }

  @Test func acceptsFileWithoutTensors() throws { #expect(try open(safetensors("{}")).tensors.isEmpty) }

  @Test func rejects_file_when_shorter_than_prefix() {
    expect([1, 2, 3]) { .fileTooShort(file: $0, count: 3) }
    expect([]) { .fileTooShort(file: $0, count: 0) }
    expect([UInt8](repeating: 0, count: 8)) { .fileTooShort(file: $0, count: 8) }
  }

  @Test func rejects_header_when_length_exceeds_limit_or_file() {
    expect(littleEndian(100_000_001 as UInt64)) {
      .headerTooLarge(file: $0, count: 100_000_001, limit: 100_000_000)
    }
    expect(littleEndian(UInt64.max)) { .headerTooLarge(file: $0, count: .max, limit: 100_000_000) }
    expect(littleEndian(100_000_000 as UInt64)) { .headerBeyondFile(file: $0, count: 100_000_000, fileCount: 8) }
  }

  @Test func rejects_header_when_not_starting_with_brace() {
    expect(safetensors(" {}")) { .headerStart(file: $0, byte: 0x20) }
  }

  @Test func rejects_header_when_names_repeat() {
    let tensor = Self.tensor("U8", "[0]", 0, 0)
    expect(safetensors("{\"a\":\(tensor),\"a\":\(tensor)}")) {
      .json(file: $0, .duplicateKey("a", offset: 6 + tensor.utf8.count))
    }
  }

  @Test func rejects_metadata_when_not_strings() {
    expect(safetensors("{\"__metadata__\":{\"a\":1}}")) {
      .json(file: $0, .wrongType(path: "$.__metadata__.a", expected: "a string", found: "a number"))
    }
  }

  @Test func rejects_tensor_when_keys_are_unknown_or_missing() {
    expect(safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}")) {
      .json(file: $0, .missingKey(path: "$.a.data_offsets"))
    }
    expect(safetensors("{\"a\":{\"x\":1}}")) {
      .json(file: $0, .unknownKey(path: "$.a.x", allowed: ["dtype", "shape", "data_offsets"]))
    }
  }

  @Test func rejects_tensor_when_dtype_is_unknown() {
    expect(safetensors("{\"a\":\(Self.tensor("F128", "[]", 0, 0))}")) {
      .unknownDataType(file: $0, tensor: "a", dtype: "F128")
    }
  }

  @Test func rejects_tensor_when_sizes_are_no_integers() {
    for shape in ["[-1]", "[1.0]", "[1e0]", "[9223372036854775808]"] {
      let header = "{\"a\":\(Self.tensor("U8", shape, 0, 1))}"
      #expect(throws: CheckpointError.self) { try open(safetensors(header, data: 1)) }
    }
  }

  @Test func rejects_tensor_when_size_overflows() {
    expect(safetensors("{\"a\":\(Self.tensor("U8", "[4294967296,4294967296]", 0, 0))}")) {
      .sizeOverflow(file: $0, tensor: "a", shape: [1 << 32, 1 << 32])
    }
    expect(safetensors("{\"a\":\(Self.tensor("F64", "[1152921504606846976]", 0, 0))}")) {
      .sizeOverflow(file: $0, tensor: "a", shape: [1 << 60])
    }
  }

  @Test func rejects_tensor_when_bits_do_not_fill_bytes() {
    expect(safetensors("{\"a\":\(Self.tensor("F6_E2M3", "[3]", 0, 3))}", data: 3)) {
      .partialByte(file: $0, tensor: "a", bits: 18)
    }
  }

  @Test func rejects_tensor_when_size_and_offsets_disagree() {
    expect(safetensors("{\"a\":\(Self.tensor("F32", "[2]", 0, 7))}", data: 7)) {
      .sizeMismatch(file: $0, tensor: "a", expected: 8, found: 7)
    }
  }

  @Test func rejects_offsets_when_reversed_or_not_two() {
    expect(safetensors("{\"a\":\(Self.tensor("U8", "[1]", 1, 0))}", data: 1)) {
      .malformedOffsets(file: $0, tensor: "a")
    }
    expect(safetensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1,2]}}", data: 1)) {
      .malformedOffsets(file: $0, tensor: "a")
    }
  }

  @Test func rejects_data_when_holes_or_overlaps() {
    let first = Self.tensor("U8", "[2]", 0, 2)
    expect(safetensors("{\"a\":\(first),\"b\":\(Self.tensor("U8", "[1]", 3, 4))}", data: 4)) {
      .notContiguous(file: $0, tensor: "b", expectedStart: 2, start: 3)
    }
    expect(safetensors("{\"a\":\(first),\"b\":\(Self.tensor("U8", "[1]", 1, 2))}", data: 2)) {
      .notContiguous(file: $0, tensor: "b", expectedStart: 2, start: 1)
    }
    expect(safetensors("{\"a\":\(Self.tensor("U8", "[1]", 1, 2))}", data: 2)) {
      .notContiguous(file: $0, tensor: "a", expectedStart: 0, start: 1)
    }
  }

  @Test func rejects_data_when_end_is_not_the_files_end() {
    let header = "{\"a\":\(Self.tensor("U8", "[2]", 0, 2))}"
    expect(safetensors(header, data: 3)) { .dataSizeMismatch(file: $0, expected: 2, found: 3) }
    expect(safetensors(header, data: 1)) { .dataSizeMismatch(file: $0, expected: 2, found: 1) }
  }

  @Test func matrixShapesFollowTheProtocol() throws {
    let shapes: [([Int], Int, Int)] = [
      ([], 1, 1), ([7], 1, 7), ([2, 3], 2, 3), ([8, 4, 3, 3], 8, 36), ([5, 1, 1], 5, 1), ([0], 0, 0), ([3, 0], 0, 0),
      ([0, 1 << 62, 1 << 62], 0, 0),
    ]
    for (shape, rows, columns) in shapes { #expect(Shape.matrix(shape) == (rows, columns), "\(shape)") }
    #expect(Shape.entryCount([1 << 40, 1 << 40, 0]) == nil)
    #expect(Shape.entryCount([-1]) == nil)
  }

  @Test func writerRefusesWrongAmountsOfData() throws {
    let path = folder.file("w.safetensors")
    let writer = try SafetensorsWriter(path: path, tensors: [.init(name: "a", dtype: .u8, shape: [4])])
    try writer.append([1, 2])
    #expect(throws: CheckpointError.self) { try writer.finish() }
    #expect(throws: CheckpointError.self) { try writer.append([3, 4, 5]) }
    try writer.append(words: [0x0403] as [UInt16])
    try writer.finish()
    #expect(throws: CheckpointError.self) { try writer.append([]) }
    let checkpoint = try Checkpoint.open(path)
    let tensor = try #require(checkpoint.tensors.first)
    #expect(try checkpoint.bytes(of: tensor, range: 0..<4) == [1, 2, 3, 4])
    #expect(throws: CheckpointError.self) { try checkpoint.bytes(of: tensor, range: 2..<5) }
  }
}
