// SPDX-License-Identifier: Apache-2.0

import DriftProof
import DriftProofCertificate
import DriftProofProving
import Foundation

/// Proves and verifies one case in this process, through the same calls as the command line.
package enum CaseRunner {
  static let verifications = 10

  /// - Parameters:
  ///   - scratch: an existing folder for opening files.
  /// - Throws: whatever the library throws, or a failure of verification.
  package static func run(
    _ benchmark: BenchmarkCase, pair: CheckpointGenerator.Pair, runs: Int, scratch: String
  ) throws -> CaseResult {
    guard let model = ModelShape(named: benchmark.model) else {
      throw CaseFailure(name: benchmark.name, reason: "no such model")
    }
    let policy = Array(try Data(contentsOf: URL(fileURLWithPath: pair.policy)))
    let sampler = PrivateMemorySampler()
    let (system, own, begin) = (ProcessMeter.systemSeconds, ProcessMeter.processorSeconds, ContinuousClock.now)
    var proofs: [(result: DriftProver.Result, seconds: Double, processor: Double)] = []
    for run in 0..<max(1, runs) {
      let opening = "\(scratch)/opening-\(run).secret"
      let processor = ProcessMeter.processorSeconds
      let start = ContinuousClock.now
      let result = try DriftProver.prove(
        base: pair.base, tuned: pair.tuned, policyFile: policy, openingPath: opening)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      proofs.append((result, seconds, ProcessMeter.processorSeconds - processor))
      try? FileManager.default.removeItem(atPath: opening)
    }
    let privateMemory = sampler.stop()
    let others = ProcessMeter.systemSeconds - system - (ProcessMeter.processorSeconds - own)
    let otherCores = max(0, others / ((ContinuousClock.now - begin) / .seconds(1)))
    let peakMemory = ProcessMeter.status("VmHWM")

    // After the proofs: the identity's reading must not count in their memory.
    let start = ContinuousClock.now
    let identity = try BaseIdentityFile.compute(base: pair.base)
    let identifySeconds = (ContinuousClock.now - start) / .seconds(1)
    var verify: [Double] = []
    for index in 0..<max(verifications, proofs.count) {
      let certificate = proofs[index % proofs.count].result.certificate
      let start = ContinuousClock.now
      let report = try CertificateVerifier.verify(
        certificate: certificate, identityFile: identity, policyFile: policy)
      verify.append((ContinuousClock.now - start) / .milliseconds(1))
      guard report.securityBits >= 128, report.excluded.isEmpty else {
        throw CaseFailure(name: benchmark.name, reason: "the certificate says less than it should")
      }
    }

    let order = proofs.indices.sorted { proofs[$0].seconds < proofs[$1].seconds }
    let median = proofs[order[order.count / 2]]
    let (report, verification) = (median.result.report, median.result.verification)
    let parameters = model.tensors.reduce(0) { $0 + $1.entryCount }
    let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
    return CaseResult(
      name: benchmark.name, model: benchmark.model, drift: benchmark.drift.rawValue, tensors: model.tensors.count,
      parameters: parameters, certifiedParameters: verification.certifiedParameters,
      frozenParameters: verification.frozenParameters, checkpointBytes: model.byteCount,
      proveSeconds: proofs.map(\.seconds), medianProveSeconds: median.seconds, processorSeconds: median.processor,
      otherCores: otherCores,
      phases: merged(report.phases), nanosecondsPerParameter: median.seconds * 1e9 / Double(parameters),
      nanosecondsPerCertifiedParameter: median.seconds * 1e9 / Double(max(1, verification.certifiedParameters)),
      coreNanosecondsPerParameter: median.seconds * cores * 1e9 / Double(parameters),
      peakMemoryBytes: peakMemory, peakPrivateBytes: privateMemory,
      verifyMilliseconds: verify, medianVerifyMilliseconds: verify.sorted()[verify.count / 2],
      identifySeconds: identifySeconds, proofBytes: report.proofBytes, certificateBytes: report.certificateBytes,
      proofSections: report.proofSections.map { NamedBytes(name: $0.name, bytes: $0.bytes) },
      code: verification.code ?? "", securityBits: verification.securityBits, verified: true)
  }

  /// One entry per name: a phase that was entered twice counts once, with its whole time.
  static func merged(_ phases: [(name: String, seconds: Double)]) -> [NamedSeconds] {
    var result: [NamedSeconds] = []
    for (name, seconds) in phases {
      if let index = result.firstIndex(where: { $0.name == name }) {
        result[index].seconds += seconds
      } else {
        result.append(NamedSeconds(name: name, seconds: seconds))
      }
    }
    return result
  }
}
