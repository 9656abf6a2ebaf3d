// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Lists of tensors in the order of their names' UTF-8 bytes.
enum NameOrder {
  /// The element of this name, by binary search.
  static func find<Element>(
    _ wanted: String, in elements: [Element], name: (Element) -> String
  ) -> Element? {
    var range = elements.startIndex..<elements.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if precedesInUTF8(name(elements[middle]), wanted) {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    guard range.lowerBound < elements.endIndex else { return nil }
    let found = elements[range.lowerBound]
    return UTF8Order.areEqual(name(found), wanted) ? found : nil
  }
}
