// SPDX-License-Identifier: Apache-2.0

// Every kernel with AVX-512.
#include "scalar.h"
#if defined(__x86_64__)
#include <immintrin.h>
#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma,bmi,bmi2"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#define NAME(f) dp_avx512_##f
#include "lanes_avx512.h"
#include "sha_constants.h"

#include "ntt_impl.h"
#include "points_impl.h"
#include "rows_impl.h"
#include "cubic_impl.h"

typedef __m512i D;
enum { D_STEP = 64 };
DP_INLINE D d_zero(void) { return _mm512_setzero_si512(); }
DP_INLINE D d_dot(D acc, const uint8_t *p, const int8_t *q) {
  return _mm512_dpbusd_epi32(acc, _mm512_loadu_si512(p), _mm512_loadu_si512(q));
}
DP_INLINE int32_t d_sum(D acc) { return _mm512_reduce_add_epi32(acc); }
enum { GRAM_ROWS = 8, GRAM_COLUMNS = 3 };
#include "dense_impl.h"
#include "residual_impl.h"
#include "pack_impl.h"
#include "product_impl.h"

typedef __m512i W;
enum { LANES = 16, SHA_GROUPS = 2 };
#define w_add(a, b) _mm512_add_epi32(a, b)
#define w_xor(a, b) _mm512_xor_si512(a, b)
#define w_ror(x, n) _mm512_ror_epi32(x, n)
#define w_shl(x, n) _mm512_slli_epi32(x, n)
#define w_shr(x, n) _mm512_srli_epi32(x, n)
#define w_ch(e, f, g) _mm512_ternarylogic_epi32(e, f, g, 0xCA)
#define w_maj(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0xE8)
#define w_set1(x) _mm512_set1_epi32((int)(x))

DP_INLINE __m512i swap_bytes(__m512i x) {
  return _mm512_shuffle_epi8(x, _mm512_set4_epi32(0x0C0D0E0F, 0x08090A0B, 0x04050607, 0x00010203));
}
DP_INLINE void w_load_blocks(const uint8_t *p, W *w) {
  int32_t rows[256];
  transpose16((const int32_t *)(const void *)p, 16, rows);
  for (int k = 0; k < 16; k++) w[k] = swap_bytes(_mm512_loadu_si512(rows + 16 * k));
}
/// Words of messages: in r[i] the 8 words of message i are the lower half and those of message 8 + i the upper half; in
/// the result, vector k has word k of messages 0...15. The map is its own inverse.
DP_INLINE void transpose_halves(__m512i *r) {
  const __m512i even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
  __m512i s[8];
  for (int i = 0; i < 4; i++) {
    s[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    s[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    r[4 * i] = _mm512_unpacklo_epi64(s[4 * i], s[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(s[4 * i], s[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(s[4 * i + 1], s[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(s[4 * i + 1], s[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    s[i] = _mm512_permutex2var_epi64(r[i], even, r[4 + i]);
    s[4 + i] = _mm512_permutex2var_epi64(r[i], odd, r[4 + i]);
  }
  for (int i = 0; i < 8; i++) r[i] = s[i];
}
DP_INLINE void load_strings(const void *p, W *s) {
  const char *bytes = p;
  for (size_t i = 0; i < 8; i++) {
    __m256i low = _mm256_loadu_si256((const __m256i *)(bytes + 32 * i));
    __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + 32 * (i + 8)));
    s[i] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  transpose_halves(s);
}
DP_INLINE void store_strings(void *p, W *s) {
  char *bytes = p;
  transpose_halves(s);
  for (size_t i = 0; i < 8; i++) {
    _mm256_storeu_si256((__m256i *)(bytes + 32 * i), _mm512_castsi512_si256(s[i]));
    _mm256_storeu_si256((__m256i *)(bytes + 32 * (i + 8)), _mm512_extracti64x4_epi64(s[i], 1));
  }
}
DP_INLINE void w_load_states(const uint32_t *p, W *s) { load_strings(p, s); }
DP_INLINE void w_load_half(const uint8_t *p, W *w) {
  load_strings(p, w);
  for (int k = 0; k < 8; k++) w[k] = swap_bytes(w[k]);
}
DP_INLINE void w_store_states(uint32_t *p, const W *s) {
  W r[8];
  for (int k = 0; k < 8; k++) r[k] = s[k];
  store_strings(p, r);
}
DP_INLINE void w_store_digests(uint8_t *p, const W *s) {
  W r[8];
  for (int k = 0; k < 8; k++) r[k] = swap_bytes(s[k]);
  store_strings(p, r);
}
#include "sha_impl.h"
#pragma clang attribute pop
#endif
