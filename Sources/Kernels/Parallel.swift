import Dispatch

/// Work over all cores.
package enum Parallel {
  /// Runs the body for 0..<count, in any order and concurrently; returns when all are done. May be nested.
  package static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count <= 1 {
      if count == 1 { body(0) }
    } else {
      DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
  }
}

/// A pointer that crosses into concurrent work; the owner keeps the memory alive and the writes disjoint.
struct Shared<Pointee>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Pointee>
  init(_ pointer: UnsafeMutablePointer<Pointee>) { self.pointer = pointer }
}

/// The same, to read.
struct SharedConst<Pointee>: @unchecked Sendable {
  let pointer: UnsafePointer<Pointee>
  init(_ pointer: UnsafePointer<Pointee>) { self.pointer = pointer }
}
