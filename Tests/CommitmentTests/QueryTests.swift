// SPDX-License-Identifier: Apache-2.0
import DriftProofCore
import DriftProofField
import DriftProofTranscript
import Synchronization
import TamperingSupport
import Testing

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

/// The query phases: work in full before each of them, and every opened position compared, not some of them. The cheats
/// deviate where a check of a part of the positions would not look.
@Suite struct QueryTests {
  /// What a prover has opened, by layer.
  private final class Opened: Sendable {
    private let positions = Mutex<[Int: [Int]]>([:])
    func note(_ list: [Int], layer: Int) { positions.withLock { $0[layer] = list } }
    func at(_ layer: Int) -> [Int] { positions.withLock { $0[layer] ?? [] } }
  }

  /// The verdicts on one cheat under different randomness, each with what was opened.
  private func verdicts(
    _ change: (inout OpeningTampering) -> Void
  ) throws -> [(rejection: ProofRejection?, opened: Opened)] {
    try (UInt8(2)..<18).map { masks in
      var fixture = OpeningFixture(masks: masks)
      let opened = Opened()
      var tampering = OpeningTampering()
      change(&tampering)
      tampering.opens = { opened.note($0, layer: $1) }
      fixture.openingTampering = tampering
      return (try fixture.rejection(), opened)
    }
  }

  // MARK: Work

  /// Work of 4 bits, and none, where 11 are asked for: of the rows, of each inner layer.
  @Test(arguments: 0..<3, [4, 0])
  func workOfTooFewBits(_ layer: Int, _ bits: Int) throws {
    var fixture = OpeningFixture(
      parameters: CodeParameters(
        unchecked: 6, logBlowup: 2, queries: 12, grindingBits: 11, driftTail: 24, foldSchedule: [2, 1, 1]))
    #expect(try fixture.rejection() == nil)
    #expect(FoldingPlan(fixture.parameters, claims: 2).layers.allSatisfy { $0.grindingBits == 11 })
    var tampering = OpeningTampering()
    tampering.nonce = { work, index in
      guard index == layer else { return nil }
      return (0..<1 << 20).first { bits...10 ~= Self.work(work, $0) }
    }
    fixture.openingTampering = tampering
    #expect(try fixture.rejection() == .proofOfWork)
  }

  /// Leading zero bits of a nonce's hash.
  private static func work(_ work: ProofOfWork, _ nonce: UInt64) -> Int {
    var message = work.seed
    message.append(littleEndian: nonce)
    let digest = SHA256.hash(message + ProofOfWork.tag)
    return digest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }.leadingZeroBitCount
  }

  // MARK: Positions

  /// Layer 0 is not what the rows say, at the lowest or the highest eighth of the positions.
  @Test(arguments: [0..<32, 224..<256], 0..<2)
  func rowsAgainstLayerZeroEverywhere(_ range: Range<Int>, _ claim: Int) throws {
    let verdicts = try verdicts {
      $0.layer = { layer, index, codeword in
        if layer == 0, index == claim { for i in range { codeword[i] += 1 } }
      }
    }
    let expected = ProofRejection.rowsAgainstCombination(functional: ["drift", "both"][claim])
    for (rejection, opened) in verdicts {
      // Ranges are of whole leaves: what is not compared is not folded either.
      let isSeen = opened.at(0).contains { range.contains($0) }
      #expect(rejection == (isSeen ? expected : nil))
    }
    #expect(verdicts.contains { $0.rejection == expected })
  }

  /// The last layer is not what the final polynomial says, at the lowest or the highest quarter of the leaves.
  @Test(arguments: [0..<8, 24..<32], 0..<2)
  func finalPolynomialAtAllLeaves(_ range: Range<Int>, _ claim: Int) throws {
    let shape = try OpeningLayout.plan(of: OpeningFixture()).layers[2]
    #expect(shape.logLeaves == 5 && shape.folds == 1)
    let verdicts = try verdicts {
      $0.layer = { layer, index, codeword in
        if layer == 2, index == claim { for leaf in range { codeword[2 * leaf] += 1 } }
      }
    }
    let expected = ProofRejection.finalPolynomial(functional: ["drift", "both"][claim])
    for (rejection, opened) in verdicts {
      #expect(rejection == (opened.at(2).contains { range.contains($0) } ? expected : nil))
    }
    #expect(verdicts.contains { $0.rejection == expected })
  }

  /// A combination in clear that keeps its functional and agrees with the rows at as many positions as its degree
  /// allows: the lowest 17 of 256, among which the first position often is.
  @Test func clearCombinationAtAllPositions() throws {
    let domain = CodeDomain(logSize: OpeningFixture().parameters.logDomain, folds: 0)
    var change = [CubicExtension.one]
    for position in 0..<17 {
      let point = domain.point(position)
      change = ([CubicExtension.zero] + change).enumerated().map { index, value in
        index < change.count ? value - change[index] * point : value
      }
    }
    let coefficients = change
    let verdicts = try verdicts {
      $0.combination = { claim, u in
        guard claim == 2 else { return }
        for (i, value) in coefficients.enumerated() { u[OpeningFixture.shortLength + i] += value }
      }
    }
    #expect(verdicts.allSatisfy { $0.rejection == .rowsAgainstCombination(functional: "short") })
    #expect(verdicts.contains { ($0.opened.at(0).first ?? 17) < 17 })
  }

  // MARK: Shapes

  @Test func referencesThatNoProofCanServe() throws {
    func rejection(_ fixture: OpeningFixture, rootBytes: Int = 32) -> ProofRejection? {
      var transcript = Transcript(protocolID: "test")
      let claims = fixture.claims(&transcript, values: [.zero, .zero, .zero])
      let root = [UInt8](repeating: 1, count: rootBytes)
      let point = CubicExtension(5, 0, 1)
      func pins(_ shapes: [RowShape]) -> TreePins {
        TreePins(point: point, values: [CubicExtension](repeating: .zero, count: shapes.count))
      }
      let trees = [
        TableauReference(
          label: "drift", root: root, shapes: fixture.driftShapes, bands: 1, pins: pins(fixture.driftShapes)),
        TableauReference(label: "aux", root: root, shapes: fixture.auxShapes, bands: 1),
        TableauReference(
          label: "late", root: root, shapes: fixture.lateShapes, bands: 1, pins: pins(fixture.lateShapes)),
      ]
      do {
        _ = try OpeningVerifier(parameters: fixture.parameters, trees: trees, claims: claims)
        return nil
      } catch {
        return error
      }
    }
    #expect(rejection(OpeningFixture()) == nil)
    #expect(rejection(OpeningFixture(), rootBytes: 31) == .unsupportedParameters("a root is no digest"))
    let tooMany = ProofRejection.unsupportedParameters("more queries than positions")
    let cases: [(queries: Int, expected: ProofRejection?)] = [(256, nil), (257, tooMany)]
    for (queries, expected) in cases {
      let parameters = CodeParameters(
        unchecked: 6, logBlowup: 2, queries: queries, grindingBits: 4, driftTail: queries, foldSchedule: [2, 1, 1])
      #expect(rejection(OpeningFixture(parameters: parameters)) == expected)
    }
  }
}
