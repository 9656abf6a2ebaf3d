// SPDX-License-Identifier: Apache-2.0

/// What came of one request.
package enum HTTPReply: Equatable, Sendable {
  /// - Parameter retryAfter: seconds that the server asks to wait; nil where it does not, or not in seconds.
  case answered(status: Int, body: [UInt8], retryAfter: Int?)
  /// Nothing was followed.
  case redirected(status: Int)
  case timedOut
  /// No connection, one that broke, or a certificate that is not trusted.
  case broken(String)
  case tooLarge
}

/// Whoever asks an endpoint: over the network, or a test.
package protocol HTTPAsking: Sendable {
  /// Sends one request and waits for what comes of it.
  /// - Parameter body: nil for GET.
  func ask(_ url: String, body: [UInt8]?, apiKey: String?, seconds: Double) -> HTTPReply
}
