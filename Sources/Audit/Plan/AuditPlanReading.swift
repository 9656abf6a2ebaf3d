// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension AuditPlan {
  /// Reads a plan's file.
  package init(file: [UInt8]) throws(AuditPlanError) {
    guard file.last == 0x0A else { throw .malformed("it does not end with a line feed") }
    let root: JSONNode
    do throws(CanonicalFailure) {
      root = try CanonicalJSON.parse(Array(file.dropLast()))
    } catch {
      throw .malformed(error.description)
    }
    let version: Int
    do throws(JSONError) {
      version = try root.member("audit").integer(in: 1...Int.max)
    } catch {
      throw .malformed(error.description)
    }
    guard version == Self.version else { throw .version(version) }
    do throws(JSONError) {
      try self.init(root)
    } catch {
      throw .malformed(error.description)
    }
    try requireThisProgram()
  }

  private init(_ root: JSONNode) throws(JSONError) {
    try root.requireKeys(
      ["audit", "mode", "score", "margin", "endpoint", "model", "chat", "tokens", "prompts", "commitment", "run"],
      optional: ["farShare", "listed", "previous", "beacon", "certificate", "modelDigest"])
    func digest(_ node: JSONNode) throws(JSONError) -> String { try node.hex(byteCount: 32).hexadecimal }
    func optionalDigest(_ key: String) throws(JSONError) -> String? {
      guard let node = try root.optionalMember(key) else { return nil }
      return try digest(node)
    }
    mode = try Self.choice(root.member("mode"), AuditMode.init(rawValue:), AuditMode.allCases.map(\.rawValue))
    score = try Self.choice(root.member("score"), Score.init(rawValue:), Score.allCases.map(\.rawValue))
    margin = try root.member("margin").integer(in: Self.marginRange)
    farShare = try Self.farShare(root, score)
    subject = try Self.subject(root.member("endpoint"))
    modelName = try Self.label(root.member("model"))
    isChat = try root.member("chat").bool()
    tokens = try root.member("tokens").integer(in: Self.tokenRange)
    if score == .logProbabilities {
      listed = try root.member("listed").integer(in: Self.listedRange)
    } else {
      guard try root.optionalMember("listed") == nil else {
        throw .unknownKey(path: "$.listed", allowed: ["none, as the score is text"])
      }
      listed = Self.listedRange.upperBound
    }
    let source = try root.member("prompts")
    (sentences, words) = (PromptFamily.digest, Vocabulary.digest)
    if let file = try source.optionalMember("file") {
      try source.requireKeys(["file"])
      prompts = .file(digest: try digest(file))
    } else {
      try source.requireKeys(["sentences", "words"])
      prompts = .families
      sentences = try digest(source.member("sentences"))
      words = try digest(source.member("words"))
    }
    commitment = try digest(root.member("commitment"))
    run = try root.member("run").integer(in: 1...1_000_000)
    previous = try optionalDigest("previous")
    beacon = try root.optionalMember("beacon").map(Self.label)
    certificate = try optionalDigest("certificate")
    modelDigest = try optionalDigest("modelDigest")
  }

  /// Of texts; nil where the mode's own counts.
  static func farShare(_ root: JSONNode, _ score: Score) throws(JSONError) -> Int? {
    guard let node = try root.optionalMember("farShare") else { return nil }
    guard score == .text else {
      throw .unknownKey(path: node.path, allowed: ["none, as the score is not text"])
    }
    let share = try node.integer(in: 1...1000)
    guard farShares.contains(share) else {
      throw .outOfRange(
        path: node.path, found: String(share), expected: "one of \(farShares.map(String.init).joined(separator: ", "))")
    }
    return share
  }

  private static func choice<T>(
    _ node: JSONNode, _ value: (String) -> T?, _ known: [String]
  ) throws(JSONError) -> T {
    let text = try node.string()
    guard let value = value(text) else {
      throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: known.joined(separator: " or "))
    }
    return value
  }

  /// A name for people and requests.
  private static func label(_ node: JSONNode) throws(JSONError) -> String {
    let text = try node.string()
    guard isLabel(text) else {
      throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: "1 to 200 printable ASCII characters")
    }
    return text
  }

  /// 1 to 200 printable ASCII characters: names of models and beacons.
  package static func isLabel(_ text: String) -> Bool {
    (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
  }

  private static func subject(_ node: JSONNode) throws(JSONError) -> Subject {
    if case .string(let text) = node.value {
      guard text == "local" else {
        throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: "\"local\" or an object")
      }
      return .local
    }
    try node.requireKeys(["origin", "path"])
    let (origin, path) = (try node.member("origin").string(), try node.member("path").string())
    // The address has one spelling, or two plans would be about one endpoint.
    let read = try? EndpointAddress(origin + path)
    guard let read, UTF8Order.areEqual(read.origin, origin), UTF8Order.areEqual(read.path, path) else {
      throw .outOfRange(
        path: node.path, found: StrictJSON.shown(origin + path),
        expected: "an address such as https://api.example.com and /v1, http only on this machine")
    }
    return .endpoint(read)
  }

  /// Questions follow from sentences and words that another version of the program may not have.
  private func requireThisProgram() throws(AuditPlanError) {
    guard prompts == .families else { return }
    guard sentences == PromptFamily.digest else { throw .otherSentences(sentences) }
    guard words == Vocabulary.digest else { throw .otherWords(words) }
  }
}
