// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Foundation
import Testing

@Suite struct DurableFileTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "durable-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func replacesAsAWhole() throws {
    try inFolder { folder in
      let path = folder + "/file"
      try DurableFile.replace(path, with: [1, 2, 3], mode: 0o600, folder: .required)
      #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))
      #expect(try mode(path) == 0o600)
      let file = try DurableFile(replacing: path, mode: 0o600)
      try file.append([4])
      #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))
      try file.append([5])
      try file.commit(folder: .attempted)
      #expect(FileManager.default.contents(atPath: path) == Data([4, 5]))
      #expect(try names(folder) == ["file"])
    }
  }

  @Test func leavesNothingWithoutACommit() throws {
    try inFolder { folder in
      try DurableFile.replace(folder + "/old", with: [1], mode: 0o644, folder: .attempted)
      do {
        let file = try DurableFile(replacing: folder + "/old", mode: 0o644, temporary: folder + "/t")
        try file.append([2])
        #expect(try names(folder) == ["old", "t"])
      }
      do {
        let file = try DurableFile(creating: folder + "/new", mode: 0o644)
        try file.append([2])
      }
      #expect(try names(folder) == ["old"])
      #expect(FileManager.default.contents(atPath: folder + "/old") == Data([1]))
    }
  }

  /// What a killed process left under the temporary name is no obstacle, be it a link to elsewhere.
  @Test func replacesWhatWasLeftOver() throws {
    try inFolder { folder in
      try DurableFile.create(folder + "/elsewhere", with: [9], mode: 0o644, folder: .attempted)
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/t", withDestinationPath: folder + "/elsewhere")
      let file = try DurableFile(replacing: folder + "/file", mode: 0o644, temporary: folder + "/t")
      try file.append([1])
      try file.commit(folder: .required)
      #expect(try names(folder) == ["elsewhere", "file"])
      #expect(FileManager.default.contents(atPath: folder + "/elsewhere") == Data([9]))
    }
  }

  @Test func rejects_creation_when_aFileIsThere() throws {
    try inFolder { folder in
      try DurableFile.create(folder + "/file", with: [1], mode: 0o600, folder: .required)
      let error = #expect(throws: SystemError.self) {
        try DurableFile.create(folder + "/file", with: [2], mode: 0o600, folder: .required)
      }
      #expect(error?.isExisting == true)
      #expect(FileManager.default.contents(atPath: folder + "/file") == Data([1]))
    }
  }

  @Test func rejects_path_when_thereIsNoFolderOrANULByte() throws {
    try inFolder { folder in
      for name in ["gone/file", "a\u{0}b"] {
        #expect(throws: SystemError.self) {
          try DurableFile.replace("\(folder)/\(name)", with: [1], mode: 0o600, folder: .attempted)
        }
      }
      let left = try names(folder)
      #expect(left.isEmpty)
    }
  }

  @Test func namesFolders() {
    #expect(DurableFile.folder(of: "a") == "." && DurableFile.folder(of: "/a") == "/")
    #expect(DurableFile.folder(of: "a/b") == "a" && DurableFile.folder(of: "/a/b/c") == "/a/b")
  }
}
