// SPDX-License-Identifier: Apache-2.0

/// Names of the files in which transformers and diffusers keep a model: `model` or `diffusion_pytorch_model`, in one file or
/// as an index of several, and of both variants, such as `fp16`, which are the same model in another precision or another
/// state of its training.
enum ModelFileNames {
  private static let stems = ["model", "diffusion_pytorch_model"]

  /// `model.safetensors.index.json`, `diffusion_pytorch_model.safetensors.index.fp16.json`.
  static func isIndex(_ name: String) -> Bool {
    stems.contains { stem in
      let start = stem + ".safetensors.index."
      guard name.hasPrefix(start), name.hasSuffix("json") else { return false }
      let variant = name.dropFirst(start.utf8.count).dropLast(4)
      return variant.isEmpty || isVariant(variant)
    }
  }

  /// An index, or the one file of a model: `model.safetensors`, `model.fp16.safetensors`.
  static func isModel(_ name: String) -> Bool {
    isIndex(name)
      || stems.contains { stem in
        guard name.hasPrefix(stem + "."), name.hasSuffix("safetensors") else { return false }
        let variant = name.dropFirst(stem.utf8.count + 1).dropLast("safetensors".utf8.count)
        return WeightFiles.shard(name) == nil && (variant.isEmpty || isVariant(variant))
      }
  }

  /// A word with a dot behind it.
  private static func isVariant(_ text: Substring) -> Bool {
    text.count > 1 && text.last == "."
      && text.dropLast().utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }
}
