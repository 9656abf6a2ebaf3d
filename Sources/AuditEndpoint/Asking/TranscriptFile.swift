// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// A transcript and its file, which grow together.
struct TranscriptFile: ~Copyable {
  private let file: AppendedFile
  private(set) var transcript: Transcript
  /// Bytes of an unfinished line, which a crash left and which were removed.
  let removedBytes: Int

  private init(file: consuming AppendedFile, transcript: Transcript, removedBytes: Int) {
    self.file = file
    self.transcript = transcript
    self.removedBytes = removedBytes
  }

  /// Opens the file and reads what is there; one without lines is begun by whoever opens it.
  static func open(path: String, side: AuditSide, planDigest: [UInt8]) throws(AskError) -> TranscriptFile {
    let file = try open(path)
    let content = try content(of: file)
    let end = content.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let transcript = try read(Array(content.prefix(end)), side, planDigest)
    if content.count > end {
      // Behind whole lines it was ours. Without any it must look like the beginning of one, or it is somebody else's file.
      guard end > 0 || mayBeHeader(content) else {
        throw .transcript(.malformed(number: 1, reason: "it is no transcript, and stays as it is"))
      }
      do throws(SystemError) { try file.truncate(to: end) } catch { throw .file(error) }
    }
    return TranscriptFile(file: file, transcript: transcript, removedBytes: content.count - end)
  }

  private static func open(_ path: String) throws(AskError) -> AppendedFile {
    do throws(SystemError) { return try AppendedFile(path, mode: 0o666) } catch { throw .file(error) }
  }

  private static func content(of file: borrowing AppendedFile) throws(AskError) -> [UInt8] {
    do throws(SystemError) { return try file.content(limit: Transcript.maximumBytes) } catch { throw .file(error) }
  }

  private static func read(_ lines: [UInt8], _ side: AuditSide, _ planDigest: [UInt8]) throws(AskError) -> Transcript {
    guard !lines.isEmpty else { return Transcript(side: side, planDigest: planDigest) }
    do throws(TranscriptError) {
      return try Transcript(file: lines, side: side, planDigest: planDigest)
    } catch {
      throw .transcript(error)
    }
  }

  private static func mayBeHeader(_ content: [UInt8]) -> Bool {
    let start = Array("{\"audit\":\(AuditPlan.version),".utf8)
    return content.starts(with: start) || start.starts(with: content)
  }

  /// Lets others go on with it. Threads that have ended may keep the file itself open for a moment.
  func unlock() { file.unlock() }

  /// - Parameter waits: until the line is on disk.
  mutating func append(_ line: TranscriptLine, waits: Bool) throws(AskError) {
    let bytes: [UInt8]
    do throws(TranscriptError) { bytes = try transcript.append(line) } catch { throw .transcript(error) }
    do throws(SystemError) { try file.append(bytes + [0x0A], waits: waits) } catch { throw .file(error) }
  }
}
