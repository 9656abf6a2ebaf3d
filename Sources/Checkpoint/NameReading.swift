// SPDX-License-Identifier: Apache-2.0

/// Names read without some of their parts, such as `module.` or `_orig_mod.`, which wrappers of libraries add.
///
/// A part that begins with an underscore is one that a wrapper puts wherever it wraps a module: it is left out wherever a
/// part of a name begins. All others are left out at the beginning of names only.
package struct NameReading: Hashable, Sendable {
  /// Each ends with a dot.
  package let parts: [String]
  /// Their words between dots.
  private let words: [[Substring]]

  /// - Parameter parts: in the order in which they are left out; a dot at their end may be missing.
  package init(without parts: [String]) {
    let whole = parts.map { $0.hasSuffix(".") ? $0 : $0 + "." }
    self.parts = whole
    words = whole.map { $0.split(separator: ".") }
  }

  /// Wrappers that may stand inside names.
  package static let innerWrappers = ["_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module."]

  /// The name that is read; never an empty one.
  package func read(_ name: String) -> String {
    var result = name.split(separator: ".", omittingEmptySubsequences: false)
    for (part, wanted) in zip(parts, words) where !wanted.isEmpty {
      var place = 0
      // The last word stays: it is the tensor's own.
      while place + wanted.count < result.count {
        if result[place..<place + wanted.count].elementsEqual(wanted) {
          result.removeSubrange(place..<place + wanted.count)
          guard part.hasPrefix("_") else { break }
        } else {
          guard part.hasPrefix("_") else { break }
          place += 1
        }
      }
    }
    return result.joined(separator: ".")
  }
}

extension Checkpoint {
  /// The same tensors under the names that `reading` gives them; the data stay where they are.
  /// - Throws: `sameReading` for a name that then occurs twice.
  package func reading(_ reading: NameReading) throws(CheckpointError) -> Checkpoint {
    guard !reading.parts.isEmpty else { return self }
    var owners: [String: TensorInfo] = [:]
    var pairs: [(tensor: TensorInfo, name: String)] = []
    for tensor in tensors {
      let name = reading.read(tensor.name)
      if let other = owners.updateValue(tensor, forKey: name) {
        throw .sameReading(file: tensor.file, name: name, tensors: [other.name, tensor.name])
      }
      pairs.append((tensor, name))
    }
    var read = renamed(pairs)
    // Other names are no other files.
    read.filesLeftOut = filesLeftOut
    return read
  }
}
