// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A refusal of the operating system.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// `errno`.
  package let code: Int32

  package init(code: Int32) { self.code = code }

  /// The last error of this thread; to be asked before any other call.
  package init() { self.init(code: errno) }

  /// What the system calls it: "No such file or directory".
  package var description: String { String(cString: strerror(code)) }

  /// A file, or what stands under its name, was there already.
  package var isExisting: Bool { code == EEXIST }
}
