// SPDX-License-Identifier: Apache-2.0

/// A pointer that crosses into concurrent work; the owner keeps the memory alive and the writes disjoint.
struct Shared<Pointee>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Pointee>
  init(_ pointer: UnsafeMutablePointer<Pointee>) { self.pointer = pointer }
}

/// A pointer for reading that crosses into concurrent work; the owner keeps the memory alive and unchanged.
struct SharedConst<Pointee>: @unchecked Sendable {
  let pointer: UnsafePointer<Pointee>
  init(_ pointer: UnsafePointer<Pointee>) { self.pointer = pointer }
}
