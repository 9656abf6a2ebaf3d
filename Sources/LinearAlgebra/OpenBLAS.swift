// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The entry points of OpenBLAS that are used, found when the first is wanted. A program that only verifies never loads it,
/// and one that finds none computes with ``PlainAlgebra``.
///
/// OpenBLAS carries LAPACK with it. The Fortran routines take every argument by address, matrices are column-major, `info`
/// comes back 0 on success, and lengths of character arguments follow the declared arguments.
struct OpenBLAS: Sendable {
  typealias Size = UnsafePointer<Int32>
  typealias Numbers = UnsafeMutablePointer<Double>
  typealias Integers = UnsafeMutablePointer<Int32>
  typealias Letter = UnsafePointer<CChar>

  typealias Multiply =
    @convention(c) @Sendable (
      Int32, Int32, Int32, Int32, Int32, Int32, Double, UnsafePointer<Double>, Int32, UnsafePointer<Double>, Int32,
      Double,
      Numbers, Int32
    ) -> Void
  typealias Triangle =
    @convention(c) @Sendable (
      Size, Size, Numbers, Size, Numbers, Numbers, Size, Integers
    ) -> Void
  typealias Orthonormal =
    @convention(c) @Sendable (
      Size, Size, Size, Numbers, Size, Numbers, Numbers, Size, Integers
    ) -> Void
  typealias Pivoted =
    @convention(c) @Sendable (
      Size, Size, Numbers, Size, Integers, Numbers, Numbers, Size, Integers
    ) -> Void
  typealias SingularValues =
    @convention(c) @Sendable (
      Letter, Size, Size, Numbers, Size, Numbers, Numbers, Size, Numbers, Size, Numbers, Size, Integers, Integers, UInt
    ) -> Void
  typealias Eigen =
    @convention(c) @Sendable (
      Letter, Letter, Size, Numbers, Size, Numbers, Numbers, Size, Integers, Size, Integers, UInt, UInt
    ) -> Void
  typealias GetThreads = @convention(c) @Sendable () -> Int32
  typealias SetThreads = @convention(c) @Sendable (Int32) -> Void

  let dgemm: Multiply
  let dgeqrf: Triangle
  let dgelqf: Triangle
  let dorglq: Orthonormal
  let dgeqp3: Pivoted
  let dgesdd: SingularValues
  let dsyevd: Eigen
  let threads: GetThreads
  let setThreads: SetThreads

  /// `DRIFTPROOF_OPENBLAS=none` forbids it, a path names one; nil where there is none.
  static let found: OpenBLAS? = {
    switch getenv("DRIFTPROOF_OPENBLAS").map({ String(cString: $0) }) {
    case nil, "": usualNames.lazy.compactMap { OpenBLAS(at: $0) }.first
    case "none": nil
    case let path?: OpenBLAS(at: path)
    }
  }()

  #if canImport(Darwin)
    private static let usualNames = [
      "/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "/usr/local/opt/openblas/lib/libopenblas.dylib",
    ]
  #else
    private static let usualNames = ["libopenblas.so.0", "libopenblasp.so.0", "libopenblas.so"]
  #endif

  /// Nil unless it is there and has all of them.
  private init?(at name: String) {
    // Stays loaded: it has threads of its own.
    guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return nil }
    func symbol<Function>(_ name: String, as type: Function.Type) -> Function? {
      dlsym(library, name).map { unsafeBitCast($0, to: type) }
    }
    guard let dgemm = symbol("cblas_dgemm", as: Multiply.self), let dgeqrf = symbol("dgeqrf_", as: Triangle.self),
      let dgelqf = symbol("dgelqf_", as: Triangle.self), let dorglq = symbol("dorglq_", as: Orthonormal.self),
      let dgeqp3 = symbol("dgeqp3_", as: Pivoted.self), let dgesdd = symbol("dgesdd_", as: SingularValues.self),
      let dsyevd = symbol("dsyevd_", as: Eigen.self),
      let threads = symbol("openblas_get_num_threads", as: GetThreads.self),
      let setThreads = symbol("openblas_set_num_threads", as: SetThreads.self)
    else { return nil }
    self.dgemm = dgemm
    self.dgeqrf = dgeqrf
    self.dgelqf = dgelqf
    self.dorglq = dorglq
    self.dgeqp3 = dgeqp3
    self.dgesdd = dgesdd
    self.dsyevd = dsyevd
    self.threads = threads
    self.setThreads = setThreads
  }
}
