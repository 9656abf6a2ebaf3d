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
  /// Several files of which each could be the adapter.
  case severalFiles(folder: String, files: [String])
  /// A file of a folder whose configuration belongs to it.
  case partOfFolder(file: String, folder: String)

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

  /// `fine_tune_type` of mlx-lm.
  case fineTuneType(file: String, found: String)
  /// A factor that nothing states, or that versions of a tool compute differently.
  case factor(file: String, why: String)

  // The weights
  /// Keys by which a file without a configuration cannot be read.
  case noConfigBeside(file: String, key: String)
  /// Keys with and without PEFT's prefix, or an adapter's name.
  case mixedNames(file: String, keys: [String])
  /// State dicts of several adapters.
  case adapterNames(file: String, names: [String])
  /// Parts of a pipeline of which the base is one at most.
  case components(file: String, components: [String])
  /// An `.alpha` that is no number over the rank.
  case alpha(file: String, key: String, found: String)
  /// Some modules have an `.alpha`, this one has none.
  case alphas(file: String, module: String)
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
  /// Tensors of a LoKr module other than PEFT loads by the settings; `expected` is nil where the base's tensor has no such module.
  case kroneckerParts(
    file: String, module: String, tensor: String, base: [Int], found: String, expected: String?)
  /// A LoKr module of which PEFT computes no Kronecker product of matrices.
  case kernelOrder(file: String, module: String)
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
  /// A key that can stand for several of the base's tensors.
  case candidates(file: String, key: String, tensors: [String])
  /// Matrices that mlx-lm does not load, by the setting that leaves them out.
  case notLoadedByMLX(file: String, setting: String, modules: [String])
  /// Output layers of torch's attention, which versions of PEFT treat differently.
  case attentionOutput(file: String, module: String, factors: [Double])
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
      "\(file): peft_type is \(StrictJSON.shown(found)); only LORA and LOKR are sums that can be certified unmerged: "
        + Self.merge
    case .dora(let file):
      "\(file): DoRA rescales every column of the merged matrix, which is no low-rank change of the base; \(Self.merge)"
    case .unsupported(let file, let key, let why): "\(file): $.\(key): \(why); \(Self.merge)"
    case .unknownSetting(let file, let key):
      "\(file): $.\(StrictJSON.shown(key)) is set and not known here, so it may change what the adapter computes; "
        + Self.merge
    case .initialisation(let file, let found):
      "\(file): $.init_lora_weights is \(StrictJSON.shown(found)), which may change the base's weights too; convert the "
        + "adapter to plain LoRA when saving it, or \(Self.merge)"
    case .severalFiles(let folder, let files):
      "\(folder): \(Self.list(files)) could each be the adapter; name the one file, or leave the others out"
    case .partOfFolder(let file, let folder):
      "\(file): is read with the adapter_config.json beside it; name the folder, \(folder)"
    case .fineTuneType(let file, let found):
      "\(file): fine_tune_type is \(StrictJSON.shown(found)); only lora is a product of two matrices: save the whole tuned "
        + "model and prove that"
    case .factor(let file, let why):
      "\(file): cannot tell by what the products of its matrices are multiplied: \(why); save the adapter with its alpha, or "
        + Self.merge
    case .pattern(let file, let pattern):
      "\(file): the pattern \(StrictJSON.shown(pattern)) is no regular expression that can be read here; write out the "
        + "module names"
    default: weightsDescription
    }
  }

  private var weightsDescription: String {
    switch self {
    case .noConfigBeside(let file, let key):
      "\(file): tensor \(StrictJSON.shown(key)) is named as tools do that keep the factor in adapter_config.json, which is not "
        + "there; give the folder that the tool saved"
    case .mixedNames(let file, let keys):
      "\(file): \(Self.list(keys)) are named after different schemes; save the adapter again, all alike"
    case .adapterNames(let file, let names):
      "\(file): has matrices of several adapters, \(Self.list(names)); save the one that is meant by itself"
    case .components(let file, let components):
      "\(file): has matrices for several parts of a pipeline, \(Self.list(components)), and the base is not all of them; write "
        + "each part's tensors to a file of its own and prove each against its own base"
    case .alpha(let file, let key, let found):
      "\(file): tensor \(StrictJSON.shown(key)) is \(found), of which tools make different factors; write alpha as one floating "
        + "number that is not 0, or \(Self.merge)"
    case .alphas(let file, let module):
      "\(file): module \(StrictJSON.shown(module)) has no alpha, others have, and tools differ on what it is then; add it, or "
        + Self.merge
    case .unknownTensor(let file, let key):
      "\(file): tensor \(StrictJSON.shown(key)) is no part of a LoRA or LoKr adapter as PEFT saves it, with the "
        + "peft_type that adapter_config.json has; \(Self.merge)"
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
    case .kroneckerParts(let file, let module, let tensor, let base, let found, let expected?):
      "\(file): module \(StrictJSON.shown(module)) has \(found); for \(StrictJSON.shown(tensor)) of shape \(base) and the settings "
        + "of adapter_config.json PEFT loads \(expected) and passes over others; correct adapter_config.json, or name the base that "
        + "the adapter was trained on"
    case .kroneckerParts(let file, let module, let tensor, let base, _, nil):
      "\(file): module \(StrictJSON.shown(module)) is of LoKr, which has none for \(StrictJSON.shown(tensor)) of shape \(base): linear "
        + "layers and convolutions of one or two dimensions only; name the base that the adapter was trained on"
    case .kernelOrder(let file, let module):
      "\(file): module \(StrictJSON.shown(module)) is a convolution of one dimension with a whole lokr_w2, whose entries versions of "
        + "PEFT up to 0.21 put in another order than that of W1 and W2; \(Self.merge)"
    case .noModules(let file): "\(file): has no LoRA matrices; nothing is to be certified"
    case .unresolved(let file, let key, let tensor):
      "\(file): tensor \(StrictJSON.shown(key)) belongs to \(StrictJSON.shown(tensor)), which the base does not have, also "
        + "not with its first name part removed or another one put before it"
        + (tensor.hasSuffix("lm_head.weight") ? " (tied to the embedding there?)" : "")
        + "; name the base that the adapter was trained on"
    case .ambiguous(let file, let prefixes):
      "\(file): the modules' names fit the base's after \(Self.list(prefixes)); "
        + "name them as in the base"
    case .candidates(let file, let key, let tensors):
      "\(file): tensor \(StrictJSON.shown(key)) can belong to \(Self.list(tensors)) of the base; rename it after one of them, or "
        + Self.merge
    case .notLoadedByMLX(let file, let setting, let modules):
      "\(file): has matrices of \(Self.list(modules)), which $.\(setting) of adapter_config.json does not select: mlx-lm would "
        + "not load them; remove them from the file, or correct adapter_config.json"
    case .attentionOutput(let file, let module, let factors):
      "\(file): module \(StrictJSON.shown(module)) is the output layer of a torch attention, whose product PEFT multiplies by "
        + factors.map { "\($0)" }.joined(separator: " or ") + " depending on its version; \(Self.merge)"
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
    case .unresolved, .misfit, .ambiguous, .notSelected, .undecided, .notLoaded, .orientation, .candidates, .components,
      .notLoadedByMLX, .attentionOutput, .adapterNames, .kroneckerParts, .kernelOrder:
      .coverageGap([.adapter(description)])
    default: .operational(description)
    }
  }
}
