// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import TestSupport
import Testing

/// Links' policies added up against a cumulative one. Statements are derived without weights, so there are many.
@Suite struct CumulativeDriftTests {
  let fixture: StatementFixture

  init() throws { fixture = try StatementFixture() }

  /// A policy of rules that end with `"*": "frozen"`.
  private func policy(_ rules: [(String, String)], total: String? = nil) throws -> Policy {
    try testPolicy(rules, frozenRest: true, total: total)
  }

  private func drift(_ links: [Policy]) throws -> CumulativeDrift {
    CumulativeDrift(
      identity: fixture.identity,
      links: try links.enumerated().map { index, policy in
        LinkDrift(
          name: "link \(index + 1)", identity: fixture.identity, policy: policy,
          derived: try DerivedStatement.derive(identity: fixture.identity, tuned: fixture.tuned, policy: policy))
      })
  }

  private func violations(_ links: [Policy], _ cumulative: Policy) throws -> [String] {
    try drift(links).violations(
      of: cumulative,
      target: DerivedStatement.derive(identity: fixture.identity, tuned: fixture.tuned, policy: cumulative)
    ).map(\.description)
  }

  /// Links and cumulative allowance of `a.weight`, 64 × 64.
  private func problem(_ links: [String], _ cumulative: String) throws -> String? {
    let lines = try violations(
      links.map { try policy([("a.weight", $0)]) }, try policy([("a.weight", cumulative)]))
    #expect(lines.count <= 1 && lines.allSatisfy { $0.hasPrefix("tensor a.weight: ") }, "\(lines)")
    return lines.first
  }

  private func norm(_ value: String, _ kind: String = "absolute") -> String { "{\"norm\": {\"\(kind)\": \(value)}}" }

  private func sum(_ parts: String, residual: String? = nil) -> String {
    "{\(parts)\(residual.map { ", \"residual\": {\"absolute\": \($0)}" } ?? "")}"
  }

  @Test func normsAddUpWithTheirPrecision() throws {
    let leaf = try #require(fixture.identity.tensor(named: "a.weight"))
    // Two links hide up to 64·2^-f each.
    let hidden = 128 / Double(sign: .plus, exponent: leaf.statistics.fractionBits, significand: 1)
    let links = [norm("1"), norm("0.25")]
    #expect(try problem(links, norm("\(1.25 + hidden + 1e-10)")) == nil)
    #expect(try problem(links, norm("\(1.25 + hidden - 1e-10)"))?.contains("a norm of 1.25") == true)
    #expect(try problem(links, norm("1.25")) != nil)
    #expect(try problem([norm("1")], norm("\(1 + hidden / 2 + 1e-10)")) == nil)
    // Relative ones refer to the base, whichever link they are in.
    let size = leaf.statistics.sumOfSquares
    let base = Double(size).squareRoot() / Double(sign: .plus, exponent: leaf.statistics.fractionBits, significand: 1)
    let relative = [norm("0.01", "relative"), norm("0.02", "relative"), norm("0.5")]
    let total = 0.03 * base + 0.5 + 1.5 * hidden
    #expect(try problem(relative, norm("\(total + 1e-9)")) == nil)
    #expect(try problem(relative, norm("\(total - 1e-9)")) != nil)
    #expect(try problem(Array(relative.prefix(2)), norm("0.0301", "relative")) == nil)
    #expect(try problem(Array(relative.prefix(2)), norm("0.03", "relative")) != nil)
    // The least of several clauses counts.
    #expect(try problem(["[\(norm("5")), \(norm("0.1"))]"], norm("0.11")) == nil)
  }

  @Test func frozenAndExcluded() throws {
    #expect(try problem(["\"frozen\"", "\"frozen\""], "\"frozen\"") == nil)
    #expect(try problem(["\"frozen\"", norm("1")], "\"frozen\"")?.contains("\"link 2\"") == true)
    // A frozen link adds nothing, not even precision, and fits every form.
    #expect(try problem(["\"frozen\"", "\"frozen\""], norm("0")) == nil)
    #expect(try problem(["\"frozen\"", sum("\"entries\": 2")], sum("\"entries\": 2")) == nil)
    #expect(try problem(["\"any\"", "\"frozen\""], "\"any\"") == nil)
    for cumulative in ["\"frozen\"", norm("1e9")] {
      #expect(try problem(["\"frozen\"", "\"any\""], cumulative)?.contains("\"link 2\" leaves it outside") == true)
    }
    let drift = try drift([policy([("a.weight", "\"any\"")]), policy([("counter", "\"any\"")])])
    #expect(drift.excluded == ["a.weight", "counter"])
  }

  @Test func ranksAndCountsAddUp() throws {
    let ranks = [sum("\"rank\": 2", residual: "0.1"), sum("\"rank\": 3", residual: "0.2")]
    #expect(try problem(ranks, sum("\"rank\": 5", residual: "0.301")) == nil)
    #expect(try problem(ranks, sum("\"rank\": 4", residual: "0.301"))?.contains("rank 5 + a residual") == true)
    #expect(try problem(ranks, sum("\"rank\": 5", residual: "0.3")) != nil)
    #expect(try problem(ranks, sum("\"rank\": 9, \"entries\": 4", residual: "0.4")) == nil)
    // Nothing says how large the low-rank part is, or where it lies.
    #expect(try problem(ranks, norm("1e30"))?.contains("\"link 1\" has no clause") == true)
    #expect(try problem(ranks, sum("\"rows\": 9", residual: "9")) != nil)
    // No rank exceeds the matrix's.
    #expect(try problem([sum("\"rank\": 60"), sum("\"rank\": 60")], sum("\"rank\": 64")) == nil)
    #expect(try problem([sum("\"rank\": 60"), sum("\"rank\": 60")], sum("\"rank\": 63")) != nil)

    for form in ["entries", "rows", "columns"] {
      let links = [sum("\"\(form)\": 3"), sum("\"\(form)\": 4")]
      #expect(try problem(links, sum("\"\(form)\": 7")) == nil)
      #expect(try problem(links, sum("\"\(form)\": 6"))?.contains("7 \(form)") == true)
      // A support of k rows, columns or entries has a rank of k at most.
      #expect(try problem(links, sum("\"rank\": 7")) == nil)
      #expect(try problem(links, sum("\"rank\": 6")) != nil)
    }
    #expect(try problem([sum("\"entries\": 5"), sum("\"rows\": 2")], sum("\"rows\": 7")) == nil)
    #expect(try problem([sum("\"entries\": 5"), sum("\"columns\": 2")], sum("\"columns\": 6")) != nil)
    #expect(try problem([sum("\"rows\": 2"), sum("\"columns\": 1")], sum("\"entries\": 192")) == nil)
    #expect(try problem([sum("\"rows\": 2"), sum("\"columns\": 1")], sum("\"entries\": 191")) != nil)
    #expect(try problem([sum("\"rows\": 2"), sum("\"columns\": 1")], sum("\"rows\": 60")) != nil)
    // A mixture: two rows as rank, three entries as entries.
    #expect(
      try problem([sum("\"rows\": 2"), sum("\"entries\": 3")], sum("\"rank\": 2, \"entries\": 3")) == nil)
    #expect(
      try problem([sum("\"rows\": 2"), sum("\"entries\": 3")], sum("\"rank\": 2, \"entries\": 2")) != nil)
  }

  @Test func exactMeansExact() throws {
    // A residual anywhere, or units that differ, end it.
    #expect(
      try problem([sum("\"entries\": 1"), sum("\"entries\": 1", residual: "1e-9")], sum("\"entries\": 9")) != nil)
    let coarse = "[\(sum("\"entries\": 1")), \(norm("1e7"))]"
    #expect(try problem([sum("\"entries\": 1"), coarse], sum("\"entries\": 9"))?.contains("precisions") == true)
    // A link's policy must not choose what the cumulative one takes for exact: units of 2^20 hide any update.
    #expect(try problem([coarse, coarse], sum("\"entries\": 2"))?.contains("in units of") == true)
    #expect(try problem([coarse], sum("\"entries\": 1"))?.contains("in units of") == true)
    #expect(try problem([coarse, coarse], "[\(sum("\"entries\": 2")), \(norm("2.1e7"))]") == nil)
    #expect(try problem([coarse, coarse], sum("\"entries\": 2", residual: "1000")) == nil)
    #expect(try problem([sum("\"entries\": 1"), coarse], sum("\"entries\": 2", residual: "1000")) == nil)
    // With a residual what the units hide counts.
    #expect(try problem([sum("\"entries\": 1")], sum("\"entries\": 1", residual: "1e-9")) != nil)
  }

  @Test func allClausesOfALinkHold() throws {
    let both = "[\(norm("0.5")), \(sum("\"rank\": 2", residual: "0.01"))]"
    #expect(try problem([both, both], norm("1.01")) == nil)
    #expect(try problem([both, both], sum("\"rank\": 4", residual: "0.0201")) == nil)
    #expect(try problem([both, both], "[\(norm("1.01")), \(sum("\"rank\": 4", residual: "0.0201"))]") == nil)
    // One link by its rank, the other by its norm.
    #expect(try problem([both, both], sum("\"rank\": 2", residual: "0.511")) == nil)
    #expect(try problem([both, both], sum("\"rank\": 2", residual: "0.509")) != nil)
    #expect(try problem([both, norm("0.2")], sum("\"rank\": 2", residual: "0.211")) == nil)
    #expect(try problem([both, both], "[\(norm("1.01")), \(sum("\"rank\": 3", residual: "0.0201"))]") != nil)
    // Many links with two clauses each: what is dropped may refuse, never admit.
    let many = [String](repeating: both, count: 30)
    #expect(try problem(many, sum("\"rank\": 60", residual: "0.301")) == nil)
    #expect(try problem(many, sum("\"rank\": 59", residual: "0.301")) != nil)
    // A total bounds each tensor.
    let ball = try policy([("a.weight", sum("\"rank\": 1", residual: "0.1"))], total: "{\"norm\": {\"absolute\": 2}}")
    #expect(try violations([ball], policy([("a.weight", norm("2.01"))])).isEmpty)
    #expect(try violations([ball], policy([("a.weight", norm("1.99"))])).count == 1)
  }

  private func heads(
    _ size: Int, _ allow: String, axis: String = "rows", total: String = ""
  ) throws -> Policy {
    try StatementFixture.policy(
      "{\"tensors\": \"a.weight\", \"heads\": {\"of\": \"\(axis)\", \"size\": \(size)}, \"allow\": \(allow)}, "
        + StatementFixture.frozenRest, total: total)
  }

  @Test func headsAddUp() throws {
    let links = [try heads(16, norm("0.5")), try heads(16, norm("0.25"))]
    #expect(try violations(links, heads(16, norm("0.751"))).isEmpty)
    #expect(try violations(links, heads(16, norm("0.749"))).count == 1)
    // Four balls at right angles: twice the norm. Other heads lie inside the whole tensor.
    #expect(try violations(links, policy([("a.weight", norm("1.501"))])).isEmpty)
    #expect(try violations(links, policy([("a.weight", norm("1.499"))])).count == 1)
    #expect(try violations(links, heads(32, norm("1.501"))).isEmpty)
    #expect(try violations(links, heads(32, norm("1.499"))).count == 1)
    #expect(try violations(links, heads(16, norm("1.499"), axis: "columns")).count == 1)
    // A clause on the whole tensor holds in each head.
    let whole = try policy([("a.weight", norm("0.1"))])
    #expect(try violations([links[0], whole], heads(16, norm("0.601"))).isEmpty)
    let ranks = [try heads(16, sum("\"rank\": 2")), try heads(16, sum("\"rank\": 1"))]
    #expect(try violations(ranks, heads(16, sum("\"rank\": 3"))).isEmpty)
    #expect(try violations(ranks, policy([("a.weight", sum("\"rank\": 12"))])).isEmpty)
    #expect(try violations(ranks, policy([("a.weight", sum("\"rank\": 11"))])).count == 1)
    let rows = [try heads(16, sum("\"rows\": 2"))]
    #expect(try violations(rows, policy([("a.weight", sum("\"rows\": 8"))])).isEmpty)
    #expect(try violations(rows, policy([("a.weight", sum("\"rows\": 7"))])).count == 1)
  }

  @Test func totals() throws {
    func total(_ value: String) -> String { "{\"norm\": {\"absolute\": \(value)}}" }
    func totals(_ links: [Policy], _ value: String) throws -> [String] {
      try violations(
        links, policy([("{a.weight,c.weight}", norm("20"))], total: total(value)))
    }
    let stated = [
      try policy([("{a.weight,c.weight}", norm("9"))], total: total("3")),
      try policy([("{a.weight,c.weight}", norm("9"))], total: total("4")),
    ]
    #expect(try totals(stated, "7.01").isEmpty)
    let line = try #require(try totals(stated, "6.99").first)
    #expect(line.contains(PolicyViolation.wholeModel) && line.contains("allowed is 6.99"))
    // Different tensors in different links: the norms are at right angles.
    let apart = [try policy([("a.weight", norm("3"))]), try policy([("c.weight", norm("4"))])]
    #expect(try totals(apart, "5.01").isEmpty)
    #expect(try totals(apart, "4.99").count == 1)
    // The same tensors: their norms in each link are.
    let same = [String](["0.3", "0.4"]).map { [("a.weight", norm($0)), ("c.weight", norm($0))] }
    #expect(try totals(same.map { try policy($0) }, "0.9901").isEmpty)
    #expect(try totals(same.map { try policy($0) }, "0.9899").count == 1)
    let open = try policy([("a.weight", sum("\"rank\": 1"))])
    let cumulative = try policy([("a.weight", sum("\"rank\": 9"))], total: total("1e30"))
    #expect(try violations([open, open], cumulative).first?.contains("\"link 1\" bounds no norm") == true)
    #expect(try drift([open]).total == nil)
    // Fractions of the whole base.
    let relative = [String](["0.01", "0.02"]).map { "{\"norm\": {\"relative\": \($0)}}" }
    let balls = try relative.map { try policy([("a.weight", sum("\"rank\": 1"))], total: $0) }
    for (value, fits) in [("0.031", true), ("0.0299", false)] {
      let cumulative = try policy(
        [("a.weight", sum("\"rank\": 2"))], total: "{\"norm\": {\"relative\": \(value)}}")
      #expect(try violations(balls, cumulative).isEmpty == fits)
    }
    #expect(try drift([policy([])]).total == .zero)
  }

  /// What the units hide is in the bound of everything, too, whichever way it was found.
  @Test func totalsHaveTheirPrecision() throws {
    let leaf = try #require(fixture.identity.tensor(named: "a.weight"))
    let hidden = 64 / Double(sign: .plus, exponent: leaf.statistics.fractionBits, significand: 1)
    let stated = try policy([("a.weight", sum("\"rank\": 1"))], total: norm("1"))
    for count in 1...3 {
      let total = NormBound.double(try #require(try drift([Policy](repeating: stated, count: count)).total))
      let least = Double(count) * (1 + hidden)
      #expect(total > least * (1 - 1e-12) && total < least * (1 + 1e-12))
    }
  }

  /// A ball for each of h heads is one of √h times the radius, as a norm, as a residual and in the total.
  @Test func ballsOfHeadsAreAtRightAngles() throws {
    let balls = try heads(16, norm("0.5"))
    let total = NormBound.double(try #require(try drift([balls]).total))
    #expect(total > 1 && total < 1.001)
    let residuals = [try heads(16, sum("\"rank\": 1", residual: "0.5"))]
    #expect(try violations(residuals, policy([("a.weight", sum("\"rank\": 4", residual: "1.001"))])).isEmpty)
    #expect(try violations(residuals, policy([("a.weight", sum("\"rank\": 4", residual: "0.999"))])).count == 1)
  }

  /// The largest numbers that policies can state.
  @Test func extremes() throws {
    let huge = "999999999999999999e40"
    #expect(try problem([norm(huge), norm(huge)], norm(huge)) != nil)
    #expect(try problem([norm(huge, "relative"), norm(huge)], norm("1e-40")) != nil)
    let most = sum("\"rank\": 1024, \"rows\": 1048576", residual: huge)
    #expect(try problem([most, most], sum("\"rank\": 1024, \"entries\": 1048576", residual: huge)) != nil)
    #expect(
      try problem([sum("\"rows\": 1048576"), sum("\"columns\": 1048576")], sum("\"entries\": 4096")) == nil)
    #expect(try problem([norm("1e-40")], norm("1e-40")) != nil)
    #expect(try problem([norm("0")], norm("1")) == nil)
  }

  @Test func roots() {
    var random = SeededGenerator(seed: 9)
    for value in 0..<2000 as Range<UInt> {
      let (down, up) = (BigUInt(value).squareRoot, BigUInt(value).squareRootRoundedUp)
      #expect(down * down <= BigUInt(value) && BigUInt(value) <= up * up && up <= down + BigUInt(1 as UInt))
    }
    for bits in 1..<700 {
      var value = BigUInt.zero
      for _ in 0..<(bits + 63) / 64 { value = value << 64 + BigUInt(random.next()) }
      value = value >> ((64 - bits % 64) % 64)
      let (down, up) = (value.squareRoot, value.squareRootRoundedUp)
      #expect(down * down <= value && value <= up * up)
      // Within 2^-60 of each other.
      #expect(up - down <= (up >> 60) + BigUInt(1 as UInt), "\(bits) bits")
      let square = value * value
      #expect(square.squareRoot <= value && value <= square.squareRootRoundedUp)
    }
    // Rounding is towards the safe side where the leading bits do not show it.
    let one = BigUInt(1 as UInt)
    let power = one << 400
    #expect((power + one).squareRootRoundedUp > one << 200)
    #expect((power - one).squareRoot < one << 200)
  }
}
