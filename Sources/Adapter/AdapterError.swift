// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

/// Why a folder is no adapter that can be certified unmerged: one case per reason, with what to do about it.
package enum AdapterError: Error, Equatable, Sendable {
  // The folder
  case noConfig(folder: String)
  case configSize(file: String, count: Int, limit: Int)
  case noWeights(folder: String)
  /// Weights as a pickle only.
  case pickled(folder: String)

  // adapter_config.json
  case json(file: String, JSONError)
  case peftType(file: String, found: String)
  /// Weight-decomposed LoRA rescales the whole matrix.
  case dora(file: String)
  /// A known setting that makes the adapter more than a product of two matrices.
  case unsupported(file: String, key: String, why: String)
  /// A setting that is not known here and not switched off.
  case unknownSetting(file: String, key: String)
  /// An initialisation that changes the base's weights.
  case initialisation(file: String, found: String)
  case pattern(file: String, pattern: String)

  // adapter_model.safetensors
  case unknownTensor(file: String, key: String)
  case loraBias(file: String, key: String)
  case missingHalf(file: String, key: String, missing: String)
  case notFloating(file: String, key: String, dtype: DataType)
  /// The rank that the configuration states and that of the matrices.
  case rank(file: String, module: String, stated: Int, found: Int)
  case rankLimit(file: String, module: String, found: Int, limit: Int)
  /// Shapes of A and B that no LoRA layer has.
  case halves(file: String, module: String, left: [Int], right: [Int])
  case twice(file: String, tensor: String)
  case noModules(file: String)
  /// Matrices that PEFT would not load, by the setting that leaves them out.
  case notSelected(file: String, setting: String, modules: [String])
  /// A setting of which nobody can say here what it selects.
  case undecided(file: String, module: String, setting: String, why: String)
  /// A whole tensor that PEFT would not load.
  case notLoaded(file: String, key: String, why: String)

  // Against the base
  case unresolved(file: String, key: String, tensor: String)
  case ambiguous(file: String, prefixes: [String])
  case misfit(file: String, module: String, tensor: String, base: [Int], left: [Int], right: [Int])
  /// A square matrix of which nobody can say here whether its layer keeps it as [out, in] or [in, out].
  case orientation(file: String, module: String, isStated: Bool)
  case notCertifiable(tensor: String, dtype: DataType)
  /// A tensor that the adapter both replaces and multiplies.
  case replacedAndAdapted(file: String, tensor: String)
  case needsBase(tensors: [String])

  // Numbers
  case overflow(tensor: String)
  case tooLarge(tensor: String, fractionBits: Int)
}

extension AdapterError: CustomStringConvertible {
  /// A few names, and how many more there are.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).map(StrictJSON.shown).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }

  private static let merge = "merge the adapter and prove the merged model"

  package var description: String {
    switch self {
    case .noConfig(let folder): "\(folder): has no adapter_config.json; give the folder that PEFT saved"
    case .configSize(let file, let count, let limit):
      "\(file): \(count) bytes are more than the \(limit) of any configuration; save the adapter again"
    case .noWeights(let folder): "\(folder): has no adapter_model.safetensors; give the folder that PEFT saved"
    case .pickled(let folder):
      "\(folder): has adapter_model.bin only, which can run code when it is read; save the adapter as safetensors"
    case .json(let file, let error): "\(file): \(error)"
    case .peftType(let file, let found):
      "\(file): peft_type is \(StrictJSON.shown(found)); only LORA is a product of two matrices: \(Self.merge)"
    case .dora(let file):
      "\(file): DoRA rescales every column of the merged matrix, which is no low-rank change of the base; \(Self.merge)"
    case .unsupported(let file, let key, let why): "\(file): $.\(key): \(why); \(Self.merge)"
    case .unknownSetting(let file, let key):
      "\(file): $.\(StrictJSON.shown(key)) is set and not known here, so it may change what the adapter computes; "
        + Self.merge
    case .initialisation(let file, let found):
      "\(file): $.init_lora_weights is \(StrictJSON.shown(found)), which may change the base's weights too; convert the "
        + "adapter to plain LoRA when saving it, or \(Self.merge)"
    case .pattern(let file, let pattern):
      "\(file): the pattern \(StrictJSON.shown(pattern)) is no regular expression that can be read here; write out the "
        + "module names"
    default: weightsDescription
    }
  }

  private var weightsDescription: String {
    switch self {
    case .unknownTensor(let file, let key):
      "\(file): tensor \(StrictJSON.shown(key)) is no part of a LoRA adapter as PEFT saves it; \(Self.merge)"
    case .loraBias(let file, let key):
      "\(file): tensor \(StrictJSON.shown(key)): a bias inside LoRA changes more than the weight; \(Self.merge)"
    case .missingHalf(let file, let key, let missing):
      "\(file): tensor \(StrictJSON.shown(key)) has no counterpart \(StrictJSON.shown(missing)); save the adapter again"
    case .notFloating(let file, let key, let dtype):
      "\(file): tensor \(StrictJSON.shown(key)) is \(dtype.rawValue); save the adapter as F32, F16, BF16 or F64"
    case .rank(let file, let module, let stated, let found):
      "\(file): module \(StrictJSON.shown(module)) has rank \(found), adapter_config.json says \(stated); the two files "
        + "come from different saves"
    case .rankLimit(let file, let module, let found, let limit):
      "\(file): module \(StrictJSON.shown(module)) has rank \(found), more than \(limit); \(Self.merge)"
    case .halves(let file, let module, let left, let right) where left.contains(0) || right.contains(0):
      "\(file): module \(StrictJSON.shown(module)): A of shape \(left) and B of shape \(right) have no entries: the save was "
        + "incomplete, as when DeepSpeed ZeRO-3 saves without gathering the weights; save the adapter again, gathered"
    case .halves(let file, let module, let left, let right):
      "\(file): module \(StrictJSON.shown(module)): A of shape \(left) and B of shape \(right) belong to no LoRA layer; "
        + "save the adapter again"
    case .twice(let file, let tensor):
      "\(file): two tensors stand for \(StrictJSON.shown(tensor)) of the base; keep one"
    case .noModules(let file): "\(file): has no LoRA matrices; nothing is to be certified"
    case .unresolved(let file, let key, let tensor):
      "\(file): tensor \(StrictJSON.shown(key)) belongs to \(StrictJSON.shown(tensor)), which the base does not have, also "
        + "not with its first name part removed or another one put before it"
        + (tensor.hasSuffix("lm_head.weight") ? " (tied to the embedding there?)" : "")
        + "; name the base that the adapter was trained on"
    case .ambiguous(let file, let prefixes):
      "\(file): the modules' names fit the base's after \(Self.list(prefixes)); "
        + "name them as in the base"
    case .misfit(let file, let module, let tensor, let base, let left, let right):
      "\(file): module \(StrictJSON.shown(module)): A of shape \(left) and B of shape \(right) do not fit "
        + "\(StrictJSON.shown(tensor)) of shape \(base); name the base that the adapter was trained on"
    case .orientation(let file, let module, let isStated):
      "\(file): module \(StrictJSON.shown(module)) is square and fan_in_fan_out is \(isStated), which PEFT corrects by the "
        + "layer's class (Linear or Conv1D); the base's files do not say which it is; \(Self.merge)"
    case .notSelected(let file, let setting, let modules):
      "\(file): has matrices of \(Self.list(modules)), which $.\(setting) of adapter_config.json does not select: PEFT would "
        + "not load them; remove them from the file, or correct adapter_config.json"
    case .undecided(let file, let module, let setting, let why):
      "\(file): cannot tell whether PEFT would load the matrices of \(StrictJSON.shown(module)), by $.\(setting) of "
        + "adapter_config.json: \(why); or \(Self.merge)"
    case .notLoaded(let file, let key, let why):
      "\(file): tensor \(StrictJSON.shown(key)) would not be loaded by PEFT: \(why); remove it, or save the adapter again"
    case .notCertifiable(let tensor, let dtype):
      "tensor \(StrictJSON.shown(tensor)) of the base is \(dtype.rawValue), to which no product of matrices can be added; "
        + "use the base before quantisation"
    case .replacedAndAdapted(let file, let tensor):
      "\(file): holds another \(StrictJSON.shown(tensor)) than the base and LoRA matrices for it as well; "
        + "merge the adapter and prove the merged model"
    case .needsBase(let tensors):
      "the adapter replaces \(Self.list(tensors)) as a whole, which is compared with "
        + "the base; give the base, too"
    case .overflow(let tensor):
      "the adapter's product for \(StrictJSON.shown(tensor)) overflows; repair its matrices or lora_alpha"
    case .tooLarge(let tensor, let bits):
      "the adapter's product for \(StrictJSON.shown(tensor)) exceeds 2^40 units of 2^-\(bits); repair the adapter"
    default: "rejected"
    }
  }
}

extension AdapterError: DriftProofErrorConvertible {
  /// A base that does not have what the adapter changes is a gap.
  package var asDriftProofError: DriftProofError {
    switch self {
    case .unresolved, .misfit, .ambiguous, .notSelected, .undecided, .notLoaded, .orientation:
      .coverageGap([.adapter(description)])
    default: .operational(description)
    }
  }
}
