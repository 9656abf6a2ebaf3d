// Every kernel with AVX-512.
#include "scalar.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma,bmi,bmi2"))), \
                             apply_to = function)
#define NAME(f) dp_avx512_##f
#include "lanes_avx512.h"
#include "sha_constants.h"

#include "ntt_impl.h"
#include "rows_impl.h"

typedef __m512i D;
enum { D_STEP = 64 };
DP_INLINE D d_zero(void) { return _mm512_setzero_si512(); }
DP_INLINE D d_dot(D acc, const uint8_t *p, const int8_t *q) {
  return _mm512_dpbusd_epi32(acc, _mm512_loadu_si512(p), _mm512_loadu_si512(q));
}
DP_INLINE int32_t d_sum(D acc) { return _mm512_reduce_add_epi32(acc); }
#include "dense_impl.h"

typedef __m512i W;
enum { LANES = 16 };
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
  transpose16((const int32_t *)(const void *)p, rows);
  for (int k = 0; k < 16; k++) w[k] = swap_bytes(_mm512_loadu_si512(rows + 16 * k));
}
DP_INLINE void w_load_states(const uint32_t *p, W *s) {
  for (int k = 0; k < 8; k++) {
    // Lane j is message j: word k of 16 strings of 8 words.
    const __m512i at = _mm512_setr_epi32(0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120);
    s[k] = _mm512_i32gather_epi32(at, p + k, 4);
  }
}
DP_INLINE void w_load_half(const uint8_t *p, W *w) {
  w_load_states((const uint32_t *)(const void *)p, w);
  for (int k = 0; k < 8; k++) w[k] = swap_bytes(w[k]);
}
DP_INLINE void w_store_states(uint32_t *p, const W *s) {
  for (int k = 0; k < 8; k++) {
    const __m512i at = _mm512_setr_epi32(0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120);
    _mm512_i32scatter_epi32(p + k, at, s[k], 4);
  }
}
DP_INLINE void w_store_digests(uint8_t *p, const W *s) {
  W r[8];
  for (int k = 0; k < 8; k++) r[k] = swap_bytes(s[k]);
  w_store_states((uint32_t *)(void *)p, r);
}
#include "sha_impl.h"
#pragma clang attribute pop
#endif
