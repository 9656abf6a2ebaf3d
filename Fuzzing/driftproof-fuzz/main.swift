// SPDX-License-Identifier: Apache-2.0

// libFuzzer targets, one per parser: `driftproof-fuzz TARGET [libFuzzer's arguments]`; `driftproof-fuzz mutate` changes seeds
// without coverage.

import CLibFuzzer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

typealias FuzzCallback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

/// C callbacks capture nothing, so there is one for each target.
let callbacks: [String: FuzzCallback] = [
  "attestation": { FuzzTarget.attestation.run($0, $1) },
  "audit-answer": { FuzzTarget.auditAnswer.run($0, $1) },
  "audit-bundle": { FuzzTarget.auditBundle.run($0, $1) },
  "audit-decision": { FuzzTarget.auditDecision.run($0, $1) },
  "audit-file": { FuzzTarget.auditFile.run($0, $1) },
  "audit-line": { FuzzTarget.auditLine.run($0, $1) },
  "audit-tar": { FuzzTarget.auditTar.run($0, $1) },
  "base-cache": { FuzzTarget.baseCache.run($0, $1) },
  "certificate": { FuzzTarget.certificate.run($0, $1) },
  "canonical-policy": { FuzzTarget.canonicalPolicy.run($0, $1) },
  "curve-certificate": { FuzzTarget.curveCertificate.run($0, $1) },
  "curve-contribution": { FuzzTarget.curveContribution.run($0, $1) },
  "curve-identity": { FuzzTarget.curveIdentity.run($0, $1) },
  "curve-setup": { FuzzTarget.curveSetup.run($0, $1) },
  "identity": { FuzzTarget.identity.run($0, $1) },
  "index": { FuzzTarget.index.run($0, $1) },
  "key": { FuzzTarget.key.run($0, $1) },
  "nitro": { FuzzTarget.nitro.run($0, $1) },
  "opening": { FuzzTarget.opening.run($0, $1) },
  "policy": { FuzzTarget.policy.run($0, $1) },
  "quote": { FuzzTarget.quote.run($0, $1) },
  "revocations": { FuzzTarget.revocations.run($0, $1) },
  "hiding-certificate": { FuzzTarget.hidingCertificate.run($0, $1) },
  "rounding-certificate": { FuzzTarget.roundingCertificate.run($0, $1) },
  "safetensors": { FuzzTarget.safetensors.run($0, $1) },
  "sev-snp": { FuzzTarget.sevSNP.run($0, $1) },
]

if CommandLine.argc > 1, CommandLine.arguments[1] == "mutate" {
  exit(MutationRun.run(CommandLine.arguments.dropFirst(2)))
}
guard CommandLine.argc > 1, let callback = callbacks[CommandLine.arguments[1]] else {
  print("usage: driftproof-fuzz {\(callbacks.keys.sorted().joined(separator: ","))} [arguments of libFuzzer]")
  exit(2)
}
// libFuzzer takes arguments without a dash for folders of inputs, so the target's name is left out.
var arguments = ([CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)).map { strdup($0) } + [nil]
var count = Int32(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { buffer in
  var start = buffer.baseAddress
  return withUnsafeMutablePointer(to: &start) { pointer in
    pointer.withMemoryRebound(to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self, capacity: 1) {
      LLVMFuzzerRunDriver(&count, $0, callback)
    }
  }
}
exit(status)
