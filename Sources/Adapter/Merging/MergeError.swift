// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

/// Why an adapter is not merged: one case per reason.
package enum MergeError: Error, Equatable, Sendable {
  /// What is written would be in the place of something.
  case exists(path: String)
  case cannotWrite(path: String, reason: String)
  /// A merged weight is NaN, infinite or beyond the largest of the tensor's type.
  case unrepresentable(tensor: String, entry: Int, value: Double, dtype: DataType)
  /// The embedding is the output head as well, and the adapter changes one of them.
  case tied(tensor: String, configuration: String)
  /// A tensor that replaces one of a type that is not rounded to.
  case replacedType(tensor: String, base: DataType, adapter: DataType)
}

extension MergeError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .exists(let path): "\(path): exists already, and merging replaces nothing; choose another name"
    case .cannotWrite(let path, let reason): "\(path): \(reason)"
    case .unrepresentable(let tensor, let entry, let value, let dtype):
      "tensor \(StrictJSON.shown(tensor)): entry \(entry) of the merged model would be \(value), which no \(dtype.rawValue) is; "
        + "look for such numbers in the adapter, or merge onto a base of a wider type"
    case .tied(let tensor, let configuration):
      "tensor \(StrictJSON.shown(tensor)): \(configuration) ties the embedding to the output head, so merging would change "
        + "both where the adapter changes one; write the base with a head of its own and tie_word_embeddings false, then merge"
    case .replacedType(let tensor, let base, let adapter):
      "tensor \(StrictJSON.shown(tensor)): the base's is \(base.rawValue) and the adapter's \(adapter.rawValue), "
        + "between which nothing is rounded; convert the adapter's tensor"
    }
  }
}

extension MergeError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError { .operational(description) }
}
