// SPDX-License-Identifier: Apache-2.0

#pragma once
// Goldilocks arithmetic on one value: p = 2^64 - 2^32 + 1, operands and results canonical.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "include/CDriftProofKernels.h"

typedef uint64_t u64;
typedef unsigned __int128 u128;

#define DP_P 0xFFFFFFFF00000001ull
#define DP_EPS 0xFFFFFFFFull
#define DP_INLINE static inline __attribute__((always_inline, unused))

// Carries are coin flips here, so they are masks and no branches.
DP_INLINE u64 gl_sub(u64 a, u64 b) {
  u128 d = (u128)a - b;
  return (u64)d - ((u64)(d >> 64) & DP_EPS);
}

DP_INLINE u64 gl_add(u64 a, u64 b) { return gl_sub(a, DP_P - b); }

/// a + b for any a, not canonical.
DP_INLINE u64 gl_plus(u64 a, u64 b) {
  u128 s = (u128)a + b;
  return (u64)s + ((u64)0 - (u64)(s >> 64) & DP_EPS);
}

DP_INLINE u64 gl_canonical(u64 a) { return a - (DP_P & -(u64)(a >= DP_P)); }

/// a * b / 2^64 mod p; one factor may be any 64-bit value.
DP_INLINE u64 gl_mont(u64 a, u64 b) {
  u128 t = (u128)a * b;
  u64 lo = (u64)t, hi = (u64)(t >> 64);
  u128 s = (u128)lo + (lo << 32);
  u64 x = (u64)s;
  return gl_sub(hi, x - (x >> 32) - (u64)(s >> 64));
}
