// SPDX-License-Identifier: Apache-2.0

// Sums over tables of elements of K, compiled once per instruction set; V and NAME come from the including file.
//
// A product of two variables is one by 2^64 too small (Montgomery): of several factors all but one are in Montgomery form.

typedef struct {
  V c[3];
} K;

DP_INLINE K k_zero(void) { return (K){{v_set1(0), v_set1(0), v_set1(0)}}; }
DP_INLINE K k_add(K a, K b) { return (K){{v_add(a.c[0], b.c[0]), v_add(a.c[1], b.c[1]), v_add(a.c[2], b.c[2])}}; }
DP_INLINE K k_sub(K a, K b) { return (K){{v_sub(a.c[0], b.c[0]), v_sub(a.c[1], b.c[1]), v_sub(a.c[2], b.c[2])}}; }
DP_INLINE K k_scaled(K a, V w) { return (K){{v_mont(a.c[0], w), v_mont(a.c[1], w), v_mont(a.c[2], w)}}; }
DP_INLINE V v_seven(V x) {
  V two = v_add(x, x);
  return v_add(v_add(two, two), v_add(two, x));
}

/// Karatsuba over three terms, X^3 = 7.
DP_INLINE K k_mont(K a, K b) {
  V p0 = v_mont(a.c[0], b.c[0]), p1 = v_mont(a.c[1], b.c[1]), p2 = v_mont(a.c[2], b.c[2]);
  V s01 = v_mont(v_add(a.c[0], a.c[1]), v_add(b.c[0], b.c[1]));
  V s02 = v_mont(v_add(a.c[0], a.c[2]), v_add(b.c[0], b.c[2]));
  V s12 = v_mont(v_add(a.c[1], a.c[2]), v_add(b.c[1], b.c[2]));
  s01 = v_sub(v_sub(s01, p0), p1);
  s02 = v_sub(v_sub(s02, p0), p2);
  s12 = v_sub(v_sub(s12, p1), p2);
  return (K){{v_add(p0, v_seven(s12)), v_add(s01, v_seven(p2)), v_add(s02, p1)}};
}

/// The first `have` of 8 elements at p, then zeros.
DP_INLINE K k_load(const u64 *p, size_t have) {
  u64 padded[24];
  if (have < 8) {
    memset(padded, 0, sizeof padded);
    memcpy(padded, p, have * 24);
    p = padded;
  }
  K x;
  v_load3(p, x.c);
  return x;
}
/// The first `have` of 8 pairs of elements at p: the elements at even and at odd places.
DP_INLINE void k_load_pairs(const u64 *p, size_t have, K *even, K *odd) {
  u64 padded[48];
  if (have < 8) {
    memset(padded, 0, sizeof padded);
    memcpy(padded, p, have * 48);
    p = padded;
  }
  v_load3(p, even->c);
  v_load3(p + 24, odd->c);
  for (int c = 0; c < 3; c++) v_unzip(&even->c[c], &odd->c[c]);
}
/// The sum over the lanes.
DP_INLINE void k_sum(u64 *out, K x) {
  for (int c = 0; c < 3; c++) {
    u64 lanes[8], sum = 0;
    v_store(lanes, x.c[c]);
    for (int k = 0; k < 8; k++) sum = gl_add(sum, lanes[k]);
    out[c] = sum;
  }
}

void NAME(quartic)(const u64 *values, const u64 *rest, const u64 *linear, size_t count, u64 *out) {
  // 2^64 and 2^128, and 6, 11, in Montgomery form: 2^64 = 2^32 - 1.
  const V square = v_set1(0xFFFFFFFE00000001ull), six = v_set1(6 * DP_EPS), eleven = v_set1(11 * DP_EPS);
  const V two = v_set1(2 * DP_EPS);
  K sums[6];
  for (int k = 0; k < 6; k++) sums[k] = k_zero();
  for (size_t i = 0; i < count; i += 8) {
    const size_t have = count - i < 8 ? count - i : 8;
    K a, b, w0, w1, w = k_load(rest + 3 * i, have);
    k_load_pairs(values + 6 * i, have, &a, &b);
    k_load_pairs(linear + 6 * i, have, &w0, &w1);
    K delta = k_scaled(k_sub(b, a), square);
    a = k_scaled(a, square);
    sums[4] = k_add(sums[4], k_mont(w0, a));
    sums[5] = k_add(sums[5], k_mont(k_sub(w1, w0), delta));
    // V(a) = u (u + 2) with u = a^2 - 3 a; see QuarticSums.swift.
    K a2 = k_add(a, a), u = k_sub(k_mont(a, a), k_add(a2, a)), more = u;
    more.c[0] = v_add(more.c[0], two);
    sums[0] = k_add(sums[0], k_mont(w, k_mont(u, more)));
    K squared = k_mont(delta, delta), p = k_mont(w, squared);
    K u3 = k_add(k_add(u, u), u), factor = k_add(u3, u3);
    factor.c[0] = v_add(factor.c[0], eleven);
    sums[1] = k_add(sums[1], k_mont(p, factor));
    factor = k_add(a2, a2);
    factor.c[0] = v_sub(factor.c[0], six);
    sums[2] = k_add(sums[2], k_mont(k_mont(p, delta), factor));
    sums[3] = k_add(sums[3], k_mont(p, squared));
  }
  for (int k = 0; k < 6; k++) k_sum(out + 3 * k, sums[k]);
}

void NAME(dot)(const u64 *a, const u64 *b, size_t count, u64 *out) {
  K sum = k_zero();
  for (size_t i = 0; i < count; i += 8) {
    const size_t have = count - i < 8 ? count - i : 8;
    sum = k_add(sum, k_mont(k_load(a + 3 * i, have), k_load(b + 3 * i, have)));
  }
  k_sum(out, k_scaled(sum, v_set1(0xFFFFFFFE00000001ull)));
}

void NAME(dot_pairs)(const u64 *a, const u64 *b, size_t count, u64 *out) {
  const V square = v_set1(0xFFFFFFFE00000001ull);
  K one = k_zero(), two = k_zero();
  for (size_t i = 0; i < count; i += 8) {
    const size_t have = count - i < 8 ? count - i : 8;
    K a0, a1, b0, b1;
    k_load_pairs(a + 6 * i, have, &a0, &a1);
    k_load_pairs(b + 6 * i, have, &b0, &b1);
    one = k_add(one, k_mont(a1, b1));
    two = k_add(two, k_mont(k_sub(k_add(a1, a1), a0), k_sub(k_add(b1, b1), b0)));
  }
  k_sum(out, k_scaled(one, square));
  k_sum(out + 3, k_scaled(two, square));
}

/// Halves of the squares are summed apart: fewer than 2^32 of them fit 64 bits.
void NAME(squares)(const int32_t *e, size_t count, u64 *out) {
  u64 low = 0, high = 0;
  for (size_t x = 0; x < count; x++) {
    u64 square = (u64)((int64_t)e[x] * e[x]);
    low += square & DP_EPS;
    high += square >> 32;
  }
  out[0] = low;
  out[1] = high;
}
