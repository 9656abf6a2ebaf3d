// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts

/// A certificate's facts and, from somebody who holds the weights, what these show: all that a page says of one certificate.
@dynamicMemberLookup
package struct MeasuredReport: Sendable {
  package let facts: CertificateReport
  /// What was measured from weights, which no proof covers.
  package var measurement: WeightMeasurement?

  package init(_ facts: CertificateReport, measurement: WeightMeasurement? = nil) {
    self.facts = facts
    self.measurement = measurement
  }

  package subscript<Value>(dynamicMember path: KeyPath<CertificateReport, Value>) -> Value { facts[keyPath: path] }
}
