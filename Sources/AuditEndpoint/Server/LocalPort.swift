// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ports of this machine's own address.
enum LocalPort {
  /// Below those that systems give to connections that go out: such a one could take the port before the server does.
  private static let range: ClosedRange<UInt16> = 12_000...31_999
  private static let tries = 100

  /// A port that nobody has now.
  static func free() throws(ModelServerError) -> UInt16 {
    for _ in 0..<tries {
      let port = UInt16.random(in: range)
      if isFree(port) { return port }
    }
    throw .system(SystemError(code: EADDRINUSE))
  }

  /// Whether a server could listen there.
  static func isFree(_ port: UInt16) -> Bool {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
    }
  }
}
