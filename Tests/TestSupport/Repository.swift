import Foundation

/// Places in this repository, wherever the test that asks for them stands.
public enum Repository {
  public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Of Tests/Fixtures.
  public static func fixture(_ name: String) -> URL { root.appendingPathComponent("Tests/Fixtures/" + name) }

  /// Of Examples.
  public static func example(_ name: String) -> URL { root.appendingPathComponent("Examples/" + name) }
}
