// SPDX-License-Identifier: Apache-2.0

// Two products modulo p in eight lanes each, by instructions that are written out: compilers spill the accumulators, and one
// product alone waits for its own carries. Interleaved the two take what 2·264 multiply-adds take.
#ifndef DRIFTPROOF_CURVE_LANES_PRODUCT_H
#define DRIFTPROOF_CURVE_LANES_PRODUCT_H

// p's limbs, the mask of a limb and -1/p mod 2^52.
static const u64 PRODUCT_CONSTANTS[10] = {0xeffffffffaaabULL, 0xfeb153ffffb9fULL, 0x6b0f6241eabffULL,
    0x12bf6730d2a0fULL, 0x764774b84f385ULL, 0x1ba7b6434bacdULL, 0x1ea397fe69a4bULL, 0x000000001a011ULL,
    0xfffffffffffffULL, 0x3fffcfffcfffdULL};

#define Z(n) "%%zmm" #n
#define CLEAR(n) "vpxord " Z(n) ", " Z(n) ", " Z(n) "\n\t"
#define LOAD_LIMB(n, limb, base) "vmovdqa64 64*" #limb "(%[" #base "]), " Z(n) "\n\t"
#define STORE_LIMB(n, limb, base) "vmovdqa64 " Z(n) ", 64*" #limb "(%[" #base "])\n\t"
#define SPREAD(n, index) "vpbroadcastq 8*" #index "(%[p]), " Z(n) "\n\t"
// t += the low or high halves of x times a limb in memory, of x times a register, of x times a limb of p in memory.
#define LOW_M(t, x, limb, base) "vpmadd52luq 64*" #limb "(%[" #base "]), " Z(x) ", " Z(t) "\n\t"
#define HIGH_M(t, x, limb, base) "vpmadd52huq 64*" #limb "(%[" #base "]), " Z(x) ", " Z(t) "\n\t"
#define LOW_R(t, x, y) "vpmadd52luq " Z(y) ", " Z(x) ", " Z(t) "\n\t"
#define HIGH_R(t, x, y) "vpmadd52huq " Z(y) ", " Z(x) ", " Z(t) "\n\t"
#define LOW_P(t, x, limb) "vpmadd52luq 8*" #limb "(%[p])%{1to8%}, " Z(x) ", " Z(t) "\n\t"
#define HIGH_P(t, x, limb) "vpmadd52huq 8*" #limb "(%[p])%{1to8%}, " Z(x) ", " Z(t) "\n\t"
#define ADD_R(t, x) "vpaddq " Z(x) ", " Z(t) ", " Z(t) "\n\t"
#define OVERFLOW(c, t) "vpsrlq $52, " Z(t) ", " Z(c) "\n\t"
#define LOW_BITS(t) "vpandq " Z(24) ", " Z(t) ", " Z(t) "\n\t"

// One limb of both second factors: t += a·b[i], t += q·p with the q that clears t0, whose overflow goes to t1; u likewise.
// Registers: 18, 19 the limbs; 20, 21 q; 22, 23 overflows; 24 the mask; 25 -1/p; 26…31 p's first six limbs.
#define ROUND(i, t0, t1, t2, t3, t4, t5, t6, t7, t8, u0, u1, u2, u3, u4, u5, u6, u7, u8) \
  LOAD_LIMB(18, i, b) LOAD_LIMB(19, i, e) LOW_M(t0, 18, 0, a) LOW_M(u0, 19, 0, d) \
  CLEAR(20) CLEAR(21) CLEAR(t8) CLEAR(u8) \
  LOW_M(t1, 18, 1, a) LOW_M(u1, 19, 1, d) LOW_M(t2, 18, 2, a) LOW_M(u2, 19, 2, d) \
  LOW_M(t3, 18, 3, a) LOW_M(u3, 19, 3, d) LOW_R(20, t0, 25) LOW_R(21, u0, 25) \
  LOW_M(t4, 18, 4, a) LOW_M(u4, 19, 4, d) LOW_M(t5, 18, 5, a) LOW_M(u5, 19, 5, d) \
  LOW_M(t6, 18, 6, a) LOW_M(u6, 19, 6, d) LOW_M(t7, 18, 7, a) LOW_M(u7, 19, 7, d) \
  HIGH_M(t1, 18, 0, a) HIGH_M(u1, 19, 0, d) HIGH_M(t2, 18, 1, a) HIGH_M(u2, 19, 1, d) \
  HIGH_M(t3, 18, 2, a) HIGH_M(u3, 19, 2, d) HIGH_M(t4, 18, 3, a) HIGH_M(u4, 19, 3, d) \
  HIGH_M(t5, 18, 4, a) HIGH_M(u5, 19, 4, d) HIGH_M(t6, 18, 5, a) HIGH_M(u6, 19, 5, d) \
  HIGH_M(t7, 18, 6, a) HIGH_M(u7, 19, 6, d) HIGH_M(t8, 18, 7, a) HIGH_M(u8, 19, 7, d) \
  LOW_R(t0, 20, 26) LOW_R(u0, 21, 26) LOW_R(t1, 20, 27) LOW_R(u1, 21, 27) \
  LOW_R(t2, 20, 28) LOW_R(u2, 21, 28) LOW_R(t3, 20, 29) LOW_R(u3, 21, 29) \
  LOW_R(t4, 20, 30) LOW_R(u4, 21, 30) LOW_R(t5, 20, 31) LOW_R(u5, 21, 31) \
  LOW_P(t6, 20, 6) LOW_P(u6, 21, 6) LOW_P(t7, 20, 7) LOW_P(u7, 21, 7) \
  HIGH_R(t1, 20, 26) HIGH_R(u1, 21, 26) OVERFLOW(22, t0) OVERFLOW(23, u0) \
  HIGH_R(t2, 20, 27) HIGH_R(u2, 21, 27) ADD_R(t1, 22) ADD_R(u1, 23) \
  HIGH_R(t3, 20, 28) HIGH_R(u3, 21, 28) HIGH_R(t4, 20, 29) HIGH_R(u4, 21, 29) \
  HIGH_R(t5, 20, 30) HIGH_R(u5, 21, 30) HIGH_R(t6, 20, 31) HIGH_R(u6, 21, 31) \
  HIGH_P(t7, 20, 6) HIGH_P(u7, 21, 6) HIGH_P(t8, 20, 7) HIGH_P(u8, 21, 7)

#define SETTLE_LIMB(limb, t0, t1, u0, u1) \
  OVERFLOW(22, t0) OVERFLOW(23, u0) LOW_BITS(t0) LOW_BITS(u0) ADD_R(t1, 22) ADD_R(u1, 23) \
  STORE_LIMB(t0, limb, r) STORE_LIMB(u0, limb, s)

// r = a·b/2^416 and s = d·e/2^416, each in [0, 1 + ε). Every limb of a sum takes at most 32 numbers below 2^52 and a carry, so it
// stays below 2^58. Results may stand in the place of factors.
static __attribute__((noinline)) void f8_mul2(f8 *r, const f8 *a, const f8 *b, f8 *s, const f8 *d, const f8 *e) {
  __asm__ volatile(
      SPREAD(26, 0) SPREAD(27, 1) SPREAD(28, 2) SPREAD(29, 3) SPREAD(30, 4) SPREAD(31, 5) SPREAD(24, 8) SPREAD(25, 9)
      CLEAR(0) CLEAR(1) CLEAR(2) CLEAR(3) CLEAR(4) CLEAR(5) CLEAR(6) CLEAR(7)
      CLEAR(9) CLEAR(10) CLEAR(11) CLEAR(12) CLEAR(13) CLEAR(14) CLEAR(15) CLEAR(16)
      ROUND(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
      ROUND(1, 1, 2, 3, 4, 5, 6, 7, 8, 0, 10, 11, 12, 13, 14, 15, 16, 17, 9)
      ROUND(2, 2, 3, 4, 5, 6, 7, 8, 0, 1, 11, 12, 13, 14, 15, 16, 17, 9, 10)
      ROUND(3, 3, 4, 5, 6, 7, 8, 0, 1, 2, 12, 13, 14, 15, 16, 17, 9, 10, 11)
      ROUND(4, 4, 5, 6, 7, 8, 0, 1, 2, 3, 13, 14, 15, 16, 17, 9, 10, 11, 12)
      ROUND(5, 5, 6, 7, 8, 0, 1, 2, 3, 4, 14, 15, 16, 17, 9, 10, 11, 12, 13)
      ROUND(6, 6, 7, 8, 0, 1, 2, 3, 4, 5, 15, 16, 17, 9, 10, 11, 12, 13, 14)
      ROUND(7, 7, 8, 0, 1, 2, 3, 4, 5, 6, 16, 17, 9, 10, 11, 12, 13, 14, 15)
      SETTLE_LIMB(0, 8, 0, 17, 9) SETTLE_LIMB(1, 0, 1, 9, 10) SETTLE_LIMB(2, 1, 2, 10, 11) SETTLE_LIMB(3, 2, 3, 11, 12)
      SETTLE_LIMB(4, 3, 4, 12, 13) SETTLE_LIMB(5, 4, 5, 13, 14) SETTLE_LIMB(6, 5, 6, 14, 15)
      STORE_LIMB(6, 7, r) STORE_LIMB(15, 7, s)
      :
      : [r] "r"(r), [a] "r"(a), [b] "r"(b), [s] "r"(s), [d] "r"(d), [e] "r"(e), [p] "r"(PRODUCT_CONSTANTS)
      : "memory", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", "zmm11",
        "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22", "zmm23",
        "zmm24", "zmm25", "zmm26", "zmm27", "zmm28", "zmm29", "zmm30", "zmm31");
}

#undef Z
#undef CLEAR
#undef LOAD_LIMB
#undef STORE_LIMB
#undef SPREAD
#undef LOW_M
#undef HIGH_M
#undef LOW_R
#undef HIGH_R
#undef LOW_P
#undef HIGH_P
#undef ADD_R
#undef OVERFLOW
#undef LOW_BITS
#undef ROUND
#undef SETTLE_LIMB

// One product, for the few that stand alone.
INLINE void f8_mul(f8 *r, const f8 *a, const f8 *b) {
  f8 unused;
  f8_mul2(r, a, b, &unused, a, b);
}

#endif
