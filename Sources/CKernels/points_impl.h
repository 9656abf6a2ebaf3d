// SPDX-License-Identifier: Apache-2.0

// One polynomial at many points, compiled once per instruction set; V and NAME come from the including file.
//
// A group is DP_POINTS_GROUP neighbouring places of every digit u of the exponent, 16 entries a vector. A vector of
// entries becomes two of values: those at even places, then those at odd ones.

enum { POINTS_TERMS = DP_POINTS_GROUP / 8 };

// 2^61 + 2^29 + 2^32 (2^61 - 2^30) = 2^29 p: added to a pair of limb sums below 2^60 in magnitude, it leaves the element
// as it is and both sums in 0 ..< 2^62.
#define POINTS_BIAS0 (((u64)1 << 61) + ((u64)1 << 29))
#define POINTS_BIAS1 (((u64)1 << 61) - ((u64)1 << 30))

/// The two products of an entry and a weight's limbs, for 16 entries.
DP_INLINE void points_step(V sums[2][2], V even, V odd, const int32_t *weight) {
  for (int k = 0; k < 2; k++) {
    V w = v_set1_low((uint32_t)weight[k]);
    sums[0][k] = v_wadd(sums[0][k], v_mul_i32(even, w));
    sums[1][k] = v_wadd(sums[1][k], v_mul_i32(odd, w));
  }
}

void NAME(points_expand)(const int32_t *entries, size_t stride, size_t digits, const int32_t *weights, size_t pairs,
                         u64 *out) {
  for (size_t x = 0; x < DP_POINTS_GROUP; x += 16)
    for (size_t pair = 0; pair < pairs; pair++) {
      V sums[2][2][2];  // of even and odd digits u
      for (int k = 0; k < 2; k++) {
        sums[0][k][0] = v_set1(POINTS_BIAS0);
        sums[0][k][1] = v_set1(POINTS_BIAS1);
        sums[1][k][0] = sums[1][k][1] = v_set1(0);
      }
      const int32_t *w = weights + 2 * digits * pair;
      for (size_t u = 0; u < digits; u += 2)
        for (size_t k = 0; k < 2; k++) {
          V even = v_load_i32(entries + stride * (u + k) + x);
          points_step(sums[k], even, v_high(even), w + 2 * (u + k));
        }
      u64 *plus = out + 2 * DP_POINTS_STRIDE * pair + x, *minus = plus + DP_POINTS_STRIDE;
      for (int k = 0; k < 2; k++) {
        V a0 = sums[0][k][0], a1 = sums[0][k][1], b0 = sums[1][k][0], b1 = sums[1][k][1];
        v_store(plus + 8 * k, v_join32(v_wadd(a0, b0), v_wadd(a1, b1)));
        v_store(minus + 8 * k, v_join32(v_wsub(a0, b0), v_wsub(a1, b1)));
      }
    }
}

/// A representative of sum_k (low_k + 2^32 high_k) 2^(22 k), for k < 3 and sums below 2^59.
DP_INLINE V points_join(const V low[3], const V high[3]) {
  // Digits of 32 bits, not carried: 2^22 (a + 2^10 b) = (2^22 a) + 2^32 b with a below 2^10, and so on.
  V d0 = v_wadd(low[0], v_shr(v_shl(low[1], 54), 32));
  V d1 = v_wadd(v_wadd(high[0], v_shr(low[1], 10)),
                v_wadd(v_shr(v_shl(high[1], 54), 32), v_shr(v_shl(low[2], 44), 32)));
  V d2 = v_wadd(v_wadd(v_shr(high[1], 10), v_shr(low[2], 20)), v_shr(v_shl(high[2], 44), 32));
  V d3 = v_shr(high[2], 20);
  // 2^64 = 2^32 - 1 and 2^96 = -1; no digit reaches 2^60.
  d0 = v_wsub(v_wadd(d0, v_set1(POINTS_BIAS0)), v_wadd(d2, d3));
  return v_join32(d0, v_wadd(v_wadd(d1, d2), v_set1(POINTS_BIAS1)));
}

DP_INLINE void points_multiply(V low[3], V high[3], const u64 *values, const uint32_t *limbs) {
  V x = v_load(values), y = v_high(x);
  for (int k = 0; k < 3; k++) {
    V limb = v_set1_low(limbs[k]);
    low[k] = v_wadd(low[k], v_mul_u32(x, limb));
    high[k] = v_wadd(high[k], v_mul_u32(y, limb));
  }
}

void NAME(points_collect)(const u64 *values, const uint32_t *slots, const uint32_t *limbs, size_t count, u64 *sums) {
  for (size_t j = 0; j < count; j++) {
    const u64 *a = values + DP_POINTS_STRIDE * (size_t)slots[j];
    const uint32_t *w = limbs + 3 * (POINTS_TERMS + 1) * j;
    V low[3], high[3];
    for (int k = 0; k < 3; k++) low[k] = high[k] = v_set1(0);
    for (size_t term = 0; term < POINTS_TERMS; term++) points_multiply(low, high, a + 8 * term, w + 3 * term);
    points_multiply(low, high, sums + 8 * j, w + 3 * POINTS_TERMS);
    v_store(sums + 8 * j, points_join(low, high));
  }
}

void NAME(points_horner)(const u64 *points, size_t count, const u64 *coefficients, size_t length, u64 *out) {
  for (size_t j = 0; j < count; j += 8) {
    V x = v_load(points + j), sum = v_set1(0);
    for (size_t i = length; i-- > 0;) sum = v_add(v_mont(sum, x), v_set1(coefficients[i]));
    v_store(out + j, sum);
  }
}
