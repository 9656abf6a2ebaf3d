import Argument
import Checkpoint
import Commitment
import Field
import Foundation
import Kernels
import Testing

@testable import DriftProof

@Test func scratch() throws {
  let folder = "/work/shared/data/mlp/"
  for (b, t, kind) in [("base", "full_ft_fp32", 0), ("base_bf16", "lora_r8_bf16", 1), ("base", "sparse_rows_fp32", 2), ("base", "sparse_entries_fp32", 3)] {
    let base = try Checkpoint.open(folder + b)
    let tuned = try Checkpoint.open(folder + t)
    let identity = try BaseIdentity.compute(checkpoint: base)
    func digits(_ x: UInt128) -> [UInt16] { var d = BoundSum(x).digits; while d.count < 6 { d.append(0) }; return d }
    var tensors: [TableauTensor] = []
    for leaf in identity.tensors {
      let (r, c) = leaf.matrixShape
      let n = leaf.statistics.sumOfSquares / 39
      let f = leaf.statistics.fractionBits
      var tensor = TableauTensor(name: leaf.name, rows: r, columns: c, fractionBits: f, isPlain: true, plainBound: digits(n + 1 << 45), clauses: [])
      switch kind {
      case 0: break
      case 1:
        guard leaf.name.hasPrefix("fc"), leaf.name.hasSuffix("weight") else { continue }
        tensor.plainBound = nil
        tensor.clauses = [StructuredClause(rank: 8, sparse: nil, scale: 8, bound: digits(leaf.statistics.sumOfSquares * 65536 * 9 / 1_000_000))]
      case 2:
        guard leaf.name == "fc.2.weight" else { continue }
        tensor.isPlain = false
        tensor.plainBound = nil
        tensor.clauses = [StructuredClause(rank: nil, sparse: .rows(20), scale: 0, bound: nil)]
      default:
        guard leaf.name == "fc.3.weight" else { continue }
        tensor.isPlain = false
        tensor.plainBound = nil
        tensor.clauses = [StructuredClause(rank: nil, sparse: .entries(500), scale: 0, bound: nil)]
      }
      tensors.append(tensor)
    }
    let l = 16
    let q = try #require(CodeParameters.queries(logLength: l, logBlowup: 2, grindingBits: 16, proofs: 2))
    let code = try CodeParameters(logLength: l, logBlowup: 2, queries: q, grindingBits: 16, driftTail: 2 * q)
    let clock = PhaseClock(progress: nil)
    clock.begin("rows")
    let plan = TableauPlan(tensors: tensors, logLength: l)
    let rows = try CheckpointRows(plan: plan, tensors: tensors, base: base, tuned: tuned)
    clock.begin("fit")
    var witness = ArgumentWitness(rows: rows, factors: [:], supports: [:])
    for (i, tensor) in tensors.enumerated() {
      for (j, clause) in tensor.clauses.enumerated() {
        let source = try DriftSource(base: base, tuned: tuned, name: tensor.name, fractionBits: tensor.fractionBits)
        let fit = try ClauseFitter(drift: try source.matrix(), fractionBits: tensor.fractionBits).fit(clause)
        guard case .fits(let factors, let support) = fit else { Issue.record("\(tensor.name) \(fit)"); continue }
        witness.factors[.init(tensor: i, clause: j)] = factors
        witness.supports[.init(tensor: i, clause: j)] = support
      }
    }
    let statement = DriftStatement(tensors: tensors, totalBound: nil, code: code, binding: [1, 2, 3])
    let prover = ArgumentProver(statement: statement, scheme: HashCommitment(code))
    clock.begin("commit")
    let committed = try prover.commit(rows: rows, secret: [UInt8](repeating: 1, count: 32))
    clock.begin("prove")
    let proof = try prover.prove(witness: witness, drift: committed, secret: [UInt8](repeating: 2, count: 32)) { clock.begin($0) }
    clock.begin("verify")
    let verifier = ArgumentVerifier(statement: statement, scheme: HashCommitment(code))
    do { try verifier.verify(proof.bytes, drift: committed.reference) } catch { Issue.record("\(t): \(error)") }
    clock.finish()
    print(t, proof.bytes.count, clock.phases)
  }
}
