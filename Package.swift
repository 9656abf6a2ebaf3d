// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The order of the targets is the way data takes: checkpoint -> policy -> tableau -> commitment -> argument -> certificate.
let package = Package(
  name: "DriftProof",
  products: [
    .library(name: "DriftProofVerifier", targets: ["DriftProofVerifier"]),
    .library(name: "DriftProof", targets: ["DriftProof"]),
    .executable(name: "driftproof", targets: ["DriftProofCommandLine"]),
  ],
  targets: [
    // C libraries of the system.
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    // Vector kernels in C; nothing else may be written in C.
    .target(name: "CKernels"),
    .target(name: "Field"),
    .target(name: "Kernels", dependencies: ["CKernels", "Field"]),
    .target(name: "Transcript", dependencies: ["CCrypto", "Field"]),
    .target(name: "Checkpoint", dependencies: ["CCrypto", "Transcript"]),
    .target(name: "DriftPolicy"),
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS"]),
    .target(name: "Commitment", dependencies: ["Field", "Kernels", "Transcript"]),
    .target(name: "Argument", dependencies: ["Field", "Kernels", "Transcript", "Commitment"]),
    .target(
      name: "DriftProofStatement",
      dependencies: ["Kernels", "Checkpoint", "DriftPolicy", "Commitment", "Argument"], path: "Sources/Statement"),
    .target(
      name: "DriftProofCertificate",
      dependencies: [
        "Transcript", "Checkpoint", "DriftPolicy", "Commitment", "Argument", "DriftProofStatement",
      ],
      path: "Sources/Certificate"),
    .target(
      name: "DriftProofChain",
      dependencies: ["Transcript", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate"],
      path: "Sources/Chain"),
    .target(
      name: "DriftProofAttestation",
      dependencies: [
        "CCrypto", "Transcript", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate",
      ],
      path: "Sources/Attestation"),
    .target(
      name: "DriftProofReportFacts",
      dependencies: [
        "Transcript", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
      ],
      path: "Sources/ReportFacts"),
    .target(
      name: "DriftProofDrift",
      dependencies: [
        "Kernels", "Checkpoint", "DriftPolicy", "LinearAlgebra", "Commitment", "Argument", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofChain",
      ],
      path: "Sources/Drift"),
    .target(
      name: "DriftProofAdapter",
      dependencies: [
        "Kernels", "Transcript", "Checkpoint", "DriftPolicy", "Argument", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofDrift",
      ],
      path: "Sources/Adapter"),
    .target(
      name: "DriftProofProving",
      dependencies: [
        "Field", "Kernels", "Transcript", "Checkpoint", "DriftPolicy", "LinearAlgebra", "Commitment", "Argument",
        "DriftProofStatement", "DriftProofCertificate", "DriftProofChain", "DriftProofDrift", "DriftProofAdapter",
      ],
      path: "Sources/Proving"),
    .target(
      name: "DriftProofInspection",
      dependencies: [
        "Checkpoint", "DriftPolicy", "LinearAlgebra", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofAdapter",
      ],
      path: "Sources/Inspection"),
    .target(
      name: "DriftProofCalibration",
      dependencies: [
        "Checkpoint", "DriftPolicy", "Argument", "Commitment", "LinearAlgebra", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofDrift", "DriftProofInspection",
      ],
      path: "Sources/Calibration"),
    .target(
      name: "DriftProofReport",
      dependencies: [
        "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
        "DriftProofReportFacts", "DriftProofInspection",
      ],
      path: "Sources/Report"),
    .target(
      name: "DriftProofVerifier",
      dependencies: [
        "Checkpoint", "DriftPolicy", "DriftProofCertificate", "DriftProofChain", "DriftProofAttestation",
        "DriftProofReportFacts",
      ]),
    .target(
      name: "DriftProof",
      dependencies: [
        "Checkpoint", "DriftPolicy", "DriftProofVerifier", "DriftProofProving", "DriftProofCalibration",
        "DriftProofInspection", "DriftProofReport",
      ]),
    .executableTarget(
      name: "DriftProofCommandLine",
      dependencies: [
        "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
        "DriftProofAttestation", "DriftProofReportFacts", "DriftProofAdapter", "DriftProofProving",
        "DriftProofCalibration", "DriftProofInspection", "DriftProofReport",
      ],
      path: "Sources/CommandLine"),
    .target(
      name: "BenchmarkSuite", dependencies: ["DriftProof", "Checkpoint", "Kernels", "Field", "Transcript"],
      path: "Benchmarks/BenchmarkSuite"),
    .executableTarget(
      name: "DriftProofBenchmarks",
      dependencies: ["BenchmarkSuite", "DriftProof", "Checkpoint", "DriftPolicy"],
      path: "Benchmarks/driftproof-bench"),
    .testTarget(name: "FieldTests", dependencies: ["Field"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Field", "Transcript"]),
    .testTarget(name: "TranscriptTests", dependencies: ["Transcript", "Field"]),
    .testTarget(name: "CheckpointTests", dependencies: ["Checkpoint"]),
    .testTarget(name: "DriftPolicyTests", dependencies: ["DriftPolicy"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra"]),
    .testTarget(name: "CommitmentTests", dependencies: ["Commitment", "Field", "Kernels", "Transcript"]),
    .testTarget(name: "ArgumentTests", dependencies: ["Argument"]),
    .testTarget(name: "DriftProofTests", dependencies: ["DriftProof", "Checkpoint", "DriftProofCommandLine"]),
    .testTarget(
      name: "DriftReportTests", dependencies: ["DriftProofReport", "DriftProof", "Checkpoint", "DriftPolicy"]),
    .testTarget(name: "BenchmarkSuiteTests", dependencies: ["BenchmarkSuite", "Checkpoint", "DriftPolicy"]),
    // Runs the built program, which the dependency makes sure of.
    .testTarget(name: "CommandLineTests", dependencies: ["DriftProofCommandLine", "Checkpoint"]),
  ],
  swiftLanguageModes: [.v6]
)

// The libFuzzer targets need a toolchain with its runtime; Fuzzing/run links it.
if ProcessInfo.processInfo.environment["DRIFTPROOF_FUZZ"] == "1" {
  package.targets.append(
    .executableTarget(
      name: "driftproof-fuzz", dependencies: ["CLibFuzzer", "DriftProof", "Checkpoint", "DriftPolicy", "Transcript"],
      path: "Fuzzing/driftproof-fuzz"))
  for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings = [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]
  }
  package.targets.append(.systemLibrary(name: "CLibFuzzer", path: "Fuzzing/CLibFuzzer"))
}
