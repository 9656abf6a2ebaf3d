// SPDX-License-Identifier: Apache-2.0

// SHA-256 with the SHA instructions: two messages at once hide the latency of a round.
#include "sha_constants.h"
#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("sha,sse4.1,ssse3"))), apply_to = function)

enum { STREAMS = 2 };

typedef struct {
  __m128i s0, s1, w[4];
} Stream;

/// From the order a...h to the instructions' ABEF and CDGH.
DP_INLINE void state_in(Stream *t, const uint32_t *p) {
  __m128i lo = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)p), 0xB1);
  __m128i hi = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(p + 4)), 0x1B);
  t->s0 = _mm_alignr_epi8(lo, hi, 8);
  t->s1 = _mm_blend_epi16(hi, lo, 0xF0);
}
DP_INLINE void state_out(const Stream *t, uint32_t *p) {
  __m128i a = _mm_shuffle_epi32(t->s0, 0x1B), b = _mm_shuffle_epi32(t->s1, 0xB1);
  _mm_storeu_si128((__m128i *)p, _mm_blend_epi16(a, b, 0xF0));
  _mm_storeu_si128((__m128i *)(p + 4), _mm_alignr_epi8(b, a, 8));
}
DP_INLINE __m128i swap_bytes(__m128i x) {
  return _mm_shuffle_epi8(x, _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}
DP_INLINE __m128i words(const uint8_t *p) { return swap_bytes(_mm_loadu_si128((const __m128i *)p)); }

DP_INLINE void compress(Stream *t) {
  __m128i s0[STREAMS], s1[STREAMS];
  for (int k = 0; k < STREAMS; k++) {
    s0[k] = t[k].s0;
    s1[k] = t[k].s1;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) {
    const __m128i key = _mm_loadu_si128((const __m128i *)(SHA_K + 4 * i));
#pragma clang loop unroll(full)
    for (int k = 0; k < STREAMS; k++) {
      __m128i *w = t[k].w;
      __m128i x = _mm_add_epi32(w[i & 3], key);
      s1[k] = _mm_sha256rnds2_epu32(s1[k], s0[k], x);
      s0[k] = _mm_sha256rnds2_epu32(s0[k], s1[k], _mm_shuffle_epi32(x, 0x0E));
      if (i < 12) {
        __m128i next = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                                     _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
        w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
      }
    }
  }
  for (int k = 0; k < STREAMS; k++) {
    t[k].s0 = _mm_add_epi32(t[k].s0, s0[k]);
    t[k].s1 = _mm_add_epi32(t[k].s1, s1[k]);
  }
}

DP_INLINE void digest_out(const Stream *t, uint8_t *p) {
  uint32_t s[8];
  state_out(t, s);
  for (int k = 0; k < 8; k++) sha_put(p + 4 * k, s[k]);
}

#define SHA(f) dp_ni_sha_##f
#include "sha_streams.h"
#pragma clang attribute pop
#endif
