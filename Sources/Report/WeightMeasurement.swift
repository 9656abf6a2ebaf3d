// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofInspection
import DriftProofReportFacts
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// What the two checkpoints themselves show, for a page made by somebody who holds them. Nothing here is proved, and
/// all of it is about the weights: whoever passes it on publishes that.
package struct WeightMeasurement: Sendable {
  /// How much is decomposed; all other measures are taken of every tensor.
  package struct Limits: Sendable {
    /// Entries of one matrix: a few seconds each.
    package var entriesOfTensor = 1 << 26
    /// Entries of all matrices together: about two minutes, or a model of a billion parameters.
    package var entriesInAll = 1 << 30

    package init(entriesOfTensor: Int = 1 << 26, entriesInAll: Int = 1 << 30) {
      self.entriesOfTensor = entriesOfTensor
      self.entriesInAll = entriesInAll
    }
  }

  package let inspection: CheckpointInspection
  /// Why these may not be the checkpoints of the certificate; empty when nothing contradicts it.
  package let doubts: [WeightDoubt]
  /// Changed matrices that were too large, or too many, to decompose.
  package let withoutSpectrum: [String]
  package let seconds: Double
  /// The tuned model is an unmerged adapter, of whose products norm and rank are known.
  package var isAdapter = false
  /// Names of files that were knowingly not read as part of the models.
  package var filesLeftOut: [String] = []

  /// The measures by name.
  package let tensors: [String: TensorInspection]

  /// Reads both checkpoints.
  /// - Throws: what reading files and decompositions throw. Other names, types or shapes are doubts, not errors.
  package static func measure(
    base: Checkpoint, tuned: Checkpoint, contents: VerifiedContents, limits: Limits = Limits(),
    progress: ((_ tensor: String, _ done: Int, _ total: Int) -> Void)? = nil
  ) throws(InspectionError) -> WeightMeasurement {
    let start = ContinuousClock.now
    let chosen = chooseSpectra(contents, limits)
    let inspection = try CheckpointInspection.inspect(
      base: base, tuned: tuned, progress: progress, decomposes: { chosen.contains($0.name) })
    // A base without identity, such as one with a NaN, is no certificate's base.
    let root = try? BaseIdentity.compute(checkpoint: base).rootHex
    let withoutSpectrum = inspection.tensors.filter { tensor in
      let (rows, columns) = Shape.matrix(tensor.tunedShape)
      guard let drift = tensor.drift, rows > 1, columns > 1 else { return false }
      return drift.norm > 0 && drift.lowRank == nil
    }
    return WeightMeasurement(
      inspection: inspection,
      doubts: WeightDoubt.find(inspection, baseRoot: root, tuned: tuned.tensors, contents: contents),
      withoutSpectrum: withoutSpectrum.map(\.name), seconds: start.duration(to: .now) / .seconds(1),
      tensors: Dictionary(inspection.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  /// The same of an unmerged adapter: norms of its products, and its whole tensors beside the base's.
  /// - Throws: `coverageGap` for an adapter that does not fit the base, `operational`.
  package static func measure(
    base: Checkpoint, adapter: Adapter, contents: VerifiedContents
  ) throws(DriftProofError) -> WeightMeasurement {
    let start = ContinuousClock.now
    let identity: BaseIdentity
    do {
      identity = try BaseIdentity.compute(checkpoint: base)
    } catch {
      throw DriftProofError(translating: error)
    }
    let products = try AdapterInspection.inspect(base: base, adapter: adapter)
    let inspection = CheckpointInspection(products, identity: identity)
    return WeightMeasurement(
      inspection: inspection,
      doubts: WeightDoubt.find(inspection, baseRoot: identity.rootHex, products: products, contents: contents),
      withoutSpectrum: [], seconds: start.duration(to: .now) / .seconds(1), isAdapter: true,
      tensors: Dictionary(inspection.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  /// The smallest matrices, as many as the limits allow; first those that may have changed.
  private static func chooseSpectra(_ contents: VerifiedContents, _ limits: Limits) -> Set<String> {
    var left = limits.entriesInAll
    var chosen: Set<String> = []
    let small = contents.tensors.filter { $0.parameters <= limits.entriesOfTensor }
      .sorted { $0.parameters < $1.parameters }
    for tensor in small.filter({ $0.tensorClass != .frozen }) + small.filter({ $0.tensorClass == .frozen }) {
      guard tensor.parameters <= left else { continue }
      left -= tensor.parameters
      chosen.insert(tensor.name)
    }
    return chosen
  }
}

/// A contradiction between checkpoints at hand and a certificate. Without any, they may still be others: only `check`,
/// with the opening, tells.
package enum WeightDoubt: Sendable, Equatable {
  /// The base checkpoint has another identity; nil where it has none.
  case otherBase(identity: String?)
  /// Names, types or shapes of the tuned checkpoint differ from those in the certificate.
  case otherTensors(names: [String])
  /// The adapter adds products to other tensors, or of other ranks, than the certificate says.
  case otherProducts(names: [String])
  /// Tensors that the certificate says are unchanged.
  case frozenDiffers(names: [String])
  /// Tensors that changed by more than the certificate proves.
  case beyondBound(names: [String])

  static func find(
    _ inspection: CheckpointInspection, baseRoot: String?, tuned: [TensorInfo], contents: VerifiedContents
  ) -> [WeightDoubt] {
    var doubts: [WeightDoubt] = []
    if baseRoot != contents.identity.rootHex { doubts.append(.otherBase(identity: baseRoot)) }
    let certified = Set(contents.tuned)
    let found = Set(tuned.map { TunedTensor(name: $0.name, dtype: $0.dtype, shape: $0.shape) })
    let different = Set(certified.symmetricDifference(found).map(\.name)).sorted(by: TensorPair.precedes)
    if !different.isEmpty { doubts.append(.otherTensors(names: different)) }
    return doubts + changes(inspection, contents)
  }

  /// Of an adapter.
  static func find(
    _ inspection: CheckpointInspection, baseRoot: String, products: AdapterInspection, contents: VerifiedContents
  ) -> [WeightDoubt] {
    var doubts: [WeightDoubt] = []
    if baseRoot != contents.identity.rootHex { doubts.append(.otherBase(identity: baseRoot)) }
    let certified = contents.tuned.filter {
      switch $0.change {
      case .product, .kronecker: true
      case .dense, .none: false
      }
    }
    let found = Dictionary(products.products.map { ($0.tensor, $0.changes) }, uniquingKeysWith: { first, _ in first })
    let wrong = certified.filter { !(found[$0.name]?.contains($0.change) ?? false) }.map(\.name)
    let more = Set(found.keys).subtracting(certified.map(\.name))
    let different = Set(wrong).union(more).sorted(by: TensorPair.precedes)
    if !different.isEmpty { doubts.append(.otherProducts(names: different)) }
    return doubts + changes(inspection, contents)
  }

  /// What moved further than the certificate says.
  private static func changes(_ inspection: CheckpointInspection, _ contents: VerifiedContents) -> [WeightDoubt] {
    var doubts: [WeightDoubt] = []
    let measured = Dictionary(inspection.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let coarsest = contents.verification.precision.tensorsByFractionBits.first?.fractionBits ?? 0
    let unit = Double(sign: .plus, exponent: -coarsest, significand: 1)
    var frozen: [String] = []
    var beyond: [String] = []
    for tensor in contents.tensors {
      guard let own = measured[tensor.name] else { continue }
      if tensor.tensorClass == .frozen, own.outcome != .identical { frozen.append(tensor.name) }
      // Changes below the precision are invisible to the proof: ‖W' - W‖ ≤ B + sqrt(entries)·2^-f.
      if tensor.tensorClass != .frozen, let bound = tensor.largestNorm, let drift = own.drift,
        drift.norm > bound * (1 + 1e-9) + Double(tensor.parameters).squareRoot() * unit
      {
        beyond.append(tensor.name)
      }
    }
    if !frozen.isEmpty { doubts.append(.frozenDiffers(names: frozen)) }
    if !beyond.isEmpty { doubts.append(.beyondBound(names: beyond)) }
    return doubts
  }
}

extension WeightDoubt: CustomStringConvertible {
  package var description: String {
    switch self {
    case .otherBase(nil): "The base checkpoint cannot be that of the certificate: it has no identity."
    case .otherBase(let identity?):
      "The base checkpoint is another than the certificate's: its identity is \(identity)."
    case .otherTensors(let names):
      "The tuned checkpoint has other tensors than the certificate's, by name, type or shape: \(Self.list(names))."
    case .otherProducts(let names):
      "The adapter changes other tensors than the certificate's, or by other ranks: \(Self.list(names))."
    case .frozenDiffers(let names):
      "These tensors differ although the certificate says that they are unchanged: \(Self.list(names))."
    case .beyondBound(let names):
      "These tensors changed by more than the certificate proves: \(Self.list(names))."
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = 3
    let rest = names.count > shown ? " and \(names.count - shown) more" : ""
    return names.prefix(shown).map(StrictJSON.shown).joined(separator: ", ") + rest
  }
}
