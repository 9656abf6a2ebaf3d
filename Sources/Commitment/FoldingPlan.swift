/// Which foldings of the combined rows get a tree of their own; docs/protocol.md section 6.
///
/// Layer m holds the codeword of 2^logLength coefficients, 2^folds consecutive positions per leaf; `folds` foldings lead
/// to the next layer, the last of them to 2^logFinal coefficients that are sent in clear. The plan depends on public
/// parameters only, so both sides compute it.
struct FoldingPlan: Hashable, Sendable {
  struct Layer: Hashable, Sendable {
    let logLength: Int
    let folds: Int
  }

  let layers: [Layer]
  let logFinal: Int

  var foldCount: Int { layers.reduce(0) { $0 + $1.folds } }

  /// 16 values per leaf at most: a wider leaf costs more than the tree that it saves.
  static let maximumFolds = 4

  /// The plan with the smallest proof for `claims` combinations that are folded together.
  init(_ parameters: CodeParameters, claims: Int) {
    if let schedule = parameters.foldSchedule {
      self.init(logLength: parameters.logLength, schedule: schedule)
      return
    }
    // best[m]: the bytes and the folds of the cheapest way from a layer of 2^m coefficients to the end.
    var best: [(bytes: Int, schedule: [Int])] = []
    for m in 0...parameters.logLength {
      // Sending 2^m coefficients now. Not for the first layer: the rows are compared with a committed codeword.
      var choice = (bytes: 24 * claims << m, schedule: [Int]())
      for folds in 1...Self.maximumFolds where folds <= m {
        let cost =
          Self.layerBytes(parameters, logLength: m, folds: folds, claims: claims) + best[m - folds].bytes
        if cost < choice.bytes || (m == parameters.logLength && choice.schedule.isEmpty) {
          choice = (cost, [folds] + best[m - folds].schedule)
        }
      }
      best.append(choice)
    }
    self.init(logLength: parameters.logLength, schedule: best[parameters.logLength].schedule)
  }

  private init(logLength: Int, schedule: [Int]) {
    var remaining = logLength
    var layers: [Layer] = []
    for folds in schedule {
      layers.append(Layer(logLength: remaining, folds: folds))
      remaining -= folds
    }
    self.layers = layers
    logFinal = remaining
  }

  /// Leaf values, an estimate of the merged Merkle paths, and the root, for t distinct leaves (their top log2(t) levels
  /// are shared).
  private static func layerBytes(_ parameters: CodeParameters, logLength: Int, folds: Int, claims: Int) -> Int {
    let logLeaves = logLength + parameters.logBlowup - folds
    let leaves = min(parameters.queries, 1 << logLeaves)
    let shared = Int.bitWidth - 1 - leaves.leadingZeroBitCount
    return leaves * (24 * claims << folds) + leaves * max(0, logLeaves - shared) * 32 + 32
  }
}
