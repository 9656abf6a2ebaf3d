// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// Where a tensor's name puts it: in a layer of a stack, as in `model.layers.7.self_attn.q_proj.weight`.
public struct ModulePlace: Hashable, Sendable {
  /// What stands before the layer's number: `model.layers`.
  public let stack: String
  /// The layer's number as it is written.
  public let layer: String
  /// What follows, further numbers as `*`: `self_attn.q_proj.weight`. Experts of one layer so share a place.
  public let module: String

  /// Nil for a name in which no component after the first is a number. Numbers of more than nine digits are text.
  public init?(_ name: String) {
    let components = NameShape.split(name)
    guard let place = components.firstIndex(where: { Self.number($0) != nil }), place > 0 else { return nil }
    stack = components[..<place].joined(separator: ".")
    layer = components[place]
    module = components[(place + 1)...].map { Self.number($0) == nil ? $0 : "*" }.joined(separator: ".")
  }

  static func number(_ text: String) -> Int? {
    guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }
}

/// Tensors as a table: a row for each layer, a column for each module.
public struct ModuleGrid: Sendable, Equatable {
  /// One layer.
  public struct Row: Sendable, Equatable {
    /// The layer's number.
    public let layer: String
    /// For each column the positions of its tensors in the list that the map was made of; often one, sometimes none.
    public let cells: [[Int]]
  }

  /// What stands before the layers' numbers.
  public let stack: String
  /// Which part of the stack's columns this is, counted from 1, and of how many.
  public let part: Int
  /// How many parts the stack has.
  public let parts: Int
  /// The columns.
  public let modules: [String]
  /// The layers, by rising number.
  public let rows: [Row]
}

/// All tensors of a model, in grids where names have layers, and in a list otherwise.
public struct ModuleMap: Sendable, Equatable {
  /// Columns of one grid: what a printed page of A4 can hold. A wider stack becomes several grids.
  public static let maximumColumns = 9

  /// One table for each stack of layers, or for each part of a wide one.
  public let grids: [ModuleGrid]
  /// Positions of the tensors in no grid, in order.
  public let others: [Int]

  /// A stack of a single layer is no grid: its tensors are among the others.
  public init(names: [String]) {
    var stacks: [String: [(place: ModulePlace, index: Int)]] = [:]
    var order: [String] = []
    var others: [Int] = []
    for (index, name) in names.enumerated() {
      guard let place = ModulePlace(name) else {
        others.append(index)
        continue
      }
      if stacks[place.stack] == nil { order.append(place.stack) }
      stacks[place.stack, default: []].append((place, index))
    }
    var grids: [ModuleGrid] = []
    for stack in order {
      let members = stacks[stack] ?? []
      if Set(members.map(\.place.layer)).count < 2 {
        others += members.map(\.index)
      } else {
        grids += Self.grids(stack, members)
      }
    }
    self.grids = grids
    self.others = others.sorted()
  }

  private static func grids(_ stack: String, _ members: [(place: ModulePlace, index: Int)]) -> [ModuleGrid] {
    var cells: [String: [String: [Int]]] = [:]
    for (place, index) in members { cells[place.layer, default: [:]][place.module, default: []].append(index) }
    let layers = cells.keys.sorted { a, b in
      let (left, right) = (ModulePlace.number(a) ?? 0, ModulePlace.number(b) ?? 0)
      return left == right ? a < b : left < right
    }
    let columns = columns(Set(members.map(\.place.module)))
    return columns.enumerated().map { index, modules in
      let rows = layers.map { layer in
        ModuleGrid.Row(layer: layer, cells: modules.map { cells[layer]?[$0] ?? [] })
      }
      // Layers without any of these modules say nothing.
      return ModuleGrid(
        stack: stack, part: index + 1, parts: columns.count, modules: modules,
        rows: rows.filter { !$0.cells.allSatisfy(\.isEmpty) })
    }
  }

  /// Columns for each grid: all in one where they fit, otherwise those that end alike (`weight`, `bias`) together, and
  /// several such kinds as long as they fit.
  private static func columns(_ modules: Set<String>) -> [[String]] {
    let sorted = modules.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard sorted.count > maximumColumns else { return [sorted] }
    var groups: [String: [String]] = [:]
    for module in sorted { groups[NameShape.split(module).last ?? "", default: []].append(module) }
    // The kind with most columns first: weights before biases.
    let ordered = groups.sorted { a, b in
      a.value.count == b.value.count ? a.key > b.key : a.value.count > b.value.count
    }
    var grids: [[String]] = []
    for (_, kind) in ordered {
      if let last = grids.last, last.count + kind.count <= maximumColumns {
        grids[grids.count - 1] += kind
        continue
      }
      // In even shares: 16 as 8 and 8, not as 9 and 7.
      let count = (kind.count + maximumColumns - 1) / maximumColumns
      grids += (0..<count).map { Array(kind[$0 * kind.count / count..<($0 + 1) * kind.count / count]) }
    }
    return grids
  }
}

extension ModuleGrid {
  /// Several neighbouring layers that are described alike, or one.
  public struct Band: Sendable, Equatable {
    /// `7`, or `0–31` for the first and the last.
    public let label: String
    /// How many layers.
    public let count: Int
    /// The first layer's.
    public let cells: [[Int]]
  }

  /// Rows from which on bands are worth more than every layer by itself.
  public static let mergedRows = 13

  /// The rows; in a long grid neighbours whose cells have equal descriptions become one.
  public func bands<Description: Equatable>(_ describe: ([Int]) -> Description) -> [Band] {
    guard rows.count >= Self.mergedRows else { return rows.map { Band(label: $0.layer, count: 1, cells: $0.cells) } }
    var bands: [Band] = []
    var first = 0
    while first < rows.count {
      let own = rows[first].cells.map(describe)
      var last = first
      while last + 1 < rows.count, rows[last + 1].cells.map(describe) == own { last += 1 }
      let label = first == last ? rows[first].layer : "\(rows[first].layer)–\(rows[last].layer)"
      bands.append(Band(label: label, count: last - first + 1, cells: rows[first].cells))
      first = last + 1
    }
    return bands
  }
}
