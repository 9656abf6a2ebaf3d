// SPDX-License-Identifier: Apache-2.0

import CDriftProofCurveKernels
import DriftProofCore
import DriftProofKernels
import TestSupport
import Testing

@testable import DriftProofCurve

/// Sums of multiples: every level of the kernels and their Swift twin, against other libraries and each other.
struct BucketTests {
  /// The levels that this processor has.
  static let levels = CurveKernelLevel.allCases.filter { $0.available == $0 }

  /// The points and numbers of a vector, as Tests/Interoperability/curve_vectors.py draws them.
  private static func draw(_ vector: CurveVectors.Sum) throws -> (points: [G1], numbers: [Fr], integers: [Int64]?) {
    var random = SeededGenerator(seed: vector.seed)
    let start = G1.generator.times(public: try Fr(encoded: littleEndian([random.next(), 0, 0, 0])))
    let step = G1.generator.times(public: try Fr(encoded: littleEndian([random.next(), 0, 0, 0])))
    let multiples = (0..<8).map { G1.generator.times(public: Fr($0)) }
    var point = vector.points == "first" ? G1.generator : start
    let points = (0..<vector.count).map { _ -> G1 in
      switch vector.points {
      case "arithmetic", "first":
        defer { point = point + (vector.points == "first" ? .generator : step) }
        return point
      case "repeated":
        let multiple = multiples[Int(1 + random.next() % 7)]
        return random.next() & 1 == 1 ? -multiple : multiple
      default: return multiples[Int(random.next() % 3)]
      }
    }
    func integer() -> Int64 {
      switch vector.numbers {
      case "small": return Int64(random.next() % 65537) - 32768
      case "wide": return Int64(bitPattern: random.next() ^ (1 << 63))
      case "equal": return 12345
      default:
        let mantissa = Int64(128 + random.next() % 128)
        let value = mantissa << Int64(random.next() % 12)
        return random.next() & 1 == 1 ? -value : value
      }
    }
    if vector.numbers == "full" || vector.numbers == "edges" {
      let edges = [Fr.zero, .one, Fr(-1), Fr(2), Fr(-2)]
      let numbers = try (0..<vector.count).map { _ -> Fr in
        let full = try random.scalar()
        guard vector.numbers == "edges" else { return full }
        let choice = Int(random.next() % 6)
        return choice < 5 ? edges[choice] : full
      }
      return (points, numbers, nil)
    }
    let integers = (0..<vector.count).map { _ in integer() }
    return (points, integers.map { Fr($0) }, integers)
  }

  @Test
  func sumsAreThoseOfOtherLibraries() throws {
    for vector in try CurveVectors.load().sums {
      let (points, numbers, integers) = try Self.draw(vector)
      for level in Self.levels {
        // The slow levels see a case of each kind; all see the small ones.
        if vector.count > 4096 && level != CurveKernelLevel.lanes.available { continue }
        let table = PointTable(points, level: level)
        if let integers {
          #expect(table.sum(integers).compressed.hexadecimal == vector.sum, "\(level) \(vector)")
        }
        if integers == nil || vector.count == 2000 && level != .portable {
          #expect(table.sum(numbers).compressed.hexadecimal == vector.sum, "\(level) \(vector)")
        }
      }
    }
  }

  /// `DRIFTPROOF_KERNELS=portable` makes tables of the twin, and so of the other names.
  @Test
  func environmentChoosesTheLevel() {
    let table = PointTable([.generator, -.generator])
    #expect(table.level == CurveKernelLevel.selected)
    #expect((table.level == .portable) == (KernelPath.selected == .portable))
    if KernelPath.selected == .plainC { #expect(table.level == .plain) }
    if KernelPath.selected == .native { #expect(table.level == Self.levels.last) }
    #expect(table.sum([7, 5] as [Int64]) == G1.generator.doubled())
  }

  /// Every plan gives the same sum: windows of all widths, patterns of all.
  @Test
  func plansAgree() {
    var random = SeededGenerator(seed: 31)
    let points = (0..<600).map { _ in G1.generator.times(public: Fr(Int64(random.next() % 50) - 10)) }
    let integers = (0..<600).map { _ in Int64(random.next() % 8191) - 4095 }
    let expected = PointTable(points, level: .portable).sum(integers)
    for level in Self.levels where level != .portable {
      let table = PointTable(points, level: level)
      var plans = (2...13).map { width in
        let windows = (12 + width - 1) / width
        return DigitPlan.windows(width: width, count: windows, top: 12 - width * (windows - 1))
      }
      plans += [.patterns(width: 12, maximum: 0), .patterns(width: 12, maximum: 3)]
      for plan in plans {
        let sum = table.sum(plan: plan, count: integers.count, digits: IntegerDigits(integers: integers))
        #expect(sum == expected, "\(level) \(plan)")
      }
      // Mantissas of three bits with the exponents in the digits.
      let short = integers.map { ($0 % 8) << (abs($0) % 20) }
      let sum = table.sum(
        plan: .patterns(width: 3, maximum: 20), count: short.count, digits: IntegerDigits(integers: short))
      #expect(sum == PointTable(points, level: .portable).sum(short), "\(level)")
    }
  }

  /// The integers at the ends of their range, and fewer numbers than points.
  @Test
  func extremes() {
    let points = (1...5).map { G1.generator.times(public: Fr($0)) }
    for level in Self.levels {
      let table = PointTable(points, level: level)
      #expect(table.points == points)
      let numbers = [Int64.min, .max, -1, 0, 1]
      let expected = zip(points, numbers).map { $0.times(public: Fr($1)) }.reduce(.infinity, +)
      #expect(table.sum(numbers) == expected)
      let wide = [Int64.max, -.max, 1 << 62, -(1 << 62), 12]
      #expect(table.sum(wide) == zip(points, wide).map { $0.times(public: Fr($1)) }.reduce(.infinity, +))
      #expect(table.sum([2]) == points[1])
      #expect(table.sum([Int64]()).isInfinity)
      #expect(table.sum([Fr]()).isInfinity)
      #expect(table.sum([0, 0, 0, 0, 0] as [Int64]).isInfinity)
      #expect(PointTable([], level: level).sum([Int64]()).isInfinity)
      #expect(PointTable([.infinity, .infinity], level: level).points == [.infinity, .infinity])
    }
  }

  /// One bucket for everything: trees of depth 13 whose nodes are equal, opposite or infinity.
  @Test
  func deepTrees() {
    let count = 9000
    for level in Self.levels where level != .portable {
      let ones = [Int64](repeating: 1, count: count)
      func logs(_ log: (Int) -> Int64) -> [Int64] { (0..<count).map(log) }
      let shapes = [
        logs { _ in 1 }, logs { $0 % 2 == 0 ? 1 : -1 }, logs { $0 % 4 < 2 ? 3 : -3 }, logs { Int64($0 % 3) - 1 },
        logs { $0 % 64 == 7 ? 2 : 0 }, logs { $0 < 4500 ? 1 : -1 },
      ]
      let multiples = (-3...3).map { G1.generator.times(public: Fr($0)) }
      for shape in shapes {
        let table = PointTable(shape.map { multiples[Int($0) + 3] }, level: level)
        #expect(table.sum(ones) == G1.generator.times(public: Fr(shape.reduce(0, +))), "\(level)")
      }
      // Different points, which never meet an exception but go through every depth.
      var point = G1.generator
      let table = PointTable(
        (0..<count).map { _ in
          defer { point = point + .generator }
          return point
        }, level: level)
      #expect(table.sum(ones) == G1.generator.times(public: Fr(Int64(count * (count + 1) / 2))), "\(level)")
    }
  }

  /// Products and inverses of the kernels are the twin's; in lanes from representatives far above p.
  @Test
  func kernelArithmeticIsTheTwins() {
    var random = SeededGenerator(seed: 41)
    let edges = [Fp.zero, .one, -Fp.one, Fp(2), Fp(UInt64.max)]
    var elements = edges + (0..<1000).map { _ in random.element() }
    for level in Self.levels where level != .portable {
      for round in 0..<max(1, CurveVectors.cases / 1000) {
        let a = elements
        let b = Array(elements.dropFirst(round % 17) + elements.prefix(round % 17))
        var out = [UInt64](repeating: 0, count: 6 * a.count)
        let lift = [0, 1, 4, 17, 20, 200][round % 6] as UInt32
        dpc_products(level.rawValue, a.flatMap(\.words), b.flatMap(\.words), a.count, lift, &out)
        let expected = zip(a, b).map { $0 * $1 }
        #expect(out == expected.flatMap(\.words), "\(level), lifted by \(lift)")
        elements.replaceSubrange(5..., with: expected[5...].map { $0.isZero ? random.element() : $0 + .one })
      }
      var inverses = [UInt64](repeating: 0, count: 6 * elements.count)
      dpc_inverses(level.rawValue, elements.flatMap(\.words), elements.count, &inverses)
      #expect(inverses == Fp.inverses(of: elements).flatMap(\.words), "\(level)")
    }
  }

  /// Random sums, small ones and with many equal points and digits: the kernels' against the twin's.
  @Test
  func randomSumsAreTheTwins() {
    var random = SeededGenerator(seed: 51)
    // Infinity first, then points with their negatives, so that few distinct ones meet in every way.
    let pool = (0..<40).map { (index: Int) -> G1 in
      let multiple = G1.generator.times(public: Fr(Int64(index + 1) / 2))
      return index % 2 == 0 ? multiple : -multiple
    }
    for round in 0..<max(1, CurveVectors.cases / 250) {
      let count = 1 + random.below(250)
      let bits = 1 + random.below(20)
      let distinct = 1 + random.below(40)
      let points = (0..<count).map { _ in pool[random.below(distinct)] }
      let integers = (0..<count).map { _ in
        Int64(random.next() >> UInt64(64 - bits)) * (random.next() & 1 == 0 ? 1 : -1)
      }
      let expected = PointTable(points, level: .portable).sum(integers)
      for level in Self.levels where level != .portable {
        #expect(PointTable(points, level: level).sum(integers) == expected, "round \(round), \(level)")
      }
    }
  }
}
