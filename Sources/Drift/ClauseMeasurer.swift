import Argument
import Foundation
import Kernels
import LinearAlgebra
import Synchronization

/// Fits the low-rank and sparse clauses of all tensors, a few tensors in memory at a time.
struct ClauseMeasurer {
  /// By position of the clause in its tensor.
  typealias Fits = [(clause: Int, fit: ClauseFit)]

  /// Bytes of tensors in work at one time, which bounds how many are in parallel.
  static let memoryLimit = 1 << 30
  /// Per entry: the integers, and one block or two in doubles.
  static let bytesPerEntry = 8

  /// One for each tensor; empty where it has no clauses, and then it needs no source. `progress` is told the fraction that
  /// is done.
  static func fit(
    tensors: [TableauTensor], sources: [DriftSource?], progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> [Fits] {
    let order = tensors.indices.filter { !tensors[$0].clauses.isEmpty }
      .sorted { size(tensors[$0]) > size(tensors[$1]) }
    guard let largest = order.first else { return tensors.map { _ in [] } }
    let total = Double(order.reduce(0) { $0 + size(tensors[$1]) })
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let lanes = max(1, min(cores, order.count, memoryLimit / (bytesPerEntry * max(1, size(tensors[largest])))))
    let state = Mutex(State(count: tensors.count))
    let work: @Sendable () -> Void = {
      while let position = state.withLock({ $0.take(order.count) }) {
        let index = order[position]
        let result = Result { try sources[index].map { try fits(tensors[index], $0) } ?? [] }
        let done = state.withLock { state in
          state.results[index] = result
          state.done += size(tensors[index])
          return state.done
        }
        progress(Double(done) / total)
      }
    }
    if lanes > 1 {
      ThreadCount.withOne { Parallel.forEach(lanes) { _ in work() } }
    } else {
      work()
    }
    return try state.withLock { try $0.results.map { try $0?.get() ?? [] } }
  }

  private static func fits(_ tensor: TableauTensor, _ source: DriftSource) throws -> Fits {
    let fitter = ClauseFitter(drift: try source.matrix(), fractionBits: tensor.fractionBits)
    return try tensor.clauses.enumerated().map { ($0.offset, try fitter.fit($0.element)) }
  }

  private static func size(_ tensor: TableauTensor) -> Int { tensor.rows * tensor.columns }

  private struct State {
    var results: [Result<Fits, any Error>?]
    var done = 0
    private var next = 0

    init(count: Int) { results = Array(repeating: nil, count: count) }

    /// The next position that nobody works on.
    mutating func take(_ count: Int) -> Int? {
      guard next < count else { return nil }
      defer { next += 1 }
      return next
    }
  }
}
