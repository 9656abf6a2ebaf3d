// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofChain
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofKernels
import DriftProofPolicy
import DriftProofTransition
import Foundation

/// Certifies that a tuned checkpoint differs from its base only inside a policy.
public enum DriftProver {
  /// In how many bands leaves can be hashed, where the drift tableau has rows enough.
  package static let bandRange = CodeParameters.bandRange

  /// A finished proof. The opening file is on disk by then; the certificate is the caller's to write.
  public struct Result: Sendable {
    /// The bytes of `CERT.drift`.
    public let certificate: [UInt8]
    /// What the verifier says about it: it was verified before this was returned.
    public let verification: VerificationReport
    /// What the proof cost.
    public let report: ProveReport
    /// False where the tuned model has exactly the base's weights.
    public let hasDrift: Bool
    /// The bytes of `TUNED.transition`, and what its verification found; nil where none was asked for.
    public let transition: (bytes: [UInt8], report: TransitionReport)?
    /// Why the transition that was asked for could not be made. The certificate stands by itself: its opening has counted it.
    public let transitionFailure: DriftProofError?
    /// What a proof that can go on keeps; see ``finish()``.
    let session: ProofSession?

    /// Removes what a proof that can go on has kept: to be called when the certificate is on disk.
    public func finish() { session?.finish() }
  }

  /// What a proof is about and how it is made.
  package struct Request: Sendable {
    package var model: TunedModel
    package var policy: Policy
    /// A new file, or one of an earlier proof about the same commitment, which is continued: it counts what its proofs
    /// reveal. A file of another commitment is an error and left as it is.
    package var openingPath: String
    /// The base's, when it is known: then frozen tensors are compared but not hashed; see ``CheckpointPass``.
    package var identity: BaseIdentity?
    /// An adapter that was merged into the tuned model: its matrices are tried as low-rank parts beside rounding bounds.
    /// Nothing of it is in the certificate, and a wrong one makes no false proof.
    package var hint: Adapter?
    /// A folder with the leaves of the base's tableau, which `identify` keeps; nil to compute them where they are needed.
    package var baseCache: String?
    /// The opening of the base's tableau, where the identity's hides the base's weights and the policy speaks of them; nil
    /// otherwise. A proof takes its part of the tails.
    package var baseOpeningPath: String?
    /// To prove, too, that a commitment to the tuned model is the base's and this drift; nil for a certificate alone.
    package var transition: TransitionRequest?
    /// Of a link: the certificate whose model `base` is. Then `identity`, that of the chain's base, must be given.
    package var parent: ParentCertificate?
    /// How many proofs a new commitment is to serve.
    package var proofs = CodeSelection.defaultProofs
    /// G: in how many bands the leaves are hashed (docs/protocol.md, section 3). Another number is another commitment, so another
    /// opening file.
    package var bands = 1
    /// S: among how many holders of rows the proof is computed (docs/clusters.md); nil for this process without them. The
    /// certificate does not tell.
    package var workers: Int?
    /// The program whose processes are workers 1 and on, and the files that they are told to read; nil for workers in this
    /// process.
    package var workerProcesses: (program: String, files: WorkerFiles)?
    /// Begins even where the forecast says that memory will not suffice.
    package var ignoresMemoryLimit = false
    /// Nil for a proof that keeps nothing on its way.
    package var session: ProofSession?

    package init(_ model: TunedModel, policy: Policy, openingPath: String) {
      self.model = model
      self.policy = policy
      self.openingPath = openingPath
    }

    /// A transition opens the drift with the certificate's queries, a next base's rows beside it.
    fileprivate func code(_ derived: DerivedStatement) throws(StatementError) -> CodeParameters {
      try CodeSelection.choose(derived, proofs: proofs, nextTail: transition?.target.nextTail ?? 0, bands: bands)
    }

    /// Nil where nothing of the base's weights is hidden, or spoken of.
    /// - Throws: see ``BaseOpening``.
    fileprivate func baseOpening() throws(DriftProofError) -> BaseOpening? {
      guard let identity, identity.linked?.isHiding ?? false else {
        guard let baseOpeningPath, let identity else { return nil }
        return try BaseOpening(baseOpeningPath, identity: identity)
      }
      let isNeeded = policy.speaksOfBase || transition != nil || identity.linked?.isNext ?? false
      return isNeeded ? try BaseOpening(baseOpeningPath, identity: identity) : nil
    }

    /// Before anything is read: what workers cannot prove so far. Of the statement itself `WorkerTeam` says it.
    fileprivate func requireSpreading() throws(WorkerError) {
      guard workers != nil else { return }
      if model.adapter != nil { throw .notYet("unmerged adapters, which are small") }
      if transition != nil { throw .notYet("transitions") }
    }

    fileprivate func team(
      _ workers: Int, statement: DriftStatement, rows: any TableauRows, identity: BaseIdentity
    ) throws -> WorkerTeam {
      guard let workerProcesses else {
        return try WorkerTeam(statement: statement, workers: workers, rows: rows)
      }
      return try WorkerTeam(statement: statement, workers: workers, rows: rows) { number in
        try ProcessWorker(
          program: workerProcesses.program,
          job: WorkerJob(
            files: workerProcesses.files, policy: policy.canonicalBytes(), identity: identity.jsonBytes(),
            hasIdentity: self.identity != nil, proofs: proofs, bands: bands, workers: workers, number: number),
          digest: statement.digest)
      }
    }

    /// Makes the proof one that can be stopped and go on, with its state in a folder; see ``ProofSession``.
    package mutating func keep(in folder: String) throws(DriftProofError) {
      let secret = try OpeningSession.existing(openingPath)?.secret
      let inputs = ProofSession.fingerprint(
        model, policy: policy, identity: identity, parent: parent?.commitment, proofs: proofs, hint: hint,
        tableau: transition?.target.digest, bands: bands)
      session = try DriftProofError.translating {
        try ProofSession(path: folder, inputs: inputs, secret: secret)
      }
    }
  }

  /// Proves, and verifies the proof.
  /// - Throws: `policyViolated` with all violations, before any cryptography; `precisionRefused`, `coverageGap`,
  ///   `identityMismatch` of a given identity, or `operational`.
  package static func prove(
    base: Checkpoint, tuned: Checkpoint, policy: Policy, openingPath: String, identity: BaseIdentity? = nil,
    proofs: Int = CodeSelection.defaultProofs, progress: (@Sendable (ProveProgress) -> Void)? = nil
  ) throws(DriftProofError) -> Result {
    var request = Request(.checkpoint(tuned, base: base), policy: policy, openingPath: openingPath)
    request.identity = identity
    request.proofs = proofs
    return try prove(request, progress: progress)
  }

  /// The same.
  /// - Parameter progress: told how far the proof is, at the beginning of each phase and several times a second, one
  ///   call at a time.
  package static func prove(
    _ request: Request, progress: (@Sendable (ProveProgress) -> Void)? = nil
  ) throws(DriftProofError) -> Result {
    let clock = PhaseClock(meter: ProgressMeter(handler: progress))
    defer { clock.finish(isComplete: false) }
    do {
      return try ReusedMemory.whileKept { try run(request, clock: clock) }
    } catch {
      let reason = DriftProofError(translating: error)
      switch reason {
      // A refusal is final: what was kept would only lead to it again.
      case .policyViolated, .precisionRefused, .coverageGap, .identityMismatch: request.session?.finish()
      case .operational, .missingInput, .tooLarge, .notEnoughMemory, .proofInvalid: break
      }
      throw reason
    }
  }

  private static func run(_ request: Request, clock: PhaseClock) throws -> Result {
    let (policy, session) = (request.policy, request.session)
    let parent = request.parent?.commitment
    try request.requireSpreading()
    try request.transition?.check(request.model, identity: request.identity, isLink: parent != nil)
    let baseOpening = try request.baseOpening()
    if let model = forecast(request) {
      try checkMemory(model, request)
      if clock.isWatched { clock.meter.plan(model.phases(), rowCount: 0) }
    }
    let prepared = try PreparedModel(request, clock: clock)
    let (record, derived) = (prepared.record, prepared.derived)
    let identity = record.identity
    if request.transition != nil, derived.isEmpty { throw DriftProofError.identityMismatch(.transition(.noDrift)) }
    let code = derived.isEmpty ? nil : try request.code(derived)
    let model = CostModel(
      derived: derived, code: code, model: request.model, hasIdentity: request.identity != nil, isLink: parent != nil,
      hasBaseCache: request.baseCache != nil, transition: transitionCost(request, identity, derived, code))
    if clock.isWatched { clock.meter.plan(model.phases(), rowCount: model.sizes?.driftRows ?? 0) }

    // Nothing is counted yet: a spent base costs no proof of the drift's.
    let opensBase = derived.hidingBase != nil && !derived.baseTrees.isEmpty
    if let code {
      let proofs = (opensBase ? 1 : 0) + (request.transition == nil ? 0 : 1)
      try baseOpening?.requireRoom(code, proofs: proofs, session: session)
      try request.transition?.requireRoom(code)
    }
    // The leaves of a next base's identity are its base's: only its trees say what the base on disk is.
    let allTrees = try request.model.base.flatMap { base in
      identity.linked?.isNext ?? false
        ? try LinkedTrees.all(identity, base: base, opening: baseOpening?.secret, cache: request.baseCache) : nil
    }
    let opening = try OpeningSession(path: request.openingPath, secret: session?.secret)
    var asked: (@Sendable () -> Void)?
    if clock.isWatched { asked = { clock.meter.asked() } }
    let team = request.workers.map { workers in
      { (outline: DriftStatement, rows: any TableauRows) in
        try request.team(workers, statement: outline, rows: rows, identity: identity)
      }
    }
    let committed = try DriftCommitment(
      derived: derived, parent: parent, code: code, model: prepared.model, secret: opening.secret,
      tunedDigests: record.tunedDigests,
      companions: .init(
        check: ChunkCheck(tensors: derived.tensors, drifts: record.drifts),
        room: RowRoom(packed: model.packedRoom), archive: session, team: team, asked: asked,
        phase: clock.begin))
    let baseRoot = try StatementRules.baseRoot(identity, for: policy, isAligned: derived.isAligned)
    let commitment = committed.commitment(baseRoot: baseRoot)
    // On disk before the proof exists, so that no proof goes uncounted.
    let counted = try opening.reserve(
      commitment: commitment, budget: code?.driftTail ?? 0,
      // A transition opens the drift a second time.
      positions: (code?.queries ?? 0) * (request.transition == nil ? 1 : 2), session: session)

    if let code, opensBase { try baseOpening?.reserve(code, session: session) }

    var proof: ArgumentProof?
    if let code, let tableau = committed.tableau {
      let binding = TunedCommitment.binding(
        baseRoot: baseRoot, policyDigest: Certificate.policyDigest(policy), commitment: commitment)
      let statement = derived.statement(code: code, binding: binding)
      let trees =
        try allTrees?.chosen(derived.baseTrees)
        ?? LinkedTrees(
          derived, identity: identity, base: request.model.base, code: code, opening: baseOpening?.secret,
          cache: request.baseCache)
      let witness = ArgumentWitness(
        rows: tableau.rows, factors: record.measurement.factors, supports: record.measurement.supports,
        diagonals: record.measurement.diagonals, base: trees.rows)
      let secret = proofSecret(opening: opening.secret, statement: statement, entropy: session?.entropy)
      do {
        var prover = try ArgumentProver(statement: statement, scheme: HashCommitment(code))
        prover.workers = committed.team
        proof = try prover.prove(
          witness: witness, drift: tableau.committed, base: trees.committed, secret: secret, archive: session,
          phase: clock.begin)
      } catch let refusal as ArgumentRefusal {
        opening.discard()
        throw refusal
      }
    }
    let certificate = Certificate(
      baseRoot: baseRoot, policy: policy, manifest: committed.manifest, driftRoot: committed.driftRoot,
      driftPins: committed.driftPins, proof: proof?.bytes ?? []
    ).bytes
    clock.begin(.selfCheck)
    let verification: VerificationReport
    do throws(DriftProofError) {
      verification = try CertificateVerifier.verify(
        certificate: certificate, identity: identity, policy: policy,
        parent: parent.map { .commitment($0) } ?? .none)
    } catch {
      let advice = session.map { "; the state in \($0.path) is of no use, remove it" } ?? ""
      throw DriftProofError.operational(
        "internal error: the certificate that was made does not verify (\(error)); did the weights change meanwhile? "
          + "If not, please report this\(advice)")
    }
    var transition: (bytes: [UInt8], report: TransitionReport)?
    var transitionFailure: DriftProofError?
    if let wanted = request.transition {
      clock.begin(.transition)
      do {
        transition = try wanted.prove(
          request.model, certificate: certificate, identity: identity, policy: policy,
          drift: committed.tableau?.committed, baseOpening: baseOpening, linked: allTrees, cache: request.baseCache)
      } catch {
        transitionFailure = DriftProofError(translating: error)
      }
    }
    clock.finish(isComplete: true)
    var report = ProveReport()
    report.askedRows = clock.meter.askedRows
    report.phases = clock.phases
    report.proofSections = proof.map(sections) ?? []
    report.proofBytes = proof?.bytes.count ?? 0
    report.certificateBytes = certificate.count
    report.peakMemoryBytes = ProveReport.peakMemory()
    report.proofsUsed = code.map { counted.revealed / $0.queries } ?? 0
    report.proofsAllowed = code.map { counted.budget / $0.queries } ?? 0
    if let code, derived.hidingBase != nil { report.baseProofsLeft = try baseOpening?.proofsLeft(code) }
    return Result(
      certificate: certificate, verification: verification, report: report,
      hasDrift: try prepared.hasDrift(), transition: transition, transitionFailure: transitionFailure,
      session: session)
  }

  /// Before memory is used: running out of it cannot be caught.
  private static func checkMemory(_ model: CostModel, _ request: Request) throws(DriftProofError) {
    guard !request.ignoresMemoryLimit else { return }
    try MemoryBudget().check(peak: model.peakBytes, workers: CostModel.workers)
  }

  /// Before the weights are read: from headers. Nil when something is wrong, which the proof will say itself.
  private static func forecast(_ request: Request) -> CostModel? {
    guard
      let outline = request.identity ?? request.model.base.map(BaseIdentity.guess),
      let tensors = try? request.model.manifestTensors(outline: outline, policy: request.policy),
      let derived = try? DerivedStatement.derive(
        identity: outline, tuned: tensors, policy: request.policy, isAligned: request.transition != nil,
        isOutline: request.identity == nil)
    else { return nil }
    let code = derived.isEmpty ? nil : try? request.code(derived)
    return CostModel(
      derived: derived, code: code, model: request.model, hasIdentity: request.identity != nil,
      isLink: request.parent != nil, hasBaseCache: request.baseCache != nil,
      transition: transitionCost(request, outline, derived, code))
  }

  /// Nil also where something is wrong with it, which the transition will say itself.
  private static func transitionCost(
    _ request: Request, _ identity: BaseIdentity, _ derived: DerivedStatement, _ code: CodeParameters?
  ) -> TransitionCost? {
    guard request.transition != nil, let code else { return nil }
    return try? TransitionCost(
      identity, statement: derived.statement(code: code, binding: []),
      nextTail: request.transition?.target.nextTail ?? 0)
  }

  /// Fresh for every proof, also from a restored copy of the opening file (docs/protocol.md section 11, item 6). A proof
  /// that goes on has the entropy of its first run.
  private static func proofSecret(opening: [UInt8], statement: DriftStatement, entropy: [UInt8]?) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/proof-secret/v1")
    message.append(lengthPrefixed: statement.binding)
    message.append(lengthPrefixed: statement.canonicalBytes)
    return SHA256.authenticate(key: opening, message: message + (entropy ?? SystemRandom.bytes(32)))
  }

  /// Bytes per kind of message, the largest first.
  private static func sections(_ proof: ArgumentProof) -> [(name: String, bytes: Int)] {
    var sums: [String: Int] = [:]
    for (section, bytes) in proof.sizes {
      // "A/round 3" and "A/round 4" are one kind; parts of the opening are shown apart.
      let parts = section.split(separator: "/")
      sums[parts.prefix(parts.first == "opening" ? 2 : 1).joined(separator: "/"), default: 0] += bytes
    }
    return sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
