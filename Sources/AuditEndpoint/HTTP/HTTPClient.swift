// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Requests over the system's HTTP, with everything switched off that could send a key or a question elsewhere: no
/// redirections, cookies, caches, stored credentials, and no proxies unless they are asked for.
///
/// Each request has a connection of its own. On one that is used again the system repeats what was lost by itself, and waits
/// for ever where it cannot; repeating is the transcript's business.
package struct HTTPClient: HTTPAsking {
  /// Bytes of a body.
  package static let maximumBody = 4 << 20

  /// - Parameter usesProxies: whether the proxies that the environment names are used. They see every request, keys included,
  ///   even those to this machine.
  package init(usesProxies: Bool) {
    guard !usesProxies else { return }
    // The system's HTTP reads them from the environment.
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
      unsetenv(name)
      unsetenv(name.uppercased())
    }
  }

  package func ask(_ url: String, body: [UInt8]?, apiKey: String?, seconds: Double) -> HTTPReply {
    guard let address = URL(string: url) else { return .broken("the address cannot be used") }
    var request = URLRequest(url: address, timeoutInterval: seconds)
    request.httpMethod = body == nil ? "GET" : "POST"
    request.httpBody = body.map { Data($0) }
    request.httpShouldHandleCookies = false
    // Whatever the system would say of this program would announce the audit.
    request.setValue("curl/8.5.0", forHTTPHeaderField: "User-Agent")
    request.setValue("*/*", forHTTPHeaderField: "Accept")
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if body != nil { request.setValue("application/json", forHTTPHeaderField: "Content-Type") }
    if let apiKey { request.setValue("Bearer \(apiKey)", forHTTPHeaderField: "Authorization") }
    let transfer = Transfer()
    let session = URLSession(configuration: Self.configuration, delegate: transfer, delegateQueue: nil)
    defer { session.invalidateAndCancel() }
    session.dataTask(with: request).resume()
    // The system's timeout is about silence; a server that sends a byte now and then is ended here.
    return transfer.wait(seconds: seconds)
  }

  private static var configuration: URLSessionConfiguration {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieAcceptPolicy = .never
    configuration.httpShouldSetCookies = false
    configuration.httpCookieStorage = nil
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
    return configuration
  }
}

/// One request on its way.
private final class Transfer: NSObject, URLSessionDataDelegate, Sendable {
  private struct State {
    var body: [UInt8] = []
    var redirection: Int?
    var isTooLarge = false
    var reply: HTTPReply?
  }

  private let state = Mutex(State())
  private let done = DispatchSemaphore(value: 0)

  func wait(seconds: Double) -> HTTPReply {
    guard done.wait(timeout: .now() + seconds) == .success else { return .timedOut }
    return state.withLock { $0.reply } ?? .broken("no reply")
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    // The system would carry the key to another host.
    state.withLock { $0.redirection = response.statusCode }
    completionHandler(nil)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let isTooLarge = state.withLock { state in
      guard state.body.count + data.count <= HTTPClient.maximumBody else {
        state.isTooLarge = true
        return true
      }
      state.body += data
      return false
    }
    if isTooLarge { dataTask.cancel() }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let response = task.response as? HTTPURLResponse
    state.withLock { $0.reply = Self.reply($0, response, error) }
    done.signal()
  }

  private static func reply(_ state: State, _ response: HTTPURLResponse?, _ error: (any Error)?) -> HTTPReply {
    if state.isTooLarge { return .tooLarge }
    if let status = state.redirection { return .redirected(status: status) }
    if let error {
      let code = (error as? URLError)?.code
      return code == .timedOut ? .timedOut : .broken(words(code))
    }
    guard let response else { return .broken("no reply") }
    if (300..<400).contains(response.statusCode) { return .redirected(status: response.statusCode) }
    // A body that ends before its stated length.
    let stated = response.value(forHTTPHeaderField: "Content-Length").flatMap { Int($0) }
    if let stated, stated != state.body.count, response.value(forHTTPHeaderField: "Content-Encoding") == nil {
      return .broken("the body ended early")
    }
    let wait = response.value(forHTTPHeaderField: "Retry-After").flatMap { Int($0) }
    return .answered(status: response.statusCode, body: state.body, retryAfter: wait.flatMap { $0 >= 0 ? $0 : nil })
  }

  /// Whether one of the lists is there that the system's HTTP looks for; without them it gives no reason.
  private static var hasAuthorities: Bool {
    [
      "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/usr/share/ssl/certs/ca-bundle.crt",
      "/usr/local/share/certs/ca-root-nss.crt", "/etc/ssl/cert.pem",
    ].contains { FileManager.default.isReadableFile(atPath: $0) }
  }

  /// Never the system's own words: they may hold what was sent.
  private static func words(_ code: URLError.Code?) -> String {
    switch code {
    case .cannotConnectToHost: "no connection: nothing listens there"
    case .cannotFindHost, .dnsLookupFailed: "no connection: the host has no address"
    case .networkConnectionLost: "the connection broke"
    case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
      "the server's certificate is not trusted"
    case .unknown where !hasAuthorities:
      "no server can be trusted: this machine has no list of authorities (Debian: install ca-certificates)"
    // What it also says of certificates.
    case .unknown: "the connection broke; with https, the server's certificate may not be trusted (code -1)"
    default: "the connection broke (code \(code?.rawValue ?? 0))"
    }
  }
}
