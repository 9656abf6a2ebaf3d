// SPDX-License-Identifier: Apache-2.0

// Every kernel with AVX2.
#include "scalar.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#define NAME(f) dp_avx2_##f
#include "lanes_avx2.h"
#include "sha_constants.h"

#include "ntt_impl.h"
#include "points_impl.h"
#include "rows_impl.h"
#include "cubic_impl.h"

typedef __m256i D;
enum { D_STEP = 32 };
DP_INLINE D d_zero(void) { return _mm256_setzero_si256(); }
/// A product is at most 255 in magnitude, so the 16-bit sums of pairs cannot saturate.
DP_INLINE D d_dot(D acc, const uint8_t *p, const int8_t *q) {
  __m256i u = _mm256_loadu_si256((const __m256i *)p), s = _mm256_loadu_si256((const __m256i *)q);
  return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), _mm256_set1_epi16(1)));
}
DP_INLINE int32_t d_sum(D acc) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(acc), _mm256_extracti128_si256(acc, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
}
enum { GRAM_ROWS = 4, GRAM_COLUMNS = 1 };
#include "dense_impl.h"
#include "residual_impl.h"
#include "pack_impl.h"
#include "product_impl.h"

typedef __m256i W;
enum { LANES = 8, SHA_GROUPS = 1 };
#define w_add(a, b) _mm256_add_epi32(a, b)
#define w_xor(a, b) _mm256_xor_si256(a, b)
#define w_ror(x, n) _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))
#define w_shl(x, n) _mm256_slli_epi32(x, n)
#define w_shr(x, n) _mm256_srli_epi32(x, n)
#define w_ch(e, f, g) _mm256_xor_si256(_mm256_and_si256(_mm256_xor_si256(f, g), e), g)
#define w_maj(a, b, c) _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)))
#define w_set1(x) _mm256_set1_epi32((int)(x))

/// r[k] = word k of the eight rows; row i starts at p + stride * i.
DP_INLINE void transpose8(const void *p, size_t stride, __m256i *r) {
  __m256i s[8], t[8];
  for (size_t i = 0; i < 8; i++) s[i] = _mm256_loadu_si256((const __m256i *)((const char *)p + stride * i));
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_epi32(s[2 * i], s[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_epi32(s[2 * i], s[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    s[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    s[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    s[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    s[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = _mm256_permute2x128_si256(s[i], s[4 + i], 0x20);
    r[4 + i] = _mm256_permute2x128_si256(s[i], s[4 + i], 0x31);
  }
}
DP_INLINE __m256i swap_bytes(__m256i x) {
  return _mm256_shuffle_epi8(x, _mm256_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8,
                                                9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}
DP_INLINE void w_load_blocks(const uint8_t *p, W *w) {
  transpose8(p, 64, w);
  transpose8(p + 32, 64, w + 8);
  for (int k = 0; k < 16; k++) w[k] = swap_bytes(w[k]);
}
DP_INLINE void w_load_half(const uint8_t *p, W *w) {
  transpose8(p, 32, w);
  for (int k = 0; k < 8; k++) w[k] = swap_bytes(w[k]);
}
DP_INLINE void w_load_states(const uint32_t *p, W *s) { transpose8(p, 32, s); }
DP_INLINE void w_store_states(uint32_t *p, const W *s) {
  W r[8];
  transpose8(s, 32, r);
  memcpy(p, r, sizeof r);
}
DP_INLINE void w_store_digests(uint8_t *p, const W *s) {
  W r[8];
  transpose8(s, 32, r);
  for (int k = 0; k < 8; k++) r[k] = swap_bytes(r[k]);
  memcpy(p, r, sizeof r);
}
#include "sha_impl.h"
#pragma clang attribute pop
#endif
