// SPDX-License-Identifier: Apache-2.0

#pragma once
// Eight lanes of Goldilocks elements in four 128-bit registers; see lanes_avx512.h for the meaning of each operation.
#include <arm_neon.h>

#include "scalar.h"

typedef uint64x2_t N;
typedef struct {
  N q[4];
} V;

DP_INLINE N n_set1(u64 x) { return vdupq_n_u64(x); }
/// The low halves of both lanes.
DP_INLINE uint32x2_t n_low(N x) { return vmovn_u64(x); }
DP_INLINE uint32x2_t n_high(N x) { return vshrn_n_u64(x, 32); }

DP_INLINE N n_sub(N a, N b) {
  return vsubq_u64(vsubq_u64(a, b), vandq_u64(vcltq_u64(a, b), n_set1(DP_EPS)));
}
DP_INLINE N n_add(N a, N b) { return n_sub(a, vsubq_u64(n_set1(DP_P), b)); }
DP_INLINE N n_plus(N a, N b) {
  N sum = vaddq_u64(a, b);
  return vaddq_u64(sum, vandq_u64(vcltq_u64(sum, b), n_set1(DP_EPS)));
}
DP_INLINE N n_mont(N a, N w) {
  uint32x2_t al = n_low(a), ah = n_high(a), wl = n_low(w), wh = n_high(w);
  N ll = vmull_u32(al, wl), hh = vmull_u32(ah, wh);
  N t0 = vmlal_u32(vshrq_n_u64(ll, 32), ah, wl);
  N t1 = vmlal_u32(vandq_u64(t0, n_set1(DP_EPS)), al, wh);
  N hi = vaddq_u64(vsraq_n_u64(hh, t0, 32), vshrq_n_u64(t1, 32));
  N lo = vsliq_n_u64(ll, t1, 32);
  N x = vaddq_u64(lo, vshlq_n_u64(lo, 32));
  // The mask of a carry is -1, so adding it takes the carry off.
  N y = vaddq_u64(vsubq_u64(x, vshrq_n_u64(x, 32)), vcltq_u64(x, lo));
  return n_sub(hi, y);
}
/// h (2^32 - 1) for h < 2^32.
DP_INLINE N n_times_eps(N h) { return vsubq_u64(vshlq_n_u64(h, 32), h); }
DP_INLINE N n_times_i(N x) {
  N middle = vandq_u64(vshrq_n_u64(x, 16), n_set1(DP_EPS));
  return n_add(n_sub(vshlq_n_u64(x, 48), vshrq_n_u64(x, 48)), n_times_eps(middle));
}
DP_INLINE N n_canonical(N x) { return vsubq_u64(x, vandq_u64(vcgeq_u64(x, n_set1(DP_P)), n_set1(DP_P))); }
DP_INLINE N n_shifted22(N x) { return n_add(n_canonical(vshlq_n_u64(x, 22)), n_times_eps(vshrq_n_u64(x, 42))); }
DP_INLINE N n_join(N s0, N s1, N s2) {
  const N sign = n_set1(0x8000000000000000ull);
  const u128 excess = ((u128)1 << 63) + ((u128)1 << 85) + ((u128)1 << 107);
  N r = n_add(n_shifted22(veorq_u64(s2, sign)), n_canonical(veorq_u64(s1, sign)));
  r = n_add(n_shifted22(r), n_canonical(veorq_u64(s0, sign)));
  return n_sub(r, n_set1((u64)(excess % DP_P)));
}
DP_INLINE N n_join32(N s0, N s1) {
  N t = vsraq_n_u64(s1, s0, 32), x = vsliq_n_u64(s0, t, 32);
  N sum = vaddq_u64(x, n_times_eps(vshrq_n_u64(t, 32)));
  return vaddq_u64(sum, vandq_u64(vcltq_u64(sum, x), n_set1(DP_EPS)));
}
DP_INLINE N n_mul_i32(N a, N b) {
  return vreinterpretq_u64_s64(vmull_s32(vreinterpret_s32_u32(n_low(a)), vreinterpret_s32_u32(n_low(b))));
}
DP_INLINE N n_mul_u32(N a, N b) { return vmull_u32(n_low(a), n_low(b)); }
DP_INLINE N n_high_alone(N x) { return vshrq_n_u64(x, 32); }

#define EACH(expr)                                 \
  V r;                                             \
  for (int k = 0; k < 4; k++) r.q[k] = (expr); \
  return r
DP_INLINE V v_load(const u64 *p) { EACH(vld1q_u64(p + 2 * k)); }
DP_INLINE void v_store(u64 *p, V x) {
  for (int k = 0; k < 4; k++) vst1q_u64(p + 2 * k, x.q[k]);
}
DP_INLINE V v_set1(u64 x) { EACH(n_set1(x)); }
DP_INLINE V v_set1_low(uint32_t x) { EACH(vreinterpretq_u64_u32(vdupq_n_u32(x))); }
DP_INLINE V v_add(V a, V b) { EACH(n_add(a.q[k], b.q[k])); }
DP_INLINE V v_sub(V a, V b) { EACH(n_sub(a.q[k], b.q[k])); }
DP_INLINE V v_plus(V a, V b) { EACH(n_plus(a.q[k], b.q[k])); }
DP_INLINE V v_canonical(V a) { EACH(n_canonical(a.q[k])); }
DP_INLINE V v_mont(V a, V b) { EACH(n_mont(a.q[k], b.q[k])); }
DP_INLINE V v_mont_at(V a, const u64 *w) { return v_mont(a, v_set1(*w)); }
DP_INLINE V v_times_i(V a) { EACH(n_times_i(a.q[k])); }
DP_INLINE V v_wadd(V a, V b) { EACH(vaddq_u64(a.q[k], b.q[k])); }
DP_INLINE V v_wsub(V a, V b) { EACH(vsubq_u64(a.q[k], b.q[k])); }
DP_INLINE V v_shl(V a, int n) { EACH(vshlq_u64(a.q[k], vdupq_n_s64(n))); }
DP_INLINE V v_shr(V a, int n) { EACH(vshlq_u64(a.q[k], vdupq_n_s64(-n))); }
DP_INLINE V v_high(V a) { EACH(n_high_alone(a.q[k])); }
DP_INLINE V v_load_i32(const int32_t *p) { EACH(vreinterpretq_u64_s32(vld1q_s32(p + 4 * k))); }
DP_INLINE V v_mul_i32(V a, V b) { EACH(n_mul_i32(a.q[k], b.q[k])); }
DP_INLINE V v_mul_u32(V a, V b) { EACH(n_mul_u32(a.q[k], b.q[k])); }
DP_INLINE V v_join(V a, V b, V c) { EACH(n_join(a.q[k], b.q[k], c.q[k])); }
DP_INLINE V v_join32(V a, V b) { EACH(n_join32(a.q[k], b.q[k])); }
#undef EACH

#include "lanes_shuffle.h"
