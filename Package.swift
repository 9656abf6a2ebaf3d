// swift-tools-version: 6.2
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
    // C libraries of the system.
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    // Vector kernels in C; nothing else may be written in C.
    .target(name: "CKernels"),
    // What every module may use: bytes, hashes, strict JSON, parallel work, durable files.
    .target(name: "Core", dependencies: ["CCrypto"]),
    .target(name: "Field"),
    .target(name: "Kernels", dependencies: ["CKernels", "Core", "Field"]),
    .target(name: "Transcript", dependencies: ["Core", "Field"]),
    .target(name: "Checkpoint", dependencies: ["Core"]),
    .target(name: "DriftPolicy", dependencies: ["Core"]),
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS"]),
    // What a verifier needs, and the prover's half in a target of its own, which the verifier's never imports.
    .target(name: "Commitment", dependencies: ["Core", "Field", "Kernels", "Transcript"]),
    .target(name: "CommitmentProver", dependencies: ["Core", "Commitment", "Field", "Kernels", "Transcript"]),
    .target(name: "Argument", dependencies: ["Core", "Field", "Kernels", "Transcript", "Commitment"]),
    .target(
      name: "DriftProofStatement",
      dependencies: ["Core", "Kernels", "Checkpoint", "DriftPolicy", "Commitment", "Argument"],
      path: "Sources/Statement"),
    .target(
      name: "DriftProofCertificate",
      dependencies: [
        "Core", "Transcript", "Checkpoint", "DriftPolicy", "Commitment", "Argument", "DriftProofStatement",
      ],
      path: "Sources/Certificate"),
    .target(
      name: "DriftProofChain",
      dependencies: [
        "Core", "Transcript", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate",
      ],
      path: "Sources/Chain"),
    .target(
      name: "DriftProofAttestation",
      dependencies: [
        "Core", "CCrypto", "Transcript", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate",
      ],
      path: "Sources/Attestation"),
    .target(
      name: "DriftProofReportFacts",
      dependencies: [
        "Core", "Transcript", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofChain",
      ],
      path: "Sources/ReportFacts"),
    .target(
      name: "DriftProofDrift",
      dependencies: [
        "Core", "Kernels", "Checkpoint", "DriftPolicy", "LinearAlgebra", "Commitment", "Argument", "ArgumentProver",
        "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
      ],
      path: "Sources/Drift"),
    .target(
      name: "DriftProofAdapter",
      dependencies: [
        "Core", "Kernels", "Transcript", "Checkpoint", "DriftPolicy", "Argument", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofDrift",
      ],
      path: "Sources/Adapter"),
    .target(
      name: "DriftProofProving",
      dependencies: [
        "Core", "Field", "Kernels", "Transcript", "Checkpoint", "DriftPolicy", "LinearAlgebra", "Commitment",
        "CommitmentProver", "Argument", "ArgumentProver", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofChain", "DriftProofDrift", "DriftProofAdapter",
      ],
      path: "Sources/Proving"),
    .target(
      name: "DriftProofInspection",
      dependencies: [
        "Core", "Checkpoint", "DriftPolicy", "LinearAlgebra", "DriftProofStatement", "DriftProofCertificate",
        "DriftProofAdapter",
      ],
      path: "Sources/Inspection"),
    .target(
      name: "DriftProofCalibration",
      dependencies: [
        "Core", "Checkpoint", "DriftPolicy", "Argument", "Commitment", "LinearAlgebra", "DriftProofStatement",
        "DriftProofCertificate", "DriftProofDrift", "DriftProofInspection",
      ],
      path: "Sources/Calibration"),
    .target(
      name: "DriftProofReport",
      dependencies: [
        "Core", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
        "DriftProofReportFacts", "DriftProofInspection",
      ],
      path: "Sources/Report"),
    .target(
      name: "DriftProofVerifier",
      dependencies: [
        "Core", "Checkpoint", "DriftPolicy", "DriftProofCertificate", "DriftProofChain", "DriftProofAttestation",
        "DriftProofReportFacts",
      ]),
    .target(
      name: "ArgumentProver",
      dependencies: ["Argument", "Commitment", "CommitmentProver", "Field", "Kernels", "Transcript"]),
    .target(
      name: "DriftProof",
      dependencies: [
        "Core", "Checkpoint", "DriftPolicy", "DriftProofVerifier", "DriftProofProving", "DriftProofCalibration",
        "DriftProofInspection", "DriftProofReport",
      ]),
    .executableTarget(
      name: "DriftProofCommandLine",
      dependencies: [
        "Core", "Checkpoint", "DriftPolicy", "DriftProofStatement", "DriftProofCertificate", "DriftProofChain",
        "DriftProofAttestation", "DriftProofReportFacts", "DriftProofAdapter", "DriftProofProving",
        "DriftProofCalibration", "DriftProofInspection", "DriftProofReport",
      ],
      path: "Sources/CommandLine"),
    .target(
      name: "BenchmarkSuite",
      dependencies: ["Core", "DriftProof", "Checkpoint", "Kernels", "Field", "Transcript"],
      path: "Benchmarks/BenchmarkSuite"),
    .executableTarget(
      name: "DriftProofBenchmarks",
      dependencies: [
        "BenchmarkSuite", "Core", "DriftProof", "DriftProofStatement", "DriftProofDrift", "DriftProofProving", "Argument",
        "ArgumentProver", "Checkpoint", "Commitment", "CommitmentProver", "DriftPolicy", "Field", "Kernels",
        "LinearAlgebra", "Transcript",
      ],
      path: "Benchmarks/driftproof-bench"),
    // What stands in several test targets: generators, folders, places in this repository.
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "CoreTests", dependencies: ["TestSupport", "Core"]),
    .testTarget(name: "FieldTests", dependencies: ["Field"]),
    .testTarget(name: "KernelsTests", dependencies: ["TestSupport", "Core", "Kernels", "Field"]),
    .testTarget(name: "TranscriptTests", dependencies: ["Core", "Transcript", "Field"]),
    .testTarget(name: "CheckpointTests", dependencies: ["TestSupport", "Core", "Checkpoint"]),
    .testTarget(name: "DriftPolicyTests", dependencies: ["TestSupport", "Core", "DriftPolicy"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra"]),
    // Cheating provers of the commitment, for the tests of both proof layers.
    .target(
      name: "TamperingSupport", dependencies: ["Commitment", "CommitmentProver", "Field", "Kernels"],
      path: "Tests/TamperingSupport"),
    .testTarget(
      name: "CommitmentTests",
      dependencies: ["Core", "Commitment", "CommitmentProver", "TamperingSupport", "Field", "Kernels", "Transcript"]),
    .testTarget(
      name: "ArgumentTests",
      dependencies: [
        "TestSupport", "TamperingSupport", "Core", "Argument", "ArgumentProver", "Commitment", "CommitmentProver",
        "Field", "Kernels", "Transcript",
      ]),
    .testTarget(
      name: "DriftProofTests",
      dependencies: [
        "TestSupport", "Core", "DriftProof", "DriftProofCommandLine", "Argument", "ArgumentProver", "Checkpoint",
        "Commitment", "CommitmentProver", "DriftPolicy", "Field", "Kernels", "LinearAlgebra", "Transcript",
      ]),
    .testTarget(
      name: "DriftReportTests",
      dependencies: ["TestSupport", "Core", "DriftProofReport", "DriftProof", "Checkpoint", "DriftPolicy"]),
    .testTarget(
      name: "BenchmarkSuiteTests", dependencies: ["TestSupport", "BenchmarkSuite", "Checkpoint", "DriftPolicy"]),
    // Runs the built program, which the dependency makes sure of.
    .testTarget(name: "CommandLineTests", dependencies: ["TestSupport", "DriftProofCommandLine", "Checkpoint"]),
  ],
  swiftLanguageModes: [.v6]
)

// The libFuzzer targets need a toolchain with its runtime; Fuzzing/run links it.
if ProcessInfo.processInfo.environment["DRIFTPROOF_FUZZ"] == "1" {
  package.targets.append(
    .executableTarget(
      name: "driftproof-fuzz",
      dependencies: ["CLibFuzzer", "Core", "DriftProof", "Checkpoint", "DriftPolicy", "Transcript"],
      path: "Fuzzing/driftproof-fuzz"))
  for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings = [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])]
  }
  package.targets.append(.systemLibrary(name: "CLibFuzzer", path: "Fuzzing/CLibFuzzer"))
}
