// SPDX-License-Identifier: Apache-2.0

// Arithmetic modulo p in six words of 64 bits, Montgomery form a·2^384 mod p, always below p.
#ifndef DRIFTPROOF_CURVE_SCALAR_H
#define DRIFTPROOF_CURVE_SCALAR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;
typedef int64_t i64;
typedef unsigned __int128 u128;
typedef __int128 i128;

#define INLINE static inline __attribute__((always_inline))

static const u64 P[6] = {0xb9feffffffffaaabULL, 0x1eabfffeb153ffffULL, 0x6730d2a0f6b0f624ULL, 0x64774b84f38512bfULL,
    0x4b1ba7b6434bacd7ULL, 0x1a0111ea397fe69aULL};
// P[0]·n = -1 (mod 2^64).
#define P_NEGATED_INVERSE 0x89f3fffcfffcfffdULL
// 2^384, 2^1152 mod p: one, and what makes the Montgomery form of an inverse.
static const u64 ONE[6] = {0x760900000002fffdULL, 0xebf4000bc40c0002ULL, 0x5f48985753c758baULL, 0x77ce585370525745ULL,
    0x5c071a97a256ec6dULL, 0x15f65ec3fa80e493ULL};
static const u64 RADIX_CUBED[6] = {0xed48ac6bd94ca1e0ULL, 0x315f831e03a7adf8ULL, 0x9a53352a615e29ddULL,
    0x34c04e5e921e1761ULL, 0x2512d43565724728ULL, 0x0aa6346091755d4dULL};

typedef struct {
  u64 l[6];
} fp;

INLINE int fp_is_zero(const fp *a) { return (a->l[0] | a->l[1] | a->l[2] | a->l[3] | a->l[4] | a->l[5]) == 0; }

// Subtracts p from a number below 2p unless it is below p.
INLINE void fp_reduce(fp *r, const u64 t[6]) {
  u64 d[6], borrow = 0;
  for (int i = 0; i < 6; i++) {
    u128 z = (u128)t[i] - P[i] - borrow;
    d[i] = (u64)z;
    borrow = (u64)(z >> 64) & 1;
  }
  u64 mask = 0 - borrow;
  for (int i = 0; i < 6; i++) r->l[i] = (t[i] & mask) | (d[i] & ~mask);
}

INLINE void fp_mul(fp *r, const fp *a, const fp *b) {
  u64 t[6] = {0};
#pragma clang loop unroll(full)
  for (int i = 0; i < 6; i++) {
    // t = (t + a·b[i] + m·p) / 2^64, below 2p.
    u128 z = (u128)a->l[0] * b->l[i] + t[0];
    u64 carry = (u64)(z >> 64), m = (u64)z * P_NEGATED_INVERSE;
    u64 fold = (u64)(((u128)m * P[0] + (u64)z) >> 64);
#pragma clang loop unroll(full)
    for (int j = 1; j < 6; j++) {
      z = (u128)a->l[j] * b->l[i] + t[j] + carry;
      carry = (u64)(z >> 64);
      u128 y = (u128)m * P[j] + (u64)z + fold;
      fold = (u64)(y >> 64);
      t[j - 1] = (u64)y;
    }
    t[5] = carry + fold;
  }
  fp_reduce(r, t);
}

INLINE void fp_add(fp *r, const fp *a, const fp *b) {
  u64 t[6], carry = 0;
  for (int i = 0; i < 6; i++) {
    u128 z = (u128)a->l[i] + b->l[i] + carry;
    t[i] = (u64)z;
    carry = (u64)(z >> 64);
  }
  fp_reduce(r, t);
}

INLINE void fp_sub(fp *r, const fp *a, const fp *b) {
  u64 t[6], borrow = 0, carry = 0;
  for (int i = 0; i < 6; i++) {
    u128 z = (u128)a->l[i] - b->l[i] - borrow;
    t[i] = (u64)z;
    borrow = (u64)(z >> 64) & 1;
  }
  u64 mask = 0 - borrow;
  for (int i = 0; i < 6; i++) {
    u128 z = (u128)t[i] + (P[i] & mask) + carry;
    r->l[i] = (u64)z;
    carry = (u64)(z >> 64);
  }
}

// Inversion by the binary algorithm of Pornin (eprint 2020/972): 31 steps at a time on approximations of 64 bits, whose four
// factors are then applied to the full numbers. 25·31 = 775 steps suffice for 2·381 - 1.

// out = |a·f + b·g| / 2^31, which divides; returns whether the number is negative.
static int gcd_apply(u64 out[6], const u64 a[6], i64 f, const u64 b[6], i64 g) {
  u64 t[7];
  i128 sum = 0;
  for (int i = 0; i < 6; i++) {
    sum += (i128)a[i] * f;
    sum += (i128)b[i] * g;
    t[i] = (u64)sum;
    sum >>= 64;
  }
  t[6] = (u64)sum;
  u64 negative = t[6] >> 63, mask = 0 - negative, carry = negative;
  for (int i = 0; i < 7; i++) {
    u128 z = (u128)(t[i] ^ mask) + carry;
    t[i] = (u64)z;
    carry = (u64)(z >> 64);
  }
  for (int i = 0; i < 6; i++) out[i] = t[i] >> 31 | t[i + 1] << 33;
  return (int)negative;
}

// out = (a·f + b·g) / 2^31 mod p. |f| + |g| ≤ 2^31, so with m < 2^31 the sum a·f + b·g + m·p is in (-2^31·p, 2^32·p).
static void gcd_apply_modulo(fp *out, const fp *a, i64 f, const fp *b, i64 g) {
  u64 t[7], q[6];
  u64 m = (a->l[0] * (u64)f + b->l[0] * (u64)g) * P_NEGATED_INVERSE & 0x7fffffff;
  i128 sum = 0;
  for (int i = 0; i < 6; i++) {
    sum += (i128)a->l[i] * f;
    sum += (i128)b->l[i] * g;
    sum += (i128)((u128)P[i] * m);
    t[i] = (u64)sum;
    sum >>= 64;
  }
  t[6] = (u64)sum;
  u64 mask = 0 - (t[6] >> 63), carry = 0;
  for (int i = 0; i < 6; i++) {
    u128 z = (u128)(t[i] >> 31 | t[i + 1] << 33) + (P[i] & mask) + carry;
    q[i] = (u64)z;
    carry = (u64)(z >> 64);
  }
  fp_reduce(out, q);
}

static void fp_inverse(fp *r, const fp *value) {
  u64 a[6], b[6];
  memcpy(a, value->l, 48);
  memcpy(b, P, 48);
  fp u = {{1, 0, 0, 0, 0, 0}}, v = {{0, 0, 0, 0, 0, 0}};
  for (int round = 0; round < 25; round++) {
    // The lowest 31 bits of both numbers and the 33 bits from the top of the longer one.
    int top = 5;
    while (top > 0 && (a[top] | b[top]) == 0) top--;
    u64 xa = a[0], xb = b[0];
    if (top > 0) {
      int shift = __builtin_clzll(a[top] | b[top]);
      u64 ha = shift ? a[top] << shift | a[top - 1] >> (64 - shift) : a[top];
      u64 hb = shift ? b[top] << shift | b[top - 1] >> (64 - shift) : b[top];
      xa = (xa & 0x7fffffff) | (ha >> 31 << 31);
      xb = (xb & 0x7fffffff) | (hb >> 31 << 31);
    }
    u64 f0 = 1, g0 = 0, f1 = 0, g1 = 1;
    for (int step = 0; step < 31; step++) {
      u64 odd = 0 - (xa & 1), swap = odd & (0 - (u64)(xa < xb)), s;
      s = (xa ^ xb) & swap, xa ^= s, xb ^= s;
      s = (f0 ^ f1) & swap, f0 ^= s, f1 ^= s;
      s = (g0 ^ g1) & swap, g0 ^= s, g1 ^= s;
      xa -= xb & odd, f0 -= f1 & odd, g0 -= g1 & odd;
      xa >>= 1, f1 <<= 1, g1 <<= 1;
    }
    u64 na[6], nb[6];
    if (gcd_apply(na, a, (i64)f0, b, (i64)g0)) f0 = 0 - f0, g0 = 0 - g0;
    if (gcd_apply(nb, a, (i64)f1, b, (i64)g1)) f1 = 0 - f1, g1 = 0 - g1;
    fp nu, nv;
    gcd_apply_modulo(&nu, &u, (i64)f0, &v, (i64)g0);
    gcd_apply_modulo(&nv, &u, (i64)f1, &v, (i64)g1);
    memcpy(a, na, 48);
    memcpy(b, nb, 48);
    u = nu, v = nv;
  }
  // v is the inverse of a·2^384; times 2^1152/2^384 it is a^-1·2^384.
  fp cube;
  memcpy(cube.l, RADIX_CUBED, 48);
  fp_mul(r, &v, &cube);
}

// -x; the root β of β² + β + 1 with which (β·X, Y) is -x² times a point of the group; (p + 1)/4.
#define PARAMETER 0xd201000000010000ULL
static const u64 BETA[6] = {0x30f1361b798a64e8ULL, 0xf3b8ddab7ece5a2aULL, 0x16a8ca3ac61577f7ULL,
    0xc26a2ff874fd029bULL, 0x3636b76660701c6eULL, 0x051ba4ab241b6160ULL};
static const u64 ROOT_EXPONENT[6] = {0xee7fbfffffffeaabULL, 0x07aaffffac54ffffULL, 0xd9cc34a83dac3d89ULL,
    0xd91dd2e13ce144afULL, 0x92c6e9ed90d2eb35ULL, 0x0680447a8e5ff9a6ULL};
enum { ROOT_EXPONENT_BITS = 379 };

INLINE int root_exponent_bit(int bit) { return (int)(ROOT_EXPONENT[bit / 64] >> (bit % 64) & 1); }

#endif
