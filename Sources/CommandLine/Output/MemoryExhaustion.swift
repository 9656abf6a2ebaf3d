// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What happens when memory runs out in the middle of a command.
///
/// Swift's allocator cannot fail with an error: it traps. The trap comes right after the system's refusal, whose `errno` is
/// then still ENOMEM in the same thread; every other trap goes on to whoever handled it before.
enum MemoryExhaustion {
  private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS]
  // Written once, before any other thread is there; the handler may not allocate.
  nonisolated(unsafe) private static var message = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  nonisolated(unsafe) private static var object = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  nonisolated(unsafe) private static var previous = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)

  /// - Parameter wantsJSON: print an object on standard output, too.
  static func handle(wantsJSON: Bool) {
    let failure = CommandFailure(
      .operational, "memory is exhausted: this process may have no more (ulimit -v, ulimit -d, or the machine's)",
      remedy: "Raise the limit, or use a machine with more memory; prove --dry-run says what a proof needs.")
    message = kept((["driftproof: error: \(failure.reason)"] + failure.details).joined(separator: "\n") + "\n")
    object = kept(wantsJSON ? failure.json.rendered() + "\n" : "")
    for number in signals {
      var action = sigaction()
      #if canImport(Darwin)
        action.__sigaction_u.__sa_handler = exhausted
      #else
        action.__sigaction_handler.sa_handler = exhausted
      #endif
      sigaction(number, &action, previous + Int(number))
    }
  }

  /// Bytes that stay where they are until the process ends.
  private static func kept(_ text: String) -> UnsafeBufferPointer<UInt8> {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = bytes.initialize(from: text.utf8)
    return UnsafeBufferPointer(bytes)
  }

  private static let exhausted: @convention(c) (Int32) -> Void = { number in
    if errno == ENOMEM {
      _ = write(STDERR_FILENO, MemoryExhaustion.message.baseAddress, MemoryExhaustion.message.count)
      _ = write(STDOUT_FILENO, MemoryExhaustion.object.baseAddress, MemoryExhaustion.object.count)
      _exit(1)
    }
    // The instruction is tried again and now meets the handler of before.
    sigaction(number, MemoryExhaustion.previous + Int(number), nil)
  }
}
