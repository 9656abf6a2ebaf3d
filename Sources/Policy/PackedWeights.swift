// SPDX-License-Identifier: Apache-2.0

/// Formats in which quantised weights are stored: integers or narrow floats with scales beside them.
public enum PackedFormat: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case gptq = "GPTQ"
  /// `qweight`, `qzeros` and `scales` without GPTQ's order of groups.
  case awq = "AWQ or GPTQ"
  case bitsandbytes = "bitsandbytes"
  case fp8 = "FP8"
  case mxfp4 = "MXFP4"

  /// In English, for people and logs.
  public var description: String { rawValue }
}

/// Which tensors of a model are parts of quantised weights: told by names and types, as the libraries write them.
package struct PackedWeights: Sendable {
  package struct Tensor: Hashable, Sendable {
    package let name: String
    /// As safetensors spells it.
    package let dtype: String

    package init(name: String, dtype: String) {
      self.name = name
      self.dtype = dtype
    }
  }

  /// The weight that a tensor is a part of, by the tensor's name: the name that it has before quantisation.
  package private(set) var weights: [String: String] = [:]
  /// By the weight's name.
  package private(set) var formats: [String: PackedFormat] = [:]

  package var isEmpty: Bool { formats.isEmpty }
  /// In the order of their declaration.
  package var foundFormats: [PackedFormat] {
    let found = Set(formats.values)
    return PackedFormat.allCases.filter(found.contains)
  }

  package init(_ tensors: [Tensor]) {
    var types: [String: String] = [:]
    for tensor in tensors { types[tensor.name] = tensor.dtype }
    for tensor in tensors {
      let words = tensor.name.split(separator: ".", omittingEmptySubsequences: false)
      let stem = words.dropLast().joined(separator: ".")
      func has(_ suffix: String) -> Bool { types["\(stem).\(suffix)"] != nil }
      if words.last == "qweight", has("scales") {
        add(
          "\(stem).weight", has("g_idx") ? .gptq : .awq,
          ["qweight", "qzeros", "scales", "g_idx"].map { "\(stem).\($0)" }, types)
      } else if tensor.name.hasSuffix("_blocks"), tensor.dtype == "U8" {
        let weight = String(tensor.name.dropLast(7))
        if types[weight + "_scales"] != nil { add(weight, .mxfp4, [tensor.name, weight + "_scales"], types) }
      } else if tensor.dtype.hasPrefix("F8_E4M3") || tensor.dtype.hasPrefix("F8_E5M2") {
        let parts = ["_scale", "_scale_inv", "_zero_point"].map { tensor.name + $0 }
        let module = ["input_scale", "output_scale", "k_scale", "v_scale"].map { "\(stem).\($0)" }
        add(tensor.name, .fp8, [tensor.name] + parts + module, types)
      } else if types["\(tensor.name).absmax"] != nil || types["\(stem).SCB"] != nil && tensor.dtype == "I8" {
        add(tensor.name, .bitsandbytes, [tensor.name, "\(stem).SCB", "\(stem).weight_format"], types)
      }
    }
    // States of bitsandbytes have the weight's name and one or two words more.
    for tensor in tensors where weights[tensor.name] == nil {
      var owner = Substring(tensor.name)
      for _ in 0..<2 {
        guard let dot = owner.lastIndex(of: ".") else { break }
        owner = owner[..<dot]
        guard formats[String(owner)] == .bitsandbytes else { continue }
        weights[tensor.name] = String(owner)
        break
      }
    }
  }

  private mutating func add(_ weight: String, _ format: PackedFormat, _ parts: [String], _ types: [String: String]) {
    formats[weight] = format
    for part in parts where types[part] != nil { weights[part] = weight }
  }
}
