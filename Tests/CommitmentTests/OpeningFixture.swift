// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TamperingSupport
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// Rows held in memory.
struct StoredRows: TableauRows {
  var messages: [RowMessage]
  var rowCount: Int { messages.count }
  func message(_ row: Int) throws -> RowMessage { messages[row] }
}

/// A small opening with everything in it: a tree of narrow, field and zero rows that is pinned by its root ("drift"), one of
/// field rows, masks and short rows without pins ("aux"), one that is pinned by a challenge ("late"), two folded claims and
/// one in clear.
struct OpeningFixture {
  static let logLength = 6
  static let shortLength = 5

  var parameters = CodeParameters(
    unchecked: logLength, logBlowup: 2, queries: 12, grindingBits: 4, driftTail: 24, foldSchedule: [2, 1, 1])
  var drift: StoredRows
  var aux: StoredRows
  var late: StoredRows
  /// The secret of the commitments.
  var secret: [UInt8] = Array(repeating: 7, count: 32)
  /// What the claims say beyond the truth: per claim, added to its value.
  var valueErrors: [CubicExtension] = [.zero, .zero, .zero]
  /// The drift rows that the honest values are of, when they are not those committed.
  var claimedDrift: StoredRows?
  var commitmentTampering: CommitmentTampering?
  /// Deviations of "late".
  var lateTampering: CommitmentTampering?
  var openingTampering: OpeningTampering?
  /// Runs of places that the first claim's functional has in place of an equality; points are cut off its own.
  var runs: [(offset: Int, logCount: Int)]?

  static let driftRows = 11
  /// Two data rows, then masks for claims 0 and 1, then two short rows, then the mask of claim 2.
  static let auxRows = 2 + 6 + 2 + 3

  init(seed: UInt8 = 1, masks: UInt8 = 2, parameters: CodeParameters? = nil) {
    if let parameters { self.parameters = parameters }
    let length = self.parameters.length
    let data = PseudorandomStream(secret: [seed], label: "data")
    let random = PseudorandomStream(secret: [masks], label: "masks")
    drift = StoredRows(
      messages: (0..<Self.driftRows).map { row in
        switch row {
        case 3: .zero
        case 5: .field(data.elements(length).map(\.value))
        case 6: .narrow((0..<length / 2).map { Int32($0) - 7 })
        default: .narrow(data.bytes(length).map { Int32($0) - 128 })
        }
      })
    func field(_ count: Int, _ stream: PseudorandomStream) -> RowMessage {
      .field(stream.elements(count).map(\.value))
    }
    var messages = [field(length, data), field(length / 4, data)]
    messages += (0..<6).map { _ in field(length, random) }
    messages += (0..<2).map { _ in field(Self.shortLength, data) }
    messages += (0..<3).map { _ in field(Self.shortLength, random) }
    aux = StoredRows(messages: messages)
    late = StoredRows(messages: (0..<3).map { _ in field(length, data) })
  }

  var driftShapes: [RowShape] {
    [RowShape](repeating: RowShape(tailOffset: parameters.length, tailCount: parameters.driftRowTail), count: 11)
  }

  var lateShapes: [RowShape] {
    [RowShape](repeating: RowShape(tailOffset: parameters.length, tailCount: parameters.proofTail), count: 3)
  }

  var auxShapes: [RowShape] {
    let data = RowShape(tailOffset: parameters.length, tailCount: parameters.proofTail)
    let mask = RowShape(tailOffset: parameters.length, tailCount: parameters.driftRowTail)
    let short = RowShape(tailOffset: Self.shortLength, tailCount: parameters.proofTail)
    return [data, data] + [RowShape](repeating: mask, count: 6) + [RowShape](repeating: short, count: 5)
  }

  static func value(of row: RowMessage, at index: Int) -> CubicExtension {
    switch row {
    case .zero: .zero
    case .narrow(let m): index < m.count ? CubicExtension(Int(m[index])) : .zero
    case .field(let m): index < m.count ? CubicExtension(Goldilocks(reducing: m[index])) : .zero
    }
  }

  /// The claims that follow the commitments in a transcript, with honest values unless `rows` is nil (verifier).
  func claims(_ transcript: inout Transcript, values: [CubicExtension]?) -> [OpeningClaim] {
    func zeros(_ count: Int) -> [CubicExtension] { [CubicExtension](repeating: .zero, count: count) }
    let points = (0..<2).map { transcript.challenges("point \($0)", parameters.logLength) }
    let tau = transcript.challenge("tau")
    let shortWeights = transcript.challenge("short").powers(Self.shortLength)
    let auxData = Array(tau.powers(4)[2...]) + zeros(11)
    let auxShort = zeros(8) + [tau, tau * tau] + zeros(3)
    let shapes: [(String, OpeningClaim.Functional, [[CubicExtension]], OpeningClaim.Mask)] = [
      ("drift", functional(points[0]), [tau.powers(11), [], []], .init(tree: 1, firstRow: 2)),
      (
        "both", .equality(point: points[1]), [(tau + 1).powers(11), auxData, Array(tau.powers(7)[4...])],
        .init(tree: 1, firstRow: 5)
      ),
      ("short", .clear(weights: shortWeights), [[], auxShort, []], .init(tree: 1, firstRow: 10)),
    ]
    return shapes.enumerated().map { index, shape in
      let value = values?[index] ?? honestValue(shape.1, shape.2) + valueErrors[index]
      return OpeningClaim(name: shape.0, functional: shape.1, weights: shape.2, value: value, mask: shape.3)
    }
  }

  private func functional(_ point: [CubicExtension]) -> OpeningClaim.Functional {
    guard let runs else { return .equality(point: point) }
    return .parts(
      runs.enumerated().map { index, run in
        FunctionalPart(
          weight: CubicExtension(index + 3), offset: run.offset, point: Array(point.prefix(run.logCount)))
      })
  }

  private func honestValue(_ functional: OpeningClaim.Functional, _ weights: [[CubicExtension]]) -> CubicExtension {
    let table =
      switch functional {
      case .equality(let point): Multilinear.equality(point)
      case .parts(let parts): Self.table(parts, count: drift.messages[0].count)
      case .clear(let weights): weights
      }
    var result = CubicExtension.zero
    for (rows, treeWeights) in zip([claimedDrift ?? drift, aux, late], weights) {
      for (row, weight) in treeWeights.enumerated() where weight != .zero {
        for i in table.indices { result += weight * table[i] * Self.value(of: rows.messages[row], at: i) }
      }
    }
    return result
  }

  /// Of c(offset + y) = weight·eq(point, y), place by place.
  private static func table(_ parts: [FunctionalPart], count: Int) -> [CubicExtension] {
    var table = [CubicExtension](repeating: .zero, count: count)
    for part in parts {
      for y in 0..<1 << part.point.count {
        table[part.offset + y] += part.weight * Multilinear.equality(part.point, at: y)
      }
    }
    return table
  }

  struct Proof {
    var bytes: [UInt8]
    var values: [CubicExtension]
    var driftRoot: [UInt8] = []
    var driftPins: [CubicExtension] = []
    var sizes: [(section: String, bytes: Int)]
  }

  func prove() throws -> Proof {
    let scheme = HashCommitment(parameters)
    var channel = ProverChannel(transcript: Transcript(protocolID: "test"))
    let trees = try commit(scheme, &channel)
    let claims = claims(&channel.transcript, values: nil)
    try scheme.open(trees, claims: claims, channel: &channel, deviation: openingTampering ?? OpeningTampering())
    return Proof(
      bytes: channel.proof, values: claims.map(\.value), driftRoot: trees[0].root,
      driftPins: trees[0].pins?.values ?? [], sizes: channel.sizes)
  }

  /// Commits to all trees and sends them; `drift`, with its pins, is known to the verifier beforehand.
  func commit(_ scheme: HashCommitment, _ channel: inout ProverChannel) throws -> [CommittedTableau] {
    let drift = try scheme.pin(
      scheme.commit(
        label: "drift", rows: drift, shapes: driftShapes, secret: secret,
        deviation: commitmentTampering ?? CommitmentTampering()))
    channel.transcript.absorb("drift", bytes: scheme.bindingBytes(of: drift.reference))
    let late = try scheme.send(
      scheme.commit(
        label: "late", rows: late, shapes: lateShapes, secret: secret,
        deviation: lateTampering ?? CommitmentTampering()),
      isPinned: true, to: &channel)
    let aux = try scheme.send(
      scheme.commit(label: "aux", rows: aux, shapes: auxShapes, secret: secret), isPinned: false, to: &channel)
    return [drift, aux, late]
  }

  func verify(_ proof: Proof) throws(ProofRejection) {
    let scheme = HashCommitment(parameters)
    var channel = VerifierChannel(transcript: Transcript(protocolID: "test"), proof: proof.bytes)
    let driftTree = TableauReference(
      label: "drift", root: proof.driftRoot, shapes: driftShapes, pinValues: proof.driftPins, parameters: parameters)
    channel.transcript.absorb("drift", bytes: scheme.bindingBytes(of: driftTree))
    let lateTree = try scheme.receive(label: "late", shapes: lateShapes, isPinned: true, from: &channel)
    let auxTree = try scheme.receive(label: "aux", shapes: auxShapes, isPinned: false, from: &channel)
    let claims = claims(&channel.transcript, values: proof.values)
    try scheme.verify([driftTree, auxTree, lateTree], claims: claims, channel: &channel)
    try channel.finish()
  }

  /// The verdict on this fixture's own proof: nil when accepted.
  func rejection() throws -> ProofRejection? { try rejection(of: prove()) }

  func rejection(of proof: Proof) -> ProofRejection? {
    do {
      try verify(proof)
      return nil
    } catch {
      return error
    }
  }

  /// Where a section of the proof begins, for its first occurrence or a later one.
  static func offset(of section: String, occurrence: Int = 0, in proof: Proof) -> Int? {
    var start = 0
    var seen = 0
    for part in proof.sizes {
      if part.section == section {
        if seen == occurrence { return start }
        seen += 1
      }
      start += part.bytes
    }
    return nil
  }
}
