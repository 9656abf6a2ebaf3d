import Field
import Kernels
import Synchronization
import Transcript

/// Points of K outside F at which committed polynomials are evaluated: among the words of a list there is then one at most
/// with the stated values (docs/protocol.md section 6).
enum OutOfDomain {
  /// The first of `draw(0)`, `draw(1)`, … that lies outside F: inside, three equations over F would be one, and a code
  /// position might be hit.
  static func point(_ draw: (_ attempt: Int) -> CubicExtension) -> CubicExtension {
    var attempt = 0
    while true {
      let point = draw(attempt)
      if isOutside(point) { return point }
      attempt += 1
    }
  }

  static func isOutside(_ point: CubicExtension) -> Bool { point.c1 != .zero || point.c2 != .zero }

  /// A challenge of a proof's transcript.
  static func point(_ label: String, _ transcript: inout Transcript) -> CubicExtension {
    point { transcript.challenge("\(label)/\($0)") }
  }

  /// The point of a tree that exists before any transcript: it follows from the tree's root and shape.
  static func point(root: [UInt8], label: String, shapes: [RowShape], parameters: CodeParameters) -> CubicExtension {
    var transcript = Transcript(protocolID: "driftproof/pins/v1")
    transcript.absorb("code", bytes: parameters.bytes)
    transcript.absorb("label", bytes: Array(label.utf8))
    var bytes: [UInt8] = []
    for shape in shapes {
      bytes.append(littleEndian: UInt64(shape.tailOffset))
      bytes.append(littleEndian: UInt64(shape.tailCount))
    }
    transcript.absorb("shapes", bytes: bytes)
    transcript.absorb("root", .digest, root)
    return point("pin", &transcript)
  }
}

/// The pins of a tree: y_t = p_t(point) of every row, tails included.
package struct TreePins: Hashable, Sendable {
  package let point: CubicExtension
  package let values: [CubicExtension]

  package var bytes: [UInt8] { FieldEncoding.bytes(values) }

  /// Σ weight·y: the combined row's value at the point.
  func combined(_ weights: [CubicExtension]) -> CubicExtension { Multilinear.innerProduct(weights, values) }
}

/// Evaluates rows, polynomials over F, at one point of K.
struct RowEvaluation: Sendable {
  private static let logBlock = 12
  private static let block = 1 << logBlock
  /// Blocks of one parallel task.
  private static let blocksPerTask = 16

  private let point: CubicExtension
  /// Coordinates of 1, z, …, z^(block - 1).
  private let powers: (c0: [UInt64], c1: [UInt64], c2: [UInt64])
  /// z^block.
  private let step: CubicExtension

  init(point: CubicExtension) {
    self.point = point
    let powers = point.powers(Self.block)
    self.powers = (powers.map(\.c0.value), powers.map(\.c1.value), powers.map(\.c2.value))
    step = point.power(UInt64(Self.block))
  }

  /// p_t(point) of all rows; one pass over them.
  func values(
    rows: any TableauRows, shapes: [RowShape], tail: (Int, RowShape) -> [UInt64]
  ) throws -> [CubicExtension] {
    var result: [CubicExtension] = []
    for first in stride(from: 0, to: shapes.count, by: 8) {
      let batch = first..<min(first + 8, shapes.count)
      result += messageValues(try batch.map { try rows.message($0) })
      for row in batch {
        let high = tail(row, shapes[row]).map { CubicExtension(Goldilocks(reducing: $0)) }
        result[row] += point.power(UInt64(shapes[row].tailOffset)) * Univariate.evaluate(high, at: point)
      }
    }
    return result
  }

  private func messageValues(_ messages: [RowMessage]) -> [CubicExtension] {
    let span = Self.block * Self.blocksPerTask
    let longest = messages.map(\.count).max() ?? 0
    let tasks = (longest + span - 1) / span
    let sums = Mutex([CubicExtension](repeating: .zero, count: messages.count))
    Parallel.forEach(tasks * messages.count) { index in
      let (task, row) = index.quotientAndRemainder(dividingBy: messages.count)
      let start = task * span
      let end = min(messages[row].count, start + span)
      guard start < end else { return }
      var sum = CubicExtension.zero
      // From the highest block down, as in Horner's rule.
      for block in (start / Self.block..<(end + Self.block - 1) / Self.block).reversed() {
        let range = block * Self.block..<min(end, (block + 1) * Self.block)
        sum = sum * step + blockValue(messages[row], range)
      }
      let part = sum * point.power(UInt64(start))
      sums.withLock { $0[row] += part }
    }
    return sums.withLock { $0 }
  }

  private func blockValue(_ message: RowMessage, _ range: Range<Int>) -> CubicExtension {
    switch message {
    case .zero: return .zero
    case .narrow(let entries):
      return CubicExtension(
        Self.dot(entries, range, powers.c0), Self.dot(entries, range, powers.c1), Self.dot(entries, range, powers.c2))
    case .field(let entries):
      var sum = CubicExtension.zero
      for (i, x) in range.enumerated() {
        let power = CubicExtension(
          Goldilocks(reducing: powers.c0[i]), Goldilocks(reducing: powers.c1[i]), Goldilocks(reducing: powers.c2[i]))
        sum += power * Goldilocks(reducing: entries[x])
      }
      return sum
    }
  }

  /// Σ entry·weight with one reduction: entries are shifted by 2^31 to be non-negative, 2^12 products below 2^96 stay
  /// below 2^108.
  private static func dot(_ entries: [Int32], _ range: Range<Int>, _ weights: [UInt64]) -> Goldilocks {
    entries.withUnsafeBufferPointer { entries in
      weights.withUnsafeBufferPointer { weights in
        var (high, low): (UInt64, UInt64) = (0, 0)
        var (weightHigh, weightLow): (UInt64, UInt64) = (0, 0)
        for i in 0..<range.count {
          let shifted = UInt64(UInt32(bitPattern: entries[range.lowerBound + i]) ^ 0x8000_0000)
          let product = shifted.multipliedFullWidth(by: weights[i])
          var carry: Bool
          (low, carry) = low.addingReportingOverflow(product.low)
          high &+= product.high &+ (carry ? 1 : 0)
          (weightLow, carry) = weightLow.addingReportingOverflow(weights[i])
          weightHigh &+= carry ? 1 : 0
        }
        return reduce(high, low) - reduce(weightHigh, weightLow) * Goldilocks(1 << 31)
      }
    }
  }

  /// high·2^64 + low, 2^64 being 2^32 - 1.
  private static func reduce(_ high: UInt64, _ low: UInt64) -> Goldilocks {
    Goldilocks(reducing: high) * Goldilocks(reducing: 0xFFFF_FFFF) + Goldilocks(reducing: low)
  }
}
