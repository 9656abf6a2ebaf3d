// SPDX-License-Identifier: Apache-2.0

/// What the file holds is what PEFT loads of it.
enum PEFTLoading {
  /// - Throws: `notSelected`, `undecided`, `notLoaded`.
  static func check(
    _ modules: [Adapter.Module], _ wholes: [Adapter.Whole], _ selection: ModuleSelection, file: String
  ) throws(AdapterError) {
    var lost: [(setting: String, module: String)] = []
    for module in modules {
      let kind: ModuleKind =
        module.layer == .embedding ? .embedding : module.matrices.isConvolution ? .convolution : .linear
      // The output layer of torch's attention is adapted because the attention is.
      switch selection.verdict(module.configuredName, kind) {
      case .selected: break
      case .notSelected(let setting): lost.append((setting, module.name))
      case .undecided(let setting, let why):
        throw .undecided(file: file, module: module.name, setting: setting, why: why)
      }
    }
    if let first = lost.first {
      throw .notSelected(
        file: file, setting: first.setting, modules: lost.filter { $0.setting == first.setting }.map(\.module))
    }
    let adapted = Set(modules.map(\.name))
    for whole in wholes {
      let parts = whole.name.split(separator: ".").map(String.init)
      let (module, leaf) = (parts.dropLast().joined(separator: "."), parts.last ?? "")
      let isSaved = selection.verdict(module, .linear) == .notSelected("modules_to_save")
      if whole.tensor.name.contains(".modules_to_save."), !isSaved {
        throw .notLoaded(file: file, key: whole.tensor.name, why: "$.modules_to_save does not name its module")
      }
      // Of an adapted module everything but the matrices lies in its base layer. A weight is compared with the base's later.
      let isWrapped = adapted.contains(module) || isSelected(module, selection)
      if whole.isBaseLayer, !isWrapped {
        throw .notLoaded(file: file, key: whole.tensor.name, why: "its module has no matrices and so no base_layer")
      }
      if !whole.isBaseLayer, isWrapped, leaf != "weight" || !adapted.contains(module) {
        throw .notLoaded(
          file: file, key: whole.tensor.name, why: "its module is adapted, where it is called base_layer.\(leaf)")
      }
    }
  }

  /// By its name alone, as far as names decide.
  private static func isSelected(_ module: String, _ selection: ModuleSelection) -> Bool {
    if case .expression(let text)? = selection.targets, text.lowercased() == ModuleSelection.allLinear { return false }
    return selection.verdict(module, .linear) == .selected
  }
}
