// SPDX-License-Identifier: Apache-2.0

// Every kernel in plain C, for any processor.
#define NAME(f) dp_plain_##f
#include "lanes_plain.h"
#include "sha_constants.h"

#include "ntt_impl.h"
#include "points_impl.h"
#include "rows_impl.h"
#include "cubic_impl.h"

// Generic vectors, which the compiler maps to what the target has (SSE2, NEON).
typedef int32_t Sums __attribute__((vector_size(64)));
typedef struct {
  Sums v;
} D;
typedef int16_t Words __attribute__((vector_size(32)));
typedef uint8_t Limbs __attribute__((vector_size(16)));
typedef int8_t Signs __attribute__((vector_size(16)));
enum { D_STEP = 64 };
DP_INLINE D d_zero(void) { return (D){{0}}; }
DP_INLINE D d_dot(D acc, const uint8_t *p, const int8_t *q) {
  Words sum = {0};
  for (int k = 0; k < D_STEP; k += 16) {
    Limbs u;
    Signs s;
    memcpy(&u, p + k, sizeof u);
    memcpy(&s, q + k, sizeof s);
    sum += __builtin_convertvector(u, Words) * __builtin_convertvector(s, Words);
  }
  acc.v += __builtin_convertvector(sum, Sums);
  return acc;
}
DP_INLINE int32_t d_sum(D acc) {
  int32_t sum = 0;
  for (int k = 0; k < 16; k++) sum += acc.v[k];
  return sum;
}
enum { GRAM_ROWS = 4, GRAM_COLUMNS = 1 };
#include "dense_impl.h"
#include "residual_impl.h"
#include "pack_impl.h"
#include "product_impl.h"

typedef uint32_t W;
enum { LANES = 1, SHA_GROUPS = 1 };
#define w_add(a, b) ((a) + (b))
#define w_xor(a, b) ((a) ^ (b))
#define w_ror(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define w_shl(x, n) ((x) << (n))
#define w_shr(x, n) ((x) >> (n))
#define w_ch(e, f, g) ((((f) ^ (g)) & (e)) ^ (g))
#define w_maj(a, b, c) (((a) & (b)) | ((c) & ((a) | (b))))
#define w_set1(x) ((uint32_t)(x))
DP_INLINE void w_load_blocks(const uint8_t *p, W *w) {
  for (int k = 0; k < 16; k++) w[k] = sha_word(p + 4 * k);
}
DP_INLINE void w_load_half(const uint8_t *p, W *w) {
  for (int k = 0; k < 8; k++) w[k] = sha_word(p + 4 * k);
}
DP_INLINE void w_load_states(const uint32_t *p, W *s) { memcpy(s, p, 32); }
DP_INLINE void w_store_states(uint32_t *p, const W *s) { memcpy(p, s, 32); }
DP_INLINE void w_store_digests(uint8_t *p, const W *s) {
  for (int k = 0; k < 8; k++) sha_put(p + 4 * k, s[k]);
}
#include "sha_impl.h"
