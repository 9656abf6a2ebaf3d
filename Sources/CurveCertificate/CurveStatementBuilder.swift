// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCurveArgument
import DriftProofCurveCommitment
import DriftProofPolicy

/// What a policy says of a base that is committed to on the curve: a function of public data, so that prover and verifier derive
/// the same.
package struct CurvePlan: Sendable {
  /// What a certificate has of a tensor.
  package enum Kind: UInt8, Sendable {
    /// The base's block, unchanged; nothing is stored.
    case frozen = 0
    /// Rows, bounded by the proof.
    case bounded = 1
    /// Rows, of which nothing is proved.
    case free = 2
    /// A salted digest of a tensor without rows, of which nothing is proved.
    case opaque = 3
  }

  /// Of each tensor of the base, in order.
  package let kinds: [Kind]
  /// Clauses that say nothing of some tensors.
  package let vacuous: [VacuousClause]
  /// Indices of bounded tensors among the base's.
  package let bounded: [Int]
  /// The statement about them, without its binding.
  package let statement: CurveStatement

  /// - Throws: `policy`, `notYet`.
  package init(identity: CurveIdentity, policy: Policy) throws(CurveCertificateError) {
    let leaves = identity.base.tensors
    let resolutions: [Resolution]
    do throws(PolicyError) { resolutions = try policy.resolve(tensorNames: leaves.map(\.name)) } catch {
      throw .policy(error)
    }
    var kinds: [Kind] = []
    var bounded: [Int] = []
    var vacuous: [VacuousClause] = []
    var tensors: [CurveTensor] = []
    for (index, (leaf, resolution)) in zip(leaves, resolutions).enumerated() {
      let layout = CurveIdentity.layout(leaf, logLength: identity.logLength)
      switch resolution.allowance {
      case .frozen: kinds.append(.frozen)
      case .any: kinds.append(layout == nil ? .opaque : .free)
      case .heads, .grow:
        throw .notYet("\(Self.place(resolution)): heads and growing tensors")
      case .clauses(let forms):
        guard let layout else {
          throw .notYet("\(Self.place(resolution)): the tensor has no integers, so that no clause can bound it")
        }
        let (bound, clauses) = try CurveClauseRule(
          leaf: leaf, rows: layout.rows, columns: layout.columns, place: Self.place(resolution)
        ).claims(forms)
        VacuousClause.add(
          VacuousClause.forms(forms, rows: layout.rows, columns: layout.columns), rule: resolution.ruleIndex,
          leaf: leaf,
          to: &vacuous)
        tensors.append(
          CurveTensor(
            name: leaf.name, rows: layout.rows, columns: layout.columns, fractionBits: leaf.statistics.fractionBits,
            rowCount: layout.rowCount, claim: .norm(bound), countsInTotal: policy.total != nil, clauses: clauses))
        kinds.append(.bounded)
        bounded.append(index)
      }
    }
    guard let finest = tensors.map(\.fractionBits).max() else {
      throw .notYet("the policy bounds no tensor, so that there is nothing to prove")
    }
    let floating = leaves.filter(\.isEncodable).map {
      (fractionBits: $0.statistics.fractionBits, sumOfSquares: $0.statistics.sumOfSquares)
    }
    self.kinds = kinds
    self.bounded = bounded
    self.vacuous = vacuous
    statement = CurveStatement(
      tensors: tensors, totalBound: policy.total.map { CurveBounds.total($0, finest: finest, base: floating) },
      logLength: identity.logLength, setupID: identity.key.id, binding: [])
    do throws(CurveProofRejection) { try statement.validate() } catch { throw .notYet("\(error)") }
  }

  private static func place(_ resolution: Resolution) -> String {
    "rule \(resolution.ruleIndex + 1), tensor \(resolution.tensorName)"
  }

  /// The statement with what else it is bound to.
  package func statement(binding: [UInt8]) -> CurveStatement {
    var result = statement
    result.binding = binding
    return result
  }
}
