// SPDX-License-Identifier: Apache-2.0

/// How a synthetic fine-tune moves a whole model.
package enum ModelDrift: String, Sendable, CaseIterable {
  /// Every tensor moves by about 1 % of its norm.
  case dense
  /// Rank 8, merged, on query and value projections; on all linear layers of a model without attention.
  case lora
  /// Rank 8, merged, on all linear layers and convolutions.
  case loraAll = "lora-all"
  /// 20 rows of the embedding change; without one, of the head or of every matrix.
  case rows
  /// LoRA on attention, small dense drift in the feed-forward part, rows of the embedding; convolutions by channels.
  case mixed

  /// What happens to one tensor.
  enum TensorDrift: Sendable, Equatable {
    case none
    /// Normal, with a norm of this fraction of the tensor's.
    case dense(relative: Float)
    /// U·Vᵀ with a norm of this fraction of the tensor's.
    case lowRank(rank: Int, relative: Float)
    /// This many evenly spread rows move by half of their norm.
    case rows(Int)
  }

  static let rank = 8
  static let rowCount = 20
  /// Channels of each convolution that move in `mixed`.
  static let channelCount = 8

  func drift(of role: TensorRole, in model: ModelShape) -> TensorDrift {
    let lowRank = TensorDrift.lowRank(rank: Self.rank, relative: 0.05)
    let roles = Set(model.tensors.map(\.role))
    switch self {
    case .dense: return .dense(relative: 0.01)
    case .lora:
      let isTarget = roles.contains(.attentionQueryValue) ? role == .attentionQueryValue : role.isLinear
      return isTarget ? lowRank : .none
    case .loraAll: return role.isLinear || role == .convolution ? lowRank : .none
    case .rows:
      let target = [.embedding, .head, .linear].first(where: roles.contains) ?? TensorRole.linear
      return role == target ? .rows(Self.rowCount) : .none
    case .mixed:
      switch role {
      case .attentionQueryValue, .attentionOther, .linear: return lowRank
      case .head: return roles.contains(.convolution) ? lowRank : .none
      case .feedForward: return .dense(relative: 0.005)
      case .bias: return roles.contains(.convolution) ? .none : .dense(relative: 0.005)
      case .embedding: return .rows(Self.rowCount)
      case .convolution: return .rows(Self.channelCount)
      case .norm, .buffer: return .none
      }
    }
  }
}
