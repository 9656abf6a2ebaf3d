// SPDX-License-Identifier: Apache-2.0

#pragma once
// Eight lanes of Goldilocks elements in one 512-bit register. All values are canonical unless said otherwise.
#include <immintrin.h>

#include "scalar.h"

typedef __m512i V;

DP_INLINE V v_load(const u64 *p) { return _mm512_loadu_si512(p); }
DP_INLINE void v_store(u64 *p, V x) { _mm512_storeu_si512(p, x); }
DP_INLINE V v_set1(u64 x) { return _mm512_set1_epi64((long long)x); }
/// For products of low halves, which are all that counts.
DP_INLINE V v_set1_low(uint32_t x) { return _mm512_set1_epi32((int32_t)x); }

DP_INLINE V v_sub(V a, V b) {
  return _mm512_mask_add_epi64(_mm512_sub_epi64(a, b), _mm512_cmplt_epu64_mask(a, b), _mm512_sub_epi64(a, b),
                               v_set1(DP_P));
}
DP_INLINE V v_add(V a, V b) { return v_sub(a, _mm512_sub_epi64(v_set1(DP_P), b)); }

/// a + b for any a, not canonical.
DP_INLINE V v_plus(V a, V b) {
  V sum = _mm512_add_epi64(a, b);
  return _mm512_mask_add_epi64(sum, _mm512_cmplt_epu64_mask(sum, b), sum, v_set1(DP_EPS));
}
DP_INLINE V v_canonical(V a) { return _mm512_min_epu64(a, _mm512_sub_epi64(a, v_set1(DP_P))); }

/// a * w / 2^64, given w and, in the low halves of the lanes, w >> 32.
DP_INLINE V v_mont_split(V a, V w, V wh) {
  const V low = v_set1(DP_EPS);
  V ah = _mm512_srli_epi64(a, 32);
  V ll = _mm512_mul_epu32(a, w), lh = _mm512_mul_epu32(a, wh);
  V hl = _mm512_mul_epu32(ah, w), hh = _mm512_mul_epu32(ah, wh);
  V t0 = _mm512_add_epi64(hl, _mm512_srli_epi64(ll, 32));
  V t1 = _mm512_add_epi64(lh, _mm512_and_si512(t0, low));
  V hi = _mm512_add_epi64(_mm512_add_epi64(hh, _mm512_srli_epi64(t0, 32)), _mm512_srli_epi64(t1, 32));
  V lo = _mm512_mask_shuffle_epi32(ll, 0xAAAA, t1, _MM_PERM_CCAA);
  V x = _mm512_add_epi64(lo, _mm512_slli_epi64(lo, 32));
  V y = _mm512_sub_epi64(x, _mm512_srli_epi64(x, 32));
  y = _mm512_mask_sub_epi64(y, _mm512_cmplt_epu64_mask(x, lo), y, v_set1(1));
  return v_sub(hi, y);
}

/// a * w / 2^64; a may be any 64-bit value.
DP_INLINE V v_mont(V a, V w) { return v_mont_split(a, w, _mm512_srli_epi64(w, 32)); }
/// The same with the constant *w: both of its halves come by broadcasts, which cost less than a shift.
DP_INLINE V v_mont_at(V a, const u64 *w) {
  int32_t high;
  memcpy(&high, (const char *)w + 4, sizeof high);
  return v_mont_split(a, v_set1(*w), _mm512_set1_epi32(high));
}

/// x * 2^48, the fourth root of unity: with x = h1 2^48 + h0 2^16 + l, it is l 2^48 + h0 (2^32 - 1) - h1.
DP_INLINE V v_times_i(V x) {
  V l = _mm512_slli_epi64(x, 48), h1 = _mm512_srli_epi64(x, 48);
  V h0 = _mm512_mul_epu32(_mm512_srli_epi64(x, 16), v_set1(DP_EPS));
  return v_add(v_sub(l, h1), h0);
}

/// Wrapping 64-bit sum.
DP_INLINE V v_wadd(V a, V b) { return _mm512_add_epi64(a, b); }
DP_INLINE V v_shl(V a, unsigned n) { return _mm512_slli_epi64(a, n); }
DP_INLINE V v_shr(V a, unsigned n) { return _mm512_srli_epi64(a, n); }
DP_INLINE V v_wsub(V a, V b) { return _mm512_sub_epi64(a, b); }
/// Sixteen int32: even ones in the low halves of the lanes, odd ones in the high halves.
DP_INLINE V v_load_i32(const int32_t *p) { return _mm512_loadu_si512(p); }
DP_INLINE V v_high(V x) { return _mm512_srli_epi64(x, 32); }
/// The signed product of the low halves.
DP_INLINE V v_mul_i32(V a, V b) { return _mm512_mul_epi32(a, b); }
/// The unsigned product of the low halves.
DP_INLINE V v_mul_u32(V a, V b) { return _mm512_mul_epu32(a, b); }
/// s0 + s1 2^32 for s0, s1 < 2^62, as any 64-bit representative.
DP_INLINE V v_join32(V s0, V s1) {
  V t = _mm512_add_epi64(s1, _mm512_srli_epi64(s0, 32)), h = _mm512_srli_epi64(t, 32);
  V x = _mm512_mask_shuffle_epi32(s0, 0xAAAA, t, _MM_PERM_CCAA);
  // h 2^64 = h (2^32 - 1) < 2^62, so a sum that lost 2^64 has room for 2^32 - 1.
  V sum = _mm512_add_epi64(x, _mm512_sub_epi64(_mm512_slli_epi64(h, 32), h));
  return _mm512_mask_add_epi64(sum, _mm512_cmplt_epu64_mask(sum, x), sum, v_set1(DP_EPS));
}

/// x * 2^k for any x < 2^64 and k in 1...32, canonical.
DP_INLINE V v_shifted(V x, int k) {
  V lo = _mm512_sll_epi64(x, _mm_cvtsi32_si128(k)), hi = _mm512_srl_epi64(x, _mm_cvtsi32_si128(64 - k));
  V lo_canonical = _mm512_min_epu64(lo, _mm512_sub_epi64(lo, v_set1(DP_P)));
  return v_add(lo_canonical, _mm512_mul_epu32(hi, v_set1(DP_EPS)));
}

/// s0 + s1 2^22 + s2 2^44 for signed 64-bit sums.
DP_INLINE V v_join(V s0, V s1, V s2) {
  // Each sum plus 2^63 is an unsigned number; 2^63 (1 + 2^22 + 2^44) comes off at the end.
  const V sign = v_set1(0x8000000000000000ull), p = v_set1(DP_P);
  const u128 excess = ((u128)1 << 63) + ((u128)1 << 85) + ((u128)1 << 107);
  V u0 = _mm512_xor_si512(s0, sign), u1 = _mm512_xor_si512(s1, sign), u2 = _mm512_xor_si512(s2, sign);
  V r = v_add(v_shifted(v_add(v_shifted(u2, 22), _mm512_min_epu64(u1, _mm512_sub_epi64(u1, p))), 22),
              _mm512_min_epu64(u0, _mm512_sub_epi64(u0, p)));
  return v_sub(r, v_set1((u64)(excess % DP_P)));
}

/// out[16 b + g] = in[step g + b] for 16 values of g and of b.
DP_INLINE void transpose16(const int32_t *in, size_t step, int32_t *out) {
  __m512i r[16], s[16];
  for (size_t i = 0; i < 16; i++) r[i] = _mm512_loadu_si512(in + step * i);
  for (int i = 0; i < 8; i++) {
    s[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    s[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_unpacklo_epi64(s[4 * i], s[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(s[4 * i], s[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(s[4 * i + 1], s[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(s[4 * i + 1], s[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    s[i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88);
    s[4 + i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xDD);
    s[8 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
    s[12 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xDD);
  }
  for (int i = 0; i < 4; i++) {
    _mm512_storeu_si512(out + 16 * i, _mm512_shuffle_i32x4(s[i], s[8 + i], 0x88));
    _mm512_storeu_si512(out + 16 * (8 + i), _mm512_shuffle_i32x4(s[i], s[8 + i], 0xDD));
    _mm512_storeu_si512(out + 16 * (4 + i), _mm512_shuffle_i32x4(s[4 + i], s[12 + i], 0x88));
    _mm512_storeu_si512(out + 16 * (12 + i), _mm512_shuffle_i32x4(s[4 + i], s[12 + i], 0xDD));
  }
}

/// The images of 4 entries of each of 8 rows: out[8 c + lane] = rows[lane][c].
DP_INLINE void v_place4(const int32_t *const *rows, u64 *out) {
  __m256i r[4], s[4];
  for (int i = 0; i < 4; i++) {
    __m128i low = _mm_loadu_si128((const __m128i *)rows[i]), high = _mm_loadu_si128((const __m128i *)rows[i + 4]);
    r[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }
  s[0] = _mm256_unpacklo_epi32(r[0], r[1]);
  s[1] = _mm256_unpackhi_epi32(r[0], r[1]);
  s[2] = _mm256_unpacklo_epi32(r[2], r[3]);
  s[3] = _mm256_unpackhi_epi32(r[2], r[3]);
  r[0] = _mm256_unpacklo_epi64(s[0], s[2]);
  r[1] = _mm256_unpackhi_epi64(s[0], s[2]);
  r[2] = _mm256_unpacklo_epi64(s[1], s[3]);
  r[3] = _mm256_unpackhi_epi64(s[1], s[3]);
  for (int c = 0; c < 4; c++) {
    V e = _mm512_cvtepi32_epi64(r[c]);
    v_store(out + 8 * c, _mm512_mask_add_epi64(e, _mm512_movepi64_mask(e), e, v_set1(DP_P)));
  }
}

/// The coordinates of the 8 elements of K at p.
DP_INLINE void v_load3(const u64 *p, V *x) {
  V a = v_load(p), b = v_load(p + 8), c = v_load(p + 16);
  x[0] = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 3, 6, 9, 12, 15, 0, 0), b);
  x[0] = _mm512_permutex2var_epi64(x[0], _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 10, 13), c);
  x[1] = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(1, 4, 7, 10, 13, 0, 0, 0), b);
  x[1] = _mm512_permutex2var_epi64(x[1], _mm512_setr_epi64(0, 1, 2, 3, 4, 8, 11, 14), c);
  x[2] = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(2, 5, 8, 11, 14, 0, 0, 0), b);
  x[2] = _mm512_permutex2var_epi64(x[2], _mm512_setr_epi64(0, 1, 2, 3, 4, 9, 12, 15), c);
}
DP_INLINE void v_store3(u64 *p, const V *x) {
  V r;
  r = _mm512_permutex2var_epi64(x[0], _mm512_setr_epi64(0, 8, 0, 1, 9, 0, 2, 10), x[1]);
  v_store(p + 0, _mm512_permutex2var_epi64(r, _mm512_setr_epi64(0, 1, 8, 3, 4, 9, 6, 7), x[2]));
  r = _mm512_permutex2var_epi64(x[0], _mm512_setr_epi64(0, 3, 11, 0, 4, 12, 0, 5), x[1]);
  v_store(p + 8, _mm512_permutex2var_epi64(r, _mm512_setr_epi64(10, 1, 2, 11, 4, 5, 12, 7), x[2]));
  r = _mm512_permutex2var_epi64(x[0], _mm512_setr_epi64(13, 0, 6, 14, 0, 7, 15, 0), x[1]);
  v_store(p + 16, _mm512_permutex2var_epi64(r, _mm512_setr_epi64(0, 13, 2, 3, 14, 5, 6, 15), x[2]));
}
/// From x and y, one after the other, to those at even and at odd places.
DP_INLINE void v_unzip(V *x, V *y) {
  V even = _mm512_permutex2var_epi64(*x, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), *y);
  *y = _mm512_permutex2var_epi64(*x, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), *y);
  *x = even;
}
DP_INLINE void v_zip(V *even, V *odd) {
  V x = _mm512_permutex2var_epi64(*even, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), *odd);
  *odd = _mm512_permutex2var_epi64(*even, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), *odd);
  *even = x;
}
