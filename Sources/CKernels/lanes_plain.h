// SPDX-License-Identifier: Apache-2.0

#pragma once
// Eight lanes of Goldilocks elements in plain C; see lanes_avx512.h for the meaning of each operation.
#include "scalar.h"

typedef struct {
  u64 l[8];
} V;

#define EACH(expr)                                                                                                     \
  V r;                                                                                                                 \
  for (int k = 0; k < 8; k++) r.l[k] = (expr);                                                                         \
  return r

DP_INLINE V v_load(const u64 *p) { EACH(p[k]); }
DP_INLINE void v_store(u64 *p, V x) { memcpy(p, x.l, 64); }
DP_INLINE V v_set1(u64 x) { EACH(x); }
DP_INLINE V v_set1_low(uint32_t x) { EACH(x); }
DP_INLINE V v_add(V a, V b) { EACH(gl_add(a.l[k], b.l[k])); }
DP_INLINE V v_sub(V a, V b) { EACH(gl_sub(a.l[k], b.l[k])); }
DP_INLINE V v_plus(V a, V b) { EACH(gl_plus(a.l[k], b.l[k])); }
DP_INLINE V v_canonical(V a) { EACH(gl_canonical(a.l[k])); }
DP_INLINE V v_mont(V a, V w) { EACH(gl_mont(a.l[k], w.l[k])); }
DP_INLINE V v_times_i(V x) {
  EACH(gl_add(gl_sub(x.l[k] << 48, x.l[k] >> 48), ((x.l[k] >> 16) & DP_EPS) * DP_EPS));
}
DP_INLINE V v_wadd(V a, V b) { EACH(a.l[k] + b.l[k]); }
DP_INLINE V v_shl(V a, int n) { EACH(a.l[k] << n); }
DP_INLINE V v_shr(V a, int n) { EACH(a.l[k] >> n); }
DP_INLINE V v_wsub(V a, V b) { EACH(a.l[k] - b.l[k]); }
DP_INLINE V v_load_i32(const int32_t *p) {
  V r;
  memcpy(r.l, p, 64);
  return r;
}
DP_INLINE V v_high(V x) { EACH(x.l[k] >> 32); }
DP_INLINE V v_mul_i32(V a, V b) { EACH((u64)((int64_t)(int32_t)a.l[k] * (int32_t)b.l[k])); }
DP_INLINE V v_mul_u32(V a, V b) { EACH((a.l[k] & DP_EPS) * (b.l[k] & DP_EPS)); }
DP_INLINE u64 gl_join32(u64 s0, u64 s1) {
  u64 t = s1 + (s0 >> 32);
  return gl_add(gl_canonical((s0 & DP_EPS) | t << 32), (t >> 32) * DP_EPS);
}
DP_INLINE V v_join32(V s0, V s1) { EACH(gl_join32(s0.l[k], s1.l[k])); }
DP_INLINE V v_join(V s0, V s1, V s2) {
  V r;
  for (int k = 0; k < 8; k++) {
    // |total| < 2^108; p * 2^48 makes it positive without changing its class.
    u128 t = (u128)(__int128)(int64_t)s0.l[k] + ((u128)(__int128)(int64_t)s1.l[k] << 22) +
             ((u128)(__int128)(int64_t)s2.l[k] << 44) + ((u128)DP_P << 48);
    u64 lo = (u64)t, hi = (u64)(t >> 64);
    r.l[k] = gl_add(gl_sub(gl_canonical(lo), hi >> 32), (hi & DP_EPS) * DP_EPS);
  }
  return r;
}
#undef EACH

DP_INLINE V v_mont_at(V a, const u64 *w) { return v_mont(a, v_set1(*w)); }
#include "lanes_shuffle.h"
