// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// The forms in which ceremonies publish powers of τ over BLS12-381.
enum CeremonyFiles {
  private static let lagrangeOnly = CurveSetupError.unusableForm(
    "it has the powers in Lagrange form only, as files for the first version of KZG libraries do",
    remedy:
      "Take a file with the monomial form, too: trusted_setup.txt of c-kzg-4844 2.0 or later, as PyPI's ckzg has it.")

  // MARK: Ethereum

  /// Lines: the number of powers in the first group, that in the second, then hexadecimal points, one a line: the first
  /// group's in Lagrange form, the second group's, and the first group's powers themselves.
  static func lines(_ bytes: [UInt8]) throws(CurveSetupError) -> SetupImport.Powers {
    var lines = bytes.split(separator: 0x0A).map { $0.filter { $0 != 0x0D && $0 != 0x20 } }
    lines.removeAll { $0.isEmpty }
    func number(_ index: Int) -> Int? {
      index < lines.count && lines[index].count < 10 ? Int(String(decoding: lines[index], as: UTF8.self)) : nil
    }
    guard let first = number(0), let second = number(1), first > 1, second > 2 else {
      throw .notASetup("its first two lines are not the numbers of powers, as in Ethereum's trusted_setup.txt")
    }
    if lines.count == 2 + first + second { throw lagrangeOnly }
    guard lines.count == 2 + 2 * first + second else {
      throw .notASetup(
        "it has \(lines.count) lines, and \(2 + 2 * first + second) were expected for \(first) and \(second) powers")
    }
    func point(_ index: Int) throws(CurveSetupError) -> [UInt8] {
      guard let bytes = [UInt8](hexadecimal: String(decoding: lines[index], as: UTF8.self).lowercased()) else {
        throw .notASetup("line \(index + 1) is no point in hexadecimal digits")
      }
      return bytes
    }
    // The lines are in memory, their points are decoded a part at a time.
    return SetupImport.Powers(
      count: first, isCompressed: true,
      first: { range throws(CurveSetupError) in
        var powers: [[UInt8]] = []
        for index in range { powers.append(try point(2 + first + second + index)) }
        return powers
      },
      second: (try key(point(2 + first + 1)), try key(point(2 + first + 2))))
  }

  /// `g1_monomial` and `g2_monomial`, or a whole transcript of the ceremony, of whose sets one is taken: the one of 2^logLength
  /// powers, or the largest.
  static func json(_ bytes: [UInt8], logLength: Int?) throws(CurveSetupError) -> SetupImport.Powers {
    let document: JSONNode
    do throws(JSONError) { document = try JSONNode(parsing: bytes) } catch { throw .notASetup("\(error)") }
    if let monomial = strings(document, ["g1_monomial"]) {
      return try powers(monomial, strings(document, ["g2_monomial"]) ?? [])
    }
    if strings(document, ["g1_lagrange"]) != nil { throw lagrangeOnly }
    let sets: [JSONNode] = (try? document.optionalMember("transcripts")?.elements()) ?? [document]
    let candidates = sets.compactMap { set -> (first: [String], second: [String])? in
      guard let first = strings(set, ["powersOfTau", "G1Powers"]),
        let second = strings(set, ["powersOfTau", "G2Powers"])
      else { return nil }
      return (first, second)
    }
    let wanted = candidates.first { $0.first.count == logLength.map { 1 << $0 } }
    guard let set = wanted ?? candidates.max(by: { $0.first.count < $1.first.count }) else {
      throw .notASetup("its JSON has neither g1_monomial nor transcripts with powersOfTau")
    }
    return try powers(set.first, set.second)
  }

  private static func strings(_ node: JSONNode, _ path: [String]) -> [String]? {
    var place: JSONNode? = node
    for key in path { place = place.flatMap { try? $0.optionalMember(key) } }
    return (try? place?.elements())?.map {
      if case .string(let text) = $0.value { text } else { "" }
    }
  }

  private static func powers(_ first: [String], _ second: [String]) throws(CurveSetupError) -> SetupImport.Powers {
    func point(_ text: String, _ index: Int) throws(CurveSetupError) -> [UInt8] {
      guard let bytes = [UInt8](hexadecimal: String(text.hasPrefix("0x") ? text.dropFirst(2) : text[...]).lowercased())
      else { throw .notASetup("power \(index) is no point in hexadecimal digits") }
      return bytes
    }
    guard first.count > 1, second.count > 2 else { throw .notASetup("it has too few powers") }
    return SetupImport.Powers(
      count: first.count, isCompressed: true,
      first: { range throws(CurveSetupError) in
        var powers: [[UInt8]] = []
        for index in range { powers.append(try point(first[index], index)) }
        return powers
      },
      second: (try key(point(second[1], 1)), try key(point(second[2], 2))))
  }

  private static func key(_ bytes: [UInt8]) throws(CurveSetupError) -> G2 {
    do throws(CurveEncodingError) { return try G2(compressed: bytes) } catch { throw .keyPoint(error) }
  }

  // MARK: Zcash

  /// A challenge file of Zcash's powers of tau: 64 bytes of a hash, then uncompressed 2·N - 1 powers in the first group, N in
  /// the second, N of α·τ^x, N of β·τ^x, and β in the second.
  struct Zcash {
    /// N is a power of two.
    let count: Int

    init?(size: Int) {
      let (count, rest) = (size - 64 + 96 - 192).quotientAndRemainder(dividingBy: 576)
      guard rest == 0, count >= 4, count & (count - 1) == 0 else { return nil }
      self.count = count
    }
  }

  static func powers(
    _ file: Zcash, logLength: Int?, _ bytes: @escaping (Range<Int>) throws(CurveSetupError) -> [UInt8]
  ) throws(CurveSetupError) -> SetupImport.Powers {
    let log = logLength ?? file.count.trailingZeroBitCount
    guard log >= 1, 1 << log <= 2 * file.count - 1 else {
      throw .tooSmall(log: log, have: file.count.trailingZeroBitCount)
    }
    let start = 64 + 96 * (2 * file.count - 1)
    func second(_ index: Int) throws(CurveSetupError) -> G2 {
      let encoding = try bytes(start + 192 * index..<start + 192 * (index + 1))
      do throws(CurveEncodingError) { return try G2(uncompressed: encoding) } catch { throw .keyPoint(error) }
    }
    return SetupImport.Powers(
      count: 1 << log, isCompressed: false,
      first: { range throws(CurveSetupError) in
        let part = try bytes(64 + 96 * range.lowerBound..<64 + 96 * range.upperBound)
        return (0..<range.count).map { Array(part[96 * $0..<96 * ($0 + 1)]) }
      },
      second: (try second(1), try second(2)))
  }

  // MARK: snarkjs

  /// Files of snarkjs are of other curves, mostly BN254: their head says the prime.
  static func snarkjs(_ head: [UInt8]) -> CurveSetupError {
    // "ptau", version, number of sections; of section 1 its number, size, bytes of the prime, the prime.
    func word(_ offset: Int) -> Int {
      offset + 4 <= head.count ? (0..<4).reduce(0) { $0 | Int(head[offset + $1]) << (8 * $1) } : 0
    }
    let length = word(24)
    // p - 1 ends in 0xAA.
    var prime = Array((-Fp.one).bigEndianBytes.reversed())
    prime[0] += 1
    guard word(12) == 1, length == 48, 28 + length <= head.count, Array(head[28..<28 + length]) == prime else {
      return .otherCurve(
        length == 32 ? "one with a prime of 254 bits, as BN254" : "whose prime has \(8 * length) bits or is another")
    }
    return .unusableForm(
      "it is a file of snarkjs, which is not read here",
      remedy: "Take the ceremony's own form, such as a challenge file of Zcash's powers of tau.")
  }
}
