/// Lists of tensors in the order of their names' UTF-8 bytes.
enum NameOrder {
  /// The element of this name, by binary search.
  static func find<Element>(
    _ wanted: String, in elements: [Element], name: (Element) -> String
  ) -> Element? {
    var range = elements.startIndex..<elements.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      let found = name(elements[middle])
      if precedesInUTF8(found, wanted) {
        range = middle + 1..<range.upperBound
      } else if precedesInUTF8(wanted, found) {
        range = range.lowerBound..<middle
      } else {
        return elements[middle]
      }
    }
    return nil
  }
}
