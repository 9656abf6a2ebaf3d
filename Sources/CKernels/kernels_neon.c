// SPDX-License-Identifier: Apache-2.0

// Every kernel with NEON, which every 64-bit ARM processor has; SHA-256 is in sha_arm.c.
#include "scalar.h"
#if defined(__aarch64__)
#define NAME(f) dp_neon_##f
#include "lanes_neon.h"

#include "ntt_impl.h"
#include "points_impl.h"
#include "rows_impl.h"
#include "cubic_impl.h"

typedef int32x4_t D;
enum { D_STEP = 16 };
DP_INLINE D d_zero(void) { return vdupq_n_s32(0); }
/// A product is at most 255 in magnitude, so two fit 16 bits.
DP_INLINE D d_dot(D acc, const uint8_t *p, const int8_t *q) {
  uint8x16_t u = vld1q_u8(p);
  int8x16_t s = vld1q_s8(q);
  int16x8_t low = vmulq_s16(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(u))), vmovl_s8(vget_low_s8(s)));
  int16x8_t both =
      vmlaq_s16(low, vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(u))), vmovl_s8(vget_high_s8(s)));
  return vpadalq_s16(acc, both);
}
DP_INLINE int32_t d_sum(D acc) { return vaddvq_s32(acc); }
enum { GRAM_ROWS = 4, GRAM_COLUMNS = 1 };
#include "dense_impl.h"
#include "residual_impl.h"
#include "pack_impl.h"
#include "product_impl.h"
#endif
