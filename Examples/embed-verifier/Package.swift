// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of somebody else that verifies certificates, and nothing more. It depends on the product DriftProofVerifier,
// which needs libcrypto and no OpenBLAS, and holds no prover.
let package = Package(
  name: "embed-verifier",
  platforms: [.macOS(.v15)],
  dependencies: [
    // Outside this repository: .package(url: "…", from: "0.1.0").
    .package(name: "DriftProof", path: "../..")
  ],
  targets: [
    .executableTarget(
      name: "embed-verifier",
      dependencies: [.product(name: "DriftProofVerifier", package: "DriftProof")])
  ],
  swiftLanguageModes: [.v6]
)
