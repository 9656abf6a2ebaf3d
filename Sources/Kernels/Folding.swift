import Field

/// Binding a variable of a multilinear table.
package enum Folding {
  /// t'[i] = t[2i] + r · (t[2i+1] - t[2i]): binds variable 0 to r. The table has an even number of entries.
  package static func fold(_ table: inout [CubicExtension], _ r: CubicExtension, path: KernelPath = .selected) {
    Multilinear.fold(&table, r)
  }
}
