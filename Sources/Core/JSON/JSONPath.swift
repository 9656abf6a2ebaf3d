// SPDX-License-Identifier: Apache-2.0

/// Where a value stands in a JSON document, printed as `$.rules[2].allow`.
package struct JSONPath: Sendable, Equatable, CustomStringConvertible {
  /// One step down into a document.
  package enum Component: Sendable, Equatable {
    /// A member of an object.
    case key(String)
    /// An element of an array, counted from zero.
    case index(Int)

    /// The step in a path: `.key`, `["odd key"]` where the key is no short plain identifier, `[2]`. At most about a hundred
    /// characters of a key, so that no document makes a message long.
    package var text: String {
      switch self {
      case .index(let index): "[\(index)]"
      case .key(let key): Self.isPlain(key) ? ".\(key)" : "[\(displayed(key))]"
      }
    }

    private static func isPlain(_ key: String) -> Bool {
      guard !key.isEmpty, key.utf8.count <= 64 else { return false }
      return key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
      }
    }
  }

  package private(set) var components: [Component]

  /// The root, `$`, unless there are components.
  package init(_ components: [Component] = []) { self.components = components }

  /// The path of the member `key` of the object at this path.
  package func key(_ key: String) -> JSONPath { JSONPath(components + [.key(key)]) }

  /// The path of element `index` of the array at this path.
  package func index(_ index: Int) -> JSONPath { JSONPath(components + [.index(index)]) }

  mutating func push(_ component: Component) { components.append(component) }

  mutating func pop() { components.removeLast() }

  package var description: String { "$" + components.map(\.text).joined() }
}
