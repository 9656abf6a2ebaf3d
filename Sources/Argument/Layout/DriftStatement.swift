// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment

/// A form of sparsity: at most `count` entries, rows or columns may change (the paper's SDIP).
package enum SparseForm: Hashable, Sendable {
  case entries(Int)
  case rows(Int)
  case columns(Int)

  package var count: Int {
    switch self {
    case .entries(let k), .rows(let k), .columns(let k): k
    }
  }
}

/// E = 2^s·Δ - U Vᵀ - C - S with ‖E‖² ≤ bound; docs/protocol.md section 4. At least one of `rank`, `circulant`, `sparse` and
/// `entries` is present.
package struct StructuredClause: Hashable, Sendable {
  /// Columns of U and V; U is rows × rank, V is columns × rank, with `blocks` of the matrix in their order.
  package var rank: Int?
  /// Makes the low-rank part a sum of as many Kronecker products; only beside a rank.
  package var blocks: KroneckerBlock?
  /// Of C, in a rank's place.
  package var circulant: CirculantBlock?
  package var sparse: SparseForm?
  /// s: how far Δ is scaled up so that integer factors can approximate it; 0...``Limits/maximumScale``.
  package var scale: Int
  /// Base-2^15 limbs of N_e, low first; nil means N_e = 0, that E vanishes everywhere, or with `entries` no norm bound.
  package var bound: [UInt16]?
  /// On each entry of E.
  package var entries: EntryClaim?

  package init(
    rank: Int?, blocks: KroneckerBlock? = nil, circulant: CirculantBlock? = nil, sparse: SparseForm?, scale: Int,
    bound: [UInt16]?, entries: EntryClaim? = nil
  ) {
    self.rank = rank
    self.blocks = blocks
    self.circulant = circulant
    self.sparse = sparse
    self.scale = scale
    self.bound = bound
    self.entries = entries
  }

  /// E vanishes.
  package var isExact: Bool { bound == nil && entries == nil }

  /// Rows of U and of V for a tensor of these sizes.
  package func factorRows(rows: Int, columns: Int) -> (left: Int, right: Int) {
    blocks.map { ($0.count(rows: rows, columns: columns), $0.entries) } ?? (rows, columns)
  }
}

/// A block of a checkpoint's tensor that stands in the tableau as a tensor of its own: an attention head, an expert.
package struct TensorBlock: Hashable, Sendable {
  package enum Axis: String, Hashable, Sendable {
    case rows
    case columns
    /// The tensor is read as a matrix whose columns are a slice's: slices are neighbouring blocks of its rows.
    case slices
  }

  /// The checkpoint's name of the whole tensor.
  package let tensor: String
  /// What it is a range of; of the other it has all.
  package let axis: Axis
  /// Of the tensor's matrix, for slices in their reading.
  package let rows: Range<Int>
  package let columns: Range<Int>
  /// Where among the tensor's blocks it stands, from 0.
  package let index: Int

  package init(tensor: String, axis: Axis, rows: Range<Int>, columns: Range<Int>, index: Int) {
    self.tensor = tensor
    self.axis = axis
    self.rows = rows
    self.columns = columns
    self.index = index
  }
}

/// One tensor of the drift tableau with everything public about it.
package struct TableauTensor: Hashable, Sendable {
  /// The checkpoint's name, or the block's own, which says what `block` says: statements bind names.
  package var name: String
  /// a and b of docs/protocol.md section 2.
  package var rows: Int
  package var columns: Int
  /// f: a weight w is the integer round(w·2^f).
  package var fractionBits: Int
  /// True when Δ itself (no U, V, S, s = 0) gets E-tiles: for a norm clause, a bounding clause or the global ball.
  package var isPlain: Bool
  /// Base-2^15 limbs of the bound on ‖Δ‖²; nil when the plain tiles only bound entries or feed the global ball.
  package var plainBound: [UInt16]?
  package var clauses: [StructuredClause]
  /// Which part of a checkpoint's tensor it is; nil for a whole one.
  package var block: TensorBlock?
  /// Claims nearly orthonormal rows: ΔΔᵀ = 2^(2f)·1 + g with every |g_jk| ≤ ``Limits/halfRange``, so that no eigenvalue
  /// of ΔΔᵀ exceeds 2^(2f) + rows·2^29. Needs a plain bound and no clauses (``DriftStatement/validate()``).
  package var isOrthonormal: Bool
  /// Where the base's own entries are committed to; nil when no clause speaks of them and the statement is not aligned.
  package var base: BasePlace?
  /// Where the drift, or the tuned weights, may differ from 0. They need plain tiles.
  package var patterns: [PatternClaim]

  package init(
    name: String, rows: Int, columns: Int, fractionBits: Int, isPlain: Bool, plainBound: [UInt16]?,
    clauses: [StructuredClause], block: TensorBlock? = nil, isOrthonormal: Bool = false, base: BasePlace? = nil,
    patterns: [PatternClaim] = []
  ) {
    self.name = name
    self.rows = rows
    self.columns = columns
    self.fractionBits = fractionBits
    self.isPlain = isPlain
    self.plainBound = plainBound
    self.clauses = clauses
    self.block = block
    self.isOrthonormal = isOrthonormal
    self.base = base
    self.patterns = patterns
  }
}

extension TableauTensor {
  /// An orthonormal tensor is a factor, whose size is that of its rows' number: only the other factor counts as drift.
  package var countsInTotal: Bool { !isOrthonormal }
}

/// What the argument proves about one committed drift tableau. A pure function of identity, manifest and policy.
package struct DriftStatement: Hashable, Sendable {
  /// In the order of the checkpoint's names; blocks of one tensor stand in its place, in rising order.
  package var tensors: [TableauTensor]
  /// Base-2^15 limbs of N for Σ_i 4^(F - f_i)·‖Δ_i‖² ≤ N with F = max f_i, over the tensors that count in the total;
  /// nil without a global ball.
  package var totalBound: [UInt16]?
  package var code: CodeParameters
  /// Identities, manifests and canonical policy: absorbed before everything else.
  package var binding: [UInt8]
  /// The trees of the base's tableau that tensors speak of, by rising number.
  package var baseTrees: [BaseTree]
  /// Every tensor lies where the base's tableau has it, whether or not a claim speaks of the base, so that rows of both
  /// can be added (docs/protocol.md, section 13).
  package var isAligned: Bool

  package init(
    tensors: [TableauTensor], totalBound: [UInt16]?, code: CodeParameters, binding: [UInt8],
    baseTrees: [BaseTree] = [], isAligned: Bool = false
  ) {
    self.tensors = tensors
    self.totalBound = totalBound
    self.code = code
    self.binding = binding
    self.baseTrees = baseTrees
    self.isAligned = isAligned
  }
}

/// Constants of the argument, each beside the inequality that it must satisfy; docs/protocol.md section 5.
package enum Limits {
  /// Positions of a projection chunk: 2^14.
  package static let logChunk = 14
  package static let chunk = 1 << logChunk
  /// Rows of R. A row misses a violation with probability at most 1/2 (section 5, items 1 and 2): 2^-132 ≤ 2^-128.
  package static let projections = 132
  /// H = 2^29: an honest projection Y lies in [-H, H), so Y + H has 15 full base-4 digits: 2^30 = 4^15.
  package static let halfRange = 1 << 29
  package static let projectionDigits = 15
  /// Everything that must be small is committed in base-4 digits, each a root of d(d-1)(d-2)(d-3).
  package static let logDigit = 2
  package static let digitBase = 1 << logDigit
  /// Sums and bounds are written in limbs of weight 2^15, each of 8 digits: a limb below 2^16 need not be the least
  /// representative, it only has to be non-negative and small.
  package static let logLimb = 15
  package static let limbDigits = 8
  /// S has four limbs: S ≤ Σ_j 2^(15j)·(2^16 - 1) < 2^61.1 < p. Soundness: S_c < (4.73·2^29)² = 2^62.49 < p, so no wrap
  /// before this; honest sums are below 2^58.
  package static let squareLimbs = 4
  /// Completeness: 66·S_c ≤ 2^58, so P(|Y| ≥ H) ≤ 2·exp(-H²/S_c) ≤ 2·e^-66 < 2^-94; over 2^30 projections < 2^-64.
  package static let completenessFactor = 66
  package static let maximumHonestSquare = (1 << 58) / completenessFactor
  /// Norm totals: Σ_c limb_j·2^b with limbs below 2^16, b < 15, at most 2^27 chunks is below 2^57 < p.
  package static let logMaximumChunks = 27
  /// Carries: (2^57 + 2^16 + 2^46)/2^15 < 2^43; 23 digits hold 2^46, and 2^15·2^46 = 2^61 < p: no line wraps.
  package static let carryDigits = 23
  /// Limbs of a bound: ΣS < 2^61.1·2^27 < 2^89 needs 6; the global ball's shifts 2(F - f) = 15a + b add a + 1.
  package static let boundLimbs = 6
  package static let maximumBoundLimbs = 16
  /// |2^s·Δ| ≤ 2^(30+s) with |UVᵀ| < 2^62.49: the sum stays below p for s ≤ 20.
  package static let maximumScale = 20
  /// The same of E with a fine shift, which is not squared and below 2^47 (``RoundingClaim``): 2^54 + 2^62.49 + 2^47 < p/2.
  package static let maximumRoundingScale = 24
  /// A row of U lies inside one chunk: rank ≤ 2^14; the policy's limit is lower.
  package static let maximumRank = 1024
  /// Orthonormal rows: |Σ_x Δ_jx·Δ_kx| ≤ ‖Δ‖² ≤ N < 2^60 by Cauchy-Schwarz, 2^(2f) ≤ 2^56 and g in [-2^29, 2^29), which
  /// has the digits of a projection: together below 2^61 < p/2, so what holds mod p holds over the integers.
  package static let logOrthonormalBound = 60
  package static let orthonormalFractionBits = 0...28
  /// Entries that one masked reveal needs: the map from 8 random F-entries to a K-value has F-rank 3 but for 2^-254.
  package static let maskEntries = 8
  package static let logMaskEntries = 3
  /// Smallest sub-cube of a tensor, so that sums over 64 neighbours belong to one clause: as many variables as the
  /// bounds stage binds on integers at most.
  package static let logSmallestCube = 6
}

package func ceilLog2(_ n: Int) -> Int { n <= 1 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount }
