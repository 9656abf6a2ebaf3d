// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The sizes a policy file must keep to. They bound the work of reading any file.
public enum PolicyLimits {
  /// Bytes of a policy file.
  public static let maximumBytes = 4 << 20
  /// Levels of arrays and objects in a policy file.
  public static let maximumDepth = 32
  /// Unicode scalars of a policy's name.
  public static let nameLength = 1...200
  /// Rules of a policy.
  public static let maximumRules = 1024
  /// Bytes of a tensor pattern in UTF-8.
  public static let maximumPatternBytes = 4096
  /// Patterns without braces that a pattern with braces stands for.
  public static let maximumAlternatives = 1024
  /// Clauses of an intersection.
  public static let maximumClauses = 16
  /// Ranks a low-rank part may have.
  public static let rankRange = 1...1024
  /// Entries, rows or columns a sparse part may have.
  public static let countRange = 1...(1 << 20)
  /// Rows or columns that one head may have.
  public static let headSizeRange = 1...(1 << 16)
  /// Leading dimensions that slices may have.
  public static let sliceAxesRange = 1...16
  /// Rows by which a tensor may grow.
  public static let growthRange = 1...(1 << 20)
  /// The one supported security level.
  public static let securityBits = 128
}

/// What a fine-tuned network may change in its base.
///
/// `Policy.parse` reads one from a file, `resolve` says which rule decides which tensor, `canonicalBytes` is what
/// a certificate commits to.
public struct Policy: Sendable {
  /// A name for people, 1 to 200 Unicode scalars without control characters.
  public let name: String
  /// The security level in bits: 128.
  public let securityBits: Int
  /// The rules in order, 1 to 1024; the first whose pattern matches a tensor's name decides that tensor.
  public let rules: [Rule]
  /// A bound on the Frobenius norm of the whole change, over all tensors together. A relative bound is a fraction of
  /// the Frobenius norm of the whole base.
  public let total: Bound?
  /// An assumption that may stand beside the statistical bits; nil for none. It permits, it does not demand: proofs that rest
  /// on less are accepted as before.
  public let assumption: Assumption?

  /// Reads a policy file.
  /// - Parameter bytes: the whole file, strict JSON in UTF-8; comments from `//` to the end of a line are skipped.
  /// - Throws: a `PolicyError` with the JSON path of the first thing wrong and a remedy. No bytes make it trap.
  public static func parse(_ bytes: [UInt8]) throws(PolicyError) -> Policy {
    let root: JSONValue
    do throws(JSONSyntaxError) {
      root = try JSONSyntaxError.parse(bytes)
    } catch {
      throw .malformedJSON(error)
    }
    return try PolicyDecoder.policy(root)
  }
}

/// What a policy lets a proof rest on besides hashes.
public enum Assumption: String, Hashable, Sendable, CaseIterable {
  /// That discrete logarithms on BLS12-381 are hard (q-DLOG, algebraic group model) and nobody knows a setup's secret.
  case bls12381 = "bls12-381"

  /// Its byte in canonical policies; 0 stands for none.
  var code: UInt8 {
    switch self {
    case .bls12381: 1
    }
  }
}

extension Policy: Equatable {
  /// Policies are equal when their canonical bytes are.
  public static func == (left: Policy, right: Policy) -> Bool {
    left.canonicalBytes() == right.canonicalBytes()
  }
}

/// One rule of a policy.
public struct Rule: Hashable, Sendable {
  /// Which tensors the rule speaks of.
  public let tensors: TensorPattern
  /// What it allows them.
  public let allowance: Allowance

  /// A rule: what the tensors of a pattern may do.
  public init(tensors: TensorPattern, allowance: Allowance) {
    self.tensors = tensors
    self.allowance = allowance
  }
}

/// What a rule allows a tensor.
public enum Allowance: Hashable, Sendable {
  /// No change at all.
  case frozen
  /// Any change: the tensor is outside the proof.
  case any
  /// A change that satisfies every one of these clauses; a parsed policy has 1 to 16 of them.
  case clauses([ClauseForm])
  /// The tensor's matrix is cut into heads, and the change of each must satisfy every one of these clauses. Their
  /// bounds are absolute: a base identity has the norms of whole tensors only.
  case heads(HeadSplit, [ClauseForm])
  /// The tensor may have up to `rows` rows more than the base's, behind them; of a parsed policy 1 to 2^20. The base's
  /// count as zero there, and the change of all of it must satisfy every one of these clauses.
  case grow(rows: Int, [ClauseForm])
}

extension Allowance {
  /// The clauses, of whole tensors or of heads; nil without any.
  public var forms: [ClauseForm]? {
    switch self {
    case .frozen, .any: nil
    case .clauses(let forms), .heads(_, let forms), .grow(_, let forms): forms
    }
  }

  /// By how many rows the tensor may grow.
  package var addedRows: Int { if case .grow(let rows, _) = self { rows } else { 0 } }

  /// Whether the tensor is outside the proof.
  package var isAny: Bool {
    if case .any = self { true } else { false }
  }

  /// Whether the tensor's heads are tensors of the statement.
  package var hasHeads: Bool {
    if case .heads = self { true } else { false }
  }
}

extension Allowance {
  /// Whether heads are slices.
  package var hasSlices: Bool {
    if case .heads(let split, _) = self { split.axis == .slices } else { false }
  }
}

/// How a tensor is cut into heads. Its matrix (first dimension × product of the others; a vector is one row) is cut into
/// blocks of `size` neighbouring rows or columns, without remainder; or the tensor into the slices that its leading
/// dimensions count, such as the experts of a fused weight, each a matrix of its own (its first dimension × the product of
/// the others).
public struct HeadSplit: Hashable, Sendable {
  /// The axis along which heads lie beside each other.
  public enum Axis: String, Hashable, Sendable {
    case rows
    case columns
    case slices
  }

  /// Of one tensor.
  public struct Cut: Hashable, Sendable {
    /// How many heads there are.
    public let count: Int
    /// Of one head.
    public let rows: Int
    /// Of one head.
    public let columns: Int
  }

  /// Along which axis the tensor is cut.
  public let axis: Axis
  /// Rows or columns of one head; of a parsed policy 1 to 2^16. Of slices: how many leading dimensions count them.
  public let size: Int

  /// Heads of `size` rows or columns each, or slices behind `size` leading dimensions; `size` is at least 1.
  public init(axis: Axis, size: Int) {
    self.axis = axis
    self.size = size
  }

  /// The heads of a tensor of this shape; nil when `size` does not divide its rows or columns, when slices would have
  /// fewer than two dimensions, or when it has no entries.
  public func cut(shape: [Int]) -> Cut? {
    guard size > 0, shape.allSatisfy({ $0 > 0 }) else { return nil }
    guard axis != .slices else {
      guard shape.count >= 2, size <= shape.count - 2, let count = Self.product(shape[..<size]),
        let columns = Self.product(shape[(size + 1)...])
      else { return nil }
      return Cut(count: count, rows: shape[size], columns: columns)
    }
    let rows = shape.count > 1 ? shape[0] : 1
    guard let columns = Self.product(shape.count > 1 ? shape[1...] : shape[...]) else { return nil }
    let length = axis == .rows ? rows : columns
    guard length.isMultiple(of: size) else { return nil }
    return Cut(
      count: length / size, rows: axis == .rows ? size : rows, columns: axis == .columns ? size : columns)
  }

  /// Nil where an identity's sizes are made up.
  private static func product(_ sizes: ArraySlice<Int>) -> Int? {
    var result = 1
    for size in sizes {
      let (product, overflow) = result.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      result = product
    }
    return result
  }

  /// What one head is called in texts.
  package var unit: String { axis == .slices ? "slice" : "head" }
}

/// One condition on the change of a tensor.
public enum ClauseForm: Hashable, Sendable {
  /// The change has at most this Frobenius norm.
  case norm(Bound)
  /// The change is the sum of a matrix of at most this rank, a sparse one, and a rest: one whose Frobenius norm is at
  /// most the residual bound and each of whose entries is at most the entrywise or rounding one, as far as they are given;
  /// without any there is no rest. A rank or sparse form that is nil is zero; `blocks` stand in a rank's place. A parsed policy has
  /// a rank (1 to 1024), blocks, a sparse form, an entrywise or a rounding bound, and neither rank and blocks nor both of the last.
  case sum(
    rank: Int?, sparse: SparseForm?, residual: Bound?, entrywise: EntryBound? = nil, rounding: RoundingBound? = nil,
    blocks: BlockForm? = nil)
  /// The change, or the tuned weights, are zero where a pattern says so.
  case pattern(PatternBound)
}

extension ClauseForm {
  /// On each entry of the rest; nil without one.
  public var entryBound: EntryBound? { if case .sum(_, _, _, let entrywise, _, _) = self { entrywise } else { nil } }
  /// On each entry of the rest, by the weights themselves; nil without one.
  public var roundingBound: RoundingBound? {
    if case .sum(_, _, _, _, let rounding, _) = self { rounding } else { nil }
  }
  /// Some bound on each entry of the rest.
  package var boundsEntries: Bool { entryBound != nil || roundingBound != nil }
  /// Of the low-rank part; nil without one.
  package var rank: Int? { if case .sum(let rank, _, _, _, _, _) = self { rank } else { nil } }
}

extension Policy {
  /// The first rule with a bound on single entries, counted from 0; nil without one.
  package var firstRuleWithEntryBounds: Int? {
    rules.firstIndex { $0.allowance.forms?.contains { $0.entryBound != nil } ?? false }
  }

  /// The first rule with a bound on entries by the weights themselves, which needs a base that is committed to; nil
  /// without one.
  package var firstRuleWithRounding: Int? {
    rules.firstIndex { $0.allowance.forms?.contains { $0.roundingBound != nil } ?? false }
  }
}

/// A bound on the size of each single entry. Of a parsed policy it is above zero.
public enum EntryBound: Hashable, Sendable {
  /// A fraction of the largest absolute value among the base tensor's entries.
  case relative(Decimal10)
  /// The bound itself.
  case absolute(Decimal10)

  /// The number that the policy states.
  public var value: Decimal10 {
    switch self {
    case .relative(let value), .absolute(let value): value
    }
  }
}

/// Where the sparse part of a change may differ from zero. Counts of a parsed policy are 1 to 2^20.
public enum SparseForm: Hashable, Sendable {
  /// At most this many entries, anywhere.
  case entries(Int)
  /// At most this many whole rows.
  case rows(Int)
  /// At most this many whole columns.
  case columns(Int)
}

/// A bound on a Frobenius norm, zero included.
public enum Bound: Hashable, Sendable {
  /// A fraction of the Frobenius norm of the base tensor (in `total`, of the whole base).
  case relative(Decimal10)
  /// The bound itself.
  case absolute(Decimal10)
}
