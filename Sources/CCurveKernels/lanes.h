// SPDX-License-Identifier: Apache-2.0

// Arithmetic modulo p in eight lanes: elements in eight limbs of 52 bits, Montgomery form a·2^416.
//
// Values are not canonical. Limbs are below 2^52, and a number k·p stays below 2^416 up to k = 2^35. A product of
// a·p and b·p is below (1 + a·b·2^-35)·p, so factors may be hundreds of p. Each function says what it needs and gives, in p.
#ifndef DRIFTPROOF_CURVE_LANES_H
#define DRIFTPROOF_CURVE_LANES_H

#include <immintrin.h>

#include "scalar.h"

#define MASK52 0xfffffffffffffULL
static const u64 P52[8] = {0xeffffffffaaabULL, 0xfeb153ffffb9fULL, 0x6b0f6241eabffULL, 0x12bf6730d2a0fULL,
    0x764774b84f385ULL, 0x1ba7b6434bacdULL, 0x1ea397fe69a4bULL, 0x000000001a011ULL};
static const u64 P52_16[8] = {0xffffffffaaab0ULL, 0xeb153ffffb9feULL, 0xb0f6241eabfffULL, 0x2bf6730d2a0f6ULL,
    0x64774b84f3851ULL, 0xba7b6434bacd7ULL, 0xea397fe69a4b1ULL, 0x00000001a0111ULL};
// 2^416 mod p, one; 2^416 and 2^352 mod p as words, which turn the Montgomery form of 64 bits into that
// of 52 and back.
static const u64 ONE52[8] = {0x6480ea8e9b9afULL, 0x65766c8fe444fULL, 0x8b540fea96f7dULL, 0x3b2ee82efd422ULL,
    0xa6723e5f0ade5ULL, 0xff6eb6fdd4230ULL, 0xe06ef23c24a25ULL, 0x0000000014c8eULL};
static const u64 TO_LANES[6] = {0x44f6480ea8e9b9afULL, 0xa96f7d65766c8fe4ULL, 0xe82efd4228b540feULL,
    0x6723e5f0ade53b2eULL, 0x25ff6eb6fdd4230aULL, 0x14c8ee06ef23c24aULL};
static const u64 FROM_LANES[6] = {0x0000000000000000ULL, 0x0000000000000000ULL, 0x0000000000000000ULL,
    0x0000000000000000ULL, 0x0000000000000000ULL, 0x0000000100000000ULL};
// Limbs of 4k·p for k = 0…7.
static const u64 P52_MULTIPLES[8][8] = {
    {0x0ULL, 0xbfffffffeaaacULL, 0x7fffffffd5558ULL, 0x3fffffffc0004ULL, 0xffffffffaaab0ULL, 0xbfffffff9555cULL,
    0x7fffffff80008ULL, 0x3fffffff6aab4ULL},
    {0x0ULL, 0xfac54ffffee7fULL, 0xf58a9ffffdcffULL, 0xf04feffffcb7fULL, 0xeb153ffffb9feULL, 0xe5da8ffffa87eULL,
    0xe09fdffff96feULL, 0xdb652ffff857eULL},
    {0x0ULL, 0xac3d8907aafffULL, 0x587b120f55fffULL, 0x4b89b1700fffULL, 0xb0f6241eabfffULL, 0x5d33ad2656fffULL,
    0x971362e01fffULL, 0xb5aebf35acfffULL},
    {0x0ULL, 0x4afd9cc34a83dULL, 0x95fb39869507bULL, 0xe0f8d649df8b9ULL, 0x2bf6730d2a0f6ULL, 0x76f40fd074934ULL,
    0xc1f1ac93bf172ULL, 0xcef4957099afULL},
    {0x0ULL, 0xd91dd2e13ce14ULL, 0xb23ba5c279c28ULL, 0x8b5978a3b6a3cULL, 0x64774b84f3851ULL, 0x3d951e6630665ULL,
    0x16b2f1476d479ULL, 0xefd0c428aa28eULL},
    {0x0ULL, 0x6e9ed90d2eb35ULL, 0xdd3db21a5d66bULL, 0x4bdc8b278c1a1ULL, 0xba7b6434bacd7ULL, 0x291a3d41e980dULL,
    0x97b9164f18343ULL, 0x657ef5c46e78ULL},
    {0x0ULL, 0x7a8e5ff9a692cULL, 0xf51cbff34d258ULL, 0x6fab1fecf3b85ULL, 0xea397fe69a4b1ULL, 0x64c7dfe040ddeULL,
    0xdf563fd9e770aULL, 0x59e49fd38e037ULL},
    {0x0ULL, 0x68044ULL, 0xd0088ULL, 0x1380cdULL, 0x1a0111ULL, 0x208156ULL, 0x27019aULL, 0x2d81dfULL},
};
// ⌊2^52 / (4·(P52[7] + 1))⌋.
#define QUOTIENT 0x2760c1f79ULL

typedef __m512i v8;
typedef struct {
  v8 l[8];
} f8;

INLINE v8 lane_constant(u64 word) { return _mm512_set1_epi64((long long)word); }

#define CARRY(x, y)                \
  c = _mm512_srli_epi64(x, 52);    \
  x = _mm512_and_si512(x, mask);   \
  y = _mm512_add_epi64(y, c)

#include "lanes_product.h"

// a + b.
INLINE void f8_add(f8 *r, const f8 *a, const f8 *b) {
  const v8 mask = lane_constant(MASK52);
  v8 t[8], c;
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) t[j] = _mm512_add_epi64(a->l[j], b->l[j]);
#pragma clang loop unroll(full)
  for (int j = 0; j < 7; j++) {
    CARRY(t[j], t[j + 1]);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) r->l[j] = t[j];
}

// a·k for a small k.
INLINE void f8_scale(f8 *r, const f8 *a, u64 k) {
  const v8 mask = lane_constant(MASK52), factor = lane_constant(k);
  v8 t[8], c;
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) t[j] = _mm512_mullo_epi64(a->l[j], factor);
#pragma clang loop unroll(full)
  for (int j = 0; j < 7; j++) {
    CARRY(t[j], t[j + 1]);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) r->l[j] = t[j];
}

// Signed carries: limbs in (-2^62, 2^62) whose number is not negative.
INLINE void f8_settle(f8 *r, v8 t[8]) {
  const v8 mask = lane_constant(MASK52);
#pragma clang loop unroll(full)
  for (int j = 0; j < 7; j++) {
    t[j + 1] = _mm512_add_epi64(t[j + 1], _mm512_srai_epi64(t[j], 52));
    t[j] = _mm512_and_si512(t[j], mask);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) r->l[j] = t[j];
}

// a - b + 16 for b ≤ 16.
INLINE void f8_sub(f8 *r, const f8 *a, const f8 *b) {
  v8 t[8];
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) t[j] = _mm512_sub_epi64(_mm512_add_epi64(a->l[j], lane_constant(P52_16[j])), b->l[j]);
  f8_settle(r, t);
}

// a - b - d + 16 for b + d ≤ 16.
INLINE void f8_sub2(f8 *r, const f8 *a, const f8 *b, const f8 *d) {
  v8 t[8];
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++)
    t[j] = _mm512_sub_epi64(
        _mm512_sub_epi64(_mm512_add_epi64(a->l[j], lane_constant(P52_16[j])), b->l[j]), d->l[j]);
  f8_settle(r, t);
}

// 16 - a for a ≤ 16, in the lanes of the mask; the others stay.
INLINE void f8_negate(f8 *a, __mmask8 lanes) {
  f8 zero, negative;
  for (int j = 0; j < 8; j++) zero.l[j] = _mm512_setzero_si512();
  f8_sub(&negative, &zero, a);
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) a->l[j] = _mm512_mask_mov_epi64(a->l[j], lanes, negative.l[j]);
}

// The same number below 4.1, for a ≤ 28: takes off 4p as often as the topmost limb t is a multiple of 4·(P52[7] + 1), which
// never is too often, as 4·(P52[7] + 1)·2^364 > 4p, and leaves below 4p + 28p/P52[7] + 2^364.
INLINE void f8_bound(f8 *r) {
  v8 t[8], q = _mm512_srli_epi64(_mm512_mullo_epi64(r->l[7], lane_constant(QUOTIENT)), 52);
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++)
    t[j] = _mm512_sub_epi64(r->l[j], _mm512_permutexvar_epi64(q, _mm512_loadu_si512(P52_MULTIPLES[j])));
  f8_settle(r, t);
}

// The lanes where a, below 2, is a multiple of p: 0 or p.
INLINE __mmask8 f8_zero_lanes(const f8 *a) {
  v8 zero = _mm512_setzero_si512(), modulus = _mm512_setzero_si512();
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) {
    zero = _mm512_or_si512(zero, a->l[j]);
    modulus = _mm512_or_si512(modulus, _mm512_xor_si512(a->l[j], lane_constant(P52[j])));
  }
  return _mm512_testn_epi64_mask(zero, zero) | _mm512_testn_epi64_mask(modulus, modulus);
}

INLINE void f8_blend(f8 *r, __mmask8 lanes, const f8 *a) {
#pragma clang loop unroll(full)
  for (int j = 0; j < 8; j++) r->l[j] = _mm512_mask_mov_epi64(r->l[j], lanes, a->l[j]);
}

INLINE f8 f8_one(void) {
  f8 one;
  for (int j = 0; j < 8; j++) one.l[j] = lane_constant(ONE52[j]);
  return one;
}

INLINE void transpose(v8 *r, const v8 *a) {
  v8 t0 = _mm512_unpacklo_epi64(a[0], a[1]), t1 = _mm512_unpackhi_epi64(a[0], a[1]);
  v8 t2 = _mm512_unpacklo_epi64(a[2], a[3]), t3 = _mm512_unpackhi_epi64(a[2], a[3]);
  v8 t4 = _mm512_unpacklo_epi64(a[4], a[5]), t5 = _mm512_unpackhi_epi64(a[4], a[5]);
  v8 t6 = _mm512_unpacklo_epi64(a[6], a[7]), t7 = _mm512_unpackhi_epi64(a[6], a[7]);
  v8 s0 = _mm512_shuffle_i64x2(t0, t2, 0x88), s1 = _mm512_shuffle_i64x2(t1, t3, 0x88);
  v8 s2 = _mm512_shuffle_i64x2(t0, t2, 0xdd), s3 = _mm512_shuffle_i64x2(t1, t3, 0xdd);
  v8 s4 = _mm512_shuffle_i64x2(t4, t6, 0x88), s5 = _mm512_shuffle_i64x2(t5, t7, 0x88);
  v8 s6 = _mm512_shuffle_i64x2(t4, t6, 0xdd), s7 = _mm512_shuffle_i64x2(t5, t7, 0xdd);
  r[0] = _mm512_shuffle_i64x2(s0, s4, 0x88), r[1] = _mm512_shuffle_i64x2(s1, s5, 0x88);
  r[2] = _mm512_shuffle_i64x2(s2, s6, 0x88), r[3] = _mm512_shuffle_i64x2(s3, s7, 0x88);
  r[4] = _mm512_shuffle_i64x2(s0, s4, 0xdd), r[5] = _mm512_shuffle_i64x2(s1, s5, 0xdd);
  r[6] = _mm512_shuffle_i64x2(s2, s6, 0xdd), r[7] = _mm512_shuffle_i64x2(s3, s7, 0xdd);
}

// Eight elements of eight aligned words each.
INLINE void f8_load(f8 *r, const u64 *const p[8]) {
  v8 t[8];
  for (int i = 0; i < 8; i++) t[i] = _mm512_load_si512(p[i]);
  transpose(r->l, t);
}
INLINE void f8_store(u64 *const p[8], const f8 *a) {
  v8 t[8];
  transpose(t, a->l);
  for (int i = 0; i < 8; i++) _mm512_store_si512(p[i], t[i]);
}

// One lane, made canonical.
static void lane_canonical(u64 out[8], const u64 value[8]) {
  u64 rest[8];
  memcpy(rest, value, 64);
  for (;;) {
    memcpy(out, rest, 64);
    i64 carry = 0;
    for (int j = 0; j < 8; j++) {
      i64 s = (i64)rest[j] - (i64)P52[j] + carry;
      carry = s >> 52;
      rest[j] = (u64)s & MASK52;
    }
    if (carry < 0) return;
  }
}

static void lane_from_words(u64 out[8], const fp *a) {
  fp factor, t;
  memcpy(factor.l, TO_LANES, 48);
  fp_mul(&t, a, &factor);
  for (int j = 0; j < 8; j++) {
    int word = 52 * j / 64, shift = 52 * j % 64;
    u64 limb = t.l[word] >> shift;
    if (shift > 12 && word < 5) limb |= t.l[word + 1] << (64 - shift);
    out[j] = limb & MASK52;
  }
}

static void lane_to_words(fp *r, const u64 value[8]) {
  u64 c[8];
  lane_canonical(c, value);
  fp factor, t;
  for (int word = 0; word < 6; word++) {
    int limb = 64 * word / 52, shift = 64 * word % 52;
    u64 bits = c[limb] >> shift | c[limb + 1] << (52 - shift);
    if (104 - shift < 64) bits |= c[limb + 2] << (104 - shift);
    t.l[word] = bits;
  }
  memcpy(factor.l, FROM_LANES, 48);
  fp_mul(r, &t, &factor);
}

#endif
