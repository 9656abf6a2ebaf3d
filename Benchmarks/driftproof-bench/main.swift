import Argument
import Commitment
import Field
import Foundation
import Kernels
import Transcript

struct RandomRows: TableauRows {
  let rows: [RowMessage]
  var rowCount: Int { rows.count }
  func message(_ row: Int) -> RowMessage { rows[row] }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  let d = ContinuousClock.now - start
  return Double(d.components.seconds) + Double(d.components.attoseconds) * 1e-18
}

func peakMemory() -> Int {
  guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return 0 }
  for line in status.split(separator: "\n") where line.hasPrefix("VmHWM") {
    return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024
  }
  return 0
}

let size = Int(CommandLine.arguments.dropFirst().first ?? "1024") ?? 1024
let logLength = Int(CommandLine.arguments.dropFirst(2).first ?? "18") ?? 18
let blowup = Int(CommandLine.arguments.dropFirst(3).first ?? "3") ?? 3
guard let queries = CodeParameters.queries(logLength: logLength, logBlowup: blowup, grindingBits: 20, proofs: 2) else {
  fatalError("no parameters")
}
let code = try CodeParameters(
  logLength: logLength, logBlowup: blowup, queries: queries, grindingBits: 20, driftTail: 2 * queries)
func randomRow(_ seed: Int, _ count: Int) -> [Int32] {
  var state = UInt64(seed + 1) &* 0x9E37_79B9_7F4A_7C15
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int32(truncatingIfNeeded: Int64(bitPattern: state) >> 44) >> 8
  }
}
let tensor = TableauTensor(
  name: "w", rows: size, columns: size, fractionBits: 20, isPlain: true,
  plainBound: [UInt16](repeating: 0x7fff, count: 5) + [0], clauses: [])
let plan = TableauPlan(tensors: [tensor], logLength: logLength)
let rows = RandomRows(rows: (0..<plan.rowCount).map { .narrow(randomRow($0, 1 << logLength)) })
let statement = DriftStatement(tensors: [tensor], totalBound: nil, code: code, binding: [1])
let scheme = HashCommitment(code)
let prover = try ArgumentProver(statement: statement, scheme: scheme)
print("rows \(rows.rowCount) queries \(queries)")
for _ in 0..<3 {
  var drift: CommittedTableau?
  let commit = try seconds { drift = try prover.commit(rows: rows, secret: [UInt8](repeating: 3, count: 32)) }
  guard let drift else { break }
  var proof: ArgumentProof?
  var phases: [(String, ContinuousClock.Instant)] = []
  let prove = try seconds {
    proof = try prover.prove(
      witness: ArgumentWitness(rows: rows, factors: [:], supports: [:]), drift: drift,
      secret: [UInt8](repeating: 4, count: 32)
    ) { phases.append(($0, ContinuousClock.now)) }
  }
  phases.append(("end", ContinuousClock.now))
  guard let proof else { break }
  let verifier = try ArgumentVerifier(statement: statement, scheme: scheme)
  let verify =
    try (0..<50).map { _ in
      try seconds {
        try verifier.verify(
          proof.bytes, drift: TableauReference(label: "drift", root: drift.root, shapes: verifier.driftShapes))
      }
    }.min() ?? 0
  print(
    "commit \(commit) prove \(prove) verify ms \(verify * 1000) bytes \(proof.bytes.count) peak MB \(peakMemory() >> 20)"
  )
  for (a, b) in zip(phases, phases.dropFirst()) { print("   \(a.0): \(b.1 - a.1)") }
  var sums: [String: Int] = [:]
  for (section, bytes) in proof.sizes { sums[section, default: 0] += bytes }
  for (section, bytes) in sums.sorted(by: { $0.value > $1.value }).prefix(12) { print("      \(section) \(bytes)") }
}
