// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Places in this repository, wherever the test that asks for them stands.
package enum Repository {
  package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Of Tests/Fixtures.
  package static func fixture(_ name: String) -> URL { root.appendingPathComponent("Tests/Fixtures/" + name) }

  /// Of Examples.
  package static func example(_ name: String) -> URL { root.appendingPathComponent("Examples/" + name) }
}
