// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A model's server that runs for one command: in a process group of its own, without the API key in its environment, on a
/// free port of this machine. Ending it ends the whole group.
package final class ModelServer: Sendable {
  private let group: Int32
  private let log: String
  private let port: UInt16
  /// `http://127.0.0.1:PORT`.
  package let origin: String
  private let hasEnded = Mutex(false)
  private let peak = Mutex<Int?>(nil)

  /// The group that a signal to this program must end, too.
  private static let current = Atomic<Int32>(0)

  /// Splits the command into words, puts the port for `{port}`, and starts it. Quotes keep blanks in a word; no shell.
  /// - Parameters:
  ///   - hiding: names of variables that the server does not get.
  ///   - log: a file for what it prints.
  package init(command: String, hiding: [String], log: String) throws(ModelServerError) {
    let port = try LocalPort.free()
    let words = try Self.words(command).map { $0.replacing("{port}", with: String(port)) }
    guard command.contains("{port}") else { throw .noPort }
    group = try Self.start(words, hiding: hiding, log: log)
    self.log = log
    self.port = port
    origin = "http://127.0.0.1:\(port)"
    Self.current.store(group, ordering: .sequentiallyConsistent)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        let group = ModelServer.current.load(ordering: .sequentiallyConsistent)
        if group > 0 { kill(-group, SIGKILL) }
        _exit(128 + number)
      }
    }
  }

  deinit { end() }

  /// Starts one and waits until it answers. A port that was free when it was chosen may be taken when the server comes to
  /// it: then another is tried.
  package static func ready(
    command: String, hiding: [String], log: String, client: some HTTPAsking, seconds: Double
  ) throws(ModelServerError) -> ModelServer {
    for _ in 1..<portAttempts {
      let server = try ModelServer(command: command, hiding: hiding, log: log)
      do throws(ModelServerError) {
        try server.waitUntilReady(client, seconds: seconds)
        return server
      } catch {
        // Asked before it is ended: what a dead server leaves is free again.
        let isTaken = server.lostItsPort(error)
        server.end()
        guard isTaken else { throw error }
      }
    }
    let server = try ModelServer(command: command, hiding: hiding, log: log)
    try server.waitUntilReady(client, seconds: seconds)
    return server
  }

  private static let portAttempts = 4

  /// Whether the server ended because somebody else has its port.
  private func lostItsPort(_ error: ModelServerError) -> Bool {
    guard case .ended(let lines) = error else { return false }
    return !LocalPort.isFree(port) || lines.contains { $0.lowercased().contains("address already in use") }
  }

  /// Waits until `/health` or `/v1/models` answers 200: servers listen before their model is loaded.
  package func waitUntilReady(_ client: some HTTPAsking, seconds: Double) throws(ModelServerError) {
    let tries = max(1, Int(seconds / 0.05))
    for _ in 0..<tries {
      try requireRunning()
      for path in ["/health", "/v1/models"] {
        guard
          case .answered(status: 200, body: _, retryAfter: _) = client.ask(
            origin + path, body: nil, apiKey: nil, seconds: 5)
        else { continue }
        // A stranger at this port answers, too, and then the server could not listen.
        try requireRunning()
        return
      }
      usleep(50_000)
    }
    throw .notReady(seconds: Int(seconds), lastLines: lastLines)
  }

  private func requireRunning() throws(ModelServerError) {
    guard !hasEnded.withLock({ $0 }) else { throw .ended(lastLines: lastLines) }
    var status: Int32 = 0
    guard waitpid(group, &status, WNOHANG) == group else { return }
    hasEnded.withLock { $0 = true }
    let lines = lastLines
    kill(-group, SIGKILL)
    unlink(log)
    throw .ended(lastLines: lines)
  }

  /// Bytes that the server's processes had in memory at most, once it has ended; nil where the system does not say.
  package var peakMemory: Int? { peak.withLock { $0 } }

  /// Asks the group to end, and ends it after ten seconds; returns when all of it is gone, so that whoever comes next has the
  /// memory. Does nothing the second time.
  package func end() {
    guard
      hasEnded.withLock({ ended in
        defer { ended = true }
        return !ended
      })
    else { return }
    Self.current.store(0, ordering: .sequentiallyConsistent)
    let seen = GroupMemory.peak(group)
    kill(-group, SIGTERM)
    var usage = rusage()
    var status: Int32 = 0
    var isGone = false
    for _ in 0..<500 {
      isGone = wait4(group, &status, WNOHANG, &usage) != 0
      if isGone { break }
      usleep(20_000)
    }
    // Also what the server started and left behind.
    kill(-group, SIGKILL)
    if !isGone { wait4(group, &status, 0, &usage) }
    for _ in 0..<250 where kill(-group, 0) == 0 { usleep(20_000) }
    // The system's own figure is of one process, and of those that it waited for.
    let own = GroupMemory.bytes(usage)
    peak.withLock { $0 = [seen, own].compactMap { $0 }.max() }
    unlink(log)
  }

  private var lastLines: [String] {
    guard let file = try? AppendedFile(log, mode: 0o600), let bytes = try? file.content(limit: 64 << 20) else {
      return []
    }
    return bytes.suffix(4000).split(separator: 0x0A).suffix(8).map { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: Starting

  package static func words(_ command: String) throws(ModelServerError) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in command {
      if let open = quote {
        if character == open { quote = nil } else { word?.append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        word = word ?? ""
      } else if character == " " || character == "\t" || character == "\n" {
        if let finished = word { words.append(finished) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    guard quote == nil else { throw .openQuote }
    if let finished = word { words.append(finished) }
    guard !words.isEmpty else { throw .noCommand }
    guard !command.utf8.contains(0) else { throw .noCommand }
    return words
  }

  private static func start(_ words: [String], hiding: [String], log: String) throws(ModelServerError) -> Int32 {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Threads of the system's queues block signals, and a child would inherit that: it could not be asked to end.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    let kept = environment(hiding)
    var child: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = kept.map { strdup($0) } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    let status = posix_spawnp(&child, words[0], &actions, &attributes, &arguments, &variables)
    guard status == 0 else { throw .notStarted(command: words[0], SystemError(code: status)) }
    return child
  }

  private static func environment(_ hiding: [String]) -> [String] {
    var result: [String] = []
    var place = environ
    while let entry = place.pointee {
      let text = String(cString: entry)
      if !hiding.contains(where: { text.hasPrefix($0 + "=") }) { result.append(text) }
      place += 1
    }
    return result
  }
}

/// Why a server that was to be started cannot be asked.
package enum ModelServerError: Error, Equatable, Sendable, CustomStringConvertible {
  case noCommand
  case openQuote
  case noPort
  case system(SystemError)
  case notStarted(command: String, SystemError)
  case ended(lastLines: [String])
  case notReady(seconds: Int, lastLines: [String])

  package var description: String {
    switch self {
    case .noCommand: "the server's command is empty"
    case .openQuote: "a quote in the server's command is not closed"
    case .noPort: "the server's command has no {port}, where the port goes that it must listen on"
    case .system(let error): "no port is free: \(error)"
    case .notStarted(let command, let error): "\(command) cannot be started: \(error)"
    case .ended: "the server ended before it answered"
    case .notReady(let seconds, _): "the server did not answer 200 at /health or /v1/models within \(seconds) seconds"
    }
  }

  /// What the server printed last.
  package var lastLines: [String] {
    switch self {
    case .ended(let lines), .notReady(_, let lines): lines
    default: []
    }
  }
}
