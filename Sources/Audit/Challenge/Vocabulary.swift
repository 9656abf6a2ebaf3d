// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The words that questions are made of: Resources/words.txt, part of the program.
package enum Vocabulary {
  /// In the order of the file.
  package static let words: [String] = {
    String(decoding: PackageResources.words_txt, as: UTF8.self).split(separator: "\n").map(String.init).filter {
      !$0.hasPrefix("#")
    }
  }()

  /// Of the words, each with a line feed; hexadecimal.
  package static let digest = SHA256.hash(Array(words.map { $0 + "\n" }.joined().utf8)).hexadecimal
}
