// SPDX-License-Identifier: Apache-2.0

/// What can go wrong in this module.
package enum LinearAlgebraError: Error, Equatable, Sendable {
  /// A value array does not have rows * columns entries, or a shape is negative.
  case shapeMismatch(rows: Int, columns: Int, count: Int)
  /// A parameter is outside its documented range.
  case invalidParameter(String)
  /// A LAPACK routine gave up; `info` is its return code.
  case lapack(routine: String, info: Int)
  /// An aligned block of integer factor entries would have a sum of squares above the bound, whatever the scale split.
  case factorBoundExceeded
  /// An integer does not fit its type: scaled drift above 2^62, or a factor entry of 2^31 and more.
  case integerOverflow
  /// A search for exact factors took as many multiplications as it may, and was given up.
  case searchTooLong(multiplications: Int)
}
