// SPDX-License-Identifier: Apache-2.0

// Square roots and the check of the order in lanes.
#ifndef DRIFTPROOF_CURVE_DECODE_LANES_H
#define DRIFTPROOF_CURVE_DECODE_LANES_H

// The lanes where a - b is a multiple of p, for b ≤ 16.
static __mmask8 equal_lanes(const f8 *a, const f8 *b) {
  f8 difference;
  const f8 one = f8_one();
  f8_sub(&difference, a, b);
  f8_mul(&difference, &difference, &one);
  return f8_zero_lanes(&difference);
}

// Sixteen elements of six words each in two registers of lanes; the last is repeated where there are fewer.
static void load_words(f8 r[2], const u64 *words, size_t step, size_t count) {
  u64 buffer[64] __attribute__((aligned(64)));
  u64 *rows[8];
  for (int i = 0; i < 8; i++) rows[i] = buffer + 8 * i;
  for (size_t half = 0; half < 2; half++) {
    for (size_t i = 0; i < 8; i++) {
      size_t index = 8 * half + i < count ? 8 * half + i : count - 1;
      fp value;
      memcpy(value.l, words + step * index, 48);
      lane_from_words(rows[i], &value);
    }
    f8_load(r + half, (const u64 *const *)rows);
  }
}

// The first `count` lanes, of six words each, `step` words apart.
static void store_lanes(const f8 *a, u64 *words, size_t step, size_t count) {
  u64 buffer[64] __attribute__((aligned(64)));
  u64 *rows[8];
  for (int i = 0; i < 8; i++) rows[i] = buffer + 8 * i;
  f8_store(rows, a);
  for (size_t i = 0; i < count; i++) {
    fp x;
    lane_to_words(&x, rows[i]);
    memcpy(words + step * i, x.l, 48);
  }
}

// a^((p + 1)/4), a square root where there is one, by windows of at most five bits that begin and end with a one.
static void roots(f8 r[2], const f8 a[2]) {
  f8 table[16][2], square[2];
  f8_mul2(square, a, a, square + 1, a + 1, a + 1);
  table[0][0] = a[0], table[0][1] = a[1];
  for (int k = 1; k < 16; k++) f8_mul2(table[k], table[k - 1], square, table[k] + 1, table[k - 1] + 1, square + 1);
  int bit = ROOT_EXPONENT_BITS - 1, started = 0;
  while (bit >= 0) {
    if (!root_exponent_bit(bit)) {
      f8_mul2(r, r, r, r + 1, r + 1, r + 1);
      bit--;
      continue;
    }
    int low = bit < 4 ? 0 : bit - 4, digit = 0;
    while (!root_exponent_bit(low)) low++;
    for (int k = bit; k >= low; k--) {
      digit = 2 * digit + root_exponent_bit(k);
      if (started) f8_mul2(r, r, r, r + 1, r + 1, r + 1);
    }
    const f8 *power = table[digit >> 1];
    if (started) f8_mul2(r, r, power, r + 1, r + 1, power + 1);
    else r[0] = power[0], r[1] = power[1];
    started = 1;
    bit = low - 1;
  }
}

void dpc_ifma_lift(const u64 *x, size_t count, u64 *y, uint8_t *found) {
  const f8 one = f8_one();
  for (size_t start = 0; start < count; start += 16) {
    size_t rest = count - start < 16 ? count - start : 16;
    f8 value[2], cube[2], root[2];
    load_words(value, x + 6 * start, 6, rest);
    f8_mul2(cube, value, value, cube + 1, value + 1, value + 1);
    f8_mul2(cube, cube, value, cube + 1, cube + 1, value + 1);
    f8 four;
    f8_scale(&four, &one, 4);
    f8_add(cube, cube, &four);
    f8_add(cube + 1, cube + 1, &four);
    roots(root, cube);
    f8_mul2(value, root, root, value + 1, root + 1, root + 1);
    for (size_t half = 0; half < 2 && 8 * half < rest; half++) {
      size_t here = rest - 8 * half < 8 ? rest - 8 * half : 8;
      unsigned lanes = equal_lanes(value + half, cube + half);
      store_lanes(root + half, y + 6 * (start + 8 * half), 6, here);
      for (size_t i = 0; i < here; i++) found[start + 8 * half + i] = lanes >> i & 1;
    }
  }
}

// -x times a point.
static void times_parameter8(projective8 *r, const projective8 *a) {
  projective8 result = *a;
  for (int bit = 62; bit >= 0; bit--) {
    double8(&result, &result);
    if (PARAMETER >> bit & 1) add8(&result, &result, a);
  }
  *r = result;
}

void dpc_ifma_in_group(const u64 *points, size_t count, uint8_t *inside) {
  f8 beta, x[2], y[2];
  fp b;
  u64 limbs[8];
  memcpy(b.l, BETA, 48);
  lane_from_words(limbs, &b);
  for (int j = 0; j < 8; j++) beta.l[j] = lane_constant(limbs[j]);
  for (size_t start = 0; start < count; start += 16) {
    size_t rest = count - start < 16 ? count - start : 16;
    load_words(x, points + 12 * start, 12, rest);
    load_words(y, points + 12 * start + 6, 12, rest);
    for (size_t half = 0; half < 2 && 8 * half < rest; half++) {
      projective8 point = {x[half], y[half], f8_one()}, multiple;
      times_parameter8(&multiple, &point);
      times_parameter8(&multiple, &multiple);
      // (βx : y : 1) = (X : -Y : Z). Infinity has Z = 0 and Y ≠ 0, so it fails the second.
      f8 image, t, u;
      f8_mul(&image, &point.x, &beta);
      f8_mul2(&t, &image, &multiple.z, &u, &point.y, &multiple.z);
      f8_add(&u, &u, &multiple.y);
      const f8 one = f8_one();
      f8_mul(&u, &u, &one);
      f8_bound(&multiple.x);  // 17.1, and 16 is what may be taken off
      unsigned lanes = equal_lanes(&t, &multiple.x) & f8_zero_lanes(&u);
      for (size_t i = 0; 8 * half + i < rest && i < 8; i++) inside[start + 8 * half + i] = lanes >> i & 1;
    }
  }
}

#endif
