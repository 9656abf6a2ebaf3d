// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import Foundation
import PackageDescription

// Every target stands below those that it depends on; docs/architecture.md says which room does what.
let package = Package(
  name: "DriftProof",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "DriftProofVerifier", targets: ["DriftProofVerifier"]),
    .library(name: "DriftProof", targets: ["DriftProof"]),
    .executable(name: "driftproof", targets: ["DriftProofCommandLine"]),
  ],
  targets: [
    // The C library of the system. OpenBLAS is loaded by LinearAlgebra where there is one.
    .systemLibrary(
      name: "CDriftProofCrypto", path: "Sources/CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    // Vector kernels in C; nothing else may be written in C.
    .target(name: "CDriftProofKernels", path: "Sources/CKernels"),
    .target(name: "CDriftProofCurveKernels", path: "Sources/CCurveKernels"),
    // What every module may use: bytes, hashes, strict JSON, parallel work, durable files.
    .target(name: "DriftProofCore", dependencies: ["CDriftProofCrypto"], path: "Sources/Core"),
    // Arithmetic, files and policies.
    .target(name: "DriftProofField", dependencies: [], path: "Sources/Field"),
    .target(
      name: "DriftProofKernels", dependencies: ["CDriftProofKernels", "DriftProofCore", "DriftProofField"],
      path: "Sources/Kernels"),
    .target(
      name: "DriftProofTranscript", dependencies: ["DriftProofCore", "DriftProofField"], path: "Sources/Transcript"),
    // BLS12-381: fields, groups, pairing, hashing to the groups, encodings, sums of multiples.
    .target(
      name: "DriftProofCurve", dependencies: ["CDriftProofCurveKernels", "DriftProofCore", "DriftProofKernels"],
      path: "Sources/Curve"),
    .target(name: "DriftProofCheckpoint", dependencies: ["DriftProofCore"], path: "Sources/Checkpoint"),
    .target(name: "DriftProofPolicy", dependencies: ["DriftProofCore"], path: "Sources/Policy"),
    // What verifies: from the commitment up to chains, attestations and reports. No prover, no BLAS.
    .target(
      name: "DriftProofCommitment",
      dependencies: ["DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript"],
      path: "Sources/Commitment"),
    .target(
      name: "DriftProofArgument",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCommitment",
      ], path: "Sources/Argument"),
    .target(
      name: "DriftProofStatement",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCommitment",
        "DriftProofArgument",
      ], path: "Sources/Statement"),
    .target(
      name: "DriftProofCertificate",
      dependencies: [
        "DriftProofCore", "DriftProofTranscript", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCommitment",
        "DriftProofArgument", "DriftProofStatement",
      ], path: "Sources/Certificate"),
    .target(
      name: "DriftProofChain",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofTransition",
      ], path: "Sources/Chain"),
    // That a commitment to a tuned model is the base's and a certificate's drift.
    .target(
      name: "DriftProofTransition",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofTranscript", "DriftProofCheckpoint", "DriftProofPolicy",
        "DriftProofCommitment", "DriftProofArgument", "DriftProofStatement", "DriftProofCertificate",
      ], path: "Sources/Transition"),
    .target(
      name: "DriftProofAttestation",
      dependencies: ["CDriftProofCrypto", "DriftProofCore", "DriftProofCheckpoint", "DriftProofCertificate"],
      path: "Sources/Attestation"),
    .target(
      name: "DriftProofReportFacts",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofChain", "DriftProofTransition",
      ], path: "Sources/ReportFacts"),
    // Which model answers: plans, questions, evidence and transcripts of audits. No network, no prover.
    .target(
      name: "DriftProofAudit", dependencies: ["DriftProofCore"], path: "Sources/Audit",
      resources: [.embedInCode("Resources/words.txt")]),
    // Asks endpoints: the only room with a network.
    .target(
      name: "DriftProofAuditEndpoint", dependencies: ["DriftProofCore", "DriftProofAudit"],
      path: "Sources/AuditEndpoint"),
    // Signed bundles of audits, verified without network or model.
    .target(
      name: "DriftProofAuditBundle",
      dependencies: [
        "DriftProofCore", "DriftProofCertificate", "DriftProofAttestation", "DriftProofAudit", "DriftProofEnclave",
      ], path: "Sources/AuditBundle"),
    // That a plan's rule says SAME of committed scores, verified without them.
    .target(
      name: "DriftProofAuditDecision",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofTranscript", "DriftProofCommitment", "DriftProofArgument",
        "DriftProofCertificate", "DriftProofAttestation", "DriftProofAudit", "DriftProofAuditBundle",
      ], path: "Sources/AuditDecision"),
    // What the files of two models say without running them: settings, tokenizers, sketches of weights.
    .target(
      name: "DriftProofAuditStatic", dependencies: ["DriftProofCore", "DriftProofCheckpoint", "DriftProofAudit"],
      path: "Sources/AuditStatic"),
    // Quotes of enclaves, with certificates by libcrypto.
    .target(
      name: "DriftProofEnclave", dependencies: ["CDriftProofCrypto", "DriftProofCore"], path: "Sources/Enclave"),
    // Commitments and openings over the curve: what verifies, and what commits and opens.
    .target(
      name: "DriftProofCurveCommitment",
      dependencies: ["DriftProofCore", "DriftProofTranscript", "DriftProofCurve"], path: "Sources/CurveCommitment"),
    .target(
      name: "DriftProofCurveCommitmentProver",
      dependencies: [
        "DriftProofCore", "DriftProofTranscript", "DriftProofCheckpoint", "DriftProofCurve",
        "DriftProofCurveCommitment",
      ], path: "Sources/CurveCommitmentProver"),
    // That what changed on committed rows is small: what verifies, and what proves.
    .target(
      name: "DriftProofCurveArgument",
      dependencies: ["DriftProofCore", "DriftProofTranscript", "DriftProofCurve", "DriftProofCurveCommitment"],
      path: "Sources/CurveArgument"),
    .target(
      name: "DriftProofCurveArgumentProver",
      dependencies: [
        "DriftProofCore", "DriftProofTranscript", "DriftProofCurve", "DriftProofCurveCommitment",
        "DriftProofCurveCommitmentProver", "DriftProofCurveArgument",
      ], path: "Sources/CurveArgumentProver"),
    // The curve's backend from policies and checkpoints to certificates: what verifies, and what proves.
    .target(
      name: "DriftProofCurveCertificate",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofStatement", "DriftProofCurve",
        "DriftProofCurveCommitment", "DriftProofCurveArgument",
      ], path: "Sources/CurveCertificate"),
    .target(
      name: "DriftProofCurveChain",
      dependencies: [
        "DriftProofCore", "DriftProofPolicy", "DriftProofChain", "DriftProofCurveCertificate",
      ], path: "Sources/CurveChain"),
    .target(
      name: "DriftProofCurveProving",
      dependencies: [
        "DriftProofCore", "DriftProofTranscript", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCurve",
        "DriftProofCurveCommitment", "DriftProofCurveCommitmentProver", "DriftProofCurveArgument",
        "DriftProofCurveArgumentProver", "DriftProofCurveCertificate", "DriftProofArgument", "DriftProofDrift",
        "DriftProofLinearAlgebra",
      ], path: "Sources/CurveProving"),
    // What proves, and sees weights.
    .target(
      name: "DriftProofCommitmentProver",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCommitment",
      ], path: "Sources/CommitmentProver"),
    .target(
      name: "DriftProofArgumentProver",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCommitment",
        "DriftProofCommitmentProver", "DriftProofArgument",
      ], path: "Sources/ArgumentProver"),
    // Proves it, from an audit's transcripts.
    .target(
      name: "DriftProofAuditDecisionProver",
      dependencies: [
        "DriftProofCore", "DriftProofKernels", "DriftProofTranscript", "DriftProofCommitment",
        "DriftProofCommitmentProver", "DriftProofArgument", "DriftProofArgumentProver", "DriftProofAttestation",
        "DriftProofAudit", "DriftProofAuditBundle", "DriftProofAuditDecision", "DriftProofProving",
      ], path: "Sources/AuditDecisionProver"),
    .target(
      name: "DriftProofLinearAlgebra", dependencies: ["DriftProofCore", "DriftProofKernels"],
      path: "Sources/LinearAlgebra"),
    .target(
      name: "DriftProofDrift",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofCheckpoint", "DriftProofPolicy",
        "DriftProofLinearAlgebra", "DriftProofCommitmentProver", "DriftProofArgument", "DriftProofArgumentProver",
        "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
      ], path: "Sources/Drift"),
    .target(
      name: "DriftProofAdapter",
      dependencies: [
        "DriftProofCore", "DriftProofKernels", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofDrift",
      ], path: "Sources/Adapter"),
    .target(
      name: "DriftProofProving",
      dependencies: [
        "CDriftProofCrypto", "DriftProofCore", "DriftProofKernels", "DriftProofCheckpoint", "DriftProofPolicy",
        "DriftProofLinearAlgebra",
        "DriftProofCommitment", "DriftProofCommitmentProver", "DriftProofArgument", "DriftProofArgumentProver",
        "DriftProofStatement", "DriftProofCertificate", "DriftProofChain", "DriftProofDrift", "DriftProofAdapter",
        "DriftProofTransition", "DriftProofTranscript", "DriftProofField",
      ], path: "Sources/Proving"),
    .target(
      name: "DriftProofInspection",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofLinearAlgebra", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofAdapter",
      ], path: "Sources/Inspection"),
    .target(
      name: "DriftProofCalibration",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofCheckpoint", "DriftProofPolicy",
        "DriftProofLinearAlgebra", "DriftProofArgument", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofDrift", "DriftProofAdapter", "DriftProofInspection",
      ], path: "Sources/Calibration"),
    .target(
      name: "DriftProofReport",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofReportFacts", "DriftProofAdapter", "DriftProofInspection", "DriftProofAudit",
        "DriftProofAuditBundle", "DriftProofAuditDecision", "DriftProofCurveCommitment", "DriftProofCurveCertificate",
      ], path: "Sources/Report"),
    // The faces.
    .target(
      name: "DriftProofVerifier",
      dependencies: [
        "DriftProofCore", "DriftProofTranscript", "DriftProofPolicy", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofChain", "DriftProofTransition", "DriftProofAttestation", "DriftProofReportFacts",
      ], path: "Sources/DriftProofVerifier"),
    .target(
      name: "DriftProof",
      dependencies: [
        "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCertificate", "DriftProofChain", "DriftProofAdapter",
        "DriftProofProving", "DriftProofInspection", "DriftProofCalibration", "DriftProofReport", "DriftProofVerifier",
      ], path: "Sources/DriftProof"),
    .executableTarget(
      name: "DriftProofCommandLine",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofChain", "DriftProofAttestation", "DriftProofReportFacts", "DriftProofAdapter", "DriftProofProving",
        "DriftProofInspection", "DriftProofCalibration", "DriftProofReport", "DriftProofTransition", "DriftProofAudit",
        "DriftProofAuditBundle", "DriftProofAuditDecision", "DriftProofAuditDecisionProver", "DriftProofAuditEndpoint",
        "DriftProofAuditStatic", "DriftProofEnclave", "DriftProofLinearAlgebra", "DriftProofCurveCommitment",
        "DriftProofCurveCommitmentProver", "DriftProofCurveCertificate", "DriftProofCurveChain",
        "DriftProofCurveProving",
        "DriftProof",
      ], path: "Sources/CommandLine"),
    // Measurements.
    .target(
      name: "BenchmarkSuite",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofCheckpoint", "DriftProofCertificate",
        "DriftProofProving", "DriftProof",
      ], path: "Benchmarks/BenchmarkSuite"),
    .executableTarget(
      name: "DriftProofBenchmarks",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCurve",
        "DriftProofCurveCommitment", "DriftProofCurveCommitmentProver", "DriftProofCurveArgument",
        "DriftProofCurveArgumentProver", "DriftProofCurveCertificate", "DriftProofCurveProving", "DriftProofCheckpoint",
        "DriftProofPolicy", "DriftProofLinearAlgebra", "DriftProofCommitment", "DriftProofCommitmentProver",
        "DriftProofArgument", "DriftProofArgumentProver", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofDrift", "DriftProofProving", "BenchmarkSuite",
      ], path: "Benchmarks/driftproof-bench"),
    // What stands in several test targets, and cheating provers of the commitment.
    .target(name: "TestSupport", dependencies: [], path: "Tests/TestSupport"),
    .target(
      name: "TamperingSupport",
      dependencies: ["DriftProofField", "DriftProofKernels", "DriftProofCommitment", "DriftProofCommitmentProver"],
      path: "Tests/TamperingSupport"),
    .testTarget(name: "CoreTests", dependencies: ["DriftProofCore", "TestSupport"]),
    .testTarget(name: "FieldTests", dependencies: ["DriftProofField"]),
    .testTarget(
      name: "KernelsTests", dependencies: ["DriftProofCore", "DriftProofField", "DriftProofKernels", "TestSupport"]),
    .testTarget(
      name: "CurveTests",
      dependencies: [
        "CDriftProofCurveKernels", "DriftProofCore", "DriftProofKernels", "DriftProofCurve", "TestSupport",
      ]),
    .testTarget(
      name: "CurveCommitmentTests",
      dependencies: [
        "DriftProofCore", "DriftProofTranscript", "DriftProofCurve", "DriftProofCurveCommitment",
        "DriftProofCurveCommitmentProver", "TestSupport",
      ]),
    .testTarget(
      name: "CurveArgumentTests",
      dependencies: [
        "DriftProofTranscript", "DriftProofCurve", "DriftProofCurveCommitment",
        "DriftProofCurveCommitmentProver", "DriftProofCurveArgument", "DriftProofCurveArgumentProver", "TestSupport",
      ]),
    .testTarget(
      name: "CurveProvingTests",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCurve", "DriftProofCurveCommitment",
        "DriftProofCurveCommitmentProver", "DriftProofCurveArgument", "DriftProofCurveCertificate",
        "DriftProofCurveChain", "DriftProofCurveProving", "DriftProofChain", "TestSupport",
      ]),
    .testTarget(
      name: "WorkerProcessTests",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCommitmentProver",
        "DriftProofArgumentProver", "DriftProofCertificate", "DriftProofProving", "DriftProofCommandLine",
        "TestSupport",
      ]),
    .testTarget(name: "TranscriptTests", dependencies: ["DriftProofCore", "DriftProofField", "DriftProofTranscript"]),
    .testTarget(name: "CheckpointTests", dependencies: ["DriftProofCore", "DriftProofCheckpoint", "TestSupport"]),
    .testTarget(name: "PolicyTests", dependencies: ["DriftProofCore", "DriftProofPolicy", "TestSupport"]),
    .testTarget(
      name: "AuditTests",
      dependencies: [
        "DriftProofCore", "DriftProofKernels", "DriftProofTranscript", "DriftProofCheckpoint", "DriftProofCertificate",
        "DriftProofCommitment",
        "DriftProofCommitmentProver", "DriftProofArgument", "DriftProofArgumentProver", "DriftProofAttestation",
        "DriftProofAudit", "DriftProofAuditBundle", "DriftProofAuditDecision", "DriftProofAuditDecisionProver",
        "DriftProofAuditEndpoint", "DriftProofAuditStatic", "DriftProofEnclave", "TestSupport",
      ]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["DriftProofLinearAlgebra"]),
    .testTarget(
      name: "CommitmentTests",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCommitment",
        "DriftProofCommitmentProver", "TamperingSupport",
      ]),
    .testTarget(
      name: "ArgumentTests",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCommitment",
        "DriftProofCommitmentProver", "DriftProofArgument", "DriftProofArgumentProver", "TestSupport",
        "TamperingSupport",
      ]),
    .testTarget(
      name: "DriftProofTests",
      dependencies: [
        "DriftProofCore", "DriftProofField", "DriftProofKernels", "DriftProofTranscript", "DriftProofCheckpoint",
        "DriftProofPolicy", "DriftProofLinearAlgebra", "DriftProofCommitment", "DriftProofCommitmentProver",
        "DriftProofArgument", "DriftProofArgumentProver", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofChain", "DriftProofTransition", "DriftProofAttestation", "DriftProofReportFacts", "DriftProofDrift",
        "DriftProofAdapter", "DriftProofProving", "DriftProofInspection", "DriftProofCalibration", "DriftProof",
        "DriftProofCommandLine",
        "TestSupport",
      ]),
    .testTarget(
      name: "ReportTests",
      dependencies: [
        "DriftProofCore", "DriftProofCheckpoint", "DriftProofPolicy", "DriftProofCertificate", "DriftProofReportFacts",
        "DriftProofAttestation", "DriftProofAudit", "DriftProofAuditBundle", "DriftProofAuditDecision",
        "DriftProofProving", "DriftProofReport", "DriftProof", "TestSupport",
      ]),
    .testTarget(
      name: "BenchmarkSuiteTests",
      dependencies: ["DriftProofCheckpoint", "DriftProofPolicy", "BenchmarkSuite", "TestSupport"]),
    // Runs the built program, which the dependency makes sure of.
    .testTarget(
      name: "CommandLineTests", dependencies: ["DriftProofCheckpoint", "DriftProofCommandLine", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// The libFuzzer targets need a toolchain with its runtime; Fuzzing/run links it.
if ProcessInfo.processInfo.environment["DRIFTPROOF_FUZZ"] == "1" {
  package.targets.append(
    .executableTarget(
      name: "driftproof-fuzz",
      dependencies: [
        "CLibFuzzer", "DriftProofCore", "DriftProofTranscript", "DriftProofCheckpoint", "DriftProofPolicy",
        "DriftProofStatement",
        "DriftProofCertificate", "DriftProofChain", "DriftProofAttestation", "DriftProofAudit", "DriftProofAuditBundle",
        "DriftProofAuditDecision", "DriftProofEnclave", "DriftProofLinearAlgebra", "DriftProofProving",
        "DriftProofCurve",
        "DriftProofCurveCommitment", "DriftProofCurveCommitmentProver", "DriftProofCurveCertificate",
      ],
      path: "Fuzzing/driftproof-fuzz"))
  for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings = [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]
  }
  package.targets.append(.systemLibrary(name: "CLibFuzzer", path: "Fuzzing/CLibFuzzer"))
}
