// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Every target stands below those that it depends on; docs/architecture.md says which room does what.
let package = Package(
  name: "DriftProof",
  // UTF8Span, in the strict JSON, is the newest that is used; without it 15 would do.
  platforms: [.macOS(.v26)],
  products: [
    .library(name: "DriftProof", targets: ["DriftProof"]),
    .executable(name: "driftproof", targets: ["DriftProofCLI"]),
  ],
  targets: [
    // C libraries of the system.
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
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
      name: "DriftProof",
      dependencies: [
        "CCrypto", "Field", "Kernels", "Transcript", "Checkpoint", "DriftPolicy", "LinearAlgebra", "Commitment",
        "Argument",
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
      dependencies: [
        "BenchmarkSuite", "DriftProof", "Argument", "Checkpoint", "Commitment", "DriftPolicy", "Field", "Kernels",
        "LinearAlgebra", "Transcript",
      ],
      path: "Benchmarks/driftproof-bench"),
    // What stands in several test targets: generators, folders, places in this repository.
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "FieldTests", dependencies: ["Field"]),
    .testTarget(name: "KernelsTests", dependencies: ["TestSupport", "Kernels", "Field"]),
    .testTarget(name: "TranscriptTests", dependencies: ["Transcript", "Field"]),
    .testTarget(name: "CheckpointTests", dependencies: ["TestSupport", "Checkpoint"]),
    .testTarget(name: "DriftPolicyTests", dependencies: ["TestSupport", "DriftPolicy"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra"]),
    .testTarget(name: "CommitmentTests", dependencies: ["Commitment", "Field", "Kernels", "Transcript"]),
    .testTarget(
      name: "ArgumentTests", dependencies: ["TestSupport", "Argument", "Commitment", "Field", "Kernels", "Transcript"]),
    .testTarget(
      name: "DriftProofTests",
      dependencies: [
        "TestSupport", "DriftProof", "Argument", "Checkpoint", "Commitment", "DriftPolicy", "Field", "Kernels",
        "LinearAlgebra", "Transcript",
      ]),
    .testTarget(
      name: "DriftReportTests", dependencies: ["TestSupport", "DriftReport", "DriftProof", "Checkpoint", "DriftPolicy"]),
    .testTarget(
      name: "BenchmarkSuiteTests", dependencies: ["TestSupport", "BenchmarkSuite", "Checkpoint", "DriftPolicy"]),
    // Runs the built program, which the dependency makes sure of.
    .testTarget(name: "CommandLineTests", dependencies: ["TestSupport", "DriftProofCLI", "Checkpoint"]),
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
