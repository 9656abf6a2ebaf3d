// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofReportFacts
import Testing

/// Names as places in layers.
struct ModuleMapTests {
  @Test(arguments: [
    ("model.layers.7.self_attn.q_proj.weight", "model.layers", "7", "self_attn.q_proj.weight"),
    ("h.0.mlp.experts.12.w1", "h", "0", "mlp.experts.*.w1"), ("fc.03", "fc", "03", ""), ("a.1.", "a", "1", ""),
    ("a..5.b", "a.", "5", "b"), ("x.1234567890.2.y", "x.1234567890", "2", "y"),
  ])
  func placesAreRead(_ name: String, _ stack: String, _ layer: String, _ module: String) throws {
    let place = try #require(ModulePlace(name))
    #expect(place.stack == stack && place.layer == layer && place.module == module)
  }

  @Test(arguments: ["", "lm_head.weight", "0.weight", "layer1.conv", "x.1234567890.y", "x.-1.y", "x.１.y", "x.1a.y"])
  func otherNamesHaveNone(_ name: String) { #expect(ModulePlace(name) == nil) }

  @Test func layersRiseAndNothingIsLost() throws {
    var names = (0..<12).flatMap { ["h.\($0).attn.w", "h.\($0).mlp.w"] }.sorted()
    names += ["head.w", "single.0.w", "h.3.extra"]
    let map = ModuleMap(names: names)
    let grid = try #require(map.grids.first)
    #expect(map.grids.count == 1 && grid.stack == "h" && grid.modules == ["attn.w", "extra", "mlp.w"])
    #expect(grid.rows.map(\.layer) == (0..<12).map(String.init))
    #expect(grid.rows[10].cells.map { $0.map { names[$0] } } == [["h.10.attn.w"], [], ["h.10.mlp.w"]])
    // A stack of one layer is a list.
    #expect(map.others.map { names[$0] } == ["head.w", "single.0.w"])
    let all = map.grids.flatMap { $0.rows.flatMap { $0.cells.flatMap { $0 } } } + map.others
    #expect(all.sorted() == Array(names.indices))
  }

  @Test func expertsShareACell() throws {
    let names = (0..<2).flatMap { layer in (0..<8).map { "l.\(layer).experts.\($0).w" } }
    let grid = try #require(ModuleMap(names: names).grids.first)
    #expect(grid.modules == ["experts.*.w"] && grid.rows.map { $0.cells[0].count } == [8, 8])
  }

  @Test func wideStacksAreSplitByKindAndWidth() {
    let modules = (0..<10).map { "m\($0).weight" } + (0..<3).map { "m\($0).bias" } + ["a.scale", "b.scale"]
    let names = (0..<2).flatMap { layer in modules.map { "l.\(layer).\($0)" } } + ["l.9.m0.bias"]
    let map = ModuleMap(names: names)
    // Ten weights in two even parts; three biases fit beside the second, two scales then do not.
    #expect(map.grids.map(\.modules.count) == [5, 8, 2])
    #expect(map.grids.map(\.part) == [1, 2, 3] && map.grids.allSatisfy { $0.parts == 3 })
    #expect(map.grids.allSatisfy { $0.modules.count <= ModuleMap.maximumColumns })
    // Layer 9 has a bias only.
    #expect(map.grids.map(\.rows.count) == [2, 3, 2])
    let all = map.grids.flatMap { $0.rows.flatMap { $0.cells.flatMap { $0 } } } + map.others
    #expect(all.sorted() == Array(names.indices))
  }

  @Test func longGridsAreToldInBands() throws {
    func grid(_ layers: Int) throws -> ModuleGrid {
      try #require(ModuleMap(names: (0..<layers).map { "l.\($0).w" }).grids.first)
    }
    let short = try grid(ModuleGrid.mergedRows - 1).bands { _ in 0 }
    #expect(short.count == ModuleGrid.mergedRows - 1 && short.allSatisfy { $0.count == 1 })
    let long = try grid(20)
    // Layer 7 differs; names are in order here, so its index is known.
    let seven = try #require(long.rows.first { $0.layer == "7" }).cells[0]
    let bands = long.bands { $0 == seven }
    #expect(bands.map(\.label) == ["0–6", "7", "8–19"] && bands.map(\.count) == [7, 1, 12])
  }
}
