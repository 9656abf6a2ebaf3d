// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCore
import Foundation
import DriftProofKernels
import DriftProofLinearAlgebra
import Synchronization

/// Fits the low-rank and sparse clauses of all tensors, a few tensors in memory at a time.
struct ClauseMeasurer {
  /// By position of the clause in its tensor.
  typealias Fits = [(clause: Int, fit: ClauseFit)]

  /// Bytes of tensors in work at one time, which bounds how many are in parallel.
  static let memoryLimit = 1 << 30
  /// Per entry: the integers, and one block or two in doubles.
  static let bytesPerEntry = 8

  /// One for each tensor; empty where it has no clauses, and then it needs no source. `hints` are by the tensors' names;
  /// `progress` is told the fraction that is done.
  static func fit(
    tensors: [TableauTensor], sources: [DriftSource?], hints: [String: [FactorHint]] = [:],
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) throws -> [Fits] {
    let order = tensors.indices.filter { !tensors[$0].clauses.isEmpty }
      .sorted { size(tensors[$0]) > size(tensors[$1]) }
    guard let largest = order.first else { return tensors.map { _ in [] } }
    let total = Double(order.reduce(0) { $0 + size(tensors[$1]) })
    let cores = ProcessInfo.processInfo.activeProcessorCount
    // The integers twice where clauses have an order of their own.
    let hasBlocks = tensors.contains { $0.clauses.contains { $0.blocks != nil } }
    let bytes = bytesPerEntry + (hasBlocks ? MemoryLayout<Int32>.size : 0)
    let lanes = max(1, min(cores, order.count, memoryLimit / (bytes * max(1, size(tensors[largest])))))
    let finished = Mutex(0.0)
    let advance = { @Sendable (part: Double) in
      progress(
        finished.withLock {
          $0 += part
          return min(1, $0 / total)
        })
    }
    let work = { () throws -> [Fits] in
      // Tensors without clauses, which come last, are nothing to do.
      let rest = tensors.indices.filter { tensors[$0].clauses.isEmpty }
      return try Parallel.map(tensors.count, order: order + rest, workers: lanes) { index in
        let tensor = tensors[index]
        guard !tensor.clauses.isEmpty else { return [] }
        let own = Double(size(tensor))
        var reported = 0.0
        defer { advance(own - reported) }
        guard let source = sources[index] else { return [] }
        let fitter = ClauseFitter(drift: try source.matrix(), fractionBits: tensor.fractionBits)
        return try tensor.clauses.enumerated().map { number, clause in
          if let entries = clause.entries, let rounding = entries.rounding, rounding.speaksOfWeights {
            let rounded = RoundingFitter(fitter: fitter, source: source, hints: hints[tensor.name] ?? [])
            return (number, try rounded.fit(clause, entries, rounding))
          }
          let fit = try fitter.fit(clause) { fraction in
            // Clauses count alike.
            let done = own * (Double(number) + fraction) / Double(tensor.clauses.count)
            advance(done - reported)
            reported = done
          }
          return (number, fit)
        }
      }
    }
    defer { BlockMemory.empty() }
    return lanes > 1 ? try ThreadCount.withOne(work) : try work()
  }

  private static func size(_ tensor: TableauTensor) -> Int { tensor.rows * tensor.columns }
}
