// SPDX-License-Identifier: Apache-2.0
import DriftProofChain
import Testing

/// W + BA is no checkpoint that a link could start from, so a chain takes no certificate about an adapter.
@Suite struct AdapterLinkTests {
  @Test func anAdapterIsNoLink() throws {
    let pinned = try PinnedCertificate.adapter.get()
    let report = try ChainVerifier.verify(
      [ChainVerifier.Input(name: "adapter", certificate: pinned.certificate, policyFile: pinned.policyFile)],
      identityFile: pinned.identityFile)
    let link = try #require(report.links.first)
    guard case .rejected(.unmergedAdapter) = link.outcome else {
      Issue.record("\(link.outcome)")
      return
    }
  }
}
