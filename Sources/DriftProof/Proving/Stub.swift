enum DriftProofError: Error {
  struct Gap { var tensor: String; var problem: String }
  struct Violation { var tensor: String; var allowed: String; var found: String; var ratio: Double? }
  case coverage([Gap])
  case policyViolated([Violation])
  case unprovable(String)
}
