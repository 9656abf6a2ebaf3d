// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The order of the targets is the way data takes: checkpoint -> policy -> tableau -> commitment -> argument -> certificate.
let package = Package(
  name: "DriftProof",
  products: [
    .library(name: "DriftProof", targets: ["DriftProof"]),
    .executable(name: "driftproof", targets: ["DriftProofCLI"]),
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
    // What a verifier needs, and the prover's half in a target of its own, which the verifier's never imports.
    .target(name: "Commitment", dependencies: ["Field", "Kernels", "Transcript"]),
    .target(name: "CommitmentProver", dependencies: ["Commitment", "Field", "Kernels", "Transcript"]),
    .target(name: "Argument", dependencies: ["Field", "Kernels", "Transcript", "Commitment"]),
    .target(
      name: "ArgumentProver",
      dependencies: ["Argument", "Commitment", "CommitmentProver", "Field", "Kernels", "Transcript"]),
    .target(
      name: "DriftProof",
      dependencies: [
        "CCrypto", "Field", "Kernels", "Transcript", "Checkpoint", "DriftPolicy", "LinearAlgebra", "Commitment",
        "CommitmentProver", "Argument", "ArgumentProver",
      ]),
    .target(name: "DriftReport", dependencies: ["DriftProof", "Checkpoint", "DriftPolicy"]),
    .executableTarget(
      name: "DriftProofCLI", dependencies: ["DriftProof", "DriftReport", "Checkpoint", "DriftPolicy"],
      path: "Sources/driftproof"),
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
    // Cheating provers of the commitment, for the tests of both proof layers.
    .target(
      name: "TamperingSupport", dependencies: ["Commitment", "CommitmentProver", "Field", "Kernels"],
      path: "Tests/TamperingSupport"),
    .testTarget(
      name: "CommitmentTests",
      dependencies: ["Commitment", "CommitmentProver", "TamperingSupport", "Field", "Kernels", "Transcript"]),
    .testTarget(
      name: "ArgumentTests",
      dependencies: [
        "Argument", "ArgumentProver", "Commitment", "CommitmentProver", "TamperingSupport", "Field", "Kernels",
        "Transcript",
      ]),
    .testTarget(
      name: "DriftProofTests",
      dependencies: ["DriftProof", "Argument", "ArgumentProver", "Commitment", "CommitmentProver", "Checkpoint"]),
    .testTarget(name: "DriftReportTests", dependencies: ["DriftReport", "DriftProof", "Checkpoint", "DriftPolicy"]),
    .testTarget(name: "BenchmarkSuiteTests", dependencies: ["BenchmarkSuite", "Checkpoint", "DriftPolicy"]),
    // Runs the built program, which the dependency makes sure of.
    .testTarget(name: "CommandLineTests", dependencies: ["DriftProofCLI", "Checkpoint"]),
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
