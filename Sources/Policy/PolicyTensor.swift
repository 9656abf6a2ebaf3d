// SPDX-License-Identifier: Apache-2.0

/// What a base identity says about one tensor, as far as choosing and explaining policies needs it.
public struct PolicyTensor: Hashable, Sendable {
  /// Name as in the file.
  public let name: String
  /// As safetensors spells it, such as `BF16`.
  public let dtype: String
  /// Sizes as in the file.
  public let shape: [Int]
  /// The matrix that clauses speak of; 0 × 0 for a tensor without entries.
  public let rows: Int
  /// Columns of the matrix that clauses speak of.
  public let columns: Int
  /// Whether clauses can bound it; all other tensors are compared byte for byte.
  public let isFloating: Bool
  /// ‖W‖_F and max|W|, for display and for proposals; no check may depend on them.
  public let norm: Double
  /// Largest absolute value of an entry.
  public let maximum: Double
  /// The first entry of a floating type that clauses cannot bound, such as NaN; then `isFloating` is false.
  public var unencodableEntry: Int?
  /// Part of its entries below the floor of rounding bounds; nil where the identity does not commit to the tensor.
  public var shareBelowFloor: Double?
  /// Why no rounding bound can be put on it, in words; nil where one can, or where nothing is known.
  public var roundingObstacle: String?
  /// Why no pattern of its weights can be proved, in words; nil where one can, or where nothing is known.
  public var patternObstacle: String?

  /// A tensor as a policy sees it; see the members.
  public init(
    name: String, dtype: String, shape: [Int], rows: Int, columns: Int, isFloating: Bool, norm: Double,
    maximum: Double
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.rows = rows
    self.columns = columns
    self.isFloating = isFloating
    self.norm = norm
    self.maximum = maximum
  }

  /// Its type, and what keeps clauses from bounding it.
  package var typeInWords: String {
    dtype + (unencodableEntry.map { " with NaN, infinity or more than 2^41 at entry \($0)" } ?? "")
  }

  /// Entries; held at `Int.max` where an identity's sizes are made up.
  public var entryCount: Int {
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    return overflow ? .max : count
  }

  /// What merging an update in this type leaves outside the update's rank, as a fraction of ‖W‖: the larger of the
  /// values measured on real fine-tunes (`docs/threat-model.md`, section 4); nil for types without a figure.
  var mergeRounding: Double? {
    switch dtype {
    case "BF16": 0.0025
    case "F16": 0.0003
    case "F32": 3e-8
    default: nil
    }
  }
}

extension Decimal10 {
  /// The least decimal of two significant digits that is not below `value`, a finite number ≥ 0; nil for others.
  static func roundedUp(_ value: Double) -> Decimal10? {
    guard value.isFinite, value >= 0 else { return nil }
    if value == 0 { return try? Decimal10("0") }
    // Powers of ten by parsing, which rounds correctly; the loop finds 10 ≤ value/10^e < 100.
    for exponent in -42...39 {
      guard let power = Double("1e\(exponent)"), value <= 100 * power else { continue }
      return try? Decimal10("\(Int((value / power).rounded(.up)))e\(exponent)")
    }
    return nil
  }
}
