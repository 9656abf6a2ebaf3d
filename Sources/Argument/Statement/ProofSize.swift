import Commitment

/// Size of a proof and the prover's work, from the layout alone: for choosing a code.
package struct ProofSize: Hashable, Sendable {
  /// Bytes of proof and drift pins, up to the exact number of Merkle siblings.
  package let bytes: Int
  /// Field elements of all codewords.
  package let work: Int

  package init(tensors: [TableauTensor], code: CodeParameters) {
    let layout = ArgumentLayout(DriftStatement(tensors: tensors, totalBound: nil, code: code, binding: []))
    var rows = [layout.tableau.rowCount, layout.auxiliaryRowCount]
    var rounds = (layout.stageAVariables + 1) * ArgumentLayout.stageADegree
    var high = [code.driftRowTail]
    // Drift pins, in the certificate.
    var pins = layout.tableau.rowCount
    if layout.hasFactors {
      rows.append(layout.factorRows + 1)
      rounds += (layout.stageBVariables + 1) * layout.stageBDegree
      rounds += (layout.stageCVariables + 1) * ArgumentLayout.stageCDegree
      high.append(code.proofTail)
      pins += layout.factorRows + 1
    }
    if layout.hasOrthonormal { rounds += (layout.orthonormal.variables + 1) * ArgumentLayout.stageODegree }
    bytes =
      24 * (rounds + pins)
      + code.openingBytes(
        rows: rows, highParts: high, clear: [layout.libraLengths.reduce(0, +) + code.proofTail])
    work = rows.reduce(0, +) << code.logDomain
  }
}
