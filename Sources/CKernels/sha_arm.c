// SPDX-License-Identifier: Apache-2.0

// SHA-256 with the ARMv8 instructions: two messages at once hide the latency of a round.
#include "sha_constants.h"
#if defined(__aarch64__)
#include <arm_neon.h>
#pragma clang attribute push(__attribute__((target("sha2"))), apply_to = function)

enum { STREAMS = 2 };

typedef struct {
  uint32x4_t s0, s1, w[4];
} Stream;

DP_INLINE void state_in(Stream *t, const uint32_t *p) {
  t->s0 = vld1q_u32(p);
  t->s1 = vld1q_u32(p + 4);
}
DP_INLINE void state_out(const Stream *t, uint32_t *p) {
  vst1q_u32(p, t->s0);
  vst1q_u32(p + 4, t->s1);
}
DP_INLINE uint32x4_t swap_bytes(uint32x4_t x) {
  return vreinterpretq_u32_u8(vrev32q_u8(vreinterpretq_u8_u32(x)));
}
DP_INLINE uint32x4_t words(const uint8_t *p) { return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p))); }
DP_INLINE void digest_out(const Stream *t, uint8_t *p) {
  vst1q_u8(p, vreinterpretq_u8_u32(swap_bytes(t->s0)));
  vst1q_u8(p + 16, vreinterpretq_u8_u32(swap_bytes(t->s1)));
}

DP_INLINE void compress(Stream *t) {
  uint32x4_t s0[STREAMS], s1[STREAMS];
  for (int k = 0; k < STREAMS; k++) {
    s0[k] = t[k].s0;
    s1[k] = t[k].s1;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) {
    const uint32x4_t key = vld1q_u32(SHA_K + 4 * i);
#pragma clang loop unroll(full)
    for (int k = 0; k < STREAMS; k++) {
      uint32x4_t *w = t[k].w;
      uint32x4_t x = vaddq_u32(w[i & 3], key), old = s0[k];
      s0[k] = vsha256hq_u32(s0[k], s1[k], x);
      s1[k] = vsha256h2q_u32(s1[k], old, x);
      if (i < 12)
        w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
    }
  }
  for (int k = 0; k < STREAMS; k++) {
    t[k].s0 = vaddq_u32(t[k].s0, s0[k]);
    t[k].s1 = vaddq_u32(t[k].s1, s1[k]);
  }
}

#define SHA(f) dp_arm_sha_##f
#include "sha_streams.h"
#pragma clang attribute pop
#endif
