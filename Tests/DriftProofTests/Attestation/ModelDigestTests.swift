// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
import DriftProofCore
import Foundation
import Testing
import DriftProofTranscript

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct ModelDigestTests {
  private func withFolder(_ files: KeyValuePairs<String, String>, _ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString)")
    let folder = root.appendingPathComponent("vector")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    for (path, content) in files {
      let file = folder.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(content.utf8).write(to: file)
    }
    try body(folder.path)
  }

  private func root(of files: KeyValuePairs<String, String>) throws -> String {
    var root = ""
    try withFolder(files) { root = try ModelDigest.compute(path: $0).root }
    return root
  }

  // Two Unicode spellings of one name are two files.
  private static let vector: KeyValuePairs = [
    "a/b": "1", "a-b": "2", "a.b/c": "3", "B": "4", "\u{E9}": "5", "e\u{301}": "6", ".hidden": "", "x/.git/config": "7",
    ".git/HEAD": "8", ".gitignore": "9",
  ]

  /// What model-signing 1.1.1 gives for this folder.
  @Test func agreesWithModelSigning() throws {
    try withFolder(Self.vector) { folder in
      try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
      let digest = try ModelDigest.compute(path: folder)
      #expect(digest.root == "a002da241e995ec02bbca8ba9d90d628de153b4d1670ac7cfd94f42e3489e1c1")
      let order = [".hidden", "B", "a/b", "a-b", "a.b/c", "e\u{301}", "x/.git/config", "\u{E9}"]
      #expect(digest.files.map { Array($0.path.utf8) } == order.map { Array($0.utf8) })
      #expect(digest.name == "vector" && digest.files.map(\.bytes).reduce(0, +) == 7)
      for same in [folder + "/", folder + "/.", folder + "/a/.."] {
        let other = try ModelDigest.compute(path: same)
        #expect(other.root == digest.root && other.name == "vector")
      }
      let single = try ModelDigest.compute(path: folder + "/B")
      #expect(single.root == "5a9eab9148389395eff050ddf00220d722123ca8736c862bf200316389b3f611")
      #expect(single.name == "B" && single.files.map(\.path) == ["."])
    }
  }

  @Test func dependsOnContentsAndOrderOnly() throws {
    let digest = try root(of: ["a": "1", "b": "2"])
    #expect(try root(of: ["c": "1", "d/e": "2"]) == digest)
    let others: [KeyValuePairs<String, String>] = [
      ["a": "2", "b": "1"], ["a": "1"], ["a": "1", "b": "2", "c": ""], ["a": "12", "b": ""],
    ]
    for other in others {
      #expect(try root(of: other) != digest)
    }
  }

  @Test func leavesOutWhatItIsTold() throws {
    try withFolder(["a": "1", "model.sig": "2", "cache/x": "3", "cache2": "4"]) { folder in
      let all = try ModelDigest.compute(path: folder).files.map(\.path)
      #expect(all == ["a", "cache/x", "cache2", "model.sig"])
      let some = try ModelDigest.compute(path: folder, ignoring: ["model.sig", "./cache/"]).files.map(\.path)
      #expect(some == ["a", "cache2"])
      #expect(try ModelDigest.compute(path: folder, ignoring: ["", "."]).files.count == 4)
      #expect(throws: ModelDigestError.noFiles(path: folder)) {
        try ModelDigest.compute(path: folder, ignoring: ["a", "model.sig", "cache", "cache2"])
      }
    }
  }

  @Test func followsLinksToFilesOnlyWhenAllowed() throws {
    try withFolder(["blobs/1": "1", "model/real": "2"]) { folder in
      let model = folder + "/model"
      try FileManager.default.createSymbolicLink(atPath: model + "/link", withDestinationPath: "../blobs/1")
      #expect(throws: ModelDigestError.symbolicLink(path: model + "/link")) { try ModelDigest.compute(path: model) }
      let linked = try ModelDigest.compute(path: model, allowsLinks: true)
      #expect(try root(of: ["link": "1", "real": "2"]) == linked.root)

      try FileManager.default.createSymbolicLink(atPath: model + "/folder", withDestinationPath: "../blobs")
      #expect(throws: ModelDigestError.linkedFolder(path: model + "/folder")) {
        try ModelDigest.compute(path: model, allowsLinks: true)
      }
      try FileManager.default.removeItem(atPath: model + "/folder")
      try FileManager.default.createSymbolicLink(atPath: folder + "/alias", withDestinationPath: "model")
      for path in [folder + "/alias", folder + "/alias/"] {
        #expect(throws: ModelDigestError.symbolicLink(path: folder + "/alias")) { try ModelDigest.compute(path: path) }
        #expect(try ModelDigest.compute(path: path, allowsLinks: true).root == linked.root)
      }
    }
  }

  @Test func rejectsWhatHasNoDigest() throws {
    try withFolder(["a": "1"]) { folder in
      #expect(throws: ModelDigestError.self) { try ModelDigest.compute(path: folder + "/none") }
      #expect(throws: ModelDigestError.self) { try ModelDigest.compute(path: folder + "/\u{0}") }
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)
      #expect(throws: ModelDigestError.notAFile(path: folder + "/pipe")) { try ModelDigest.compute(path: folder) }
    }
    try withFolder([:]) { folder in
      #expect(throws: ModelDigestError.noFiles(path: folder)) { try ModelDigest.compute(path: folder) }
    }
    try withFolder(["a": "1"]) { folder in
      let name = Array((folder + "/").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
      let descriptor = open(name, O_CREAT | O_WRONLY, 0o600)
      #expect(descriptor >= 0)
      close(descriptor)
      #expect(throws: ModelDigestError.undecodableName(folder: folder)) { try ModelDigest.compute(path: folder) }
    }
    let deep = String(repeating: "d/", count: ModelFiles.maximumDepth)
    try withFolder([deep + "f": "1"]) { folder in
      let error = #expect(throws: ModelDigestError.self) { try ModelDigest.compute(path: folder) }
      guard case .tooDeep? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func hashesFilesLargerThanABlock() throws {
    let long = String(repeating: "0123456789", count: FileHasher.blockBytes / 4)
    try withFolder(["a": long, "b": String(long.dropLast())]) { folder in
      let counter = ByteCounter()
      let digest = try ModelDigest.compute(path: folder) { done, total in counter.note(done, total) }
      #expect(digest.files.map(\.bytes) == [long.utf8.count, long.utf8.count - 1])
      #expect(counter.last == digest.files.map(\.bytes).reduce(0, +))
      for file in digest.files {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file.path)))
        #expect(file.sha256 == SHA256.hash(bytes).hexadecimal)
      }
    }
  }
}

/// The largest count of a progress callback.
private final class ByteCounter: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var last = 0

  func note(_ done: Int, _ total: Int) {
    lock.withLock {
      #expect(done <= total)
      last = max(last, done)
    }
  }
}
