import Field
import Kernels
import Transcript

/// The rows of a tableau, produced on demand: each pass of the prover asks once for each row, for several at a time.
package protocol TableauRows: Sendable {
  var rowCount: Int { get }
  /// The message of one row: at most 2^l entries (for a short row at most its shape's tailOffset).
  func message(_ row: Int) throws -> RowMessage
}

/// Where the random tail of a row lies: p(X) = message(X) + X^tailOffset·ρ(X), ρ of `tailCount` coefficients.
///
/// Normal rows have tailOffset = L. Short rows, which are opened in clear, have the length of their message.
package struct RowShape: Hashable, Sendable {
  package let tailOffset: Int
  package let tailCount: Int

  package init(tailOffset: Int, tailCount: Int) {
    self.tailOffset = tailOffset
    self.tailCount = tailCount
  }
}

/// A commitment to the rows of several tableaux with openings of weighted sums of them; docs/protocol.md sections 6 and 9.
///
/// The argument is written against this protocol; backends differ in what a commitment is and in how it is opened.
package protocol TableauCommitmentScheme: Sendable {
  /// The prover's side of one tableau: the rows and what it takes to open them.
  associatedtype Committed: Sendable
  /// The verifier's side of one tableau.
  associatedtype Reference: Sendable

  /// `secret` determines all randomness of the commitment together with `label`: one pair serves one tableau, ever.
  func commit(label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8]) throws -> Committed
  /// The commitment made binding on its own, without a transcript, for a tableau that a statement names.
  func pin(_ committed: Committed) throws -> Committed
  /// The same; an archive, where there is one, spares the work when it keeps the result.
  func commit(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], archive: (any CommitmentArchive)?
  ) throws -> Committed
  /// What the verifier gets to know of a tableau.
  func reference(of committed: Committed) -> Reference
  /// The code that openings use: a statement that names another one is refused.
  var parameters: CodeParameters { get }
  /// Whether a reference stands for one tableau only, by itself.
  func isPinned(_ reference: Reference) -> Bool
  /// Bytes that bind a commitment, for the transcript.
  func bindingBytes(of reference: Reference) -> [UInt8]
  /// Sends the commitment; ``receive(label:shapes:isPinned:from:)`` is the verifier's counterpart. A tableau that the
  /// statement already names is not sent.
  /// - Parameter isPinned: the tableau must be one and no other before the next challenge. Otherwise it is one of few,
  ///   and errors of later challenges add up over them.
  func send(_ committed: Committed, isPinned: Bool, to channel: inout ProverChannel) throws -> Committed
  func receive(
    label: String, shapes: [RowShape], isPinned: Bool, from channel: inout VerifierChannel
  ) throws(ProofRejection) -> Reference

  /// Proves all claims about `trees`. Commitments and everything that the claims' points and weights derive from must
  /// be in the transcript; the values are absorbed here.
  func open(_ trees: [Committed], claims: [OpeningClaim], channel: inout ProverChannel) throws
  func verify(_ trees: [Reference], claims: [OpeningClaim], channel: inout VerifierChannel) throws(ProofRejection)
}

/// The verifier's side of a tableau under the hash backend. `shapes` comes from the public layout, never from a proof.
package struct TableauReference: Hashable, Sendable {
  package let label: String
  /// 32 bytes: the Merkle root.
  package let root: [UInt8]
  package let shapes: [RowShape]
  /// One value per row; nil for a tree that is not pinned.
  package let pins: TreePins?

  package init(label: String, root: [UInt8], shapes: [RowShape], pins: TreePins? = nil) {
    self.label = label
    self.root = root
    self.shapes = shapes
    self.pins = pins
  }

  /// A tree that is pinned at the point that follows from its root.
  package init(
    label: String, root: [UInt8], shapes: [RowShape], pinValues: [CubicExtension], parameters: CodeParameters
  ) {
    let point = OutOfDomain.point(root: root, label: label, shapes: shapes, parameters: parameters)
    self.init(label: label, root: root, shapes: shapes, pins: TreePins(point: point, values: pinValues))
  }
}
