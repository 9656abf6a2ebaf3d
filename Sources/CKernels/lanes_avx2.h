// SPDX-License-Identifier: Apache-2.0

#pragma once
// Eight lanes of Goldilocks elements in two 256-bit registers; see lanes_avx512.h for the meaning of each operation.
#include <immintrin.h>

#include "scalar.h"

typedef __m256i H;
typedef struct {
  H a, b;
} V;

DP_INLINE V v_load(const u64 *p) {
  return (V){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 4))};
}
DP_INLINE void v_store(u64 *p, V x) {
  _mm256_storeu_si256((__m256i *)p, x.a);
  _mm256_storeu_si256((__m256i *)(p + 4), x.b);
}
DP_INLINE H h_set1(u64 x) { return _mm256_set1_epi64x((long long)x); }
DP_INLINE V v_set1(u64 x) { return (V){h_set1(x), h_set1(x)}; }
DP_INLINE V v_set1_low(uint32_t x) {
  H h = _mm256_set1_epi32((int32_t)x);
  return (V){h, h};
}

/// All ones where a < b, unsigned.
DP_INLINE H h_less(H a, H b) {
  const H sign = h_set1(0x8000000000000000ull);
  return _mm256_cmpgt_epi64(_mm256_xor_si256(b, sign), _mm256_xor_si256(a, sign));
}
DP_INLINE H h_sub(H a, H b) {
  return _mm256_sub_epi64(_mm256_sub_epi64(a, b), _mm256_and_si256(h_less(a, b), h_set1(DP_EPS)));
}
DP_INLINE H h_add(H a, H b) { return h_sub(a, _mm256_sub_epi64(h_set1(DP_P), b)); }
DP_INLINE H h_plus(H a, H b) {
  H sum = _mm256_add_epi64(a, b);
  return _mm256_add_epi64(sum, _mm256_and_si256(h_less(sum, b), h_set1(DP_EPS)));
}
DP_INLINE H h_mont(H a, H w) {
  H ah = _mm256_srli_epi64(a, 32), wh = _mm256_srli_epi64(w, 32);
  H ll = _mm256_mul_epu32(a, w), lh = _mm256_mul_epu32(a, wh);
  H hl = _mm256_mul_epu32(ah, w), hh = _mm256_mul_epu32(ah, wh);
  H t0 = _mm256_add_epi64(hl, _mm256_srli_epi64(ll, 32));
  H t1 = _mm256_add_epi64(lh, _mm256_and_si256(t0, h_set1(DP_EPS)));
  H hi = _mm256_add_epi64(_mm256_add_epi64(hh, _mm256_srli_epi64(t0, 32)), _mm256_srli_epi64(t1, 32));
  H lo = _mm256_blend_epi32(ll, _mm256_slli_epi64(t1, 32), 0xAA);
  H x = _mm256_add_epi64(lo, _mm256_slli_epi64(lo, 32));
  // The mask of a carry is -1, so adding it takes the carry off.
  H y = _mm256_add_epi64(_mm256_sub_epi64(x, _mm256_srli_epi64(x, 32)), h_less(x, lo));
  return h_sub(hi, y);
}
DP_INLINE H h_times_i(H x) {
  H h0 = _mm256_mul_epu32(_mm256_srli_epi64(x, 16), h_set1(DP_EPS));
  return h_add(h_sub(_mm256_slli_epi64(x, 48), _mm256_srli_epi64(x, 48)), h0);
}
DP_INLINE H h_canonical(H x) {
  return _mm256_add_epi64(x, _mm256_andnot_si256(h_less(x, h_set1(DP_P)), h_set1(DP_EPS)));
}
DP_INLINE H h_shifted22(H x) {
  H hi = _mm256_mul_epu32(_mm256_srli_epi64(x, 42), h_set1(DP_EPS));
  return h_add(h_canonical(_mm256_slli_epi64(x, 22)), hi);
}
DP_INLINE H h_join(H s0, H s1, H s2) {
  const H sign = h_set1(0x8000000000000000ull);
  const u128 excess = ((u128)1 << 63) + ((u128)1 << 85) + ((u128)1 << 107);
  H r = h_add(h_shifted22(_mm256_xor_si256(s2, sign)), h_canonical(_mm256_xor_si256(s1, sign)));
  r = h_add(h_shifted22(r), h_canonical(_mm256_xor_si256(s0, sign)));
  return h_sub(r, h_set1((u64)(excess % DP_P)));
}
DP_INLINE H h_join32(H s0, H s1) {
  H t = _mm256_add_epi64(s1, _mm256_srli_epi64(s0, 32)), h = _mm256_srli_epi64(t, 32);
  H x = _mm256_blend_epi32(s0, _mm256_slli_epi64(t, 32), 0xAA);
  H sum = _mm256_add_epi64(x, _mm256_sub_epi64(_mm256_slli_epi64(h, 32), h));
  return _mm256_add_epi64(sum, _mm256_and_si256(h_less(sum, x), h_set1(DP_EPS)));
}

#define BOTH(f) (V){f(x.a, y.a), f(x.b, y.b)}
DP_INLINE V v_add(V x, V y) { return BOTH(h_add); }
DP_INLINE V v_sub(V x, V y) { return BOTH(h_sub); }
DP_INLINE V v_plus(V x, V y) { return BOTH(h_plus); }
DP_INLINE V v_mont(V x, V y) { return BOTH(h_mont); }
DP_INLINE V v_wadd(V x, V y) { return BOTH(_mm256_add_epi64); }
DP_INLINE V v_shl(V x, int n) { return (V){_mm256_slli_epi64(x.a, n), _mm256_slli_epi64(x.b, n)}; }
DP_INLINE V v_shr(V x, int n) { return (V){_mm256_srli_epi64(x.a, n), _mm256_srli_epi64(x.b, n)}; }
DP_INLINE V v_wsub(V x, V y) { return BOTH(_mm256_sub_epi64); }
DP_INLINE V v_mul_i32(V x, V y) { return BOTH(_mm256_mul_epi32); }
DP_INLINE V v_mul_u32(V x, V y) { return BOTH(_mm256_mul_epu32); }
DP_INLINE V v_join32(V x, V y) { return BOTH(h_join32); }
#undef BOTH
DP_INLINE V v_canonical(V x) { return (V){h_canonical(x.a), h_canonical(x.b)}; }
DP_INLINE V v_times_i(V x) { return (V){h_times_i(x.a), h_times_i(x.b)}; }
DP_INLINE V v_high(V x) { return (V){_mm256_srli_epi64(x.a, 32), _mm256_srli_epi64(x.b, 32)}; }
DP_INLINE V v_load_i32(const int32_t *p) {
  return (V){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 8))};
}
DP_INLINE V v_join(V s0, V s1, V s2) { return (V){h_join(s0.a, s1.a, s2.a), h_join(s0.b, s1.b, s2.b)}; }

DP_INLINE V v_mont_at(V a, const u64 *w) { return v_mont(a, v_set1(*w)); }
#include "lanes_shuffle.h"
