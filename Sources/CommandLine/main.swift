// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// A file that grows beyond its limit is an error of the write, not the end of the process.
signal(SIGXFSZ, SIG_IGN)

exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
