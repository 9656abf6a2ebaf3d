// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment

/// Size of a proof and the prover's work, from the layout alone: for choosing a code.
package struct ProofSize: Hashable, Sendable {
  /// Bytes of proof and drift pins, up to the exact number of Merkle siblings.
  package let bytes: Int
  /// Field elements of all codewords.
  package let work: Int

  /// - Parameter baseTrees: of the base's tableau, which are opened with the proof's own.
  package init(tensors: [TableauTensor], code: CodeParameters, baseTrees: [BaseTree] = []) {
    let layout = ArgumentLayout(DriftStatement(tensors: tensors, totalBound: nil, code: code, binding: []))
    var rows = [layout.tableau.rowCount, layout.auxiliaryRowCount]
    var rounds = (layout.boundsVariables + 1) * ArgumentLayout.boundsDegree
    var high = [code.longestTail]
    // Drift pins, in the certificate.
    var pins = layout.tableau.rowCount
    if layout.hasFactorTree {
      rows.append(layout.factorTreeRows)
      high.append(code.proofTail)
      pins += layout.factorTreeRows
    }
    if layout.hasFactors {
      rounds += (layout.structureVariables + 1) * layout.structureDegree
      rounds += (layout.mergingVariables + 1) * ArgumentLayout.mergingDegree
    }
    if layout.hasOrthonormal { rounds += (layout.orthonormal.variables + 1) * ArgumentLayout.orthonormalityDegree }
    // At each pinned point the values of the other trees, and of the mask.
    let pinned = code.hidingBase == nil ? 0 : baseTrees.count
    let trees = rows.count + baseTrees.count
    bytes =
      24 * (rounds + pins + pinned * trees)
      + code.openingBytes(
        rows: rows + baseTrees.map(\.rows), highParts: high, clear: [layout.libraLengths.reduce(0, +) + code.proofTail])
    work = rows.reduce(0, +) << code.logDomain
  }
}
