// SPDX-License-Identifier: Apache-2.0

/// The bytes of the values, lowest first.
package func littleEndian<I: FixedWidthInteger>(_ values: I...) -> [UInt8] { littleEndian(values) }

package func littleEndian<I: FixedWidthInteger>(_ values: [I]) -> [UInt8] {
  values.flatMap { value in
    stride(from: 0, to: I.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
