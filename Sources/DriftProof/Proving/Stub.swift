enum DriftProofError: Error {
  struct Gap { var tensor: String; var problem: String }
  case coverage([Gap])
}
