// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCertificate

/// What kind of derivative the tuned model is, in the words of the Hugging Face Hub's `base_model_relation`.
public enum ModelRelation: String, Sendable, CaseIterable {
  case finetune
  case adapter
  case merge
  case quantized
}

/// How the signer tied the model's files to the certificate.
public enum SubjectBinding: String, Sendable, CaseIterable {
  /// Not at all: the subject is the tuned commitment alone, which tells nothing about the files.
  case commitment
  /// The signer says that these files are the certified ones; names, types and shapes of their tensors agree.
  case declared
  /// The signer had base, files and opening, and checked that the certificate is about exactly these files. Never of a model
  /// with files left out.
  case checked
}

/// What an attestation says beyond the certificate.
public struct AttestationDetails: Sendable {
  /// The subject's name; nil for the policy's.
  public var subjectName: String?
  /// ``ModelDigest/root`` of the tuned model's files; nil to name the tuned commitment alone.
  public var modelDigest: String?
  /// How the files were tied to the certificate.
  public var binding = SubjectBinding.commitment
  /// Files in the model's folder that could be loaded as weights, that are knowingly no part of what is certified.
  public var filesLeftOut: [String] = []
  /// Where the base is, such as `pkg:huggingface/org/model@revision`.
  public var baseURI: String?
  /// What the tuned model is to the base.
  public var relation = ModelRelation.finetune
  /// The certificate's file name.
  public var certificateName: String
  /// Who proved; nil for the key.
  public var proverID: String?
  /// By when the proof was made.
  public var provedAt: Timestamp

  /// Details with the defaults of the other members: a fine-tune, bound by its commitment alone.
  public init(certificateName: String, provedAt: Timestamp) {
    self.certificateName = certificateName
    self.provedAt = provedAt
  }
}
