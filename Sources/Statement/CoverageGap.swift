// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation

/// One of the two models that are compared.
public enum ModelSide: String, Hashable, Sendable, CustomStringConvertible {
  case base = "base"
  case tuned = "tuned model"

  /// In English, for people and logs.
  public var description: String { rawValue }
  var other: ModelSide { self == .base ? .tuned : .base }
}

/// One difference in names, types or shapes that the policy does not cover.
public enum CoverageGap: Error, Equatable, Sendable {
  /// In the base but not in the tuned model; `renamedTo` is an added tensor of the same type and shape, if any.
  case missing(tensor: String, renamedTo: String?)
  /// In the tuned model but not in the base.
  case added(tensor: String, renamedFrom: String?)
  /// Another shape, other than by rows more or less at the end.
  case reshaped(tensor: String, base: [Int], tuned: [Int])
  /// `added` rows more than the base, of which the rule admits `allowed`, 0 without `grow`.
  case grown(tensor: String, base: [Int], tuned: [Int], added: Int, allowed: Int)
  /// Fewer rows than the base.
  case shrunk(tensor: String, base: [Int], tuned: [Int])
  case dataTypeChanged(tensor: String, base: String, tuned: String)
  /// A clause on a tensor that has no encoding as numbers.
  case notCertifiable(tensor: String, dataType: String, rule: Int)
  /// A clause on a tensor with a weight that no integer stands for: NaN, infinite or too large. `rule` is nil where only
  /// the weights themselves told.
  case notEncodable(tensor: String, of: ModelSide, entry: Int, rule: Int?)
  /// The names of one side are those of the other with parts before or between them that wrappers add.
  case prefixed(NamePrefix)
  /// One side is quantised, the other is not.
  case quantised(QuantisedSide)
  /// Heads whose size does not divide the tensor's rows or columns.
  case headsDoNotFit(tensor: String, axis: String, length: Int, size: Int, rule: Int)
  /// Slices behind so many leading dimensions of a tensor that has fewer than two more.
  case slicesDoNotFit(tensor: String, shape: [Int], axes: Int, rule: Int)
  /// An entrywise bound below the least that can be proved in the tensor's units; both in the weights' own units.
  case entryBoundTooSmall(tensor: String, found: Double, least: Double, rule: Int)
  /// An entrywise bound of an adapter's product of matrices, where the clause has no rank that the product satisfies.
  case entriesOfProduct(tensor: String, rule: Int)
  /// A rounding bound on a tensor that none can be put on.
  case rounding(tensor: String, obstacle: RoundingObstacle, rule: Int)
  /// A pattern on a tensor that none can be put on.
  case pattern(tensor: String, obstacle: PatternObstacle, rule: Int)
  /// Blocks on a tensor that they do not fill, or that is no sum of them.
  case blocks(tensor: String, obstacle: BlockObstacle, rule: Int)
  /// A pattern of weights, where the base's identity does not commit to the base's.
  case patternNeedsBase(rule: Int)
  /// A pattern of weights in the policy of a chain's link, whose base is another model than the one that is committed to.
  case patternInLink(rule: Int)
  /// A rounding bound, where the base's identity does not commit to the base's weights.
  case baseNotCommitted(rule: Int)
  /// A statement in the base's units and places, where the base's identity does not commit to the base's weights.
  case nothingToAlignWith
  /// A tensor of which such a statement cannot speak.
  case notAlignable(tensor: String, obstacle: AlignmentObstacle, rule: Int)
  /// A residual and an entrywise bound of one rest, in a policy that has rounding bounds: such a proof has no norms of rests
  /// that it bounds entry by entry.
  case residualBesideEntries(tensor: String, rule: Int)
  /// A rounding bound in the policy of a chain's link, whose base is another model than the one that is committed to.
  case roundingInLink(rule: Int)
  /// A tensor has the name that a head or a factor of another would have.
  case headNameTaken(tensor: String, name: String)
  /// A tensor that a link's policy does not exclude, but that its parent's model has otherwise, or not at all (`parent`
  /// nil); types and shapes as text.
  case differsInParent(tensor: String, link: String, parent: String?)
  /// An adapter's matrices that belong to no tensor of the base; the message says how.
  case adapter(String)
  /// Folders that do not say clearly which weights the model has.
  case weights(UnclearWeights)
  /// A rule that matches nothing, is shadowed, or leaves a tensor undecided.
  case policy(PolicyError)
}

/// Why a folder or file does not say which weights a model has.
public struct UnclearWeights: Equatable, Sendable, CustomStringConvertible {
  package let error: CheckpointError

  package init(_ error: CheckpointError) { self.error = error }

  /// In English, for people and logs.
  public var description: String { error.description }
}

private enum EntryNumbers {
  static func text(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension CoverageGap: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .missing(let tensor, _) where TiedHeads.isHead(tensor):
      "tensor \(StrictJSON.shown(tensor)) of the base is missing in the tuned model, and it is not the base's embedding: it "
        + "was trained apart; save the tuned model again, with its head"
    case .added(let tensor, _) where TiedHeads.isHead(tensor):
      "tensor \(StrictJSON.shown(tensor)) of the tuned model does not exist in the base, whose head is tied to the embedding, "
        + "and it is not the tuned model's embedding: it was trained apart. It is part of the model; prove it against a base "
        + "that stores its head, with the embedding's values"
    case .missing(let tensor, let other):
      "tensor \(StrictJSON.shown(tensor)) of the base is missing in the tuned model"
        + hint(tensor, other) + "; restore it, or exclude it by a rule that allows \"any\""
    case .added(let tensor, let other):
      "tensor \(StrictJSON.shown(tensor)) of the tuned model does not exist in the base"
        + hint(tensor, other) + "; remove it, or exclude it by a rule that allows \"any\""
    case .reshaped(let tensor, let base, let tuned) where base.contains(0) != tuned.contains(0):
      "tensor \(StrictJSON.shown(tensor)) has no entries in the \(tuned.contains(0) ? "tuned model" : "base") (shape "
        + "\(tuned.contains(0) ? tuned : base), \(tuned.contains(0) ? base : tuned) in the other): the save was incomplete, as "
        + "when DeepSpeed ZeRO-3 saves without gathering the weights; save the model again, gathered"
    case .reshaped(let tensor, let base, let tuned):
      "tensor \(StrictJSON.shown(tensor)) has shape \(base) in the base and \(tuned) in the tuned model; restore the shape"
    case .grown(let tensor, let base, let tuned, let added, let allowed):
      "tensor \(StrictJSON.shown(tensor)) has shape \(base) in the base and \(tuned) in the tuned model, \(added) rows more "
        + "(a resized vocabulary?), where its rule admits \(allowed == 0 ? "none" : "\(allowed)"); "
        + (PolicyLimits.growthRange.contains(added)
          ? "a rule with clauses and \"grow\": { \"rows\": \(added) } admits them, and bounds them like other changes"
          : "no policy admits so many; restore the shape")
    case .shrunk(let tensor, let base, let tuned):
      "tensor \(StrictJSON.shown(tensor)) has shape \(base) in the base and \(tuned) in the tuned model, which lacks rows of "
        + "the base; restore them: a model that lost rows is not the base with a bounded change"
    case .dataTypeChanged(let tensor, let base, let tuned):
      "tensor \(StrictJSON.shown(tensor)) is \(base) in the base and \(tuned) in the tuned model; "
        + "cast one of the checkpoints"
    case .notCertifiable(let tensor, let dataType, let rule):
      "tensor \(StrictJSON.shown(tensor)) is \(dataType), which clauses cannot bound, but $.rules[\(rule)] gives it one; "
        + "put a rule that allows \"frozen\" or \"any\" before it"
    case .notEncodable(let tensor, let side, let entry, let rule):
      "tensor \(StrictJSON.shown(tensor)) of the \(side): entry \(entry) is NaN, infinite or beyond 2^41, which clauses "
        + "cannot bound" + (rule.map { ", but $.rules[\($0)] gives it one" } ?? "")
        + "; put a rule that allows \"frozen\" or \"any\" before it, or repair the weight"
    case .prefixed(let prefix): prefix.description
    case .quantised(let side): side.description
    case .headsDoNotFit(let tensor, let axis, let length, let size, let rule):
      "tensor \(StrictJSON.shown(tensor)) has \(length) \(axis), which the heads of \(size) in $.rules[\(rule)] do not "
        + "divide; correct the size, or give the tensor a rule of its own"
    case .slicesDoNotFit(let tensor, let shape, let axes, let rule):
      "tensor \(StrictJSON.shown(tensor)) has the shape \(shape), which $.rules[\(rule)] cuts into slices behind \(axes) "
        + "leading dimension\(axes == 1 ? "" : "s"): that takes at least \(axes + 2) dimensions; correct heads.axes, or give the "
        + "tensor a rule of its own without slices"
    case .entryBoundTooSmall(let tensor, let found, let least, let rule):
      "tensor \(StrictJSON.shown(tensor)): the entrywise bound of \(EntryNumbers.text(found)) in $.rules[\(rule)] is below "
        + "\(EntryNumbers.text(least)), the least that can be proved at this precision; widen it as far as that is what you "
        + "mean, or bound the norm instead"
    case .entriesOfProduct(let tensor, let rule):
      "tensor \(StrictJSON.shown(tensor)): the entrywise bound in $.rules[\(rule)] cannot be proved of an unmerged adapter's "
        + "product, whose entries are committed nowhere; merge the adapter and prove the merged model"
    case .rounding(let tensor, let obstacle, let rule):
      "tensor \(StrictJSON.shown(tensor)): $.rules[\(rule)] bounds entries by their weights, but \(obstacle)"
    case .pattern(let tensor, let obstacle, let rule):
      "tensor \(StrictJSON.shown(tensor)): $.rules[\(rule)] gives it a pattern, but \(obstacle)"
    case .blocks(let tensor, let obstacle, let rule):
      "tensor \(StrictJSON.shown(tensor)): $.rules[\(rule)] gives it a part that repeats itself block by block, but \(obstacle)"
    case .patternNeedsBase(let rule):
      "$.rules[\(rule)] has a pattern of weights, which needs an identity that commits to the base's weights; give one that does"
    case .patternInLink(let rule):
      "$.rules[\(rule)] has a pattern of weights, which a link of a chain cannot show: what is committed to is the chain's base, "
        + "not the model before the link; use a pattern of the drift, or begin a chain with that model and an identity of its own"
    case .baseNotCommitted(let rule):
      "$.rules[\(rule)] bounds roundings or fractions of weights, which needs an identity that commits to the base's weights; "
        + "give one that does"
    case .nothingToAlignWith:
      "a proof about the tuned model's own tableau needs an identity that commits to the base's weights; give one that does"
    case .notAlignable(let tensor, let obstacle, let rule):
      "tensor \(StrictJSON.shown(tensor)), which $.rules[\(rule)] decides, cannot be part of a proof about the tuned model's "
        + "own tableau: \(obstacle)"
    case .residualBesideEntries(let tensor, let rule):
      "tensor \(StrictJSON.shown(tensor)): $.rules[\(rule)] bounds norm and entries of one rest, which no proof has beside "
        + "rounding bounds of other rules; use a list of two objects, each with the rank"
    case .roundingInLink(let rule):
      "$.rules[\(rule)] bounds entries by their weights, which a link of a chain cannot show: what is committed to is the chain's "
        + "base, not the model before the link; use an absolute entrywise bound, or begin a chain with that model and "
        + "an identity of its own"
    case .headNameTaken(let tensor, let name):
      "a tensor is named \(StrictJSON.shown(name)), as a part of \(StrictJSON.shown(tensor)) would be; rename it, or "
        + "remove heads from the rule, or merge the adapter"
    case .differsInParent(let tensor, let link, let parent):
      "tensor \(StrictJSON.shown(tensor)) is \(link) in this link and \(parent ?? "missing") in the parent's model; exclude it "
        + "by a rule that allows \"any\""
    case .adapter(let message): message
    case .weights(let why): "\(why)"
    case .policy(let error): "policy \(error)"
    }
  }

  private func hint(_ tensor: String, _ other: String?) -> String {
    if let other { return " (renamed: \(StrictJSON.shown(other)) has its type and shape?)" }
    if tensor.hasSuffix("position_ids") { return " (newer libraries drop this buffer)" }
    return ""
  }
}
