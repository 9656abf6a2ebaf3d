// SPDX-License-Identifier: Apache-2.0

/// Where an endpoint is: an origin and the path below which its API begins.
package struct EndpointAddress: Hashable, Sendable {
  /// `https://api.example.com` or `http://127.0.0.1:8080`: scheme, host in lower case, port where it is not the scheme's.
  package let origin: String
  /// `/v1`; without a slash at its end.
  package let path: String

  package init(origin: String, path: String) {
    self.origin = origin
    self.path = path
  }

  /// Reads `https://host[:port]/path`. No user, query or fragment: they may hold keys, and would be published.
  package init(_ text: String) throws(EndpointAddressError) {
    let isSecure = text.hasPrefix("https://")
    guard isSecure || text.hasPrefix("http://") else { throw .scheme }
    guard text.utf8.count <= 1000, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("\\") else {
      throw .characters
    }
    let rest = text.dropFirst(isSecure ? 8 : 7)
    guard !rest.contains("@") else { throw .user }
    guard !rest.contains("?"), !rest.contains("#") else { throw .query }
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    var path = rest[slash...]
    while path.hasSuffix("/") { path = path.dropLast() }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else { throw .path }
    let (host, port) = try Self.authority(rest[..<slash])
    guard isSecure || Self.isLoopback(host) else { throw .insecure(host: host) }
    let shownPort = port.flatMap { $0 == (isSecure ? 443 : 80) ? nil : ":\($0)" } ?? ""
    origin = "\(isSecure ? "https" : "http")://\(host)\(shownPort)"
    self.path = String(path)
  }

  /// Whether the endpoint is on this machine.
  package var isLoopback: Bool {
    let host = origin.drop { $0 != "/" }.dropFirst(2)
    return Self.isLoopback(String(host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }))
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "127.0.0.1" || host == "[::1]"
  }

  private static func authority(_ text: Substring) throws(EndpointAddressError) -> (host: String, port: Int?) {
    let hostEnd = text.hasPrefix("[") ? text.firstIndex(of: "]").map(text.index(after:)) : text.firstIndex(of: ":")
    let host = text[..<(hostEnd ?? text.endIndex)].lowercased()
    let isAddress = host.hasPrefix("[")
    let letters = isAddress ? "0123456789abcdef:[]" : "abcdefghijklmnopqrstuvwxyz0123456789-._"
    guard !host.isEmpty, host.allSatisfy({ letters.contains($0) }), !isAddress || host.hasSuffix("]") else {
      throw .host
    }
    let rest = text[(hostEnd ?? text.endIndex)...]
    guard !rest.isEmpty else { return (host, nil) }
    guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65535).contains(port),
      String(port) == rest.dropFirst()
    else { throw .port }
    return (host, port)
  }
}

/// Why a text is no address of an endpoint.
package enum EndpointAddressError: Error, Equatable, Sendable, CustomStringConvertible {
  case scheme
  case characters
  case user
  case query
  case path
  case host
  case port
  case insecure(host: String)

  package var description: String {
    switch self {
    case .scheme: "it begins with neither https:// nor http://; an API's address looks like https://api.example.com/v1"
    case .characters: "it has blanks, characters outside ASCII, or more than 1000 of them"
    case .user: "it holds a user or password, which would be published with the plan; keys are given otherwise"
    case .query: "it has a query or fragment, which would be published with the plan; name the API without it"
    case .path: "its path has empty parts, . or .."
    case .host: "its host is no name and no address"
    case .port: "its port is no number from 1 to 65535"
    case .insecure(let host):
      "http:// sends keys and questions in the clear to \(host); use https:// (http:// is for this machine only)"
    }
  }
}
