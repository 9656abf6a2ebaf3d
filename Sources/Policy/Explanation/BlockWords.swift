// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Parts that repeat themselves block by block in plain words, and what they leave open.
enum BlockWords {
  static func text(_ form: BlockForm) -> String {
    switch form {
    case .kronecker(let terms, let rows, let columns):
      "\(terms == 1 ? "one Kronecker product" : "\(terms) Kronecker products") with inner factors of \(rows) × \(columns)"
    case .circulant(let size): "circulant blocks of \(size) × \(size)"
    }
  }

  static func short(_ form: BlockForm) -> String {
    switch form {
    case .kronecker(let terms, let rows, let columns): "\(terms) ⊗ of \(rows) × \(columns)"
    case .circulant(let size): "circulant of \(size)"
    }
  }

  /// - Parameter limit: what bounds the size.
  static func remarks(_ form: BlockForm, _ members: [PolicyTensor], limit: String) -> [String] {
    let fitting = members.filter { form.divides(rows: $0.rows, columns: $0.columns) && $0.entryCount > 0 }
    switch form {
    case .kronecker(let terms, let rows, let columns):
      let full = fitting.filter { terms >= form.fullTerms(rows: $0.rows, columns: $0.columns) }
      if !fitting.isEmpty, full.count == fitting.count {
        return [
          "\(text(form)) restrict nothing: every matrix of these shapes is such a sum. Any change is allowed, \(limit)."
        ]
      }
      var remarks = [
        "The change repeats \(terms == 1 ? "one block" : "\(terms) blocks") of \(rows) × \(columns), each time by another factor, "
          + "\(limit). It may have full rank, touch every weight, and carry a backdoor as a low rank may."
      ]
      if let tensor = fitting.max(by: { free(terms, form, $0) < free(terms, form, $1) }) {
        remarks.append(
          "It has up to \(free(terms, form, tensor)) numbers of its own in \(displayed(tensor.name)), which has "
            + "\(tensor.entryCount) weights.")
      }
      if let first = full.first { remarks.append("It restricts nothing in \(displayed(first.name)).") }
      return remarks
    case .circulant(let size):
      var remarks = [
        "In every block of \(size) × \(size) each row of the change is the one above it, moved to the right by one, \(limit). It may "
          + "have full rank, touch every weight, and carry a backdoor as a low rank may; alone, no weight can change, nor a row."
      ]
      if let tensor = fitting.max(by: { $0.entryCount < $1.entryCount }) {
        remarks.append(
          "It has \(tensor.rows * (tensor.columns / size)) numbers of its own in \(displayed(tensor.name)), which has "
            + "\(tensor.entryCount) weights.")
      }
      return remarks
    }
  }

  private static func free(_ terms: Int, _ form: BlockForm, _ tensor: PolicyTensor) -> Int {
    let blocks = (tensor.rows / form.rows) * (tensor.columns / form.columns)
    return terms * (blocks + form.rows * form.columns)
  }

  /// The first tensor that whole blocks do not fill, and why not.
  static func misfit(_ form: BlockForm, _ allowance: Allowance, _ members: [PolicyTensor]) -> (PolicyTensor, String)? {
    for tensor in members where tensor.isFloating && tensor.entryCount > 0 {
      var (rows, columns) = (tensor.rows, tensor.columns)
      if case .heads(let split, _) = allowance, let cut = split.cut(shape: tensor.shape) {
        (rows, columns) = (cut.rows, cut.columns)
      }
      guard !form.divides(rows: rows, columns: columns) else { continue }
      return (tensor, sizes(form, rows: rows, columns: columns))
    }
    return nil
  }

  /// Why blocks do not fill a matrix of this size.
  static func sizes(_ form: BlockForm, rows: Int, columns: Int) -> String {
    "it is \(rows) × \(columns), which blocks of \(form.rows) × \(form.columns) do not fill; use sizes that divide it, or give the "
      + "tensor a rule of its own"
  }
}
