// SPDX-License-Identifier: Apache-2.0

// The verifier's face: a program that only verifies depends on this product alone. It links libcrypto and neither a prover
// nor BLAS. The modules below are one library in several targets, so they are exported as one.

@_exported import DriftProofCore
@_exported import DriftProofAttestation
@_exported import DriftProofCertificate
@_exported import DriftProofChain
@_exported import DriftProofPolicy
@_exported import DriftProofReportFacts
@_exported import DriftProofStatement
@_exported import DriftProofTranscript
@_exported import DriftProofTransition
