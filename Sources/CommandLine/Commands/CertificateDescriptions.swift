// SPDX-License-Identifier: Apache-2.0

/// How the three commands about certificates are called.
extension CommandDescription {
  private static let soundness = Option.flag(
    "soundness", "print every term of the soundness error, not the least alone")

  static let prove = CommandDescription(
    name: "prove",
    summary: "certify that a tuned checkpoint obeys a policy",
    details: [
      "Writes a certificate, which tells nothing about the weights beyond what the policy says, and an opening, which "
        + "stays secret: with it and the weights a holder can check which checkpoints the certificate is about.",
      "A drift outside the policy is refused before any cryptography (exit code 10), naming every tensor that exceeds "
        + "it and by how much. driftproof inspect shows the numbers from which to write a policy.",
      "With --identity, frozen tensors are compared with the base on disk but not hashed, and what is hashed must be the "
        + "identity's: the certificate is about that identity, and check refuses one that was made with another base.",
      "With --parent the certificate is a link of a chain: BASE is the model of the parent's certificate, which is verified "
        + "first, --identity is that of the chain's base, and bounds relative to a norm refer to the chain's base.",
      "With --adapter, the tuned model is the base with an unmerged LoRA or LoKr adapter added. The proof costs what the adapter's size "
        + "asks for, and with --identity the base is read only where the adapter replaces whole tensors: without such "
        + "tensors --base may be left out.",
      "A policy with rounding bounds needs --identity, of identify --commit, and --base. --tuned and --adapter together say that "
        + "the adapter was merged into the model: its factors leave exactly the rounding, which fits without them do not. "
        + "Nothing of the adapter is in the certificate. --cache is the folder that identify --commit kept the base's "
        + "tableau in.",
      "Where the identity hides the base's weights (identify --commit --hiding) and the policy speaks of them, or a transition is "
        + "proved, --base-opening is the file that was written with the identity. Each proof takes its part of what hides the base, on disk before the "
        + "proof exists; when it is spent, the base must be committed to anew.",
      "With --tuned-tableau, --tuned-opening and --transition it also proves that the tableau that commit made of the tuned model "
        + "holds the base's weights plus exactly this drift, and nothing else. The certificate is then in the units of the base's "
        + "tableau; every tensor of 16 bits must be frozen or have clauses. It takes a second of the opening's proofs, and one of "
        + "the tableau's. With --next-identity, of commit --as-base, in place of --tuned-tableau the same is proved of a next base. "
        + "Certificates about that have its identity as --identity and its opening as --base-opening.",
      "The model is what a runtime loads from the folder. Where other files in it could be loaded as weights, such as an "
        + "adapter, a second set of shards or a file in another format, prove refuses (13) and names them; --leave-out says "
        + "that they are no part of the model, and the result lists them.",
      "With --resume, finished phases and the proof's randomness are kept in DIR, which is as secret as the opening; the "
        + "same command goes on where a stopped one was, and removes DIR at the end. --dry-run needs neither --out nor "
        + "--opening.",
      "With --strip-prefix, certificate and manifest have the names that are read: check needs the same option, and the "
        + "identity must have been made with it, too.",
      "With --bands the leaves of the certificate's trees are hashed in G bands of rows each. On one machine that is of no use by "
        + "itself: it costs a few percent, and proves nothing more. Certificates that were made so can be made and checked by up to G "
        + "machines that share the hashing, for which there is no program yet. Another G is another commitment: all proofs with one opening have the same.",
      "With --backend kzg, --setup and an --identity of identify --commit --backend kzg the certificate has a few kilobytes and verifies in "
        + "milliseconds, under assumptions about BLS12-381 and the setup. It takes norms of whole tensors, ranks and sparse parts with or without "
        + "a residual, totals, frozen tensors and any; with --parent it is a link of a chain.",
      "A proof that needs more memory than there is, by its forecast, is refused before it begins (exit code 1).",
    ],
    positionals: [],
    ownOptions: [
      .optional("base", "BASE", "the base checkpoint: a folder or a .safetensors file"),
      .optional("tuned", "TUNED", "the fine-tuned checkpoint"),
      .optional(
        "adapter", "ADAPTER",
        "in place of --tuned: an unmerged LoRA or LoKr adapter, the folder that PEFT or mlx-lm saves, or one file of diffusers or "
          + "kohya; beside --tuned: the one that was merged"
      ),
      .required("policy", "POLICY.json", "what may change, and by how much"),
      .required("out", short: "o", "CERT.drift", "where the certificate is written"),
      .required("opening", "OPENING.secret", "where the secret opening is written, or the one to continue"),
      .optional("identity", "FILE", "the base's identity, if known: saves reading and hashing"),
      .leaveOut,
      .optional("cache", "DIR", "the folder of identify --commit --cache, which spares committing to the base again"),
      .optional("base-opening", "BASE.secret", "the opening of an identity that hides the base's weights"),
      .optional("parent", "CERT.drift", "prove a link: the certificate whose tuned model BASE is; needs --identity"),
      .backend,
      .setup,
      .assume,
      .ancestor,
    ] + TransitionArguments.proveOptions + [
      .optional("bands", "G", "hash leaves in so many bands of rows: 1 (the default) to 256"),
      .optional("workers", "S", "among how many holders of rows the proof is computed: 1 to G").hidden,
      .flag("workers-inside", "workers are no processes of their own").hidden,
      .optional("resume", "DIR", "a private folder in which a stopped proof is kept and from which it goes on"),
      soundness,
      ParsedArguments.stripPrefix,
      .flag("dry-run", "predict time, memory and proof size, and write nothing"),
      .flag("ignore-memory-limit", "begin even where the forecast says that memory will not suffice"),
    ], freeingFlag: (flag: "dry-run", options: ["out", "opening"]),
    refusesStandardOutput: "a certificate is no text, and belongs to its opening")

  static let verify = CommandDescription(
    name: "verify",
    summary: "verify a certificate without any weights",
    details: [
      "Needs the base's identity (driftproof identify, from someone who has the base's files) and the policy. Compare "
        + "the base identity that is printed with a value you trust.",
      "With --attestation and --public-key it also verifies who signed a statement about the certificate, and that the "
        + "statement says what the certificate says; with --tuned, that the model's files are the statement's subject.",
      "A link of a chain (prove --parent) says nothing about the base by itself: it is rejected (12) unless --parent names "
        + "the model from which its drift must start. driftproof chain verify takes all links.",
      "With --tuned-tableau and --transition: also that the tuned model's published tableau is the base plus the drift; with "
        + "--next-identity in place of the tableau, that the next base is.",
      "A certificate of the kzg backend needs the identity of identify --backend kzg, and a policy with \"assume\": \"bls12-381\" or --assume "
        + "bls12-381: its soundness beyond the statistical bits rests on that curve and on a setup whose secret nobody kept. A setup that the program does not know must be named "
        + "with --setup.",
      "Exit code 0 means verified. A failure says why: 11 the proof, 12 another base or policy, 13 coverage.",
    ],
    positionals: [.init(name: "CERT", help: "the certificate, CERT.drift")],
    ownOptions: [
      .required("base-identity", "FILE", "the base's identity, BASE.identity.json"),
      .required("policy", "FILE", "the policy, POLICY.json"),
      .optional(
        "parent", "PARENT", "of a link: its parent's tuned commitment (64 digits), or the parent's certificate"),
      soundness,
      .trustedSetup,
      .assume,
    ] + TransitionArguments.verifyOptions + [TransitionArguments.nextOption] + AttestationArguments.options)

  static let check = CommandDescription(
    name: "check",
    summary: "check, with the weights, which checkpoints a certificate is about",
    details: [
      "For someone who holds both checkpoints and the opening: the certificate is about exactly these two checkpoints. "
        + "If it was made with --strip-prefix, give the same one here.",
      "A link of a chain needs --identity, that of the chain's base; BASE is then the parent's model. That it is, a check of "
        + "the parent's certificate tells.",
      "With --adapter: about the base and exactly this unmerged adapter. The base's identity will do in place of the base, "
        + "unless the adapter replaces whole tensors.",
      "With --tuned-tableau, --tuned-opening and --identity: and the tableau of commit holds exactly this tuned checkpoint.",
      "A kzg certificate needs --identity, that of identify --backend kzg, and --setup; a link also --parent and --ancestor.",
      "Exit code 0 means that it is. 12 means another checkpoint, 13 other tensors, 11 an invalid proof.",
    ],
    positionals: [.init(name: "CERT", help: "the certificate, CERT.drift")],
    ownOptions: [
      .optional("base", "BASE", "the base checkpoint: a folder or a .safetensors file"),
      .optional("tuned", "TUNED", "the fine-tuned checkpoint"),
      .optional("adapter", "ADAPTER", "in place of --tuned: the unmerged adapter"),
      .required("opening", "OPENING.secret", "the secret opening that prove wrote"),
      .optional("identity", "FILE", "the base's: in place of --base with --adapter, of the chain's base for a link"),
      .optional(
        "base-opening", "BASE.secret",
        "the opening of an identity that hides the base's weights; nothing is counted in it"),
      .optional("tuned-tableau", "TUNED.tableau.json", "of commit: is TUNED the model that it holds?"),
      .optional("next-identity", "TUNED.identity.json", "of commit --as-base: is TUNED the model that it holds?"),
      .optional("tuned-opening", "TUNED.secret", "the tableau's or next base's opening; nothing is counted in it"),
      .setup,
      .optional("parent", "CERT.drift", "of a kzg link: the certificate whose tuned model BASE is"),
      .ancestor,
      soundness,
      ParsedArguments.stripPrefix,
      .leaveOut,
    ])

  static let chainVerify = CommandDescription(
    name: "chain verify",
    summary: "verify certificates that continue each other from a base",
    details: [
      "Takes the certificates of all links, in any order: the first starts from the base, every other one names its parent "
        + "(prove --parent). They may form a tree of releases. Each link is verified; one that fails takes all that descend "
        + "from it with it.",
      "The policies stand in the order of the certificates, or one stands for all. Without --policy each link is verified "
        + "against the policy inside its certificate, whatever that allows: read the names and digests that are printed.",
      "--cumulative bounds the drift from the base at every link: norms, ranks and counts of the links' policies are added "
        + "up, precision included, and must lie inside this policy. What cannot be derived from them is refused.",
      "A certificate may also start from a next base (commit --as-base): the identity of a model of the chain. --next-identity and "
        + "--transition give these identities, and the transitions that prove that they hold the models of their certificates.",
      "Certificates of the kzg backend make a chain of their own, with the identity of identify --backend kzg. --assume bls12-381 is needed "
        + "unless the policies that are given permit it: what a certificate's own policy permits is its maker's word.",
      "--revoked is a list of withdrawn certificates or commitments; a withdrawn link takes its descendants with it.",
      "The exit code is that of the first link that fails: 10 the cumulative policy, 11 a proof, 12 another base or policy, "
        + "or a parent that is not there, 13 tensors, 15 revoked; 2 for two certificates of one commitment.",
    ],
    positionals: [.init(name: "CERT", help: "the certificates of all links, in any order", isList: true)],
    ownOptions: [
      .required("base-identity", "FILE", "the identity of the base from which the chain starts"),
      .optionalList("policy", "FILE", "the policy of all links, or of each certificate in its place"),
      .optionalList(
        "next-identity", "FILE", "identities of models of the chain that certificates start from (commit --as-base)"),
      .optionalList("transition", "FILE", "the transitions that tie them to the chain, in any order"),
      .optional("cumulative", "POLICY.json", "a policy that the drift from the base must obey at every link"),
      .optional("revoked", "LIST.json", "a list of withdrawn certificates"),
      .trustedSetup,
      .assume,
    ])
}
