// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// A rank, or a number of rows or columns, that every matrix has: the clause says nothing of some tensors, although it holds.
package struct VacuousClause: Hashable, Sendable {
  /// The rule, counted from 0.
  package let rule: Int
  /// What it allows, in words.
  package let form: String
  /// Tensors of which it says nothing, and the first of them with its matrix.
  package var tensors: Int
  package let example: String
  package let rows: Int
  package let columns: Int

  /// In English.
  package var description: String {
    let others = tensors == 1 ? "" : " and \(tensors - 1) more"
    return
      "\(form) in $.rules[\(rule)] restricts nothing in \(StrictJSON.shown(example))\(others): every matrix of \(rows) × \(columns) "
      + "is within it; lower it, or rely on the norm clauses alone"
  }

  /// What of a tensor's forms says nothing.
  static func forms(_ forms: [ClauseForm], rows: Int, columns: Int) -> [String] {
    forms.compactMap { form in
      guard case .sum(let rank, let sparse, _, _, _, _) = form else { return nil }
      if let rank, rank >= min(rows, columns) { return "rank \(rank)" }
      switch sparse {
      case .rows(let count)? where count >= rows: return "a part of \(count) rows"
      case .columns(let count)? where count >= columns: return "a part of \(count) columns"
      case .entries(let count)? where count >= rows * columns: return "a part of \(count) entries"
      default: return nil
      }
    }
  }

  /// Adds one tensor to a list, by rule and form.
  static func add(_ forms: [String], rule: Int, leaf: BaseIdentity.Leaf, to list: inout [VacuousClause]) {
    let (rows, columns) = leaf.matrixShape
    for form in forms {
      if let place = list.firstIndex(where: { $0.rule == rule && $0.form == form }) {
        list[place].tensors += 1
      } else {
        list.append(
          VacuousClause(rule: rule, form: form, tensors: 1, example: leaf.name, rows: rows, columns: columns))
      }
    }
  }
}
