// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

@Suite struct PlanTests {
  static let key = AuditKey(bytes: Array(0..<32)) ?? AuditKey()

  static func plan() throws -> AuditPlan {
    AuditPlan(
      mode: .audit, score: .logProbabilities, margin: 20_000,
      subject: .endpoint(try EndpointAddress("https://api.example.com/v1")), modelName: "org/tuned", key: key)
  }

  @Test func aPlanIsReadBack() throws {
    var plan = try Self.plan()
    #expect(try AuditPlan(file: plan.file) == plan)
    plan.score = .text
    plan.subject = .local
    plan.isChat = true
    plan.prompts = .file(digest: String(repeating: "ab", count: 32))
    plan.previous = String(repeating: "01", count: 32)
    plan.run = 2
    plan.beacon = "drand round 12345"
    plan.certificate = plan.previous
    plan.modelDigest = plan.previous
    #expect(try AuditPlan(file: plan.file) == plan)
  }

  /// Everything that decides is under the digest: changing any of it is another plan, with other questions.
  @Test func everyFieldIsUnderTheDigest() throws {
    let plan = try Self.plan()
    let hash = String(repeating: "ab", count: 32)
    let changes: [(inout AuditPlan) -> Void] = [
      { $0.mode = .quick }, { $0.score = .text }, { $0.margin += 1 }, { $0.farShare = 10 }, { $0.subject = .local },
      { $0.modelName = "x" },
      { $0.isChat = true }, { $0.tokens = 9 }, { $0.listed = 5 }, { $0.prompts = .file(digest: hash) },
      { $0.commitment = hash }, { $0.run = 2 }, { $0.previous = hash }, { $0.beacon = "x" }, { $0.certificate = hash },
      { $0.modelDigest = hash }, { $0.sentences = hash }, { $0.words = hash },
    ]
    var digests: Set<[UInt8]> = [plan.digest]
    for change in changes {
      var other = plan
      change(&other)
      #expect(digests.insert(other.digest).inserted)
    }
    let questions = try plan.questions(key: Self.key, beacon: [], file: nil)
    var other = plan
    other.margin += 1
    #expect(try other.questions(key: Self.key, beacon: [], file: nil).prompt(0) != questions.prompt(0))
    #expect(try plan.questions(key: Self.key, beacon: [1], file: nil).prompt(0) != questions.prompt(0))
  }

  @Test func aPlanHasOneSpelling() throws {
    let file = try Self.plan().file
    #expect(throws: AuditPlanError.self) { try AuditPlan(file: Array(file.dropLast())) }
    #expect(throws: AuditPlanError.self) { try AuditPlan(file: file + [0x0A]) }
    let text = String(decoding: file, as: UTF8.self)
    for (old, new) in [
      ("{\"audit\"", "{ \"audit\""), ("\"margin\":20000", "\"margin\":20000.0"), ("\"run\":1", "\"run\":1e0"),
      ("org/tuned", "org\\/tuned"), ("org/tuned", "\\u006frg/tuned"),
    ] {
      let other = text.replacing(old, with: new)
      #expect(other != text)
      #expect(throws: AuditPlanError.malformed(CanonicalFailure.otherSpelling.description)) {
        try AuditPlan(file: Array(other.utf8))
      }
    }
    // Two members in the wrong order, each by itself as it must be.
    let swapped = text.replacing("\"audit\":1,\"chat\":false", with: "\"chat\":false,\"audit\":1")
    #expect(throws: AuditPlanError.malformed(CanonicalFailure.otherSpelling.description)) {
      try AuditPlan(file: Array(swapped.utf8))
    }
  }

  @Test func otherVersionsAreRefusedByName() throws {
    let text = String(decoding: try Self.plan().file, as: UTF8.self)
    func error(_ old: String, _ new: String) -> AuditPlanError? {
      do { _ = try AuditPlan(file: Array(text.replacing(old, with: new).utf8)) } catch { return error }
      return nil
    }
    let hash = String(repeating: "ab", count: 32)
    #expect(error("\"audit\":1", "\"audit\":2") == .version(2))
    #expect(error(PromptFamily.digest, hash) == .otherSentences(hash))
    #expect(error(Vocabulary.digest, hash) == .otherWords(hash))
    for (old, new) in [
      ("\"mode\":\"audit\"", "\"mode\":\"sloppy\""), ("\"margin\":20000", "\"margin\":0"),
      ("\"tokens\":8", "\"tokens\":0"),
      ("\"listed\":20", "\"listed\":21"), ("https://api", "http://api"), ("example.com", "Example.com"),
      ("/v1", "/v1/"),
      ("\"run\":1", "\"run\":0"), ("\"score\":\"logprobs\"", "\"score\":\"text\""), ("org/tuned", ""),
      ("\"chat\":false,", ""),
    ] {
      let found = error(old, new)
      guard case .malformed? = found else {
        Issue.record("\(new): \(String(describing: found))")
        continue
      }
    }
  }

  @Test func theKeyMustBeTheCommittedOne() throws {
    let plan = try Self.plan()
    #expect(throws: AuditPlanError.otherKey) { try plan.questions(key: AuditKey(), beacon: [], file: nil) }
    let file = try PromptFile(Array("one\ntwo\n".utf8))
    #expect(throws: AuditPlanError.otherPrompts(expected: nil, found: file.digest)) {
      try plan.questions(key: Self.key, beacon: [], file: file)
    }
    var own = plan
    own.prompts = .file(digest: file.digest)
    #expect(try own.questions(key: Self.key, beacon: [], file: file).count == 2)
    #expect(throws: AuditPlanError.otherPrompts(expected: file.digest, found: nil)) {
      try own.questions(key: Self.key, beacon: [], file: nil)
    }
    let other = try PromptFile(Array("one\n".utf8))
    #expect(throws: AuditPlanError.otherPrompts(expected: file.digest, found: other.digest)) {
      try own.questions(key: Self.key, beacon: [], file: other)
    }
  }

  @Test func keysAreReadBack() {
    let key = AuditKey()
    #expect(AuditKey(file: key.file) == key)
    #expect(AuditKey(file: Array(key.file.dropLast())) == nil)
    #expect(AuditKey(file: key.file + [0x0A]) == nil)
    #expect(AuditKey(bytes: [1]) == nil)
    #expect(key != AuditKey())
  }

  /// Whatever the bytes, an error and no trap.
  @Test func damagedPlansAreRefused() throws {
    let file = try Self.plan().file
    var random = SeededGenerator(seed: 21)
    for _ in 0..<3000 {
      var bytes = file
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      if let plan = try? AuditPlan(file: bytes) { #expect(plan.file == bytes) }
    }
  }
}

@Suite struct EndpointAddressTests {
  @Test(arguments: [
    ("https://api.example.com/v1", "https://api.example.com", "/v1"),
    ("https://API.example.com:443/v1/", "https://api.example.com", "/v1"),
    ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080", "/v1"), ("http://localhost", "http://localhost", ""),
    ("http://[::1]:9/a/b", "http://[::1]:9", "/a/b"), ("http://localhost:80/", "http://localhost", ""),
  ])
  func addressesAreRead(_ text: String, _ origin: String, _ path: String) throws {
    let address = try EndpointAddress(text)
    #expect(address.origin == origin)
    #expect(address.path == path)
    #expect(address.isLoopback == text.hasPrefix("http://"))
  }

  @Test(arguments: [
    ("ftp://a/v1", EndpointAddressError.scheme), ("api.example.com", .scheme), ("https://u:p@a/v1", .user),
    ("https://a/v1?key=1", .query), ("https://a/v1#x", .query),
    ("http://api.example.com/v1", .insecure(host: "api.example.com")),
    ("http://127.0.0.1.evil.com/v1", .insecure(host: "127.0.0.1.evil.com")), ("https:///v1", .host),
    ("https://a:0/v1", .port),
    ("https://a:x/v1", .port), ("https://a:080/v1", .port), ("https://a//v1", .path), ("https://a/../v1", .path),
    ("https://a b/v1", .characters), ("https://ä.de/v1", .characters), ("https://a\\b/v1", .characters),
    ("https://a%41/v1", .host),
    ("https://[::1/v1", .host),
  ])
  func otherTextsAreRefusedByName(_ text: String, _ error: EndpointAddressError) {
    #expect(throws: error) { try EndpointAddress(text) }
  }
}
