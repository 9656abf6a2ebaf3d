// SPDX-License-Identifier: Apache-2.0

// Transforms over Fr, the field of the groups' order r, eight of one size at a time: a lane has one of them.
//
// Elements have five limbs of 52 bits. A product of a·r and b·r is below (1 + a·b·r/2^260)·r < (1 + a·b/35)·r, and 35·r is below 2^260.
// Values are in Montgomery form of 2^256 as elsewhere, factors in that of 2^260: so a product is in that of 2^256.
#ifndef DRIFTPROOF_CURVE_TRANSFORM_LANES_H
#define DRIFTPROOF_CURVE_TRANSFORM_LANES_H

static const u64 R52[5] = {0xfffff00000001ULL, 0x02fffe5bfefffULL, 0x9a1d80553bda4ULL, 0x7d483339d8080ULL,
    0x073eda753299dULL};
static const u64 R52_TWICE[5] = {0xffffe00000002ULL, 0x05fffcb7fdfffULL, 0x343b00aa77b48ULL, 0xfa906673b0101ULL,
    0x0e7db4ea6533aULL};
// -1/r mod 2^52.
#define R52_NEGATED_INVERSE 0xffffeffffffffULL

typedef struct {
  v8 l[5];
} s8;

#define LOW(t, x, y) t = _mm512_madd52lo_epu64(t, x, y)
#define HIGH(t, x, y) t = _mm512_madd52hi_epu64(t, x, y)

// a·b/2^260.
INLINE s8 s8_mul(const s8 *a, const s8 *b) {
  const v8 zero = _mm512_setzero_si512(), mask = lane_constant(MASK52), inverse = lane_constant(R52_NEGATED_INVERSE);
  v8 t[6], c;
  s8 r;
  for (int j = 0; j < 5; j++) t[j] = zero;
#pragma clang loop unroll(full)
  for (int i = 0; i < 5; i++) {
    v8 bi = b->l[i];
    LOW(t[0], a->l[0], bi);
    v8 q = _mm512_madd52lo_epu64(zero, t[0], inverse);
    t[5] = zero;
#pragma clang loop unroll(full)
    for (int j = 1; j < 5; j++) LOW(t[j], a->l[j], bi);
#pragma clang loop unroll(full)
    for (int j = 0; j < 5; j++) HIGH(t[j + 1], a->l[j], bi);
    LOW(t[0], q, lane_constant(R52[0]));
    c = _mm512_srli_epi64(t[0], 52);
#pragma clang loop unroll(full)
    for (int j = 1; j < 5; j++) LOW(t[j], q, lane_constant(R52[j]));
#pragma clang loop unroll(full)
    for (int j = 0; j < 5; j++) HIGH(t[j + 1], q, lane_constant(R52[j]));
    t[0] = _mm512_add_epi64(t[1], c);
#pragma clang loop unroll(full)
    for (int j = 1; j < 5; j++) t[j] = t[j + 1];
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    CARRY(t[j], t[j + 1]);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 5; j++) r.l[j] = t[j];
  return r;
}
#undef LOW
#undef HIGH

// Signed carries; the number is not negative.
INLINE s8 s8_settle(v8 t[5]) {
  const v8 mask = lane_constant(MASK52);
  s8 r;
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    t[j + 1] = _mm512_add_epi64(t[j + 1], _mm512_srai_epi64(t[j], 52));
    r.l[j] = _mm512_and_si512(t[j], mask);
  }
  r.l[4] = t[4];
  return r;
}

// low + high·factor and low - high·factor + 2, for high ≤ 35 and factor ≤ 1, so that the product is below 2.
INLINE void butterfly(s8 *low, s8 *high, const s8 *factor) {
  s8 product = s8_mul(high, factor);
  v8 sum[5], difference[5];
#pragma clang loop unroll(full)
  for (int j = 0; j < 5; j++) {
    sum[j] = _mm512_add_epi64(low->l[j], product.l[j]);
    difference[j] = _mm512_sub_epi64(_mm512_add_epi64(low->l[j], lane_constant(R52_TWICE[j])), product.l[j]);
  }
  *low = s8_settle(sum);
  *high = s8_settle(difference);
}

INLINE void limbs_of_words(u64 l[5], const u64 w[4]) {
  l[0] = w[0] & MASK52;
  l[1] = (w[0] >> 52 | w[1] << 12) & MASK52;
  l[2] = (w[1] >> 40 | w[2] << 24) & MASK52;
  l[3] = (w[2] >> 28 | w[3] << 36) & MASK52;
  l[4] = w[3] >> 16;
}

INLINE s8 s8_spread(const u64 words[4]) {
  u64 l[5];
  s8 r;
  limbs_of_words(l, words);
  for (int j = 0; j < 5; j++) r.l[j] = lane_constant(l[j]);
  return r;
}

// Lane i from `words` + 4·lane·i, below `end`; zero beyond.
INLINE s8 s8_load(const u64 *words, size_t lane, const u64 *end) {
  static const u64 nothing[4] = {0};
  u64 l[8][5] __attribute__((aligned(64))), columns[5][8] __attribute__((aligned(64)));
  s8 r;
  for (size_t i = 0; i < 8; i++) {
    const u64 *at = words + 4 * lane * i;
    limbs_of_words(l[i], at < end ? at : nothing);
  }
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 5; j++) columns[j][i] = l[i][j];
  for (int j = 0; j < 5; j++) r.l[j] = _mm512_load_si512(columns[j]);
  return r;
}

// Writes a number below 2 as the one below 1.
INLINE void s8_store(const s8 *a, u64 *words, size_t lane) {
  v8 t[5];
  u64 columns[4][8] __attribute__((aligned(64)));
  for (int j = 0; j < 5; j++) t[j] = _mm512_sub_epi64(a->l[j], lane_constant(R52[j]));
  s8 reduced = s8_settle(t);
  __mmask8 negative = _mm512_movepi64_mask(reduced.l[4]);
  for (int j = 0; j < 5; j++) t[j] = _mm512_mask_mov_epi64(reduced.l[j], negative, a->l[j]);
  v8 w[4] = {
      _mm512_or_si512(t[0], _mm512_slli_epi64(t[1], 52)),
      _mm512_or_si512(_mm512_srli_epi64(t[1], 12), _mm512_slli_epi64(t[2], 40)),
      _mm512_or_si512(_mm512_srli_epi64(t[2], 24), _mm512_slli_epi64(t[3], 28)),
      _mm512_or_si512(_mm512_srli_epi64(t[3], 36), _mm512_slli_epi64(t[4], 16)),
  };
  for (int j = 0; j < 4; j++) _mm512_store_si512(columns[j], w[j]);
  for (size_t i = 0; i < 8; i++)
    for (size_t j = 0; j < 4; j++) words[4 * lane * i + j] = columns[j][i];
}

void dpc_ifma_transforms(const u64 *in, size_t count, size_t in_step, size_t in_lane, unsigned log, const u64 *twiddles,
                         const u64 *first, const u64 *steps, u64 *out, size_t out_step, size_t out_lane, void *work) {
  s8 *values = (s8 *)work;
  const size_t size = (size_t)1 << log;
  const u64 *end = in + 4 * count;
  for (size_t i = 0; i < size; i++) {
    size_t reversed = 0;
    for (unsigned bit = 0; bit < log; bit++) reversed |= (i >> bit & 1) << (log - 1 - bit);
    values[reversed] = s8_load(in + 4 * in_step * i, in_lane, end);
  }
  // From at most 1 each level adds at most 2: 33 after 16 levels.
  for (size_t half = 1; half < size; half *= 2) {
    for (size_t offset = 0; offset < half; offset++) {
      const s8 factor = s8_spread(twiddles + 4 * offset * (size / (2 * half)));
      for (size_t start = offset; start < size; start += 2 * half) butterfly(values + start, values + start + half, &factor);
    }
  }
  s8 run = s8_spread(first), step = s8_load(steps, 1, steps + 32);
  for (size_t i = 0; i < size; i++) {
    s8 product = s8_mul(values + i, &run);
    s8_store(&product, out + 4 * out_step * i, out_lane);
    run = s8_mul(&run, &step);
  }
}

#endif
