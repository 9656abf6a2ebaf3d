// SPDX-License-Identifier: Apache-2.0

/// All verbs, in the order of the help.
enum CommandList {
  static var commands: [any Command.Type] {
    [
      InspectCommand.self, CalibrateCommand.self, PolicyInitCommand.self, PolicyExplainCommand.self,
      IdentifyCommand.self, CommitCommand.self, ProveCommand.self, VerifyCommand.self, CheckCommand.self,
      ChainVerifyCommand.self, MergeCommand.self, ReportCommand.self, AttestCommand.self, DigestCommand.self,
      AuditCalibrateCommand.self, AuditPlanCommand.self, AuditRecordCommand.self, AuditRunCommand.self,
      AuditCompareCommand.self, AuditBundleCommand.self, AuditProveCommand.self, AuditVerifyCommand.self,
      AuditOpenCommand.self, AuditStaticCommand.self, AuditSuiteCommand.self, AuditQuoteCommand.self,
      SetupNewCommand.self, SetupImportCommand.self, SetupContributeCommand.self, SetupVerifyCommand.self,
      SetupInfoCommand.self, CompletionsCommand.self, ManCommand.self, WorkerCommand.self,
    ]
  }

  static var descriptions: [CommandDescription] { commands.map { $0.description } }
  /// Those that people are told of.
  static var shownDescriptions: [CommandDescription] { descriptions.filter { !$0.isHidden } }
}
